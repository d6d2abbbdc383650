//! Everything that can be asked of a node, whatever the way in.
//!
//! * [`door`]: where a request comes in and its answer goes out.
//! * [`asked`]: what can be asked, and what is answered.
//! * [`answers`]: one file for each kind of question. [`drafts`]: what somebody asks to be written.
//! * `addressing`: for whom a new facet is meant, where nobody says.
//! * [`offline`]: the same questions to a node that does not run.
//! * [`report`]: the review of a period. [`snapshot`]: what a node kept of one. [`reason`]: why a write
//!   was refused.

mod addressing;
pub mod answers;
pub mod asked;
pub mod door;
pub mod drafts;
pub mod offline;
pub mod reason;
pub mod report;
pub mod snapshot;
