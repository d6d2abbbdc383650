//! What is being answered: how far it has come, and whether it has been called off.

use node_readmodel::CallOff;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// How far something long has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// How much of it is done, in the units of `of`.
    pub done: u64,
    /// How much there is.
    pub of: u64,
}

/// What is being done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Files are read and compared with what is held. In rows.
    Reading,
    /// The rules are asked whether it may be written. In records.
    Judging,
    /// It is written. In records.
    Writing,
    /// What was written is laid out for lists and searches. In facets.
    Following,
}

/// One request while it is being answered. Its copies are of the same request.
#[derive(Clone, Debug, Default)]
pub struct Task {
    called_off: CallOff,
    progress: watch::Sender<Option<Progress>>,
}

impl Task {
    /// Has it end at the next moment at which that leaves nothing half done.
    pub fn call_off(&self) {
        self.called_off.call();
    }

    /// What ends with it.
    pub fn called_off(&self) -> &CallOff {
        &self.called_off
    }

    /// Says how far it has come.
    pub fn has_come(&self, stage: Stage, done: usize, of: usize) {
        self.progress.send_replace(Some(Progress {
            stage,
            done: done as u64,
            of: of as u64,
        }));
    }

    /// How far it has come, again and again.
    pub fn progress(&self) -> watch::Receiver<Option<Progress>> {
        self.progress.subscribe()
    }
}
