//! The read model: what the node holds, as tables of SQLite in its folder, for lists, filters, sorting
//! and full-text search. It is made from the replica and can be thrown away at any time; the truth is
//! never in it, and it holds nothing that the replica does not.
//!
//! ```text
//! readmodel/readmodel.sqlite        the tables; -wal and -shm beside it while the node runs, -sums always
//!
//! about(name, value)                `format`, `schema`, `node`, `charter`
//! facet_table(facet, kind, …)       which table a facet has, and what people call it
//! facet_column(facet, field, …)     which column a field has, or which table if it grows
//! word(facet, field, word, zh, en)  what the words of vocabularies stand for
//! label(id, facet, home, …)         every label that a facet here has
//! facet(id, label, record, …)       every facet here, with the digest of its heads
//! conflict(facet_id, field, …)      all values of fields that have more than one; `shown` is 1 at the
//!                                   one that the facet's own table has
//! left_out(facet_id, key, …)        all values that do not count, for two machines wrote as one node
//! case_summary(facet_id, …)         one table a facet: fixed columns, then one for each field
//! case_summary_timeline(…)          one table a field that grows, one row an entry
//! search(text, fields)              the index of all texts (FTS5); its rowid is the facet's id
//! ```
//!
//! Times are milliseconds since 1970-01-01T00:00:00Z, booleans 0 and 1, nodes and records as text.
//! `begun_ms` and `changed_ms` are the earliest and the latest wall time of the values in force.
//! `step_since_ms`, for the field that says the step, is the wall time of the value that is shown.
//!
//! What is here is compared with the replica by the digest of each facet's heads, so no journal and
//! no mark is needed to go on after a crash.
//!
//! * [`policy::reading::tables`]: tables from kinds. `rows`: one facet in its tables. `text`: words for the index.
//! * `follow`: keeping up with the replica. `file`: opening, and throwing away.
//! * `place`: asking from another thread.
//! * `pages`: checksums of all pages, so that damage is noticed. `wal`: what is written ahead.
//! * [`access`]: what somebody may read of it. [`find`], [`search`], [`tally`], [`measure`],
//!   [`left_out`], `heard`: what can be asked.

pub mod access;
pub mod alike;
mod file;
pub mod find;
mod follow;
mod heard;
pub mod left_out;
pub mod measure;
mod pages;
mod place;
mod rows;
pub mod search;
pub mod tally;
mod text;
mod wal;

use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::PathBuf;

use crdt_model::ids::{CharterVersion, NodeId};
use crdt_model::label::{FacetId, Label};
use crdt_model::replica::{self, ReplicaError};
use rusqlite::{Connection, ErrorCode};

pub use file::{Opened, commits_known, remove};
pub use follow::{Progress, SLICE_FACETS, Seen};
pub use place::{CallOff, Place};

/// The read model of one node.
pub struct ReadModel {
    tables: Tables,
    // Dropped after the connection.
    pages: pages::Pages,
    folder: PathBuf,
    /// The numbers that labels have, as far as they were needed.
    labels: BTreeMap<Label, i64>,
    catching_up: Option<follow::CatchUp>,
    /// Something was taken away that may still be in the file that SQLite writes ahead.
    truncate_due: bool,
}

impl Deref for ReadModel {
    type Target = Tables;
    fn deref(&self) -> &Tables {
        &self.tables
    }
}

/// The tables, for whoever asks.
pub struct Tables {
    connection: Connection,
    place: Place,
    call_offs: Vec<CallOff>,
}

/// Whose read model it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Owner {
    /// The node.
    pub node: NodeId,
    /// The charter whose kinds it is made from.
    pub charter: CharterVersion,
}

/// Why the read model could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ReadModelError {
    /// The replica could not be read.
    #[error(transparent)]
    Replica(#[from] ReplicaError),
    /// The file is not what was written.
    #[error("{0}")]
    Damaged(String),
    /// SQLite refused something.
    #[error("SQLite: {0}")]
    Sql(#[from] rusqlite::Error),
    /// The folder or a file could not be used.
    #[error("{}: {problem}", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        problem: std::io::Error,
    },
}

impl ReadModelError {
    /// Whether another program holds the file just now.
    pub fn is_busy(&self) -> bool {
        let Self::Sql(error) = self else {
            return false;
        };
        let code = error.sqlite_error_code();
        matches!(
            code,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
        )
    }

    /// Whether the question was ended while it ran: called off, or because it took too many steps.
    pub fn is_interrupted(&self) -> bool {
        let Self::Sql(error) = self else {
            return false;
        };
        error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted)
    }

    /// Whether there was no room on the disk.
    pub fn is_full(&self) -> bool {
        match self {
            Self::Sql(error) => error.sqlite_error_code() == Some(ErrorCode::DiskFull),
            Self::Folder { problem, .. } => problem.kind() == std::io::ErrorKind::StorageFull,
            Self::Replica(_) | Self::Damaged(_) => false,
        }
    }

    /// The facet that the replica has damaged, if it was that.
    pub fn damaged_facet(&self) -> Option<FacetId> {
        match self {
            Self::Replica(ReplicaError::Damaged { facet, .. }) => Some(*facet),
            Self::Replica(ReplicaError::Store(error)) => replica::damaged_facet(error),
            _ => None,
        }
    }
}

impl Drop for ReadModel {
    fn drop(&mut self) {
        // What stays written ahead is brought to its places after the next start.
        let _ = self.pages.write_back(&self.tables.connection);
    }
}
