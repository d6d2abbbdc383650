//! The beats of this node: it writes down by itself, every so often as the charter says, that it is
//! there. Only while townships have confirmed the time, so that no wrong clock says so for years ahead.

use crdt_model::beat::{self, Beat};
use crdt_model::replica;
use crdt_model::time::Instant;

use super::keeper::Keeper;
use super::limits::CONFIRMED_WITHIN_MS;
use crdt_model::text::Problem;

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
}

impl Keeper {
    /// Writes the beats that are due and not there yet.
    pub(super) fn watch_beats(&mut self) -> Result<(), Problem> {
        let now = self.clock.now();
        if now.instant < self.beats.look_at || self.room.is_short() {
            return Ok(());
        }
        let wall = self.engine.floored(now.wall);
        if !self.engine.confirms(wall, CONFIRMED_WITHIN_MS) {
            self.beats.look_at = now.instant.after_ms(CONFIRMED_LOOK_MS);
            return Ok(());
        }
        self.beats.look_at = now.instant.after_ms(LOOK_MS);
        let due = beat::due(self.node(), self.engine.charter().kinds(), wall);
        for beat in &due {
            let there = || {
                let document = replica::document(&self.store, &beat.facet);
                document.is_ok_and(|document| !document.values(&beat.key).is_empty())
            };
            if self.beats.written.contains(beat) || there() {
                continue;
            }
            let facet = beat.facet.facet;
            self.write(vec![beat.draft(wall)], move |outcome| {
                if let Err(error) = outcome {
                    tracing::warn!(%facet, %error, "this node could not write that it is there");
                }
            })?;
        }
        self.beats.written = due;
        Ok(())
    }
}
