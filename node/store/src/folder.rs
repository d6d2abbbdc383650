//! The store's folder: what lies in it, who holds it, and how its entries become durable.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crdt_model::store::StoreError;

use super::error::{OpenError, at_path};

const LOCK_NAME: &str = "store.lock";
const HEAD_NAME: &str = "store.head";
/// Times that locking is tried again, and how long is waited each time: a process that this one is
/// starting holds copies of its files, locks and all, until it becomes another program.
const LOCK_WAITS: usize = 10;
const LOCK_WAIT_MS: u64 = 10;

const GENERATION_PREFIX: &str = "generation-";
const JOURNAL_PREFIX: &str = "journal-";
/// A generation that is opened to see whether it opens.
const TRIAL_NAME: &str = "trial";

/// The folder of a store, locked for this process until it is dropped.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Locks the folder of an existing store.
    pub(super) fn existing(path: &Path) -> Result<Self, OpenError> {
        match look(path)? {
            Look::Absent | Look::Empty => Err(OpenError::Missing(path.to_owned())),
            Look::Ours => Self::lock(path),
        }
    }

    /// Makes the folder if it is not there and locks it.
    pub(super) fn new(path: &Path) -> Result<Self, OpenError> {
        if let Look::Absent = look(path)? {
            create_folder(path).map_err(at_path(path))?;
        }
        Self::lock(path)
    }

    fn lock(path: &Path) -> Result<Self, OpenError> {
        let name = path.join(LOCK_NAME);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&name);
        let file = file.map_err(at_path(&name))?;
        for wait in 0..=LOCK_WAITS {
            match file.try_lock() {
                Ok(()) => {
                    return Ok(Self {
                        path: path.to_owned(),
                        _lock: file,
                    });
                }
                Err(TryLockError::Error(error)) => return Err(at_path(&name)(error).into()),
                Err(TryLockError::WouldBlock) if wait < LOCK_WAITS => {
                    std::thread::park_timeout(Duration::from_millis(LOCK_WAIT_MS));
                }
                Err(TryLockError::WouldBlock) => {}
            }
        }
        Err(OpenError::Locked(path.to_owned()))
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
        match fs::remove_dir_all(&path) {
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
        for entry in fs::read_dir(&self.path).map_err(at_path(&self.path))? {
            let name = entry.map_err(at_path(&self.path))?.file_name();
            numbers.extend(name.to_str().and_then(|name| number_of(name, prefix)));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Makes an empty folder for a generation, durably.
    pub(super) fn create_generation(&self, generation: u64) -> Result<PathBuf, StoreError> {
        let path = self.generation_path(generation);
        self.remove_generation(generation)?;
        create_folder(&path).map_err(at_path(&path))?;
        Ok(path)
    }

    /// Removes a generation's folder, durably, if it is there.
    pub(super) fn remove_generation(&self, generation: u64) -> Result<(), StoreError> {
        let path = self.generation_path(generation);
        match fs::remove_dir_all(&path) {
            Ok(()) => sync_folder(&self.path).map_err(at_path(&self.path)),
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
        for entry in fs::read_dir(&self.path).map_err(at_path(&self.path))? {
            let entry = entry.map_err(at_path(&self.path))?;
            let path = entry.path();
            let is_journal = entry
                .file_name()
                .to_string_lossy()
                .starts_with(JOURNAL_PREFIX);
            if is_journal && path != self.journal_path(generation) {
                fs::remove_file(&path).map_err(at_path(&path))?;
                removed = true;
            }
        }
        match removed {
            true => sync_folder(&self.path).map_err(at_path(&self.path)),
            false => Ok(()),
        }
    }

    /// Bytes of all files in the folder.
    pub(super) fn disk_bytes(&self) -> Result<u64, StoreError> {
        folder_bytes(&self.path).map_err(at_path(&self.path))
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
fn look(path: &Path) -> Result<Look, OpenError> {
    let not_a_store = |problem: String| OpenError::NotAStore {
        folder: path.to_owned(),
        problem,
    };
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Look::Absent),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(not_a_store("it is not a folder".to_owned()));
        }
        Err(error) => return Err(at_path(path)(error).into()),
    };
    let mut foreign = None;
    for entry in entries {
        let name = entry.map_err(at_path(path))?.file_name();
        let name = name.to_string_lossy();
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

/// Makes a folder, and those above it that are missing, each durable in the one above.
fn create_folder(path: &Path) -> io::Result<()> {
    let above = match path.parent() {
        Some(above) if above.as_os_str().is_empty() => Path::new("."),
        Some(above) => above,
        None => return Ok(()),
    };
    if !above.exists() {
        create_folder(above)?;
    }
    match fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        other => other?,
    }
    sync_folder(above)
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn folder_bytes(path: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() {
            folder_bytes(&entry.path())?
        } else {
            metadata.len()
        };
    }
    Ok(bytes)
}
