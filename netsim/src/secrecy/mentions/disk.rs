//! What a store mentions.

use crdt_model::encoding::DecodeError;
use crdt_model::quarantine::Refused;
use crdt_model::replica::{FacetEntry, Key};
use crdt_model::store::{Store, StoreError};

use super::wire::commit;
use super::{Mention, Mentions, counted};

/// Entries read at once.
const SCAN_AT_ONCE: usize = 1024;

/// Why what a store mentions could not be listed.
#[derive(Debug)]
pub enum DiskError {
    /// The store failed.
    Store(StoreError),
    /// An entry that is none this program writes.
    Entry {
        /// Its key.
        key: Vec<u8>,
        /// What is wrong with it.
        problem: DecodeError,
    },
}

/// What a store mentions.
#[derive(Default, Debug)]
pub struct OnDisk {
    /// In the facets that are held.
    pub held: Vec<Mention>,
    /// Beside them: charters, marks, and what was refused.
    pub aside: Vec<Mention>,
}

impl OnDisk {
    /// All of it.
    pub fn all(self) -> Vec<Mention> {
        let Self { mut held, aside } = self;
        held.extend(aside);
        held
    }
}

pub(super) fn disk(store: &dyn Store) -> Result<OnDisk, DiskError> {
    let mut to = OnDisk::default();
    let mut after: Option<Vec<u8>> = None;
    loop {
        let entries = store.scan(&[], after.as_deref(), SCAN_AT_ONCE);
        let entries = entries.map_err(DiskError::Store)?;
        for (key, value) in &entries {
            let listed = entry(key, value).map_err(|problem| DiskError::Entry {
                key: key.clone(),
                problem,
            })?;
            match Key::decode(key) {
                Ok(Key::Commit(..) | Key::Facet(_)) => to.held.extend(listed),
                _ => to.aside.extend(listed),
            }
        }
        if entries.len() < SCAN_AT_ONCE {
            return Ok(to);
        }
        after = entries.into_iter().next_back().map(|(key, _)| key);
    }
}

pub(super) fn entry(key: &[u8], value: &[u8]) -> Result<Vec<Mention>, DecodeError> {
    let mut to = Vec::new();
    match Key::decode(key)? {
        Key::Commit(facet, position) => {
            let (actor, encoded) = value
                .split_first_chunk::<16>()
                .ok_or(DecodeError::Truncated("actor"))?;
            to.push(Mention::Facet { facet, grade: None });
            to.push(counted("commits of one facet", position));
            to.push(Mention::Fingerprint {
                what: "an author on one facet",
                hash: actor.to_vec(),
            });
            commit(encoded)?.list(&mut to);
        }
        Key::Facet(facet) => {
            let FacetEntry {
                grade,
                digest,
                commits,
            } = FacetEntry::decode(value)?;
            to.push(Mention::Facet {
                facet,
                grade: Some(grade),
            });
            to.push(counted("commits of one facet", commits));
            to.push(Mention::Fingerprint {
                what: "the commits of one facet",
                hash: digest.to_vec(),
            });
        }
        Key::Life(facet) => {
            to.push(Mention::Facet { facet, grade: None });
            to.push(Mention::Free(value.to_vec()));
        }
        Key::Mark(name) | Key::Cosignatures(name) | Key::Emergency(name) => {
            to.push(Mention::Free(name));
            to.push(Mention::Free(value.to_vec()));
        }
        Key::Charter(version) => {
            version.list(&mut to);
            to.push(Mention::Free(value.to_vec()));
        }
        Key::Quarantine(number) => {
            to.push(counted("commits ever refused", number));
            Refused::decode(value)?.list(&mut to);
        }
    }
    Ok(to)
}
