//! The time limits that run at this node: found again when it starts, kept up with what arrives, and
//! acted on when they are up.

use crdt_model::draft::Draft;
use crdt_model::due::{self, Act, Due};
use crdt_model::label::FacetId;
use crdt_model::replica;
use crdt_model::time::Instant;

use super::keeper::Keeper;
use crate::text::Problem;

/// Facets that are looked at before the node does something else.
const SCAN_AT_ONCE: usize = 256;
/// How often it looks whether a time limit is up, at least.
const LOOK_MS: u64 = 60_000;
/// How long ago townships may have confirmed the time for the node to act on it by itself: they sign
/// once a day, and one of them may be cut off for a day. A machine whose clock was set wrong, or that
/// is cut off, leaves it to a person.
pub(super) const CONFIRMED_WITHIN_MS: u64 = 48 * 3_600_000;

/// See the module.
pub(super) struct Limits {
    due: Due,
    /// How far the replica has been looked through; `None` once it is done.
    scan: Option<Scan>,
    look_at: Instant,
}

#[derive(Clone, Copy, Default)]
struct Scan {
    after: Option<FacetId>,
}

impl Limits {
    /// Everything is to be looked at.
    pub(super) fn anew() -> Self {
        Self {
            due: Due::default(),
            scan: Some(Scan::default()),
            look_at: Instant::default(),
        }
    }

    /// What runs.
    pub(super) fn due(&self) -> &Due {
        &self.due
    }

    /// When it must look again at the latest.
    pub(super) fn look_at(&self) -> Instant {
        self.look_at
    }
}

impl Keeper {
    /// Looks at a facet whose commits have changed.
    pub(super) fn look_at_limits_of(&mut self, facet: &FacetId) {
        let charter = self.engine.charter().clone();
        let kinds = charter.kinds();
        if !due::concerns(kinds, facet.facet) {
            return;
        }
        // What cannot be read is mended by the engine, which says so and tells of it again.
        if let Ok(history) = replica::history(&self.store, facet)
            && let Err(error) = self.limits.due.look(&history, kinds)
        {
            tracing::warn!(record = %facet.record, facet = %facet.facet, %error, "time limits of a facet are not known");
        }
        self.limits.look_at = Instant::default();
    }

    /// Looks through the whole replica for time limits, as far as that has not been done.
    pub fn find_limits(&mut self) -> Result<(), Problem> {
        while self.limits.scan.is_some() {
            self.scan_limits()?;
        }
        Ok(())
    }

    fn scan_limits(&mut self) -> Result<(), Problem> {
        let Some(scan) = self.limits.scan else {
            return Ok(());
        };
        let page = replica::facets_after(&self.store, scan.after.as_ref(), SCAN_AT_ONCE);
        let page = page.map_err(|error| super::answers::unreadable(&error))?;
        for (facet, _) in &page {
            self.look_at_limits_of(facet);
        }
        let last = page.last().map(|(facet, _)| *facet);
        self.limits.scan = last
            .filter(|_| page.len() == SCAN_AT_ONCE)
            .map(|facet| Scan { after: Some(facet) });
        Ok(())
    }

    /// Does what this node has to do by itself, and says when to look again.
    pub(super) fn watch_limits(&mut self) -> Result<(), Problem> {
        let now = self.clock.now();
        if now.instant < self.limits.look_at {
            return Ok(());
        }
        self.scan_limits()?;
        if self.limits.scan.is_some() {
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
        let acts = self.limits.due.acts(node, &*charter, wall, &self.store);
        for act in acts.map_err(|error| super::answers::unreadable(&error))? {
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
        self.write(vec![draft], move |outcome| {
            match outcome {
                Ok(_) => {
                    tracing::info!(%record, %facet, "time was up and a step was taken");
                }
                Err(error) => {
                    tracing::warn!(%record, %facet, %error, "time was up and no step was taken");
                }
            }
            None
        })
    }

    fn send_letter(&mut self, draft: Draft) -> Result<(), Problem> {
        let (record, facet) = (draft.facet.record, draft.facet.facet);
        self.write(vec![draft], move |outcome| {
            match outcome {
                Ok(_) => {
                    tracing::info!(%record, %facet, "time was up and a letter was sent");
                }
                Err(error) => {
                    tracing::warn!(%record, %facet, %error, "time was up and no letter was sent");
                }
            }
            None
        })
    }
    fn give_receipt(&mut self, draft: Draft) -> Result<(), Problem> {
        let (record, facet) = (draft.facet.record, draft.facet.facet);
        self.write(vec![draft], move |outcome| {
            if let Err(error) = outcome {
                tracing::warn!(%record, %facet, %error, "something arrived and no receipt was given");
            }
            None
        })
    }
}
