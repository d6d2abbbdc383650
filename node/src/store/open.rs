//! Opening a store: is it the one this node last wrote?

use super::create::create_generation;
use super::disk::{DiskStore, StoreOptions};
use super::engine::Engine;
use super::error::{OpenError, at_path};
use super::folder::Folder;
use super::head::{FORMAT, Head, HeadError};
use super::home::Moved;
use super::sealed::{Sealed, content_problem};
use super::stamp::{Mark, StoreId};

/// What was found when a rollback was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Entries that the store holds now.
    pub entries: u64,
    /// Keys whose values were damaged and have been removed.
    pub removed: Vec<Vec<u8>>,
}

impl<E: Engine> DiskStore<E> {
    /// Opens the store of this node and reads all of it once.
    ///
    /// # Errors
    ///
    /// [`OpenError::RolledBack`] if the store is not the one that was last made durable here, and
    /// [`OpenError::Damaged`] if entries were changed or lost; in both cases nothing that this
    /// process could have known is guessed, and [`accept_rollback`](Self::accept_rollback) is the
    /// way on. The other errors say what they mean.
    pub fn open(options: &StoreOptions) -> Result<Self, OpenError> {
        let folder = Folder::existing(&options.folder)?;
        let head = match Head::open(&folder.head_path()) {
            Ok(head) => head,
            Err(HeadError::Missing) => {
                return Err(without_head::<E>(&folder, options.cache_bytes));
            }
            Err(other) => return Err(damaged_head(other, &folder)),
        };
        let sealed = open_marked::<E>(&folder, head.mark(), options.cache_bytes)?;
        let census = sealed.census()?;
        if let Some(first) = census.damaged.first() {
            return Err(OpenError::Damaged(format!(
                "{} of {} entries are damaged, the first at key {}",
                census.damaged.len(),
                sealed.stamp().content.entries,
                first
                    .iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect::<String>()
            )));
        }
        if census.content != sealed.stamp().content {
            return Err(OpenError::Damaged(content_problem(
                sealed.stamp().content,
                census.content,
            )));
        }
        folder.keep_only(head.mark().generation)?;
        let mut store = Self::new(folder, head, sealed, options.cache_bytes);
        store.sync_all()?;
        Ok(store)
    }

    /// Opens a store that `open` refuses as rolled back or damaged, takes what is left of it for
    /// the truth from now on, and removes the entries that are damaged.
    ///
    /// For a person who knows why: after a restore from a backup, or when there is none. The store
    /// then says that it [moved](Self::moved). An older copy that turns up afterwards is refused again.
    pub fn accept_rollback(options: &StoreOptions) -> Result<(Self, Accepted), OpenError> {
        let folder = Folder::existing(&options.folder)?;
        let old = match Head::open(&folder.head_path()) {
            Ok(head) => Some(head.mark()),
            Err(HeadError::Missing | HeadError::Damaged) => None,
            Err(other) => return Err(damaged_head(other, &folder)),
        };
        let store = StoreId::random().map_err(|error| OpenError::Failed(error.to_string()))?;
        let (mut sealed, removed) = best_generation::<E>(&folder, old, store, options.cache_bytes)?;
        let census = sealed.census()?;
        let found = sealed.stamp().mark;
        let batches = found.batches.max(old.map_or(0, |mark| mark.batches)) + 1;
        let mark = Mark {
            store,
            generation: found.generation,
            batches,
        };
        sealed.restamp(mark, census.content)?;
        sealed.sync()?;
        let head_path = folder.head_path();
        let head =
            Head::create(&head_path, mark, Some(Moved::Accepted)).map_err(at_path(&head_path))?;
        folder.keep_only(mark.generation)?;
        let accepted = Accepted {
            entries: census.content.entries,
            removed,
        };
        Ok((
            Self::new(folder, head, sealed, options.cache_bytes),
            accepted,
        ))
    }
}

/// Opens the engine that the head names, if it is not behind the head.
fn open_marked<E: Engine>(
    folder: &Folder,
    mark: Mark,
    cache_bytes: u64,
) -> Result<Sealed<E>, OpenError> {
    let path = folder.generation_path(mark.generation);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let rolled_back = |problem: String| Err(OpenError::RolledBack(problem));
    if !path.is_dir() {
        return rolled_back(format!("the head file names `{name}`, which is not there"));
    }
    if !E::is_present(&path) {
        return rolled_back(format!("the files of the engine are missing from `{name}`"));
    }
    let Some(sealed) = Sealed::load(E::open(&path, cache_bytes)?)? else {
        return rolled_back(format!("the database in `{name}` was emptied"));
    };
    let found = sealed.stamp().mark;
    if found.store != mark.store || found.generation != mark.generation {
        return rolled_back(format!("`{name}` belongs to another store"));
    }
    if found.batches < mark.batches {
        return rolled_back(format!(
            "an older copy was restored, or the end of the log was lost: {} batches were durable and {} are there",
            mark.batches, found.batches
        ));
    }
    Ok(sealed)
}

/// Opens the generation that the head names or, failing that, the newest that has a stamp, and
/// removes its damaged entries; makes an empty one if there is none.
fn best_generation<E: Engine>(
    folder: &Folder,
    old: Option<Mark>,
    store: StoreId,
    cache_bytes: u64,
) -> Result<(Sealed<E>, Vec<Vec<u8>>), OpenError> {
    let mut generations = folder.generations()?;
    generations.sort_by_key(|generation| old.is_some_and(|mark| mark.generation == *generation));
    let newest = generations.iter().max().copied().unwrap_or(0);
    for generation in generations.into_iter().rev() {
        let path = folder.generation_path(generation);
        if !E::is_present(&path) {
            continue;
        }
        let Some(mut sealed) = Sealed::load(E::open(&path, cache_bytes)?)? else {
            continue;
        };
        let removed = sealed.census()?.damaged;
        sealed.remove_unread(&removed)?;
        return Ok((sealed, removed));
    }
    let generation = newest.max(old.map_or(0, |mark| mark.generation)) + 1;
    let mark = Mark {
        store,
        generation,
        batches: 1,
    };
    Ok((create_generation(folder, mark, cache_bytes)?, Vec::new()))
}

/// Entries in a folder that has no head file: none if the making of the store was cut short.
pub(super) fn unmarked_entries<E: Engine>(
    folder: &Folder,
    cache_bytes: u64,
) -> Result<u64, OpenError> {
    let mut entries = 0;
    for generation in folder.generations()? {
        let path = folder.generation_path(generation);
        if E::is_present(&path)
            && let Some(sealed) = Sealed::load(E::open(&path, cache_bytes)?)?
        {
            entries += sealed.stamp().content.entries;
        }
    }
    Ok(entries)
}

fn without_head<E: Engine>(folder: &Folder, cache_bytes: u64) -> OpenError {
    match unmarked_entries::<E>(folder, cache_bytes) {
        Ok(0) => OpenError::Missing(folder.path().to_owned()),
        Ok(entries) => OpenError::RolledBack(format!(
            "the head file is missing, while the database holds {entries} entries"
        )),
        Err(error) => error,
    }
}

/// What a head file that cannot be read means.
pub(super) fn damaged_head(error: HeadError, folder: &Folder) -> OpenError {
    let path = folder.head_path();
    match error {
        HeadError::Missing => OpenError::Missing(folder.path().to_owned()),
        HeadError::Damaged => OpenError::Damaged(format!(
            "neither half of the head file `{}` is whole",
            path.display()
        )),
        HeadError::Foreign => OpenError::NotAStore {
            folder: folder.path().to_owned(),
            problem: format!("`{}` is not a head file", path.display()),
        },
        HeadError::Format(found) => OpenError::Format {
            found,
            known: FORMAT,
        },
        HeadError::Io(error) => at_path(&path)(error).into(),
    }
}
