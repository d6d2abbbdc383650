//! What happened, in order: a hash that stands for all of it, and the last of it in words.

use std::collections::VecDeque;
use std::fmt;

use crdt_model::ids::NodeId;

/// Events kept in words.
const KEPT: usize = 20_000;
const PRIME: u64 = 0x9e37_79b9_7f4a_7c15;

/// One thing that happened at a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Virtual time, in milliseconds.
    pub at_ms: u64,
    /// Where.
    pub node: NodeId,
    /// What.
    pub what: What,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A request arrived.
    Request {
        /// From whom.
        from: NodeId,
        /// Bytes of the frame.
        bytes: usize,
    },
    /// An answer arrived.
    Response {
        /// From whom.
        from: NodeId,
        /// Bytes of the frame.
        bytes: usize,
    },
    /// A request was given up.
    TimedOut {
        /// Who did not answer.
        peer: NodeId,
    },
    /// The disk has caught up.
    Durable,
    /// A line came up.
    LineUp {
        /// The other end.
        peer: NodeId,
    },
    /// A line went down.
    LineDown {
        /// The other end.
        peer: NodeId,
    },
    /// Anything else, in words.
    Told(String),
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, ms) = (self.at_ms / 1000, self.at_ms % 1000);
        write!(f, "{seconds:>8}.{ms:03} {} ", self.node)?;
        match &self.what {
            What::Request { from, bytes } => write!(f, "<- request of {from}, {bytes} B"),
            What::Response { from, bytes } => write!(f, "<- answer of {from}, {bytes} B"),
            What::TimedOut { peer } => write!(f, "gave up waiting for {peer}"),
            What::Durable => write!(f, "durable"),
            What::LineUp { peer } => write!(f, "line to {peer} up"),
            What::LineDown { peer } => write!(f, "line to {peer} down"),
            What::Told(words) => f.write_str(words),
        }
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub struct EventLog {
    hash: u64,
    events: u64,
    last: VecDeque<Entry>,
}

impl Default for EventLog {
    fn default() -> Self {
        Self {
            hash: 0xcbf2_9ce4_8422_2325,
            events: 0,
            last: VecDeque::new(),
        }
    }
}

impl EventLog {
    /// Equal runs have equal ones.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// How many events there were.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The last events, oldest first.
    pub fn last(&self) -> impl Iterator<Item = &Entry> {
        self.last.iter()
    }

    fn mix(&mut self, word: u64) {
        self.hash = (self.hash ^ word).wrapping_mul(PRIME);
        self.hash ^= self.hash >> 29;
    }

    /// Notes an event; `bytes` are what arrived, if anything did.
    pub fn note(&mut self, at_ms: u64, node: NodeId, what: What, bytes: &[u8]) {
        self.events += 1;
        self.mix(at_ms);
        self.mix(node.code());
        self.mix(bytes.len() as u64);
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.mix(u64::from_le_bytes(*word));
        }
        for byte in rest {
            self.mix(u64::from(*byte));
        }
        if let What::Told(words) = &what {
            for byte in words.bytes() {
                self.mix(u64::from(byte));
            }
        }
        if self.last.len() >= KEPT {
            self.last.pop_front();
        }
        self.last.push_back(Entry { at_ms, node, what });
    }
}
