//! The running member: one engine, one store, and whoever asks.
//!
//! * [`keeper`]: holds engine and store together; every input goes through it.
//! * [`run`]: with the network, until somebody stops it. [`mail`]: how it is asked meanwhile.
//! * `network`: what the transport reports becomes inputs, what the engine wants becomes commands.
//! * `ahead`: what peers sent is read on other threads before its turn.
//! * `limits`: time limits, and the steps that are taken when they are up.
//! * `waiting`: what waits for each neighbour, kept over restarts.
//! * `summaries`: bounds the log lines that others can cause.
//! * `beats`: that the node is there, written down every so often.
//! * `warnings`: what a person at this machine should see to.
//! * `reading`: the read model follows what the engine makes durable.
//! * [`view`]: what questions are answered from, on other threads.
//! * `identity`: whose store and key these are, by the `marks` in the store; `taken_up`: a folder that
//!   did not last run here. [`repair`]: a damaged store made whole; `missing`: what it lacks then.
//! * [`problems`]: what persons are told when something cannot be used.
//! * [`founding`]: making a node.

mod ahead;
mod alarms;
mod beats;
pub mod founding;
mod identity;
pub mod keeper;
pub mod limits;
pub mod mail;
mod marks;
pub mod missing;
pub mod network;
pub mod problems;
pub mod reading;
pub mod repair;
mod running;
mod summaries;
mod taken_up;
pub mod view;
pub mod waiting;
pub mod warnings;

pub use founding::found;
pub use identity::kept;
pub use running::run;
