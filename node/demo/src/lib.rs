//! The demonstration county: 84 real nodes on one machine, each a process of its own with its own
//! key, store and connections, sharing invented records under a signed charter; and a second,
//! independent way of saying what each of them may hold.
//!
//! * [`County`]: all of it, for command lines and tests; [`options`]: what can be asked of it
//! * [`folder`], [`setup`], [`template`], `ports`: making a county in a folder
//! * [`members`]: its nodes; `processes`: their processes; `asking`: what they are asked
//! * [`sample`], `load`: invented records, and bringing them in as a user would
//! * [`settle`], [`converge`]: waiting until everything has arrived, and comparing it with what plain Cedar
//!   says; `lines`: whether all lines are quiet; `expected`, `verdict`: the comparison
//! * [`show`]: the demonstration as a command line asks for it; [`report`]: one object for programs
//! * [`progress`], `stopping`, `crew`: long work, its progress and its end

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

pub use self::convergence::{Converged, Settled, converge, settle};
pub use self::lines::{LineCount, Statuses, count as count_lines};
pub use self::load::Part;
pub use self::running::County;
pub use self::stopping::Stopping;
pub use self::verdict::Verdict;
