//! A damaged store made whole: what is in one of its two copies is kept, what is missing is listed,
//! and the node begins a new life before it writes again.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crdt_model::engine::{Engine, Input};
use crdt_model::ids::NodeId;
use crdt_model::label::FacetId;
use crdt_model::replica::{self};
use crdt_model::store::{Batch, Store};

use super::keeper::Keeper;
use super::marks::{EPOCH_MARK, NODE_MARK};
use super::missing::{Missing, Survey};
use super::problems::store_problem;
use crdt_model::text::Problem;
use node_machine::entropy::random_bytes;
use node_machine::folder::NodeFolder;
use node_machine::settings::Settings;
use node_store::{Accepted, Checked, Mended, OpenError, SledStore, StoreOptions};

/// What has become of a store.
#[derive(Debug)]
pub struct Repaired {
    /// Entries that it holds.
    pub entries: u64,
    /// What was wrong.
    pub problems: Vec<String>,
    /// Whether something of it may be lost.
    pub incomplete: bool,
    /// Writes that were durable and that came after all that is still there.
    pub writes_lost: u64,
    /// Where it lies as it was.
    pub set_aside: Option<PathBuf>,
    /// What is known to be missing.
    pub missing: Vec<Missing>,
    /// Whether the read model could be asked what the store held.
    pub compared: bool,
    /// What keeps the node from starting all the same.
    pub then: Option<Problem>,
}

fn options(folder: &NodeFolder, settings: &Settings) -> StoreOptions {
    StoreOptions::new(folder.store(), settings.cache_bytes())
}

/// Looks at the store of a node that does not run, reads all of it, and changes nothing.
pub fn check(folder: &NodeFolder, settings: &Settings) -> Result<Checked, Problem> {
    SledStore::check(&options(folder, settings)).map_err(|error| error.problem())
}

/// Makes a damaged store whole, as far as its copies go.
pub fn repair(folder: &NodeFolder, settings: &Settings) -> Result<Repaired, Problem> {
    let store = match SledStore::open(&options(folder, settings)) {
        Ok(store) => store,
        Err(error @ OpenError::Damaged(_)) => {
            return take_what_is_left(folder, settings, &error.to_string());
        }
        Err(error) => return Err(error.problem()),
    };
    let entries = store.entry_count();
    let Mended {
        problems,
        set_aside,
    } = store.mended().cloned().unwrap_or_default();
    if lacks_marks(&store)? {
        drop(store);
        return take_what_is_left(folder, settings, "marks of the node are missing");
    }
    // An earlier repair may not have been able to have the engine look at them.
    let Survey { missing, broken } = Survey::of(&store, BTreeMap::new())?;
    drop(store);
    let then = match broken.is_empty() {
        true => None,
        false => mend(folder, settings, &broken).err(),
    };
    Ok(Repaired {
        entries,
        problems,
        incomplete: !missing.is_empty(),
        writes_lost: 0,
        set_aside,
        missing,
        compared: true,
        then,
    })
}

/// Takes what is left of a store for the truth, although it is older than what was durable.
pub fn accept(folder: &NodeFolder, settings: &Settings) -> Result<Repaired, Problem> {
    match SledStore::open(&options(folder, settings)) {
        Ok(store) => {
            drop(store);
            repair(folder, settings)
        }
        Err(error @ (OpenError::Damaged(_) | OpenError::RolledBack(_))) => {
            take_what_is_left(folder, settings, &error.to_string())
        }
        Err(error) => Err(error.problem()),
    }
}

/// Whether a store that opens does not say whose it is, or in which epoch it writes.
fn lacks_marks(store: &SledStore) -> Result<bool, Problem> {
    for name in [NODE_MARK, EPOCH_MARK] {
        let found = store.get(&replica::mark_key(name));
        if found.map_err(|error| store_problem(&error))?.is_none() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn take_what_is_left(
    folder: &NodeFolder,
    settings: &Settings,
    problem: &str,
) -> Result<Repaired, Problem> {
    let accepted = SledStore::accept_rollback(&options(folder, settings));
    let (mut store, accepted) = accepted.map_err(|error| error.problem())?;
    let Accepted {
        entries,
        writes_lost,
        set_aside,
        ..
    } = accepted;
    begin_anew(&mut store, settings.node())?;
    let known = node_readmodel::commits_known(&folder.read_model());
    let compared = known.is_some();
    let Survey { missing, broken } = Survey::of(&store, known.unwrap_or_default())?;
    drop(store);
    // What was kept and what is missing is said whatever comes of it.
    let then = mend(folder, settings, &broken).err();
    Ok(Repaired {
        entries,
        problems: vec![problem.to_owned()],
        incomplete: true,
        writes_lost,
        set_aside: set_aside.exists().then_some(set_aside),
        missing,
        compared,
        then,
    })
}

/// The node may have signed what is lost, and others may hold it: it numbers its commits in a new
/// life from now on.
fn begin_anew(store: &mut SledStore, node: NodeId) -> Result<(), Problem> {
    let mut batch = Batch::default();
    Engine::lives_are_due(&mut batch);
    let mut put = |name: &str, value: Vec<u8>| -> Result<(), Problem> {
        let key = replica::mark_key(name);
        let found = store.get(&key).map_err(|error| store_problem(&error))?;
        if found.is_none() {
            batch.put(key, value);
        }
        Ok(())
    };
    put(NODE_MARK, node.to_string().into_bytes())?;
    put(EPOCH_MARK, random_bytes::<8>()?.to_vec())?;
    store
        .write(&batch)
        .and_then(|()| store.sync())
        .map_err(|error| store_problem(&error))
}

/// Has the engine keep what is whole of facets that do not fit, and open once as it will when it runs.
fn mend(folder: &NodeFolder, settings: &Settings, broken: &[FacetId]) -> Result<(), Problem> {
    let mut keeper = Keeper::open(folder, settings)?;
    for facet in broken {
        keeper.input(Input::Damaged { facet: *facet })?;
    }
    while keeper.make_durable()? {}
    Ok(())
}
