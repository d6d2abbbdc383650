//! From the files of a charter folder to what they say.
//!
//! [`files`] and `layout` say which files there are; `characters` and `nesting` what no text of a
//! charter may hold. Then each file: [`head`] with [`terms`] and `reviewers` (`charter.toml`),
//! [`roster`], [`kinds`] with [`forbidden`] (what no field may hold), [`schema`], [`rules`] with
//! `wording` (what Cedar says of them), [`calendar`], [`measures`] over [`tables`],
//! [`checks`]. What is wrong comes back as [`finding`]s.

pub mod calendar;
pub(crate) mod characters;
pub mod checks;
pub(crate) mod document;
pub mod files;
pub mod finding;
pub mod forbidden;
pub mod head;
pub mod kinds;
pub(crate) mod layout;
pub mod measures;
pub(crate) mod nesting;
pub(crate) mod reviewers;
pub mod roster;
pub mod rules;
pub mod schema;
pub mod tables;
pub mod terms;
pub(crate) mod translation;
pub(crate) mod wording;
