//! What is to happen in a story, and when.

use std::collections::BTreeMap;

use crdt_model::ids::NodeId;

use super::chronicle::{Band, Mark};
use super::county::{Matter, village_of_the_story};
use super::{Options, both};
use crate::places::Places;
use crate::seed::Seed;

/// One virtual minute.
pub const MINUTE: u64 = 60_000;
/// One virtual hour.
pub const HOUR: u64 = 60 * MINUTE;
/// One virtual day.
pub const DAY: u64 = 24 * HOUR;

/// Working days of a year.
pub const WORKING_DAYS: usize = 250;
/// Facets of grid reports that the whole county writes in a year, at scale 1; a report has three.
const REPORT_FACETS_A_YEAR: f64 = 38_000.0;
/// Facets of disputes; a dispute has three.
const DISPUTE_FACETS_A_YEAR: f64 = 37_000.0;
/// Facets of cameras and other devices; a device has two.
const DEVICE_FACETS_A_YEAR: f64 = 2_300.0;
/// Notices and letters from the county down in a day, at scale 1.
const NOTICES_A_DAY: f64 = 4.0;
/// Disputes in a hundred whose other party lives in another village.
const OTHER_VILLAGE_PERCENT: usize = 8;
/// How much of a day's work falls into each hour of twelve, in hundredths: the heads of villages
/// write after their rounds, and little at noon.
const WORK_BY_HOUR: [u64; 12] = [2, 8, 14, 14, 10, 4, 4, 10, 14, 12, 6, 2];

/// One thing that happens.
#[derive(Clone, PartialEq, Debug)]
pub enum Deed {
    /// Somebody writes a new record at the first node, meant for the second.
    Write(NodeId, Matter, NodeId),
    /// Somebody at this node adds to a record that it holds.
    Amend(NodeId),
    /// Somebody at this node hands a record up.
    HandUp(NodeId),
    /// A node is switched on.
    Start(NodeId),
    /// A node is switched off in the evening.
    ShutDown(NodeId),
    /// A node's power fails, in the middle of whatever it does.
    PowerFails(NodeId),
    /// Lines go down and stay down.
    Cut(Vec<(NodeId, NodeId)>),
    /// Lines can be dialled again.
    Mend(Vec<(NodeId, NodeId)>),
    /// The next charter is brought to this node.
    RollOut(NodeId),
    /// A machine begins, with all charters there are.
    Join(NodeId),
    /// A machine is copied, and nobody knows.
    Copy(NodeId),
    /// The copy of a machine and the machine change places.
    Swap(NodeId),
    /// A node turns hostile.
    TurnHostile(NodeId),
    /// Whoever is hostile does one hostile thing.
    Attack,
    /// Nobody does anything until this time, and nothing happens: only the clocks on the wall go on.
    Skip(u64),
}

/// See the module.
pub struct Plan {
    /// Who lies where.
    pub places: Places,
    names: BTreeMap<NodeId, String>,
    /// What is left to chance.
    pub chance: Seed,
    /// How much work there is.
    pub scale: f64,
    /// The hour of the day at which the story begins.
    pub begins_at_hour: u64,
    /// Whether villages run as it begins; the county and the townships always do.
    pub villages_run: bool,
    /// When it ends.
    pub ends_ms: u64,
    /// How often it is noted how far things have spread.
    pub sample_ms: u64,
    pub(super) deeds: BTreeMap<(u64, usize), Deed>,
    pub(super) marks: Vec<Mark>,
    pub(super) bands: Vec<Band>,
}

impl Plan {
    /// A plan in which nothing happens.
    pub(super) fn new(places: Places, names: BTreeMap<NodeId, String>, options: &Options) -> Self {
        Self {
            places,
            names,
            chance: Seed::split(options.seed, "plan", &[]),
            scale: options.scale,
            begins_at_hour: 7,
            villages_run: true,
            ends_ms: 0,
            sample_ms: 5 * MINUTE,
            deeds: BTreeMap::new(),
            marks: Vec::new(),
            bands: Vec::new(),
        }
    }

    /// Something happens at this time.
    pub fn at(&mut self, at_ms: u64, deed: Deed) {
        self.deeds.insert((at_ms, self.deeds.len()), deed);
    }

    /// What people should know of this moment.
    pub fn mark(&mut self, at_ms: u64, zh: impl Into<String>, en: impl Into<String>) {
        self.marks.push(Mark {
            at_ms,
            text: both(zh, en),
        });
    }

    /// What is wrong from one moment to another.
    pub fn band(&mut self, times: (u64, u64), zh: impl Into<String>, en: impl Into<String>) {
        let (from_ms, until_ms) = times;
        self.bands.push(Band {
            from_ms,
            until_ms,
            text: both(zh, en),
        });
    }

    /// The time on the clock of the wall, on the first day.
    pub fn clock(&self, hour: u64, minute: u64) -> u64 {
        (hour * HOUR + minute * MINUTE).saturating_sub(self.begins_at_hour * HOUR)
    }

    /// Any moment from one to another.
    pub fn between(&mut self, first_ms: u64, last_ms: u64) -> u64 {
        self.chance.between(first_ms, last_ms)
    }

    /// Any of these nodes.
    pub fn any(&mut self, of: &[NodeId]) -> NodeId {
        self.chance
            .pick(of)
            .copied()
            .unwrap_or_else(|| self.places.county())
    }

    /// What people call a node.
    pub fn name(&self, node: NodeId) -> String {
        let name = self.names.get(&node).cloned();
        name.unwrap_or_else(|| node.to_string())
    }

    /// The village that something befalls in this story.
    pub fn village(&self) -> NodeId {
        village_of_the_story(&self.places)
    }

    /// Some number of things, by how much work there is.
    pub fn scaled(&self, number: f64) -> usize {
        (number * self.scale).round().max(1.0) as usize
    }

    /// Some number of things, by how much work there is; what is left of one more is left to chance,
    /// so that a year of little work has as much of it as it should.
    fn about(&mut self, number: f64) -> usize {
        let number = number * self.scale;
        let more = self.chance.below(1_000_000) as f64 / 1e6 < number.fract();
        number as usize + usize::from(more)
    }

    /// A node's power fails at one time and is back at another.
    pub fn outage(&mut self, node: NodeId, from_ms: u64, until_ms: u64) {
        self.at(from_ms, Deed::PowerFails(node));
        self.at(until_ms, Deed::Start(node));
    }

    /// Lines go down at one time and come back at another.
    pub fn cut(&mut self, lines: Vec<(NodeId, NodeId)>, from_ms: u64, until_ms: u64) {
        self.at(from_ms, Deed::Cut(lines.clone()));
        self.at(until_ms, Deed::Mend(lines));
    }

    /// All lines of a node.
    pub fn lines_of(&self, node: NodeId) -> Vec<(NodeId, NodeId)> {
        self.places
            .linked(node)
            .into_iter()
            .map(|peer| (node, peer))
            .collect()
    }

    /// The lines that a township and its villages have with the county.
    pub fn lines_to_county(&self, township: NodeId) -> Vec<(NodeId, NodeId)> {
        let county = self.places.county();
        let villages = self.places.villages_of(township).into_iter();
        villages
            .chain([township])
            .map(|node| (node, county))
            .collect()
    }

    /// A day's work of these villages, spread over the twelve hours from `from_ms` on, and the
    /// county's with it. What the villages' share of all villages is, is their share of the work.
    pub fn working_day(&mut self, from_ms: u64, villages: &[NodeId]) {
        self.work(from_ms, 12 * HOUR, villages);
    }

    /// A day's work in any span of time.
    pub fn work(&mut self, from_ms: u64, span_ms: u64, villages: &[NodeId]) {
        let share = villages.len() as f64 / self.places.villages().len().max(1) as f64;
        let of_a_day = |facets: f64, each: f64| share * facets / each / WORKING_DAYS as f64;
        for _ in 0..self.about(of_a_day(REPORT_FACETS_A_YEAR, 3.0)) {
            self.life_of(Matter::Report, from_ms, span_ms, villages);
        }
        for _ in 0..self.about(of_a_day(DISPUTE_FACETS_A_YEAR, 3.0)) {
            self.life_of(Matter::Dispute, from_ms, span_ms, villages);
        }
        for _ in 0..self.about(of_a_day(DEVICE_FACETS_A_YEAR, 2.0)) {
            let (home, at) = (self.any(villages), self.working_time(span_ms));
            self.at(from_ms + at, Deed::Write(home, Matter::Device, home));
        }
    }

    /// A record is written, often added to, and at times handed up and added to above.
    fn life_of(&mut self, matter: Matter, from_ms: u64, span_ms: u64, villages: &[NodeId]) {
        let home = self.any(villages);
        let at = from_ms + self.working_time(span_ms);
        let end = from_ms + span_ms;
        let elsewhere = matter == Matter::Dispute && self.chance.percent(OTHER_VILLAGE_PERCENT);
        let to = if elsewhere { self.any(villages) } else { home };
        self.at(at, Deed::Write(home, matter, to));
        if self.chance.percent(60) {
            let later = self.between(at, end);
            self.at(later, Deed::Amend(home));
        }
        if self.chance.percent(25) {
            let later = self.between(at, end);
            self.at(later, Deed::HandUp(home));
            let above = home.parent().unwrap_or(home);
            let last = self.between(later, end);
            self.at(last, Deed::Amend(above));
        }
    }

    /// A moment of a working day that lasts so long.
    fn working_time(&mut self, span_ms: u64) -> u64 {
        let part = span_ms / WORK_BY_HOUR.len() as u64;
        let mut drawn = self.chance.below(100) as u64;
        let mut start = 0;
        for share in WORK_BY_HOUR {
            if drawn < share {
                break;
            }
            drawn -= share;
            start += part;
        }
        let within = self.between(0, part);
        (start + within).min(span_ms)
    }

    /// A day's notices: from the county to everybody below or to one township, and the replies.
    pub fn notices(&mut self, from_ms: u64, span_ms: u64) {
        let (county, townships) = (self.places.county(), self.places.townships());
        for _ in 0..self.about(NOTICES_A_DAY) {
            let at = self.between(from_ms, from_ms + span_ms);
            if self.chance.percent(60) {
                self.at(at, Deed::Write(county, Matter::Notice, county));
            } else {
                let township = self.any(&townships);
                self.at(at, Deed::Write(county, Matter::Notice, township));
                let replied = self.between(at, from_ms + span_ms);
                self.at(replied, Deed::Write(township, Matter::Reply, county));
            }
        }
    }
}
