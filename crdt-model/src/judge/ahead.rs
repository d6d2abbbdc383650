//! Reading commits ahead: what a peer sent is decoded and its signatures are checked on other threads,
//! while the engine is busy with what came before. What is judged in the end is the same with it and
//! without: a commit and its signature stand for themselves, and whoever is read ahead as its author is
//! held against the charter when its turn comes.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ed25519_dalek::VerifyingKey;

use super::authentic::over_threads;
use crate::charter::Charter;
use crate::commit::Commit;
use crate::ids::{CommitHash, NodeId, PublicKey};
use crate::limits::READ_AHEAD_BYTES_MAX;
use crate::wire::{Request, Response};

/// A commit, with a key that signed it.
type Signed = (Commit, PublicKey);

/// Reads commits ahead of the engine that it belongs to. Its clones are the same one.
#[derive(Clone, Default)]
pub struct Ahead(Arc<Mutex<Shelf>>);

#[derive(Default)]
struct Shelf {
    /// The keys of the members, by the charter in force.
    keys: Arc<BTreeMap<NodeId, (PublicKey, VerifyingKey)>>,
    /// What was read, until the engine takes it.
    read: BTreeMap<CommitHash, Signed>,
    /// Of all that, as it came.
    bytes: usize,
}

impl Ahead {
    /// Reads what a peer pushes.
    pub fn read_request(&self, frame: &[u8], threads_max: NonZeroUsize) {
        if let Ok(Request::Push { commits, .. }) = Request::decode(frame) {
            self.read(&commits, threads_max);
        }
    }

    /// Reads what a peer answers.
    pub fn read_response(&self, frame: &[u8], threads_max: NonZeroUsize) {
        if let Ok(Response::Fetched(found)) = Response::decode(frame) {
            let commits: Vec<_> = found.into_iter().flat_map(|found| found.commits).collect();
            self.read(&commits, threads_max);
        }
    }

    fn read(&self, commits: &[Vec<u8>], threads_max: NonZeroUsize) {
        let keys = Arc::clone(&self.shelf().keys);
        let signed = over_threads(commits, threads_max, |encoded| {
            let commit = Commit::decode(encoded).ok()?;
            let (name, key) = keys.get(&commit.body().author)?;
            commit.verified_by(key).then_some((commit, *name))
        });
        let mut shelf = self.shelf();
        for (commit, key) in signed.into_iter().flatten() {
            let bytes = commit.encoded().len();
            if shelf.bytes + bytes > READ_AHEAD_BYTES_MAX {
                // What nobody came for, as when a line went down.
                (shelf.read, shelf.bytes) = (BTreeMap::new(), 0);
            }
            if shelf.read.insert(commit.hash(), (commit, key)).is_none() {
                shelf.bytes += bytes;
            }
        }
    }

    /// Commits that were read and not taken yet.
    pub fn waiting(&self) -> usize {
        self.shelf().read.len()
    }

    /// Takes a commit that was read.
    pub(super) fn take(&self, encoded: &[u8]) -> Option<Signed> {
        let mut shelf = self.shelf();
        if shelf.read.is_empty() {
            return None;
        }
        let signed = shelf.read.remove(&CommitHash::of(encoded))?;
        shelf.bytes = shelf.bytes.saturating_sub(encoded.len());
        Some(signed)
    }

    /// Goes by the members of another charter from now on.
    pub(super) fn go_by(&self, charter: &dyn Charter) {
        let members = charter.roster().members();
        let keys = members.iter().filter_map(|member| {
            let key = VerifyingKey::from_bytes(&member.key.0).ok()?;
            Some((member.node, (member.key, key)))
        });
        self.shelf().keys = Arc::new(keys.collect());
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        // Whoever held it and panicked has left it whole: every change of it is one call.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
