//! The tables, for questions on any thread: where they are, and how questions are called off. Each file in
//! the folder is one question, but for `access`, which says what the asker may read.

pub mod access;
pub mod find;
mod heard;
pub mod left_out;
pub mod measure;
pub mod search;
pub mod tally;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crdt_model::time::Now;
use policy::reading::tables::Schema;
use rusqlite::{Connection, OpenFlags};

use super::error::ReadModelError;
use super::pages::Found;

/// Kibibytes of pages that a reading connection keeps in memory.
const CACHE_KIB: i64 = 2_048;
/// How long a question waits for a program that opens or closes the file.
const BUSY_WAIT: Duration = Duration::from_millis(100);
/// SQLite asks after so many steps whether the question was called off.
const STEPS: i32 = 1_000;

/// Calls questions off: they end with [`ReadModelError::is_interrupted`].
#[derive(Clone, Debug, Default)]
pub struct CallOff(Arc<AtomicBool>);

impl CallOff {
    /// Calls off the questions that run, and all others until [`Self::clear`].
    pub fn call(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Lets questions run again.
    pub fn clear(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// Whether questions are called off.
    pub fn is_called(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Where the tables of a read model are.
#[derive(Clone, Debug)]
pub struct Place {
    pub(super) path: PathBuf,
    pub(super) schema: Arc<Schema>,
    pub(super) found: Found,
}

impl Place {
    /// Whether it can be read without being looked through for damage first.
    pub fn is_whole(&self, now: Now) -> bool {
        self.found.may_be_read(&self.path, now)
    }

    /// Opens the tables on a new connection, which can only read.
    /// Questions there end when one of these calls them off.
    pub fn open(&self, call_offs: &[CallOff]) -> Result<Tables, ReadModelError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(BUSY_WAIT)?;
        connection.pragma_update(None, "temp_store", "memory")?;
        connection.pragma_update(None, "cell_size_check", "on")?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        let called = call_offs.to_vec();
        let is_called = move || called.iter().any(CallOff::is_called);
        connection.progress_handler(STEPS, Some(is_called))?;
        Ok(Tables {
            connection,
            place: self.clone(),
            call_offs: call_offs.to_vec(),
        })
    }
}

/// The open tables, which answer questions.
pub struct Tables {
    pub(super) connection: Connection,
    pub(super) place: Place,
    pub(super) call_offs: Vec<CallOff>,
}

impl Tables {
    /// Which tables and columns there are.
    pub fn schema(&self) -> &Schema {
        &self.place.schema
    }

    /// The path of the file, which other programs may open for reading.
    pub fn path(&self) -> &Path {
        &self.place.path
    }

    /// The place from which another thread can open the tables.
    pub fn place(&self) -> Place {
        self.place.clone()
    }

    /// How many facets the read model has.
    pub fn facets(&self) -> Result<u64, ReadModelError> {
        let count = "SELECT count(*) FROM facet";
        Ok(self.connection.query_row(count, [], |row| row.get(0))?)
    }
}
