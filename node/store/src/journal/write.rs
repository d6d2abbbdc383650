//! Writing a journal.

use std::io;
use std::path::{Path, PathBuf};

use crdt_model::store::{Batch, StoreError};

use super::read::Summary;
use super::record::Encoder;
use crate::disk::{Disk, DiskFile};
use crate::engine::Take;
use crate::error::at_path;
use crate::stamp::Stamp;

/// Bytes that wait in memory, about, before they are written.
const WAITING_BYTES: usize = 1 << 16;
/// Bytes that a journal may have however little it is about.
const SMALL_BYTES: u64 = 1 << 20;

/// An open journal.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: Box<dyn DiskFile>,
    /// Bytes that were written.
    bytes: u64,
    waiting: Encoder,
}

impl Journal {
    /// Writes a new journal in the place of whatever is at this path, durably. `fill` gives all
    /// entries to what it is given.
    pub(crate) fn create(
        disk: &dyn Disk,
        path: &Path,
        stamp: &Stamp,
        fill: impl FnOnce(&mut Take<'_>) -> Result<(), StoreError>,
    ) -> Result<Self, StoreError> {
        let new = path.with_extension("new");
        let file = disk.create(&new, 0o600).map_err(at_path(&new))?;
        let mut journal = Self {
            path: path.to_owned(),
            file,
            bytes: 0,
            waiting: Encoder::default(),
        };
        fill(&mut |key, value| {
            journal.waiting.change(stamp, key, Some(value));
            journal.write_waiting(WAITING_BYTES)
        })?;
        journal.waiting.end(stamp);
        journal.write_waiting(0)?;
        let renamed = journal.file.sync_all();
        let renamed = renamed.and_then(|()| disk.rename(&new, path));
        let durable = renamed.and_then(|()| match path.parent() {
            Some(folder) => disk.sync_dir(folder),
            None => Ok(()),
        });
        durable.map_err(at_path(path))?;
        Ok(journal)
    }

    /// Goes on with a journal that was read, after its last whole batch.
    pub(crate) fn go_on(disk: &dyn Disk, path: &Path, summary: &Summary) -> io::Result<Self> {
        let file = disk.open_to_write(path)?;
        if summary.bytes > summary.end {
            file.set_len(summary.end)?;
        }
        Ok(Self {
            path: path.to_owned(),
            file,
            bytes: summary.end,
            waiting: Encoder::from(summary.next_number),
        })
    }

    /// Adds a batch, after which the store's stamp is this.
    pub(crate) fn append(&mut self, batch: &Batch, stamp: &Stamp) -> Result<(), StoreError> {
        for (key, value) in &batch.changes {
            self.waiting.change(stamp, key, value.as_deref());
        }
        self.waiting.end(stamp);
        self.write_waiting(WAITING_BYTES)
    }

    /// Makes everything added so far durable.
    pub(crate) fn sync(&mut self) -> Result<(), StoreError> {
        self.write_waiting(0)?;
        self.file.sync_data().map_err(at_path(&self.path))
    }

    /// Whether it is worth writing anew: most of it is about entries that are no longer so. Entries
    /// that count have this many bytes of keys and values.
    pub(crate) fn is_worn(&self, live_bytes: u64) -> bool {
        self.bytes > SMALL_BYTES + 2 * live_bytes
    }

    /// Writes what waits, if it is more than this.
    fn write_waiting(&mut self, more_than: usize) -> Result<(), StoreError> {
        // A record that is not finished yet cannot be written: its length comes first.
        if self.waiting.is_open() || self.waiting.bytes.len() <= more_than {
            return Ok(());
        }
        let bytes = &self.waiting.bytes;
        self.file
            .write_all_at(bytes, self.bytes)
            .map_err(at_path(&self.path))?;
        self.bytes += bytes.len() as u64;
        self.waiting.bytes.clear();
        Ok(())
    }
}
