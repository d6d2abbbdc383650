//! The county in memory: the very engine that `mesh-node` runs, in as many nodes as wanted, in
//! virtual time, on one thread, from one queue of events. Nothing here reads a clock, a file or
//! the network, so the same calls give the same run.
//!
//! * [`world`]: nodes, lines, time, and what passed over each line.
//! * [`open_charter`]: a charter without Cedar, for tests of the engine alone.

pub mod open_charter;
pub mod world;
