//! What the store asks of an engine: an ordered map of small values with atomic batches.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};
use std::path::Path;

use crdt_model::store::StoreError;

/// Key to new value, or to `None` for a delete: applied together or not at all.
pub type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// What a scan calls with each key and value, in order, until it breaks off or fails.
pub type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>, StoreError> + 'a;

/// An ordered map of bytes in a folder of its own.
///
/// Keys are at most [`KEY_BYTES_MAX`](super::KEY_BYTES_MAX) bytes and a few, values at most
/// [`PIECE_BYTES_MAX`](super::PIECE_BYTES_MAX) bytes and a few. An engine need not notice damage,
/// and need not stop after a failure: the layers above it do both. One that does notice leaves the
/// key of [`StoreError::Damaged`] empty, and the layer above fills it in.
pub trait Engine: Sized + Send {
    /// Opens the engine in an existing folder, empty or its own, and makes the folder's own
    /// entries durable. The caller has seen to it that no other process is there.
    fn open(folder: &Path, cache_bytes: u64) -> Result<Self, StoreError>;
    /// Whether the folder holds the files that the engine cannot lose without losing its data.
    /// Reads names only, and creates nothing.
    fn is_present(folder: &Path) -> bool;
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
