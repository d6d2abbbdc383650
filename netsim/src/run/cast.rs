//! Who takes part in a run, and by which charters.

use crdt_model::charter::Validity;
use crdt_model::ids::NodeId;
use crdt_model::time::WallTime;

use super::faults::DAY_MS;
use super::{Options, Run};
use crate::charters::{Edition, Shelf};
use crate::hostile::Hostile;
use crate::seed::Seed;
use crate::stage::Stage;
use crate::truth::Truth;
use crate::world::World;

/// A county as a run begins with it.
pub(super) struct Founded {
    pub(super) stage: Stage,
    pub(super) third: Edition,
    pub(super) world: World,
    pub(super) truth: Truth,
}

/// Founds the county of a run.
pub(super) fn found(options: &Options, shelf: &Shelf) -> Founded {
    let seed = options.seed;
    let stage = Stage::of_size(seed, options.nodes, shelf);
    let mut chance = Seed::split(seed, "cast", &[]);
    let mut truth = Truth::default();
    let villages = stage.places.villages();
    let third = match chance
        .pick(&villages)
        .filter(|_| chance.clone().percent(40))
    {
        Some(village) => stage.revoking(*village, shelf),
        None => stage.third().clone(),
    };
    for edition in [stage.first(), stage.second(), &third, stage.fork()] {
        truth.add_edition(edition);
    }
    let mut world = World::new(seed, Box::new(shelf.clone()));
    world.redials = true;
    for node in stage.places.nodes() {
        let identity = stage.identity(*node);
        if let Err(why) = world.add(identity, &stage.founding()) {
            world.tell(*node, why);
        }
    }
    Founded {
        stage,
        third,
        world,
        truth,
    }
}

impl Run {
    /// Lets some nodes turn hostile.
    pub(super) fn choose_hostile(&mut self) {
        let mut chance = Seed::split(self.options.seed, "who is hostile", &[]);
        let mut chosen = std::collections::BTreeSet::new();
        for _ in 0..self.options.hostile_villages.min(8) {
            chosen.extend(chance.pick(&self.stage.places.villages()).copied());
        }
        if self.options.hostile_township {
            chosen.extend(chance.pick(&self.stage.places.townships()).copied());
        }
        for node in &chosen {
            if let Some(identity) = self.world.identity(*node).cloned() {
                let hostile = Hostile::new(identity, self.options.seed, &mut self.world);
                self.hostile.push(hostile);
            }
        }
        if !chosen.is_empty() {
            self.world
                .counters
                .add("hostile nodes", chosen.len() as u64);
        }
        self.checkers.hostile = chosen;
    }

    /// Brings the next charter to a node.
    pub(super) fn roll_out(&mut self, node: NodeId) {
        let Some(version) = self
            .world
            .node(node)
            .map(|state| state.engine.charter().version())
        else {
            return;
        };
        let edition = match version.0 {
            1 => self.stage.second(),
            _ => &self.third,
        };
        // Nobody brings a charter to the one node that it revokes.
        if !edition.table.active().any(|active| active == node) {
            return;
        }
        let bundle = edition.bundle.clone();
        if self.world.offer(node, &bundle).is_ok() {
            self.world.counters.count("charter rolled out");
            if version.0 > 1 && self.third.digest != self.stage.third().digest {
                self.world.counters.count("revocation in flight");
            }
        }
    }

    /// Brings two charters with one number to two nodes.
    pub(super) fn offer_fork(&mut self) {
        let nodes = self.stage.places.nodes().to_vec();
        let (v2, fork) = (
            self.stage.second().bundle.clone(),
            self.stage.fork().bundle.clone(),
        );
        for bundle in [v2, fork] {
            if let Some(node) = self.trouble.chance.pick(&nodes).copied()
                && self.world.offer(node, &bundle).is_ok()
            {
                self.world.counters.count("two charters with one version");
                self.checkers.forked = true;
            }
        }
    }

    /// Brings a charter to a node that too few reviewers signed.
    pub(super) fn offer_unsigned(&mut self, node: NodeId) {
        let bundle = self.stage.unsigned_enough().bundle.clone();
        if self.world.offer(node, &bundle).is_err() {
            self.world
                .counters
                .count("charter with too few signatures refused");
        }
    }

    /// Lets nobody give a village the next charter, which is rolled out elsewhere, while a day
    /// passes and somewhat more.
    pub(super) fn withhold(&mut self) {
        let villages = self.stage.places.villages();
        if let Some(village) = self.trouble.chance.pick(&villages).copied() {
            self.world.withheld_from.insert(village);
            self.roll_out(self.stage.places.county());
            self.world.run_ms(2_000);
            self.world.pass_wall_ms(DAY_MS + DAY_MS / 8);
            self.world.run_ms(1_000);
        }
    }

    /// Brings a declaration of an emergency to a node: of one that begins, now or soon, or of the end
    /// of the last one; now and then nobody has signed it.
    pub(super) fn declare(&mut self, node: NodeId) {
        let digest = self
            .world
            .node(node)
            .map(|state| state.engine.charter().digest());
        let editions = [
            self.stage.first(),
            self.stage.second(),
            &self.third,
            self.stage.fork(),
        ];
        let Some(edition) = editions.into_iter().find(|one| Some(one.digest) == digest) else {
            return;
        };
        let edition = edition.clone();
        let chance = &mut self.trouble.chance;
        // A declaration is written to the second.
        let now_ms = self.world.wall().ms / 1000 * 1000;
        let from_ms = match chance.percent(15) {
            true => now_ms + chance.between(1, 60) * 1_000,
            false => now_ms,
        };
        let lasts_ms = match chance.percent(15) {
            true => 0,
            false => chance.between(1, 24 * 60) * 60_000,
        };
        let holds = Validity {
            from: WallTime::from_ms(from_ms),
            until: WallTime::from_ms(from_ms + lasts_ms),
        };
        let signers: &[usize] = if chance.percent(10) { &[] } else { &[2] };
        self.trouble.declarations += 1;
        let declaration = edition.declare(self.trouble.declarations, holds, signers);
        match self.world.declare(node, declaration) {
            Some(declared) => {
                self.world.counters.count(match declared.ends() {
                    true => "emergency called off",
                    false => "emergency declared",
                });
                self.truth.declared.push(declared);
            }
            None if edition.emergency.is_some() && signers.is_empty() => {
                self.world
                    .counters
                    .count("emergency that nobody signed refused");
            }
            None => {}
        }
    }

    /// Lets time pass until the last emergency has run out.
    pub(super) fn run_out(&mut self) {
        let last = self.truth.declared.iter().map(|one| one.holds.until).max();
        let left_ms = last.map_or(0, |until| until.ms.saturating_sub(self.world.wall().ms));
        if left_ms > 0 {
            self.world.counters.count("emergency ran out");
            self.world.pass_wall_ms(left_ms);
            let ms = 1_000 + self.trouble.chance.between(0, 12_000);
            self.world.run_ms(ms);
        }
    }

    /// Moves everybody past the end of the charter in force, or back; but for the townships: if all
    /// their clocks were wrong together, they would confirm that time.
    pub(super) fn expire(&mut self) {
        self.world.counters.count("charter expired");
        let townships = self.stage.places.townships();
        let mut others = self.stage.places.nodes().to_vec();
        others.retain(|node| !townships.contains(node));
        for node in others {
            if let Some(state) = self.world.node_mut(node) {
                state.clocks.wall_ahead_ms = 5 * 365 * 24 * 3_600_000;
            }
        }
    }
}
