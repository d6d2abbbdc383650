//! One round of dialling: the addresses of one node, one after the other, in the order of the roster.

use std::collections::VecDeque;
use std::error::Error;
use std::io;

use libp2p::core::transport::TransportError;
use libp2p::core::upgrade::NegotiationError;
use libp2p::swarm::{ConnectionId, DialError};
use libp2p::{Multiaddr, PeerId, quic};
use libp2p_connection_limits::Exceeded;
use tokio::time::Instant;

use super::address::{host_name, parse};
use super::directory::key_of;
use super::fault::{AddressFault, Attempt, shortened};

/// One round: what has been tried, what is being tried, and what is left.
pub(super) struct Round {
    pub(super) peer: PeerId,
    pub(super) begun: Instant,
    /// Addresses that are left, as the roster lists them.
    left: VecDeque<String>,
    /// The address being tried.
    trying: String,
    /// What is left of the addresses that its host name stands for.
    hosts: VecDeque<Multiaddr>,
    /// The connection being tried.
    pub(super) connection: Option<ConnectionId>,
    failed: Vec<Attempt>,
}

/// What a round does next.
pub(super) enum Step {
    /// Dial this address.
    Dial(Multiaddr),
    /// Ask the resolver for the addresses of this one's host name.
    Resolve(Multiaddr),
    /// Nothing: no address is left, and each attempt failed.
    Over(Vec<Attempt>),
}

impl Round {
    /// A round over these addresses, which begins now.
    pub(super) fn new(peer: PeerId, addresses: impl Iterator<Item = String>) -> Self {
        Self {
            peer,
            begun: Instant::now(),
            left: addresses.collect(),
            trying: String::new(),
            hosts: VecDeque::new(),
            connection: None,
            failed: Vec::new(),
        }
    }

    /// Takes the next address that can be tried.
    pub(super) fn next(&mut self) -> Step {
        loop {
            if let Some(address) = self.hosts.pop_front() {
                return Step::Dial(address);
            }
            let Some(text) = self.left.pop_front() else {
                return Step::Over(std::mem::take(&mut self.failed));
            };
            self.trying = text;
            match parse(&self.trying) {
                Err(fault) => self.note_failure(fault),
                Ok(address) if host_name(&address).is_none() => self.hosts.push_back(address),
                Ok(address) => return Step::Resolve(address),
            }
        }
    }

    /// The resolver answered: these addresses come next.
    pub(super) fn resolved(&mut self, found: Result<Vec<Multiaddr>, AddressFault>) {
        match found {
            Ok(addresses) => self.hosts.extend(addresses),
            Err(fault) => self.note_failure(fault),
        }
    }

    /// The address being tried did not lead to the node.
    pub(super) fn note_failure(&mut self, why: AddressFault) {
        self.connection = None;
        let address = self.trying.clone();
        self.failed.push(Attempt { address, why });
    }
}

/// Why dialling an address failed.
pub(super) fn fault_of(error: &DialError) -> AddressFault {
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
