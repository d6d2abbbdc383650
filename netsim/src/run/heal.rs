//! How trouble ends: bit by bit while the county works, and all of it at last.

use crdt_model::ids::{CharterVersion, NodeId};
use crdt_model::replica;

use super::Run;
use crate::checkers::Broken;
use crate::world::Happening;
use crate::world::node::{Clocks, Node};

/// Virtual milliseconds within which everything must have come about after the last fault.
pub(crate) const HEALS_WITHIN_MS: u64 = 60_000;
/// Virtual milliseconds within which every line has been dialled.
const LINES_UP_MS: u64 = 5_000;
/// Virtual milliseconds for what was begun under faults to end: requests time out in 30 s.
pub(crate) const SETTLING_MS: u64 = 35_000;
/// Virtual milliseconds until a charter that a person brings is durable on a sound disk.
const CHARTER_TAKES_MS: u64 = 100;

impl Run {
    /// Mends this and that.
    pub(super) fn mend_some(&mut self) {
        if self.trouble.chance.percent(20) {
            let off: Vec<_> = self.world.off().map(|(node, _)| node).collect();
            if let Some(node) = self.trouble.chance.pick(&off).copied() {
                self.bring_back(node);
            }
        }
        if self.trouble.chance.percent(6) {
            self.world.heal_lines();
        }
        if self.trouble.chance.percent(3) {
            self.mend_machines();
        }
    }

    fn mend_machines(&mut self) {
        for node in self.stage.places.nodes().to_vec() {
            if let Some(state) = self.world.node_mut(node) {
                state.slow_sync_ms = 0;
                state.store.faults.capacity_bytes = None;
                state.store.faults.fail_next_sync = false;
                state.store.faults.misdirect_next_sync = false;
                state.dies_after_outputs = None;
                state.clocks = Clocks {
                    wall_ahead_ms: 0,
                    ..state.clocks
                };
            }
        }
    }

    /// Starts a node again; where its disk is not to be trusted, as the handbook says: what is
    /// there is accepted under a new life, or a new disk begins with the charter alone.
    pub(super) fn bring_back(&mut self, node: NodeId) {
        if self.world.start(node).is_ok() {
            return;
        }
        self.world.happenings.push((node, Happening::DiskLost));
        let epoch = self.new_life();
        if self.world.start_rolled_back(node, epoch).is_ok() {
            self.world.counters.count("rollback accepted");
            return;
        }
        self.world.counters.count("disk replaced");
        let Some(machine) = self.world.take_away(node) else {
            return;
        };
        let mut identity = machine.identity;
        identity.epoch = self.new_life();
        if let Err(why) = self.world.add(identity, &self.stage.founding()) {
            let at_ms = self.world.now_ms();
            let what = format!("a new disk does not start: {why}");
            self.checkers.broken.push(Broken {
                checker: "start",
                at_ms,
                node,
                what,
            });
        }
    }

    /// Ends all faults, waits, and lets the checkers have the last look.
    pub(super) fn heal(&mut self) {
        self.mend_machines();
        self.all_run_on_sound_disks();
        // Machines that were off have come up with the clocks that they had.
        self.mend_machines();
        self.world.heal_lines();
        self.world.withheld_from.clear();
        self.leave_one_out();
        self.world.run_ms(SETTLING_MS);
        self.look();
        // What was under way may have met its fault only now.
        self.mend_machines();
        self.all_run_on_sound_disks();
        self.bring_lost_charters();
        let from_ms = self.world.now_ms();
        self.world.run_ms(LINES_UP_MS);
        self.look();
        while !self.checkers.settled(&self.world) && self.world.now_ms() < from_ms + HEALS_WITHIN_MS
        {
            self.world.run_ms(500);
            self.look();
        }
        let took_ms = self.world.now_ms() - from_ms;
        self.world.counters.add("healing ms", took_ms);
        let cosigned = self
            .world
            .nodes()
            .map(|(_, state)| state.engine.cosignatures().count());
        let cosigned = cosigned.sum::<usize>() as u64;
        self.world.counters.add("cosigned", cosigned);
        if !self.checkers.settled(&self.world)
            && self.checkers.hostile.is_empty()
            && self.checkers.broken.is_empty()
        {
            self.checkers.say_who_is_apart(&self.world);
        }
        self.checkers.last_look(&mut self.world, &mut self.truth);
    }

    fn all_run_on_sound_disks(&mut self) {
        for node in self.stage.places.nodes().to_vec() {
            self.bring_back(node);
            self.world.check_disk(node);
            self.bring_back(node);
            self.world.redial_all(node);
        }
    }

    /// Brings a charter again to a node that lost it with a part of its disk and wrote under it before:
    /// where no other node had it, nobody can judge what it wrote until reviewers bring it again. By now
    /// every node has what its peers could give it.
    fn bring_lost_charters(&mut self) {
        for node in self.stage.places.nodes().to_vec() {
            let Some(state) = self.world.node(node) else {
                continue;
            };
            let has = state.engine.charter().version();
            let named = latest_named(state);
            if self.checkers.forked || named.is_none_or(|named| named <= has) {
                continue;
            }
            for bundle in [
                self.stage.second().bundle.clone(),
                self.third.bundle.clone(),
            ] {
                if self.world.offer(node, &bundle).is_ok() {
                    self.world.counters.count("lost charter brought again");
                    self.world.run_ms(CHARTER_TAKES_MS);
                }
            }
        }
    }

    /// Now and then one village stays away for good: no charter ever reaches it.
    fn leave_one_out(&mut self) {
        if self.trouble.chance.percent(10)
            && let Some(village) = self
                .trouble
                .chance
                .pick(&self.stage.places.villages())
                .copied()
        {
            self.world.counters.count("a charter never arrives");
            for peer in self.stage.places.linked(village) {
                self.world.block(village, peer);
            }
        }
    }
}

/// The latest charter that a commit names which the node holds and wrote.
fn latest_named(state: &Node) -> Option<CharterVersion> {
    let mut facets = Vec::new();
    // A damaged entry is told of when its node meets it.
    let _ = replica::for_each_facet(&state.store, |facet, _| facets.push(facet));
    let own = state.identity().node;
    let histories = facets
        .iter()
        .filter_map(|facet| replica::history(&state.store, facet).ok());
    let named = histories.flat_map(|history| {
        let commits = history.commits().map(|(commit, _)| commit.body());
        let own = commits.filter(|body| body.author == own);
        own.map(|body| body.charter).max()
    });
    named.max()
}
