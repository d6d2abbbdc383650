//! Making a new store, and finishing one whose making was cut short.

use crdt_model::store::StoreError;

use super::disk::{DiskStore, StoreOptions};
use super::engine::Engine;
use super::error::{OpenError, at_path};
use super::folder::Folder;
use super::head::{Head, HeadError};
use super::open::{damaged_head, unmarked_entries};
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
        if unmarked_entries::<E>(&folder, options.cache_bytes)? > 0 {
            return Err(OpenError::Exists(options.folder.clone()));
        }
        let store = StoreId::random().map_err(|error| OpenError::Failed(error.to_string()))?;
        let mark = Mark {
            store,
            generation: 1,
            batches: 1,
        };
        let sealed = create_generation(&folder, mark, options.cache_bytes)?;
        let head_path = folder.head_path();
        let head = Head::create(&head_path, mark, None).map_err(at_path(&head_path))?;
        folder.keep_only(mark.generation)?;
        Ok(Self::new(folder, head, sealed, options.cache_bytes))
    }
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
