//! Charters by their bytes, so that a county of nodes that start again and again opens each of them
//! once. It decides nothing itself: what it does not remember goes to the code that nodes run, and
//! so does every refusal, each time anew.

use std::collections::BTreeMap;

use crdt_model::ids::CharterDigest;
use crdt_model::store::Store;
use crdt_model::time::WallTime;
use policy::signing::adopt::AdoptedCharter;
use policy::signing::held::{self, Held, HeldError};
use policy::signing::refusal::AdoptionRefused;

/// What was opened so far.
#[derive(Debug, Default)]
pub struct Library {
    restored: BTreeMap<Vec<u8>, AdoptedCharter>,
    /// By the charter that was held, and the bytes that were offered.
    adopted: BTreeMap<(CharterDigest, Vec<u8>), AdoptedCharter>,
}

impl Library {
    /// A library that has opened nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many charters it has opened.
    pub fn opened(&self) -> usize {
        self.restored.len() + self.adopted.len()
    }

    /// The charter in these bytes of a store.
    pub fn restore(&mut self, bundle: &[u8]) -> Result<AdoptedCharter, AdoptionRefused> {
        if let Some(known) = self.restored.get(bundle) {
            return Ok(known.clone());
        }
        let restored = held::restore(bundle)?;
        self.restored.insert(bundle.to_vec(), restored.clone());
        Ok(restored)
    }

    /// The charter in the bytes that a peer offered, if it may follow.
    ///
    /// Only the time, and whose signatures brought the current charter in, can make a difference
    /// between two that ask with the same bytes; the latter only for forks, which are refused.
    pub fn adopt(
        &mut self,
        current: &AdoptedCharter,
        bundle: &[u8],
        now: WallTime,
    ) -> Result<AdoptedCharter, AdoptionRefused> {
        let asked = (current.digest(), bundle.to_vec());
        if let Some(known) = self.adopted.get(&asked) {
            let validity = known.manifest().validity;
            if validity.from <= now && !validity.expired(now) {
                return Ok(known.clone());
            }
        }
        let adopted = held::follow(current, bundle, now)?;
        self.adopted.insert(asked, adopted.clone());
        Ok(adopted)
    }

    /// The charters that a store holds.
    pub fn load(&mut self, store: &dyn Store) -> Result<Held, HeldError> {
        held::load(store, |bundle| self.restore(bundle))
    }
}
