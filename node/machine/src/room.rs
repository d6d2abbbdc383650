//! Room on the disk. What is written when the disk is full is lost halfway, and the store's engine
//! takes no further call after that. So writing is refused while there is still room for what the node
//! has to do by itself, reading goes on, and writing comes back when there is room again.
//!
//! A file of `RESERVE_BYTES` is set aside where the disk is not large. Opening the store writes a
//! little; on a full disk the reserve is given up for that.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crdt_model::engine;
use crdt_model::store::StoreError;
use crdt_model::time::Instant;
use rustix::fs::{FallocateFlags, fallocate, statvfs};
use rustix::process::{Resource, getrlimit};

use crdt_model::text;
use crdt_model::text::Problem;
use serde::{Deserialize, Serialize};

/// Bytes that must be free for anything to be taken in: more than one round writes, with what the
/// store's engine writes beside it.
const REFUSE_BELOW_BYTES: u64 = 32 << 20;
/// Bytes that must be free for what the node notes for itself.
const NOTE_BELOW_BYTES: u64 = 4 << 20;
/// Bytes that must be free for writing to begin again.
const ACCEPT_FROM_BYTES: u64 = 48 << 20;
/// Bytes that are set aside for opening the store on a full disk.
const RESERVE_BYTES: u64 = 8 << 20;
/// Bytes free above which nothing is set aside: so much does not go at once.
const ROOMY_BYTES: u64 = 4 << 30;
/// Milliseconds between two looks while there is no room.
const LOOK_MS: u64 = 1_000;
/// Milliseconds until writing is tried again after a write failed for want of room that could not be
/// seen before: a quota, or a limit of the process.
const TRY_AGAIN_MS: u64 = 30_000;

/// The code of everything that is refused because the disk is full.
pub const DISK_FULL: &str = "disk-full";

const _: () = assert!(NOTE_BELOW_BYTES < RESERVE_BYTES);
const _: () = assert!(RESERVE_BYTES < REFUSE_BELOW_BYTES && REFUSE_BELOW_BYTES < ACCEPT_FROM_BYTES);

/// How much room there is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct DiskRoom {
    /// Bytes that may still be written.
    pub free_bytes: u64,
    /// Whether writes are refused because there is too little.
    pub full: bool,
}

/// Whether there is room.
pub struct Room {
    folder: PathBuf,
    state: engine::Room,
    look_at: Instant,
    /// What a rewrite of the store needs that waits for room; 0 if none does.
    awaited_bytes: u64,
    /// A write failed: no other is tried before this.
    not_before: Option<Instant>,
}

impl Room {
    /// Looks at the disk of a node's folder before its store is opened. `failed` says that the last
    /// write failed for want of room.
    pub fn before_opening(folder: &Path, failed: bool) -> Self {
        let mut room = Self {
            folder: folder.to_owned(),
            state: engine::Room::Enough,
            look_at: Instant::default(),
            awaited_bytes: 0,
            not_before: failed.then(|| Instant::default().after_ms(TRY_AGAIN_MS)),
        };
        if room.free_bytes() < RESERVE_BYTES {
            // There may be none.
            let _ = fs::remove_file(room.reserve());
        }
        room.look(Instant::default());
        room
    }

    /// Looks again. Whether that changes something.
    pub fn look(&mut self, now: Instant) -> bool {
        self.look_at = now.after_ms(LOOK_MS);
        let free = self.free_bytes();
        let needed = match self.is_short() {
            true => ACCEPT_FROM_BYTES,
            false => REFUSE_BELOW_BYTES,
        };
        let waits = self.not_before.is_some_and(|then| now < then);
        let state = match free {
            _ if waits => engine::Room::None,
            free if free < NOTE_BELOW_BYTES => engine::Room::None,
            free if free < needed.max(self.awaited_bytes) => engine::Room::Scarce,
            _ => engine::Room::Enough,
        };
        if state == engine::Room::Enough {
            self.not_before = None;
            if free < ROOMY_BYTES {
                self.set_aside(free);
            }
        }
        std::mem::replace(&mut self.state, state) != state
    }

    /// Whether nothing is taken in.
    pub fn is_short(&self) -> bool {
        self.state < engine::Room::Enough
    }

    /// When it must be looked at again at the latest, if nothing is taken in.
    pub fn look_at(&self) -> Option<Instant> {
        self.is_short().then_some(self.look_at)
    }

    /// How much there is, as it was last seen.
    pub fn state(&self) -> engine::Room {
        self.state
    }

    /// Says what a rewrite of the store needs; nothing else is taken in until there is that much.
    pub fn wait_for(&mut self, bytes: u64) {
        self.awaited_bytes = match bytes {
            0 => 0,
            bytes => bytes.saturating_add(REFUSE_BELOW_BYTES),
        };
    }

    /// Whether there is room for a rewrite of so many bytes.
    pub fn is_enough_for(&self, bytes: u64) -> bool {
        self.free_bytes() >= bytes.saturating_add(REFUSE_BELOW_BYTES)
    }

    /// How it stands, for people.
    pub fn status(&self) -> DiskRoom {
        DiskRoom {
            free_bytes: self.free_bytes(),
            full: self.is_short(),
        }
    }

    /// Bytes that may still be written. Where the system does not say, there is room.
    fn free_bytes(&self) -> u64 {
        let free = statvfs(&self.folder)
            .map_or(u64::MAX, |disk| disk.f_bavail.saturating_mul(disk.f_frsize));
        match getrlimit(Resource::Fsize).current {
            Some(limit) => free.min(limit.saturating_sub(largest_file_bytes(&self.folder))),
            None => free,
        }
    }

    fn reserve(&self) -> PathBuf {
        self.folder.join("reserve")
    }

    fn set_aside(&self, free: u64) {
        let path = self.reserve();
        if path.exists() || free < ACCEPT_FROM_BYTES + RESERVE_BYTES {
            return;
        }
        let made = fs::File::create(&path).and_then(|file| {
            let made = fallocate(&file, FallocateFlags::empty(), 0, RESERVE_BYTES);
            made.map_err(std::io::Error::from)
        });
        if made.is_err() {
            // Not every file system can; it is a second line only.
            let _ = fs::remove_file(&path);
        }
    }
}

/// Bytes of the largest file in a folder and those below it.
fn largest_file_bytes(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let lengths = entries.map(|entry| match entry.metadata() {
        Ok(found) if found.is_dir() => largest_file_bytes(&entry.path()),
        Ok(found) => found.size(),
        Err(_) => 0,
    });
    lengths.max().unwrap_or(0)
}

/// Nothing is written because there is no room.
pub fn disk_full() -> Problem {
    let mib = ACCEPT_FROM_BYTES >> 20;
    Problem::new(
        DISK_FULL,
        text!(
            "磁盘空间不足，没有保存；已保存的记录不受影响，仍可查询和发送",
            "there is no room on the disk, and nothing was written; what was saved is safe, and can still be \
             read and sent"
        ),
        text!(
            "腾出至少 {mib} MiB 磁盘空间后重试；无需重新启动，节点会自动恢复保存",
            "make at least {mib} MiB of room on the disk and try again; the node takes writes again by itself, \
             without a restart"
        ),
    )
}

/// Whether a store failed because there is no room.
pub fn is_full(error: &StoreError) -> bool {
    matches!(error, StoreError::Full)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(folder: &Path) -> Room {
        Room::before_opening(folder, false)
    }

    #[test]
    fn a_write_that_failed_for_want_of_room_is_not_tried_again_at_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut failed = Room::before_opening(folder.path(), true);
        assert!(failed.is_short());
        assert!(!failed.look(Instant::from_ms(TRY_AGAIN_MS - 1)));
        assert!(failed.look(Instant::from_ms(TRY_AGAIN_MS)));
        assert!(!failed.is_short());
    }

    #[test]
    fn a_rewrite_that_needs_more_than_there_is_holds_everything_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut room = room(folder.path());
        assert!(!room.is_short());
        assert!(!room.is_enough_for(u64::MAX));
        room.wait_for(u64::MAX);
        assert!(room.look(Instant::default()) && room.is_short());
        room.wait_for(0);
        assert!(room.look(Instant::default()) && !room.is_short());
    }
}
