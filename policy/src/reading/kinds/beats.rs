//! Beats: how often a node writes that it is there, in a facet that holds nothing else.

use crdt_model::kind::{Facet, Field, FieldType};

use super::Check;
use crate::reading::document::Step;

/// The longest between two beats, in hours: thirty days.
const BEAT_HOURS_MAX: u32 = 720;

impl Check<'_, '_> {
    /// A beat says when and nothing else; it needs no person to begin its facet.
    pub(super) fn beats(&mut self, facet: &Facet, path: [Step<'_>; 2]) {
        let Some(hours) = facet.beat_hours else {
            return;
        };
        let at = [path[0], path[1], Step::Key("beat_hours")];
        if hours == 0 || hours > BEAT_HOURS_MAX {
            let message = format!("{hours} hours is not 1 to {BEAT_HOURS_MAX}");
            self.refuse("kinds::beats", &at, message, "");
        }
        let times = |field: &Field| field.grows && field.holds == FieldType::Time;
        if facet.addressed
            || facet.once
            || facet.fields.len() != 1
            || !facet.fields.iter().all(times)
        {
            let message = format!("`{}` has beats and holds something else", facet.name);
            let hint = "one field of type `time` that grows, in a facet that is not addressed";
            self.refuse("kinds::beats", &at, message, hint);
        }
    }
}
