//! What goes wrong, each kind with a counter of its own: a batch of seeds in which one never took
//! effect has not tried it.

use crdt_model::ids::{Epoch, NodeId};

use super::Run;
use crate::disk::PowerCut;
use crate::seed::Seed;
use crate::world::Happening;
use crate::world::line::Quality;
use crate::world::node::{Node, Off};

/// One kind of trouble.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Fault {
    /// Frames are lost, doubled and overtaken on some lines.
    BadLine,
    /// A line as a village has it.
    ThinLine,
    /// A village is cut off.
    VillageCut,
    /// A township is cut off from the county, or with all its lines.
    TownshipCut,
    /// The county is cut off from everybody.
    CountyCut,
    /// Frames go one way only, and nobody is told.
    OneWay,
    /// A line goes down and comes up again and again.
    Flapping,
    /// All lines go down and come up at once.
    AllRejoin,
    /// A township is cut off for thirty days; for one in a large county.
    MonthCut,
    /// Power fails; what was synced is left, and of the rest a beginning.
    PowerCut,
    /// Power fails, and sectors are torn.
    TornWrite,
    /// Power fails, and sectors were written out of order.
    ReorderedWrite,
    /// The process dies between two things that it was doing.
    KilledAtWork,
    /// A sector is written to the wrong place.
    Misdirected,
    /// A bit of a value flips.
    BitRot,
    /// The disk is full.
    FullDisk,
    /// A sync fails.
    FailedSync,
    /// Syncs take long.
    SlowSync,
    /// A clock is off by years.
    WrongClock,
    /// A clock jumps back.
    ClockBack,
    /// A machine sleeps.
    Suspended,
    /// An old disk image is put back.
    OldBackup,
    /// A second machine runs with the same key.
    Clone,
    /// The next charter is rolled out.
    RollOut,
    /// Two charters with one number.
    ForkedCharter,
    /// A charter that too few have signed.
    UnsignedCharter,
    /// Nobody gives a village the next charter, for a day and more.
    WithheldCharter,
    /// The charter runs out for everybody.
    Expiry,
    /// Reviewers declare an emergency, end one, or too few of them sign.
    Emergency,
    /// So much time passes that an emergency runs out.
    EmergencyRunsOut,
}

/// All of them.
pub const FAULTS: [Fault; 30] = [
    Fault::BadLine,
    Fault::ThinLine,
    Fault::VillageCut,
    Fault::TownshipCut,
    Fault::CountyCut,
    Fault::OneWay,
    Fault::Flapping,
    Fault::AllRejoin,
    Fault::MonthCut,
    Fault::PowerCut,
    Fault::TornWrite,
    Fault::ReorderedWrite,
    Fault::KilledAtWork,
    Fault::Misdirected,
    Fault::BitRot,
    Fault::FullDisk,
    Fault::FailedSync,
    Fault::SlowSync,
    Fault::WrongClock,
    Fault::ClockBack,
    Fault::Suspended,
    Fault::OldBackup,
    Fault::Clone,
    Fault::RollOut,
    Fault::ForkedCharter,
    Fault::UnsignedCharter,
    Fault::WithheldCharter,
    Fault::Expiry,
    Fault::Emergency,
    Fault::EmergencyRunsOut,
];

pub(super) const DAY_MS: u64 = 24 * 3_600_000;
/// Nodes of a county that is played through a whole month, at most.
const MONTH_OF_NODES_MAX: usize = 20;

/// What is wrong at present.
pub(super) struct Trouble {
    pub(super) chance: Seed,
    /// Old disks, by whose they are.
    pub(super) backups: Vec<Off>,
    /// Machines with a key that another machine runs with.
    pub(super) clones: Vec<Off>,
    /// Lives that nodes have begun after a restore.
    pub(super) lives: u64,
    /// Declarations of emergencies that were written.
    pub(super) declarations: u32,
}

impl Trouble {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            chance: Seed::split(seed, "trouble", &[]),
            backups: Vec::new(),
            clones: Vec::new(),
            lives: 1,
            declarations: 0,
        }
    }
}

impl Run {
    /// Lets one of the faults of this run strike.
    pub(super) fn strike(&mut self) {
        if let Some(fault) = self.trouble.chance.pick(&self.options.faults).copied() {
            self.inflict(fault);
        }
    }

    /// Lets this fault strike, wherever chance has it.
    pub fn inflict(&mut self, fault: Fault) {
        let node = self.any_node();
        self.world.tell(node, format!("fault: {fault:?}"));
        match fault {
            Fault::BadLine | Fault::ThinLine | Fault::OneWay | Fault::Flapping => {
                self.trouble_line(fault, node);
            }
            Fault::VillageCut
            | Fault::TownshipCut
            | Fault::CountyCut
            | Fault::AllRejoin
            | Fault::MonthCut => self.cut_off(fault),
            Fault::PowerCut => self.power_fails(
                node,
                PowerCut {
                    lost: true,
                    ..PowerCut::default()
                },
            ),
            Fault::TornWrite => {
                self.power_fails(
                    self.at_work(node),
                    PowerCut {
                        lost: true,
                        torn: true,
                        ..PowerCut::default()
                    },
                );
            }
            Fault::ReorderedWrite => {
                self.power_fails(
                    self.at_work(node),
                    PowerCut {
                        lost: true,
                        torn: true,
                        reordered: true,
                    },
                );
            }
            Fault::KilledAtWork => {
                let outputs = self.trouble.chance.below(6);
                if let Some(state) = self.world.node_mut(node) {
                    state.dies_after_outputs = Some(outputs);
                }
            }
            Fault::Misdirected
            | Fault::BitRot
            | Fault::FullDisk
            | Fault::FailedSync
            | Fault::SlowSync => self.trouble_disk(fault, node),
            Fault::WrongClock | Fault::ClockBack => self.trouble_clock(fault, node),
            Fault::Suspended => {
                let ms = 1_000 + self.trouble.chance.below(20_000) as u64;
                self.world.sleep(node, ms);
            }
            Fault::OldBackup => self.restore_backup(node),
            Fault::Clone => self.swap_clone(node),
            Fault::RollOut => self.roll_out(node),
            Fault::ForkedCharter => self.offer_fork(),
            Fault::UnsignedCharter => self.offer_unsigned(node),
            Fault::WithheldCharter => self.withhold(),
            Fault::Expiry => self.expire(),
            Fault::Emergency => self.declare(node),
            Fault::EmergencyRunsOut => self.run_out(),
        }
    }

    fn any_node(&mut self) -> NodeId {
        let nodes = self.stage.places.nodes();
        *self
            .trouble
            .chance
            .pick(nodes)
            .unwrap_or(&self.stage.places.county())
    }

    fn trouble_line(&mut self, fault: Fault, node: NodeId) {
        let chance = &mut self.trouble.chance;
        let Some(peer) = chance.pick(&self.stage.places.linked(node)).copied() else {
            return;
        };
        match fault {
            Fault::BadLine => {
                let quality = Quality {
                    delay_ms: chance.between(1, 400),
                    jitter_ms: chance.between(0, 600),
                    loss_percent: chance.below(31),
                    duplicate_percent: chance.below(51),
                    ..Quality::GOOD
                };
                self.world.set_quality(node, peer, quality);
            }
            Fault::ThinLine => {
                self.world.counters.count("thin line");
                self.world.set_quality(node, peer, Quality::THIN);
            }
            Fault::OneWay => {
                self.world.mute(node, peer);
            }
            _ => {
                self.world.counters.count("flapping");
                for _ in 0..3 {
                    self.world.cut(node, peer);
                    let ms = 1 + self.trouble.chance.below(40) as u64;
                    self.world.run_ms(ms);
                    self.world.connect(node, peer);
                    self.world.run_ms(ms);
                }
            }
        }
    }

    fn cut_off(&mut self, fault: Fault) {
        let chance = &mut self.trouble.chance;
        let (counter, node) = match fault {
            Fault::VillageCut => (
                "village cut off",
                chance.pick(&self.stage.places.villages()).copied(),
            ),
            Fault::TownshipCut | Fault::MonthCut => (
                "township cut off",
                chance.pick(&self.stage.places.townships()).copied(),
            ),
            _ => ("county cut off", Some(self.stage.places.county())),
        };
        let Some(node) = node else {
            return;
        };
        let peers = self.stage.places.linked(node);
        if fault == Fault::AllRejoin {
            self.world.counters.count("all rejoin at once");
            for node in self.stage.places.nodes().to_vec() {
                self.world.cut_all(node);
            }
            self.world.connect_all();
            return;
        }
        self.world.counters.count(counter);
        for peer in &peers {
            self.world.block(node, *peer);
        }
        // Rare, because a month of quiet takes long even in virtual time; in a county of 84 one seed
        // took more than six minutes, so there it is one day. `township-month` plays it there.
        if fault == Fault::MonthCut && self.trouble.chance.percent(4) {
            let small = self.options.nodes <= MONTH_OF_NODES_MAX;
            let (days, counter) = match small {
                true => (30, "cut off for 30 days"),
                false => (1, "cut off for a day"),
            };
            self.world.counters.count(counter);
            // Day by day, for the checkers take what was sent meanwhile out of memory.
            for _ in 0..days {
                self.world.run_ms(DAY_MS);
                self.look();
            }
        }
    }

    /// The node whose disk has most to lose, if there is any; else this one.
    fn at_work(&self, node: NodeId) -> NodeId {
        let unsynced = |(node, state): (NodeId, &Node)| (state.store.unsynced(), node);
        let most = self.world.nodes().map(unsynced).max();
        most.filter(|(batches, _)| *batches > 0)
            .map_or(node, |(_, node)| node)
    }

    fn power_fails(&mut self, node: NodeId, how: PowerCut) {
        if self.world.node(node).is_some() {
            self.world.counters.count("power cut");
            self.world.power_cut(node, &how);
        }
    }

    fn trouble_disk(&mut self, fault: Fault, node: NodeId) {
        let chance = &mut self.trouble.chance;
        let Some(state) = self.world.node_mut(node) else {
            return;
        };
        match fault {
            Fault::Misdirected => state.store.faults.misdirect_next_sync = true,
            Fault::BitRot => {
                if state.store.flip_bit(b"", chance).is_some() {
                    self.world.happenings.push((node, Happening::DiskLost));
                }
            }
            Fault::FullDisk => state.store.faults.capacity_bytes = Some(0),
            Fault::FailedSync => state.store.faults.fail_next_sync = true,
            _ => {
                state.slow_sync_ms = chance.between(50, 4_000);
                self.world.counters.count("slow sync");
            }
        }
    }

    fn trouble_clock(&mut self, fault: Fault, node: NodeId) {
        let years = self.trouble.chance.between(1, 10) as i64 * 365 * DAY_MS as i64;
        let ahead = self.trouble.chance.percent(50);
        let hours = self.trouble.chance.between(1, 48) as i64 * 3_600_000;
        let Some(state) = self.world.node_mut(node) else {
            return;
        };
        match fault {
            Fault::WrongClock => {
                state.clocks.wall_ahead_ms = if ahead { years } else { -years };
                self.world.counters.count("clock off by years");
            }
            _ => {
                state.clocks.wall_ahead_ms -= hours;
                self.world.counters.count("clock jumps back");
            }
        }
    }

    pub(super) fn new_life(&mut self) -> Epoch {
        self.trouble.lives += 1;
        Epoch(self.options.seed.wrapping_mul(1_000_003) ^ self.trouble.lives << 8)
    }

    /// Takes a backup, or puts one back that was taken before.
    fn restore_backup(&mut self, node: NodeId) {
        let old = self
            .trouble
            .backups
            .iter()
            .position(|off| off.identity.node == node);
        let Some(old) = old.map(|at| self.trouble.backups.remove(at)) else {
            if let Some(state) = self.world.node(node) {
                self.trouble.backups.push(state.backup());
            }
            return;
        };
        let Some(mut machine) = self.world.take_away(node) else {
            return;
        };
        machine.platter = old.platter;
        self.world.put_in_place(machine);
        self.world.counters.count("old backup restored");
        self.world.happenings.push((node, Happening::DiskLost));
        let epoch = self.new_life();
        if let Err(why) = self.world.start_rolled_back(node, epoch) {
            self.world.tell(node, why);
        }
    }

    /// Copies a machine, or lets the copy and the original change places.
    fn swap_clone(&mut self, node: NodeId) {
        let other = self
            .trouble
            .clones
            .iter()
            .position(|off| off.identity.node == node);
        let Some(other) = other.map(|at| self.trouble.clones.remove(at)) else {
            if let Some(state) = self.world.node(node) {
                self.trouble.clones.push(state.backup());
            }
            return;
        };
        // Both are at work, so that each writes on what the other has written on.
        self.amend(node);
        if let Some(machine) = self.world.take_away(node) {
            self.trouble.clones.push(machine);
            self.world.put_in_place(other);
            self.world.counters.count("clone takes over");
            self.world.happenings.push((node, Happening::DiskLost));
            self.world.happenings.push((node, Happening::CopyTakesOver));
            if let Err(why) = self.world.start(node) {
                self.world.tell(node, why);
            }
            self.amend(node);
        }
    }

    /// Lets somebody at a node go on with what it has.
    fn amend(&mut self, node: NodeId) {
        let state = self.world.node(node);
        if let Some(draft) = state.and_then(|state| self.workload.amend(state, node)) {
            self.world.start_write(node, vec![draft]);
            self.world.run_ms(20);
        }
    }
}
