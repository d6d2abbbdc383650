//! Asking a node something from the same machine.

pub mod attached;
pub mod due;
pub mod duplicates;
pub mod finding;
pub mod importing;
pub mod measuring;
pub mod protocol;
pub mod receipts;
pub mod report;
pub mod snapshotting;
