//! Opening a store: is it the one this node last wrote?

use std::path::Path;

use super::mend::rebuild;
use super::{DiskStore, Mended, StoreOptions};
use crate::aside::copy_for_trial;
use crate::disk::Disk;
use crate::engine::Engine;
use crate::error::{OpenError, at_path};
use crate::folder::Folder;
use crate::generation::copy_to_journal;
use crate::head::Head;
use crate::home::Moved;
use crate::journal::Journal;
use crate::look::{Look, behind};
use crate::sealed::{Sealed, content_problem};
use crate::stamp::Mark;

impl<E: Engine> DiskStore<E> {
    /// Opens the store of this node and reads all of it once.
    ///
    /// Its files are looked at before the engine is let near them. Where the engine's are damaged
    /// and the journal holds all that they held, the folder is set aside and the engine is filled
    /// anew; where the journal, the head or a cache is damaged, it is written anew:
    /// [`mended`](Self::mended) says so.
    ///
    /// # Errors
    ///
    /// [`OpenError::RolledBack`] if the store is not the one that was last made durable here, and
    /// [`OpenError::Damaged`] if entries were changed or lost in both copies; nothing is changed
    /// then, and [`accept_rollback`](Self::accept_rollback) is the way on. The other errors say what
    /// they mean.
    pub fn open(options: &StoreOptions) -> Result<Self, OpenError> {
        let folder = Folder::existing(&options.disk, &options.folder)?;
        folder.remove_trial()?;
        let look = Look::at::<E>(&folder, options.cache_bytes)?;
        let seen = look.problem(folder.disk());
        let opened = match &seen {
            Some(_) => None,
            None => Some(open_engine::<E>(&folder, &look, options.cache_bytes)),
        };
        let error = match (opened, seen) {
            (Some(Ok(sealed)), _) => return finish(folder, look, sealed, options.cache_bytes),
            (Some(Err(error)), _) | (None, Some(error)) => error,
            (None, None) => return Err(OpenError::Failed("nothing was looked at".to_owned())),
        };
        if !matches!(error, OpenError::Damaged(_) | OpenError::RolledBack(_)) {
            return Err(error);
        }
        if let Some(index) = look.exact_journal(&folder)? {
            return rebuild(folder, look, &index, options.cache_bytes, error.to_string());
        }
        if opens_on_trial::<E>(&folder, &look, options.cache_bytes)? {
            let sealed = open_engine::<E>(&folder, &look, options.cache_bytes)?;
            return finish(folder, look, sealed, options.cache_bytes);
        }
        Err(error)
    }
}

/// Opens the engine of a store that was looked at, and reads every entry.
fn open_engine<E: Engine>(
    folder: &Folder,
    look: &Look,
    cache_bytes: u64,
) -> Result<Sealed<E>, OpenError> {
    for cache in &look.inspection.caches {
        folder.disk().remove_file(cache).map_err(at_path(cache))?;
    }
    let path = folder.generation_path(look.mark.generation);
    open_whole(folder.disk(), &path, look.mark, cache_bytes)
}

/// Opens an engine that must not be behind a mark, and reads every entry.
fn open_whole<E: Engine>(
    disk: &dyn Disk,
    path: &Path,
    mark: Mark,
    cache_bytes: u64,
) -> Result<Sealed<E>, OpenError> {
    let mut sealed = open_marked::<E>(disk, path, mark, cache_bytes)?;
    let census = sealed.census()?;
    if let Some(first) = census.damaged.first() {
        return Err(OpenError::Damaged(format!(
            "{} of {} entries are damaged, the first at key {}",
            census.damaged.len(),
            sealed.stamp().content.entries,
            hex::encode(first)
        )));
    }
    if census.content != sealed.stamp().content {
        return Err(OpenError::Damaged(content_problem(
            sealed.stamp().content,
            census.content,
        )));
    }
    Ok(sealed)
}

/// Whether an engine that looks damaged opens whole all the same: the damage may lie where nothing
/// stands that counts. A copy is tried, for opening changes it.
fn opens_on_trial<E: Engine>(
    folder: &Folder,
    look: &Look,
    cache_bytes: u64,
) -> Result<bool, OpenError> {
    if look.inspection.damage.is_empty() && look.inspection.torn.is_empty() {
        return Ok(false);
    }
    let trial = folder.trial_path();
    copy_for_trial(
        folder.disk(),
        &folder.generation_path(look.mark.generation),
        &trial,
    )?;
    for cache in &look.inspection.caches {
        let copy = trial.join(cache.file_name().unwrap_or_default());
        folder.disk().remove_file(&copy).map_err(at_path(&copy))?;
    }
    let opened = open_whole::<E>(folder.disk(), &trial, look.mark, cache_bytes);
    let opens = opened.is_ok();
    drop(opened);
    folder.remove_trial()?;
    Ok(opens)
}

/// Brings what stands beside a whole engine up to it.
fn finish<E: Engine>(
    folder: Folder,
    look: Look,
    sealed: Sealed<E>,
    cache_bytes: u64,
) -> Result<DiskStore<E>, OpenError> {
    let stamp = sealed.stamp();
    let mut mended = Mended::default();
    mended
        .problems
        .extend(look.inspection.caches.iter().map(|cache| {
            let name = cache.file_name().unwrap_or_default().to_string_lossy();
            format!("`{name}` was damaged and has been made anew")
        }));
    let path = folder.journal_path(stamp.mark.generation);
    let journal = match &look.journal {
        Some(read) if read.is_whole() && read.last == Some(stamp) => {
            Journal::go_on(folder.disk(), &path, read).map_err(at_path(&path))?
        }
        other => {
            let problem = match other {
                Some(_) if look.journal_goes_as_far() => None,
                Some(_) => Some("the second copy was damaged"),
                None => Some("the second copy was missing"),
            };
            mended.problems.extend(problem.map(str::to_owned));
            copy_to_journal(&sealed, &folder)?
        }
    };
    // A process that was killed may have left the head in memory only, and whatever it does not name
    // is removed next.
    let head = match look.head {
        Some(head) => {
            let path = folder.head_path();
            head.sync(folder.disk(), &path).map_err(at_path(&path))?;
            head
        }
        None => {
            mended.problems.extend(look.head_problem);
            let path = folder.head_path();
            Head::create(folder.disk(), &path, stamp.mark, Some(Moved::Mended))
                .map_err(at_path(&path))?
        }
    };
    folder.keep_only(stamp.mark.generation)?;
    let mut store = DiskStore::new(folder, head, sealed, journal, cache_bytes);
    store.sync_all()?;
    store.mended = (!mended.problems.is_empty()).then_some(mended);
    Ok(store)
}

/// Opens an engine, if it is not behind a mark.
fn open_marked<E: Engine>(
    disk: &dyn Disk,
    path: &Path,
    mark: Mark,
    cache_bytes: u64,
) -> Result<Sealed<E>, OpenError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let Some(sealed) = Sealed::load(E::open(disk, path, cache_bytes)?)? else {
        return Err(OpenError::RolledBack(format!(
            "the database in `{name}` was emptied"
        )));
    };
    match behind(mark, sealed.stamp().mark, &name) {
        Some(problem) => Err(OpenError::RolledBack(problem)),
        None => Ok(sealed),
    }
}
