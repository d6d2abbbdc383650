//! A look at a store that changes nothing: what is there, before an engine is let near it.

use std::path::PathBuf;

use super::create::unmarked_entries;
use super::engine::{Engine, Inspection};
use super::error::{OpenError, at_path};
use super::folder::Folder;
use super::head::{Head, HeadError};
use super::journal::{Index, Summary};
use super::layout::{STAMP_KEY, unseal};
use super::mend::content_of;
use super::open::damaged_head;
use super::stamp::{Mark, Stamp};

/// What a store's files show.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) head: Option<Head>,
    /// Why there is no head, if it is damaged and not missing.
    pub(super) head_problem: Option<String>,
    /// What is known to have been durable: by the head or, where that is lost, by the journal.
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
        let (head, problem) = match Head::open(&folder.head_path()) {
            Ok(head) => (Some(head), None),
            Err(error @ (HeadError::Missing | HeadError::Damaged | HeadError::Foreign)) => {
                (None, Some(error))
            }
            Err(other) => return Err(damaged_head(other, folder)),
        };
        let generation = match &head {
            Some(head) => Some(head.mark().generation),
            None => folder.newest_number()?,
        };
        let journal = match generation {
            Some(generation) => {
                let path = folder.journal_path(generation);
                Summary::read(&path).map_err(at_path(&path))?
            }
            None => None,
        };
        let told = journal.as_ref().and_then(|journal| journal.last);
        let mark = match (&head, told) {
            (Some(head), _) => head.mark(),
            (None, Some(stamp)) if stamp.content.entries > 0 => stamp.mark,
            (None, _) => return Err(without_head::<E>(folder, problem, cache_bytes)),
        };
        let engine_path = folder.generation_path(mark.generation);
        let mut look = Self {
            head,
            head_problem: problem.map(|problem| damaged_head(problem, folder).to_string()),
            mark,
            journal,
            inspection: Inspection::default(),
            newest: None,
            engine_is_present: E::is_present(&engine_path),
            engine_path,
        };
        look.inspect::<E>()?;
        Ok(look)
    }

    fn inspect<E: Engine>(&mut self) -> Result<(), OpenError> {
        if !self.engine_is_present {
            return Ok(());
        }
        let (durable, newest) = (self.mark, &mut self.newest);
        self.inspection = E::inspect(&self.engine_path, STAMP_KEY, &mut |value| {
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

    /// Whether nothing is wrong with the journal, and it holds all that was durable.
    pub(super) fn journal_goes_as_far(&self) -> bool {
        let whole = self.journal.as_ref().filter(|read| read.is_whole());
        let last = whole.and_then(|read| read.last);
        last.is_some_and(|stamp| stamp.mark.covers(self.mark))
    }

    /// The journal, if what it holds is what the store held: all of it, and nothing older than what
    /// was durable.
    pub(super) fn exact_journal(&self, folder: &Folder) -> Result<Option<Index>, OpenError> {
        let path = folder.journal_path(self.mark.generation);
        let Some(index) = Index::read(&path).map_err(at_path(&path))? else {
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
        Some(other) => return damaged_head(other, folder),
    }
    match unmarked_entries::<E>(folder, cache_bytes) {
        Ok(0) => OpenError::Missing(folder.path().to_owned()),
        Ok(entries) => OpenError::RolledBack(format!(
            "the head file is missing, while the database holds {entries} entries"
        )),
        Err(error) => error,
    }
}
