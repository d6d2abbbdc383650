//! The county in memory: the very engine that `mesh-node` runs, in as many nodes as wanted, in
//! virtual time, on one thread, from one queue of events. Nothing here reads a clock, a file or
//! the network, so the same calls give the same run.
//!
//! * [`world`]: nodes, lines, time, and what passed over each line.
//! * [`faults`]: lines that go down, nodes that die and start again.
//! * [`crash_store`]: a store that loses what was not made durable.
//! * [`disk`]: a store over a disk that tears, forgets, rots and fills up.
//! * [`hostile`]: a peer with a valid key that keeps to no rule.
//! * [`seed`]: one stream of numbers from one seed.
//! * [`open_charter`]: a charter without Cedar, for tests of the engine alone.

pub mod crash_store;
pub mod disk;
pub mod faults;
pub mod hostile;
pub mod open_charter;
pub mod seed;
pub mod world;
