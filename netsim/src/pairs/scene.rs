//! Who takes part in a pair, by which charters, who observes, and what is hidden from the observer.

use std::sync::Arc;

use crdt_model::charter::Charter;
use crdt_model::engine::links;
use crdt_model::ids::{Name, NodeId};
use crdt_model::label::{FacetId, Grade, Label};

use crate::charters::generated::Family;
use crate::charters::{Edition, Permissions, Shelf};
use crate::run;
use crate::secrecy::Canary;
use crate::seed::Seed;
use crate::world::Verifier;

/// Families of charters that seeds share.
const FAMILIES: u64 = 64;

/// See the module.
pub struct Scene {
    /// The seed of everything.
    pub seed: u64,
    /// All nodes, by code.
    pub nodes: Vec<NodeId>,
    /// The node whose view is compared.
    pub observer: NodeId,
    /// The nodes that it has lines with.
    pub neighbours: Vec<NodeId>,
    /// Their charters.
    pub family: Arc<Family>,
    /// How many versions of the charter come into force.
    pub versions: usize,
    /// The first of them, for its kinds.
    pub charter: Arc<dyn Charter>,
    attempt: u64,
}

/// A facet at a grade, with what the charters say of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// The facet.
    pub facet: FacetId,
    /// Its grade.
    pub grade: Grade,
}

impl Place {
    /// Its label.
    pub fn label(&self) -> Label {
        self.facet.label(self.grade)
    }
}

impl Scene {
    /// The scene of a seed; each attempt has another observer.
    ///
    /// # Errors
    /// Why the charters cannot be used.
    pub fn draw(seed: u64, attempt: u64, nodes: usize, shelf: &Shelf) -> Result<Self, String> {
        let nodes = run::nodes(nodes);
        let family = shelf.family(seed % FAMILIES, &nodes);
        let mut chance = Seed::split(seed ^ (attempt << 32), "pair scene", &[]);
        let store = family.v1.store().map_err(|why| why.to_string())?;
        let charter = shelf
            .clone()
            .load(&store)?
            .pop()
            .ok_or("no charter is in force")?;
        let observer = *chance.pick(&nodes).ok_or("a county has nodes")?;
        let neighbours = links(&*charter, observer);
        let versions = 1 + *chance.pick(&[0, 0, 1, 1, 2]).unwrap_or(&0);
        Ok(Self {
            seed,
            nodes,
            observer,
            neighbours,
            family,
            versions,
            charter,
            attempt,
        })
    }

    /// A stream of numbers for one purpose.
    pub fn chance(&self, purpose: &str) -> Seed {
        Seed::split(self.seed ^ (self.attempt << 32), purpose, &[self.observer])
    }

    /// The editions of the charter that come into force, oldest first.
    pub fn editions(&self) -> impl Iterator<Item = &Edition> {
        let all = [&self.family.v1, &self.family.v2, &self.family.v3];
        all.into_iter().take(self.versions)
    }

    /// What may be held under each, every day and in an emergency.
    fn tables(&self) -> impl Iterator<Item = &Permissions> {
        let tables = self.editions();
        tables.flat_map(|edition| std::iter::once(&edition.table).chain(&edition.emergency))
    }

    /// Whether the observer may not hold this under any edition.
    pub fn hides(&self, label: &Label) -> bool {
        label.home != self.observer
            && self
                .tables()
                .all(|table| !table.holds(label, self.observer))
    }

    /// Whether a node may hold and write this under every edition.
    pub fn may_write(&self, label: &Label, node: NodeId) -> bool {
        self.tables()
            .all(|table| table.holds(label, node) && table.authors(label, node))
    }

    /// Whether a node may hold this under the first edition.
    pub fn may_hold(&self, label: &Label, node: NodeId) -> bool {
        self.family.v1.table.holds(label, node)
    }

    /// Whether a node that the observer has a line with may hold this at first.
    pub fn is_near(&self, label: &Label) -> bool {
        self.neighbours
            .iter()
            .any(|node| self.may_hold(label, *node))
    }

    /// The nodes that a node has lines with.
    pub fn linked(&self, node: NodeId) -> Vec<NodeId> {
        links(&*self.charter, node)
    }

    /// Villages that share no line with the observer.
    pub fn strangers(&self) -> Vec<NodeId> {
        let village = |node: &NodeId| node.parent().is_some_and(|above| above.parent().is_some());
        let strange = |node: &&NodeId| {
            village(node) && **node != self.observer && !self.neighbours.contains(node)
        };
        self.nodes.iter().filter(strange).copied().collect()
    }

    /// The names of all facets.
    pub fn facets(&self) -> Vec<(Name, bool)> {
        let kinds = self.charter.kinds().iter().flat_map(|kind| &kind.facets);
        kinds.map(|facet| (facet.name, facet.addressed)).collect()
    }

    /// Any facet of this record number at any grade it may begin with.
    pub fn place(&self, chance: &mut Seed, record: u64, homes: &[NodeId]) -> Option<Place> {
        let facets: Vec<_> = self
            .charter
            .kinds()
            .iter()
            .flat_map(|kind| &kind.facets)
            .collect();
        let declared = *chance.pick(&facets)?;
        let home = *chance.pick(homes)?;
        let addressee = match declared.addressed && chance.percent(50) {
            true => *chance.pick(&self.nodes)?,
            false => home,
        };
        let grade = Grade {
            sensitivity: *chance.pick(&declared.sensitivities)?,
            level: *chance.pick(&declared.levels)?,
        };
        let record = Canary::record(self.seed, record);
        let facet = FacetId {
            record,
            facet: declared.name,
            home,
            addressee,
        };
        let place = Place { facet, grade };
        self.may_write(&place.label(), home).then_some(place)
    }
}
