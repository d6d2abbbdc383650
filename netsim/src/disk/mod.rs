//! A disk in memory, and a store on it: the faults of disks happen under the store, so that what
//! stands above it meets exactly what the store's contract promises.
//!
//! ```text
//! LogStore    crdt_model's `Store`: an index in memory, checksums at every read
//!   Platter   the bytes that survive: a log and a small head file, in sectors of 512 bytes
//! ```
//!
//! Nothing here is random by itself: every fault draws from a [`Seed`](crate::seed::Seed).
//!
//! # The log
//!
//! Batches, one after the other, see `frame`. Each value has a checksum over its key and itself. The
//! structure, which is everything else, has a checksum for each batch. So rot in a value is damage
//! to that key alone, while rot in the structure is damage to the store: a batch that cannot be read
//! could have overwritten or deleted anything.
//!
//! # The head
//!
//! Two slots, written in turn by `sync` after the log has become durable: how far the log was
//! durable, and a digest of its structure up to there, see `head`. A log that is behind the head,
//! or that tells another story, was rolled back. As with a store in files, what nobody can notice
//! here is a restore of *everything*, head and all.
//!
//! # What a power cut can do
//!
//! It reaches the bytes appended since the last sync, and the head slot that is being written. A
//! sector of which an earlier part is durable keeps that part, as if the drive finished a sector that
//! it writes again or left it alone; drives that do neither are not modelled.

mod counts;
mod faults;
mod frame;
mod head;
mod log_store;
mod open;
mod platter;
mod power_cut;
mod rewrite;

pub use self::counts::Counts;
pub use self::faults::{Faults, Rotten};
pub use self::log_store::LogStore;
pub use self::open::{Recovery, Refused};
pub use self::platter::{Platter, SECTOR_BYTES};
pub use self::power_cut::PowerCut;
