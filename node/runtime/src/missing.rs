//! What is known to be missing from a store: by what it says itself, and by the read model beside it.

use std::collections::BTreeMap;

use crdt_model::code::RecordCode;
use crdt_model::ids::NodeId;
use crdt_model::label::FacetId;
use crdt_model::replica::{FacetEntry, Key};
use crdt_model::store::Store;
use crdt_model::text::Problem;
use node_machine::folder::NodeFolder;
use node_store::SledStore;
use serde::{Deserialize, Serialize};

use super::problems::store_problem;

/// Entries that are read from the store at once.
const ENTRIES_AT_ONCE: usize = 1024;

/// A facet of which commits are missing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Missing {
    /// The code of its record.
    pub code: String,
    /// The record's home.
    pub home: NodeId,
    /// The facet.
    pub facet: FacetId,
    /// Commits that are still there.
    pub held: u32,
    /// Commits that it had.
    pub had: u32,
}

/// What is known to be missing from a store: by what it says itself, and by the read model beside it.
pub(super) fn missing(store: &SledStore, folder: &NodeFolder) -> Result<Vec<Missing>, Problem> {
    let known = node_readmodel::commits_known(&folder.read_model());
    Ok(Survey::of(store, known.unwrap_or_default())?.missing)
}

/// How the facets of a store stand.
pub(super) struct Survey {
    /// Those of which commits are missing, by what the store itself and the read model say that they
    /// had.
    pub(super) missing: Vec<Missing>,
    /// Those whose entry and commits do not fit.
    pub(super) broken: Vec<FacetId>,
}

#[derive(Default)]
struct Counted {
    /// Commits by the facet's entry, if there is one.
    entry: Option<u32>,
    /// Commits up to the first that is missing.
    held: u32,
    /// Commits that the facet had.
    had: u32,
}

impl Survey {
    pub(super) fn of(store: &SledStore, known: BTreeMap<FacetId, u32>) -> Result<Self, Problem> {
        let counted = known.into_iter().map(|(facet, had)| {
            let had = Counted {
                had,
                ..Counted::default()
            };
            (facet, had)
        });
        let mut facets: BTreeMap<FacetId, Counted> = counted.collect();
        let mut after: Option<Vec<u8>> = None;
        loop {
            let entries = store
                .scan(&[], after.as_deref(), ENTRIES_AT_ONCE)
                .map_err(|error| store_problem(&error))?;
            for (key, value) in &entries {
                match Key::decode(key) {
                    Ok(Key::Facet(facet)) => {
                        let entry = FacetEntry::decode(value).ok();
                        let counted = facets.entry(facet).or_default();
                        counted.entry = entry.map(|entry| entry.commits);
                        counted.had = counted.had.max(counted.entry.unwrap_or(0));
                    }
                    Ok(Key::Commit(facet, position)) => {
                        let counted = facets.entry(facet).or_default();
                        counted.had = counted.had.max(position + 1);
                        counted.held += u32::from(counted.held == position);
                    }
                    _ => {}
                }
            }
            if entries.len() < ENTRIES_AT_ONCE {
                break;
            }
            after = entries.last().map(|(key, _)| key.clone());
        }
        Ok(Self::from_counted(facets))
    }

    fn from_counted(facets: BTreeMap<FacetId, Counted>) -> Self {
        let mut survey = Self {
            missing: Vec::new(),
            broken: Vec::new(),
        };
        for (facet, Counted { entry, held, had }) in facets {
            if held < had {
                survey.missing.push(Missing {
                    code: RecordCode::of(facet.home, facet.record).to_string(),
                    home: facet.home,
                    facet,
                    held,
                    had,
                });
            }
            if entry != Some(held) {
                survey.broken.push(facet);
            }
        }
        survey
    }
}
