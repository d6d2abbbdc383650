//! One line that is up.

use std::time::Duration;

use libp2p::PeerId;
use libp2p::swarm::{ConnectionError, ConnectionId};
use tokio::time::Instant;

use super::fault::{CloseReason, shortened};

/// A line that is up.
pub(super) struct Link {
    pub(super) peer: PeerId,
    pub(super) connection: ConnectionId,
    /// When the peer last said something.
    heard: Instant,
    /// Whether the peer has said anything.
    proven: bool,
    /// Since when the peer owes a sign of life.
    asked: Option<Instant>,
}

impl Link {
    /// A line that comes up now.
    pub(super) fn new(peer: PeerId, connection: ConnectionId) -> Self {
        Self {
            peer,
            connection,
            heard: Instant::now(),
            proven: false,
            asked: None,
        }
    }

    /// The peer said something.
    pub(super) fn heard(&mut self) {
        self.heard = Instant::now();
        self.proven = true;
        self.asked = None;
    }

    /// Whether the peer is to be asked for a sign of life, because it has said nothing for so long. It
    /// counts as asked from here on.
    pub(super) fn falls_silent(&mut self, keep_alive: Duration, now: Instant) -> bool {
        let silent = self.asked.is_none() && now.duration_since(self.heard) >= keep_alive;
        if silent {
            self.asked = Some(now);
        }
        silent
    }

    /// The peer did not give the sign of life that it was asked for. Returns how long it has been silent,
    /// unless something else came in meanwhile.
    pub(super) fn no_sign_of_life(&mut self) -> Option<Duration> {
        self.asked.take()?;
        Some(Instant::now().duration_since(self.heard))
    }

    /// Why the line is down, when the other end or the network ended it.
    pub(super) fn close_reason(&self, cause: Option<&ConnectionError>) -> CloseReason {
        match cause.map_or(CloseReason::TheyHungUp, close_reason) {
            CloseReason::TheyHungUp if !self.proven => CloseReason::ClosedAtOnce,
            why => why,
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
