//! The part of a status that is about emergencies.

use crdt_model::text;

use super::Page;
use crate::emergency::standing;

impl Page<'_> {
    /// That an emergency counts or is to begin, above everything else.
    pub(super) fn emergency_alarm(&self) -> String {
        let standing = standing(&self.status.emergency);
        standing.map_or(String::new(), |standing| {
            let title = self.say(&text!("应急", "EMERGENCY"));
            format!("{title}: {}\n", self.say(&standing))
        })
    }
}
