//! How a run went.

use crate::checkers::Broken;
use crate::counters::Counters;

use super::{Options, Run};

/// What came of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Everything held.
    Converged,
    /// A promise was broken.
    SafetyBroken,
    /// What must come about did not.
    LivenessBroken,
}

impl Verdict {
    /// What these findings come to.
    pub fn of(broken: &[Broken]) -> Self {
        match broken {
            [] => Self::Converged,
            all if all.iter().all(Broken::is_liveness) => Self::LivenessBroken,
            _ => Self::SafetyBroken,
        }
    }

    /// What the program exits with.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Converged => 0,
            Self::SafetyBroken => 1,
            Self::LivenessBroken => 2,
        }
    }
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What the run was to be.
    pub options: Options,
    /// Stands for all that happened.
    pub hash: u64,
    /// How it went.
    pub verdict: Verdict,
    /// What was broken, the first first.
    pub broken: Vec<Broken>,
    /// Faults and other things that took effect.
    pub counters: Counters,
    /// Virtual time at the end, in milliseconds.
    pub ends_ms: u64,
    /// Events.
    pub events: u64,
    /// Facets that were written.
    pub facets: usize,
}

pub(super) fn of(run: &Run) -> Outcome {
    let broken = run.checkers.broken.clone();
    Outcome {
        options: run.options.clone(),
        hash: run.world.log().hash(),
        verdict: Verdict::of(&broken),
        broken,
        counters: run.world.all_counters(),
        ends_ms: run.world.now_ms(),
        events: run.world.log().events(),
        facets: run.truth.facets().count(),
    }
}
