//! The core of countymesh, without input or output: it has no clock, no randomness, no network and
//! no file. Time and randomness are arguments, reads go through a [`store::Store`], and everything
//! the core wants done comes back as data. The program that villages run and the simulator that
//! tries to break it drive this very code.
//!
//! * [`ids`], [`label`], [`kind`], [`value`], [`time`]: the words everything is said in. [`mod@text`]: what
//!   people read, in both languages.
//! * [`charter`]: what the core asks of a charter; `policy` answers.
//! * [`checkpoint`]: the log of charters, and what townships sign of it.
//! * [`reconcile`]: how two nodes find out in which facets they differ.
//! * [`store`]: the seam to whatever keeps bytes.
//! * [`commit`], [`history`], [`judge`], [`document`]: what is signed, what it builds on, whether it
//!   counts, and what it comes to.
//! * [`reconcile`], [`wire`], [`replica`], [`quarantine`]: comparing, the messages, what is held, and
//!   what was refused.
//! * [`engine`]: the node itself, one input at a time.
//! * [`limits`]: every bound, with the relations between them.
//! * [`planted`]: bugs that the simulator must find; never in a program that anybody runs.

pub mod beat;
pub mod calendar;
pub mod charter;
pub mod checkpoint;
pub mod code;
pub mod commit;
pub mod document;
pub mod draft;
pub mod due;
pub mod encoding;
pub mod engine;
pub mod history;
pub mod ids;
pub mod judge;
pub mod kind;
pub mod label;
pub mod limits;
pub mod planted;
pub mod quarantine;
pub mod reconcile;
pub mod replica;
pub mod store;
pub mod text;
pub mod time;
pub mod value;
pub mod wire;
