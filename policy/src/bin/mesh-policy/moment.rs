//! A moment given on the command line; now if none is given.

use std::fmt;
use std::str::FromStr;

use crdt_model::time::WallTime;

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
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let at: jiff::Timestamp = text
            .parse()
            .map_err(|_| "write it as in 2026-12-01T00:00:00Z".to_owned())?;
        if at.as_millisecond() < 0 {
            return Err("times before 1970 are not allowed".to_owned());
        }
        Ok(Self(at))
    }
}
