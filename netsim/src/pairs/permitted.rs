//! The differences between two paired observations that are permitted, for whoever judges the
//! security of the mesh. Everything else is a finding.
//!
//! A difference is put here when it is understood and when the mesh cannot do otherwise, never to
//! make a run pass. A change of the list raises [`VERSION`].

use super::Pair;
use super::observation::Difference;
use super::play::Played;

/// The version of this list.
pub const VERSION: u32 = 0;

/// One permitted difference.
pub struct Permitted {
    /// What it is called in counts.
    pub id: &'static str,
    /// What it is.
    pub what: &'static str,
    /// Why it is permitted.
    pub why: &'static str,
    /// What it could tell the observer.
    pub tells: &'static str,
    matches: fn(&Case<'_>) -> bool,
}

/// The list.
pub const LIST: [Permitted; 0] = [];

/// Two observations that differ.
pub struct Case<'a> {
    /// What was played.
    pub pair: &'a Pair,
    /// The one world.
    pub one: &'a Played,
    /// The other.
    pub other: &'a Played,
    /// Where they part.
    pub difference: &'a Difference,
}

/// The entry of the list that permits a difference.
pub fn permits(case: &Case<'_>) -> Option<&'static Permitted> {
    LIST.iter().find(|entry| (entry.matches)(case))
}
