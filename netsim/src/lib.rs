//! The county in virtual time: the very engine, charter code and validator that `mesh-node` runs,
//! in as many nodes as wanted, on one thread, from one queue of events. Nothing here reads a clock,
//! a file or the network, and every choice is drawn from a stream of its own, so the same seed gives
//! the same run.
//!
//! * [`world`]: nodes, lines, time, and what passed over each line.
//! * [`disk`]: a store over a disk that tears, forgets, rots and fills up.
//! * [`charters`]: charters from a seed, each with a table of permissions that Cedar never saw.
//! * [`workload`]: what people write; [`hostile`]: what peers with a valid key do who keep to no rule.
//! * [`run`]: one seed, whole: work and trouble, then peace, with the [`checkers`] looking on.
//! * [`scenarios`]: the county's life, one story each; [`report`]: a page about one of them.
//! * [`stage`]: the charters and [`places`] of one county.
//! * [`truth`] and [`secrecy`]: who may learn what, and whether anybody learnt more.
//! * [`pairs`]: whether anybody can tell apart two worlds that differ in what it may not know.
//! * `plants`: bugs that are planted to see that all this finds them; only with the feature
//!   `planted-bugs`.
//! * [`open_charter`]: a charter without Cedar, for tests of the engine alone.

pub mod charters;
pub mod checkers;
pub mod cli;
pub mod counters;
pub mod disk;
pub mod hostile;
pub mod open_charter;
pub mod pairs;
pub mod places;
#[cfg(feature = "planted-bugs")]
pub mod plants;
pub mod province;
pub mod report;
pub mod run;
pub mod scenarios;
pub mod secrecy;
pub mod seed;
pub mod soak;
pub mod stage;
pub mod truth;
pub mod workload;
pub mod world;
