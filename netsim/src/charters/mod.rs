//! Signed charters that nodes adopt by the code that they run, each with a table of what it must
//! allow, which is never read from its rules.
//!
//! * [`generated`]: charters drawn from a seed. `drawn` is what they are to allow; `folder` and
//!   `cedar_text` write it down as a charter, and [`permissions`] as a table.
//! * [`linze`]: the charter of Linze County; `linze_table` is what it allows, written by hand.
//! * `reviewers`: who signs, and what signing comes to: an [`Edition`].
//! * [`library`]: opens each charter once, however many nodes hold it; [`Shelf`] keeps it for all
//!   runs of one thread.

mod cedar_text;
mod drawn;
mod folder;
pub mod generated;
pub mod library;
pub mod linze;
mod linze_table;
pub mod permissions;
mod reviewers;
mod shelf;

use crdt_model::charter::Validity;
use crdt_model::ids::{CharterDigest, CharterVersion};
use crdt_model::replica;
use crdt_model::store::{Batch, MemoryStore, Store, StoreError};
use policy::CharterFiles;
use policy::signing::manifest::Manifest;

pub use permissions::Permissions;
pub use shelf::Shelf;

/// One version of a charter, signed, with what it must allow.
#[derive(Clone, Debug)]
pub struct Edition {
    /// Its files, with manifest and signatures.
    pub files: CharterFiles,
    /// The bytes that travel and that a store keeps.
    pub bundle: Vec<u8>,
    /// Its version.
    pub version: CharterVersion,
    /// SHA-256 of its manifest.
    pub digest: CharterDigest,
    /// What it must allow.
    pub table: Permissions,
    /// What it must allow in an emergency, if it has rules for one.
    pub emergency: Option<Permissions>,
    reviewers: reviewers::Reviewers,
}

impl Edition {
    /// Puts it into a store, where it is in force if it is the newest, and makes it durable.
    pub fn put_into(&self, store: &mut dyn Store) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        batch.put(replica::charter_key(self.version), self.bundle.clone());
        store.write(&batch)?;
        store.sync()
    }

    /// A declaration of an emergency under it, as nodes pass it on, signed by the reviewers at these
    /// positions.
    pub fn declare(&self, number: u32, holds: Validity, signers: &[usize]) -> Vec<u8> {
        self.reviewers.declare(self, number, holds, signers)
    }

    /// Digests of all versions up to it, its own first.
    fn newest_first(&self) -> Vec<CharterDigest> {
        let manifest = Manifest::of(&self.files);
        let earlier = manifest.map_or(Vec::new(), |manifest| manifest.earlier);
        [&[self.digest], earlier.as_slice()].concat()
    }

    /// A store that holds it and nothing else.
    pub fn store(&self) -> Result<MemoryStore, StoreError> {
        let mut store = MemoryStore::default();
        self.put_into(&mut store)?;
        Ok(store)
    }
}
