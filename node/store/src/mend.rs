//! Making a damaged store whole: exactly, where the journal holds all of it, else as far as the two
//! copies go.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crdt_model::store::StoreError;

use super::aside::{self, set_aside};
use super::create::copy_to_journal;
use super::disk::{DiskStore, StoreOptions};
use super::engine::{Changes, Engine, Salvaged, Take};
use super::error::{OpenError, at_path};
use super::folder::{Folder, sync_folder};
use super::head::{Head, HeadError};
use super::home::Moved;
use super::journal::{Index, Summary};
use super::layout::{
    ENTRY_KEYS, STAMP_KEY, entry_key, open_value, seal_value, tag_of, unseal, user_key,
};
use super::look::Look;
use super::open::damaged_head;
use super::sealed::{Sealed, content_problem};
use super::stamp::{Content, Mark, Stamp, StoreId};

/// What was mended when a store was opened. Nothing of what was durable is lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mended {
    /// What was wrong.
    pub problems: Vec<String>,
    /// Where the store lies as it was, if the engine had to be filled anew.
    pub set_aside: Option<PathBuf>,
}

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

/// What the entries of a journal come to.
pub(super) fn content_of(index: &Index) -> Result<Content, StoreError> {
    let mut content = Content::default();
    index.each(&mut |key, value| {
        let name = entry_key(key);
        content.add(tag_of(
            &name,
            &seal_value(&name, value, &mut Changes::new()),
        )?);
        Ok(())
    })?;
    Ok(content)
}

/// Sets a damaged store aside, and fills the next generation from a journal that holds all of it.
pub(super) fn rebuild<E: Engine>(
    folder: Folder,
    look: Look,
    index: &Index,
    cache_bytes: u64,
    problem: String,
) -> Result<DiskStore<E>, OpenError> {
    let set_aside = set_aside(folder.path())?;
    let Some(last) = index.summary.last else {
        return Err(OpenError::Damaged(problem));
    };
    let mark = Mark {
        generation: next_generation(&folder)?,
        ..last.mark
    };
    let mut store = next_store::<E>(folder, look.head, mark, cache_bytes, |add| index.each(add))?;
    let found = store.sealed().stamp().content;
    if found != last.content {
        return Err(OpenError::Damaged(content_problem(last.content, found)));
    }
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
    fill: impl FnOnce(&mut Take<'_>) -> Result<(), StoreError>,
) -> Result<DiskStore<E>, OpenError> {
    let path = folder.create_generation(mark.generation)?;
    let mut sealed = Sealed::filled(E::open(&path, cache_bytes)?, mark, fill)?;
    sealed.sync()?;
    sync_folder(&path).map_err(at_path(&path))?;
    let journal = copy_to_journal(&sealed, &folder)?;
    let head_path = folder.head_path();
    let head = match head {
        Some(mut head) => head.write(mark).map(|()| head),
        None => Head::create(&head_path, mark, Some(Moved::Mended)),
    };
    let head = head.map_err(at_path(&head_path))?;
    folder.keep_only(mark.generation)?;
    Ok(DiskStore::new(folder, head, sealed, journal, cache_bytes))
}

impl<E: Engine> DiskStore<E> {
    /// Looks at a store as [`open`](Self::open) does, reads all of it, and changes nothing.
    pub fn check(options: &StoreOptions) -> Result<Checked, OpenError> {
        let folder = Folder::existing(&options.folder)?;
        let look = Look::at::<E>(&folder, options.cache_bytes)?;
        let mut checked = Checked {
            entries: 0,
            problems: Vec::new(),
            set_aside: aside::list(folder.path())?,
        };
        checked.problems.extend(look.head_problem.clone());
        let mut problem = look.problem();
        if problem.is_none() {
            let found = Remains::of_engine::<E>(&look, options.cache_bytes)?;
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
                let damaged = |read: &Summary| !read.is_whole();
                if look.journal.as_ref().is_none_or(damaged) {
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
        let folder = Folder::existing(&options.folder)?;
        let old = match Head::open(&folder.head_path()) {
            Ok(head) => Some(head.mark()),
            Err(HeadError::Missing | HeadError::Damaged | HeadError::Foreign) => None,
            Err(other) => return Err(damaged_head(other, &folder)),
        };
        folder.remove_trial()?;
        let set_aside = set_aside(folder.path())?;
        let remains = Remains::of::<E>(&folder, old, options.cache_bytes)?;
        let found = remains.stamp.map_or(0, |stamp| stamp.mark.batches);
        let durable = old.map_or(0, |mark| mark.batches);
        let mark = Mark {
            store: StoreId::random().map_err(|error| OpenError::Failed(error.to_string()))?,
            generation: next_generation(&folder)?,
            batches: found.max(durable) + 1,
        };
        let store = next_store(folder, None, mark, options.cache_bytes, |add| {
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

/// What is left of a store.
#[derive(Default)]
struct Remains {
    entries: BTreeMap<Vec<u8>, Vec<u8>>,
    /// What the entries of the engine come to.
    content: Content,
    removed: Vec<Vec<u8>>,
    stamp: Option<Stamp>,
}

impl Remains {
    /// What both copies of a generation hold: of the one that the head names or, failing that, of
    /// the newest that holds anything.
    fn of<E: Engine>(
        folder: &Folder,
        old: Option<Mark>,
        cache_bytes: u64,
    ) -> Result<Self, OpenError> {
        let newest = folder.newest_number()?.unwrap_or(0);
        let named = old.map(|mark| mark.generation);
        let durable = |number| match old {
            Some(mark) if mark.generation == number => mark.batches,
            _ => 0,
        };
        let numbers = named.into_iter().chain((0..=newest).rev());
        for number in numbers {
            let found = Self::of_generation::<E>(folder, number, durable(number), cache_bytes)?;
            if !found.entries.is_empty() || !found.removed.is_empty() {
                return Ok(found);
            }
        }
        Ok(Self::default())
    }

    /// Where the two copies differ about an entry, the newer one counts. Neither stamp says which that is:
    /// either copy may lack writes before its last one. What the journal says of the entry's past does.
    fn of_generation<E: Engine>(
        folder: &Folder,
        number: u64,
        durable: u64,
        cache_bytes: u64,
    ) -> Result<Self, OpenError> {
        let path = folder.generation_path(number);
        let mut found = match E::is_present(&path) {
            true => Self::of_salvaged(E::salvage(&path, cache_bytes)?)?,
            false => Self::default(),
        };
        let path = folder.journal_path(number);
        let Some(index) = Index::salvage(&path).map_err(at_path(&path))? else {
            return Ok(found);
        };
        let batches = |stamp: Stamp| stamp.mark.batches;
        let (told, held) = (index.summary.last.map(batches), found.stamp.map(batches));
        let cut = told < held.or(Some(durable));
        index.each(&mut |key, value| {
            let newer = match found.entries.get(key) {
                Some(other) => !index.lacks(key, other, cut)?,
                None => true,
            };
            if newer {
                found.entries.insert(key.to_vec(), value.to_vec());
            }
            Ok(())
        })?;
        if told > held {
            found.stamp = index.summary.last;
        }
        found.removed.retain(|key| !found.entries.contains_key(key));
        Ok(found)
    }

    fn of_engine<E: Engine>(look: &Look, cache_bytes: u64) -> Result<Self, OpenError> {
        Self::of_salvaged(E::salvage(&look.engine_path, cache_bytes)?)
    }

    fn of_salvaged(salvaged: Salvaged) -> Result<Self, OpenError> {
        let mut found = Self {
            stamp: salvaged
                .get(STAMP_KEY)
                .and_then(|sealed| unseal(STAMP_KEY, sealed).ok())
                .and_then(Stamp::decode),
            ..Self::default()
        };
        let entries = salvaged.range(vec![ENTRY_KEYS]..vec![ENTRY_KEYS + 1]);
        for (name, sealed) in entries {
            let piece = |name: &[u8]| Ok(salvaged.get(name).cloned());
            match open_value(name, sealed, &piece) {
                Ok(value) => {
                    found.content.add(tag_of(name, sealed)?);
                    found.entries.insert(user_key(name).to_vec(), value);
                }
                Err(_) => found.removed.push(user_key(name).to_vec()),
            }
        }
        Ok(found)
    }
}
