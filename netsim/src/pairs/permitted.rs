//! The differences between two paired observations that are permitted, for whoever judges the
//! security of the mesh. Everything else is a finding.
//!
//! A difference is put here when it is understood and when the mesh cannot do otherwise, never to
//! make a run pass. A change of the list raises [`VERSION`].

use super::Pair;
use super::observation::Difference;
use super::play::Played;
use crate::world::watch::Sight;

/// The version of this list.
pub const VERSION: u32 = 4;

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
pub const LIST: [Permitted; 1] = [Permitted {
    id: "shared-line",
    what: "what the observer may hold came to its neighbour at another moment, or with other \
               things at once",
    why: "on its way to the neighbour it shared a line with what is hidden, and one push \
              waits for the answer to the one before; only lines that always carry as much would \
              not show that. Given what reached the neighbour and when, the neighbour told the \
              observer the same, and in the end the observer holds the same",
    tells: "that a line beyond its neighbour was busy at some moment, and for how long: not \
                with what, whose or with whom",
    matches: shared_line,
}];

/// The neighbours learnt something that the observer may know at another moment, no later than the
/// observer saw a difference; and at the end the observer holds the same.
fn shared_line(case: &Case<'_>) -> bool {
    let (around, other_around) = (&case.one.around, &case.other.around);
    let before = first_apart(around, other_around).is_some_and(|[one, other]| {
        let at_ms = [one, other].into_iter().flatten().map(|sight| sight.at_ms);
        let moved = one.is_some_and(|sight| comes_too(sight, other_around))
            || other.is_some_and(|sight| comes_too(sight, around));
        moved && at_ms.min() <= Some(case.difference.at_ms())
    });
    let ends = [case.one, case.other].map(|played| {
        ["its documents", "its index"].map(|what| {
            let last = played.entries.iter().rfind(|entry| entry.what == what);
            last.map(|entry| entry.bytes.as_slice())
        })
    });
    before && ends[0] == ends[1]
}

/// Whether the same comes to the same node in the other world, at whatever moment: what says something
/// else there has not only moved.
fn comes_too(sight: &Sight, other: &[Sight]) -> bool {
    let mut same = other.iter().filter(|one| one.node == sight.node);
    same.any(|one| one.seen == sight.seen)
}

/// Where two lists part.
fn first_apart<'a, T: PartialEq>(one: &'a [T], other: &'a [T]) -> Option<[Option<&'a T>; 2]> {
    let same = one
        .iter()
        .zip(other)
        .take_while(|(one, other)| one == other)
        .count();
    let apart = [one.get(same), other.get(same)];
    apart.iter().any(Option::is_some).then_some(apart)
}

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
