//! Who may have a line, and which line stays when there are two.
//!
//! libp2p asks every behaviour about every connection, before and right after the handshake. This
//! one says no to whoever is not an active member, whoever may not link, and whatever is cut. It must
//! stand first in the list of behaviours: one that was asked before a refusal would keep a record of
//! a connection that never came to be.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::convert::Infallible;
use std::fmt;
use std::task::{Context, Poll};
use std::time::Duration;

use crdt_model::charter::Standing;
use crdt_model::ids::NodeId;
use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::swarm::behaviour::{ConnectionClosed, ConnectionEstablished};
use libp2p::swarm::{
    CloseConnection, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler,
    THandlerInEvent, THandlerOutEvent, ToSwarm, dummy,
};
use libp2p::{Multiaddr, PeerId};
use tokio::time::Instant;

use super::directory::Directory;
use super::event::{Allowed, Cut};
use super::fault::Refusal;

/// Why the gate said no.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Denial {
    /// The peer may not have a line.
    Refused {
        /// The node, if the roster lists one with that key.
        node: Option<NodeId>,
        /// Why.
        why: Refusal,
    },
    /// There is a line already, and it is the one that stays.
    SecondLine,
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Denial::Refused { why, .. } => why.fmt(f),
            Denial::SecondLine => f.write_str("there is a line already"),
        }
    }
}

impl std::error::Error for Denial {}

/// The line that is up.
#[derive(Clone, Copy)]
struct Up {
    connection: ConnectionId,
    we_dialled: bool,
    since: Instant,
    /// How many lines in a row took the place of one that was young.
    in_a_row: u32,
}

impl Up {
    /// The line that takes this one's place.
    fn followed_by(&self, connection: ConnectionId, we_dialled: bool, now: Instant) -> Self {
        let young = now.duration_since(self.since) < YOUNG;
        Self {
            connection,
            we_dialled,
            since: now,
            in_a_row: if young { self.in_a_row + 1 } else { 0 },
        }
    }

    /// Whether it stays whatever else comes. Two machines with one key would end each other's lines
    /// before anything has passed; so each keeps its line for a while.
    fn has_its_turn(&self, now: Instant) -> bool {
        self.in_a_row >= TURNS_FROM && now.duration_since(self.since) < TURN
    }
}

/// Lines that take each other's place in a row, from which on each has its turn.
const TURNS_FROM: u32 = 3;
/// How long a turn is.
const TURN: Duration = Duration::from_secs(10);
/// A line that was replaced sooner than this is one in a row.
const YOUNG: Duration = Duration::from_secs(60);

/// The gatekeeper behaviour.
pub(super) struct Gate {
    us: NodeId,
    settle: Duration,
    directory: Directory,
    allowed: Allowed,
    cut: Cut,
    up: BTreeMap<PeerId, Up>,
    superseded: VecDeque<(PeerId, ConnectionId)>,
}

impl Gate {
    /// A gate that admits nobody until it is given a directory. Two lines of one pair that come up
    /// within `settle` were dialled by both ends at once.
    pub(super) fn new(us: NodeId, settle: Duration) -> Self {
        Self {
            us,
            settle,
            directory: Directory::default(),
            allowed: Allowed::default(),
            cut: Cut::default(),
            up: BTreeMap::new(),
            superseded: VecDeque::new(),
        }
    }

    pub(super) fn directory(&self) -> &Directory {
        &self.directory
    }

    pub(super) fn set_directory(&mut self, directory: Directory) {
        self.directory = directory;
    }

    pub(super) fn set_allowed(&mut self, allowed: Allowed) {
        self.allowed = allowed;
    }

    pub(super) fn cut(&self) -> &Cut {
        &self.cut
    }

    pub(super) fn set_cut(&mut self, cut: Cut) {
        self.cut = cut;
    }

    /// Whether lines between this node and that one are allowed.
    pub(super) fn allows(&self, node: NodeId) -> bool {
        match &self.allowed {
            Allowed::Members => true,
            Allowed::Only(nodes) => BTreeSet::contains(nodes, &node),
        }
    }

    /// The node of a peer that may have a line and send messages now, or why it may not.
    pub(super) fn admit(&self, peer: &PeerId) -> Result<NodeId, Denial> {
        let Some((node, standing)) = self.directory.node(peer) else {
            return Err(Denial::Refused {
                node: None,
                why: Refusal::NotInRoster,
            });
        };
        let why = if standing == Standing::Revoked {
            Refusal::Revoked
        } else if !self.allows(node) {
            Refusal::LinkNotAllowed
        } else if self.cut.covers(node) {
            Refusal::Cut
        } else {
            return Ok(node);
        };
        Err(Denial::Refused {
            node: Some(node),
            why,
        })
    }

    /// Forgets the line to a peer that was severed, so that it cannot stand in a new one's way.
    pub(super) fn forget(&mut self, peer: &PeerId) {
        self.up.remove(peer);
    }

    /// Whether a new line to this node takes the place of the one that is up. Both ends come to the
    /// same answer:
    /// * dialled by the same end again: that end has lost the old one, so the new one stays;
    /// * dialled by the other end long after: likewise;
    /// * dialled by both ends at once: the one that the node with the smaller code dialled stays.
    fn takes_over(&self, old: &Up, we_dialled: bool, them: NodeId, now: Instant) -> bool {
        if old.has_its_turn(now) {
            return false;
        }
        old.we_dialled == we_dialled
            || now.duration_since(old.since) > self.settle
            || we_dialled == (self.us < them)
    }

    fn judge(&self, peer: &PeerId, we_dialled: bool) -> Result<(), ConnectionDenied> {
        let node = self.admit(peer).map_err(ConnectionDenied::new)?;
        match self.up.get(peer) {
            Some(old) if !self.takes_over(old, we_dialled, node, Instant::now()) => {
                Err(ConnectionDenied::new(Denial::SecondLine))
            }
            _ => Ok(()),
        }
    }
}

impl NetworkBehaviour for Gate {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        if self.cut == Cut::Everything {
            let denial = Denial::Refused {
                node: None,
                why: Refusal::Cut,
            };
            return Err(ConnectionDenied::new(denial));
        }
        Ok(())
    }

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.judge(&peer, false).map(|()| dummy::ConnectionHandler)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: Option<PeerId>,
        _: &[Multiaddr],
        _: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        // Nothing in this program dials without knowing whom.
        let denial = Denial::Refused {
            node: None,
            why: Refusal::NotInRoster,
        };
        let peer = peer.ok_or_else(|| ConnectionDenied::new(denial))?;
        self.admit(&peer)
            .map(|_| Vec::new())
            .map_err(ConnectionDenied::new)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.judge(&peer, true).map(|()| dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(ConnectionEstablished {
                peer_id,
                connection_id,
                endpoint,
                ..
            }) => {
                let (we_dialled, now) = (endpoint.is_dialer(), Instant::now());
                let first = Up {
                    connection: connection_id,
                    we_dialled,
                    since: now,
                    in_a_row: 0,
                };
                let old = self.up.remove(&peer_id);
                let up = old.map_or(first, |old| old.followed_by(connection_id, we_dialled, now));
                self.up.insert(peer_id, up);
                if let Some(old) = old {
                    self.superseded.push_back((peer_id, old.connection));
                }
            }
            FromSwarm::ConnectionClosed(ConnectionClosed {
                peer_id,
                connection_id,
                ..
            }) if self
                .up
                .get(&peer_id)
                .is_some_and(|up| up.connection == connection_id) =>
            {
                self.up.remove(&peer_id);
            }
            _ => {}
        }
    }

    fn on_connection_handler_event(
        &mut self,
        _: PeerId,
        _: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Infallible, THandlerInEvent<Self>>> {
        match self.superseded.pop_front() {
            Some((peer_id, old)) => Poll::Ready(ToSwarm::CloseConnection {
                peer_id,
                connection: CloseConnection::One(old),
            }),
            None => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTLE: Duration = Duration::from_secs(10);

    fn node(text: &str) -> NodeId {
        text.parse().expect("a node code")
    }

    #[test]
    fn of_two_lines_dialled_at_once_both_ends_keep_the_same_one() {
        let (small, large) = (node("620723101000"), node("620723101201"));
        let now = Instant::now();
        let up = |we_dialled| Up {
            connection: ConnectionId::new_unchecked(1),
            we_dialled,
            since: now,
            in_a_row: 0,
        };
        let (at_small, at_large) = (Gate::new(small, SETTLE), Gate::new(large, SETTLE));
        // The line that the smaller one dialled arrives second, and takes over at both ends.
        assert!(at_small.takes_over(&up(false), true, large, now));
        assert!(at_large.takes_over(&up(true), false, small, now));
        // The line that the larger one dialled arrives second, and gives way at both ends.
        assert!(!at_small.takes_over(&up(true), false, large, now));
        assert!(!at_large.takes_over(&up(false), true, small, now));
    }

    #[test]
    fn a_peer_that_comes_back_is_not_held_up_by_its_old_line() {
        let gate = Gate::new(node("620723101000"), SETTLE);
        let then = Instant::now();
        let old = |we_dialled| Up {
            connection: ConnectionId::new_unchecked(1),
            we_dialled,
            since: then,
            in_a_row: 0,
        };
        let them = node("620723101201");
        assert!(
            gate.takes_over(&old(false), false, them, then),
            "it dialled again"
        );
        let later = then + SETTLE + Duration::from_millis(1);
        assert!(
            gate.takes_over(&old(true), false, them, later),
            "it lost the line we dialled"
        );
    }

    #[test]
    fn two_machines_that_end_each_others_lines_each_get_a_turn() {
        let gate = Gate::new(node("620723101000"), SETTLE);
        let them = node("620723101201");
        let id = ConnectionId::new_unchecked(1);
        let mut now = Instant::now();
        let mut up = Up {
            connection: id,
            we_dialled: false,
            since: now,
            in_a_row: 0,
        };
        for _ in 0..TURNS_FROM {
            assert!(gate.takes_over(&up, false, them, now));
            now += Duration::from_millis(800);
            up = up.followed_by(id, false, now);
        }
        for _ in 0..2 {
            assert!(!gate.takes_over(&up, false, them, now + TURN / 2));
            now += TURN;
            assert!(gate.takes_over(&up, false, them, now), "the other's turn");
            up = up.followed_by(id, false, now);
        }
        now += YOUNG;
        assert!(!up.followed_by(id, false, now).has_its_turn(now));
    }
}
