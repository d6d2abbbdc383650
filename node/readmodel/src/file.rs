//! The files in the folder of a read model: their names, opening and removing them, and what can be read
//! of them without the rest.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use crdt_model::label::FacetId;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::error::{ReadModelError, at};
use policy::reading::tables::Schema;

/// The name of the file with the tables.
pub(super) const FILE_NAME: &str = "readmodel.sqlite";
/// What follows that name: nothing, and the endings of the files that SQLite puts beside it.
const BESIDE: [&str; 4] = ["", "-wal", "-shm", "-journal"];
/// The endings of the files that this program puts beside it.
const SUMS: [&str; 2] = ["-sums", "-sums-new"];
/// Bytes of a page.
pub(super) const PAGE_BYTES: usize = 4_096;
/// How long a write waits for a program that opens or closes the file.
pub(super) const BUSY_WAIT: Duration = Duration::from_millis(20);
/// Kibibytes of pages that the writing connection keeps in memory.
const CACHE_KIB: i64 = 16_384;
/// Statements that are kept prepared.
const STATEMENTS_MAX: usize = 256;

/// Opens the file for writing; SQLite makes it if there is none.
pub(super) fn open(folder: &Path, schema: &Schema) -> Result<Connection, ReadModelError> {
    make_folder(folder)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(folder.join(FILE_NAME), flags)?;
    connection.busy_timeout(BUSY_WAIT)?;
    // Readers and the writer do not wait for each other; a power cut takes the latest rows,
    // which are made again, and damages nothing.
    connection.pragma_update(None, "page_size", PAGE_BYTES as i64)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "normal")?;
    // What is deleted is overwritten.
    connection.pragma_update(None, "secure_delete", "on")?;
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.pragma_update(None, "cell_size_check", "on")?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    // What was written ahead goes to its places when its checksums have been noted.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX + schema.tables().count());
    Ok(connection)
}

/// Bytes that the files take on disk.
pub(super) fn disk_bytes(folder: &Path) -> u64 {
    let sizes = BESIDE.into_iter().chain(SUMS).map(|suffix| {
        let file = fs::metadata(folder.join(format!("{FILE_NAME}{suffix}")));
        file.map_or(0, |file| file.len())
    });
    sizes.sum()
}

/// The digest of the tables that are there; `None` if the file is empty.
pub(super) fn written_schema(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let made = "SELECT count(*) FROM sqlite_schema WHERE name = 'about'";
    let made: i64 = connection.query_row(made, [], |row| row.get(0))?;
    if made == 0 {
        return Ok(None);
    }
    let written = "SELECT value FROM about WHERE name = 'schema'";
    connection
        .query_row(written, [], |row| row.get(0))
        .optional()
}

/// Makes the folder. Only the node's own user may look into it, because nobody asks the charter when a
/// file is read.
fn make_folder(folder: &Path) -> Result<(), ReadModelError> {
    node_machine::private::create_folder(folder).map_err(|problem| at(folder, problem))
}

/// How many commits each facet had, according to the read model in this folder. Rows that cannot be read
/// are left out; `None` if the file cannot be read at all.
pub fn commits_known(folder: &Path) -> Option<BTreeMap<FacetId, u32>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(folder.join(FILE_NAME), flags).ok()?;
    let mut all = connection
        .prepare("SELECT record, facet, home, addressee, commits FROM facet")
        .ok()?;
    let mut rows = all.query([]).ok()?;
    let mut known = BTreeMap::new();
    while let Some(row) = rows.next().ok()? {
        let text = |at: usize| row.get::<_, String>(at).ok();
        let facet = || {
            Some(FacetId {
                record: text(0)?.parse().ok()?,
                facet: text(1)?.parse().ok()?,
                home: text(2)?.parse().ok()?,
                addressee: text(3)?.parse().ok()?,
            })
        };
        // A row that cannot be read is no reason to leave the others out.
        if let (Some(facet), Ok(commits)) = (facet(), row.get(4)) {
            known.insert(facet, commits);
        }
    }
    Some(known)
}

/// Removes the files of a read model. A program that has them open can use them until it closes them.
pub fn remove(folder: &Path) -> Result<(), ReadModelError> {
    for suffix in BESIDE.into_iter().chain(SUMS) {
        let path = folder.join(format!("{FILE_NAME}{suffix}"));
        let removed = match fs::remove_file(&path) {
            // A folder of this name is not ours.
            Err(problem) if path.is_dir() && problem.kind() != ErrorKind::NotFound => {
                fs::remove_dir_all(&path)
            }
            other => other,
        };
        match removed {
            Err(problem) if problem.kind() != ErrorKind::NotFound => {
                return Err(at(&path, problem));
            }
            _ => {}
        }
    }
    Ok(())
}
