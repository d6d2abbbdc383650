//! Everything that can be asked of a node, whatever the way in.
//!
//! * [`door`]: where a request comes in and its answer goes out; who may ask, deadlines, the log.
//! * [`use_cases`]: one file for each thing that can be asked. [`requests`]: the list of them.
//! * [`offline`]: the same questions to a node that does not run.
//! * What use cases share: [`readable`] (what a person may read), [`choosing`] (from words to fields),
//!   [`due`] (time limits), [`heard`] (how far nodes were heard), [`next_steps`], [`drafts`],
//!   `addressing` (for whom a new facet is meant), [`written`], [`refusals`] and [`reason`] (why
//!   something was refused), `renumbered` (devices whose code may be another).
//! * [`report`]: the review of a period. [`snapshot`]: what a node kept of one.

mod addressing;
pub mod choosing;
pub mod door;
pub mod drafts;
pub mod due;
pub mod heard;
pub mod next_steps;
pub mod offline;
pub mod readable;
pub mod reason;
pub mod refusals;
mod renumbered;
pub mod report;
pub mod requests;
pub mod snapshot;
pub mod use_cases;
pub mod written;
