//! `cut`: cuts lines on purpose, in demonstrations and tests.

use crdt_model::ids::NodeId;
use serde::{Deserialize, Serialize};

use super::stop::Done;
use crate::door::caller::Capability;
use crate::door::use_case::{Does, UseCase};

/// Cut the lines to these nodes; none heals all.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CutRequest {
    /// To whom; the node itself stands for all its lines.
    pub lines_to: Vec<NodeId>,
}

impl UseCase for CutRequest {
    const NEEDS: Capability = Capability::Debugging;
    type Answer = Done;

    fn begin(self) -> Does<Done> {
        Does::work(move |node, respond| {
            node.keeper.cut(&self.lines_to);
            respond(Ok(Done {}));
            Ok(())
        })
    }

    fn about(&self) -> String {
        let nodes: Vec<_> = self.lines_to.iter().map(ToString::to_string).collect();
        nodes.join(" ")
    }
}
