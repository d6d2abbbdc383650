//! What a node tells the people and programs on its own machine: replies of the control socket and
//! lines of its log, each with what it mentions.

mod due;
mod duplicates;
mod figures;
mod found;
mod log_lines;
mod receipts;
mod replies;
mod reported;

pub(crate) use replies::mentions;
