//! Making a node: its store, its first author epoch, and the charter it trusts first.

use crdt_model::ids::{CharterDigest, Epoch};
use crdt_model::replica;
use crdt_model::store::{Batch, Store, StoreError};
use policy::CharterFiles;
use policy::signing::adopt;
use policy::signing::bundle;
use policy::signing::held::HeldError;

use super::clock::Clock;
use super::room::{disk_full, is_full};
use crate::folder::{Founding, NodeFolder, public_key};
use crate::private;
use crate::store::{OpenError, SledStore, StoreOptions};
use crate::text;
use crate::text::Problem;

/// The mark under which the store keeps the node's author epoch.
pub(super) const EPOCH_MARK: &str = "epoch";
/// The mark under which the store keeps the node's own code.
pub(super) const NODE_MARK: &str = "node";

/// Megabytes of cache that a store is made with; what it runs with is a setting.
const FOUNDING_CACHE_BYTES: u64 = 4 << 20;

/// Makes the store of a node that has its key, and puts the charter into it. The charter must be
/// signed by enough of its own reviewers, be in force, and list this node with this key.
pub fn found(folder: &NodeFolder, founding: &Founding) -> Result<(), Problem> {
    private::check(folder.path())?;
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
        Some(member) if member.key == key => {}
        Some(_) => return Err(not_in_roster(node, &format!("{key}"), true)),
        None => return Err(not_in_roster(node, &format!("{key}"), false)),
    }
    let mut batch = Batch::default();
    let bundle = bundle::encode(&files).map_err(|problem| charter_problem(&problem))?;
    batch.put(replica::charter_key(adopted.version()), bundle);
    batch.put(
        replica::mark_key(EPOCH_MARK),
        new_epoch()?.0.to_be_bytes().to_vec(),
    );
    batch.put(replica::mark_key(NODE_MARK), node.to_string().into_bytes());
    let mut store = new_store(folder)?;
    store
        .write(&batch)
        .and_then(|()| store.sync())
        .map_err(|error| store_problem(&error))
}

/// The store of a node that has none yet, or none with a charter: making one may have been cut
/// short.
fn new_store(folder: &NodeFolder) -> Result<SledStore, Problem> {
    let options = StoreOptions {
        folder: folder.store(),
        cache_bytes: FOUNDING_CACHE_BYTES,
    };
    let exists = match SledStore::create(&options) {
        Err(exists @ OpenError::Exists(_)) => exists,
        made => return made.map_err(|error| error.problem()),
    };
    let store = SledStore::open(&options).map_err(|error| error.problem())?;
    let charters = store.scan(&replica::charters_prefix(), None, 1);
    match charters.map_err(|error| store_problem(&error))?.is_empty() {
        true => Ok(store),
        false => Err(exists.problem()),
    }
}

/// A new life for a node's key.
pub(super) fn new_epoch() -> Result<Epoch, Problem> {
    let mut bytes = [0u8; 8];
    getrandom::fill(&mut bytes).map_err(|problem| {
        Problem::new(
            "no-entropy",
            text!(
                "系统没有给出随机数：{problem}",
                "the system gave no random bytes: {problem}"
            ),
            text!(
                "检查操作系统，然后重试",
                "check the operating system, then try again"
            ),
        )
    })?;
    Ok(Epoch(u64::from_be_bytes(bytes)))
}

/// The digest of a charter's files, for people to compare.
pub fn digest_of(files: &CharterFiles) -> Option<CharterDigest> {
    policy::signing::manifest::Manifest::of(files)
        .ok()?
        .digest()
        .ok()
}

/// What a person is told when the charters in a store cannot be loaded.
pub(super) fn held_problem(error: &HeldError) -> Problem {
    match error {
        HeldError::Store(error) => store_problem(error),
        HeldError::Refused(why) => charter_problem(why),
        HeldError::None => Problem::new(
            "no-charter",
            text!("存储中没有章程", "the store holds no charter"),
            text!(
                "先执行 mesh-node init --charter 目录",
                "run mesh-node init --charter FOLDER first"
            ),
        ),
    }
}

pub(crate) fn charter_problem(why: &dyn std::fmt::Display) -> Problem {
    Problem::new(
        "charter-refused",
        text!(
            "未采纳该章程，原章程不变：{why}",
            "the charter was not adopted, nothing was changed: {why}"
        ),
        text!(
            "按原因处理；用 mesh-policy verify 和 mesh-policy check 查看详情",
            "deal with the reason; mesh-policy verify and mesh-policy check show the details"
        ),
    )
}

fn not_in_roster(node: crdt_model::ids::NodeId, key: &str, listed: bool) -> Problem {
    let what = if listed {
        text!(
            "名册中 {node} 的公钥与本机密钥不符（本机公钥 {key}）",
            "the roster lists {node} with another key than this folder's, which is {key}"
        )
    } else {
        text!(
            "章程的名册中没有有效节点 {node}",
            "the charter's roster has no active node {node}"
        )
    };
    Problem::new(
        "not-in-roster",
        what,
        text!(
            "请审核人把本机公钥写入名册并重新签署，再执行 init",
            "have the reviewers list this public key and sign again, then run init again"
        ),
    )
}

pub(super) fn store_problem(error: &StoreError) -> Problem {
    if is_full(error) {
        return disk_full();
    }
    Problem::new(
        "store-failed",
        text!("存储出错：{error}", "the store failed: {error}"),
        text!(
            "检查磁盘空间和硬件，然后重新启动节点；已确认的记录不会丢失",
            "check the disk's space and health, then start the node again; nothing acknowledged is lost"
        ),
    )
}
