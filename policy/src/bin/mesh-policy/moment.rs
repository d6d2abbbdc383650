//! A moment given on the command line; now if none is given.

use std::fmt;
use std::str::FromStr;

use crdt_model::text;
use crdt_model::time::WallTime;
use policy::command_line::values::Said;

/// A moment since 1970.
#[derive(Clone, Copy)]
pub(crate) struct Moment(jiff::Timestamp);

impl Moment {
    pub(crate) fn wall(self) -> WallTime {
        // Not before 1970: checked when it was read.
        WallTime::from_ms(u64::try_from(self.0.as_millisecond()).unwrap_or(0))
    }
}

impl Default for Moment {
    fn default() -> Self {
        Self(jiff::Timestamp::now())
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Moment {
    type Err = Said;

    fn from_str(word: &str) -> Result<Self, Said> {
        let at: jiff::Timestamp = word.parse().map_err(|_| {
            Said(text!(
                "“{word}”不是时间，请写作 2026-12-01T00:00:00Z",
                "`{word}` is not a time: write it as in 2026-12-01T00:00:00Z"
            ))
        })?;
        if at.as_millisecond() < 0 {
            return Err(Said(text!(
                "时间不能早于 1970 年",
                "times before 1970 are not allowed"
            )));
        }
        Ok(Self(at))
    }
}
