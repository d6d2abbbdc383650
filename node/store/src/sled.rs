//! sled 0.34 as the engine, with the syncs and the caution it needs.
//!
//! # Its files, and what makes them durable
//!
//! ```text
//! db      the log       sled's flush starts write-back (`sync_file_range`) and no more, so that a
//!                       power cut loses it: `sync` adds our own fsync
//! conf    parameters    written when it is not there, never synced: fsync at open
//! snap.*  page table    written at open, synced by sled, and renamed: fsync of the folder at open;
//!                       found again from the log where it is not there
//! blobs/  large pages   never synced by sled; values and keys are so small that none arises, and
//!                       `sync` sees to any that is there all the same
//! ```
//!
//! # Panics
//!
//! sled asserts where it reads, and a damaged file can reach an assertion. Every call is guarded:
//! a panic becomes an error, and the engine takes no further call, because what the panic left
//! behind in memory is unknown.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::ops::{Bound, ControlFlow};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use crdt_model::store::StoreError;

use super::disk::{Disk, RealDisk};
use super::engine::{Changes, Engine, Found, Inspection, Salvaged, Visit};
use super::error::{at_path, means_full};
use super::sled_log;

const LOG_NAME: &str = "db";
const PARAMETERS_NAME: &str = "conf";
const PAGE_TABLE_PREFIX: &str = "snap.";
/// Bytes at the end of a page table after what its checksum is over: a length and the checksum.
const PAGE_TABLE_END_BYTES: usize = 12;

/// Times that opening waits for a background thread of an engine that this process has just
/// closed, and how long each time.
const LOCK_WAITS: usize = 500;
const LOCK_WAIT_MS: u64 = 10;

/// Times that a key is read again for the sake of memory, see `note_again`. A get finds one key in a
/// page; a scan finds a dozen, and reads each third one again; a write comes back to the page itself.
const GET_NOTES: usize = 3;
const SCAN_NOTES_EVERY: usize = 3;

/// sled in a folder.
pub struct SledEngine {
    /// `None` only while it is being dropped.
    db: Option<::sled::Db>,
    log: File,
    folder: PathBuf,
    /// Why the engine takes no further call.
    broken: OnceLock<String>,
}

impl Engine for SledEngine {
    fn open(_: &dyn Disk, folder: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        let db = guard(|| open_when_released(folder, cache_bytes))
            .unwrap_or_else(|panic| Err(unreadable(panic)))?;
        for name in [PARAMETERS_NAME, LOG_NAME] {
            let path = folder.join(name);
            File::open(&path)
                .and_then(|file| file.sync_all())
                .map_err(at_path(&path))?;
        }
        RealDisk.sync_dir(folder).map_err(at_path(folder))?;
        let path = folder.join(LOG_NAME);
        let log = File::open(&path).map_err(at_path(&path))?;
        Ok(Self {
            db: Some(db),
            log,
            folder: folder.to_owned(),
            broken: OnceLock::new(),
        })
    }

    fn is_present(_: &dyn Disk, folder: &Path) -> bool {
        folder.join(LOG_NAME).is_file()
    }

    fn inspect(
        _: &dyn Disk,
        folder: &Path,
        first_key: &[u8],
        found: &mut Found<'_>,
    ) -> Result<Inspection, StoreError> {
        let path = folder.join(LOG_NAME);
        let log = sled_log::inspect(&path, first_key, found).map_err(at_path(&path))?;
        let mut damage = log.damage;
        if !log.any {
            damage.push("the log holds nothing".to_owned());
        }
        Ok(Inspection {
            damage,
            torn: log.torn,
            caches: damaged_caches(folder).map_err(at_path(folder))?,
            looked_for_values: true,
        })
    }

    fn salvage(_: &dyn Disk, folder: &Path, _cache_bytes: u64) -> Result<Salvaged, StoreError> {
        let path = folder.join(LOG_NAME);
        sled_log::salvage(&path).map_err(at_path(&path))
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.get_noted(key, GET_NOTES)
    }

    fn get_to_write(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.get_noted(key, 0)
    }

    fn scan(&self, from: Bound<&[u8]>, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        self.call(|db| {
            let entries = db.range::<&[u8], _>((from, Bound::Unbounded));
            for (at, entry) in entries.enumerate() {
                let (key, value) = entry.map_err(|error| read_error(&error))?;
                if at % SCAN_NOTES_EVERY == 0 {
                    note_again(db, &key, 1).map_err(|error| read_error(&error))?;
                }
                if let ControlFlow::Break(()) = visit(&key, &value)? {
                    break;
                }
            }
            Ok(())
        })?
    }

    fn write(&mut self, changes: &Changes) -> Result<(), StoreError> {
        let mut batch = ::sled::Batch::default();
        for (key, change) in changes {
            match change {
                Some(value) => batch.insert(key.as_slice(), value.as_slice()),
                None => batch.remove(key.as_slice()),
            }
        }
        self.call(|db| db.apply_batch(batch))?
            .map_err(|error| write_error(&error))
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        sync_blobs(&self.folder.join("blobs")).map_err(at_path(&self.folder))?;
        self.call(|db| db.flush())?
            .map_err(|error| write_error(&error))?;
        self.log.sync_data().map_err(at_path(&self.folder))
    }
}

impl SledEngine {
    fn get_noted(&self, key: &[u8], notes: usize) -> Result<Option<Vec<u8>>, StoreError> {
        let found = self.call(|db| {
            note_again(db, key, notes)?;
            db.get(key)
        })?;
        let found = found.map_err(|error| read_error(&error))?;
        Ok(found.map(|value| value.to_vec()))
    }

    /// Calls sled, if nothing has gone wrong so far.
    fn call<T>(&self, call: impl FnOnce(&::sled::Db) -> T) -> Result<T, StoreError> {
        let broken = |reason: &str| Err(StoreError::Failed(reason.to_owned()));
        match (&self.db, self.broken.get()) {
            (Some(db), None) => match guard(|| call(db)) {
                Ok(result) => Ok(result),
                Err(panic) => broken(self.broken.get_or_init(|| panic)),
            },
            (_, Some(reason)) => broken(reason),
            (None, None) => broken("the engine is closed"),
        }
    }
}

impl fmt::Debug for SledEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SledEngine")
            .field("folder", &self.folder)
            .field("broken", &self.broken)
            .finish_non_exhaustive()
    }
}

impl Drop for SledEngine {
    /// sled writes and syncs when its last handle goes, and panics if that fails.
    fn drop(&mut self) {
        let db = self.db.take();
        if let Err(panic) = guard(|| drop(db)) {
            tracing::error!(folder = %self.folder.display(), panic, "the store's engine did not close cleanly");
        }
    }
}

/// Reads a key some more times, for the sake of memory.
///
/// sled notes each page it reads in one of 256 queues of 64, and looks at what its cache may hold
/// only when a queue is full. Reading each page once leaves 16,384 pages in memory whatever the
/// capacity: 100 MB of a county's store, against 25 MB if the queues fill up with pages that stand
/// in them already. The pages are in memory, so that this takes a microsecond.
fn note_again(db: &::sled::Db, key: &[u8], times: usize) -> Result<(), ::sled::Error> {
    (0..times).try_for_each(|_| db.contains_key(key).map(|_| ()))
}

/// Turns a panic into its message.
fn guard<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| {
        let message = panic.downcast_ref::<String>().map(String::as_str);
        let message = message.or_else(|| panic.downcast_ref::<&str>().copied());
        format!("the engine panicked: {}", message.unwrap_or("no message"))
    })
}

/// Opens sled. Its background threads keep the file, and with it sled's lock, for a moment after
/// the engine was dropped. The caller holds the store's own lock, so nobody else can have it.
fn open_when_released(folder: &Path, cache_bytes: u64) -> Result<::sled::Db, StoreError> {
    let config = || {
        ::sled::Config::new()
            .path(folder)
            .cache_capacity(cache_bytes)
            .flush_every_ms(None)
    };
    for _ in 0..LOCK_WAITS {
        match config().open() {
            Err(::sled::Error::Io(error))
                if error.to_string().contains("could not acquire lock") =>
            {
                std::thread::park_timeout(Duration::from_millis(LOCK_WAIT_MS));
            }
            other => return other.map_err(|error| read_error(&error)),
        }
    }
    Err(StoreError::Failed(format!(
        "`{}`: another program has the engine open",
        folder.display()
    )))
}

/// The files that sled makes anew when they are not there, and would stumble over as they are.
fn damaged_caches(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut damaged = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let content_bytes = |bytes: &[u8]| match name.as_ref() {
            PARAMETERS_NAME => bytes.len().checked_sub(4),
            name if name.starts_with(PAGE_TABLE_PREFIX) => {
                bytes.len().checked_sub(PAGE_TABLE_END_BYTES)
            }
            _ => None,
        };
        if name == PARAMETERS_NAME || name.starts_with(PAGE_TABLE_PREFIX) {
            let bytes = fs::read(entry.path())?;
            let content = content_bytes(&bytes).and_then(|length| bytes.get(..length));
            let expected = bytes.last_chunk::<4>().map(|end| u32::from_le_bytes(*end));
            if content.map(crc32fast::hash) != expected || content.is_none_or(<[u8]>::is_empty) {
                damaged.push(entry.path());
            }
        }
    }
    Ok(damaged)
}

/// Makes large pages durable before the log that points to them.
fn sync_blobs(folder: &Path) -> io::Result<()> {
    let mut found = false;
    for entry in fs::read_dir(folder)? {
        File::open(entry?.path())?.sync_all()?;
        found = true;
    }
    if found {
        RealDisk.sync_dir(folder)
    } else {
        Ok(())
    }
}

fn read_error(error: &::sled::Error) -> StoreError {
    match error {
        ::sled::Error::Corruption { at: Some(at), .. } => unreadable(format!("at {at}")),
        ::sled::Error::Corruption { at: None, .. } => {
            unreadable("its checksums do not match".into())
        }
        ::sled::Error::Unsupported(problem) => unreadable(problem.clone()),
        _ => write_error(error),
    }
}

/// Damage that the engine met, at a key that it does not know.
fn unreadable(problem: String) -> StoreError {
    StoreError::Damaged {
        key: String::new(),
        problem,
    }
}

fn write_error(error: &::sled::Error) -> StoreError {
    match error {
        ::sled::Error::Io(io) if means_full(io.kind()) => StoreError::Full,
        _ => StoreError::Failed(error.to_string()),
    }
}
