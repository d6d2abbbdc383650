//! Which seeds a batch tries.

use std::collections::BTreeSet;

use super::kept::{KEPT, Kept};
use crate::seed::Seed;

/// Derived and fresh first seeds stay below this, so that people can type them.
pub const FIRST_SEED_MAX: u64 = 1_000_000_000_000;

/// The first seed of the batch that belongs to a text, such as a commit's hash: everybody who has the
/// text gets the same one.
pub fn first_derived_from(text: &str) -> u64 {
    Seed::split(0, text, &[]).bits() % FIRST_SEED_MAX
}

/// The kept seeds of counties of this size if they are wanted, then so many seeds from a first one;
/// each once.
pub fn of_batch(nodes: usize, with_kept: bool, first: u64, count: u64) -> Vec<u64> {
    let kept = kept_of(nodes).map(|one| one.seed);
    let mut seeds: Vec<u64> = kept.filter(|_| with_kept).collect();
    let known: BTreeSet<u64> = seeds.iter().copied().collect();
    let more = first..first.saturating_add(count);
    seeds.extend(more.filter(|seed| !known.contains(seed)));
    seeds
}

/// The kept seeds of counties of this size.
pub fn kept_of(nodes: usize) -> impl Iterator<Item = &'static Kept> {
    KEPT.iter().filter(move |one| one.nodes == nodes)
}
