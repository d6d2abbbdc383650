//! The time limits that run at this node: found again when it starts, kept up with what arrives, and
//! acted on when they are up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crdt_model::draft::Draft;
use crdt_model::due::{self, Act, Due};
use crdt_model::engine::{Engine, WriteRefused};
use crdt_model::ids::{CommitHash, RecordId};
use crdt_model::kind::Kinds;
use crdt_model::label::FacetId;
use crdt_model::replica::{self, Held, ReplicaError};
use crdt_model::time::{Instant, Now};
use node_store::SledStore;

use super::summaries::Summaries;

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

    /// Looks at some of the facets whose time limits may not be known.
    pub(super) fn find_some(&mut self, engine: &Engine, store: &SledStore, summaries: &Summaries) {
        let charter = engine.charter();
        let kinds = charter.kinds();
        if self.changed.is_empty()
            && let Some(after) = self.rest.take()
        {
            let some = concerned_after(engine, kinds, after);
            self.rest = some.last().map(|last| Some(last.record));
            self.changed.extend(some);
        }
        let changed = self.changed.iter().copied();
        for facet in changed.take(LOOK_AT_ONCE).collect::<Vec<_>>() {
            match replica::held(store, &facet) {
                Ok(held) => self.look(&facet, held.as_ref(), kinds),
                Err(error) => {
                    // The engine mends what is damaged, says so and tells of it again.
                    self.changed.remove(&facet);
                    if summaries.note("limits-unknown", None, facet.facet) {
                        tracing::warn!(record = %facet.record, facet = %facet.facet, %error, "time limits of a facet are not known");
                    }
                }
            }
        }
    }

    /// What this node has to do by itself now; looks again when the next time is up.
    pub(super) fn acts(
        &mut self,
        engine: &Engine,
        store: &SledStore,
        now: Now,
    ) -> Result<Vec<Act>, ReplicaError> {
        let wall = engine.floored(now.wall);
        let next = self.due.next(wall);
        let wait_ms = next.map_or(LOOK_MS, |next| next.ms.saturating_sub(wall.ms).min(LOOK_MS));
        self.look_at = now.instant.after_ms(wait_ms.max(1));
        if !engine.confirms(wall, CONFIRMED_WITHIN_MS) {
            return Ok(Vec::new());
        }
        let charter = engine.charter();
        Arc::make_mut(&mut self.due).acts(engine.node(), &**charter, wall, store)
    }
}

/// The facets of some records after this one whose time limits are not known yet. Never all at
/// once, for a county has millions; and in the order in which the store has them, for where they
/// lie scattered each has to be fetched from the disk by itself.
fn concerned_after(engine: &Engine, kinds: &Kinds, after: Option<RecordId>) -> Vec<FacetId> {
    let index = engine.index();
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

/// Takes what became of a draft.
type Outcome = Box<dyn FnOnce(Result<Vec<CommitHash>, WriteRefused>) + Send>;

/// The draft of an act, and what is logged when it is written or refused.
pub(super) fn logged(act: Act, summaries: &Summaries) -> (Draft, Outcome) {
    let (Act::Step(draft) | Act::Letter(draft) | Act::Receipt(draft)) = &act;
    let (record, facet) = (draft.facet.record, draft.facet.facet);
    let summaries = summaries.clone();
    match act {
        Act::Step(draft) => {
            let outcome = move |outcome: Result<_, WriteRefused>| match outcome {
                Ok(_) => {
                    tracing::info!(%record, %facet, "time was up and a step was taken");
                }
                Err(error) => {
                    if summaries.note("no-step", None, facet) {
                        tracing::warn!(%record, %facet, %error, "time was up and no step was taken");
                    }
                }
            };
            (draft, Box::new(outcome))
        }
        Act::Letter(draft) => {
            let outcome = move |outcome: Result<_, WriteRefused>| match outcome {
                Ok(_) => {
                    tracing::info!(%record, %facet, "time was up and a letter was sent");
                }
                Err(error) => {
                    if summaries.note("no-letter", None, facet) {
                        tracing::warn!(%record, %facet, %error, "time was up and no letter was sent");
                    }
                }
            };
            (draft, Box::new(outcome))
        }
        Act::Receipt(draft) => {
            let outcome = move |outcome: Result<_, WriteRefused>| {
                if let Err(error) = outcome
                    && summaries.note("no-receipt", None, facet)
                {
                    tracing::warn!(%record, %facet, %error, "something arrived and no receipt was given");
                }
            };
            (draft, Box::new(outcome))
        }
    }
}
