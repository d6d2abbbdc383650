//! Who takes part in a play of the county, and by which charters: drawn ones, or those of Linze
//! County.

use std::sync::Arc;

use crdt_model::engine::Identity;
use crdt_model::ids::{Boot, CharterVersion, Epoch, NodeId};
use ed25519_dalek::SigningKey;

use crate::charters::generated::Family;
use crate::charters::linze::Linze;
use crate::charters::{Edition, Shelf};
use crate::places::Places;

/// Nodes of Linze County: a county of that many plays on its charter.
pub const LINZE_NODES: usize = 84;
/// Families of charters that seeds share: drawing one takes longer than a small run.
const FAMILIES: u64 = 64;

/// See the module.
#[derive(Clone)]
pub struct Stage {
    /// Who lies where.
    pub places: Places,
    charters: Charters,
}

#[derive(Clone)]
enum Charters {
    Drawn(u64, Arc<Family>),
    Linze(Arc<Linze>),
}

impl Stage {
    /// Linze County where there are as many nodes, and else a county with drawn charters.
    pub fn of_size(seed: u64, nodes: usize, shelf: &Shelf) -> Self {
        match nodes {
            LINZE_NODES => Self::linze(nodes, shelf),
            _ => Self::drawn(seed, nodes, shelf),
        }
    }

    /// A county with drawn charters.
    pub fn drawn(seed: u64, nodes: usize, shelf: &Shelf) -> Self {
        let places = Places::new(nodes);
        let seed = seed % FAMILIES;
        let family = shelf.family(seed, places.nodes());
        Self {
            places,
            charters: Charters::Drawn(seed, family),
        }
    }

    /// Linze County, or that many of its nodes.
    pub fn linze(nodes: usize, shelf: &Shelf) -> Self {
        Self::like_linze(Places::linze(nodes), shelf)
    }

    /// Any places, on the rules of Linze County.
    pub fn like_linze(places: Places, shelf: &Shelf) -> Self {
        let linze = shelf.linze(places.nodes());
        Self {
            places,
            charters: Charters::Linze(linze),
        }
    }

    /// The charters of Linze County, if it plays on those.
    pub fn of_linze(&self) -> Option<&Linze> {
        match &self.charters {
            Charters::Drawn(..) => None,
            Charters::Linze(linze) => Some(linze),
        }
    }

    /// A node's secret key.
    pub fn key(&self, node: NodeId) -> SigningKey {
        match &self.charters {
            Charters::Drawn(_, family) => family.key(node),
            Charters::Linze(linze) => linze.key(node),
        }
    }

    /// Who a node is in its first life.
    pub fn identity(&self, node: NodeId) -> Identity {
        Identity {
            node,
            key: self.key(node),
            epoch: Epoch(1),
            boot: Boot([0; 8]),
        }
    }

    /// What a new node is given.
    pub fn founding(&self) -> Vec<(CharterVersion, Vec<u8>)> {
        let first = self.first();
        vec![(first.version, first.bundle.clone())]
    }

    /// The first version.
    pub fn first(&self) -> &Edition {
        match &self.charters {
            Charters::Drawn(_, family) => &family.v1,
            Charters::Linze(linze) => &linze.v1,
        }
    }

    /// The second version.
    pub fn second(&self) -> &Edition {
        match &self.charters {
            Charters::Drawn(_, family) => &family.v2,
            Charters::Linze(linze) => &linze.v2,
        }
    }

    /// The third version.
    pub fn third(&self) -> &Edition {
        match &self.charters {
            Charters::Drawn(_, family) => &family.v3,
            Charters::Linze(linze) => &linze.v3,
        }
    }

    /// Another second version that reviewers signed.
    pub fn fork(&self) -> &Edition {
        match &self.charters {
            Charters::Drawn(_, family) => &family.v2_fork,
            Charters::Linze(linze) => &linze.v2_fork,
        }
    }

    /// A second version that too few reviewers signed.
    pub fn unsigned_enough(&self) -> &Edition {
        match &self.charters {
            Charters::Drawn(_, family) => &family.v2_unsigned_enough,
            Charters::Linze(linze) => &linze.v2_unsigned_enough,
        }
    }

    /// A third version that trusts one node no more.
    pub fn revoking(&self, node: NodeId, shelf: &Shelf) -> Edition {
        match &self.charters {
            Charters::Drawn(seed, _) => shelf.revoking(*seed, self.places.nodes(), node),
            Charters::Linze(linze) => shelf.linze_revoking(linze, &linze.v2, node),
        }
    }
}
