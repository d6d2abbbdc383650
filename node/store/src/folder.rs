//! The store's folder: what lies in it, who holds it, and how its entries become durable.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crdt_model::store::StoreError;

use super::disk::{Disk, Locked, create_durable_dir};
use super::error::{OpenError, at_path};

const LOCK_NAME: &str = "store.lock";
const HEAD_NAME: &str = "store.head";

const GENERATION_PREFIX: &str = "generation-";
const JOURNAL_PREFIX: &str = "journal-";
/// A generation that is opened to see whether it opens.
const TRIAL_NAME: &str = "trial";

/// The folder of a store, locked for this process until it is dropped.
#[derive(Debug)]
pub(super) struct Folder {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    _lock: Locked,
}

impl Folder {
    /// Locks the folder of an existing store.
    pub(super) fn existing(disk: &Arc<dyn Disk>, path: &Path) -> Result<Self, OpenError> {
        match look(&**disk, path)? {
            Look::Absent | Look::Empty => Err(OpenError::Missing(path.to_owned())),
            Look::Ours => Self::lock(disk, path),
        }
    }

    /// Makes the folder if it is not there and locks it.
    pub(super) fn new(disk: &Arc<dyn Disk>, path: &Path) -> Result<Self, OpenError> {
        look(&**disk, path)?;
        // Also if it is there: a process that was killed may have left it in memory only.
        create_durable_dir(&**disk, path).map_err(at_path(path))?;
        Self::lock(disk, path)
    }

    fn lock(disk: &Arc<dyn Disk>, path: &Path) -> Result<Self, OpenError> {
        let name = path.join(LOCK_NAME);
        let lock = disk.lock(&name).map_err(at_path(&name))?;
        let lock = lock.ok_or_else(|| OpenError::Locked(path.to_owned()))?;
        Ok(Self {
            disk: disk.clone(),
            path: path.to_owned(),
            _lock: lock,
        })
    }

    pub(super) fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn head_path(&self) -> PathBuf {
        self.path.join(HEAD_NAME)
    }

    pub(super) fn generation_path(&self, generation: u64) -> PathBuf {
        self.path
            .join(format!("{GENERATION_PREFIX}{generation:08}"))
    }

    /// The second copy of a generation.
    pub(super) fn journal_path(&self, generation: u64) -> PathBuf {
        self.path.join(format!("{JOURNAL_PREFIX}{generation:08}"))
    }

    pub(super) fn trial_path(&self) -> PathBuf {
        self.path.join(TRIAL_NAME)
    }

    /// Removes what a trial left behind.
    pub(super) fn remove_trial(&self) -> Result<(), StoreError> {
        let path = self.trial_path();
        match self.disk.remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at_path(&path)(error)),
            _ => Ok(()),
        }
    }

    /// The generations whose folders are there, in order.
    pub(super) fn generations(&self) -> Result<Vec<u64>, StoreError> {
        self.numbers(GENERATION_PREFIX)
    }

    /// The newest generation that has a folder or a journal.
    pub(super) fn newest_number(&self) -> Result<Option<u64>, StoreError> {
        let journals = self.numbers(JOURNAL_PREFIX)?;
        Ok(self.generations()?.into_iter().chain(journals).max())
    }

    fn numbers(&self, prefix: &str) -> Result<Vec<u64>, StoreError> {
        let mut numbers = Vec::new();
        let items = self.disk.read_dir(&self.path);
        for item in items.map_err(at_path(&self.path))? {
            let name = item.name.to_str();
            numbers.extend(name.and_then(|name| number_of(name, prefix)));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Makes an empty folder for a generation, durably.
    pub(super) fn create_generation(&self, generation: u64) -> Result<PathBuf, StoreError> {
        let path = self.generation_path(generation);
        self.remove_generation(generation)?;
        create_durable_dir(self.disk(), &path).map_err(at_path(&path))?;
        Ok(path)
    }

    /// Removes a generation's folder, durably, if it is there.
    pub(super) fn remove_generation(&self, generation: u64) -> Result<(), StoreError> {
        let path = self.generation_path(generation);
        match self.disk.remove_dir_all(&path) {
            Ok(()) => self.sync(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(at_path(&path)(error)),
        }
    }

    /// Removes every generation but one, journals and all.
    pub(super) fn keep_only(&self, generation: u64) -> Result<(), StoreError> {
        for other in self.generations()? {
            if other != generation {
                self.remove_generation(other)?;
            }
        }
        let mut removed = false;
        let items = self.disk.read_dir(&self.path);
        for item in items.map_err(at_path(&self.path))? {
            let path = self.path.join(&item.name);
            let is_journal = item.name.to_string_lossy().starts_with(JOURNAL_PREFIX);
            if is_journal && path != self.journal_path(generation) {
                self.disk.remove_file(&path).map_err(at_path(&path))?;
                removed = true;
            }
        }
        match removed {
            true => self.sync(),
            false => Ok(()),
        }
    }

    /// Bytes of all files in the folder.
    pub(super) fn disk_bytes(&self) -> Result<u64, StoreError> {
        folder_bytes(self.disk(), &self.path).map_err(at_path(&self.path))
    }

    fn sync(&self) -> Result<(), StoreError> {
        let synced = self.disk.sync_dir(&self.path);
        synced.map_err(at_path(&self.path))
    }
}

/// Whether some process has the store in this folder open, this one included. Looks, and changes
/// nothing.
pub fn is_in_use(path: &Path) -> bool {
    let lock = File::open(path.join(LOCK_NAME));
    lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

enum Look {
    Absent,
    Empty,
    Ours,
}

/// Tells a store's folder from someone else's, without changing it.
fn look(disk: &dyn Disk, path: &Path) -> Result<Look, OpenError> {
    let not_a_store = |problem: String| OpenError::NotAStore {
        folder: path.to_owned(),
        problem,
    };
    let items = match disk.read_dir(path) {
        Ok(items) => items,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Look::Absent),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(not_a_store("it is not a folder".to_owned()));
        }
        Err(error) => return Err(at_path(path)(error).into()),
    };
    let mut foreign = None;
    for item in items {
        let name = item.name.to_string_lossy();
        let numbered = [GENERATION_PREFIX, JOURNAL_PREFIX]
            .iter()
            .any(|prefix| number_of(&name, prefix).is_some());
        if name == LOCK_NAME || name == HEAD_NAME || numbered {
            return Ok(Look::Ours);
        }
        foreign = Some(name.into_owned());
    }
    match foreign {
        None => Ok(Look::Empty),
        Some(name) => Err(not_a_store(format!("it holds `{name}`"))),
    }
}

fn number_of(name: &str, prefix: &str) -> Option<u64> {
    let digits = name.strip_prefix(prefix)?;
    if digits.len() < 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

fn folder_bytes(disk: &dyn Disk, path: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for item in disk.read_dir(path)? {
        let path = path.join(item.name);
        bytes += match item.is_dir {
            true => folder_bytes(disk, &path)?,
            false => disk.file_bytes(&path)?,
        };
    }
    Ok(bytes)
}
