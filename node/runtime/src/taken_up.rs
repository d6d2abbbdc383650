//! A folder that is not the one that last ran here: what is kept of that for persons. Whichever command
//! opens the folder first notices it, and the node says so for a week.

use crdt_model::replica;
use crdt_model::store::{Batch, Store};
use crdt_model::time::WallTime;
use serde::{Deserialize, Serialize};

use super::missing::{self, Missing};
use super::problems::store_problem;
use crdt_model::text;
use crdt_model::text::{Problem, Text};
use node_machine::folder::NodeFolder;
use node_machine::time::shown;
use node_store::{Moved, SledStore};

/// The mark under which the store keeps it.
const MARK: &str = "taken-up";
const SAID_FOR_MS: u64 = 7 * 24 * 3_600_000;
/// Missing facets that are kept by name, and those that a message names.
const MISSING_MAX: usize = 1_000;
const NAMED_MAX: usize = 10;

/// When a folder was taken up, and why it counted as another one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct TakenUp {
    why: Moved,
    at: WallTime,
    /// What the read model knew and the store does not have: what a neighbour holds comes back.
    missing: Vec<Missing>,
    /// How many there are, with those that are not kept by name.
    missing_in_all: u64,
}

impl TakenUp {
    /// Looks at what the store lacks, before the read model follows it.
    pub(super) fn look(
        why: Moved,
        at: WallTime,
        store: &SledStore,
        folder: &NodeFolder,
    ) -> Result<Self, Problem> {
        let mut missing = missing::missing(store, folder)?;
        for one in &missing {
            let Missing {
                code, had, held, ..
            } = one;
            let facet = one.facet.facet;
            tracing::warn!(%code, %facet, had, held, "the store lacks what the read model knows of");
        }
        let missing_in_all = missing.len() as u64;
        missing.truncate(MISSING_MAX);
        Ok(Self {
            why,
            at,
            missing,
            missing_in_all,
        })
    }

    pub(super) fn keep(&self, batch: &mut Batch) {
        let bytes = serde_json::to_vec(self).unwrap_or_default();
        batch.put(replica::mark_key(MARK), bytes);
    }

    /// What was kept last, if anything was.
    pub(super) fn kept(store: &SledStore) -> Result<Option<Self>, Problem> {
        let kept = store.get(&replica::mark_key(MARK));
        let kept = kept.map_err(|error| store_problem(&error))?;
        // One of another program says no less than that there was one; it is not worth a start.
        Ok(kept.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// What to tell, while it is new.
    pub(super) fn told(&self, now: WallTime) -> Option<Problem> {
        let at = shown(self.at);
        let what = match self.why {
            Moved::Copied => text!(
                "节点目录是复制或恢复来的，或者改过文件权限，不能确定就是本机上次运行的那一份（{at} 发现）",
                "the node's folder was copied or restored, or the permissions of its files were changed: it may not be the one that last ran here (noticed {at})"
            ),
            Moved::OtherMachine => text!(
                "节点目录上次是在另一台电脑上运行的（{at} 发现）",
                "the node's folder last ran on another machine (noticed {at})"
            ),
            Moved::Mended => text!(
                "本节点的数据存储损坏过，已按现有内容继续使用（{at}）",
                "this node's store was damaged, and goes on with what was left ({at})"
            ),
        };
        let what = self.with_missing(what);
        // A clock that was set back keeps it said.
        let recent = now.ms.saturating_sub(self.at.ms) < SAID_FOR_MS;
        recent.then(|| {
            Problem::new(
                "folder-moved",
                what,
                text!(
                    "本节点已另起一段填写，不会覆盖此前的内容；之前从本节点发出的改动会从相邻节点取回。请确认原来那台电脑或那份目录不再运行",
                    "what is written from now on takes nothing back of what was written before, and neighbours \
                     give back what had left this node; make sure that the other machine or folder does not run"
                ),
            )
        })
    }

    fn with_missing(&self, what: Text) -> Text {
        if self.missing.is_empty() {
            return what;
        }
        let Text { zh, en } = what;
        let codes: Vec<_> = self.missing.iter().map(|one| one.code.as_str()).collect();
        let named = codes.get(..NAMED_MAX.min(codes.len())).unwrap_or_default();
        let (zh_named, en_named) = (named.join("、"), named.join(", "));
        let count = self.missing_in_all;
        text!(
            "{zh}。查询库里有 {count} 项内容在数据存储中没有或不全：{zh_named} 等；相邻节点没有的\
             就此丢失",
            "{en}. The store lacks {count} things that the read model knew, in whole or in part: {en_named} and so on; what no neighbour holds is lost"
        )
    }
}
