//! Lines that come up, go down, fall silent, and are no longer admitted.

use crdt_model::ids::NodeId;
use libp2p::PeerId;
use libp2p::core::ConnectedPoint;
use libp2p::swarm::{ConnectionError, ConnectionId};
use tokio::time::Instant;

use super::address::without_peer;
use super::dialling::shortened;
use super::driver::Driver;
use super::event::Event;
use super::fault::{CloseReason, Refusal, RequestFault};
use super::gate::Denial;
use super::source::Source;

/// A line that is up.
pub(super) struct Link {
    pub(super) peer: PeerId,
    pub(super) connection: ConnectionId,
    /// When the peer last said something.
    pub(super) heard: Instant,
    /// Whether it has said anything.
    pub(super) proven: bool,
    /// Since when it owes a sign of life.
    pub(super) asked: Option<Instant>,
}

impl Driver {
    /// A connection came up, and the gate admitted it.
    pub(super) fn on_line_up(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        endpoint: &ConnectedPoint,
    ) {
        let node = match self.gate().admit(&peer) {
            Ok(node) => node,
            Err(denial) => {
                // The roster, the links or a cut changed in between.
                self.switchboard.sever(peer);
                self.gate_mut().forget(&peer);
                self.on_denial(Some(&peer), denial, Some(endpoint.get_remote_address()));
                return;
            }
        };
        if self.links.contains_key(&node) {
            self.line_down(node, CloseReason::Replaced);
        }
        if let ConnectedPoint::Listener { send_back_addr, .. } = endpoint {
            let source = Source::of(send_back_addr);
            self.doors.members.note(source, Instant::now());
        }
        self.rounds.remove(&node);
        self.cut_off.remove(&node);
        self.dialler.connected(node);
        let link = Link {
            peer,
            connection,
            heard: Instant::now(),
            proven: false,
            asked: None,
        };
        self.links.insert(node, link);
        let address = without_peer(endpoint.get_remote_address()).to_string();
        let we_dialled = endpoint.is_dialer();
        let lines = self.links.len();
        self.stats.send_modify(|stats| {
            stats.lines = u64::try_from(lines).unwrap_or(u64::MAX);
            let peer = stats.peer(node);
            peer.connected = true;
            peer.address = Some(address.clone());
            peer.lines_up += 1;
        });
        self.emit(Event::Connected {
            node,
            we_dialled,
            address,
        });
    }

    /// A connection closed. Only that of the current line matters.
    pub(super) fn on_line_closed(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        cause: Option<ConnectionError>,
    ) {
        let of_line =
            |(_, link): &(&NodeId, &Link)| link.peer == peer && link.connection == connection;
        let Some((node, link)) = self.links.iter().find(of_line) else {
            return;
        };
        let why = match cause.as_ref().map_or(CloseReason::TheyHungUp, close_reason) {
            CloseReason::TheyHungUp if !link.proven => CloseReason::ClosedAtOnce,
            why => why,
        };
        self.line_down(*node, why);
    }

    /// Takes the line out of the books: fails its requests, reports, and plans the next dial.
    fn line_down(&mut self, node: NodeId, why: CloseReason) {
        if self.links.remove(&node).is_none() {
            return;
        }
        for id in self.exchange.drop_line(node) {
            self.request_failed(node, id, RequestFault::LineLost);
        }
        match &why {
            CloseReason::Replaced => {}
            CloseReason::Cut => {
                self.cut_off.insert(node);
                self.dialler.hold(node);
            }
            _ => {
                self.dialler.failed(node, Instant::now(), &mut self.rng);
            }
        }
        let lines = self.links.len();
        self.stats.send_modify(|stats| {
            stats.lines = u64::try_from(lines).unwrap_or(u64::MAX);
            let peer = stats.peer(node);
            peer.connected = false;
            peer.lines_down += 1;
        });
        self.emit(Event::Disconnected { node, why });
    }

    /// Closes a line in good order.
    pub(super) fn close_line(&mut self, node: NodeId, why: CloseReason) {
        if let Some(link) = self.links.get(&node) {
            let (peer, connection) = (link.peer, link.connection);
            self.gate_mut().forget(&peer);
            self.swarm.close_connection(connection);
            self.line_down(node, why);
        }
    }

    /// Ends a line at once: no byte passes after this.
    pub(super) fn sever_line(&mut self, node: NodeId, why: CloseReason) {
        if let Some(link) = self.links.get(&node) {
            let peer = link.peer;
            self.switchboard.sever(peer);
            self.gate_mut().forget(&peer);
            self.line_down(node, why);
        }
    }

    /// Closes the line to a node because the caller wants it.
    pub(super) fn hang_up(&mut self, node: NodeId) {
        self.abort_round(node);
        self.close_line(node, CloseReason::WeHungUp);
    }

    fn abort_round(&mut self, node: NodeId) {
        if let Some(round) = self.rounds.remove(&node) {
            // Aborts the handshake under way. There is no line that it could close with it.
            let _ = self.swarm.disconnect_peer_id(round.peer);
            self.dialler.failed(node, Instant::now(), &mut self.rng);
        }
    }

    /// Ends every line and every handshake that the gate would not admit now, and dials whatever may
    /// be dialled now.
    pub(super) fn review(&mut self, now: Instant) {
        let gate = self.gate();
        let refusal = |node: NodeId, peer: &PeerId| match gate.admit(peer) {
            Ok(found) if found == node => None,
            Ok(_) => Some(Refusal::NotInRoster),
            Err(Denial::Refused { why, .. }) => Some(why),
            Err(Denial::SecondLine) => None,
        };
        let lines = self.links.iter().map(|(node, link)| (*node, link.peer));
        let rounds = self.rounds.iter().map(|(node, round)| (*node, round.peer));
        let doomed = |(node, peer): (NodeId, PeerId)| Some((node, refusal(node, &peer)?));
        let lines: Vec<_> = lines.filter_map(doomed).collect();
        let rounds: Vec<_> = rounds.filter_map(doomed).collect();
        for (node, why) in lines {
            let why = match why {
                Refusal::Cut => CloseReason::Cut,
                other => CloseReason::NoLongerAdmitted(other),
            };
            self.sever_line(node, why);
        }
        for (node, _) in rounds {
            self.abort_round(node);
        }
        for node in self.dialler.nodes() {
            if self.gate().cut().covers(node) {
                self.dialler.hold(node);
            }
        }
        let gate = &self.swarm.behaviour().gate;
        self.dialler.release(|node| !gate.cut().covers(node), now);
    }

    /// Asks silent peers for a sign of life. An empty request will do, and an empty response.
    pub(super) fn look_for_silence(&mut self) {
        let now = Instant::now();
        let keep_alive = self.timings.keep_alive;
        let silent = |(_, link): &(&NodeId, &mut Link)| {
            link.asked.is_none() && now.duration_since(link.heard) >= keep_alive
        };
        let mut asked = Vec::new();
        for (node, link) in self.links.iter_mut().filter(silent) {
            link.asked = Some(now);
            asked.push((*node, link.peer));
        }
        for (node, peer) in asked {
            self.ask_for_sign_of_life(node, peer);
        }
    }

    /// The peer said something.
    pub(super) fn heard(&mut self, node: NodeId) {
        if let Some(link) = self.links.get_mut(&node) {
            link.heard = Instant::now();
            link.proven = true;
            link.asked = None;
            self.dialler.proven(node);
        }
    }

    /// A request for a sign of life timed out. If nothing else came in either, the line is dead.
    pub(super) fn no_sign_of_life(&mut self, node: NodeId) {
        let Some(link) = self.links.get_mut(&node) else {
            return;
        };
        if link.asked.take().is_some() {
            let silence = Instant::now().duration_since(link.heard);
            self.sever_line(node, CloseReason::Silent { silence });
        }
    }
}

fn close_reason(error: &ConnectionError) -> CloseReason {
    let ConnectionError::IO(error) = error else {
        return CloseReason::Broken {
            cause: error.to_string(),
        };
    };
    let cause = error.to_string();
    // Both multiplexers have an error of their own, which says this, for a close in good order.
    let in_good_order = cause.contains("connection is closed") || cause.contains("closed by peer");
    if in_good_order {
        CloseReason::TheyHungUp
    } else {
        CloseReason::Broken {
            cause: shortened(&cause),
        }
    }
}
