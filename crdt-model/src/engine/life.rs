//! The node's own life: the epoch that its commits are numbered in.
//!
//! It moves on by itself where going on in it might sign a number twice: when facets with commits
//! of its own were dropped or damaged, and may come back with them; and when the life turns out to
//! be forked, for what is written in it then counts no more. The epoch follows from the identity's
//! and from eight bytes that the store keeps, which no two clones of a node draw alike: a clone that
//! learns of the other has written something else, or learns of it at another time.

use sha2::{Digest, Sha256};

use super::Engine;
use super::intake::Growing;
use crate::ids::Epoch;
use crate::planted::{self, Plant};
use crate::replica::{self, ReplicaError};
use crate::store::{Batch, Store};
use crate::time::Now;

const MARK: &str = "life";
const EPOCH_DOMAIN: &[u8] = b"countymesh life 1\0";
const MARK_DOMAIN: &[u8] = b"countymesh life mark 1\0";

/// The epoch that a node of this identity writes in, by what its store keeps.
pub(super) fn read(identity: Epoch, store: &dyn Store) -> Result<Epoch, ReplicaError> {
    let Some(value) = store.get(&replica::mark_key(MARK))? else {
        return Ok(identity);
    };
    let mark = value
        .try_into()
        .map_err(|_| ReplicaError::entry("this node's life", "not of 8 bytes"))?;
    Ok(epoch_of(identity, mark))
}

fn epoch_of(identity: Epoch, mark: [u8; 8]) -> Epoch {
    Epoch(u64::from_be_bytes(first_bytes(&[
        EPOCH_DOMAIN,
        &identity.0.to_be_bytes(),
        &mark,
    ])))
}

/// The first 8 bytes of SHA-256 over these parts.
fn first_bytes(parts: &[&[u8]]) -> [u8; 8] {
    let digest = Sha256::digest(parts.concat());
    let mut first = [0; 8];
    first
        .iter_mut()
        .zip(digest)
        .for_each(|(to, from)| *to = from);
    first
}

impl Engine {
    /// Writes from now on in another life, once `batch` is written. `why` is what the node holds
    /// that a clone of it may not.
    pub(super) fn begin_life(&mut self, now: Now, why: &[u8], batch: &mut Batch) {
        let mark = first_bytes(&[
            MARK_DOMAIN,
            &self.life.0.to_be_bytes(),
            &now.wall.ms.to_be_bytes(),
            &now.instant.ms.to_be_bytes(),
            why,
        ]);
        batch.put(replica::mark_key(MARK), mark.to_vec());
        self.life = epoch_of(self.identity.epoch, mark);
    }

    /// Leaves the present life if these commits show that it is forked.
    pub(super) fn leave_forked_life(&mut self, growing: &Growing, now: Now, batch: &mut Batch) {
        let present = (self.node(), self.life);
        let leaves = !planted::is(Plant::SameLifeAfterFork);
        if leaves && growing.new_forks().any(|(life, _)| *life == present) {
            let before = growing.before.map(|entry| entry.digest);
            let after = replica::heads_digest(&growing.history);
            let why = [before.unwrap_or_default(), after].concat();
            self.begin_life(now, &why, batch);
        }
    }
}
