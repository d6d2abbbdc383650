//! Proof that the checkers bite: bugs are planted in the engine, one at a time, and seed after seed
//! is tried until something finds it. A seed counts only if it goes well without the bug.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crdt_model::planted::{self, PLANTS, Plant};

use crate::charters::Shelf;
use crate::pairs::batch as pairs;
use crate::run::{Options, Verdict};
use crate::soak;

/// How a planted bug was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// By which checker.
    pub by: String,
    /// On which seed.
    pub seed: u64,
    /// How many seeds it took.
    pub seeds: u64,
    /// What it said.
    pub what: String,
}

/// What is to be tried.
#[derive(Clone, Debug)]
pub struct Search {
    /// Seeds for each bug, at most.
    pub seeds: u64,
    /// The first of them.
    pub first_seed: u64,
    /// Nodes of each county.
    pub nodes: usize,
}

impl Search {
    /// Looks for one bug. Every seed is tried by the soak, then by a pair of worlds.
    pub fn find(&self, plant: Plant, shelf: &Shelf) -> Option<Found> {
        let finders = [in_soak, in_pair];
        for seed in self.first_seed..self.first_seed + self.seeds {
            for finds in finders {
                let Some((by, what)) = with(Some(plant), || finds(seed, self.nodes, shelf)) else {
                    continue;
                };
                if with(None, || finds(seed, self.nodes, shelf)).is_none() {
                    let seeds = seed - self.first_seed + 1;
                    return Some(Found {
                        by,
                        seed,
                        seeds,
                        what,
                    });
                }
            }
        }
        None
    }

    /// Looks for all of these on as many threads; `progress` is told of each as it is found or not.
    pub fn find_all(
        &self,
        plants: &[Plant],
        jobs: usize,
        progress: impl Fn(Plant, &Option<Found>) + Sync,
    ) -> Vec<(Plant, Option<Found>)> {
        let next = AtomicUsize::new(0);
        let found = Mutex::new(Vec::new());
        let work = || {
            let shelf = Shelf::default();
            while let Some(plant) = plants.get(next.fetch_add(1, Ordering::Relaxed)) {
                let one = self.find(*plant, &shelf);
                progress(*plant, &one);
                let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                found.push((*plant, one));
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..jobs.max(1) {
                scope.spawn(work);
            }
        });
        let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.sort_by_key(|(plant, _)| *plant);
        found
    }
}

/// The bug with this name.
pub fn named(name: &str) -> Option<Plant> {
    PLANTS.iter().copied().find(|plant| plant.name() == name)
}

/// Does something with a bug planted on this thread, or without any.
fn with<T>(plant: Option<Plant>, does: impl FnOnce() -> T) -> T {
    planted::plant(plant);
    let done = does();
    planted::plant(None);
    done
}

fn in_soak(seed: u64, nodes: usize, shelf: &Shelf) -> Option<(String, String)> {
    match soak::run_one(Options::soak(seed, nodes), shelf) {
        Ok(outcome) if outcome.verdict == Verdict::Converged => None,
        Ok(outcome) => {
            let first = outcome.broken.first()?;
            Some((first.checker.to_owned(), first.what.clone()))
        }
        Err(panic) => Some(("crash".to_owned(), panic)),
    }
}

fn in_pair(seed: u64, nodes: usize, shelf: &Shelf) -> Option<(String, String)> {
    match pairs::run_one(seed, nodes, shelf) {
        Ok(outcome) => {
            let seen = outcome.difference.filter(|_| outcome.permitted.is_none())?;
            let entry = seen.one.or(seen.other)?;
            let what = format!("{}: {} differs", outcome.variation.name(), entry.what);
            Some(("paired runs".to_owned(), what))
        }
        Err(why) => Some(("paired runs".to_owned(), why)),
    }
}
