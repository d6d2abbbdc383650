//! Requests and responses: which are under way, for whom, and what becomes of them.

use std::collections::BTreeMap;
use std::io;

use bytes::Bytes;
use crdt_model::ids::NodeId;
use crdt_model::limits::{PEER_REQUESTS_IN_FLIGHT_MAX, REQUEST_BYTES_MAX, RESPONSE_BYTES_MAX};
use libp2p::PeerId;
use libp2p::core::upgrade::NegotiationError;
use libp2p::request_response::{
    self, InboundRequestId, Message, OutboundFailure, OutboundRequestId, ResponseChannel,
};
use libp2p::swarm::ConnectionId;

use super::codec::Frame;
use super::driver::Driver;
use super::event::{Event, InboundId, RequestId};
use super::fault::{Refusal, RequestFault};

/// What a request of ours was for.
enum Purpose {
    /// The caller asked, and calls it this.
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

/// All requests under way.
#[derive(Default)]
pub(super) struct Exchange {
    sent: BTreeMap<OutboundRequestId, (NodeId, Purpose)>,
    asked: BTreeMap<InboundId, Asked>,
    names: BTreeMap<InboundRequestId, InboundId>,
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

    /// Forgets all that was under way on the line to this node. Returns the caller's requests.
    pub(super) fn drop_line(&mut self, node: NodeId) -> Vec<RequestId> {
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
        ids
    }
}

impl Driver {
    /// Sends the caller's request, or reports why not.
    pub(super) fn send_request(&mut self, node: NodeId, id: RequestId, bytes: Bytes) {
        let Some(link) = self.links.get(&node) else {
            return self.request_failed(node, id, RequestFault::NotConnected);
        };
        if bytes.is_empty() || bytes.len() > REQUEST_BYTES_MAX {
            return self.request_failed(node, id, RequestFault::BadLength);
        }
        if self.exchange.sent_to(node) >= PEER_REQUESTS_IN_FLIGHT_MAX {
            return self.request_failed(node, id, RequestFault::TooMany);
        }
        let length = as_count(bytes.len());
        let frames = &mut self.swarm.behaviour_mut().frames;
        let name = frames.send_request(&link.peer, Frame::Whole(bytes));
        self.exchange.sent.insert(name, (node, Purpose::Caller(id)));
        self.stats.send_modify(|stats| {
            let peer = stats.peer(node);
            peer.requests_sent += 1;
            peer.bytes_sent += length;
        });
    }

    /// Sends an empty request.
    pub(super) fn ask_for_sign_of_life(&mut self, node: NodeId, peer: PeerId) {
        let frames = &mut self.swarm.behaviour_mut().frames;
        let name = frames.send_request(&peer, Frame::Whole(Bytes::new()));
        self.exchange.sent.insert(name, (node, Purpose::SignOfLife));
        self.stats
            .send_modify(|stats| stats.peer(node).signs_of_life_sent += 1);
    }

    /// Sends the caller's response, if its request still waits.
    pub(super) fn send_response(&mut self, id: InboundId, bytes: Bytes) {
        let asked = self.exchange.take_asked(id);
        if bytes.len() > RESPONSE_BYTES_MAX {
            // Dropping the channel tells the peer that there will be no answer.
            tracing::error!(%id, bytes = bytes.len(), "a response over the limit was not sent");
            return;
        }
        let length = as_count(bytes.len());
        let frames = &mut self.swarm.behaviour_mut().frames;
        let sent = asked.and_then(|Asked { node, channel, .. }| {
            frames
                .send_response(channel, Frame::Whole(bytes))
                .is_ok()
                .then_some(node)
        });
        self.stats.send_modify(|stats| match sent {
            None => stats.late_responses += 1,
            Some(node) => {
                let peer = stats.peer(node);
                peer.responses_sent += 1;
                peer.bytes_sent += length;
            }
        });
    }

    /// Reports that a request of the caller will not be answered.
    pub(super) fn request_failed(&mut self, node: NodeId, id: RequestId, why: RequestFault) {
        self.stats
            .send_modify(|stats| stats.peer(node).requests_failed += 1);
        self.emit(Event::RequestFailed { node, id, why });
    }

    /// Something happened on a stream.
    pub(super) fn on_frames(&mut self, event: request_response::Event<Frame, Frame>) {
        match event {
            request_response::Event::Message {
                peer,
                connection_id,
                message,
            } => {
                let Some(node) = self.sender(&peer, connection_id) else {
                    return;
                };
                self.heard(node);
                match message {
                    Message::Request {
                        request_id,
                        request,
                        channel,
                    } => {
                        self.on_request(node, &peer, request_id, request, channel);
                    }
                    Message::Response {
                        request_id,
                        response,
                    } => {
                        self.on_response(node, &peer, request_id, response);
                    }
                }
            }
            request_response::Event::OutboundFailure {
                request_id, error, ..
            } => {
                self.on_request_failure(request_id, &error);
            }
            request_response::Event::InboundFailure {
                request_id, error, ..
            } => {
                tracing::debug!(%error, "a peer's request went away before its answer");
                if let Some(id) = self.exchange.names.remove(&request_id) {
                    self.exchange.asked.remove(&id);
                }
            }
            request_response::Event::ResponseSent { .. } => {}
        }
    }

    /// The node that sent a message, if it may send messages now and sent it on its current line.
    fn sender(&mut self, peer: &PeerId, connection: ConnectionId) -> Option<NodeId> {
        match self.gate().admit(peer) {
            Ok(node) => {
                let link = self.links.get(&node)?;
                (link.connection == connection).then_some(node)
            }
            Err(denial) => {
                self.on_denial(Some(peer), denial, None);
                None
            }
        }
    }

    fn on_request(
        &mut self,
        node: NodeId,
        peer: &PeerId,
        name: InboundRequestId,
        frame: Frame,
        channel: ResponseChannel<Frame>,
    ) {
        let bytes = match frame {
            Frame::Whole(bytes) => bytes,
            Frame::Oversized(claimed_bytes) => {
                let why = Refusal::OversizedRequest { claimed_bytes };
                return self.refuse(Some(peer), Some(node), why, None);
            }
        };
        if bytes.is_empty() {
            // It asks for a sign of life. If it is gone by now, so is the question.
            let frames = &mut self.swarm.behaviour_mut().frames;
            let _ = frames.send_response(channel, Frame::Whole(Bytes::new()));
            return;
        }
        if self.exchange.asked_by(node) >= PEER_REQUESTS_IN_FLIGHT_MAX {
            return self.refuse(Some(peer), Some(node), Refusal::TooManyRequests, None);
        }
        self.stats.send_modify(|stats| {
            let peer = stats.peer(node);
            peer.requests_received += 1;
            peer.bytes_received += as_count(bytes.len());
        });
        let id = self.exchange.admit(node, name, channel);
        self.emit(Event::Request { node, id, bytes });
    }

    fn on_response(&mut self, node: NodeId, peer: &PeerId, name: OutboundRequestId, frame: Frame) {
        // Unknown if its line was replaced meanwhile: its failure has been reported.
        let Some((_, purpose)) = self.exchange.sent.remove(&name) else {
            return;
        };
        let bytes = match frame {
            Frame::Whole(bytes) => bytes,
            Frame::Oversized(claimed_bytes) => {
                let why = Refusal::OversizedResponse { claimed_bytes };
                self.refuse(Some(peer), Some(node), why, None);
                if let Purpose::Caller(id) = purpose {
                    self.request_failed(node, id, RequestFault::Oversized);
                }
                return;
            }
        };
        if let Purpose::Caller(id) = purpose {
            self.stats.send_modify(|stats| {
                let peer = stats.peer(node);
                peer.responses_received += 1;
                peer.bytes_received += as_count(bytes.len());
            });
            self.emit(Event::Response { node, id, bytes });
        }
    }

    fn on_request_failure(&mut self, name: OutboundRequestId, error: &OutboundFailure) {
        // Unknown if its line went down: its failure has been reported.
        let Some((node, purpose)) = self.exchange.sent.remove(&name) else {
            return;
        };
        let why = request_fault(error);
        match purpose {
            Purpose::Caller(id) => self.request_failed(node, id, why),
            Purpose::SignOfLife if why == RequestFault::TimedOut => self.no_sign_of_life(node),
            Purpose::SignOfLife if why == RequestFault::LineLost => {}
            // It refused the stream, so it is there.
            Purpose::SignOfLife => self.heard(node),
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
