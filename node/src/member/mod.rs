//! The running member: one engine, one store, and whoever asks.
//!
//! * [`keeper`]: holds engine and store together; every input goes through it.
//! * [`run`]: with the network, until somebody stops it. [`offline`]: without, for one question.
//! * `network`: what the transport reports becomes inputs, what the engine wants becomes commands.
//! * `ahead`: what peers sent is read on other threads before its turn.
//! * `limits`: time limits, and the steps that are taken when they are up.
//! * `waiting`: what waits for each neighbour, kept over restarts.
//! * `summaries`: bounds the log lines that others can cause.
//! * `beats`: that the node is there, written down every so often.
//! * `warnings`: what a person at this machine should see to.
//! * `room`: whether there is room on the disk, and what is refused while there is none.
//! * `reading`: the read model follows what the engine makes durable.
//! * `identity`: whose store and key these are; `taken_up`: a folder that did not last run here. [`repair`]: a damaged store made whole.
//! * [`answers`]: one file for each kind of question. [`drafts`]: what somebody asks to be written.
//! * `addressing`: for whom a new facet is meant, where nobody says.
//! * [`founding`]: making a node. `clock`: the only clock.

mod addressing;
mod ahead;
mod alarms;
pub mod answers;
mod beats;
pub mod clock;
pub mod drafts;
pub mod founding;
mod identity;
pub mod keeper;
mod limits;
mod network;
pub mod offline;
mod reading;
pub mod repair;
pub(crate) mod room;
mod running;
mod summaries;
mod taken_up;
mod waiting;
mod warnings;

pub use founding::found;
pub use identity::kept;
pub use running::run;
