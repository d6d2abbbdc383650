//! Requests and responses: which are under way, for whom, and what becomes of them.

use std::collections::BTreeMap;
use std::io;

use bytes::Bytes;
use crdt_model::ids::NodeId;
use crdt_model::limits::{PEER_REQUESTS_IN_FLIGHT_MAX, REQUEST_BYTES_MAX, RESPONSE_BYTES_MAX};
use libp2p::PeerId;
use libp2p::core::upgrade::NegotiationError;
use libp2p::request_response::{
    InboundFailure, InboundRequestId, Message, OutboundFailure, OutboundRequestId, ResponseChannel,
};

use super::codec::{Frame, Frames};
use super::event::{Event, InboundId, RequestId};
use super::fault::{Refusal, RequestFault};
use super::reports::Reports;

/// Why this node sent a request.
enum Purpose {
    /// The caller asked, and gave the request this name.
    Caller(RequestId),
    /// To see whether the peer is there.
    SignOfLife,
}

/// A request of a peer that waits for our answer.
struct Asked {
    node: NodeId,
    name: InboundRequestId,
    channel: ResponseChannel<Frame>,
}

/// What the failure of a request for a sign of life says about the peer.
pub(super) enum SignOfLife {
    /// The peer is there: it refused the stream.
    Given(NodeId),
    /// The peer did not answer in time.
    Missing(NodeId),
}

/// All requests under way, in both directions.
#[derive(Default)]
pub(super) struct Exchange {
    /// This node's requests.
    sent: BTreeMap<OutboundRequestId, (NodeId, Purpose)>,
    /// The peers' requests.
    asked: BTreeMap<InboundId, Asked>,
    /// The names that the transport gave to the peers' requests, by those that libp2p gave them.
    names: BTreeMap<InboundRequestId, InboundId>,
    /// The last name that was given.
    last: u64,
}

impl Exchange {
    fn sent_to(&self, node: NodeId) -> usize {
        let of_caller = |(to, purpose): &&(NodeId, Purpose)| {
            *to == node && matches!(purpose, Purpose::Caller(_))
        };
        self.sent.values().filter(of_caller).count()
    }

    fn asked_by(&self, node: NodeId) -> usize {
        self.asked
            .values()
            .filter(|asked| asked.node == node)
            .count()
    }

    fn admit(
        &mut self,
        node: NodeId,
        name: InboundRequestId,
        channel: ResponseChannel<Frame>,
    ) -> InboundId {
        self.last += 1;
        let id = InboundId(self.last);
        self.names.insert(name, id);
        self.asked.insert(
            id,
            Asked {
                node,
                name,
                channel,
            },
        );
        id
    }

    fn take_asked(&mut self, id: InboundId) -> Option<Asked> {
        let asked = self.asked.remove(&id)?;
        self.names.remove(&asked.name);
        Some(asked)
    }

    /// Forgets all that was under way on the line to this node. The caller's requests have failed.
    pub(super) fn drop_line(&mut self, node: NodeId, reports: &mut Reports) {
        self.asked.retain(|_, asked| asked.node != node);
        let asked = &self.asked;
        self.names.retain(|_, id| asked.contains_key(id));
        let mut ids = Vec::new();
        self.sent.retain(|_, (to, purpose)| {
            if let (true, Purpose::Caller(id)) = (*to == node, purpose) {
                ids.push(*id);
            }
            *to != node
        });
        for id in ids {
            reports.request_failed(node, id, RequestFault::LineLost);
        }
    }

    /// Sends the caller's request, or reports why not. `peer` is the other end of the line to the node,
    /// if it is up.
    pub(super) fn send_request(
        &mut self,
        (node, peer): (NodeId, Option<PeerId>),
        id: RequestId,
        bytes: Bytes,
        frames: &mut Frames,
        reports: &mut Reports,
    ) {
        let Some(peer) = peer else {
            return reports.request_failed(node, id, RequestFault::NotConnected);
        };
        if bytes.is_empty() || bytes.len() > REQUEST_BYTES_MAX {
            return reports.request_failed(node, id, RequestFault::BadLength);
        }
        if self.sent_to(node) >= PEER_REQUESTS_IN_FLIGHT_MAX {
            return reports.request_failed(node, id, RequestFault::TooMany);
        }
        let length = as_count(bytes.len());
        let name = frames.send_request(&peer, Frame::Whole(bytes));
        self.sent.insert(name, (node, Purpose::Caller(id)));
        reports.count(|stats| {
            let peer = stats.peer(node);
            peer.requests_sent += 1;
            peer.bytes_sent += length;
        });
    }

    /// Asks a peer for a sign of life: sends an empty request.
    pub(super) fn ask_for_sign_of_life(
        &mut self,
        node: NodeId,
        peer: PeerId,
        frames: &mut Frames,
        reports: &Reports,
    ) {
        let name = frames.send_request(&peer, Frame::Whole(Bytes::new()));
        self.sent.insert(name, (node, Purpose::SignOfLife));
        reports.count(|stats| stats.peer(node).signs_of_life_sent += 1);
    }

    /// Sends the caller's response, if its request still waits.
    pub(super) fn send_response(
        &mut self,
        id: InboundId,
        bytes: Bytes,
        frames: &mut Frames,
        reports: &Reports,
    ) {
        let asked = self.take_asked(id);
        if bytes.len() > RESPONSE_BYTES_MAX {
            // Dropping the channel tells the peer that there will be no answer.
            tracing::error!(%id, bytes = bytes.len(), "a response over the limit was not sent");
            return;
        }
        let length = as_count(bytes.len());
        let sent = asked.and_then(|Asked { node, channel, .. }| {
            frames
                .send_response(channel, Frame::Whole(bytes))
                .is_ok()
                .then_some(node)
        });
        reports.count(|stats| match sent {
            None => stats.late_responses += 1,
            Some(node) => {
                let peer = stats.peer(node);
                peer.responses_sent += 1;
                peer.bytes_sent += length;
            }
        });
    }

    /// A member sent a request or a response.
    pub(super) fn on_message(
        &mut self,
        node: NodeId,
        peer: &PeerId,
        message: Message<Frame, Frame>,
        frames: &mut Frames,
        reports: &mut Reports,
    ) {
        match message {
            Message::Request {
                request_id: name,
                request: Frame::Whole(bytes),
                channel,
            } => {
                if bytes.is_empty() {
                    // It asks for a sign of life. If it is gone by now, so is the question.
                    let _ = frames.send_response(channel, Frame::Whole(Bytes::new()));
                    return;
                }
                if self.asked_by(node) >= PEER_REQUESTS_IN_FLIGHT_MAX {
                    let why = Refusal::TooManyRequests;
                    return reports.refuse(Some(peer), Some(node), why, None);
                }
                reports.count(|stats| {
                    let peer = stats.peer(node);
                    peer.requests_received += 1;
                    peer.bytes_received += as_count(bytes.len());
                });
                let id = self.admit(node, name, channel);
                reports.emit(Event::Request { node, id, bytes });
            }
            Message::Request {
                request: Frame::Oversized(claimed_bytes),
                ..
            } => {
                let why = Refusal::OversizedRequest { claimed_bytes };
                reports.refuse(Some(peer), Some(node), why, None);
            }
            Message::Response {
                request_id,
                response,
            } => self.on_response(node, peer, request_id, response, reports),
        }
    }

    fn on_response(
        &mut self,
        node: NodeId,
        peer: &PeerId,
        name: OutboundRequestId,
        frame: Frame,
        reports: &mut Reports,
    ) {
        // Unknown if its line was replaced meanwhile: its failure has been reported.
        let Some((_, purpose)) = self.sent.remove(&name) else {
            return;
        };
        let bytes = match frame {
            Frame::Whole(bytes) => bytes,
            Frame::Oversized(claimed_bytes) => {
                let why = Refusal::OversizedResponse { claimed_bytes };
                reports.refuse(Some(peer), Some(node), why, None);
                if let Purpose::Caller(id) = purpose {
                    reports.request_failed(node, id, RequestFault::Oversized);
                }
                return;
            }
        };
        if let Purpose::Caller(id) = purpose {
            reports.count(|stats| {
                let peer = stats.peer(node);
                peer.responses_received += 1;
                peer.bytes_received += as_count(bytes.len());
            });
            reports.emit(Event::Response { node, id, bytes });
        }
    }

    /// A request of this node failed. Returns what that says about the peer, if the request asked for a
    /// sign of life.
    pub(super) fn on_request_failure(
        &mut self,
        name: OutboundRequestId,
        error: &OutboundFailure,
        reports: &mut Reports,
    ) -> Option<SignOfLife> {
        // Unknown if its line went down: its failure has been reported.
        let (node, purpose) = self.sent.remove(&name)?;
        match (purpose, request_fault(error)) {
            (Purpose::Caller(id), why) => {
                reports.request_failed(node, id, why);
                None
            }
            (Purpose::SignOfLife, RequestFault::TimedOut) => Some(SignOfLife::Missing(node)),
            (Purpose::SignOfLife, RequestFault::LineLost) => None,
            (Purpose::SignOfLife, _) => Some(SignOfLife::Given(node)),
        }
    }

    /// A peer's request went away before its answer.
    pub(super) fn on_response_failure(&mut self, name: InboundRequestId, error: &InboundFailure) {
        tracing::debug!(%error, "a peer's request went away before its answer");
        if let Some(id) = self.names.remove(&name) {
            self.asked.remove(&id);
        }
    }
}

fn request_fault(error: &OutboundFailure) -> RequestFault {
    match error {
        OutboundFailure::Timeout => RequestFault::TimedOut,
        OutboundFailure::DialFailure | OutboundFailure::ConnectionClosed => RequestFault::LineLost,
        OutboundFailure::UnsupportedProtocols => RequestFault::OtherProtocol,
        // The protocol is proposed together with the request, so that its refusal surfaces here.
        OutboundFailure::Io(error) if refuses_protocol(error) => RequestFault::OtherProtocol,
        OutboundFailure::Io(error) => match error.kind() {
            // QUIC tells the streams before it tells the swarm.
            io::ErrorKind::NotConnected
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => RequestFault::LineLost,
            _ => RequestFault::Unanswered,
        },
    }
}

fn refuses_protocol(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(|inner| inner.is::<NegotiationError>())
}

fn as_count(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
