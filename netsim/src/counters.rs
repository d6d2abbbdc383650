//! How often something took effect: a fault that never does proves nothing.

use std::collections::BTreeMap;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    counts: BTreeMap<&'static str, u64>,
}

impl Counters {
    /// Once more.
    pub fn count(&mut self, what: &'static str) {
        self.add(what, 1);
    }

    /// So many more.
    pub fn add(&mut self, what: &'static str, more: u64) {
        *self.counts.entry(what).or_default() += more;
    }

    /// How often; 0 if never.
    pub fn get(&self, what: &str) -> u64 {
        self.counts.get(what).copied().unwrap_or(0)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.counts.iter().map(|(what, count)| (*what, *count))
    }

    /// Takes another's in.
    pub fn merge(&mut self, other: &Self) {
        other.iter().for_each(|(what, count)| self.add(what, count));
    }
}
