//! The store on disk: what it keeps, what it notices, and what it survives.

mod conformance;
mod crash;
mod damage;
mod engines;
mod figures;
mod mending;
mod model;
mod moved;
mod open;
mod scrub;
mod simulated;
