//! Making a generation: an engine in a folder of its own with a journal beside it, both durable.
//! The store goes over to it when the head file names it.

use crdt_model::store::StoreError;

use super::engine::{Engine, Take};
use super::error::at_path;
use super::folder::Folder;
use super::journal::Journal;
use super::layout::{STAMP_KEY, damaged};
use super::sealed::{Sealed, content_problem};
use super::stamp::{Content, Mark};

/// Makes a generation of the entries that `fill` gives, in the place of whatever has its number.
/// If they do not come to what is expected, no journal is made.
pub(super) fn make<E: Engine>(
    folder: &Folder,
    mark: Mark,
    cache_bytes: u64,
    expected: Option<Content>,
    fill: impl FnOnce(&mut Take<'_>) -> Result<(), StoreError>,
) -> Result<(Sealed<E>, Journal), StoreError> {
    let path = folder.create_generation(mark.generation)?;
    let mut sealed = Sealed::filled(E::open(folder.disk(), &path, cache_bytes)?, mark, fill)?;
    let found = sealed.stamp().content;
    if let Some(expected) = expected.filter(|expected| *expected != found) {
        return Err(damaged(STAMP_KEY, &content_problem(expected, found)));
    }
    sealed.sync()?;
    folder.disk().sync_dir(&path).map_err(at_path(&path))?;
    let journal = copy_to_journal(&sealed, folder)?;
    Ok((sealed, journal))
}

/// Writes the second copy of a store from the first.
pub(super) fn copy_to_journal<E: Engine>(
    sealed: &Sealed<E>,
    folder: &Folder,
) -> Result<Journal, StoreError> {
    let stamp = sealed.stamp();
    let path = folder.journal_path(stamp.mark.generation);
    Journal::create(folder.disk(), &path, &stamp, |add| sealed.each(add))
}
