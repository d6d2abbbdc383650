//! The letters that a node sends by itself when time is up. Which record a letter is follows from the
//! facet, the clock and its span, so two tellings are one, and every node that holds both sees that it
//! was sent.

use std::collections::{BTreeMap, BTreeSet};

use crate::charter::Charter;
use crate::draft::{Draft, Fields};
use crate::ids::{NodeId, RecordId};
use crate::kind::Kinds;
use crate::kind::clocks::Span;
use crate::kind::letters::Occasion;
use crate::label::FacetId;
use crate::replica::{self, Held, ReplicaError};
use crate::store::Store;
use crate::time::WallTime;
use crate::value::Value;

use super::{Entry, begun, clock_of, grade_like};

const LETTER_DOMAIN: &[u8] = b"countymesh letter 1";

/// The letter that follows on a clock by itself: its home is who sends it, its addressee whose time is
/// up.
pub fn letter_of(charter: &dyn Charter, facet: &FacetId, entry: &Entry) -> Option<FacetId> {
    let (clock, _) = clock_of(charter.kinds(), facet.facet, entry.clock)?;
    let (sends, span) = (clock.sends.as_ref()?, entry.span?);
    let (form, _) = charter.kinds().letter_form()?;
    let home = sends.from.node(charter.roster(), facet)?;
    let addressee = sends.to.node(charter.roster(), facet)?;
    (home != addressee).then(|| FacetId {
        record: letter_record(facet, entry, span),
        facet: form.name,
        home,
        addressee,
    })
}

/// The record that a letter is.
fn letter_record(facet: &FacetId, entry: &Entry, span: Span) -> RecordId {
    let mut of = begun(LETTER_DOMAIN, facet);
    of.name(entry.clock)
        .u64_be(span.since.ms)
        .u64_be(span.due.ms);
    RecordId::of_digest(&of.into_bytes())
}

/// The letter as its sender writes it: if it has not been sent, and if whom it goes to may hold both
/// it and what it is about.
pub(super) fn draft(
    letter: FacetId,
    facet: &FacetId,
    entry: &Entry,
    charter: &dyn Charter,
    now: WallTime,
    store: &dyn Store,
) -> Result<Option<Draft>, ReplicaError> {
    let sent = replica::facet_entry(store, &letter)?.is_some();
    let matter = replica::facet_entry(store, facet)?.filter(|_| !sent);
    let matter = matter.map(|held| replica::label_of(facet, &held));
    let matter = matter.filter(|matter| charter.flow(matter, letter.addressee).allowed);
    Ok(matter.and_then(|matter| {
        Some(Draft {
            facet: letter,
            grade: Some(grade_like(&matter, &letter, charter)?),
            fields: fields_of(facet, entry, charter, now)?,
        })
    }))
}

fn fields_of(
    facet: &FacetId,
    entry: &Entry,
    charter: &dyn Charter,
    now: WallTime,
) -> Option<Fields> {
    let kinds = charter.kinds();
    let (declared, form) = kinds.letter_form()?;
    let (clock, _) = clock_of(kinds, facet.facet, entry.clock)?;
    let slot = clock.letter?;
    let occasion = Occasion {
        clock,
        slot,
        title: &kinds.letter(slot)?,
        about: facet.record,
        now,
    };
    Some(form.filled(declared, kinds.calendar(), &occasion))
}

/// Which records have been answered, and by whom.
#[derive(Clone, Default)]
pub(super) struct Answers {
    answers: BTreeMap<FacetId, RecordId>,
    answered: BTreeMap<(RecordId, NodeId), BTreeSet<FacetId>>,
}

impl Answers {
    /// Looks at a facet anew, if it is one that answers others.
    pub(super) fn look(&mut self, held: &Held, kinds: &Kinds) {
        let facet = *held.history.facet();
        let Some(with) = kinds.answers_with(facet.facet) else {
            return;
        };
        if let Some(Value::Text(record)) = held.document.settled(with.refers.as_str())
            && let Ok(record) = record.parse()
            && with.only.holds(&held.document)
        {
            self.answers.insert(facet, record);
            let answers = self.answered.entry((record, facet.home)).or_default();
            answers.insert(facet);
        }
    }

    /// A facet answers nothing any more.
    pub(super) fn forget(&mut self, facet: &FacetId) {
        if let Some(record) = self.answers.remove(facet)
            && let Some(answers) = self.answered.get_mut(&(record, facet.home))
        {
            answers.remove(facet);
        }
    }

    /// Whether a node has answered.
    pub(super) fn has(&self, record: RecordId, from: NodeId) -> bool {
        let answers = self.answered.get(&(record, from));
        answers.is_some_and(|answers| !answers.is_empty())
    }
}
