//! The charter of a county: the signed folder that says who is a member, what records hold, what
//! flows where, who may write and who may read. This crate reads it, refuses it whole if anything in
//! it is unknown or wrong, has it signed and verified, and answers every question about it. No
//! fallback opens a flow: what cannot be read, checked or answered is refused.
//!
//! * Reading: [`files`] and `layout` (which files there are), `characters` and `nesting` (what no text
//!   of a charter may hold), [`head`] (`charter.toml`), [`roster`],
//!   [`kinds`] with [`forbidden`] (what no field may hold), [`schema`], [`rules`], [`checks`]; what
//!   is wrong comes back as [`finding`]s.
//! * Making one: [`template`] (that of Linze County, and filling one in), [`scaffold`] (one for
//!   another county), [`format`](mod@format) (one form for the text).
//! * Deciding: [`charter`] puts a [`question`] to Cedar through [`model`] and keeps the answer by
//!   symmetry [`class`], counted by [`occurrence`]; [`explain`] says why; [`relation`] says how a node stands to a label;
//!   [`plain`] is a second way to the same answers.
//! * Reviewing: [`review`], whose [`review::enumeration`] is the table of every decision; all that a
//!   reviewer can ask of a charter as a whole rests on it.
//! * Signing: [`manifest`] (what is signed), [`sshsig`] and [`key_files`] (how), [`board`] (whose
//!   signatures count), [`sign`] (the steps of a reviewer), [`adopt`] with [`refusal`] (what a node
//!   may hold, and why not), [`bundle`] (the bytes that travel), [`held`] (what a node's store holds).
//! * Bad days: [`recovery`] (keys are lost), [`emergency`] (more may be seen, for hours).

pub mod adopt;
pub mod board;
pub mod bundle;
mod characters;
pub mod charter;
pub mod checks;
pub mod class;
mod document;
pub mod emergency;
pub mod explain;
pub mod files;
pub mod finding;
pub mod forbidden;
pub mod format;
pub mod head;
pub mod held;
pub mod key_files;
pub mod kinds;
mod layout;
#[cfg(test)]
mod linze;
pub mod manifest;
mod manifest_text;
pub mod model;
mod nesting;
pub mod occurrence;
pub mod plain;
pub mod question;
pub mod recovery;
pub mod refusal;
pub mod relation;
pub mod review;
mod reviewers;
pub mod roster;
pub mod rules;
pub mod scaffold;
pub mod schema;
pub mod sign;
pub mod sshsig;
pub mod template;
pub mod terms;
mod wording;

pub use charter::CedarCharter;
pub use files::CharterFiles;
pub use finding::{Finding, Severity};
pub use question::{Action, Question};
pub use review::prove::run_checks;
