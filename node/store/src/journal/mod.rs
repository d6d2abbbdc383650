//! The second copy of a store: every batch once more, in a plain file that is only appended to.
//!
//! sled keeps up to seventeen entries in one page and ends its log at the first message that it
//! cannot read, so one bad bit can cost many entries. What lives at home alone has no third copy
//! anywhere. The journal holds every entry a second time, in records that are checked one by one: a
//! reader steps over damage and goes on at the next whole record.
//!
//! ```text
//! 0    4  "CMJ\n"
//! 4    4  length of the body
//! 8    4  CRC-32 of length and body
//! 12   8  number     counts the records of the file from 0: a gap shows
//! 20   1  kind       0 ends a batch, 1 is followed by more of it
//! 21  48  stamp      of the store after the batch, see `stamp`
//! 69      changes    key length u16, key, value length u32, value; a length of 2^32 - 1 deletes
//! ```
//!
//! Integers are big-endian. The CRC finds damage; whether what comes of a whole journal is what the
//! engine held is decided by the stamp, whose sum is over SHA-256 of every key and value.
//!
//! # When it is written
//!
//! Every batch is appended in the round that writes it to the engine, and a sync makes both durable
//! side by side before anything is acknowledged. The file is written anew, from the engine, when
//! more than half of it is about entries that have changed since, and at every scrub, so that what
//! was purged leaves it too.

mod read;
mod record;
mod write;

pub(super) use self::read::{Index, Summary};
pub(super) use self::write::Journal;
