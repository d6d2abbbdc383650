//! Which nodes still lack which facets: those that they may hold by the charter last signed.

use std::collections::{BTreeMap, BTreeSet};

use crdt_model::ids::NodeId;
use crdt_model::label::{FacetId, Grade};
use crdt_model::replica;

use crate::charters::Permissions;
use crate::world::{Happening, World};

/// See the module.
pub(super) struct Spread {
    table: Permissions,
    grades: BTreeMap<FacetId, Grade>,
    lacking: BTreeMap<FacetId, BTreeSet<NodeId>>,
    missing: usize,
    forgotten: BTreeSet<NodeId>,
}

impl Spread {
    /// Nothing has been written.
    pub(super) fn new(table: Permissions) -> Self {
        Self {
            table,
            grades: BTreeMap::new(),
            lacking: BTreeMap::new(),
            missing: 0,
            forgotten: BTreeSet::new(),
        }
    }

    /// Facets that are missing, one for each node that lacks one.
    pub(super) fn missing(&self) -> usize {
        self.missing
    }

    /// Takes in what happened.
    pub(super) fn follow(&mut self, world: &World, happenings: &[(NodeId, Happening)]) {
        for (node, happening) in happenings {
            let Happening::Changed {
                facet, label, from, ..
            } = happening
            else {
                continue;
            };
            let graded = self.grades.get(facet) == Some(&label.grade);
            if !graded && (from.is_none() || !self.grades.contains_key(facet)) {
                self.grades.insert(*facet, label.grade);
                self.reckon(world, facet, label.grade);
            }
            self.came(facet, *node);
        }
    }

    fn came(&mut self, facet: &FacetId, node: NodeId) {
        if let Some(lacking) = self.lacking.get_mut(facet) {
            self.missing -= usize::from(lacking.remove(&node));
            if lacking.is_empty() {
                self.lacking.remove(facet);
            }
        }
    }

    /// Another charter says who may hold what.
    pub(super) fn under(&mut self, world: &World, table: Permissions) {
        self.table = table;
        for (facet, grade) in self.grades.clone() {
            self.reckon(world, &facet, grade);
        }
    }

    fn reckon(&mut self, world: &World, facet: &FacetId, grade: Grade) {
        let before = self.lacking.remove(facet).unwrap_or_default();
        self.missing -= before.len();
        if self.forgotten.contains(&facet.home) {
            return;
        }
        let lacks = |node: &NodeId| match world.node(*node) {
            Some(state) => matches!(replica::facet_entry(&state.store, facet), Ok(None)),
            // What a node holds that does not run, nobody can see: it is taken to hold nothing new.
            None => true,
        };
        let mut lacking = self.table.audience(&facet.label(grade));
        lacking.retain(|node| lacks(node) && !self.forgotten.contains(node));
        if !lacking.is_empty() {
            self.missing += lacking.len();
            self.lacking.insert(*facet, lacking);
        }
    }

    /// A node that starts holds what it holds.
    pub(super) fn recount(&mut self, world: &World, node: NodeId) {
        let Some(state) = world.node(node) else {
            return;
        };
        let has =
            |facet: &FacetId| matches!(replica::facet_entry(&state.store, facet), Ok(Some(_)));
        let lacking = self
            .lacking
            .iter()
            .filter(|(_, lacking)| lacking.contains(&node));
        let had: Vec<_> = lacking.map(|(facet, _)| *facet).filter(has).collect();
        for facet in had {
            self.came(&facet, node);
        }
    }

    /// A node is trusted no more: what it lacks, and who lacks what is its own, does not count.
    pub(super) fn forget(&mut self, node: NodeId) {
        self.forgotten.insert(node);
        for facet in self.lacking.keys().copied().collect::<Vec<_>>() {
            if facet.home == node {
                let lacking = self.lacking.remove(&facet);
                self.missing -= lacking.map_or(0, |lacking| lacking.len());
            } else {
                self.came(&facet, node);
            }
        }
    }
}
