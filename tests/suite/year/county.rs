//! The whole county in virtual time, with lines that lose, double and reorder frames, and villages
//! and townships that are away half of the time: cut off, or switched off in the middle of work.

use std::collections::BTreeMap;
use std::sync::Arc;

use crdt_model::engine::LinkState;
use crdt_model::ids::NodeId;
use crdt_model::time::WallTime;
use netsim::charters::Shelf;
use netsim::disk::PowerCut;
use netsim::seed::Seed;
use netsim::stage::{LINZE_NODES, Stage};
use netsim::world::World;
use netsim::world::line::Quality;
use policy::CedarCharter;

use super::people::People;
use super::work::Course;

/// 2026-12-31T00:00:00Z: the year lies behind.
const BEGIN: WallTime = WallTime {
    ms: 1_798_675_200_000,
};
/// Every fifth frame arrives twice, one in a hundred not at all, and some overtake others.
const LINES: Quality = Quality {
    delay_ms: 30,
    jitter_ms: 400,
    bytes_per_s: 0,
    loss_percent: 1,
    duplicate_percent: 20,
};
/// How often it is drawn anew who is away, and how long that lasts.
const ROUNDS: usize = 24;
const ROUND_MS: u64 = 60_000;
/// Turns of work in a round.
const TURNS: usize = 6;
/// Virtual milliseconds after the last round within which everything must have come about.
const HEALS_WITHIN_MS: u64 = 3_600_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    There,
    CutOff,
    Off,
}

/// What took effect.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trouble {
    /// Frames that were sent, and of these those that arrived twice, out of order and not at all.
    pub(super) frames: u64,
    pub(super) doubled: u64,
    pub(super) overtook: u64,
    pub(super) lost: u64,
    /// Rounds of all nodes together, and of these those that they were away.
    pub(super) rounds: usize,
    pub(super) rounds_away: usize,
    /// Deeds that a node acknowledged, and how often one stopped before it had answered.
    pub(super) acknowledged: u64,
    pub(super) unanswered: u64,
}

/// See the module.
pub(super) struct County {
    stage: Stage,
    pub(super) world: World,
    presence: BTreeMap<NodeId, Presence>,
    chance: Seed,
    frames: u64,
    rounds_away: usize,
}

/// The charter of every county here, and its stage.
pub(super) fn stage() -> (Stage, Shelf) {
    let shelf = Shelf::default();
    (Stage::linze(LINZE_NODES, &shelf), shelf)
}

impl County {
    pub(super) fn new(stage: Stage, shelf: Shelf, seed: u64) -> Self {
        let mut world = World::new(seed, Box::new(shelf));
        world.begin_at(BEGIN);
        world.redials = true;
        for node in stage.places.nodes() {
            let added = world.add(stage.identity(*node), &stage.founding());
            added.expect("a node");
        }
        for node in stage.places.nodes() {
            for peer in stage.places.linked(*node) {
                world.set_quality(*node, peer, LINES);
            }
        }
        world.connect_all();
        let there = |node: &NodeId| (*node, Presence::There);
        Self {
            presence: stage.places.nodes().iter().map(there).collect(),
            stage,
            world,
            chance: Seed::split(seed, "presence", &[]),
            frames: 0,
            rounds_away: 0,
        }
    }

    pub(super) fn node(&self) -> NodeId {
        self.stage.places.county()
    }

    /// Lives through a year's work, until the last of it is everywhere.
    pub(super) fn live(
        &mut self,
        charter: &Arc<CedarCharter>,
        courses: Vec<Course>,
        seed: u64,
    ) -> Trouble {
        let mut people = People::new(Arc::clone(charter), courses, seed);
        // A node that is switched off for a quarter of the rounds gets through its work in the rest.
        let at_a_turn = people.most().div_ceil(ROUNDS * TURNS * 3 / 4);
        for _ in 0..ROUNDS {
            let presence = self.draw_presence();
            people.work(&mut self.world, at_a_turn);
            self.bring_about(presence);
            self.pass(&mut people, at_a_turn);
        }
        self.bring_about(self.all_there());
        self.world.heal_lines();
        let end = self.world.now_ms() + HEALS_WITHIN_MS;
        while !(people.are_done() && self.in_sync()) {
            assert!(self.world.now_ms() < end, "it does not come to an end");
            self.pass(&mut people, at_a_turn);
        }
        let of = |what| self.world.counters.get(what);
        Trouble {
            frames: self.frames,
            doubled: of("duplication"),
            overtook: of("reorder"),
            lost: of("loss"),
            rounds_away: self.rounds_away,
            rounds: ROUNDS * (LINZE_NODES - 1),
            unanswered: people.unanswered,
            acknowledged: people.acknowledged,
        }
    }

    fn pass(&mut self, people: &mut People, at_a_turn: usize) {
        for _ in 0..TURNS {
            people.work(&mut self.world, at_a_turn);
            self.world.run_ms(ROUND_MS / TURNS as u64);
            people.hear(&mut self.world);
            self.frames += std::mem::take(&mut self.world.frames).len() as u64;
        }
    }

    fn all_there(&self) -> BTreeMap<NodeId, Presence> {
        let nodes = self.presence.keys();
        nodes.map(|node| (*node, Presence::There)).collect()
    }

    /// Who is away in the next round: every second one, but for the county.
    fn draw_presence(&mut self) -> BTreeMap<NodeId, Presence> {
        let mut presence = self.all_there();
        let county = self.node();
        for (_, presence) in presence.iter_mut().filter(|(node, _)| **node != county) {
            *presence = match self.chance.below(4) {
                0 => Presence::CutOff,
                1 => Presence::Off,
                _ => Presence::There,
            };
        }
        let away = presence.values().filter(|one| **one != Presence::There);
        self.rounds_away += away.count();
        presence
    }

    fn bring_about(&mut self, presence: BTreeMap<NodeId, Presence>) {
        let lost = PowerCut {
            lost: true,
            ..PowerCut::default()
        };
        for (node, presence) in &presence {
            match presence {
                Presence::Off => self.world.power_cut(*node, &lost),
                _ => self.world.start(*node).expect("it starts"),
            }
        }
        let cut_off = |node: &NodeId| presence.get(node) == Some(&Presence::CutOff);
        for node in self.stage.places.nodes() {
            for peer in self.stage.places.linked(*node) {
                match cut_off(node) || cut_off(&peer) {
                    true => self.world.block(*node, peer),
                    false => self.world.unblock(*node, peer),
                }
            }
        }
        self.presence = presence;
    }

    fn in_sync(&self) -> bool {
        self.world.off().next().is_none()
            && self.world.nodes().all(|(_, node)| {
                let peers = node.engine.peers();
                peers.iter().all(|peer| peer.link == LinkState::InSync)
            })
    }
}
