//! The time limits that run at a node, and the steps that it takes by itself when they are up.
//!
//! All of it follows from the replica and can be forgotten and found again. A step is taken by the
//! node that holds the matter, once: afterwards the clock that called for it no longer runs, and what
//! somebody else did at the same time stands beside it as any other step would.

use std::collections::{BTreeMap, BTreeSet};

use crate::charter::{Charter, Member, Roster};
use crate::draft::Draft;
use crate::ids::{Name, NodeId};
use crate::kind::Kinds;
use crate::kind::clocks::{Basis, Clock, Span, Standing, Then};
use crate::label::{FacetId, Grade};
use crate::replica::Held;
use crate::time::WallTime;
use crate::value::Value;

/// How long after a step was tried it is tried again.
const TRY_AGAIN_MS: u64 = 10 * 60_000;

/// One clock that runs on a facet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The grade of the facet that it runs on.
    pub grade: Grade,
    /// The clock's name.
    pub clock: Name,
    /// The word that the record is at.
    pub word: Name,
    /// Who took it there.
    pub author: NodeId,
    /// When that was written down, by that node's clock.
    pub entered: WallTime,
    /// From when until when it runs.
    pub span: Option<Span>,
    /// Whose clock that is.
    pub basis: Basis,
    /// Whether the calendar knows the holidays up to the end.
    pub calendar_known: bool,
    /// Whether the record is at one word only.
    pub settled: bool,
}

/// The clocks that run at a node.
#[derive(Default)]
pub struct Due {
    running: BTreeMap<FacetId, Vec<Entry>>,
    /// The facets whose time limits end at a moment, in milliseconds.
    ends: BTreeMap<u64, BTreeSet<FacetId>>,
    tried: BTreeMap<FacetId, u64>,
}

impl Due {
    /// Looks at a facet anew.
    pub fn look(&mut self, held: &Held, kinds: &Kinds) {
        let facet = *held.history.facet();
        self.forget(&facet);
        let Some((_, declared)) = kinds.facet(facet.facet) else {
            return;
        };
        let steps = declared.steps.as_ref();
        let settled = steps.is_some_and(|steps| steps.here(&held.document).len() == 1);
        let running = declared.running(&held.history, &held.document, kinds.calendar());
        let entries: Vec<Entry> = running
            .into_iter()
            .map(|one| Entry {
                grade: held.entry.grade,
                clock: one.clock.name,
                word: one.word,
                author: one.author,
                entered: one.entered,
                span: one.span,
                basis: one.basis,
                calendar_known: one.calendar_known,
                settled,
            })
            .collect();
        for span in entries.iter().filter_map(|entry| entry.span) {
            self.ends.entry(span.due.ms).or_default().insert(facet);
        }
        if !entries.is_empty() {
            self.running.insert(facet, entries);
        }
    }

    /// Nothing runs any more on a facet.
    pub fn forget(&mut self, facet: &FacetId) {
        for entry in self.running.remove(facet).into_iter().flatten() {
            self.ended(&entry, *facet);
        }
        self.tried.remove(facet);
    }

    fn ended(&mut self, entry: &Entry, facet: FacetId) {
        let Some(span) = entry.span else {
            return;
        };
        if let Some(facets) = self.ends.get_mut(&span.due.ms) {
            facets.remove(&facet);
            if facets.is_empty() {
                self.ends.remove(&span.due.ms);
            }
        }
    }

    /// Everything that runs, by facet.
    pub fn entries(&self) -> impl Iterator<Item = (&FacetId, &Entry)> {
        let all = self.running.iter();
        all.flat_map(|(facet, entries)| entries.iter().map(move |entry| (facet, entry)))
    }

    /// The next moment at which a time limit is up.
    pub fn next(&self, now: WallTime) -> Option<WallTime> {
        let mut later = self.ends.range(now.ms.saturating_add(1)..);
        later.next().map(|(ms, _)| WallTime::from_ms(*ms))
    }

    /// The steps that this node has to take by itself now. Nothing is taken by a clock that had not
    /// been set, or whose time was up already when the step was written down: whoever wrote that knew.
    /// Nor where somebody has to settle first where the record is.
    pub fn steps(&mut self, node: NodeId, charter: &dyn Charter, now: WallTime) -> Vec<Draft> {
        let up = self.ends.range(..=now.ms).flat_map(|(_, facets)| facets);
        let up: BTreeSet<FacetId> = up.copied().collect();
        let mut drafts = Vec::new();
        for facet in up {
            let waits = self
                .tried
                .get(&facet)
                .is_some_and(|at| now.ms < at + TRY_AGAIN_MS);
            let taken = self.running.get(&facet).into_iter().flatten();
            let mut taken = taken.filter_map(|entry| step_of(&facet, entry, node, charter, now));
            if let Some(draft) = taken.next().filter(|_| !waits) {
                self.tried.insert(facet, now.ms);
                drafts.push(draft);
            }
        }
        drafts
    }
}

/// The clock of this name on a facet, with the field that says the step.
pub fn clock_of(kinds: &Kinds, facet: Name, clock: Name) -> Option<(&Clock, Name)> {
    let (_, declared) = kinds.facet(facet)?;
    let found = declared.clocks.iter().find(|one| one.name == clock)?;
    Some((found, declared.steps.as_ref()?.field))
}

/// The node that takes a step by itself for records of a home.
pub fn taker(roster: &Roster, home: NodeId, then: &Then) -> Option<NodeId> {
    let mut at: Option<&Member> = roster.active(home);
    while let Some(member) = at {
        if member.tier == then.tier {
            return Some(member.node);
        }
        at = roster.parent(member.node);
    }
    None
}

fn step_of(
    facet: &FacetId,
    entry: &Entry,
    node: NodeId,
    charter: &dyn Charter,
    now: WallTime,
) -> Option<Draft> {
    let (clock, field) = clock_of(charter.kinds(), facet.facet, entry.clock)?;
    let then = clock.then.as_ref()?;
    let up = clock.standing(entry.span, now) == Standing::Overdue;
    let ours = taker(charter.roster(), facet.home, then) == Some(node);
    let step = Value::Text(then.step.as_str().to_owned());
    let in_time = entry.span.is_some_and(|span| entry.entered < span.due);
    let known = entry.basis != Basis::Unknown && in_time;
    (up && ours && entry.settled && known).then(|| Draft {
        facet: *facet,
        grade: None,
        fields: [(field.as_str().to_owned(), Some(step))].into(),
    })
}
