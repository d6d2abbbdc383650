//! Beats: how often a node writes that it is there, in a facet that holds nothing else.

use crdt_model::kind::{Facet, Field, FieldType};
use crdt_model::text;
use crdt_model::text::Text;

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
            let message = text!(
                "{hours} 小时不在 1 至 {BEAT_HOURS_MAX} 之间",
                "{hours} hours is not 1 to {BEAT_HOURS_MAX}"
            );
            self.refuse("kinds::beats", &at, message, Text::default());
        }
        let times = |field: &Field| field.grows && field.holds == FieldType::Time;
        if facet.addressed
            || facet.once
            || facet.fields.len() != 1
            || !facet.fields.iter().all(times)
        {
            let message = text!(
                "`{}` 用作在线记录，又含有别的内容",
                "`{}` has beats and holds something else",
                facet.name
            );
            let hint = text!(
                "只能有一个 `time` 类型、可追加的字段，分项不能有收件单位",
                "one field of type `time` that grows, in a facet that is not addressed"
            );
            self.refuse("kinds::beats", &at, message, hint);
        }
    }
}
