//! A look at a store that changes nothing: what is there, before an engine is let near it.

use std::path::PathBuf;

use crdt_model::store::StoreError;

use super::disk::Disk;
use super::engine::{Changes, Engine, Inspection};
use super::error::{OpenError, at_path};
use super::folder::Folder;
use super::head::{Head, HeadError};
use super::journal::{Index, Summary};
use super::layout::{ENTRY_KEYS, STAMP_KEY, entry_key, seal_value, tag_of, unseal};
use super::sealed::Sealed;
use super::stamp::{Content, Mark, Stamp};

/// What a store's files show.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) head: Option<Head>,
    /// Why there is no head, if it is damaged and not missing.
    pub(super) head_problem: Option<String>,
    /// What is known to have been durable: by the head or, where that is lost or half of it is, by the
    /// journal.
    pub(super) mark: Mark,
    pub(super) journal: Option<Summary>,
    pub(super) engine_path: PathBuf,
    pub(super) engine_is_present: bool,
    pub(super) inspection: Inspection,
    /// The newest stamp that stands in the engine's files, if they can be looked through.
    pub(super) newest: Option<Stamp>,
}

impl Look {
    /// Looks at the store in a folder.
    pub(super) fn at<E: Engine>(folder: &Folder, cache_bytes: u64) -> Result<Self, OpenError> {
        let (head, problem) = match Head::open(folder.disk(), &folder.head_path()) {
            Ok(head) => (Some(head), None),
            Err(error @ (HeadError::Missing | HeadError::Damaged | HeadError::Foreign)) => {
                (None, Some(error))
            }
            Err(other) => return Err(other.refusal(folder)),
        };
        let generation = match &head {
            Some(head) => Some(head.mark().generation),
            None => folder.newest_number()?,
        };
        let journal = match generation {
            Some(generation) => {
                let path = folder.journal_path(generation);
                Summary::read(folder.disk(), &path).map_err(at_path(&path))?
            }
            None => None,
        };
        let told = journal.as_ref().and_then(|journal| journal.last);
        let mark = match (&head, told) {
            (Some(head), Some(stamp)) if head.is_torn() && stamp.mark.covers(head.mark()) => {
                stamp.mark
            }
            (Some(head), _) => head.mark(),
            (None, Some(stamp)) if stamp.content.entries > 0 => stamp.mark,
            (None, _) => return Err(without_head::<E>(folder, problem, cache_bytes)),
        };
        let engine_path = folder.generation_path(mark.generation);
        let mut look = Self {
            head,
            head_problem: problem.map(|problem| problem.refusal(folder).to_string()),
            mark,
            journal,
            inspection: Inspection::default(),
            newest: None,
            engine_is_present: E::is_present(folder.disk(), &engine_path),
            engine_path,
        };
        look.inspect::<E>(folder.disk())?;
        Ok(look)
    }

    fn inspect<E: Engine>(&mut self, disk: &dyn Disk) -> Result<(), OpenError> {
        if !self.engine_is_present {
            return Ok(());
        }
        let (durable, newest) = (self.mark, &mut self.newest);
        self.inspection = E::inspect(disk, &self.engine_path, STAMP_KEY, &mut |value| {
            let stamp = unseal(STAMP_KEY, value).ok().and_then(Stamp::decode);
            let newer = |stamp: &Stamp| {
                newest.is_none_or(|newest: Stamp| newest.mark.batches < stamp.mark.batches)
            };
            if let Some(stamp) = stamp.filter(newer) {
                *newest = Some(stamp);
            }
            stamp.is_some_and(|stamp| stamp.mark.covers(durable))
        })?;
        Ok(())
    }

    /// Why the engine is not opened, as far as that shows without opening it.
    pub(super) fn problem(&self, disk: &dyn Disk) -> Option<OpenError> {
        let name = self.engine_path.file_name().unwrap_or_default();
        let name = name.to_string_lossy();
        let rolled_back = |problem: String| Some(OpenError::RolledBack(problem));
        if !disk.is_dir(&self.engine_path) {
            return rolled_back(format!("the head file names `{name}`, which is not there"));
        }
        if !self.engine_is_present {
            return rolled_back(format!("the files of the engine are missing from `{name}`"));
        }
        if let Some(damage) = self.inspection.damage.first() {
            return Some(OpenError::Damaged(damage.clone()));
        }
        // Opening cuts it off. Where something that counts was there all the same, the journal has it.
        if let Some(torn) = self.inspection.torn.first()
            && !self.journal_goes_as_far()
        {
            return Some(OpenError::Damaged(torn.clone()));
        }
        if !self.inspection.looked_for_values {
            return None;
        }
        match self.newest {
            None => rolled_back(format!("the database in `{name}` was emptied")),
            Some(found) => behind(self.mark, found.mark, &name).map(OpenError::RolledBack),
        }
    }

    /// Whether the journal holds all that was durable.
    pub(super) fn journal_goes_as_far(&self) -> bool {
        let journal = self.journal.as_ref();
        journal.is_some_and(|read| read.holds(self.mark))
    }

    /// The journal, if what it holds is what the store held: all of it, and nothing older than what
    /// was durable.
    pub(super) fn exact_journal(&self, folder: &Folder) -> Result<Option<Index>, OpenError> {
        let path = folder.journal_path(self.mark.generation);
        let Some(index) = Index::read(folder.disk(), &path).map_err(at_path(&path))? else {
            return Ok(None);
        };
        let Some(last) = index.summary.last else {
            return Ok(None);
        };
        let exact = last.mark.covers(self.mark) && content_of(&index)? == last.content;
        Ok(exact.then_some(index))
    }
}

/// Why a folder without a usable head does not open, where no journal tells what it held.
fn without_head<E: Engine>(
    folder: &Folder,
    problem: Option<HeadError>,
    cache_bytes: u64,
) -> OpenError {
    match problem {
        None | Some(HeadError::Missing) => {}
        Some(other) => return other.refusal(folder),
    }
    match unmarked_entries::<E>(folder, cache_bytes) {
        Ok(0) => OpenError::Missing(folder.path().to_owned()),
        Ok(entries) => OpenError::RolledBack(format!(
            "the head file is missing, while the database holds {entries} entries"
        )),
        Err(error) => error,
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
        if !E::is_present(folder.disk(), &path) {
            continue;
        }
        let damage = E::inspect(folder.disk(), &path, STAMP_KEY, &mut |_| false)?.damage;
        if let Some(damage) = damage.into_iter().next() {
            // A power cut while the first generation was made leaves a log that holds nothing.
            let left = E::salvage(folder.disk(), &path, cache_bytes)?;
            match left.keys().any(|name| name.first() == Some(&ENTRY_KEYS)) {
                true => return Err(OpenError::Damaged(damage)),
                false => continue,
            }
        }
        if let Some(sealed) = Sealed::load(E::open(folder.disk(), &path, cache_bytes)?)? {
            entries += sealed.stamp().content.entries;
        }
    }
    Ok(entries)
}

/// What an engine with one mark is, where another mark was durable; nothing if it is not behind.
pub(super) fn behind(durable: Mark, found: Mark, name: &str) -> Option<String> {
    if found.store != durable.store || found.generation != durable.generation {
        return Some(format!("`{name}` belongs to another store"));
    }
    (found.batches < durable.batches).then(|| {
        format!(
            "an older copy was restored, or the end of the log was lost: {} batches were durable and {} are there",
            durable.batches, found.batches
        )
    })
}

/// What the entries of a journal come to.
fn content_of(index: &Index) -> Result<Content, StoreError> {
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
