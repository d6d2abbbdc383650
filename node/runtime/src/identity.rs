//! Whose store and key these are: what the store keeps of the node's code, epoch and public key.

use crdt_model::engine::Identity;
use crdt_model::ids::{Boot, Epoch, NodeId};
use crdt_model::replica;
use crdt_model::store::{Batch, Store};
use crdt_model::time::WallTime;

use super::marks::{EPOCH_MARK, KEY_MARK, NODE_MARK};
use super::problems::{damaged, store_problem};
use super::taken_up::TakenUp;
use crdt_model::text;
use crdt_model::text::Problem;
use node_machine::entropy::random_bytes;
use node_machine::folder::{KeyFile, NodeFolder};
use node_store::{SledStore, StoreOptions};

const SETTINGS_MARK: &str = "settings";
/// Bytes of cache to read a mark with.
const CACHE_BYTES: u64 = 4 << 20;

fn mark(store: &SledStore, name: &str) -> Result<Option<Vec<u8>>, Problem> {
    store
        .get(&replica::mark_key(name))
        .map_err(|error| store_problem(&error))
}

/// Who runs from this folder: a key and store that belong together, and an author epoch that nobody
/// else writes in.
pub(super) fn open(
    folder: &NodeFolder,
    key: KeyFile,
    node: NodeId,
    store: &mut SledStore,
    wall: WallTime,
) -> Result<Identity, Problem> {
    let mut epoch = read_epoch(store, node)?;
    check_key(folder, &key, store)?;
    if let Some(why) = store.moved() {
        tracing::warn!(
            ?why,
            "the folder is not the one that last ran here: a new author epoch begins"
        );
        let taken_up = TakenUp::look(why, wall, store, folder)?;
        epoch = begin_epoch(store, &taken_up)?;
    }
    Ok(Identity {
        node,
        key: key.secret,
        epoch,
        boot: Boot(random_bytes()?),
    })
}

/// The author epoch of the node whose store this is.
fn read_epoch(store: &SledStore, node: NodeId) -> Result<Epoch, Problem> {
    match mark(store, NODE_MARK)? {
        Some(owner) if owner == node.to_string().as_bytes() => {}
        Some(owner) => return Err(other_node(node, &String::from_utf8_lossy(&owner))),
        None => return Err(damaged(&"it does not say whose it is")),
    }
    let epoch = mark(store, EPOCH_MARK)?.and_then(|bytes| bytes.try_into().ok());
    let epoch = epoch.ok_or_else(|| damaged(&"it has no author epoch"))?;
    Ok(Epoch(u64::from_be_bytes(epoch)))
}

/// Holds the key file against the key that the node last ran with. Another key counts if its file
/// says itself which public key it has: `init` made it. Otherwise a digit was changed.
fn check_key(folder: &NodeFolder, key: &KeyFile, store: &mut SledStore) -> Result<(), Problem> {
    let public = key.public();
    match mark(store, KEY_MARK)? {
        Some(before) if before == public.0 => return Ok(()),
        Some(_) if !key.vouched => {
            let path = folder.secret().display().to_string();
            return Err(folder.key_damaged(text!(
                "密钥文件 {path} 已损坏或被替换：其公钥 {public} 不是本节点一直使用的公钥",
                "the key file {path} is damaged or another: its public key {public} is not the one that this node has had"
            )));
        }
        Some(_) => {
            tracing::warn!(
                %public,
                "this node has a new key; others take what it signs once the charter lists it"
            );
        }
        None => {}
    }
    put(store, KEY_MARK, public.0.to_vec())
}

/// Keeps the settings file that the node runs with, so that it can be put back, and says when it is
/// another than at the last start.
pub(super) fn keep_settings(folder: &NodeFolder, store: &mut SledStore) -> Result<(), Problem> {
    // Without it the node runs as it was told to all the same.
    let Ok(file) = std::fs::read(folder.settings()) else {
        return Ok(());
    };
    match mark(store, SETTINGS_MARK)? {
        Some(before) if before == file => return Ok(()),
        Some(_) => {
            tracing::info!("node.toml is not the one of the last start");
        }
        None => {}
    }
    put(store, SETTINGS_MARK, file)
}

/// Whose store is in this folder, and the settings file that the node last ran with.
pub fn kept(folder: &NodeFolder) -> Result<(Option<NodeId>, Option<Vec<u8>>), Problem> {
    let store = SledStore::open(&StoreOptions::new(folder.store(), CACHE_BYTES));
    let store = store.map_err(|error| error.problem())?;
    let owner = mark(&store, NODE_MARK)?;
    let owner = owner.and_then(|owner| String::from_utf8(owner).ok()?.parse().ok());
    Ok((owner, mark(&store, SETTINGS_MARK)?))
}

fn put(store: &mut SledStore, name: &str, value: Vec<u8>) -> Result<(), Problem> {
    let mut batch = Batch::default();
    batch.put(replica::mark_key(name), value);
    write(store, &batch)
}

fn write(store: &mut SledStore, batch: &Batch) -> Result<(), Problem> {
    store
        .write(batch)
        .and_then(|()| store.sync())
        .map_err(|error| store_problem(&error))
}

/// Begins a new author epoch, durably, in a folder that is not the one that last ran here: whoever
/// went on in the old one may have used numbers that this folder does not know.
fn begin_epoch(store: &mut SledStore, why: &TakenUp) -> Result<Epoch, Problem> {
    let epoch = random_bytes()?;
    let mut batch = Batch::default();
    batch.put(replica::mark_key(EPOCH_MARK), epoch.to_vec());
    why.keep(&mut batch);
    write(store, &batch)?;
    store.settle().map_err(|error| store_problem(&error))?;
    Ok(Epoch(u64::from_be_bytes(epoch)))
}

fn other_node(node: NodeId, owner: &str) -> Problem {
    Problem::new(
        "settings-other-node",
        text!(
            "node.toml 写的是节点 {node}，而数据存储属于节点 {owner}",
            "node.toml names the node {node}, and the store belongs to {owner}"
        ),
        text!(
            "目录放错时换回原来的目录；否则 node.toml 已损坏：执行 mesh-node init --new-settings",
            "if this is the wrong folder, put the right one back; else node.toml is damaged: run mesh-node init --new-settings"
        ),
    )
}
