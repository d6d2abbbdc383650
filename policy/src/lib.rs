//! The charter of a county: the signed folder that says who is a member, what records hold, what
//! flows where, who may write and who may read. This crate reads it, refuses it whole if anything in
//! it is unknown or wrong, has it signed and verified, and answers every question about it. No
//! fallback opens a flow: what cannot be read, checked or answered is refused.
//!
//! * [`reading`]: from the files of a folder to what they say, or to findings.
//! * [`deciding`]: an opened charter answers questions.
//! * [`signing`]: who made a charter, which one a node may hold, and how it travels.
//! * [`making`]: a county's first charter, and one form for its text.
//! * [`review`]: what a reviewer can ask of a charter as a whole; all of it rests on
//!   [`review::enumeration`], the table of every decision.
//! * [`command_line`]: help and usage errors in both languages, for the programs of the mesh.

pub mod command_line;
pub mod deciding;
#[cfg(test)]
mod linze;
pub mod making;
pub mod reading;
pub mod review;
pub mod signing;

pub use deciding::charter::CedarCharter;
pub use deciding::question::{Action, Question};
pub use reading::files::CharterFiles;
pub use reading::finding::{Finding, Severity};
pub use review::prove::run_checks;
