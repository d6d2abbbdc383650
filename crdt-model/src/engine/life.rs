//! The node's own lives: the epochs that its commits are numbered in.
//!
//! A life moves on by itself where going on in it might sign a number twice. That a facet was
//! damaged, and may come back with commits of this node's that it no longer knows, is the business
//! of that facet alone: its life moves on, and who may not hold it sees nothing. What the node does
//! everywhere at once is known to everybody: with each charter, which may drop facets that another
//! brings back, and when the node turns out to have been copied, all its lives move on.
//!
//! The epoch on a facet follows from the identity's, from eight bytes that the store keeps for all
//! facets, and from eight that it keeps for this one, if it moved on there. No two clones of a node
//! draw alike: a clone that learns of the other has written something else, or learns of it at
//! another time.

use sha2::{Digest, Sha256};

use super::Engine;
use super::intake::Growing;
use crate::ids::Epoch;
use crate::label::FacetId;
use crate::planted::{self, Plant};
use crate::replica::{self, ReplicaError};
use crate::store::{Batch, Store, StoreError};
use crate::time::Now;

const MARK: &str = "life";
/// Stands from the adoption of a charter until the lives have moved on.
const DUE: &str = "life-due";
const EPOCH_DOMAIN: &[u8] = b"countymesh life 1\0";
const MARK_DOMAIN: &[u8] = b"countymesh life mark 1\0";

/// What is known of the node's lives.
pub(super) struct Lives {
    /// The epoch on all facets that have none of their own.
    present: Epoch,
    /// They move on when what the charter takes away is dropped.
    due: bool,
}

impl Lives {
    /// The lives of a node of this identity, by what its store keeps.
    pub(super) fn read(identity: Epoch, store: &dyn Store) -> Result<Self, ReplicaError> {
        let present = match store.get(&replica::mark_key(MARK))? {
            Some(value) => epoch_of(identity, mark_in(value)?),
            None => identity,
        };
        let due = store.get(&replica::mark_key(DUE))?.is_some();
        Ok(Self { present, due })
    }
}

fn mark_in(value: Vec<u8>) -> Result<[u8; 8], ReplicaError> {
    let wrong = |_| ReplicaError::entry("this node's life", "not of 8 bytes");
    value.try_into().map_err(wrong)
}

fn epoch_of(before: Epoch, mark: [u8; 8]) -> Epoch {
    Epoch(u64::from_be_bytes(first_bytes(&[
        EPOCH_DOMAIN,
        &before.0.to_be_bytes(),
        &mark,
    ])))
}

/// The mark of the life after this one. `why` is what the node holds that a clone of it may not.
fn mark_after(life: Epoch, now: Now, why: &[u8]) -> [u8; 8] {
    first_bytes(&[
        MARK_DOMAIN,
        &life.0.to_be_bytes(),
        &now.wall.ms.to_be_bytes(),
        &now.instant.ms.to_be_bytes(),
        why,
    ])
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
    /// The life that this node writes its next commit on a facet in.
    ///
    /// # Errors
    /// If the store fails, or what it keeps of this is damaged.
    pub fn life_on(&self, facet: &FacetId, store: &dyn Store) -> Result<Epoch, ReplicaError> {
        match store.get(&replica::life_key(facet))? {
            Some(value) => Ok(epoch_of(self.lives.present, mark_in(value)?)),
            None => Ok(self.lives.present),
        }
    }

    /// The same to write in; another one where what the store keeps of it is damaged.
    pub(super) fn life_to_write(
        &mut self,
        facet: &FacetId,
        now: Now,
        store: &mut dyn Store,
    ) -> Result<Epoch, ReplicaError> {
        match self.life_on(facet, store) {
            Err(ReplicaError::Store(StoreError::Damaged { .. })) => {
                let mut batch = Batch::default();
                self.begin_life_on(facet, now, &[], store, &mut batch)?;
                store.write(&batch)?;
                self.durability.wrote();
                self.life_on(facet, store)
            }
            other => other,
        }
    }

    /// Writes on a facet from now on in another life, once `batch` is written. It follows from the
    /// one before, so that two that begin at one moment are not alike.
    pub(super) fn begin_life_on(
        &self,
        facet: &FacetId,
        now: Now,
        why: &[u8],
        store: &dyn Store,
        batch: &mut Batch,
    ) -> Result<(), ReplicaError> {
        let before = match self.life_on(facet, store) {
            // Which it was is lost with the damage.
            Err(ReplicaError::Store(StoreError::Damaged { .. })) => self.lives.present,
            other => other?,
        };
        let mark = mark_after(before, now, why);
        batch.put(replica::life_key(facet), mark.to_vec());
        Ok(())
    }

    /// Writes everywhere from now on in another life, once `batch` is written.
    fn begin_lives(
        &mut self,
        now: Now,
        why: &[u8],
        store: &dyn Store,
        batch: &mut Batch,
    ) -> Result<(), ReplicaError> {
        let mark = mark_after(self.lives.present, now, why);
        batch.put(replica::mark_key(MARK), mark.to_vec());
        self.lives.present = epoch_of(self.identity.epoch, mark);
        let mut any = false;
        replica::for_each_entry(store, &replica::lives_prefix(), |key, _| {
            any = true;
            batch.delete(key.to_vec());
            Ok(())
        })?;
        if any {
            // They name facets that the node may no longer hold.
            self.scrub_after(batch);
        }
        Ok(())
    }

    /// Leaves all present lives if these commits show that one of them is forked.
    pub(super) fn leave_forked_life(
        &mut self,
        growing: &Growing,
        now: Now,
        store: &dyn Store,
        batch: &mut Batch,
    ) -> Result<(), ReplicaError> {
        if growing.new_forks().next().is_none() || planted::is(Plant::SameLifeAfterFork) {
            return Ok(());
        }
        let present = self.life_on(growing.history.facet(), store);
        let present = present.map(|epoch| (self.node(), epoch)).ok();
        if growing.new_forks().any(|(life, _)| Some(*life) == present) {
            let before = growing.before.map(|entry| entry.digest);
            let after = replica::heads_digest(&growing.history);
            let why = [before.unwrap_or_default(), after].concat();
            self.begin_lives(now, &why, store, batch)?;
        }
        Ok(())
    }

    /// With this batch the lives move on at the latest when the node starts again, before it writes
    /// anything. With it goes a charter, which moves them on once it is in force, or whatever else
    /// may leave the node without commits of its own that others know.
    pub fn lives_are_due(batch: &mut Batch) {
        batch.put(replica::mark_key(DUE), vec![1]);
    }

    /// A charter is in force, or an emergency is over.
    pub(super) fn charter_begins_lives(&mut self) {
        self.lives.due = true;
    }

    /// Moves the lives on if a charter has come into force since they last did.
    pub(super) fn see_to_lives(
        &mut self,
        now: Now,
        store: &dyn Store,
        batch: &mut Batch,
    ) -> Result<(), ReplicaError> {
        if std::mem::take(&mut self.lives.due) {
            batch.delete(replica::mark_key(DUE));
            self.begin_lives(now, &[], store, batch)?;
        }
        Ok(())
    }
}
