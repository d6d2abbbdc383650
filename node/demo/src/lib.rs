//! The demonstration county: 84 real nodes on one machine, each a process of its own with its own
//! key, store and connections, sharing invented records under a signed charter; and a second,
//! independent way of saying what each of them may hold.
//!
//! * [`County`]: all of it, for command lines and tests; [`options`]: what can be asked of it
//! * [`folder`], [`setup`], [`template`], `ports`: making a county in a folder
//! * [`members`]: its nodes; `processes`: their processes; `asking`: what they are asked
//! * [`sample`], `load`: invented records, and bringing them in as a user would
//! * `lines`: when everything has arrived; `expected`, `verdict`: whether it is what plain Cedar says
//! * [`show`]: the demonstration as a command line asks for it; [`report`]: one object for programs; [`progress`], `stopping`, `crew`: long work, told and ended

pub mod folder;
pub mod members;
pub mod options;
pub mod progress;
pub mod report;
pub mod sample;
pub mod setup;
pub mod show;
pub mod template;

mod asking;
mod convergence;
mod crew;
mod expected;
mod lines;
mod load;
mod ports;
mod processes;
mod running;
mod stopping;
mod verdict;

pub use self::convergence::{Converged, Settled};
pub use self::lines::{LineCount, Statuses, count as count_lines};
pub use self::load::Part;
pub use self::running::County;
pub use self::stopping::Stopping;
pub use self::verdict::Verdict;
