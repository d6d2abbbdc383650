//! The lines between nodes: how long a frame takes, and what becomes of it.

use crdt_model::ids::NodeId;

use crate::seed::Seed;

/// How good a line is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quality {
    /// Milliseconds from one end to the other, at least.
    pub delay_ms: u64,
    /// Milliseconds that some frames take longer. More than 0 lets frames overtake each other.
    pub jitter_ms: u64,
    /// Bytes a second in each direction; 0 for no bound.
    pub bytes_per_s: u64,
    /// Frames in a hundred that are lost.
    pub loss_percent: usize,
    /// Frames in a hundred that arrive twice.
    pub duplicate_percent: usize,
}

impl Quality {
    /// A line without faults.
    pub const GOOD: Self = Self {
        delay_ms: 5,
        jitter_ms: 0,
        bytes_per_s: 0,
        loss_percent: 0,
        duplicate_percent: 0,
    };

    /// 256 kbit/s over the mobile network.
    pub const THIN: Self = Self {
        delay_ms: 150,
        jitter_ms: 40,
        bytes_per_s: 32_000,
        loss_percent: 1,
        duplicate_percent: 0,
    };
}

/// One direction of a line.
#[derive(Clone, Debug)]
pub(super) struct Direction {
    chance: Seed,
    /// When the last frame will have left.
    free_at_ms: u64,
    latest_ms: u64,
    /// Frames are swallowed, and nobody is told.
    pub(super) mute: bool,
}

/// What becomes of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Passage {
    /// When it arrives; `None` if it is lost.
    pub(super) at_ms: Option<u64>,
    /// When it arrives once more.
    pub(super) again_at_ms: Option<u64>,
    /// Whether it arrives before one that was sent earlier.
    pub(super) overtakes: bool,
}

impl Direction {
    pub(super) fn new(seed: u64, from: NodeId, to: NodeId) -> Self {
        Self {
            chance: Seed::split(seed, "line", &[from, to]),
            free_at_ms: 0,
            latest_ms: 0,
            mute: false,
        }
    }

    /// Sends a frame of this many bytes now.
    pub(super) fn pass(&mut self, quality: &Quality, bytes: usize, now_ms: u64) -> Passage {
        let sent = self.free_at_ms.max(now_ms);
        let takes = (bytes as u64 * 1000)
            .checked_div(quality.bytes_per_s)
            .unwrap_or(0);
        self.free_at_ms = sent + takes;
        let mut arrives =
            || self.free_at_ms + quality.delay_ms + self.chance.between(0, quality.jitter_ms);
        let (first, second) = (arrives(), arrives());
        let lost = self.chance.percent(quality.loss_percent) || self.mute;
        let twice = self.chance.percent(quality.duplicate_percent);
        let overtakes = !lost && first < self.latest_ms;
        self.latest_ms = self.latest_ms.max(first);
        Passage {
            at_ms: (!lost).then_some(first),
            again_at_ms: (twice && !lost).then_some(second.max(first + 1)),
            overtakes,
        }
    }
}

/// A line between two nodes.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) up: bool,
    /// No connection can be made.
    pub(super) blocked: bool,
    /// Tells frames of one connection from those of the next.
    pub(super) connection: u64,
    pub(super) quality: Quality,
    /// From the lower code to the higher, and back.
    pub(super) there: Direction,
    pub(super) back: Direction,
    pub(super) redial: Seed,
    pub(super) redial_planned: bool,
}

impl Line {
    pub(super) fn new(seed: u64, one: NodeId, other: NodeId) -> Self {
        Self {
            up: false,
            blocked: false,
            connection: 0,
            quality: Quality::GOOD,
            there: Direction::new(seed, one, other),
            back: Direction::new(seed, other, one),
            redial: Seed::split(seed, "redial", &[one, other]),
            redial_planned: false,
        }
    }

    pub(super) fn direction(&mut self, from_lower: bool) -> &mut Direction {
        if from_lower {
            &mut self.there
        } else {
            &mut self.back
        }
    }
}
