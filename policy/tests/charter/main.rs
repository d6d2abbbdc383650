//! What holds of a whole charter folder: signing it, verifying it, adopting it, shipping it, and the
//! tool that does so. Each module is about one of these.

mod adopting;
mod bundling;
mod checkpoints;
mod command_line;
mod emergencies;
mod holding;
mod languages;
mod linze;
mod openssh;
mod recovering;
mod rotating;
mod signing;
mod tiny;
mod wording;
