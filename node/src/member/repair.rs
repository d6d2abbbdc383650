//! A damaged store made whole: what is in one of its two copies is kept, what is missing is listed,
//! and the node begins a new life before it writes again.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crdt_model::code::RecordCode;
use crdt_model::engine::{Engine, Input};
use crdt_model::ids::NodeId;
use crdt_model::label::FacetId;
use crdt_model::replica::{self, FacetEntry, Key};
use crdt_model::store::{Batch, Store};
use serde::Serialize;

use super::founding::{EPOCH_MARK, NODE_MARK, random_bytes, store_problem};
use super::keeper::Keeper;
use crate::folder::NodeFolder;
use crate::readmodel;
use crate::settings::Settings;
use crate::store::{Accepted, Checked, Mended, OpenError, SledStore, StoreOptions};
use crate::text::Problem;

/// Entries that are read from the store at once.
const ENTRIES_AT_ONCE: usize = 1024;

/// What has become of a store.
#[derive(Debug)]
pub struct Repaired {
    /// Entries that it holds.
    pub entries: u64,
    /// What was wrong.
    pub problems: Vec<String>,
    /// Whether something of it may be lost.
    pub incomplete: bool,
    /// Where it lies as it was.
    pub set_aside: Option<PathBuf>,
    /// What is known to be missing.
    pub missing: Vec<Missing>,
    /// Whether the read model could be asked what the store held.
    pub compared: bool,
}

/// A facet of which commits are missing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Missing {
    /// The code of its record.
    pub code: String,
    /// The record's home.
    pub home: NodeId,
    /// The facet.
    pub facet: FacetId,
    /// Commits that are still there.
    pub held: u32,
    /// Commits that it had.
    pub had: u32,
}

fn options(folder: &NodeFolder, settings: &Settings) -> StoreOptions {
    StoreOptions {
        folder: folder.store(),
        cache_bytes: settings.cache_bytes(),
    }
}

/// Looks at the store of a node that does not run, reads all of it, and changes nothing.
pub fn check(folder: &NodeFolder, settings: &Settings) -> Result<Checked, Problem> {
    SledStore::check(&options(folder, settings)).map_err(|error| error.problem())
}

/// Makes a damaged store whole, as far as its copies go.
pub fn repair(folder: &NodeFolder, settings: &Settings) -> Result<Repaired, Problem> {
    match SledStore::open(&options(folder, settings)) {
        Ok(store) => {
            let entries = store.entry_count();
            let mended = store.mended().cloned().unwrap_or_default();
            drop(store);
            let Mended {
                problems,
                set_aside,
            } = mended;
            let whole = Repaired {
                entries,
                problems,
                incomplete: false,
                set_aside,
                missing: Vec::new(),
                compared: true,
            };
            match lacks_marks(folder, settings)? {
                true => take_what_is_left(folder, settings, "marks of the node are missing"),
                false => Ok(whole),
            }
        }
        Err(error @ OpenError::Damaged(_)) => {
            take_what_is_left(folder, settings, &error.to_string())
        }
        Err(error) => Err(error.problem()),
    }
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
fn lacks_marks(folder: &NodeFolder, settings: &Settings) -> Result<bool, Problem> {
    let store = SledStore::open(&options(folder, settings)).map_err(|error| error.problem())?;
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
        entries, set_aside, ..
    } = accepted;
    begin_anew(&mut store, settings.node())?;
    let known = readmodel::commits_known(&folder.read_model());
    let compared = known.is_some();
    let missing = missing(&store, known.unwrap_or_default())?;
    drop(store);
    mend(folder, settings, &missing)?;
    Ok(Repaired {
        entries,
        problems: vec![problem.to_owned()],
        incomplete: true,
        set_aside: set_aside.exists().then_some(set_aside),
        missing,
        compared,
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
    put(EPOCH_MARK, random_bytes()?.to_vec())?;
    store
        .write(&batch)
        .and_then(|()| store.sync())
        .map_err(|error| store_problem(&error))
}

/// The facets of which commits are missing, by what the store itself and the read model say that
/// they had.
fn missing(store: &SledStore, mut had: BTreeMap<FacetId, u32>) -> Result<Vec<Missing>, Problem> {
    let mut held: BTreeMap<FacetId, u32> = BTreeMap::new();
    let mut after: Option<Vec<u8>> = None;
    loop {
        let entries = store
            .scan(&[], after.as_deref(), ENTRIES_AT_ONCE)
            .map_err(|error| store_problem(&error))?;
        for (key, value) in &entries {
            match Key::decode(key) {
                Ok(Key::Facet(facet)) => {
                    let commits = FacetEntry::decode(value).map_or(0, |entry| entry.commits);
                    let most = had.entry(facet).or_default();
                    *most = (*most).max(commits);
                }
                // Commits count up to the first that is missing.
                Ok(Key::Commit(facet, position)) => {
                    let most = had.entry(facet).or_default();
                    *most = (*most).max(position + 1);
                    let count = held.entry(facet).or_default();
                    *count += u32::from(*count == position);
                }
                _ => {}
            }
        }
        if entries.len() < ENTRIES_AT_ONCE {
            break;
        }
        after = entries.last().map(|(key, _)| key.clone());
    }
    let missing = had.into_iter().map(|(facet, had)| Missing {
        code: RecordCode::of(facet.home, facet.record).to_string(),
        home: facet.home,
        held: held.get(&facet).copied().unwrap_or(0),
        facet,
        had,
    });
    Ok(missing.filter(|one| one.held < one.had).collect())
}

/// Has the engine keep what is whole of the facets that lack commits, and open once as it will when
/// it runs.
fn mend(folder: &NodeFolder, settings: &Settings, missing: &[Missing]) -> Result<(), Problem> {
    let mut keeper = Keeper::open(folder, settings.node(), settings.cache_bytes())?;
    for Missing { facet, .. } in missing {
        keeper.input(Input::Damaged { facet: *facet })?;
    }
    while keeper.make_durable()? {}
    Ok(())
}
