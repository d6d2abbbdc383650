//! What lies in the past of a commit.
//!
//! How far each life has come says it, as long as every life's commits form a line. Of a life that
//! is forked it does not say which of the commits with one number is meant: there the ancestors
//! themselves are looked up.

use std::borrow::Cow;
use std::cell::OnceCell;

use super::{Clock, History};
use crate::ids::CommitHash;

/// Some commits and everything they build on.
pub(super) struct Past<'a> {
    history: &'a History,
    parents: Vec<usize>,
    clock: Cow<'a, Clock>,
    /// For each position whether the commit there belongs to it; found when first needed.
    ancestors: OnceCell<Vec<bool>>,
}

impl<'a> Past<'a> {
    /// The past of a commit with these parents.
    pub(super) fn of(history: &'a History, parents: &[CommitHash]) -> Self {
        let positions = parents
            .iter()
            .filter_map(|hash| history.positions.get(hash));
        let parents: Vec<usize> = positions.copied().collect();
        let mut joined = Clock::new();
        for placed in parents.iter().filter_map(|at| history.placed.get(*at)) {
            for (life, seq) in &placed.clock {
                let last = joined.entry(*life).or_insert(*seq);
                *last = (*last).max(*seq);
            }
        }
        Self {
            history,
            parents,
            clock: Cow::Owned(joined),
            ancestors: OnceCell::new(),
        }
    }

    /// One commit with its past.
    pub(super) fn through(history: &'a History, at: usize) -> Self {
        let clock = history.placed.get(at).map(|placed| &placed.clock);
        Self {
            history,
            parents: vec![at],
            clock: clock.map_or_else(Cow::default, Cow::Borrowed),
            ancestors: OnceCell::new(),
        }
    }

    /// The positions of the commits that it begins with.
    pub(super) fn parents(&self) -> &[usize] {
        &self.parents
    }

    /// How far each life has come in it, forked or not.
    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Whether a commit belongs to it.
    pub(super) fn has(&self, at: usize) -> bool {
        let Some(placed) = self.history.placed.get(at) else {
            return false;
        };
        let reached = self.clock.get(&placed.life());
        let reached = reached.is_some_and(|last| *last >= placed.seq());
        reached && (!self.history.is_frozen(&placed.commit) || self.has_exactly(at))
    }

    fn has_exactly(&self, at: usize) -> bool {
        let ancestors = self.ancestors.get_or_init(|| {
            let mut ancestors = vec![false; self.history.len()];
            let mark = |at: &usize, ancestors: &mut Vec<bool>| {
                if let Some(one) = ancestors.get_mut(*at) {
                    *one = true;
                }
            };
            self.parents.iter().for_each(|at| mark(at, &mut ancestors));
            // Parents lie before their children, so one walk from the end finds all.
            for (at, placed) in self.history.placed.iter().enumerate().rev() {
                if ancestors.get(at) == Some(&true) {
                    placed
                        .parents
                        .iter()
                        .for_each(|at| mark(at, &mut ancestors));
                }
            }
            ancestors
        });
        ancestors.get(at) == Some(&true)
    }
}
