//! Asking from another thread: where the tables are, and how a question there is called off.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use policy::reading::tables::Schema;
use rusqlite::{Connection, OpenFlags};

use super::{ReadModelError, Tables};

/// Kibibytes of pages that a connection keeps in memory which only reads.
const CACHE_KIB: i64 = 2_048;
/// How long a question waits for a program that opens or closes the file.
const BUSY_WAIT: Duration = Duration::from_millis(100);
/// Steps of SQLite between two looks whether the question is called off.
const STEPS: i32 = 1_000;

/// Calls questions off: they end with [`ReadModelError::is_interrupted`].
#[derive(Clone, Debug, Default)]
pub struct CallOff(Arc<AtomicBool>);

impl CallOff {
    /// Calls off what runs, until [`Self::clear`].
    pub fn call(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Questions run again.
    pub fn clear(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// Whether what runs is called off.
    pub fn is_called(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Where the tables of a read model are.
#[derive(Clone, Debug)]
pub struct Place {
    pub(super) path: PathBuf,
    pub(super) schema: Arc<Schema>,
}

impl Place {
    /// Whether what is read there can be relied on, as far as anybody knows without looking at all of it.
    pub fn is_whole(&self, _now: crdt_model::time::Now) -> bool {
        true
    }

    /// Opens the tables on a connection of their own, which only reads.
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
