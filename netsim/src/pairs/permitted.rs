//! The differences between two paired observations that are permitted, for whoever judges the
//! security of the mesh. Everything else is a finding.
//!
//! A difference is put here when it is understood and when the mesh cannot do otherwise, never to
//! make a run pass. A change of the list raises [`VERSION`].

use std::collections::BTreeMap;

use crdt_model::ids::NodeId;
use crdt_model::label::FacetId;
use crdt_model::replica::FacetEntry;

use super::Pair;
use super::observation::Difference;
use super::play::Played;
use super::script::{Act, Step};
use crate::world::watch::Seen;

/// The version of this list.
pub const VERSION: u32 = 3;

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
              observer the same; and where the neighbour ends with the same, so does the observer",
    tells: "that a line beyond its neighbour was busy at some moment, and for how long: not \
                with what, whose or with whom",
    matches: shared_line,
}];

/// The neighbours learnt something that the observer may know at another moment, no later than the
/// observer saw a difference; and if in the end they hold the same of it, so does the observer. That
/// they do not must come of that moment too.
fn shared_line(case: &Case<'_>) -> bool {
    let parts = first_apart(&case.one.around, &case.other.around);
    let before = parts.is_some_and(|sights| {
        let at_ms = sights.into_iter().flatten().map(|sight| sight.at_ms).min();
        at_ms.is_some_and(|at_ms| at_ms <= case.difference.at_ms())
    });
    let ends = [case.one, case.other].map(|played| {
        ["its documents", "its index"].map(|what| {
            let last = played.entries.iter().rfind(|entry| entry.what == what);
            last.map(|entry| entry.bytes.as_slice())
        })
    });
    let [one, other] = [case.one, case.other].map(held_at_last);
    before && (ends[0] == ends[1] || one != other && nothing_else_was_written(case.pair))
}

/// Whether people wrote the same in both worlds, but for the hidden record: then what neighbours end
/// with differs only in what had come to a writer, or to nobody, by the time of the writing.
fn nothing_else_was_written(pair: &Pair) -> bool {
    let written = |script: &[Step]| -> Vec<_> {
        let all = script.iter().filter_map(|step| match &step.act {
            Act::Write { node, draft, .. } if draft.facet.record != pair.hidden.record => {
                Some((step.at_ms, *node, draft.facet, draft.fields.clone()))
            }
            _ => None,
        });
        all.collect()
    };
    let [one, other] = &pair.scripts;
    written(one) == written(other)
}

/// What the neighbours came to hold of what the observer may know.
fn held_at_last(played: &Played) -> BTreeMap<(NodeId, FacetId), Option<FacetEntry>> {
    let held = played.around.iter().filter_map(|sight| match &sight.seen {
        Seen::Holds { facet, entry } => Some(((sight.node, *facet), *entry)),
        _ => None,
    });
    held.collect()
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
