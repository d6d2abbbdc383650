//! What several commands of the node have in common in their help, and its exit codes.

use crdt_model::text;
use crdt_model::text::Text;
#[cfg(test)]
pub(super) use policy::command_line::help::wordless;
pub(super) use policy::command_line::help::{Words, help_and_version, speak};

use super::exit::Exit;

/// Arguments that many commands of the node take.
pub(super) trait Shared {
    /// With the argument `role` of those who look.
    #[must_use]
    fn role(self) -> Self;

    /// With the argument `period` of what covers one.
    #[must_use]
    fn period(self) -> Self;
}

impl Shared for Words {
    fn role(self) -> Self {
        self.argument(
            "role",
            text!(
                "查看人的岗位（默认为章程列出的第一个）",
                "the role of whoever looks (default: the first of the charter)"
            ),
        )
    }

    fn period(self) -> Self {
        self.argument(
            "period",
            text!(
                "周期：`day` 日、`week` 周（周一至周日）、`month` 月、`quarter` 季",
                "day, week (Monday to Sunday), month or quarter"
            ),
        )
    }
}

/// The exit codes, as a list for people.
pub(super) fn exit_codes() -> Text {
    let codes = Exit::all().map(|(exit, meaning)| (exit as u8, meaning));
    policy::command_line::help::exit_codes(codes)
}
