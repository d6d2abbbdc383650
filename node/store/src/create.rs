//! Making a new store, and finishing one whose making was cut short.

use crdt_model::store::StoreError;

use super::disk::{DiskStore, StoreOptions};
use super::engine::Engine;
use super::error::{OpenError, at_path};
use super::folder::Folder;
use super::head::{Head, HeadError};
use super::journal::{Journal, Summary};
use super::layout::STAMP_KEY;
use super::open::damaged_head;
use super::sealed::Sealed;
use super::stamp::{Mark, StoreId};

impl<E: Engine> DiskStore<E> {
    /// Makes a new store in a folder that is empty or not there yet.
    ///
    /// A store whose making was cut short is made again. Creating never replaces a store that
    /// holds anything: an emptied folder must not pass for a new one, so that only whoever sets a
    /// node up calls this, and a node that starts calls [`open`](Self::open).
    pub fn create(options: &StoreOptions) -> Result<Self, OpenError> {
        let folder = Folder::new(&options.folder)?;
        match Head::open(&folder.head_path()) {
            Err(HeadError::Missing) => {}
            Ok(_) | Err(HeadError::Format(_)) => {
                return Err(OpenError::Exists(options.folder.clone()));
            }
            Err(other) => return Err(damaged_head(other, &folder)),
        }
        let journaled = match folder.newest_number()? {
            Some(number) => Summary::read(&folder.journal_path(number)),
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
        let sealed = create_generation(&folder, mark, options.cache_bytes)?;
        let journal = copy_to_journal(&sealed, &folder)?;
        let head_path = folder.head_path();
        let head = Head::create(&head_path, mark, None).map_err(at_path(&head_path))?;
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

/// Entries in a folder that has no head file: none if the making of the store was cut short.
pub(super) fn unmarked_entries<E: Engine>(
    folder: &Folder,
    cache_bytes: u64,
) -> Result<u64, OpenError> {
    let mut entries = 0;
    for generation in folder.generations()? {
        let path = folder.generation_path(generation);
        if !E::is_present(&path) {
            continue;
        }
        let damage = E::inspect(&path, STAMP_KEY, &mut |_| false)?.damage;
        if let Some(damage) = damage.into_iter().next() {
            return Err(OpenError::Damaged(damage));
        }
        if let Some(sealed) = Sealed::load(E::open(&path, cache_bytes)?)? {
            entries += sealed.stamp().content.entries;
        }
    }
    Ok(entries)
}

/// Writes the second copy of a store from the first.
pub(super) fn copy_to_journal<E: Engine>(
    sealed: &Sealed<E>,
    folder: &Folder,
) -> Result<Journal, StoreError> {
    let stamp = sealed.stamp();
    let path = folder.journal_path(stamp.mark.generation);
    Journal::create(&path, &stamp, |add| sealed.each(add))
}

/// An empty engine with a stamp, durable.
pub(super) fn create_generation<E: Engine>(
    folder: &Folder,
    mark: Mark,
    cache_bytes: u64,
) -> Result<Sealed<E>, StoreError> {
    let path = folder.create_generation(mark.generation)?;
    let mut sealed = Sealed::create(E::open(&path, cache_bytes)?, mark)?;
    sealed.sync()?;
    Ok(sealed)
}
