//! Making a damaged store whole: exactly, where the journal holds all of it, else as far as the two
//! copies go.

use std::path::PathBuf;

use crdt_model::store::StoreError;

use super::{DiskStore, Mended, StoreOptions};
use crate::aside::{self, set_aside};
use crate::engine::{Engine, Take};
use crate::error::{OpenError, at_path};
use crate::folder::Folder;
use crate::generation;
use crate::head::{Head, HeadError};
use crate::home::Moved;
use crate::journal::Index;
use crate::look::Look;
use crate::remains::Remains;
use crate::sealed::content_problem;
use crate::stamp::{Content, Mark, StoreId};

/// What was found when a rollback or a loss was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Entries that the store holds now.
    pub entries: u64,
    /// Keys whose values were damaged in both copies. Others may be lost without a trace in the
    /// store.
    pub removed: Vec<Vec<u8>>,
    /// Writes that were durable after the newest that either copy still knows of.
    pub writes_lost: u64,
    /// Where the store lies as it was.
    pub set_aside: PathBuf,
}

/// What a look at a store showed that changed nothing.
#[derive(Debug)]
pub struct Checked {
    /// Entries that it holds.
    pub entries: u64,
    /// What is wrong, and is put right by itself without a loss when the store is opened.
    pub problems: Vec<String>,
    /// Folders that were set aside before.
    pub set_aside: Vec<PathBuf>,
}

/// Sets a damaged store aside, and fills the next generation from a journal that holds all of it.
pub(super) fn rebuild<E: Engine>(
    folder: Folder,
    look: Look,
    index: &Index,
    cache_bytes: u64,
    problem: String,
) -> Result<DiskStore<E>, OpenError> {
    let set_aside = set_aside(folder.disk(), folder.path())?;
    let Some(last) = index.summary.last else {
        return Err(OpenError::Damaged(problem));
    };
    let mark = Mark {
        generation: next_generation(&folder)?,
        ..last.mark
    };
    let mut store = next_store::<E>(
        folder,
        look.head,
        mark,
        cache_bytes,
        Some(last.content),
        |add| index.each(add),
    )?;
    store.mended = Some(Mended {
        problems: vec![problem],
        set_aside: Some(set_aside),
    });
    Ok(store)
}

fn next_generation(folder: &Folder) -> Result<u64, StoreError> {
    Ok(folder.newest_number()?.unwrap_or(0) + 1)
}

/// A store over a new generation with these entries, in the place of all generations before.
fn next_store<E: Engine>(
    folder: Folder,
    head: Option<Head>,
    mark: Mark,
    cache_bytes: u64,
    expected: Option<Content>,
    fill: impl FnOnce(&mut Take<'_>) -> Result<(), StoreError>,
) -> Result<DiskStore<E>, OpenError> {
    let (sealed, journal) = generation::make(&folder, mark, cache_bytes, expected, fill)?;
    let head_path = folder.head_path();
    let head = match head {
        Some(mut head) => head.go_over(folder.disk(), mark).map(|()| head),
        None => Head::create(folder.disk(), &head_path, mark, Some(Moved::Mended)),
    };
    let head = head.map_err(at_path(&head_path))?;
    folder.keep_only(mark.generation)?;
    Ok(DiskStore::new(folder, head, sealed, journal, cache_bytes))
}

impl<E: Engine> DiskStore<E> {
    /// Looks at a store as [`open`](Self::open) does, reads all of it, and changes nothing.
    pub fn check(options: &StoreOptions) -> Result<Checked, OpenError> {
        let folder = Folder::existing(&options.disk, &options.folder)?;
        let look = Look::at::<E>(&folder, options.cache_bytes)?;
        let mut checked = Checked {
            entries: 0,
            problems: Vec::new(),
            set_aside: aside::list(folder.disk(), folder.path())?,
        };
        checked.problems.extend(look.head_problem.clone());
        let mut problem = look.problem(folder.disk());
        if problem.is_none() {
            let found = Remains::of_engine::<E>(&folder, &look, options.cache_bytes)?;
            let expected = found.stamp.map(|stamp| stamp.content);
            match expected {
                Some(content) if found.content == content => checked.entries = content.entries,
                Some(content) => {
                    let wrong = content_problem(content, found.content);
                    problem = Some(OpenError::Damaged(wrong));
                }
                None => problem = Some(OpenError::Damaged("it has no stamp".to_owned())),
            }
        }
        let exact = look.exact_journal(&folder)?;
        match (problem, &exact) {
            (Some(problem), None) => return Err(problem),
            (Some(problem), Some(index)) => {
                checked.problems.push(problem.to_string());
                let last = index.summary.last;
                checked.entries = last.map_or(0, |stamp| stamp.content.entries);
            }
            (None, _) => {
                if !look.journal_goes_as_far() {
                    let wrong = "the second copy is damaged or missing";
                    checked.problems.push(wrong.to_owned());
                }
            }
        }
        let caches = look.inspection.caches.iter();
        checked.problems.extend(caches.map(|cache| {
            let name = cache.file_name().unwrap_or_default().to_string_lossy();
            format!("`{name}` is damaged")
        }));
        Ok(checked)
    }

    /// Takes what is left of a store that `open` refuses as rolled back or damaged for the truth
    /// from now on: of both copies whatever is whole. The folder is set aside first.
    ///
    /// For a person who knows why: after a restore from a backup, or when there is none. The store
    /// then says that it [moved](Self::moved). An older copy that turns up afterwards is refused again.
    pub fn accept_rollback(options: &StoreOptions) -> Result<(Self, Accepted), OpenError> {
        let folder = Folder::existing(&options.disk, &options.folder)?;
        let old = match Head::open(folder.disk(), &folder.head_path()) {
            Ok(head) => Some(head.mark()),
            Err(HeadError::Missing | HeadError::Damaged | HeadError::Foreign) => None,
            Err(other) => return Err(other.refusal(&folder)),
        };
        folder.remove_trial()?;
        let set_aside = set_aside(folder.disk(), folder.path())?;
        let remains = Remains::of::<E>(&folder, old, options.cache_bytes)?;
        let found = remains.stamp.map_or(0, |stamp| stamp.mark.batches);
        let durable = old.map_or(0, |mark| mark.batches);
        let mark = Mark {
            store: StoreId::random().map_err(|error| OpenError::Failed(error.to_string()))?,
            generation: next_generation(&folder)?,
            batches: found.max(durable) + 1,
        };
        let store = next_store(folder, None, mark, options.cache_bytes, None, |add| {
            let mut entries = remains.entries.iter();
            entries.try_for_each(|(key, value)| add(key, value))
        })?;
        let accepted = Accepted {
            entries: remains.entries.len() as u64,
            removed: remains.removed,
            writes_lost: durable.saturating_sub(found),
            set_aside,
        };
        Ok((store, accepted))
    }
}
