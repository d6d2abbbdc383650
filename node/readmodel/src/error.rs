//! Why the read model could not be used.

use std::path::{Path, PathBuf};

use crdt_model::label::FacetId;
use crdt_model::replica::{self, ReplicaError};
use rusqlite::ErrorCode;

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
        /// The path of the folder or file.
        path: PathBuf,
        /// The operating system's error.
        problem: std::io::Error,
    },
}

impl ReadModelError {
    /// Whether another program holds a lock on the file.
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

    /// Whether the question was ended while it ran, because it was called off or took too many steps.
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

    /// The facet that is damaged in the replica, if that is the reason.
    pub fn damaged_facet(&self) -> Option<FacetId> {
        match self {
            Self::Replica(ReplicaError::Damaged { facet, .. }) => Some(*facet),
            Self::Replica(ReplicaError::Store(error)) => replica::damaged_facet(error),
            _ => None,
        }
    }
}

/// The error for a row that is not as this program writes rows.
pub(super) fn unreadable() -> ReadModelError {
    rusqlite::Error::InvalidQuery.into()
}

/// The error for a folder or file that could not be used.
pub(super) fn at(path: &Path, problem: std::io::Error) -> ReadModelError {
    ReadModelError::Folder {
        path: path.to_owned(),
        problem,
    }
}
