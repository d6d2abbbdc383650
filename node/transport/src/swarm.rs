//! The libp2p stack: TCP, TLS 1.3 and yamux, or QUIC, and on top of either one protocol.
//!
//! No identify, no ping, no discovery, no relay: a node knows its peers from the roster.

use std::io;
use std::num::NonZeroU8;

use crdt_model::limits::{CONNECTIONS_MAX, PEER_REQUESTS_IN_FLIGHT_MAX};
use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::timeout::TransportTimeoutError;
use libp2p::core::transport::{Boxed, Transport as _};
use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::request_response::{self, ProtocolSupport};
use libp2p::swarm::NetworkBehaviour;
use libp2p::{PeerId, Swarm, quic, tcp, tls, yamux};
use libp2p_connection_limits::{self as connection_limits, ConnectionLimits};

use super::codec::{Frames, PROTOCOL};
use super::config::{Timings, TransportError};
use super::gate::Gate;
use super::hall::Hall;
use super::line::Switchboard;
use super::source::MemberSources;
use super::turned_away::TurnedAway;
use super::turnstile::Turnstile;
use crate::room::ROOM_MAX;

/// Connections that we dialled and whose handshake is under way.
const DIALLED_PENDING_MAX: u32 = 64;
/// Connections that others opened and whose handshake is under way, TCP and QUIC together. This is only
/// a backstop: [`Turnstile`] decides who gives way, and what gave way is gone a little later.
const OPENED_PENDING_MAX: u32 = 4 * ROOM_MAX as u32;
/// Connections of one peer: the line that is up, one that is closing, and one that takes over.
const PEER_CONNECTIONS_MAX: u32 = 3;
/// Connections the kernel holds before they are accepted. Where there is no room, it ignores new ones,
/// and their owners try again after a second.
const LISTEN_BACKLOG: u32 = 1024;
/// Requests of one line under way, both directions together. Twice the requests that may wait in
/// each direction, because a stream lives a little longer than its request.
const STREAMS_MAX: usize = 4 * PEER_REQUESTS_IN_FLIGHT_MAX;
/// Streams of one line that may agree on their protocol at once; more are reset.
const NEGOTIATING_STREAMS_MAX: usize = 16;
/// Streams of one line in any state; a peer that opens more loses the line.
const LINE_STREAMS_MAX: usize = 128;
/// Bytes of one QUIC stream that may be under way unread: a whole response.
const QUIC_STREAM_BYTES: u32 = 256 * 1024;
/// Bytes of one QUIC line that may be under way unread.
const QUIC_LINE_BYTES: u32 = 2 * 1024 * 1024;

/// What runs on every connection. The order matters: who says no stands before who keeps records.
#[derive(NetworkBehaviour)]
pub(super) struct Wire {
    pub(super) gate: Gate,
    pub(super) limits: connection_limits::Behaviour,
    pub(super) frames: Frames,
}

/// What bounds the connections that others open, and what came of that.
#[derive(Clone, Default)]
pub(super) struct Doors {
    pub(super) members: MemberSources,
    pub(super) turned_away: TurnedAway,
}

impl Doors {
    fn bound<O>(&self, transport: Boxed<O>) -> Turnstile<O> {
        Turnstile::new(transport, self.members.clone(), self.turned_away.clone())
    }
}

/// The identity made of a node's secret key.
pub(super) fn identity(secret: &[u8; 32]) -> Result<Keypair, TransportError> {
    // The copy is wiped by the callee.
    Keypair::ed25519_from_bytes(*secret).map_err(|_| TransportError::SecretKey)
}

/// Puts the stack together. Nothing listens or dials yet.
pub(super) fn build(
    pair: &Keypair,
    gate: Gate,
    switchboard: &Switchboard,
    doors: &Doors,
    timings: &Timings,
) -> Result<Swarm<Wire>, TransportError> {
    let limits = ConnectionLimits::default()
        .with_max_pending_incoming(Some(OPENED_PENDING_MAX))
        .with_max_pending_outgoing(Some(DIALLED_PENDING_MAX))
        .with_max_established(Some(CONNECTIONS_MAX))
        .with_max_established_per_peer(Some(PEER_CONNECTIONS_MAX));
    let requests = request_response::Config::default()
        .with_request_timeout(timings.request)
        .with_max_concurrent_streams(STREAMS_MAX);
    let wire = Wire {
        gate,
        limits: connection_limits::Behaviour::new(limits),
        frames: Frames::new([(PROTOCOL, ProtocolSupport::Full)], requests),
    };
    let config = libp2p::swarm::Config::with_tokio_executor()
        // A line is idle between signs of life; only their failure ends it.
        .with_idle_connection_timeout(timings.keep_alive * 8 + timings.request)
        .with_max_negotiating_inbound_streams(NEGOTIATING_STREAMS_MAX)
        .with_dial_concurrency_factor(NonZeroU8::MIN)
        // There is one protocol, so a request need not wait for the peer to agree to it.
        .with_substream_upgrade_protocol_override(Version::V1Lazy);
    let transport = wires(pair, switchboard, doors, timings)?;
    Ok(Swarm::new(
        transport,
        wire,
        pair.public().to_peer_id(),
        config,
    ))
}

fn wires(
    pair: &Keypair,
    switchboard: &Switchboard,
    doors: &Doors,
    timings: &Timings,
) -> Result<Boxed<(PeerId, StreamMuxerBox)>, TransportError> {
    // Rooms of their own: the address of a QUIC packet may be forged, that of a TCP connection not.
    let quic = doors.bound(quic_wire(pair, timings));
    let tcp = doors.bound(tcp_wire(pair, doors, timings)?);
    let switchboard = switchboard.clone();
    let close = timings.close;
    let severable = move |(peer, line)| {
        let line = switchboard.attach(peer, line, close);
        (peer, StreamMuxerBox::new(line))
    };
    let either = quic
        .or_transport(tcp)
        .map_err(|error| error.into_inner())
        .map(move |line, _| severable(line.into_inner()));
    Ok(either.boxed())
}

fn tcp_wire(
    pair: &Keypair,
    doors: &Doors,
    timings: &Timings,
) -> Result<Boxed<(PeerId, StreamMuxerBox)>, TransportError> {
    let tls = tls::Config::new(pair).map_err(|_| TransportError::SecretKey)?;
    let mut mux = yamux::Config::default();
    mux.set_max_num_streams(LINE_STREAMS_MAX);
    let tcp = tcp::Config::new()
        .nodelay(true)
        .listen_backlog(LISTEN_BACKLOG);
    let hall = Hall::new(
        tcp::tokio::Transport::new(tcp),
        doors.members.clone(),
        doors.turned_away.clone(),
        timings.first_bytes,
    );
    let tcp = hall
        // Not the lazy version: with it, a line on which nobody speaks first never comes up.
        .upgrade(Version::V1)
        .authenticate(tls)
        .multiplex(mux)
        .timeout(timings.handshake)
        .map_err(|error| match error {
            TransportTimeoutError::Timeout => io::Error::from(io::ErrorKind::TimedOut),
            TransportTimeoutError::TimerError(error) => error,
            // An `Either` hides the error in it from whoever follows the chain of sources.
            TransportTimeoutError::Other(error) => error.either(
                |connecting_or_tls| connecting_or_tls.either(|error| error, io::Error::other),
                io::Error::other,
            ),
        })
        .map(|(peer, line), _| (peer, StreamMuxerBox::new(line)));
    Ok(tcp.boxed())
}

fn quic_wire(pair: &Keypair, timings: &Timings) -> Boxed<(PeerId, StreamMuxerBox)> {
    let mut config = quic::Config::new(pair);
    config.handshake_timeout = timings.handshake;
    config.keep_alive_interval = timings.keep_alive;
    config.max_idle_timeout =
        u32::try_from((timings.keep_alive * 2 + timings.handshake).as_millis()).unwrap_or(u32::MAX);
    config.max_concurrent_stream_limit = u32::try_from(LINE_STREAMS_MAX).unwrap_or(u32::MAX);
    config.max_stream_data = QUIC_STREAM_BYTES;
    config.max_connection_data = QUIC_LINE_BYTES;
    quic::tokio::Transport::new(config)
        .map(|(peer, line), _| (peer, StreamMuxerBox::new(line)))
        .boxed()
}
