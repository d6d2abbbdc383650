//! The store of a node: an ordered map of bytes on disk that notices when it is not the one this
//! node last wrote.
//!
//! ```text
//! DiskStore   crdt_model's `Store`: one process, one writer, head file, scrub
//!   Sealed    checksums bound to keys, long values in chunks, the stamp
//!     Engine  an ordered map of small values: sled here, redb in the tests
//! ```
//!
//! # The folder
//!
//! ```text
//! store.lock             empty; locked while a process has the store open
//! store.head             what was last made durable, 8 KiB, written in place (see `head`)
//! generation-00000001/   the engine's files; `scrub` moves on to the next number
//! ```
//!
//! # What is noticed
//!
//! Every write raises a counter in the engine's stamp, in the same batch, and every sync copies the
//! counter into the head file. An engine that is behind the head was rolled back: an older copy, a
//! cut-off log, another node's folder, an emptied database. The stamp also carries the number of
//! entries and the sum of their checksums, and opening reads every entry once and compares, so
//! that an entry which vanished is noticed too, and not only one that changed.
//!
//! What cannot be noticed here is a restore of the *whole* folder, head file and all. The
//! neighbours notice that: they hold commits of this node that it no longer knows.
//!
//! Opening a damaged store can cost evidence: sled cuts its log off where it finds a tear. Whoever
//! wants to save something from a damaged folder copies it first.
//!
//! # Crash points
//!
//! * Between the engine's sync and the head's write the engine is ahead of the head; never behind.
//! * A head slot that is torn leaves the other slot, which is one sync older: same as above.
//! * `scrub` fills the next generation while the head still names the old one, makes it durable,
//!   writes the head, and only then removes the old one. Opening removes whatever generation the
//!   head does not name.

mod create;
mod disk;
mod engine;
mod error;
mod folder;
mod head;
mod layout;
mod open;
mod scrub;
mod sealed;
mod sled;
mod stamp;

pub use self::disk::{DiskStore, SledStore, StoreOptions};
pub use self::engine::{Changes, Engine, Visit};
pub use self::error::OpenError;
pub use self::folder::is_in_use;
pub use self::layout::{KEY_BYTES_MAX, PIECE_BYTES_MAX, VALUE_BYTES_MAX};
pub use self::open::Accepted;
pub use self::sled::SledEngine;
