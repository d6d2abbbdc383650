//! A county with keys, a signed charter and founded nodes; three of them hold their share of so many
//! years, as the engine would have written it.

use std::fs;
use std::path::{Path, PathBuf};

use crdt_model::ids::NodeId;
use crdt_model::replica;
use crdt_model::store::{Batch, Store};
use node_demo::folder::CountyFolder;
use node_demo::options::CountyOptions;
use node_demo::progress::Silent;
use node_demo::setup::{self, REVIEWERS};
use node_machine::clock::Clock;
use node_machine::folder::NodeFolder;
use node_store::{SledStore, StoreOptions};
use policy::CharterFiles;

use crate::year::{Authors, Made};

/// Bytes of a store's cache while it is filled.
const FILLING_CACHE_BYTES: u64 = 1 << 30;
/// The same in the measurements of engines alone: what a county's node is set up with.
pub(crate) const CACHE_BYTES: u64 = 48 << 20;
/// Writes after which is synced.
const SYNC_EVERY: usize = 16;

/// A county's folder.
pub(crate) struct County {
    folder: CountyFolder,
    path: PathBuf,
}

pub(crate) fn county() -> NodeId {
    "620723000000".parse().expect("a code")
}

pub(crate) fn township() -> NodeId {
    "620723101000".parse().expect("a code")
}

pub(crate) fn village() -> NodeId {
    "620723101201".parse().expect("a code")
}

/// What the filling came to.
#[derive(Default)]
pub(crate) struct Filled {
    /// Facets at the county.
    pub(crate) facets: u64,
    /// Bytes of their commits.
    pub(crate) commit_bytes: u64,
    /// Facets at the township.
    pub(crate) township: u64,
    /// Facets at the village.
    pub(crate) village: u64,
}

impl County {
    /// Takes up the county in a folder, or makes one.
    pub(crate) fn at(path: &Path) -> Self {
        let options = CountyOptions::new(path, "");
        let folder = CountyFolder::open(path).expect("a folder");
        setup::set_up(&options, &folder, &Silent).expect("a county");
        Self {
            folder,
            path: path.to_owned(),
        }
    }

    /// The folder of a node.
    pub(crate) fn node(&self, node: NodeId) -> NodeFolder {
        self.folder.node(node)
    }

    /// Opens a node's store.
    pub(crate) fn store(&self, node: NodeId, cache_bytes: u64) -> SledStore {
        let options = StoreOptions::new(self.node(node).store(), cache_bytes);
        SledStore::open(&options).expect("a store")
    }

    /// The charter that came first.
    pub(crate) fn charter(&self) -> CharterFiles {
        CharterFiles::read(&self.folder.charter()).expect("a charter")
    }

    /// Who writes, and until now.
    pub(crate) fn authors(&self) -> Authors {
        let nodes = fs::read_dir(self.path.join("nodes")).expect("nodes");
        let codes = nodes.map(|node| node.expect("a node").file_name());
        let codes = codes.filter_map(|code| code.to_str()?.parse().ok());
        let mut villages: Vec<NodeId> = codes
            .filter(|code: &NodeId| code.parent().is_some_and(|above| above != county()))
            .collect();
        villages.sort();
        let key = |code: NodeId| (code, self.node(code).read_secret().expect("a key"));
        Authors {
            villages: villages.into_iter().map(key).collect(),
            until_ms: Clock::start().now().wall.ms,
        }
    }

    /// Fills the stores of the county, of one of its townships and of one of that one's villages.
    pub(crate) fn fill(&self, years: u64) -> Filled {
        let mut filled = Filled::default();
        let mut stores = [county(), township(), village()]
            .map(|node| (node, self.store(node, FILLING_CACHE_BYTES)));
        for (number, made) in self.authors().all(years).into_iter().enumerate() {
            for (node, store) in &mut stores {
                put(store, *node, &made);
                if number % SYNC_EVERY == 0 {
                    store.sync().expect("a disk");
                }
            }
            for (history, _) in &made {
                let home = history.facet().home;
                let bytes = history.commits().map(|(commit, _)| commit.encoded().len());
                filled.facets += 1;
                filled.commit_bytes += bytes.sum::<usize>() as u64;
                filled.township += u64::from(home.parent() == Some(township()));
                filled.village += u64::from(home == village());
            }
        }
        stores
            .iter_mut()
            .for_each(|(_, store)| store.sync().expect("a disk"));
        filled
    }

    /// The charter of the given number as the next version, with one more change and signed, in a
    /// folder of its own.
    pub(crate) fn next_charter(&self, after: u64, change: impl Fn(&Path)) -> CharterFiles {
        let previous = match after {
            1 => self.folder.charter(),
            _ => self.path.join(format!("charter-{after}")),
        };
        let next = self.path.join(format!("charter-{}", after + 1));
        // A run that was cut short may have left one.
        let _ = fs::remove_dir_all(&next);
        copy_folder(&previous, &next);
        let (was, is) = (
            format!("version = {after}"),
            format!("version = {}", after + 1),
        );
        edit(&next.join("charter.toml"), &was, &is);
        change(&next);
        policy::signing::sign::write_manifest(&next, Some(&previous)).expect("a manifest");
        for reviewer in &REVIEWERS[..2] {
            let key = self.folder.reviewers().join(reviewer);
            policy::signing::sign::sign(&next, &key, None, Some(&previous)).expect("signed");
        }
        CharterFiles::read(&next).expect("a charter")
    }
}

fn put(store: &mut SledStore, node: NodeId, made: &[Made]) {
    let mut batch = Batch::default();
    for (history, grade) in made {
        let home = history.facet().home;
        // What goes up to the county goes by its township, which holds it too.
        if node == county() || node == home || home.parent() == Some(node) {
            replica::put_commits(&mut batch, history, 0, *grade);
        }
    }
    store.write(&batch).expect("a store");
}

/// Who the parties of a dispute are goes no further up than the township.
pub(crate) fn close_parties(folder: &Path) {
    let flow = folder.join("rules/flow.cedar");
    let text = fs::read_to_string(&flow).expect("a file");
    let (before, rule) = text
        .rsplit_once("Facet::\"case.parties\",")
        .expect("the last rule with it");
    assert!(before.ends_with(' '), "it stands among others");
    fs::write(&flow, format!("{}{rule}", before.trim_end())).expect("a file");
    // The first version's own tests say otherwise.
    for checks in ["checks/cases.toml", "checks/invariants.toml"] {
        fs::write(folder.join(checks), "").expect("a file");
    }
}

fn edit(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).expect("a file");
    assert!(text.contains(from), "{} has no `{from}`", path.display());
    fs::write(path, text.replacen(from, to, 1)).expect("a file");
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy_folder(&entry.path(), &target),
            false => fs::copy(entry.path(), target).map(|_| ()).expect("a copy"),
        }
    }
}
