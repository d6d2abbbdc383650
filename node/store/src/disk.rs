//! The seam between the store and the file system: what is asked of it, and the real one.
//!
//! Everything of ours goes through here, so that the tests can put a simulated disk underneath, cut
//! its power at any step and damage it (`tests/store/simulated`). The methods are called as in std
//! and mean the same, down to the kinds of errors. Names become durable with their folder and bytes
//! with their file; neither brings the other along.
//!
//! Not behind this seam:
//!
//! * sled, which opens its files by itself, and so what reads or syncs sled's files (`sled`,
//!   `sled_log`). The seam above sled is [`Engine`](super::Engine).
//! * [`is_in_use`](super::is_in_use), which asks about other processes.
//! * the machine's id (`home`), which is no file of the store.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use crdt_model::store::StoreError;

/// Times that locking is tried again, and how long is waited each time: a process that this one is
/// starting holds copies of its files, locks and all, until it becomes another program.
const LOCK_WAITS: usize = 10;
const LOCK_WAIT_MS: u64 = 10;

/// A file system, as far as a store needs one.
pub trait Disk: fmt::Debug + Send + Sync {
    /// Opens a file to read it.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Opens a file that is there, to read and write it.
    fn open_to_write(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Makes an empty file, also in the place of one that is there, to read and write it. `mode` are
    /// the permissions before the process's umask.
    fn create(&self, path: &Path, mode: u32) -> io::Result<Box<dyn DiskFile>>;
    /// Copies a file to a name that is not there yet, for the owner only. The bytes are durable, the
    /// name is not.
    fn copy(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Gives a file another name, in the place of whatever file has it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove_file(&self, path: &Path) -> io::Result<()>;
    /// Makes a folder; the one above must be there.
    fn create_dir(&self, path: &Path, mode: u32) -> io::Result<()>;
    /// Removes a folder with everything below it.
    fn remove_dir_all(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a folder durable.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// What lies in a folder, in any order.
    fn read_dir(&self, path: &Path) -> io::Result<Vec<Item>>;
    /// Whether there is a folder of this name.
    fn is_dir(&self, path: &Path) -> bool;
    /// Bytes of a file.
    fn file_bytes(&self, path: &Path) -> io::Result<u64>;
    /// Makes a file if it is not there, and locks it against other processes and against this one
    /// until what it returns is dropped. `None` if it is locked already.
    fn lock(&self, path: &Path) -> io::Result<Option<Locked>>;
    /// The clock by which the disk notes when a file was changed: milliseconds since
    /// 1970-01-01T00:00:00Z.
    fn now_ms(&self) -> u64;
    /// Syncs two things at once, because the disk takes little longer for both than for one. A
    /// simulated disk does one after the other, so that its steps can be counted.
    fn sync_both(&self, one: Task<'_>, other: Task<'_>) -> [Result<(), StoreError>; 2];
}

/// An open file.
pub trait DiskFile: fmt::Debug + Send + Sync {
    /// Fills `bytes` from an offset on; an error of the kind `UnexpectedEof` if the file ends before.
    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()>;
    /// Writes all of `bytes` from an offset on.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Cuts the file off, or fills it up with zeros.
    fn set_len(&self, bytes: u64) -> io::Result<()>;
    /// Makes bytes and length durable.
    fn sync_data(&self) -> io::Result<()>;
    /// The same, and when the file was changed.
    fn sync_all(&self) -> io::Result<()>;
    /// Bytes of the file.
    fn bytes(&self) -> io::Result<u64>;
    /// Which file it is.
    fn identity(&self) -> io::Result<Identity>;
}

/// One of two syncs that are done at once.
pub type Task<'a> = Box<dyn FnOnce() -> Result<(), StoreError> + Send + 'a>;
/// Holds a lock until it is dropped.
pub type Locked = Box<dyn fmt::Debug + Send + Sync>;

/// One name in a folder.
#[derive(Clone, Debug)]
pub struct Item {
    /// The name.
    pub name: OsString,
    /// Whether it is a folder's.
    pub is_dir: bool,
}

/// What tells a file from a copy of it.
#[derive(Clone, Copy, Debug)]
pub struct Identity {
    /// Its number in the file system.
    pub inode: u64,
    /// When it was changed last, by [`Disk::now_ms`].
    pub changed_ms: i64,
}

/// Makes a folder, and those above it that are missing, each durable in the one above.
pub(super) fn create_durable_dir(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    let above = match path.parent() {
        Some(above) if above.as_os_str().is_empty() => Path::new("."),
        Some(above) => above,
        None => return Ok(()),
    };
    if !disk.is_dir(above) {
        create_durable_dir(disk, above)?;
    }
    match disk.create_dir(path, 0o777) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        other => other?,
    }
    disk.sync_dir(above)
}

/// The file system of the machine.
#[derive(Clone, Copy, Debug)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(File::open(path)?))
    }

    fn open_to_write(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        Ok(Box::new(file))
    }

    fn create(&self, path: &Path, mode: u32) -> io::Result<Box<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        Ok(Box::new(options.mode(mode).open(path)?))
    }

    fn copy(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let mut to = options.open(to)?;
        io::copy(&mut File::open(from)?, &mut to)?;
        to.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn create_dir(&self, path: &Path, mode: u32) -> io::Result<()> {
        DirBuilder::new().mode(mode).create(path)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir_all(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn read_dir(&self, path: &Path) -> io::Result<Vec<Item>> {
        let items = fs::read_dir(path)?.map(|entry| {
            let entry = entry?;
            Ok(Item {
                name: entry.file_name(),
                is_dir: entry.file_type()?.is_dir(),
            })
        });
        items.collect()
    }

    fn is_dir(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn file_bytes(&self, path: &Path) -> io::Result<u64> {
        Ok(fs::symlink_metadata(path)?.len())
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Locked>> {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        let file = options.open(path)?;
        for wait in 0..=LOCK_WAITS {
            match file.try_lock() {
                Ok(()) => return Ok(Some(Box::new(file))),
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) if wait < LOCK_WAITS => {
                    std::thread::park_timeout(Duration::from_millis(LOCK_WAIT_MS));
                }
                Err(TryLockError::WouldBlock) => {}
            }
        }
        Ok(None)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "it is compared with the time that the file system notes for a write"
    )]
    fn now_ms(&self) -> u64 {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let now_ms = now.map_or(0, |passed| passed.as_millis());
        u64::try_from(now_ms).unwrap_or(u64::MAX)
    }

    fn sync_both(&self, one: Task<'_>, other: Task<'_>) -> [Result<(), StoreError>; 2] {
        std::thread::scope(|scope| {
            let other = scope.spawn(other);
            let one = one();
            let panicked = |_| Err(StoreError::Failed("a sync panicked".to_owned()));
            [one, other.join().unwrap_or_else(panicked)]
        })
    }
}

impl DiskFile for File {
    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        FileExt::read_exact_at(self, bytes, offset)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        FileExt::write_all_at(self, bytes, offset)
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        Self::set_len(self, bytes)
    }

    fn sync_data(&self) -> io::Result<()> {
        Self::sync_data(self)
    }

    fn sync_all(&self) -> io::Result<()> {
        Self::sync_all(self)
    }

    fn bytes(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn identity(&self) -> io::Result<Identity> {
        let found = self.metadata()?;
        let changed_ms = found.ctime().saturating_mul(1000) + found.ctime_nsec() / 1_000_000;
        Ok(Identity {
            inode: found.ino(),
            changed_ms,
        })
    }
}
