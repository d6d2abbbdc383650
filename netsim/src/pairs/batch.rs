//! Many pairs, on as many cores as there are. Each pair is played on one thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::variation::{VARIATIONS, Variation};
use super::{Outcome, Pair};
use crate::charters::Shelf;
use crate::counters::Counters;

/// What is to be tried.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The first seed.
    pub first_seed: u64,
    /// How many seeds.
    pub seeds: u64,
    /// Nodes of each county.
    pub nodes: usize,
    /// Threads.
    pub jobs: usize,
}

/// One pair in which the observer saw what it may not.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The seed.
    pub seed: u64,
    /// What it was, in words.
    pub what: String,
}

/// How a batch went.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Pairs played.
    pub pairs: u64,
    /// Things that observers saw, in the first world of each pair.
    pub seen: u64,
    /// Pairs, by variation: how many, and in how many the hidden thing came to a neighbour.
    pub variations: Vec<(Variation, u64, u64)>,
    /// Permitted differences, with how many pairs showed each.
    pub permitted: Counters,
    /// What took effect, over all.
    pub counters: Counters,
    /// What was found.
    pub findings: Vec<Finding>,
}

impl Summary {
    fn new() -> Self {
        let variations = VARIATIONS
            .into_iter()
            .map(|variation| (variation, 0, 0))
            .collect();
        Self {
            variations,
            ..Self::default()
        }
    }

    /// Variations of which there was no pair in which they came near the observer.
    pub fn never(&self) -> Vec<&'static str> {
        let never = self
            .variations
            .iter()
            .filter(|(_, pairs, near)| *pairs == 0 || *near == 0);
        never.map(|(variation, _, _)| variation.name()).collect()
    }

    fn add(&mut self, seed: u64, outcome: Result<Outcome, String>) {
        self.pairs += 1;
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(what) => {
                self.findings.push(Finding { seed, what });
                return;
            }
        };
        self.seen += outcome.seen as u64;
        self.counters.merge(&outcome.counters);
        for (variation, pairs, near) in &mut self.variations {
            if *variation == outcome.variation {
                *pairs += 1;
                *near += u64::from(outcome.near);
            }
        }
        match (outcome.difference, outcome.permitted) {
            (None, _) => {}
            (Some(_), Some(id)) => self.permitted.count(id),
            (Some(difference), None) => {
                let what = format!("{}\n{difference}", outcome.words);
                self.findings.push(Finding { seed, what });
            }
        }
    }
}

/// Plays one pair; what went wrong if it panicked.
///
/// # Errors
/// Why it could not be played to its end.
pub fn run_one(seed: u64, nodes: usize, shelf: &Shelf) -> Result<Outcome, String> {
    let run = AssertUnwindSafe(|| Pair::draw(seed, nodes, shelf)?.run(shelf));
    let run = catch_unwind(run).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_else(|| "a panic without words".to_owned())
    });
    run.and_then(|outcome| outcome)
}

/// Plays a batch. `progress` is told after each pair how many are done.
pub fn run(batch: &Batch, progress: impl Fn(u64) + Sync) -> Summary {
    let next = AtomicU64::new(0);
    let summary = Mutex::new(Summary::new());
    let work = || {
        let shelf = Shelf::default();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= batch.seeds {
                return;
            }
            let seed = batch.first_seed + at;
            let outcome = run_one(seed, batch.nodes, &shelf);
            let mut summary = summary.lock().unwrap_or_else(PoisonError::into_inner);
            summary.add(seed, outcome);
            progress(summary.pairs);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..batch.jobs.max(1) {
            scope.spawn(work);
        }
    });
    let mut summary = summary.into_inner().unwrap_or_else(PoisonError::into_inner);
    summary.findings.sort_by_key(|finding| finding.seed);
    summary
}
