//! The time limits that run at a node, and what it does by itself when they are up.
//!
//! All of it follows from the replica and can be forgotten and found again. A step is taken by the
//! node that holds the matter, once: afterwards the clock that called for it no longer runs, and what
//! somebody else did at the same time stands beside it as any other step would. A letter is sent once:
//! which record it is follows from what it is about (`letters`). So is a receipt given (`receipts`).

mod letters;
mod receipts;

use std::collections::{BTreeMap, BTreeSet};

use crate::charter::{Charter, Roster};
use crate::draft::Draft;
use crate::encoding::Writer;
use crate::ids::{Name, NodeId};
use crate::kind::clocks::{Basis, Clock, Span, Standing, Then};
use crate::kind::{Facet, Kinds};
use crate::label::{FacetId, Grade, Label};
use crate::replica::{Held, ReplicaError};
use crate::store::Store;
use crate::time::WallTime;
use crate::value::Value;

use letters::Answers;
pub use letters::letter_of;
use receipts::Arrived;
pub use receipts::receipt_of;

/// How long after something was tried it is tried again.
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
#[derive(Clone, Default)]
pub struct Due {
    running: BTreeMap<FacetId, Vec<Entry>>,
    /// The facets whose time limits end at a moment, in milliseconds.
    ends: BTreeMap<u64, BTreeSet<FacetId>>,
    tried: BTreeMap<FacetId, u64>,
    answers: Answers,
    arrived: Arrived,
}

/// What a node does by itself, when time is up or something has arrived.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Act {
    /// The step that the clock names.
    Step(Draft),
    /// The letter that it names.
    Letter(Draft),
    /// That something has arrived.
    Receipt(Draft),
}

impl Due {
    /// Looks at a facet anew.
    pub fn look(&mut self, held: &Held, kinds: &Kinds) {
        let facet = *held.history.facet();
        self.forget(&facet);
        self.answers.look(held, kinds);
        self.arrived.look(held, kinds);
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
        self.answers.forget(facet);
        self.arrived.forget(facet);
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

    /// What this node has to do by itself now. Nothing is done by a clock that had not been set, or
    /// whose time was up already when the step was written down: whoever wrote that knew. Nor where
    /// somebody has to settle first where the record is. No letter goes to who has answered.
    pub fn acts(
        &mut self,
        node: NodeId,
        charter: &dyn Charter,
        now: WallTime,
        store: &dyn Store,
    ) -> Result<Vec<Act>, ReplicaError> {
        let up = self.ends.range(..=now.ms).flat_map(|(_, facets)| facets);
        let up: BTreeSet<FacetId> = up.copied().collect();
        let mut acts = Vec::new();
        for facet in up {
            if self.waits(&facet, now) {
                continue;
            }
            let before = acts.len();
            let entries = self.running.get(&facet).into_iter().flatten();
            let entries: Vec<&Entry> = entries
                .filter(|entry| entry.calls(&facet, charter, now))
                .collect();
            for entry in &entries {
                let letter = letter_of(charter, &facet, entry).filter(|letter| {
                    letter.home == node && !self.answers.has(facet.record, letter.addressee)
                });
                if let Some(letter) = letter {
                    let draft = letters::draft(letter, &facet, entry, charter, now, store)?;
                    acts.extend(draft.map(Act::Letter));
                }
            }
            let mut steps = entries.iter();
            acts.extend(steps.find_map(|entry| step_of(&facet, entry, node, charter)));
            if acts.len() > before {
                self.tried.insert(facet, now.ms);
            }
        }
        for (arrived, draft) in self.arrived.drafts(node, charter, now, store)? {
            if !self.waits(&arrived, now) {
                self.tried.insert(arrived, now.ms);
                acts.push(Act::Receipt(draft));
            }
        }
        Ok(acts)
    }

    /// Whether something was tried on a facet just now.
    fn waits(&self, facet: &FacetId, now: WallTime) -> bool {
        let tried = self.tried.get(facet);
        tried.is_some_and(|at| now.ms < at + TRY_AGAIN_MS)
    }
}

impl Entry {
    /// Whether time is up, and what follows may follow by itself.
    fn calls(&self, facet: &FacetId, charter: &dyn Charter, now: WallTime) -> bool {
        let clock = clock_of(charter.kinds(), facet.facet, self.clock);
        let up =
            clock.is_some_and(|(clock, _)| clock.standing(self.span, now) == Standing::Overdue);
        let in_time = self.span.is_some_and(|span| self.entered < span.due);
        up && in_time && self.settled && self.basis != Basis::Unknown
    }
}

/// Whether what a facet says matters to time limits, or to what a node does by itself.
pub fn concerns(kinds: &Kinds, facet: Name) -> bool {
    let declared = kinds.facet(facet).map(|(_, declared)| declared);
    let matters = |declared: &Facet| !declared.clocks.is_empty() || declared.receipts.is_some();
    declared.is_some_and(matters) || kinds.answers_with(facet).is_some()
}

/// The beginning of what an id is a digest of.
fn begun(domain: &[u8], facet: &FacetId) -> Writer {
    let mut of = Writer::new();
    of.raw(domain)
        .raw(&facet.record.0)
        .name(facet.facet)
        .node(facet.home)
        .node(facet.addressee);
    of
}

/// The grade of something that a node writes by itself, as sensitive as what it is about; none where
/// the charter does not let it write that, or would not let it arrive.
fn grade_like(matter: &Label, facet: &FacetId, charter: &dyn Charter) -> Option<Grade> {
    let (_, declared) = charter.kinds().facet(facet.facet)?;
    let grade = Grade {
        sensitivity: matter.grade.sensitivity,
        ..declared.default_grade()?
    };
    let label = facet.label(grade);
    let may = charter.kinds().check_label(&label).is_ok()
        && charter.author(&label, facet.home).allowed
        && charter.flow(&label, facet.addressee).allowed;
    may.then_some(grade)
}

/// The clock of this name on a facet, with the field that says the step.
pub fn clock_of(kinds: &Kinds, facet: Name, clock: Name) -> Option<(&Clock, Name)> {
    let (_, declared) = kinds.facet(facet)?;
    let found = declared.clocks.iter().find(|one| one.name == clock)?;
    Some((found, declared.steps.as_ref()?.field))
}

/// The node that takes a step by itself for records of a home.
pub fn taker(roster: &Roster, home: NodeId, then: &Then) -> Option<NodeId> {
    roster.on_the_way_up(home, then.tier)
}

fn step_of(facet: &FacetId, entry: &Entry, node: NodeId, charter: &dyn Charter) -> Option<Act> {
    let (clock, field) = clock_of(charter.kinds(), facet.facet, entry.clock)?;
    let then = clock.then.as_ref()?;
    let ours = taker(charter.roster(), facet.home, then) == Some(node);
    let step = Value::Text(then.step.as_str().to_owned());
    ours.then(|| {
        Act::Step(Draft {
            facet: *facet,
            grade: None,
            fields: [(field.as_str().to_owned(), Some(step))].into(),
        })
    })
}
