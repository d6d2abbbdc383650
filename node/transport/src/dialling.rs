//! Rounds of dialling: the addresses of one node, one after the other, in the order of the roster.

use std::collections::VecDeque;
use std::error::Error;
use std::io;

use crdt_model::ids::NodeId;
use libp2p::core::transport::TransportError;
use libp2p::core::upgrade::NegotiationError;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{ConnectionId, DialError};
use libp2p::{Multiaddr, PeerId, quic};
use libp2p_connection_limits::Exceeded;
use tokio::time::{Instant, timeout};

use super::address::{host_name, parse, resolve};
use super::directory::key_of;
use super::driver::Driver;
use super::event::Event;
use super::fault::{AddressFault, Attempt, DialFault, Refusal};
use super::gate::Denial;

/// Characters of a cause that are kept.
const CAUSE_CHARACTERS_MAX: usize = 200;

/// One round: what has been tried, what is being tried, and what is left.
pub(super) struct Round {
    pub(super) peer: PeerId,
    begun: Instant,
    // As the roster lists them.
    left: VecDeque<String>,
    // The one being tried, and what its host name stands for.
    trying: String,
    hosts: VecDeque<Multiaddr>,
    connection: Option<ConnectionId>,
    failed: Vec<Attempt>,
}

/// What the resolver said about a host name, and for which round.
pub(super) struct Resolved {
    node: NodeId,
    begun: Instant,
    found: Result<Vec<Multiaddr>, AddressFault>,
}

impl Driver {
    /// Begins a round, or reports why there is none.
    pub(super) fn start_round(&mut self, node: NodeId) {
        if self.links.contains_key(&node) {
            self.dialler.connected(node);
            return;
        }
        let gate = self.gate();
        let fault = match gate.directory().active(node) {
            _ if node == self.us => DialFault::Oneself,
            None => DialFault::NotAMember,
            Some(_) if !gate.allows(node) => DialFault::LinkNotAllowed,
            Some(_) if gate.cut().covers(node) => DialFault::Cut,
            Some((member, _)) if member.addresses.is_empty() => DialFault::NoAddress,
            Some((member, peer)) => {
                let round = Round {
                    peer,
                    begun: Instant::now(),
                    left: member.addresses.iter().cloned().collect(),
                    trying: String::new(),
                    hosts: VecDeque::new(),
                    connection: None,
                    failed: Vec::new(),
                };
                self.rounds.insert(node, round);
                return self.try_next(node);
            }
        };
        self.round_failed(node, fault);
    }

    /// Tries the round's next address; ends the round when none is left.
    fn try_next(&mut self, node: NodeId) {
        while let Some(round) = self.rounds.get_mut(&node) {
            if let Some(address) = round.hosts.pop_front() {
                let options = DialOpts::peer_id(round.peer)
                    .condition(PeerCondition::Always)
                    .addresses(vec![address])
                    .build();
                let connection = options.connection_id();
                round.connection = Some(connection);
                match self.swarm.dial(options) {
                    Ok(()) => return,
                    Err(error) => self.note_failure(node, fault_of(&error)),
                }
            } else if let Some(text) = round.left.pop_front() {
                round.trying = text;
                match parse(&round.trying) {
                    Err(fault) => self.note_failure(node, fault),
                    Ok(address) if host_name(&address).is_none() => round.hosts.push_back(address),
                    Ok(address) => {
                        let begun = round.begun;
                        let patience = self.timings.handshake;
                        self.resolving.spawn(async move {
                            let found = timeout(patience, resolve(address)).await;
                            let found = found.unwrap_or(Err(AddressFault::NameNotFound));
                            Resolved { node, begun, found }
                        });
                        return;
                    }
                }
            } else {
                let failed = std::mem::take(&mut round.failed);
                self.rounds.remove(&node);
                return self.round_failed(node, DialFault::Addresses(failed));
            }
        }
    }

    fn note_failure(&mut self, node: NodeId, why: AddressFault) {
        if let Some(round) = self.rounds.get_mut(&node) {
            round.connection = None;
            let address = round.trying.clone();
            round.failed.push(Attempt { address, why });
        }
    }

    fn round_failed(&mut self, node: NodeId, why: DialFault) {
        let retry_in = self.dialler.failed(node, Instant::now(), &mut self.rng);
        tracing::debug!(%node, %why, ?retry_in, "dialling failed");
        self.stats.send_modify(|stats| {
            if matches!(why, DialFault::Addresses(_)) {
                stats.peer(node).dials_failed += 1;
            }
        });
        self.emit(Event::DialFailed {
            node,
            why,
            retry_in,
        });
    }

    /// The resolver answered.
    pub(super) fn on_resolved(&mut self, resolved: Resolved) {
        let Resolved { node, begun, found } = resolved;
        let Some(round) = self
            .rounds
            .get_mut(&node)
            .filter(|round| round.begun == begun)
        else {
            return;
        };
        match found {
            Ok(addresses) => round.hosts.extend(addresses),
            Err(fault) => self.note_failure(node, fault),
        }
        self.try_next(node);
    }

    /// A connection that we dialled did not come up.
    pub(super) fn on_dial_error(&mut self, connection: ConnectionId, error: &DialError) {
        let mut rounds = self.rounds.iter();
        let Some((node, peer)) = rounds.find_map(|(node, round)| {
            (round.connection == Some(connection)).then_some((*node, round.peer))
        }) else {
            return;
        };
        if let DialError::Denied { cause } = error
            && let Some(denial) = cause.downcast_ref::<Denial>()
        {
            // The roster, the links or a cut changed while the handshake was under way, or the peer
            // dialled us meanwhile.
            self.rounds.remove(&node);
            self.on_denial(Some(&peer), *denial, None);
            if !self.links.contains_key(&node) {
                self.dialler.failed(node, Instant::now(), &mut self.rng);
            }
            return;
        }
        self.note_failure(node, fault_of(error));
        self.try_next(node);
    }

    /// An incoming connection did not come up.
    pub(super) fn on_incoming_error(
        &mut self,
        peer: Option<PeerId>,
        error: &libp2p::swarm::ListenError,
        from: &Multiaddr,
    ) {
        if let libp2p::swarm::ListenError::Denied { cause } = error {
            if let Some(denial) = cause.downcast_ref::<Denial>() {
                self.on_denial(peer.as_ref(), *denial, Some(from));
            } else if cause.downcast_ref::<Exceeded>().is_some() {
                let known = peer.and_then(|peer| self.gate().directory().node(&peer));
                let node = known.map(|(node, _)| node);
                self.refuse(peer.as_ref(), node, Refusal::TooManyConnections, Some(from));
            }
        } else {
            tracing::debug!(%from, %error, "an incoming connection did not finish its handshake");
        }
    }
}

fn fault_of(error: &DialError) -> AddressFault {
    match error {
        DialError::WrongPeerId { obtained, .. } => AddressFault::WrongKey {
            found: key_of(obtained),
        },
        // The swarm leaves out addresses that it listens on itself.
        DialError::LocalPeerId { .. } | DialError::NoAddresses => AddressFault::OwnAddress,
        DialError::Denied { cause } if cause.downcast_ref::<Exceeded>().is_some() => {
            AddressFault::TooManyConnections
        }
        DialError::Transport(tried) => match tried.first() {
            Some((_, TransportError::MultiaddrNotSupported(_))) => AddressFault::NotAnAddress,
            Some((_, TransportError::Other(error))) => fault_of_io(error),
            None => AddressFault::OwnAddress,
        },
        other => AddressFault::Other {
            cause: shortened(&other.to_string()),
        },
    }
}

/// Finds the error in a chain that says most.
fn fault_of_io(error: &io::Error) -> AddressFault {
    let mut link: Option<&(dyn Error + 'static)> = Some(error);
    let mut cause = error.to_string();
    while let Some(error) = link {
        cause = error.to_string();
        if let Some(quic::Error::HandshakeTimedOut) = error.downcast_ref() {
            return AddressFault::TimedOut;
        }
        // That is what an end that comes in place of the first answer is called.
        if let Some(NegotiationError::Failed) = error.downcast_ref() {
            return AddressFault::ClosedEarly;
        }
        link = match error.downcast_ref::<io::Error>() {
            None => error.source(),
            Some(error) => {
                match error.kind() {
                    io::ErrorKind::ConnectionRefused => return AddressFault::ConnectionRefused,
                    io::ErrorKind::TimedOut => return AddressFault::TimedOut,
                    io::ErrorKind::HostUnreachable
                    | io::ErrorKind::NetworkUnreachable
                    | io::ErrorKind::NetworkDown => return AddressFault::Unreachable,
                    io::ErrorKind::UnexpectedEof
                    | io::ErrorKind::ConnectionReset
                    | io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::BrokenPipe => return AddressFault::ClosedEarly,
                    io::ErrorKind::AddrNotAvailable | io::ErrorKind::PermissionDenied => {
                        return AddressFault::Other {
                            cause: shortened(&cause),
                        };
                    }
                    // What is inside an I/O error is not its source.
                    _ => error.get_ref().map(|inner| inner as &(dyn Error + 'static)),
                }
            }
        };
    }
    AddressFault::HandshakeFailed {
        cause: shortened(&cause),
    }
}

/// As much of a cause as is worth keeping.
pub(super) fn shortened(cause: &str) -> String {
    cause.chars().take(CAUSE_CHARACTERS_MAX).collect()
}
