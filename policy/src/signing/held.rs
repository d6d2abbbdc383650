//! The charters that a node's store holds, and the one that may follow: what a member does with
//! them, whatever it keeps them in.

use std::sync::Arc;

use crdt_model::charter::Charter;
use crdt_model::replica;
use crdt_model::store::{Store, StoreError};
use crdt_model::text;
use crdt_model::text::{Explain, Text};
use crdt_model::time::WallTime;

use crate::reading::files::CharterFiles;
use crate::signing::adopt::{self, AdoptedCharter};
use crate::signing::bundle;
use crate::signing::manifest::Manifest;
use crate::signing::refusal::AdoptionRefused;

/// Why the charters that a store holds cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.text().en)]
pub enum HeldError {
    /// The store failed.
    Store(#[from] StoreError),
    /// It holds no charter.
    None,
    /// It holds one that cannot be restored.
    Refused(#[from] AdoptionRefused),
}

impl Explain for HeldError {
    fn text(&self) -> Text {
        match self {
            Self::Store(problem) => Text {
                zh: "数据存储读不了".to_owned(),
                en: problem.to_string(),
            },
            Self::None => text!("数据存储中没有章程", "the store holds no charter"),
            Self::Refused(why) => why.text(),
        }
    }
}

/// The charters that a store holds.
#[derive(Clone)]
pub struct Held {
    /// The one in force: the newest.
    pub current: AdoptedCharter,
    /// The one in force with the older ones that commits are still judged by, oldest first.
    pub all: Vec<Arc<dyn Charter>>,
}

/// Loads the charters that a store holds. `restore` makes a charter of its bytes: [`restore`], or
/// something that remembers what that gave.
pub fn load(
    store: &dyn Store,
    mut restore: impl FnMut(&[u8]) -> Result<AdoptedCharter, AdoptionRefused>,
) -> Result<Held, HeldError> {
    let mut entries = store.scan(&replica::charters_prefix(), None, usize::MAX)?;
    let (_, newest) = entries.pop().ok_or(HeldError::None)?;
    let current = restore(&newest)?;
    let oldest = replica::charter_key(current.charter().accept_since());
    let mut all: Vec<Arc<dyn Charter>> = Vec::new();
    for (_, bytes) in entries.iter().filter(|(key, _)| *key >= oldest) {
        all.push(Arc::clone(restore(bytes)?.charter()) as Arc<dyn Charter>);
    }
    all.push(Arc::clone(current.charter()) as Arc<dyn Charter>);
    Ok(Held { current, all })
}

/// The charter in these bytes of a store, held to its own reviewers again.
pub fn restore(bytes: &[u8]) -> Result<AdoptedCharter, AdoptionRefused> {
    let files = bundle::decode(bytes)?;
    let digest = Manifest::of(&files)?.digest()?;
    adopt::restore(&files, digest)
}

/// The charter in the bytes that a peer offered, if it may follow.
pub fn follow(
    current: &AdoptedCharter,
    offered: &[u8],
    now: WallTime,
) -> Result<AdoptedCharter, AdoptionRefused> {
    adopt::adopt(current, &bundle::decode(offered)?, now)
}

/// The charter in the bytes that a peer gave, if it is the one that its successor names: what the
/// reviewers signed later vouches for it.
pub fn predecessor(
    successor: &AdoptedCharter,
    given: &[u8],
) -> Result<AdoptedCharter, AdoptionRefused> {
    let files = bundle::decode(given)?;
    let digest = Manifest::of(&files)?.digest()?;
    let expected = successor.manifest().previous();
    if let Some(expected) = expected.filter(|expected| *expected != digest) {
        return Err(AdoptionRefused::OtherDigest {
            expected,
            found: digest,
        });
    }
    if expected.is_none() {
        return Err(AdoptionRefused::Older {
            ours: successor.version(),
            offered: Manifest::of(&files)?.version,
        });
    }
    adopt::restore(&files, digest)
}

/// The charter that a person brought, if it may follow, with the bytes to keep and pass on.
pub fn next(
    current: &AdoptedCharter,
    files: &CharterFiles,
    now: WallTime,
) -> Result<(AdoptedCharter, Vec<u8>), AdoptionRefused> {
    let adopted = adopt::adopt(current, files, now)?;
    Ok((adopted, bundle::encode(files)?))
}
