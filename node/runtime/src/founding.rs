//! Making a node: its store, its first author epoch, and the charter it trusts first.

use crdt_model::ids::{CharterDigest, CharterVersion};
use crdt_model::replica;
use crdt_model::store::{Batch, Store};
use policy::CharterFiles;
use policy::signing::adopt::{self, AdoptedCharter};
use policy::signing::bundle;

use super::marks::{EPOCH_MARK, KEY_MARK, NODE_MARK};
use super::problems::{charter_problem, store_problem};
use crdt_model::text;
use crdt_model::text::Problem;
use node_machine::clock::Clock;
use node_machine::entropy::random_bytes;
use node_machine::folder::{Founding, NodeFolder, public_key};
use node_machine::private;
use node_store::{OpenError, SledStore, StoreOptions};

/// Megabytes of cache that a store is made with; what it runs with is a setting.
const FOUNDING_CACHE_BYTES: u64 = 4 << 20;

/// What makes a charter this county's and no other's: what a person compares with what the reviewers
/// told them, before the node trusts it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Introduction {
    /// The charter's version.
    pub version: CharterVersion,
    /// The charter's digest.
    pub digest: CharterDigest,
    /// The digest of version 1: all versions of one county have the same.
    pub lineage: CharterDigest,
    /// How many reviewers must sign the next version.
    pub threshold: usize,
    /// The reviewers, by name.
    pub reviewers: Vec<IntroducedReviewer>,
}

/// A reviewer whom a charter lists.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct IntroducedReviewer {
    /// What people call them.
    pub name: String,
    /// The fingerprint of their key, as `ssh-keygen -l` shows it.
    pub fingerprint: String,
}

/// Reads the charter that a node would begin with. It must be signed by enough of its own reviewers,
/// be in force, and list the node with its key. Nothing is written.
pub fn introduce(folder: &NodeFolder, founding: &Founding) -> Result<Introduction, Problem> {
    let (_, adopted) = read_charter(folder, founding)?;
    let board = adopted.board();
    let mut reviewers: Vec<_> = board
        .members()
        .map(|member| IntroducedReviewer {
            name: member.name.clone(),
            fingerprint: member.key.fingerprint(),
        })
        .collect();
    reviewers.sort();
    Ok(Introduction {
        version: adopted.version(),
        digest: adopted.digest(),
        lineage: adopted.lineage(),
        threshold: board.threshold(),
        reviewers,
    })
}

fn read_charter(
    folder: &NodeFolder,
    founding: &Founding,
) -> Result<(CharterFiles, AdoptedCharter), Problem> {
    let key = public_key(&folder.read_secret()?);
    let files =
        CharterFiles::read(&founding.charter).map_err(|problem| charter_problem(&problem))?;
    let now = Clock::start().now().wall;
    let adopted =
        adopt::found(&files, now, founding.digest).map_err(|why| charter_problem(&why))?;
    let node = founding.node;
    let listed = crdt_model::charter::Charter::roster(&**adopted.charter())
        .active(node)
        .cloned();
    match listed {
        Some(member) if member.key == key => Ok((files, adopted)),
        Some(_) => Err(not_in_roster(node, &format!("{key}"), true)),
        None => Err(not_in_roster(node, &format!("{key}"), false)),
    }
}

/// Makes the store of a node that has its key, and puts the charter into it (see [`introduce`] for
/// what the charter must be).
pub fn found(folder: &NodeFolder, founding: &Founding) -> Result<(), Problem> {
    private::check(folder.path())?;
    let (files, adopted) = read_charter(folder, founding)?;
    let node = founding.node;
    let mut batch = Batch::default();
    let bundle = bundle::encode(&files).map_err(|problem| charter_problem(&problem))?;
    batch.put(replica::charter_key(adopted.version()), bundle);
    batch.put(replica::mark_key(EPOCH_MARK), random_bytes::<8>()?.to_vec());
    batch.put(replica::mark_key(NODE_MARK), node.to_string().into_bytes());
    let key = public_key(&folder.read_secret()?);
    batch.put(replica::mark_key(KEY_MARK), key.0.to_vec());
    let mut store = new_store(folder)?;
    store
        .write(&batch)
        .and_then(|()| store.sync())
        .map_err(|error| store_problem(&error))
}

/// Whether the node has a store with a charter in it.
pub fn is_founded(folder: &NodeFolder) -> Result<bool, Problem> {
    let options = StoreOptions::new(folder.store(), FOUNDING_CACHE_BYTES);
    match SledStore::open(&options) {
        Ok(store) => holds_charter(&store),
        Err(OpenError::Missing(_)) => Ok(false),
        Err(error) => Err(error.problem()),
    }
}

fn holds_charter(store: &SledStore) -> Result<bool, Problem> {
    let charters = store.scan(&replica::charters_prefix(), None, 1);
    let charters = charters.map_err(|error| store_problem(&error))?;
    Ok(!charters.is_empty())
}

/// The store of a node that has none yet, or none with a charter: making one may have been cut
/// short.
fn new_store(folder: &NodeFolder) -> Result<SledStore, Problem> {
    let options = StoreOptions::new(folder.store(), FOUNDING_CACHE_BYTES);
    let exists = match SledStore::create(&options) {
        Err(exists @ OpenError::Exists(_)) => exists,
        made => return made.map_err(|error| error.problem()),
    };
    let store = SledStore::open(&options).map_err(|error| error.problem())?;
    match holds_charter(&store)? {
        false => Ok(store),
        true => Err(exists.problem()),
    }
}

/// The digest of a charter's files, for people to compare.
pub fn digest_of(files: &CharterFiles) -> Option<CharterDigest> {
    policy::signing::manifest::Manifest::of(files)
        .ok()?
        .digest()
        .ok()
}

fn not_in_roster(node: crdt_model::ids::NodeId, key: &str, listed: bool) -> Problem {
    let what = if listed {
        text!(
            "名册中 {node} 的公钥与本机的密钥不符（本机的公钥 {key}）",
            "the key of {node} in the roster is not this folder's key ({key})"
        )
    } else {
        text!(
            "章程的节点名册中没有 {node}，或该节点已撤销",
            "the charter's roster has no {node}, or it is revoked"
        )
    };
    Problem::new(
        "not-in-roster",
        what,
        text!(
            "请把本机公钥交审核人写入节点名册并重新签署章程，然后再执行 `mesh-node init`",
            "give this machine's public key to the reviewers; they list it and sign again; then \
             run init"
        ),
    )
}
