//! Between the transport and the engine: events become inputs, outputs become commands, and what
//! happened on the way is kept for the status.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use crdt_model::engine::{self, Input};
use crdt_model::ids::{NodeId, PublicKey};

use super::summaries::Summaries;
use crdt_model::text;
use crdt_model::text::Text;
use node_transport::{Command, Cut, Event, InboundId, Refusal, RequestId};

/// What the network has reported.
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
    summaries: Summaries,
}

impl Reports {
    pub(super) fn new(summaries: Summaries) -> Self {
        Self {
            last_failure: BTreeMap::new(),
            charter_refused: BTreeMap::new(),
            refused: BTreeMap::new(),
            cut: BTreeSet::new(),
            inbound: BTreeMap::new(),
            next_inbound: 0,
            summaries,
        }
    }

    /// The engine's input for an event, if it is any of its business.
    pub fn input(&mut self, event: Event) -> Option<Input> {
        match event {
            Event::Connected {
                node,
                we_dialled,
                address,
            } => {
                self.last_failure.remove(&node);
                if self.summaries.note("line-up", Some(node), &address) {
                    tracing::info!(%node, %address, we_dialled, "line up");
                }
                Some(Input::Connected { peer: node })
            }
            Event::Disconnected { node, why } => {
                if self.summaries.note("line-down", Some(node), &why) {
                    tracing::info!(%node, %why, "line down");
                }
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
            Event::Refused { .. } | Event::TurnedAway { .. } | Event::AcceptFailed { .. } => {
                self.note_strangers(event);
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

    /// What strangers did, and members who did what they may not.
    fn note_strangers(&mut self, event: Event) {
        match event {
            Event::Refused {
                key,
                node,
                from,
                why,
            } => self.note_refused(key, node, from, why),
            Event::TurnedAway { why, count, from } => self.note_turned_away(why, count, from),
            Event::AcceptFailed { cause } if self.summaries.note("accept-failed", None, &cause) => {
                tracing::warn!(cause, "a listener could not accept a connection");
            }
            _ => {}
        }
    }

    /// A connection or frame of somebody who has proven who it is was turned away.
    fn note_refused(
        &mut self,
        key: Option<PublicKey>,
        node: Option<NodeId>,
        from: Option<String>,
        why: Refusal,
    ) {
        let code = why.code();
        *self.refused.entry((node, code)).or_default() += 1;
        let key = key.map(|key| key.to_string());
        let shown = |part: &Option<String>| part.clone().unwrap_or_else(|| "unknown".to_owned());
        let origin = format!("{} from {}", shown(&key), shown(&from));
        if self.summaries.note(code, node, origin) {
            tracing::warn!(
                ?node,
                code,
                key,
                from,
                "a connection or frame was turned away"
            );
        }
    }

    /// Connections were turned away before anybody had proven anything.
    fn note_turned_away(&mut self, why: Refusal, count: u64, from: BTreeMap<String, u64>) {
        let code = why.code();
        *self.refused.entry((None, code)).or_default() += count;
        let mut rest = count;
        for (from, count) in from {
            rest = rest.saturating_sub(count);
            if self.summaries.note_many(code, None, count, &from) {
                tracing::warn!(code, from, count, "connections were turned away unheard");
            }
        }
        if rest > 0 {
            self.summaries.note_many(code, None, rest, "elsewhere");
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
    pub fn charter_refused(&mut self, peer: NodeId, why: &Text) {
        self.charter_refused.insert(peer, why.en.clone());
        self.last_failure.insert(
            peer,
            text!(
                why; "没有采用对方提供的章程：{why}",
                "the charter that the neighbour offered was refused: {why}"
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
