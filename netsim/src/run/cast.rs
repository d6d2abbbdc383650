//! Who takes part in a run, and by which charters.

use std::sync::Arc;

use crdt_model::engine::Identity;
use crdt_model::ids::{CharterVersion, Epoch, NodeId};

use super::{Options, Run};
use crate::charters::generated::Family;
use crate::charters::{Edition, Shelf};
use crate::places::Places;
use crate::seed::Seed;
use crate::truth::Truth;
use crate::world::World;

/// Families of charters that seeds share: drawing one takes longer than a small run.
pub(crate) const FAMILIES: u64 = 64;

/// See the module.
pub struct Cast {
    places: Places,
    family: Arc<Family>,
    pub(super) third: Edition,
}

impl Cast {
    /// All nodes, by code.
    pub fn nodes(&self) -> &[NodeId] {
        self.places.nodes()
    }

    /// The county.
    pub fn county(&self) -> NodeId {
        self.places.county()
    }

    /// The townships.
    pub fn townships(&self) -> Vec<NodeId> {
        self.places.townships()
    }

    /// The villages.
    pub fn villages(&self) -> Vec<NodeId> {
        self.places.villages()
    }

    /// The nodes that a node has lines with.
    pub fn linked(&self, node: NodeId) -> Vec<NodeId> {
        self.places.linked(node)
    }

    /// What a new node is given.
    pub fn founding(&self) -> Vec<(CharterVersion, Vec<u8>)> {
        vec![(self.family.v1.version, self.family.v1.bundle.clone())]
    }

    /// Its charters.
    pub fn family(&self) -> &Family {
        &self.family
    }
}

/// Founds the county of a run.
pub(super) fn found(options: &Options, shelf: &Shelf) -> (Cast, World, Truth) {
    let seed = options.seed;
    let places = Places::new(options.nodes);
    let nodes = places.nodes();
    let family = shelf.family(seed % FAMILIES, nodes);
    let mut chance = Seed::split(seed, "cast", &[]);
    let mut truth = Truth::default();
    let villages = places.villages();
    let third = match chance.pick(&villages).filter(|_| chance.clone().percent(40)) {
        Some(village) => shelf.revoking(seed % FAMILIES, nodes, *village),
        None => family.v3.clone(),
    };
    for edition in [&family.v1, &family.v2, &third, &family.v2_fork] {
        truth.add_edition(edition.digest, edition.version, edition.table.clone());
    }
    let mut world = World::new(seed, Box::new(shelf.clone()));
    world.redials = true;
    let cast = Cast { places, family, third };
    for node in cast.nodes() {
        let key = cast.family.key(*node);
        let identity = Identity { node: *node, key, epoch: Epoch(1) };
        if let Err(why) = world.add(identity, &cast.founding()) {
            world.tell(*node, why);
        }
    }
    (cast, world, truth)
}

impl Run {
    /// Lets some nodes turn hostile.
    pub(super) fn choose_hostile(&mut self) {
        let mut chance = Seed::split(self.options.seed, "who is hostile", &[]);
        let mut chosen = std::collections::BTreeSet::new();
        for _ in 0..self.options.hostile_villages.min(8) {
            chosen.extend(chance.pick(&self.cast.villages()).copied());
        }
        if self.options.hostile_township {
            chosen.extend(chance.pick(&self.cast.townships()).copied());
        }
        for node in &chosen {
            self.stage.turn_hostile(*node, self.options.seed);
        }
        if !chosen.is_empty() {
            self.stage.world.counters.add("hostile nodes", chosen.len() as u64);
        }
    }

    /// Brings the next charter to a node.
    pub(super) fn roll_out(&mut self, node: NodeId) {
        let Some(version) = self.stage.world.node(node).map(|state| state.engine.charter().version())
        else {
            return;
        };
        let edition = match version.0 {
            1 => &self.cast.family().v2,
            _ => &self.cast.third,
        };
        let bundle = edition.bundle.clone();
        if self.stage.world.offer(node, &bundle).is_ok() {
            self.stage.world.counters.count("charter rolled out");
            if version.0 > 1 && self.cast.third.digest != self.cast.family().v3.digest {
                self.stage.world.counters.count("revocation in flight");
            }
        }
    }

    /// Brings two charters with one number to two nodes.
    pub(super) fn offer_fork(&mut self) {
        let nodes = self.cast.nodes().to_vec();
        let (v2, fork) = (self.cast.family().v2.bundle.clone(), self.cast.family().v2_fork.bundle.clone());
        for bundle in [v2, fork] {
            if let Some(node) = self.trouble.chance.pick(&nodes).copied()
                && self.stage.world.offer(node, &bundle).is_ok()
            {
                self.stage.world.counters.count("two charters with one version");
                self.stage.forked = true;
            }
        }
    }

    /// Brings a charter to a node that too few reviewers signed.
    pub(super) fn offer_unsigned(&mut self, node: NodeId) {
        let bundle = self.cast.family().v2_unsigned_enough.bundle.clone();
        if self.stage.world.offer(node, &bundle).is_err() {
            self.stage.world.counters.count("charter with too few signatures refused");
        }
    }

    /// Moves everybody past the end of the charter in force, or back.
    pub(super) fn expire(&mut self) {
        self.stage.world.counters.count("charter expired");
        for node in self.cast.nodes().to_vec() {
            if let Some(state) = self.stage.world.node_mut(node) {
                state.clocks.wall_ahead_ms = 5 * 365 * 24 * 3_600_000;
            }
        }
    }
}
