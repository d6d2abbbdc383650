//! `checkpoint`: what townships have signed of the log of charters.

use crdt_model::engine::LogStatus;
use serde::{Deserialize, Serialize};

use crate::door::caller::Capability;
use crate::door::use_case::{Does, UseCase};

/// What have townships signed of the log of charters?
#[derive(Clone, Copy, PartialEq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointRequest {}

/// What they have signed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Checkpoint {
    /// All signatures held, evidence among them, as C2SP notes; empty if there are none.
    pub notes: String,
    /// What they come to.
    pub log: LogStatus,
}

impl UseCase for CheckpointRequest {
    const NEEDS: Capability = Capability::Reviewer;
    type Answer = Checkpoint;

    fn begin(self) -> Does<Checkpoint> {
        Does::work(move |node, respond| {
            respond(Ok(Checkpoint {
                notes: node.keeper.engine.checkpoint_notes(),
                log: node.keeper.engine.log_status(),
            }));
            Ok(())
        })
    }
}
