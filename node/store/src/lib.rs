//! The store of a node: an ordered map of bytes on disk, kept twice, that notices when it is damaged
//! or not the one this node last wrote.
//!
//! ```text
//! DiskStore   crdt_model's `Store`: one process, one writer, head file, journal, scrub
//!   Sealed    checksums bound to keys, long values in chunks, the stamp
//!     Engine  an ordered map of small values: sled here, redb in the tests
//!   Journal   every batch once more, in a plain file that is only appended to
//! Disk        the file system, or a simulated one in the tests
//! ```
//!
//! `disk` is what all the rest asks of the file system; `generation` makes a generation, `look` reads
//! one without changing it, `remains` takes what is left of one. `store` puts them together: what it
//! does while it is open stands in the file, `create`, `open` and `mend` in the folder.
//!
//! # The folder
//!
//! ```text
//! store.lock             empty; locked while a process has the store open
//! store.head             what was last made durable, 8 KiB, written in place (see `head`)
//! generation-00000001/   the engine's files; `scrub` moves on to the next number
//! journal-00000001       the second copy of that generation (see `journal`)
//! trial/                 a generation that is opened to see whether it opens; gone afterwards
//! ```
//!
//! Beside it, `store.damaged-1` and so on are stores as they were before they were mended (see
//! `aside`).
//!
//! # What is noticed
//!
//! Every write raises a counter in the engine's stamp, in the same batch, and every sync copies the
//! counter into the head file. An engine that is behind the head was rolled back: an older copy, a
//! cut-off log, another node's folder, an emptied database. The stamp also carries the number of
//! entries and the sum of their checksums, and opening reads every entry once and compares, so
//! that an entry which vanished is noticed too, and not only one that changed.
//!
//! A *whole* folder that was restored, head file and all, is told by where its head file was written
//! (`home`): such a store opens and says that it [moved](DiskStore::moved). Whoever opens it must
//! then take a new author epoch before it writes, or it signs a second commit under a number that it
//! has used, and [settle](DiskStore::settle) that.
//!
//! # What happens then
//!
//! sled cuts its log off where it finds a tear, so its files are read without it first (`look`,
//! `sled_log`), every byte of the log and of the journal, and nothing is changed.
//!
//! | what is wrong | what opening does |
//! | --- | --- |
//! | nothing, or what a crash leaves | opens the engine, reads every entry |
//! | the engine's files, and the journal comes to exactly what the last stamp says | sets the folder aside, fills the next generation from the journal |
//! | the journal, the head file, sled's page table or parameters | writes them anew from the engine |
//! | the engine's files in a place that does not count any more, and the journal too | opens a copy of the engine; if that is whole, goes on |
//! | anything else | refuses, and leaves everything as it is |
//!
//! Damage that shows only when the engine is open, such as a segment of the log that is all zero,
//! takes the second row too; the folder is set aside as the engine left it then.
//!
//! A value that turns out to be damaged while the store is open is read in the journal, if that is
//! whole and has all batches; else it is an error.
//!
//! [`DiskStore::accept_rollback`] takes of both copies whatever is whole, after setting the folder
//! aside. It reads sled's log itself, past the damage, where sled would end.
//!
//! # Crash points
//!
//! * Between the syncs of engine and journal and the head's write both are ahead of the head; never
//!   behind. Where they differ from each other, the journal is written anew from the engine.
//! * A head slot that is torn leaves the other slot, which is one sync older: same as above. Where a
//!   slot is damaged for good, the journal says how far the store had come.
//! * What a journal lacks behind all that was durable was never acknowledged: it is written anew, and
//!   nobody is told of damage.
//! * `scrub` fills the next generation and its journal while the head still names the old one, makes
//!   both durable, writes both slots of the head, and only then removes the old ones. Opening removes whatever
//!   generation and journal the head does not name.

mod aside;
mod disk;
mod engine;
mod error;
mod folder;
mod generation;
mod head;
mod home;
mod journal;
mod layout;
mod look;
mod remains;
mod sealed;
mod sled;
mod sled_log;
mod stamp;
mod store;

pub use self::aside::SET_ASIDE_MAX;
pub use self::disk::{Disk, DiskFile, Identity, Item, Locked, RealDisk, Task};
pub use self::engine::{Changes, Engine, Found, Inspection, Salvaged, Visit};
pub use self::error::OpenError;
pub use self::folder::is_in_use;
pub use self::home::Moved;
pub use self::layout::{KEY_BYTES_MAX, PIECE_BYTES_MAX, VALUE_BYTES_MAX};
pub use self::sled::SledEngine;
pub use self::store::{
    Accepted, Checked, DiskStore, Mended, SledReader, SledStore, StoreOptions, StoreReader,
};
