//! The demonstration county: 84 real nodes on one machine, each a process of its own with its own
//! key, store and connections, sharing invented records under a signed charter; and a second,
//! independent way of saying what each of them may hold.

pub mod members;
pub mod options;
pub mod progress;
pub mod sample;
pub mod template;

mod charter_text;
mod crew;
pub mod folder;
mod ports;
pub mod setup;
