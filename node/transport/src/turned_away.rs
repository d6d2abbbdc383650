//! Connections that were turned away before anybody could prove anything, counted by reason and
//! source. A flood makes thousands of them in a second, so they are reported together.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::fault::Refusal;
use super::source::Source;

/// Sources of one reason that are told apart between two reports.
const SOURCES_MAX: usize = 64;

/// Counts of one reason.
#[derive(Default)]
pub(super) struct Count {
    /// How many.
    pub(super) all: u64,
    /// How many from each of the first sources.
    pub(super) from: BTreeMap<Source, u64>,
}

/// The counts since they were last taken.
#[derive(Clone, Default)]
pub(super) struct TurnedAway {
    counts: Arc<Mutex<BTreeMap<Refusal, Count>>>,
}

impl TurnedAway {
    /// Counts one.
    pub(super) fn count(&self, why: Refusal, source: Source) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(why).or_default();
        count.all += 1;
        if count.from.len() < SOURCES_MAX || count.from.contains_key(&source) {
            *count.from.entry(source).or_default() += 1;
        }
    }

    /// Takes the counts, and begins again.
    pub(super) fn take(&self) -> BTreeMap<Refusal, Count> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *counts)
    }
}
