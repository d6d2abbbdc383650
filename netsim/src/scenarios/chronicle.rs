//! What is remembered of a story: how far things had spread, what happened when, and what passed
//! over the lines.

use std::collections::BTreeMap;

use crdt_model::ids::NodeId;
use crdt_model::kind::Title;

use crate::places::tier;
use crate::world::Frame;

/// How things stood at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sample {
    /// Virtual time, in milliseconds.
    pub at_ms: u64,
    /// Links in sync.
    pub in_sync: usize,
    /// Links there are.
    pub links: usize,
    /// Facets that some node may hold and does not: one for each node.
    pub missing: usize,
    /// Nodes that run.
    pub up: usize,
    /// Bytes that have passed over all lines.
    pub bytes: u64,
    /// Bytes of them that were sent to the county's node.
    pub into_county: u64,
}

impl Sample {
    /// How many of a hundred links are in sync.
    pub fn percent(&self) -> f64 {
        100.0 * self.in_sync as f64 / self.links.max(1) as f64
    }
}

/// What people should know of one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark {
    /// Virtual time, in milliseconds.
    pub at_ms: u64,
    /// What happened.
    pub text: Title,
}

/// What was wrong for a while.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Band {
    /// From this virtual time on, in milliseconds.
    pub from_ms: u64,
    /// Until then.
    pub until_ms: u64,
    /// What was wrong.
    pub text: Title,
}

/// Frames and bytes that went one way between two tiers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Carried {
    /// Frames.
    pub frames: u64,
    /// Bytes.
    pub bytes: u64,
}

/// The ways that frames can go, as [`Traffic`] counts them.
pub const WAYS: [[&str; 2]; 6] = [
    ["村 → 乡镇", "village → township"],
    ["乡镇 → 村", "township → village"],
    ["乡镇 → 县", "township → county"],
    ["县 → 乡镇", "county → township"],
    ["村 → 县", "village → county"],
    ["县 → 村", "county → village"],
];

/// What passed over the lines, by the tiers of the two ends, as in [`WAYS`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Traffic {
    /// One entry for each of the ways.
    pub ways: [Carried; WAYS.len()],
}

impl Traffic {
    pub(super) fn count(&mut self, frames: &[Frame]) {
        for frame in frames {
            let way = match (tier(frame.from), tier(frame.to)) {
                (2, 1) => 0,
                (1, 2) => 1,
                (1, 0) => 2,
                (0, 1) => 3,
                (2, _) => 4,
                _ => 5,
            };
            if let Some(way) = self.ways.get_mut(way) {
                way.frames += 1;
                way.bytes += frame.bytes.len() as u64;
            }
        }
    }

    /// All bytes.
    pub fn bytes(&self) -> u64 {
        self.ways.iter().map(|way| way.bytes).sum()
    }

    /// Bytes that were sent to the county's node.
    pub fn into_county(&self) -> u64 {
        self.ways[2].bytes + self.ways[4].bytes
    }

    /// All frames.
    pub fn frames(&self) -> u64 {
        self.ways.iter().map(|way| way.frames).sum()
    }
}

/// How long a node took to hold the same as its peers after it was back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Healing {
    /// Which node.
    pub node: NodeId,
    /// When it was back.
    pub at_ms: u64,
    /// How long it took, in virtual milliseconds.
    pub took_ms: u64,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Chronicle {
    /// The hour of the day at which virtual time begins.
    pub begins_at_hour: u64,
    /// What people call each node.
    pub names: BTreeMap<NodeId, String>,
    /// How things stood, one moment after the other.
    pub samples: Vec<Sample>,
    /// What people should know, by time.
    pub marks: Vec<Mark>,
    /// What was wrong for a while, by time.
    pub bands: Vec<Band>,
    /// What passed over the lines.
    pub traffic: Traffic,
    /// How nodes caught up.
    pub healings: Vec<Healing>,
    /// How long it took at last, when all faults were over.
    pub settled_in_ms: u64,
}

impl Chronicle {
    /// The longest that any node took to catch up.
    pub fn worst_healing(&self) -> Option<&Healing> {
        self.healings.iter().max_by_key(|healing| healing.took_ms)
    }

    /// The most bytes that were sent to the county's node between two samples.
    pub fn peak_into_county(&self) -> u64 {
        let pairs = self.samples.windows(2);
        let came = pairs.map(|pair| pair[1].into_county - pair[0].into_county);
        came.max().unwrap_or(0)
    }

    /// What people call a node.
    pub fn name(&self, node: NodeId) -> String {
        let name = self.names.get(&node).cloned();
        name.unwrap_or_else(|| node.to_string())
    }

    /// The clock of the wall at a virtual time; the day before it where the story has several.
    pub fn clock(&self, at_ms: u64) -> String {
        let minutes = at_ms / 60_000 + self.begins_at_hour * 60;
        let (day, hour, minute) = (minutes / 1440 + 1, minutes / 60 % 24, minutes % 60);
        let several = self
            .samples
            .last()
            .is_some_and(|last| last.at_ms > 24 * 3_600_000);
        match several {
            true => format!("{day:>3}d {hour:02}:{minute:02}"),
            false => format!("{hour:02}:{minute:02}"),
        }
    }
}
