//! Opening the file, and throwing it away where it is not what this program would make.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crdt_model::kind::{Kinds, Title};
use crdt_model::label::FacetId;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, params};

use super::pages::{PAGE_BYTES, Pages};
use super::{Owner, Place, ReadModel, ReadModelError, Tables};
use policy::reading::tables::{FORMAT, Schema, type_name};

pub(super) const FILE_NAME: &str = "readmodel.sqlite";
/// What SQLite puts beside it.
const BESIDE: [&str; 4] = ["", "-wal", "-shm", "-journal"];
/// What this program puts beside it.
const SUMS: [&str; 2] = ["-sums", "-sums-new"];
/// How long a write waits for a program that opens or closes the file.
pub(super) const BUSY_WAIT: Duration = Duration::from_millis(20);
/// Kibibytes of pages that are kept in memory.
const CACHE_KIB: i64 = 16_384;
/// Pages that are written ahead before they go to their places: those that change often, such as
/// indexes, go there once for many changes.
pub(super) const WRITTEN_AHEAD_PAGES: usize = 4_096;
/// Statements that are kept prepared.
const STATEMENTS_MAX: usize = 256;

/// How a read model came to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Opened {
    /// It was there.
    Kept,
    /// There was none.
    Made,
    /// The one that was there was thrown away, and why.
    MadeAnew(String),
}

impl ReadModel {
    /// Opens the read model in this folder; makes it anew if it was made for other kinds, by another
    /// version of this program, or cannot be read. It has to catch up then, as after every start.
    pub fn open(
        folder: &Path,
        kinds: &Kinds,
        owner: Owner,
    ) -> Result<(Self, Opened), ReadModelError> {
        let schema = Schema::new(kinds);
        let found = folder.join(FILE_NAME).exists();
        let opened = match found {
            true => {
                Pages::open(folder).and_then(|pages| Ok((pages, Self::try_open(folder, &schema)?)))
            }
            false => Err(ReadModelError::Damaged("it is not there".to_owned())),
        };
        let why = match opened {
            Ok((pages, connection)) => match written_schema(&connection) {
                Ok(Some(written)) if written == schema.digest() => {
                    let model = Self::over(connection, pages, folder, schema);
                    match model.write_catalogue(kinds, owner) {
                        Ok(()) => return Ok((model, Opened::Kept)),
                        Err(error) if error.is_full() => return Err(error),
                        Err(error) => error.to_string(),
                    }
                }
                Ok(_) => "it was made for other tables".to_owned(),
                Err(error) => error.to_string(),
            },
            Err(error) if error.is_busy() || error.is_full() => return Err(error),
            Err(error) => error.to_string(),
        };
        let model = Self::make(folder, kinds, owner)?;
        let opened = match found {
            true => Opened::MadeAnew(why),
            false => Opened::Made,
        };
        Ok((model, opened))
    }

    /// Makes an empty one in the place of whatever is there.
    pub fn make(folder: &Path, kinds: &Kinds, owner: Owner) -> Result<Self, ReadModelError> {
        remove(folder)?;
        let schema = Schema::new(kinds);
        let mut connection = Self::try_open(folder, &schema)?;
        let all = connection.transaction()?;
        for statement in schema.statements() {
            all.execute_batch(statement)?;
        }
        all.commit()?;
        let pages = Pages::of_new(folder, &connection)?;
        let model = Self::over(connection, pages, folder, schema);
        model.write_catalogue(kinds, owner)?;
        Ok(model)
    }

    fn over(connection: Connection, pages: Pages, folder: &Path, schema: Schema) -> Self {
        let schema = Arc::new(schema);
        Self {
            tables: Tables {
                connection,
                place: Place {
                    path: folder.join(FILE_NAME),
                    schema,
                },
                call_offs: Vec::new(),
            },
            pages,
            folder: folder.to_owned(),
            labels: BTreeMap::new(),
            catching_up: Some(super::follow::CatchUp::default()),
            // A crash may have come between a purge and this.
            truncate_due: true,
        }
    }

    fn try_open(folder: &Path, schema: &Schema) -> Result<Connection, ReadModelError> {
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

    /// Throws all of it away and begins again, as this charter's kinds want it.
    pub fn start_over(self, kinds: &Kinds, owner: Owner) -> Result<Self, ReadModelError> {
        let folder = self.folder.clone();
        // Its files must not be written any more.
        drop(self);
        Self::make(&folder, kinds, owner)
    }

    /// Follows a change of charter. What it has stays if the tables stay what they are; else it is
    /// made anew, and has to catch up. Whether it was made anew.
    pub fn change_kinds(self, kinds: &Kinds, owner: Owner) -> Result<(Self, bool), ReadModelError> {
        if Schema::new(kinds).digest() == self.tables.place.schema.digest() {
            self.write_catalogue(kinds, owner)?;
            return Ok((self, false));
        }
        Ok((self.start_over(kinds, owner)?, true))
    }

    /// Bytes that it takes on disk.
    pub fn disk_bytes(&self) -> u64 {
        let sizes = BESIDE.into_iter().chain(SUMS).map(|suffix| {
            let file = fs::metadata(self.folder.join(format!("{FILE_NAME}{suffix}")));
            file.map_or(0, |file| file.len())
        });
        sizes.sum()
    }

    /// Writes what stands where, for whoever opens the file.
    fn write_catalogue(&self, kinds: &Kinds, owner: Owner) -> Result<(), ReadModelError> {
        let all = self.tables.connection.unchecked_transaction()?;
        for table in ["about", "facet_table", "facet_column", "word"] {
            all.execute(&format!("DELETE FROM {table}"), [])?;
        }
        let about = [
            ("format", FORMAT.to_string()),
            ("schema", self.tables.place.schema.digest().to_owned()),
            ("node", owner.node.to_string()),
            ("charter", owner.charter.to_string()),
        ];
        for (name, value) in about {
            all.execute("INSERT INTO about VALUES(?1, ?2)", params![name, value])?;
        }
        self.write_facets(kinds, &all)?;
        all.commit()?;
        Ok(())
    }

    fn write_facets(&self, kinds: &Kinds, all: &Transaction<'_>) -> rusqlite::Result<()> {
        for kind in kinds.iter() {
            for facet in &kind.facets {
                let Some(table) = self.tables.place.schema.table(facet.name) else {
                    continue;
                };
                let Title { zh, en } = &facet.title;
                let (name, kind_name) = (facet.name.as_str(), kind.kind.as_str());
                all.execute(
                    "INSERT INTO facet_table VALUES(?1, ?2, ?3, ?4, ?5)",
                    params![name, kind_name, table.name, zh, en],
                )?;
                for field in &facet.fields {
                    let growing = table.growing.iter().find(|one| one.field == field.name);
                    let (table, column) = match (table.column(field.name), growing) {
                        (Some(column), _) => (&table.name, column.name.as_str()),
                        (None, Some(growing)) => (&growing.name, "value"),
                        (None, None) => continue,
                    };
                    let Title { zh, en } = &field.title;
                    let (field_name, holds) = (field.name.as_str(), type_name(field.holds));
                    all.execute(
                        "INSERT INTO facet_column VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                        params![name, field_name, table, column, holds, zh, en],
                    )?;
                    for word in field.words(kind) {
                        all.execute(
                            "INSERT OR IGNORE INTO word VALUES(?1, ?2, ?3, ?4, ?5)",
                            params![name, field_name, word.id.as_str(), word.zh, word.en],
                        )?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl Tables {
    /// The tables.
    pub fn schema(&self) -> &Schema {
        &self.place.schema
    }

    /// The file that programs of others may open, for reading.
    pub fn path(&self) -> &Path {
        &self.place.path
    }

    /// Where they are, to be opened on another thread.
    pub fn place(&self) -> Place {
        self.place.clone()
    }
}

/// The digest of the tables that are there; `None` if the file is empty.
fn written_schema(connection: &Connection) -> rusqlite::Result<Option<String>> {
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

/// Only the node's own user can look into it: the rules for persons do not hold for files.
fn make_folder(folder: &Path) -> Result<(), ReadModelError> {
    node_machine::private::create_folder(folder).map_err(|problem| at(folder, problem))
}

/// How many commits each facet had, as far as the read model in this folder can still be read; `None`
/// if it cannot.
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

/// Removes its files; whoever has them open keeps them until closing them.
pub fn remove(folder: &Path) -> Result<(), ReadModelError> {
    for suffix in BESIDE.into_iter().chain(SUMS) {
        let path = folder.join(format!("{FILE_NAME}{suffix}"));
        let removed = match fs::remove_file(&path) {
            // Whatever it is, it is not ours.
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

pub(super) fn at(path: &Path, problem: std::io::Error) -> ReadModelError {
    ReadModelError::Folder {
        path: path.to_owned(),
        problem,
    }
}
