//! Asking a node something from the same machine.

pub mod client;
pub mod finding;
pub mod protocol;
pub mod server;
