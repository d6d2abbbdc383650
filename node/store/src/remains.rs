//! What can still be read of a damaged store: of both copies whatever is whole.

use std::collections::BTreeMap;

use super::engine::{Engine, Salvaged};
use super::error::{OpenError, at_path};
use super::folder::Folder;
use super::journal::Index;
use super::layout::{ENTRY_KEYS, STAMP_KEY, open_value, tag_of, unseal, user_key};
use super::look::Look;
use super::stamp::{Content, Mark, Stamp};

/// What is left of a store.
#[derive(Default)]
pub(super) struct Remains {
    pub(super) entries: BTreeMap<Vec<u8>, Vec<u8>>,
    /// What the entries of the engine come to.
    pub(super) content: Content,
    /// Keys of entries that are there and not whole.
    pub(super) removed: Vec<Vec<u8>>,
    pub(super) stamp: Option<Stamp>,
}

impl Remains {
    /// What both copies of a generation hold: of the one that the head names or, failing that, of
    /// the newest that holds anything.
    pub(super) fn of<E: Engine>(
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
        let mut found = match E::is_present(folder.disk(), &path) {
            true => Self::of_salvaged(E::salvage(folder.disk(), &path, cache_bytes)?)?,
            false => Self::default(),
        };
        let path = folder.journal_path(number);
        let Some(index) = Index::salvage(folder.disk(), &path).map_err(at_path(&path))? else {
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

    /// What the engine holds of a store that was looked at.
    pub(super) fn of_engine<E: Engine>(
        folder: &Folder,
        look: &Look,
        cache_bytes: u64,
    ) -> Result<Self, OpenError> {
        Self::of_salvaged(E::salvage(folder.disk(), &look.engine_path, cache_bytes)?)
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
