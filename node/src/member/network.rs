//! Between the transport and the engine: events become inputs, outputs become commands, and what
//! happened on the way is kept for the status.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use crdt_model::engine::{self, Input};
use crdt_model::ids::NodeId;

use crate::text;
use crate::text::Text;
use crate::transport::{Command, Cut, Event, InboundId, RequestId};

/// What the network has reported.
#[derive(Default)]
pub struct Reports {
    /// Why each node could not be reached, or was lost, the last time.
    pub last_failure: BTreeMap<NodeId, Text>,
    /// Why each node's charter was refused, the last time.
    pub charter_refused: BTreeMap<NodeId, String>,
    /// What was turned away, by reason and, where it is a member's, by node.
    pub refused: BTreeMap<(Option<NodeId>, &'static str), u64>,
    /// Lines that are cut on purpose.
    pub cut: BTreeSet<NodeId>,
    inbound: BTreeMap<u64, InboundId>,
    next_inbound: u64,
}

impl Reports {
    /// The engine's input for an event, if it is any of its business.
    pub fn input(&mut self, event: Event) -> Option<Input> {
        match event {
            Event::Connected { node, .. } => {
                self.last_failure.remove(&node);
                Some(Input::Connected { peer: node })
            }
            Event::Disconnected { node, why } => {
                self.last_failure.insert(node, why.text());
                Some(Input::Disconnected { peer: node })
            }
            Event::Request { node, id, bytes } => {
                self.next_inbound += 1;
                self.inbound.insert(self.next_inbound, id);
                let id = engine::InboundId(self.next_inbound);
                Some(Input::Request {
                    peer: node,
                    id,
                    bytes: bytes.to_vec(),
                })
            }
            Event::Response { node, id, bytes } => {
                let id = engine::RequestId(id.0);
                Some(Input::Response {
                    peer: node,
                    id,
                    bytes: bytes.to_vec(),
                })
            }
            Event::RequestFailed { node, id, why } => {
                self.last_failure.insert(node, why.text());
                Some(Input::RequestFailed {
                    peer: node,
                    id: engine::RequestId(id.0),
                })
            }
            Event::Refused { node, why, .. } => {
                *self.refused.entry((node, why.code())).or_default() += 1;
                tracing::warn!(
                    ?node,
                    code = why.code(),
                    "a connection or frame was turned away"
                );
                None
            }
            Event::DialFailed { node, why, .. } => {
                self.last_failure.insert(node, why.text());
                None
            }
            Event::Listening { address } => {
                tracing::info!(address, "listening");
                None
            }
            Event::ListenerLost { address } => {
                tracing::error!(address, "no longer listening");
                None
            }
        }
    }

    /// The command that answers a peer's request.
    pub fn respond(&mut self, id: engine::InboundId, bytes: Vec<u8>) -> Option<Command> {
        let id = self.inbound.remove(&id.0)?;
        Some(Command::Respond {
            id,
            bytes: Bytes::from(bytes),
        })
    }

    /// Notes why a peer's charter was refused.
    pub fn charter_refused(&mut self, peer: NodeId, why: String) {
        self.charter_refused.insert(peer, why.clone());
        self.last_failure.insert(
            peer,
            text!(
                "对方提供的章程未被采纳：{why}",
                "the charter it offered was refused: {why}"
            ),
        );
    }

    /// The command that cuts these lines; the node itself stands for all of them.
    pub fn cut(&mut self, node: NodeId, lines_to: &[NodeId]) -> Command {
        self.cut = lines_to.iter().copied().collect();
        Command::SetCut(if self.cut.is_empty() {
            Cut::Nothing
        } else if self.cut.contains(&node) {
            Cut::Everything
        } else {
            Cut::LinesTo(self.cut.clone())
        })
    }
}

/// The command that asks a peer.
pub(super) fn request(peer: NodeId, id: engine::RequestId, bytes: Vec<u8>) -> Command {
    Command::Request {
        node: peer,
        id: RequestId(id.0),
        bytes: Bytes::from(bytes),
    }
}
