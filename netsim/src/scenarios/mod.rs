//! The county's life, one story each: what happens when, in a plan that can be read like a diary.
//! The work is drawn from the seed; the faults are those that the county knows.
//!
//! * [`county`]: who takes part, and by which charters.
//! * [`plan`]: what is to happen when; each story is a function that fills one.
//! * `play`: how a plan comes about, with the same checkers as in every run.
//! * [`chronicle`]: what is remembered of it; `spread`: who still lacks what; [`holdings`]: what
//!   nodes hold at the end.

pub mod chronicle;
pub mod county;
pub mod holdings;
pub mod plan;
mod play;
mod spread;

mod onboarding;
mod spring_festival;
mod stolen_computer;
mod storm;
mod township_month;
mod working_day;
mod wrong_charter;
mod year;

use crdt_model::kind::Title;

use crate::charters::Shelf;
use crate::checkers::Broken;
use crate::counters::Counters;
use crate::run::Verdict;
use crate::stage::{LINZE_NODES, Stage};
use chronicle::Chronicle;
use county::Charters;
use holdings::Holding;
use plan::Plan;
pub use play::play_on;
pub use year::{SCENARIO as YEAR, working_days};

/// Nodes of the county that the stories were written for.
pub const NODES: usize = LINZE_NODES;

/// One story.
#[derive(Clone, Copy)]
pub struct Scenario {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What people call it, in Chinese and English.
    pub title: [&'static str; 2],
    /// What happens in it, in Chinese and English.
    pub about: [&'static str; 2],
    /// Which charters the county has in it.
    pub charters: Charters,
    /// Writes down what happens when.
    pub write: fn(&mut Plan),
}

/// All of them.
pub const ALL: [Scenario; 8] = [
    working_day::SCENARIO,
    storm::SCENARIO,
    spring_festival::SCENARIO,
    township_month::SCENARIO,
    stolen_computer::SCENARIO,
    wrong_charter::SCENARIO,
    onboarding::SCENARIO,
    YEAR,
];

/// The story of this name.
pub fn find(name: &str) -> Option<&'static Scenario> {
    ALL.iter().find(|scenario| scenario.name == name)
}

/// What one is played with.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Options {
    /// The seed of everything.
    pub seed: u64,
    /// How many nodes.
    pub nodes: usize,
    /// How much work there is; 1 for a whole county's.
    pub scale: f64,
}

/// What came of one.
pub struct Account {
    /// The story.
    pub scenario: Scenario,
    /// What it was played with.
    pub options: Options,
    /// Stands for all that happened.
    pub hash: u64,
    /// How it went.
    pub verdict: Verdict,
    /// What was broken, the first first.
    pub broken: Vec<Broken>,
    /// Faults and other things that took effect.
    pub counters: Counters,
    /// How it went along.
    pub chronicle: Chronicle,
    /// Virtual time that it took, in milliseconds, nights that were skipped not counted.
    pub took_ms: u64,
    /// Events.
    pub events: u64,
    /// Facets that were written.
    pub facets: usize,
    /// What the fullest node of each tier holds at the end.
    pub holdings: Vec<Holding>,
}

/// Plays one in Linze County.
pub fn play(scenario: &Scenario, options: Options, shelf: &Shelf) -> Account {
    let stage = Stage::linze(options.nodes, shelf);
    play_on(scenario, options, stage, shelf, &scenario.write)
}

/// A text in the two languages of the county.
pub fn both(zh: impl Into<String>, en: impl Into<String>) -> Title {
    Title {
        zh: zh.into(),
        en: en.into(),
    }
}
