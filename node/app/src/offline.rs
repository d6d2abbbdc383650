//! A question to a node that is not running: the same engine over the same store, without network.

use std::sync::mpsc;

use crate::door;
use crate::door::caller::Caller;
use crate::door::use_case::UseCase;
use crdt_model::text;
use crdt_model::text::Problem;
use node_machine::folder::NodeFolder;
use node_machine::settings::Settings;
use node_runtime::keeper::Keeper;
use node_store::Mended;

/// A node that is not running, held open for questions.
pub struct Offline {
    keeper: Keeper,
}

impl Offline {
    /// Opens the node in this folder.
    pub fn open(folder: &NodeFolder, settings: &Settings) -> Result<Self, Problem> {
        let keeper = Keeper::open(folder, settings)?;
        Ok(Self { keeper })
    }

    /// What was mended in the store when it was opened.
    pub fn mended(&self) -> Option<&Mended> {
        self.keeper.store.mended()
    }

    /// Asks it. What is written is durable when the answer comes, and flows when the node runs again.
    ///
    /// # Errors
    /// Why it was not done; or the store has failed.
    pub fn ask<U: UseCase>(&mut self, caller: Caller, asked: U) -> Result<U::Answer, Problem> {
        let (tell, told) = mpsc::sync_channel(1);
        let respond = Box::new(move |answer| {
            // The receiver is a few lines below.
            let _ = tell.send(answer);
        });
        door::ask_at_rest(&mut self.keeper, caller, asked, respond)?;
        while self.keeper.make_durable()? {}
        told.try_recv().unwrap_or_else(|_| Err(needs_running()))
    }
}

fn needs_running() -> Problem {
    Problem::new(
        "not-running",
        text!(
            "节点没有运行，不能完成这项操作",
            "this needs a running node"
        ),
        text!("先启动节点：mesh-node run", "start it first: mesh-node run"),
    )
}
