//! The beats of this node: it writes down by itself, every so often as the charter says, that it is
//! there. Only while townships have confirmed the time, so that no wrong clock says so for years ahead.

use crdt_model::beat::{self, Beat};
use crdt_model::draft::Draft;
use crdt_model::engine::Engine;
use crdt_model::replica;
use crdt_model::time::{Instant, Now};
use node_store::SledStore;

use super::limits::CONFIRMED_WITHIN_MS;

/// How often it looks whether a beat is due; and whether the time is confirmed, until it is.
const LOOK_MS: u64 = 60_000;
const CONFIRMED_LOOK_MS: u64 = 5_000;

/// See the module.
#[derive(Default)]
pub(super) struct Beats {
    /// Those that were due at the last look and are there.
    written: Vec<Beat>,
    look_at: Instant,
}

impl Beats {
    /// When it must look again at the latest.
    pub(super) fn look_at(&self) -> Instant {
        self.look_at
    }

    /// The beats that are due and not there yet, as drafts.
    pub(super) fn due(&mut self, engine: &Engine, store: &SledStore, now: Now) -> Vec<Draft> {
        let wall = engine.floored(now.wall);
        if !engine.confirms(wall, CONFIRMED_WITHIN_MS) {
            self.look_at = now.instant.after_ms(CONFIRMED_LOOK_MS);
            return Vec::new();
        }
        self.look_at = now.instant.after_ms(LOOK_MS);
        let due = beat::due(engine.node(), engine.charter().kinds(), wall);
        let there = |beat: &Beat| {
            let document = replica::document(store, &beat.facet);
            document.is_ok_and(|document| !document.values(&beat.key).is_empty())
        };
        let missing = due
            .iter()
            .filter(|beat| !self.written.contains(beat) && !there(beat));
        let drafts = missing.map(|beat| beat.draft(wall)).collect();
        self.written = due;
        drafts
    }
}
