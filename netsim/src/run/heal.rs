//! How trouble ends: bit by bit while the county works, and all of it at last.

use crdt_model::ids::NodeId;

use super::Run;
use crate::checkers::Broken;
use crate::stage::HEALS_WITHIN_MS;
use crate::world::Happening;
use crate::world::node::Clocks;

/// Virtual milliseconds for what was begun under faults to end: requests time out in 30 s.
const SETTLING_MS: u64 = 35_000;

impl Run {
    /// Mends this and that.
    pub(super) fn mend_some(&mut self) {
        if self.trouble.chance.percent(20) {
            let off: Vec<_> = self.stage.world.off().map(|(node, _)| node).collect();
            if let Some(node) = self.trouble.chance.pick(&off).copied() {
                self.bring_back(node);
            }
        }
        if self.trouble.chance.percent(6) {
            self.stage.world.heal_lines();
        }
        if self.trouble.chance.percent(3) {
            self.mend_machines();
        }
    }

    fn mend_machines(&mut self) {
        for node in self.cast.nodes().to_vec() {
            if let Some(state) = self.stage.world.node_mut(node) {
                state.slow_sync_ms = 0;
                state.store.faults.capacity_bytes = None;
                state.store.faults.fail_next_sync = false;
                state.store.faults.misdirect_next_sync = false;
                state.dies_after_outputs = None;
                state.clocks = Clocks { wall_ahead_ms: 0, ..state.clocks };
            }
        }
    }

    /// Starts a node again; where its disk is not to be trusted, as the handbook says: what is
    /// there is accepted under a new life, or a new disk begins with the charter alone.
    pub(super) fn bring_back(&mut self, node: NodeId) {
        if self.stage.world.start(node).is_ok() {
            return;
        }
        self.stage.world.happenings.push((node, Happening::DiskLost));
        let epoch = self.new_life();
        if self.stage.world.start_rolled_back(node, epoch).is_ok() {
            self.stage.world.counters.count("rollback accepted");
            return;
        }
        self.stage.world.counters.count("disk replaced");
        let Some(machine) = self.stage.world.take_away(node) else {
            return;
        };
        let mut identity = machine.identity;
        identity.epoch = self.new_life();
        if let Err(why) = self.stage.world.add(identity, &self.cast.founding()) {
            let at_ms = self.stage.world.now_ms();
            let what = format!("a new disk does not start: {why}");
            self.stage.broken.push(Broken { checker: "start", at_ms, node, what });
        }
    }

    /// Ends all faults, waits, and lets the checkers have the last look.
    pub(super) fn heal(&mut self) {
        self.mend_machines();
        for node in self.cast.nodes().to_vec() {
            self.bring_back(node);
        }
        self.stage.world.heal_lines();
        self.leave_one_out();
        self.stage.world.run_ms(SETTLING_MS);
        self.look();
        for node in self.cast.nodes().to_vec() {
            self.bring_back(node);
            self.stage.world.redial_all(node);
        }
        let from_ms = self.stage.world.now_ms();
        while !self.stage.settled() && self.stage.world.now_ms() < from_ms + HEALS_WITHIN_MS {
            self.stage.world.run_ms(500);
            self.look();
        }
        let took_ms = self.stage.world.now_ms() - from_ms;
        self.stage.world.counters.add("healing ms", took_ms);
        // Where some are hostile, nobody promised that it comes to an end.
        if self.stage.hostile_nodes.is_empty() {
            self.stage.say_who_is_apart();
        }
        self.stage.last_look();
    }

    /// Now and then one village stays away for good: no charter ever reaches it.
    fn leave_one_out(&mut self) {
        if self.trouble.chance.percent(10)
            && let Some(village) = self.trouble.chance.pick(&self.cast.villages()).copied()
        {
            self.stage.world.counters.count("a charter never arrives");
            for peer in self.cast.linked(village) {
                self.stage.world.block(village, peer);
            }
        }
    }
}
