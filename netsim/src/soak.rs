//! Many seeds, on as many cores as there are. Each seed is a run of its own on one thread.

pub mod kept;
pub mod seeds;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::charters::Shelf;
use crate::counters::Counters;
use crate::run::{Options, Outcome, Run, Verdict};

/// What is to be tried.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The seeds.
    pub seeds: Vec<u64>,
    /// Nodes of each county.
    pub nodes: usize,
    /// Seeds of which every how many is run twice and compared; 0 for none.
    pub twice_every: usize,
    /// Threads.
    pub jobs: usize,
}

/// One seed that did not go well.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// Exit code of a run of it: 1 safety, 2 liveness, 3 crash.
    pub code: u8,
    /// What was found first.
    pub what: String,
}

/// How a batch went.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Seeds run.
    pub seeds: u64,
    /// Seeds run twice with the same hash.
    pub same_twice: u64,
    /// What took effect, over all.
    pub counters: Counters,
    /// Virtual milliseconds, over all.
    pub virtual_ms: u64,
    /// Events, over all.
    pub events: u64,
    /// Facets, over all.
    pub facets: u64,
    /// The longest healing, in virtual milliseconds, and its seed.
    pub slowest_healing: (u64, u64),
    /// Mixed over all seeds, in any order: stands for the whole batch.
    pub hash: u64,
    /// Seeds that did not go well.
    pub failures: Vec<Failure>,
}

/// Counters that a batch must have moved, or it has not tried what it claims to.
pub const MUST_COUNT: [&str; 64] = [
    "a charter never arrives",
    "all rejoin at once",
    "asymmetric",
    "charter expired",
    "charter rolled out",
    "charter withheld",
    "charter with too few signatures refused",
    "clock jumps back",
    "clock off by years",
    "clone takes over",
    "cosigned",
    "county cut off",
    "crash in the middle of work",
    "cut off for 30 days",
    "duplication",
    "emergency began",
    "emergency called off",
    "emergency declared",
    "emergency ended",
    "emergency ran out",
    "emergency that nobody signed refused",
    "failed syncs",
    "flapping",
    "flowed in an emergency",
    "frozen seen",
    "full disks",
    "hostile nodes",
    "hostile: asked for what it may not have",
    "hostile: cosigned two logs",
    "hostile: declared an emergency",
    "hostile: edited",
    "hostile: equivocated",
    "hostile: flooded",
    "hostile: flooded with what is refused",
    "hostile: forged",
    "hostile: left out a number",
    "hostile: lied in a comparison",
    "hostile: lied in a fingerprint",
    "hostile: regraded",
    "hostile: reordered",
    "hostile: replayed",
    "hostile: sent poison",
    "hostile: stripped",
    "hostile: tampered with cosignatures",
    "hostile: went slow",
    "hostile: withheld",
    "hostile: wrote on others' records",
    "loss",
    "lost batches",
    "misdirected sectors",
    "old backup restored",
    "power cut",
    "reorder",
    "reordered sectors",
    "revocation in flight",
    "rotten bits",
    "slow sync",
    "split view seen",
    "suspended",
    "thin line",
    "torn sectors",
    "township cut off",
    "two charters with one version",
    "village cut off",
];

impl Summary {
    /// What a batch of this size should have tried and never did.
    pub fn never(&self) -> Vec<&'static str> {
        MUST_COUNT
            .into_iter()
            .filter(|what| self.counters.get(what) == 0)
            .collect()
    }

    fn add(&mut self, outcome: &Outcome) {
        let seed = outcome.options.seed;
        self.seeds += 1;
        self.counters.merge(&outcome.counters);
        self.virtual_ms += outcome.ends_ms;
        self.events += outcome.events;
        self.facets += outcome.facets as u64;
        self.hash ^= outcome.hash.rotate_left((seed % 64) as u32);
        let healing = (outcome.counters.get("healing ms"), seed);
        self.slowest_healing = self.slowest_healing.max(healing);
        if outcome.verdict != Verdict::Converged {
            let what = outcome
                .broken
                .first()
                .map(ToString::to_string)
                .unwrap_or_default();
            let code = outcome.verdict.exit_code();
            self.failures.push(Failure { seed, code, what });
        }
    }
}

/// Runs one seed; what went wrong if it panicked.
pub fn run_one(options: Options, shelf: &Shelf) -> Result<Outcome, String> {
    let run = AssertUnwindSafe(|| Run::new(options, shelf).whole().0);
    catch_unwind(run).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_else(|| "a panic without words".to_owned())
    })
}

/// Runs a batch. `progress` is told after each seed how many are done.
pub fn run(batch: &Batch, progress: impl Fn(u64) + Sync) -> Summary {
    let next = AtomicUsize::new(0);
    let summary = Mutex::new(Summary::default());
    let work = || {
        let shelf = Shelf::default();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(seed) = batch.seeds.get(at).copied() else {
                return;
            };
            let options = Options::soak(seed, batch.nodes);
            let outcome = run_one(options.clone(), &shelf);
            let twice = batch.twice_every > 0 && at.is_multiple_of(batch.twice_every);
            let again = twice.then(|| run_one(options, &shelf));
            let mut summary = summary
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            note(&mut summary, seed, outcome, again);
            progress(summary.seeds);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..batch.jobs.max(1) {
            scope.spawn(work);
        }
    });
    let mut summary = summary
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    summary.failures.sort_by_key(|failure| failure.seed);
    summary
}

fn note(
    summary: &mut Summary,
    seed: u64,
    outcome: Result<Outcome, String>,
    again: Option<Result<Outcome, String>>,
) {
    match outcome {
        Ok(outcome) => {
            match again {
                Some(Ok(again)) if again.hash == outcome.hash => summary.same_twice += 1,
                Some(_) => summary.failures.push(Failure {
                    seed,
                    code: 3,
                    what: "the same seed gave another run".to_owned(),
                }),
                None => {}
            }
            summary.add(&outcome);
        }
        Err(what) => {
            summary.seeds += 1;
            summary.failures.push(Failure {
                seed,
                code: 3,
                what,
            });
        }
    }
}

/// The distinct first findings of failures, with how many seeds and the first of them.
pub fn kinds_of(failures: &[Failure]) -> Vec<(String, usize, u64)> {
    let words = |failure: &Failure| {
        let what = failure.what.split(": ").take(1).collect::<String>();
        format!("{} ({what})", failure.code)
    };
    let kinds: BTreeSet<_> = failures.iter().map(words).collect();
    let counted = kinds.iter().map(|kind| {
        let mut of = failures.iter().filter(|failure| words(failure) == *kind);
        let first = of.next().map_or(0, |failure| failure.seed);
        let seeds = 1 + of.count();
        (kind.clone(), seeds, first)
    });
    counted.collect()
}
