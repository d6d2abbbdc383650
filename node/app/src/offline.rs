//! A question to a node that is not running: the same engine over the same store, without network.

use std::sync::mpsc;

use super::answers;
use crate::asked::protocol::{Reply, Request};
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
    pub fn ask(&mut self, request: &Request) -> Result<Reply, Problem> {
        let (tell, told) = mpsc::sync_channel(1);
        let answer = Box::new(move |reply| {
            // The receiver is a few lines below.
            let _ = tell.send(reply);
        });
        answers::answer(&mut self.keeper, None, request.clone(), answer)?;
        while self.keeper.make_durable()? {}
        told.try_recv().map_err(|_| {
            Problem::new(
                "not-running",
                text!(
                    "节点没有运行，不能完成这项操作",
                    "this needs a running node"
                ),
                text!("先启动节点：mesh-node run", "start it first: mesh-node run"),
            )
        })
    }
}

/// Asks the node in this folder one question.
pub fn ask(folder: &NodeFolder, settings: &Settings, request: &Request) -> Result<Reply, Problem> {
    Offline::open(folder, settings)?.ask(request)
}
