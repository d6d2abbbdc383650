//! Answering questions. [`charter`] puts a [`question`] to Cedar through [`model`] and keeps the answer
//! by symmetry [`class`], counted by [`occurrence`]; [`explain`] says why; [`relation`] says how a node
//! stands to a label; `beginning` says what holds of nodes that are expected; [`plain`] is a second way
//! to the same answers.

mod beginning;
pub mod charter;
pub mod class;
pub mod explain;
pub mod model;
pub mod occurrence;
pub mod plain;
pub mod question;
pub mod relation;
