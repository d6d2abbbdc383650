//! Moving to a fresh generation, so that nothing of what was deleted is left in the files.
//!
//! Folders that were set aside because they were damaged hold what was deleted, too: they go.
//!
//! What the file system and the disk keep of files that were removed is beyond this: a disk that
//! leaves the office has to be encrypted or destroyed.

use crdt_model::store::StoreError;

use super::aside;
use super::create::copy_to_journal;
use super::disk::DiskStore;
use super::engine::Engine;
use super::error::at_path;
use super::folder::{Folder, sync_folder};
use super::sealed::Sealed;
use super::stamp::Mark;

/// Rewrites the store into the next generation.
///
/// A failure before the head names the new generation changes nothing, and the store goes on with
/// the old one; a full disk is the likely reason, because for a while both are there. One that fails
/// while the old generation is removed has to be repeated.
pub(super) fn scrub<E: Engine>(store: &mut DiskStore<E>) -> Result<(), StoreError> {
    store.unless_poisoned(DiskStore::sync_all)?;
    let old = store.sealed().stamp().mark;
    let new = Mark {
        store: old.store,
        generation: old.generation + 1,
        batches: old.batches + 1,
    };
    let copied = copy(&store.sealed(), &store.folder, new, store.cache_bytes);
    let copied = copied.and_then(|copy| {
        let journal = copy_to_journal(&copy, &store.folder)?;
        Ok((copy, journal))
    });
    let (copy, journal) = match copied {
        Ok(copied) => copied,
        Err(error) => {
            // Opening removes it too, if this fails.
            let _ = store.folder.remove_generation(new.generation);
            let _ = store.folder.keep_only(old.generation);
            return Err(error);
        }
    };
    store.unless_poisoned(|store| {
        store
            .head
            .write(new)
            .map_err(at_path(&store.folder.head_path()))
    })?;
    *store.sealed_mut() = copy;
    store.journal = journal;
    store.folder.keep_only(new.generation)?;
    aside::remove_all(store.folder.path())
}

/// Copies the live entries to a new generation and makes it durable.
fn copy<E: Engine>(
    sealed: &Sealed<E>,
    folder: &Folder,
    mark: Mark,
    cache_bytes: u64,
) -> Result<Sealed<E>, StoreError> {
    let path = folder.create_generation(mark.generation)?;
    let mut copy = sealed.copy_to(E::open(&path, cache_bytes)?, mark)?;
    copy.sync()?;
    sync_folder(&path).map_err(at_path(&path))?;
    Ok(copy)
}
