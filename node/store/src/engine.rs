//! What the store asks of an engine: an ordered map of small values with atomic batches.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};
use std::path::{Path, PathBuf};

use crdt_model::store::StoreError;

use super::disk::Disk;

/// Key to new value, or to `None` for a delete: applied together or not at all.
pub type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// Takes one value after another, and says whether all that was durable had been written once this was.
pub type Found<'a> = dyn FnMut(&[u8]) -> bool + Send + 'a;

/// Keys and values that were read of damaged files.
pub type Salvaged = BTreeMap<Vec<u8>, Vec<u8>>;

/// What a scan calls with each key and value, in order, until it breaks off or fails.
pub type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>, StoreError> + 'a;

/// Takes one key and its value after another, as the user of a store knows them.
pub(super) type Take<'a> = dyn FnMut(&[u8], &[u8]) -> Result<(), StoreError> + 'a;

/// What reading the files of an engine that is not open showed.
#[derive(Debug, Default)]
pub struct Inspection {
    /// What is wrong with files that hold the data.
    pub damage: Vec<String>,
    /// What cannot be read behind all that was durable.
    pub torn: Vec<String>,
    /// Files that are wrong, and that opening makes anew once they are removed.
    pub caches: Vec<PathBuf>,
    /// Whether the values that were asked for could be looked for.
    pub looked_for_values: bool,
}

/// An ordered map of bytes in a folder of its own, which lies on the given disk. sled opens its
/// files by itself and knows the machine's own disk only.
///
/// Keys are at most [`KEY_BYTES_MAX`](super::KEY_BYTES_MAX) bytes and a few, values at most
/// [`PIECE_BYTES_MAX`](super::PIECE_BYTES_MAX) bytes and a few. An engine need not notice damage,
/// and need not stop after a failure: the layers above it do both. One that does notice leaves the
/// key of [`StoreError::Damaged`] empty, and the layer above fills it in.
pub trait Engine: Sized + Send + Sync {
    /// Opens the engine in an existing folder, empty or its own, and makes the folder's own
    /// entries durable. The caller has seen to it that no other process is there.
    fn open(disk: &dyn Disk, folder: &Path, cache_bytes: u64) -> Result<Self, StoreError>;
    /// Whether the folder holds the files that the engine cannot lose without losing its data.
    /// Reads names only, and creates nothing.
    fn is_present(disk: &dyn Disk, folder: &Path) -> bool;
    /// Reads the files of an engine that is not open, and changes nothing. `found` is called with
    /// every value of the first key of all that still stands in them. What cannot be read behind all that
    /// was durable is what a crash leaves. An engine that cannot be read without opening it has nothing to
    /// say.
    fn inspect(
        disk: &dyn Disk,
        folder: &Path,
        first_key: &[u8],
        found: &mut Found<'_>,
    ) -> Result<Inspection, StoreError> {
        let _ = (disk, folder, first_key, found);
        Ok(Inspection::default())
    }
    /// Reads whatever can still be read of the files of an engine that is not open. Some of it may
    /// not be what was written last.
    fn salvage(disk: &dyn Disk, folder: &Path, cache_bytes: u64) -> Result<Salvaged, StoreError> {
        let mut salvaged = Salvaged::new();
        Self::open(disk, folder, cache_bytes)?.scan(Bound::Unbounded, &mut |key, value| {
            salvaged.insert(key.to_vec(), value.to_vec());
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(salvaged)
    }
    /// The value at a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;
    /// The same for a key that the next `write` changes, so that an engine may spare itself what
    /// that does anyway.
    fn get_to_write(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.get(key)
    }
    /// Visits the entries from a key on.
    fn scan(&self, from: Bound<&[u8]>, visit: &mut Visit<'_>) -> Result<(), StoreError>;
    /// Applies changes as one; visible at once, durable after the next `sync`.
    fn write(&mut self, changes: &Changes) -> Result<(), StoreError>;
    /// Makes everything written so far survive a power cut.
    fn sync(&mut self) -> Result<(), StoreError>;
}
