//! The review of a period, as it is asked for and answered.

use crdt_model::ids::Name;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use crate::report::period::{Cadence, Period};
pub use crate::report::{Cell, Chart, Report, Section, Table};

/// The review of a period.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportRequest {
    /// How long the period is.
    pub period: Cadence,
    /// A day in it, by the calendar of Beijing; today if none is given.
    #[serde(default)]
    pub ending: Option<Date>,
    /// As a person in this role may read it; the first that the charter lists if none is given.
    #[serde(default)]
    pub role: Option<Name>,
}
