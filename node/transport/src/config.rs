//! What the transport is started with, and why it may not start.

use std::time::Duration;

use crdt_model::ids::NodeId;
use crdt_model::limits::{REQUEST_TIMEOUT_MS, RETRY_FIRST_MS, RETRY_LAST_MS};
use zeroize::Zeroizing;

/// Milliseconds within which a connection must have finished its handshake.
pub const HANDSHAKE_TIMEOUT_MS: u64 = 10_000;
/// Milliseconds within which a connection must have said its first bytes. Whoever dials speaks first,
/// so on a good line they come at once, and on a bad one after one or two repetitions.
pub const FIRST_BYTES_TIMEOUT_MS: u64 = 3_000;
/// Milliseconds of silence after which a peer is asked for a sign of life.
pub const KEEP_ALIVE_MS: u64 = 20_000;
/// Milliseconds that closing a line in good order may take.
pub const CLOSE_TIMEOUT_MS: u64 = 2_000;

const _: () = assert!(FIRST_BYTES_TIMEOUT_MS < HANDSHAKE_TIMEOUT_MS);

/// How often in [`KEEP_ALIVE_MS`] silence is looked for.
pub(super) const LOOKS_PER_KEEP_ALIVE: u64 = 4;

// A dead line must be noticed within a minute: silence, the wait for the next look, and the timeout
// of the request for a sign of life.
const _: () =
    assert!(KEEP_ALIVE_MS + KEEP_ALIVE_MS / LOOKS_PER_KEEP_ALIVE + REQUEST_TIMEOUT_MS <= 60_000);

/// How long things may take. The defaults are the mesh's limits; tests shorten them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Timings {
    /// A handshake, name resolution included. Also the time within which two lines of one pair
    /// count as dialled at once.
    pub handshake: Duration,
    /// The first bytes of a connection that somebody else opened.
    pub first_bytes: Duration,
    /// A request, until it is answered; and a request of a peer, until it has arrived and is
    /// answered.
    pub request: Duration,
    /// Silence, until a sign of life is asked for.
    pub keep_alive: Duration,
    /// The close of a line in good order.
    pub close: Duration,
    /// The first pause between two rounds of dialling.
    pub retry_first: Duration,
    /// The longest.
    pub retry_last: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            handshake: Duration::from_millis(HANDSHAKE_TIMEOUT_MS),
            first_bytes: Duration::from_millis(FIRST_BYTES_TIMEOUT_MS),
            request: Duration::from_millis(REQUEST_TIMEOUT_MS),
            keep_alive: Duration::from_millis(KEEP_ALIVE_MS),
            close: Duration::from_millis(CLOSE_TIMEOUT_MS),
            retry_first: Duration::from_millis(RETRY_FIRST_MS),
            retry_last: Duration::from_millis(RETRY_LAST_MS),
        }
    }
}

/// What a node's transport is started with.
#[derive(Clone)]
pub struct TransportConfig {
    /// This node.
    pub node: NodeId,
    /// Its ed25519 secret key.
    pub secret: Zeroizing<[u8; 32]>,
    /// Where to listen, as multiaddresses: `/ip4/0.0.0.0/tcp/7070`,
    /// `/ip4/0.0.0.0/udp/7070/quic-v1`. Empty for a node that only dials.
    pub listen: Vec<String>,
    /// How long things may take.
    pub timings: Timings,
}

/// Why the transport did not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The bytes are no key, or no certificate could be made of it.
    #[error("the node's secret key cannot be used")]
    SecretKey,
    /// The roster lists this node with another key.
    #[error("the roster lists another key for {0} than this node has: peers would refuse it")]
    NotOurKey(NodeId),
    /// TLS would write the keys of every connection to a file.
    #[error(
        "`SSLKEYLOGFILE` is set, which would write the keys of every connection to a file; unset it"
    )]
    KeyLog,
    /// Not an address to listen on.
    #[error("`{0}` is not an address to listen on, such as `/ip4/0.0.0.0/tcp/7070`")]
    ListenAddress(String),
    /// The system did not let the node listen there.
    #[error("cannot listen on `{address}`: {cause}")]
    Listen {
        /// Where.
        address: String,
        /// What the system said.
        cause: String,
    },
    /// Another socket of this machine has the port.
    #[error("port {port} is taken: cannot listen on `{address}`")]
    Taken {
        /// Where.
        address: String,
        /// The port.
        port: u16,
    },
    /// The system gave no randomness.
    #[error("the system gave no randomness: {0}")]
    Entropy(String),
}
