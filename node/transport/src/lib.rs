//! The wire: opaque requests and responses between the nodes of one roster, over libp2p, and nothing
//! more. It knows who may talk; what they say is the engine's affair. A thin shell on purpose, because
//! nothing in it can run under the simulator.
//!
//! # What it does
//! * One line for each pair of nodes: TCP with TLS 1.3 and yamux, or QUIC. Both ends prove their
//!   ed25519 keys in the handshake.
//! * Whoever is not an active member of the roster is turned away right after the handshake, and the
//!   roster is asked again for every message, so that a change holds at once.
//! * It keeps lines to the nodes it is told to keep, dialling their addresses in the order of the
//!   roster, with exponential back-off and jitter, forever.
//! * Connections whose other end has not proven who it is are bounded, for each source and in all; one
//!   that says nothing has a short deadline; and sources from which members have come have room of
//!   their own. So a flood of connections keeps no member out.
//! * Frames are bounded, requests under way are bounded, queues are bounded.
//!
//! # Dead lines
//! A pulled cable sends no farewell. A peer that has been silent for [`KEEP_ALIVE_MS`] is sent an
//! empty request, which its transport answers with an empty response; if that times out and nothing
//! else came in, the line is severed with [`CloseReason::Silent`]. That is within a minute, for TCP
//! and QUIC alike, and it tests the peer's program and not just its kernel.
//!
//! # The contract of the channels
//! Every [`Command::Request`] leads to exactly one [`Event::Response`] or [`Event::RequestFailed`].
//! Between [`Event::Connected`] and [`Event::Disconnected`] of a node there is exactly one line;
//! requests that were under way have failed before `Disconnected` is reported. Both channels are
//! bounded: whoever sends commands must also take events, or will be made to wait.
//!
//! # Map
//! [`event`] and [`config`] are the boundary, [`fault`] says what went wrong in words, [`stats`]
//! counts.
//!
//! Inside, `driver` is the task. It has a `link` for each line that is up, a `round` for each node that is
//! being dialled (`dialler` says when), an `exchange` of requests and responses, and `reports` to the caller.
//! `swarm` puts libp2p together out of `codec`, `gate`, `line` and the doors: `hall` is for connections that
//! have said nothing, `turnstile` for handshakes under way, both with a `room` that knows each `source` and
//! a count of what was `turned_away`. `directory` is the roster by peer id, `address` what rosters list.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::net::{IpAddr, TcpListener, UdpSocket};
use std::sync::Arc;

use crdt_model::charter::Roster;
use crdt_model::ids::{NodeId, PublicKey};
use libp2p::identity::Keypair;
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, Swarm};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

mod address;
mod codec;
pub mod config;
mod dialler;
mod directory;
mod driver;
pub mod event;
mod exchange;
pub mod fault;
mod gate;
mod hall;
mod line;
mod link;
mod reports;
mod room;
mod round;
mod source;
pub mod stats;
mod swarm;
mod turned_away;
mod turnstile;

pub use config::{
    CLOSE_TIMEOUT_MS, FIRST_BYTES_TIMEOUT_MS, HANDSHAKE_TIMEOUT_MS, KEEP_ALIVE_MS, Timings,
    TransportConfig, TransportError,
};
pub use event::{Allowed, Command, Cut, Event, InboundId, RequestId};
pub use fault::{AddressFault, Attempt, CloseReason, DialFault, Refusal, RequestFault};
pub use stats::{PeerStats, Refusals, Stats};

/// Commands that may wait for the transport.
pub const WAITING_COMMANDS_MAX: usize = 64;
/// Events that may wait for the caller.
pub const WAITING_EVENTS_MAX: usize = 64;

/// The transport has ended, because it was stopped or because nobody took its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the transport has ended")]
pub struct Ended;

/// The caller's end: sends commands, reads counters. Cheap to clone. When the last one is dropped the
/// transport stops.
#[derive(Clone, Debug)]
pub struct Handle {
    commands: mpsc::Sender<Command>,
    stats: watch::Receiver<Stats>,
}

impl Handle {
    /// Sends a command, waiting while as many as allowed are waiting already.
    pub async fn send(&self, command: Command) -> Result<(), Ended> {
        self.commands.send(command).await.map_err(|_| Ended)
    }

    /// Sends a command if there is room for it, or gives it back.
    pub fn try_send(&self, command: Command) -> Result<(), mpsc::error::TrySendError<Command>> {
        self.commands.try_send(command)
    }

    /// The counters as they stand.
    pub fn stats(&self) -> Stats {
        self.stats.borrow().clone()
    }
}

/// The way in.
#[derive(Debug)]
pub struct Transport;

impl Transport {
    /// Listens, and starts the task that does the rest on the current tokio runtime.
    ///
    /// # Errors
    /// See [`TransportError`]. Addresses that are taken are reported here, not later.
    pub fn start(
        config: TransportConfig,
        roster: Arc<Roster>,
    ) -> Result<(Handle, mpsc::Receiver<Event>), TransportError> {
        // libp2p-tls writes every connection's keys to the file that this variable names.
        if std::env::var_os("SSLKEYLOGFILE").is_some() {
            return Err(TransportError::KeyLog);
        }
        let TransportConfig {
            node,
            secret,
            listen,
            timings,
        } = config;
        let pair = swarm::identity(&secret)?;
        check_own_key(node, &pair, &roster)?;
        let mut seed = <ChaCha8Rng as SeedableRng>::Seed::default();
        getrandom::fill(&mut seed).map_err(|error| TransportError::Entropy(error.to_string()))?;

        let mut gate = gate::Gate::new(node, timings.handshake);
        gate.set_directory(directory::Directory::new(roster));
        let switchboard = line::Switchboard::default();
        let doors = swarm::Doors::default();
        let mut swarm = swarm::build(&pair, gate, &switchboard, &doors, &timings)?;
        for address in &listen {
            listen_on(&mut swarm, address)?;
        }

        let (commands, from_caller) = mpsc::channel(WAITING_COMMANDS_MAX);
        let (to_caller, events) = mpsc::channel(WAITING_EVENTS_MAX);
        let (stats, read_stats) = watch::channel(Stats::default());
        let driver = driver::Driver {
            us: node,
            swarm,
            switchboard,
            doors,
            dialler: dialler::Dialler::new(timings.retry_first, timings.retry_last),
            timings,
            rng: ChaCha8Rng::from_seed(seed),
            commands: from_caller,
            reports: reports::Reports::new(to_caller, stats),
            rounds: BTreeMap::new(),
            resolving: JoinSet::new(),
            links: BTreeMap::new(),
            cut_off: BTreeSet::new(),
            exchange: exchange::Exchange::default(),
        };
        tokio::spawn(driver.run());
        Ok((
            Handle {
                commands,
                stats: read_stats,
            },
            events,
        ))
    }

    /// The public key of a secret key, as the roster lists it.
    pub fn public_key(secret: &[u8; 32]) -> Result<PublicKey, TransportError> {
        public_key_of(&swarm::identity(secret)?)
    }
}

fn public_key_of(pair: &Keypair) -> Result<PublicKey, TransportError> {
    let key = pair
        .public()
        .try_into_ed25519()
        .map_err(|_| TransportError::SecretKey)?;
    Ok(PublicKey(key.to_bytes()))
}

fn check_own_key(node: NodeId, pair: &Keypair, roster: &Roster) -> Result<(), TransportError> {
    let key = public_key_of(pair)?;
    match roster.member(node) {
        Some(member) if member.key != key => Err(TransportError::NotOurKey(node)),
        _ => Ok(()),
    }
}

fn listen_on(swarm: &mut Swarm<swarm::Wire>, address: &str) -> Result<(), TransportError> {
    let wrong = |_| TransportError::ListenAddress(address.to_owned());
    let parsed: Multiaddr = address::parse(address).map_err(wrong)?;
    if address::host_name(&parsed).is_some() {
        return Err(TransportError::ListenAddress(address.to_owned()));
    }
    check_free(address, &parsed)?;
    match swarm.listen_on(parsed) {
        Ok(_) => Ok(()),
        Err(error) => Err(TransportError::Listen {
            address: address.to_owned(),
            cause: error.to_string(),
        }),
    }
}

/// Refuses a port that another socket has. libp2p listens with `SO_REUSEPORT`, by which two nodes of one
/// user would share a port, and each would get half of the calls.
fn check_free(address: &str, parsed: &Multiaddr) -> Result<(), TransportError> {
    let parts: Vec<_> = parsed.iter().collect();
    let (host, port, stream) = match parts.as_slice() {
        [host, Protocol::Tcp(port)] => (host, *port, true),
        [host, Protocol::Udp(port), _] => (host, *port, false),
        _ => return Ok(()),
    };
    let host: IpAddr = match host {
        Protocol::Ip4(host) => (*host).into(),
        Protocol::Ip6(host) => (*host).into(),
        _ => return Ok(()),
    };
    let tried = match stream {
        true => TcpListener::bind((host, port)).map(drop),
        false => UdpSocket::bind((host, port)).map(drop),
    };
    match tried {
        Err(error) if error.kind() == ErrorKind::AddrInUse => Err(TransportError::Taken {
            address: address.to_owned(),
            port,
        }),
        // Whatever else is wrong, listening says so.
        _ => Ok(()),
    }
}
