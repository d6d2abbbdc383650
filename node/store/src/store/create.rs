//! Making a new store, and finishing one whose making was cut short.

use super::{DiskStore, StoreOptions};
use crate::engine::Engine;
use crate::error::{OpenError, at_path};
use crate::folder::Folder;
use crate::generation;
use crate::head::{Head, HeadError};
use crate::journal::Summary;
use crate::look::unmarked_entries;
use crate::stamp::{Mark, StoreId};

impl<E: Engine> DiskStore<E> {
    /// Makes a new store in a folder that is empty or not there yet.
    ///
    /// A store whose making was cut short is made again. Creating never replaces a store that
    /// holds anything: an emptied folder must not pass for a new one, so that only whoever sets a
    /// node up calls this, and a node that starts calls [`open`](Self::open).
    pub fn create(options: &StoreOptions) -> Result<Self, OpenError> {
        let folder = Folder::new(&options.disk, &options.folder)?;
        match Head::open(folder.disk(), &folder.head_path()) {
            Err(HeadError::Missing) => {}
            Ok(_) | Err(HeadError::Format(_)) => {
                return Err(OpenError::Exists(options.folder.clone()));
            }
            Err(other) => return Err(other.refusal(&folder)),
        }
        let journaled = match folder.newest_number()? {
            Some(number) => Summary::read(folder.disk(), &folder.journal_path(number)),
            None => Ok(None),
        };
        let journaled = journaled.map_err(at_path(folder.path()))?;
        let journaled = journaled.and_then(|summary| summary.last);
        if journaled.is_some_and(|stamp| stamp.content.entries > 0)
            || unmarked_entries::<E>(&folder, options.cache_bytes)? > 0
        {
            return Err(OpenError::Exists(options.folder.clone()));
        }
        let store = StoreId::random().map_err(|error| OpenError::Failed(error.to_string()))?;
        let mark = Mark {
            store,
            generation: 1,
            batches: 1,
        };
        let (sealed, journal) =
            generation::make(&folder, mark, options.cache_bytes, None, |_| Ok(()))?;
        let head_path = folder.head_path();
        let head =
            Head::create(folder.disk(), &head_path, mark, None).map_err(at_path(&head_path))?;
        folder.keep_only(mark.generation)?;
        Ok(Self::new(
            folder,
            head,
            sealed,
            journal,
            options.cache_bytes,
        ))
    }
}
