//! The time limits that run at this node: found again when it starts, kept up with what arrives, and
//! acted on when they are up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crdt_model::draft::Draft;
use crdt_model::due::{self, Act, Due};
use crdt_model::ids::RecordId;
use crdt_model::kind::Kinds;
use crdt_model::label::FacetId;
use crdt_model::replica::{self, Held};
use crdt_model::time::Instant;

use super::keeper::Keeper;
use crdt_model::text::Problem;

/// Facets that are looked at before the node does something else.
const LOOK_AT_ONCE: usize = 512;
/// How often it looks whether a time limit is up, at least.
const LOOK_MS: u64 = 60_000;
/// How long ago townships may have confirmed the time for the node to act on it by itself: they sign
/// once a day, and one of them may be cut off for a day. A machine whose clock was set wrong, or that
/// is cut off, leaves it to a person.
pub(super) const CONFIRMED_WITHIN_MS: u64 = 48 * 3_600_000;

/// See the module.
pub struct Limits {
    due: Arc<Due>,
    /// Of all facets, those are still to be looked at whose record comes after this one; all if none.
    rest: Option<Option<RecordId>>,
    /// The facets that are to be looked at next.
    changed: BTreeSet<FacetId>,
    look_at: Instant,
}

impl Limits {
    /// Everything is to be looked at.
    pub(super) fn anew() -> Self {
        Self {
            due: Arc::default(),
            rest: Some(None),
            changed: BTreeSet::new(),
            look_at: Instant::default(),
        }
    }

    /// A facet is to be looked at.
    pub(super) fn changed(&mut self, facet: FacetId, kinds: &Kinds) {
        if due::concerns(kinds, facet.facet) {
            self.changed.insert(facet);
            self.look_at = Instant::default();
        }
    }

    /// Looks at a facet as the replica has it, if that is still to be done.
    pub(super) fn look(&mut self, facet: &FacetId, held: Option<&Held>, kinds: &Kinds) {
        if self.changed.remove(facet) {
            match held {
                Some(held) => Arc::make_mut(&mut self.due).look(held, kinds),
                None => Arc::make_mut(&mut self.due).forget(facet),
            }
        }
    }

    /// Whether something runs that may not be known.
    pub(super) fn is_behind(&self) -> bool {
        self.rest.is_some() || !self.changed.is_empty()
    }

    /// What runs.
    pub fn due(&self) -> &Arc<Due> {
        &self.due
    }

    /// When it must look again at the latest.
    pub(super) fn look_at(&self) -> Instant {
        self.look_at
    }
}

impl Keeper {
    /// Looks at all facets whose time limits may not be known.
    pub fn find_limits(&mut self) {
        while self.limits.is_behind() {
            self.find_some_limits();
        }
    }

    fn find_some_limits(&mut self) {
        let charter = self.engine.charter().clone();
        let kinds = charter.kinds();
        if self.limits.changed.is_empty()
            && let Some(after) = self.limits.rest.take()
        {
            let some = self.concerned_after(kinds, after);
            self.limits.rest = some.last().map(|last| Some(last.record));
            self.limits.changed.extend(some);
        }
        let changed = self.limits.changed.iter().copied();
        for facet in changed.take(LOOK_AT_ONCE).collect::<Vec<_>>() {
            match replica::held(&self.store, &facet) {
                Ok(held) => self.limits.look(&facet, held.as_ref(), kinds),
                Err(error) => {
                    // The engine mends what is damaged, says so and tells of it again.
                    self.limits.changed.remove(&facet);
                    if self.summaries.note("limits-unknown", None, facet.facet) {
                        tracing::warn!(record = %facet.record, facet = %facet.facet, %error, "time limits of a facet are not known");
                    }
                }
            }
        }
    }

    /// The facets of some records after this one whose time limits are not known yet. Never all at
    /// once, for a county has millions; and in the order in which the store has them, for where they
    /// lie scattered each has to be fetched from the disk by itself.
    fn concerned_after(&self, kinds: &Kinds, after: Option<RecordId>) -> Vec<FacetId> {
        let index = self.engine.index();
        let labels = index
            .labels()
            .filter(|label| due::concerns(kinds, label.facet));
        let mut ahead = BTreeMap::new();
        for label in labels {
            let mut records = index.records_after(label, after);
            if let Some(first) = records.next() {
                ahead.insert((first, *label), records);
            }
        }
        let mut some: Vec<FacetId> = Vec::new();
        while let Some(((record, label), mut records)) = ahead.pop_first() {
            let begins = some.last().is_none_or(|last| last.record != record);
            if begins && some.len() >= LOOK_AT_ONCE {
                break;
            }
            some.push(label.facet_of(record));
            if let Some(next) = records.next() {
                ahead.insert((next, label), records);
            }
        }
        some
    }

    /// Does what this node has to do by itself, and says when to look again.
    pub(super) fn watch_limits(&mut self) -> Result<(), Problem> {
        let now = self.clock.now();
        if now.instant < self.limits.look_at || self.room.is_short() {
            return Ok(());
        }
        self.find_some_limits();
        if self.limits.is_behind() {
            // The rest follows when what waits has been done.
            return Ok(());
        }
        let wall = self.engine.floored(now.wall);
        let next = self.limits.due.next(wall);
        let wait_ms = next.map_or(LOOK_MS, |next| next.ms.saturating_sub(wall.ms).min(LOOK_MS));
        self.limits.look_at = now.instant.after_ms(wait_ms.max(1));
        if !self.engine.confirms(wall, CONFIRMED_WITHIN_MS) {
            return Ok(());
        }
        let (charter, node) = (self.engine.charter().clone(), self.node());
        let acts = Arc::make_mut(&mut self.limits.due).acts(node, &*charter, wall, &self.store);
        for act in acts.map_err(|error| super::keeper::damaged(&error))? {
            match act {
                Act::Step(draft) => self.take_step(draft)?,
                Act::Letter(draft) => self.send_letter(draft)?,
                Act::Receipt(draft) => self.give_receipt(draft)?,
            }
        }
        Ok(())
    }

    fn take_step(&mut self, draft: Draft) -> Result<(), Problem> {
        let (record, facet) = (draft.facet.record, draft.facet.facet);
        let summaries = self.summaries.clone();
        self.write(vec![draft], move |outcome| match outcome {
            Ok(_) => {
                tracing::info!(%record, %facet, "time was up and a step was taken");
            }
            Err(error) => {
                if summaries.note("no-step", None, facet) {
                    tracing::warn!(%record, %facet, %error, "time was up and no step was taken");
                }
            }
        })
    }

    fn send_letter(&mut self, draft: Draft) -> Result<(), Problem> {
        let (record, facet) = (draft.facet.record, draft.facet.facet);
        let summaries = self.summaries.clone();
        self.write(vec![draft], move |outcome| match outcome {
            Ok(_) => {
                tracing::info!(%record, %facet, "time was up and a letter was sent");
            }
            Err(error) => {
                if summaries.note("no-letter", None, facet) {
                    tracing::warn!(%record, %facet, %error, "time was up and no letter was sent");
                }
            }
        })
    }

    fn give_receipt(&mut self, draft: Draft) -> Result<(), Problem> {
        let (record, facet) = (draft.facet.record, draft.facet.facet);
        let summaries = self.summaries.clone();
        self.write(vec![draft], move |outcome| {
            if let Err(error) = outcome
                && summaries.note("no-receipt", None, facet)
            {
                tracing::warn!(%record, %facet, %error, "something arrived and no receipt was given");
            }
        })
    }
}
