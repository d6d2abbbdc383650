//! `stop`: close everything in good order and end.

use serde::{Deserialize, Serialize};

use crate::door::caller::Capability;
use crate::door::use_case::{Does, UseCase};

/// Close everything in good order and end.
#[derive(Clone, Copy, PartialEq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopRequest {}

/// It was done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Done {}

impl UseCase for StopRequest {
    const NEEDS: Capability = Capability::Operator;
    const DEADLINE_S: Option<u64> = None;
    type Answer = Done;

    fn begin(self) -> Does<Done> {
        Does::work(move |node, respond| {
            if node.running.is_some() {
                node.keeper.end(|| respond(Ok(Done {})));
            } else {
                // Whoever has the folder open ends by themselves.
                respond(Ok(Done {}));
            }
            Ok(())
        })
    }
}
