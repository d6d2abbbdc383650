//! What all runs of one thread share: charters drawn and opened once.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use crdt_model::charter::Charter;
use crdt_model::ids::{CharterDigest, NodeId};
use crdt_model::store::Store;
use crdt_model::time::WallTime;
use policy::signing::adopt::AdoptedCharter;
use policy::signing::held;

use super::Edition;
use super::generated::Family;
use super::library::Library;
use super::linze::Linze;
use crate::world::Verifier;

/// A family and its size name what was drawn.
type Drawn = (u64, usize);

/// The seed of the keys of Linze County: opening its charter takes longer than a small run.
const LINZE_SEED: u64 = 1;

/// See the module. A clone is the same shelf.
#[derive(Clone, Default)]
pub struct Shelf {
    shelved: Rc<RefCell<Shelved>>,
}

#[derive(Default)]
struct Shelved {
    library: Library,
    families: BTreeMap<Drawn, Arc<Family>>,
    revoking: BTreeMap<(Drawn, NodeId), Edition>,
    linze: BTreeMap<Vec<NodeId>, Arc<Linze>>,
    linze_revoking: BTreeMap<(CharterDigest, NodeId), Edition>,
    opened: BTreeMap<CharterDigest, AdoptedCharter>,
}

impl Shelf {
    /// The family of charters with this seed over these nodes.
    pub fn family(&self, seed: u64, nodes: &[NodeId]) -> Arc<Family> {
        let mut shelved = self.shelved.borrow_mut();
        let drawn = shelved.families.entry((seed, nodes.len()));
        Arc::clone(drawn.or_insert_with(|| Arc::new(Family::generate(seed, nodes))))
    }

    /// Its third version that trusts one node no more.
    pub fn revoking(&self, seed: u64, nodes: &[NodeId], node: NodeId) -> Edition {
        let family = self.family(seed, nodes);
        let mut shelved = self.shelved.borrow_mut();
        let edition = shelved.revoking.entry(((seed, nodes.len()), node));
        edition.or_insert_with(|| family.v3_revoking(node)).clone()
    }

    /// The charters of Linze County over these nodes, with the keys of one seed.
    pub fn linze(&self, nodes: &[NodeId]) -> Arc<Linze> {
        let mut shelved = self.shelved.borrow_mut();
        let kept = shelved.linze.entry(nodes.to_vec());
        Arc::clone(kept.or_insert_with(|| Arc::new(Linze::of(LINZE_SEED, nodes))))
    }

    /// One of them that follows another and trusts one node no more.
    pub fn linze_revoking(&self, linze: &Linze, follows: &Edition, node: NodeId) -> Edition {
        let mut shelved = self.shelved.borrow_mut();
        let edition = shelved.linze_revoking.entry((follows.digest, node));
        edition
            .or_insert_with(|| linze.revoking(follows, node))
            .clone()
    }
}

/// The code that adopts charters, as a node runs it.
impl Verifier for Shelf {
    fn load(&mut self, store: &dyn Store) -> Result<Vec<Arc<dyn Charter>>, String> {
        let mut shelved = self.shelved.borrow_mut();
        let held = shelved.library.load(store).map_err(|why| why.to_string())?;
        shelved.opened.insert(held.current.digest(), held.current);
        Ok(held.all)
    }

    fn next(
        &mut self,
        current: &dyn Charter,
        bundle: &[u8],
        wall: WallTime,
    ) -> Result<Arc<dyn Charter>, String> {
        let mut shelved = self.shelved.borrow_mut();
        let current = shelved.opened.get(&current.digest()).cloned();
        let current = current.ok_or("no charter is in force")?;
        let adopted = shelved.library.adopt(&current, bundle, wall);
        let adopted = adopted.map_err(|why| why.to_string())?;
        let charter = Arc::clone(adopted.charter());
        shelved.opened.insert(adopted.digest(), adopted);
        Ok(charter)
    }

    fn before(
        &mut self,
        successor: &dyn Charter,
        bundle: &[u8],
    ) -> Result<Arc<dyn Charter>, String> {
        let mut shelved = self.shelved.borrow_mut();
        let successor = shelved.opened.get(&successor.digest()).cloned();
        let successor = successor.ok_or("the successor is not here")?;
        let found = held::predecessor(&successor, bundle).map_err(|why| why.to_string())?;
        let charter = Arc::clone(found.charter());
        shelved.opened.insert(found.digest(), found);
        Ok(charter)
    }
}
