//! How a plan comes about. Times of a story run on while nights are skipped; the world's do not.

use std::collections::{BTreeMap, BTreeSet};

use crdt_model::draft::Draft;
use crdt_model::engine::LinkState;
use crdt_model::ids::NodeId;

use super::chronicle::{Chronicle, Healing, Mark, Sample};
use super::county::{self, County, Matter};
use super::plan::{Deed, MINUTE, Plan};
use super::{Account, Options, Scenario, both, holdings};
use crate::charters::Shelf;
use crate::checkers::{Broken, Checkers, Shown};
use crate::disk::PowerCut;
use crate::hostile::Hostile;
use crate::places::is_village;
use crate::run::{HEALS_WITHIN_MS, SETTLING_MS, Verdict};
use crate::seed::Seed;
use crate::stage::Stage;
use crate::truth::Truth;
use crate::workload::Workload;
use crate::world::line::Quality;
use crate::world::node::{Node, Off};
use crate::world::{Happening, World, pair};

/// Milliseconds between two looks of the checkers.
const LOOK_MS: u64 = MINUTE;
/// Milliseconds between two looks at nodes that catch up.
const HEALING_STEP_MS: u64 = 1_000;
/// The hour of the day at which virtual time begins: midnight of UTC, in China.
const WALL_START_HOUR: u64 = 8;
/// Villages in a hundred that have a thin line.
const THIN_PERCENT: usize = 85;
/// A line of glass: 10 Mbit/s.
const FIBRE: Quality = Quality {
    delay_ms: 20,
    bytes_per_s: 1_250_000,
    ..Quality::GOOD
};

/// A story under way.
struct Play {
    world: World,
    truth: Truth,
    checkers: Checkers,
    hostile: Vec<Hostile>,
    county: County,
    work: Workload,
    chance: Seed,
    spread: super::spread::Spread,
    chronicle: Chronicle,
    /// Time of the story that no virtual time passed for.
    skipped_ms: u64,
    looked_ms: u64,
    cut: BTreeSet<(NodeId, NodeId)>,
    catching_up: BTreeMap<NodeId, u64>,
    /// Charters that have been rolled out since the county was founded.
    rolled_out: usize,
    /// A machine that is not where it belongs.
    copied: Option<Off>,
    seed: u64,
}

/// Plays a whole story on a stage, as `write` writes it down.
pub fn play_on(
    scenario: &Scenario,
    options: Options,
    stage: Stage,
    shelf: &Shelf,
    write: &dyn Fn(&mut Plan),
) -> Account {
    let (county, world, truth) = county::found(scenario.charters, options.seed, stage, shelf);
    let mut plan = Plan::new(county.stage.places.clone(), county.names.clone(), &options);
    write(&mut plan);
    plan.marks.sort_by_key(|mark| mark.at_ms);
    plan.bands.sort_by_key(|band| band.from_ms);
    let mut play = Play::new(county, world, truth, options.seed);
    play.begin(&plan);
    let mut due = plan.sample_ms;
    for ((at_ms, _), deed) in &plan.deeds {
        play.pass_until(*at_ms, &mut due, plan.sample_ms);
        if !play.checkers.broken.is_empty() {
            break;
        }
        play.act(deed);
    }
    play.pass_until(plan.ends_ms, &mut due, plan.sample_ms);
    play.close();
    play.account(scenario, options, plan)
}

impl Play {
    fn new(county: County, world: World, truth: Truth, seed: u64) -> Self {
        Self {
            world,
            truth,
            checkers: Checkers::default(),
            hostile: Vec::new(),
            work: Workload::new(seed),
            chance: Seed::split(seed, "play", &[]),
            spread: super::spread::Spread::new(county.founding.table.clone()),
            chronicle: Chronicle::default(),
            county,
            skipped_ms: 0,
            looked_ms: 0,
            cut: BTreeSet::new(),
            catching_up: BTreeMap::new(),
            rolled_out: 0,
            copied: None,
            seed,
        }
    }

    /// Gives every line what it is made of, and sets the clocks.
    fn begin(&mut self, plan: &Plan) {
        self.chronicle.begins_at_hour = plan.begins_at_hour;
        self.chronicle.names = self.county.names.clone();
        let hours = (plan.begins_at_hour + 24 - WALL_START_HOUR) % 24;
        self.world.pass_wall_ms(hours * 60 * MINUTE);
        for node in self.county.stage.places.nodes().to_vec() {
            let thin = is_village(node) && self.chance.percent(THIN_PERCENT);
            let quality = if thin { Quality::THIN } else { FIBRE };
            let above = self
                .county
                .stage
                .places
                .linked(node)
                .into_iter()
                .filter(|peer| *peer < node);
            for peer in above.collect::<Vec<_>>() {
                self.world.set_quality(node, peer, quality);
            }
        }
        let off = if plan.villages_run {
            Vec::new()
        } else {
            self.county.stage.places.villages()
        };
        for village in off {
            self.world.power_cut(village, &PowerCut::default());
        }
        self.world.connect_all();
    }

    /// Time of the story.
    fn now_ms(&self) -> u64 {
        self.world.now_ms() + self.skipped_ms
    }

    fn pass_until(&mut self, until_ms: u64, due_ms: &mut u64, sample_ms: u64) {
        while self.now_ms() < until_ms && self.checkers.broken.is_empty() {
            let now = self.now_ms();
            let step = if self.catching_up.is_empty() {
                LOOK_MS
            } else {
                HEALING_STEP_MS
            };
            let next = until_ms.min(now + step).min(*due_ms).max(now + 1);
            self.world.run_ms(next - now);
            self.see_who_caught_up();
            if self.now_ms() >= self.looked_ms + LOOK_MS || self.now_ms() >= *due_ms {
                self.look();
            }
            if self.now_ms() >= *due_ms {
                *due_ms += sample_ms;
                self.sample();
            }
        }
    }

    fn look(&mut self) {
        let seen = self.checkers.look(&mut self.world, &mut self.truth);
        self.note(&seen);
    }

    fn note(&mut self, seen: &Shown) {
        self.looked_ms = self.now_ms();
        self.chronicle.traffic.count(&seen.frames);
        self.spread.follow(&self.world, &seen.happenings);
    }

    fn sample(&mut self) {
        let (mut links, mut in_sync) = (0, 0);
        let nodes = self.county.stage.places.nodes();
        let honest = |node: &NodeId| {
            self.world.identity(*node).is_some() && !self.checkers.hostile.contains(node)
        };
        for node in nodes.iter().filter(|node| honest(node)) {
            let peers = self.county.stage.places.linked(*node).into_iter();
            for peer in peers.filter(|peer| peer < node && honest(peer)) {
                links += 1;
                in_sync += usize::from(self.is_in_sync(*node, peer));
            }
        }
        self.chronicle.samples.push(Sample {
            at_ms: self.now_ms(),
            in_sync,
            links,
            missing: self.spread.missing(),
            up: self.world.nodes().count(),
            bytes: self.chronicle.traffic.bytes(),
            into_county: self.chronicle.traffic.into_county(),
        });
    }

    fn is_in_sync(&self, one: NodeId, other: NodeId) -> bool {
        let sees = |node: NodeId, peer: NodeId| {
            let state = self.world.node(node);
            let mut links = state
                .into_iter()
                .flat_map(|state| state.engine.link_states());
            links.any(|(of, link)| of == peer && link == LinkState::InSync)
        };
        sees(one, other) && sees(other, one)
    }

    /// Begins to watch how a node catches up with those that it can reach.
    fn watch(&mut self, node: NodeId) {
        if !self.checkers.hostile.contains(&node) {
            let now_ms = self.now_ms();
            self.catching_up.entry(node).or_insert(now_ms);
        }
    }

    fn see_who_caught_up(&mut self) {
        let now_ms = self.now_ms();
        for (node, at_ms) in self.catching_up.clone() {
            let peers = self.county.stage.places.linked(node).into_iter();
            let mut reachable = peers.filter(|peer| {
                let runs = self.world.node(*peer).is_some();
                let hostile = self.checkers.hostile.contains(peer);
                runs && !hostile && !self.cut.contains(&pair(node, *peer))
            });
            if reachable.all(|peer| self.is_in_sync(node, peer)) {
                self.catching_up.remove(&node);
                let took_ms = now_ms.saturating_sub(at_ms);
                self.chronicle.healings.push(Healing {
                    node,
                    at_ms,
                    took_ms,
                });
            }
        }
    }

    fn act(&mut self, deed: &Deed) {
        match deed {
            Deed::Write(node, matter, to) => self.write(*node, *matter, *to),
            Deed::Amend(node) => self.amend(*node),
            Deed::HandUp(node) => self.hand_up(*node),
            Deed::Start(node) => self.start(*node),
            Deed::ShutDown(node) => self.switch_off(*node, &PowerCut::default()),
            Deed::PowerFails(node) => {
                let torn = self.chance.percent(40);
                self.count_if_up(*node, "power cut");
                self.switch_off(
                    *node,
                    &PowerCut {
                        lost: true,
                        torn,
                        reordered: false,
                    },
                );
            }
            Deed::Cut(lines) => self.cut_lines(lines),
            Deed::Mend(lines) => self.mend_lines(lines),
            Deed::RollOut(node) => self.roll_out(*node),
            Deed::Join(node) => self.join(*node),
            Deed::TurnHostile(node) => {
                self.turn_hostile(*node);
            }
            Deed::Copy(node) => self.copied = self.world.node(*node).map(Node::backup),
            Deed::Swap(node) => self.swap(*node),
            Deed::Attack => self.attack(),
            Deed::Skip(until_ms) => {
                let ms = until_ms.saturating_sub(self.now_ms());
                self.world.pass_wall_ms(ms);
                self.skipped_ms += ms;
            }
        }
    }

    fn write(&mut self, node: NodeId, matter: Matter, to: NodeId) {
        let Some(state) = self.world.node(node) else {
            return;
        };
        let drafts = self.work.record(state, node, &matter.facets(), to);
        self.start_write(node, drafts);
    }

    fn amend(&mut self, node: NodeId) {
        let state = self.world.node(node);
        let draft = state.and_then(|state| self.work.amend(state, node));
        self.start_write(node, draft.into_iter().collect());
    }

    fn hand_up(&mut self, node: NodeId) {
        let state = self.world.node(node);
        let drafts = state.map(|state| self.work.hand_up(state, node));
        self.start_write(node, drafts.unwrap_or_default());
    }

    fn start_write(&mut self, node: NodeId, drafts: Vec<Draft>) {
        if !drafts.is_empty() {
            self.world.start_write(node, drafts);
        }
    }

    fn turn_hostile(&mut self, node: NodeId) {
        if let Some(identity) = self.world.identity(node).cloned() {
            let hostile = Hostile::new(identity, self.seed, &mut self.world);
            self.hostile.push(hostile);
            self.checkers.hostile.insert(node);
        }
        self.world.counters.count("hostile nodes");
        self.catching_up.remove(&node);
        self.spread.forget(node);
    }

    /// The copy of a machine and the machine change places.
    fn swap(&mut self, node: NodeId) {
        self.look();
        let Some(other) = self.copied.take() else {
            return;
        };
        self.copied = self.world.take_away(node);
        self.world.put_in_place(other);
        self.world.counters.count("clone takes over");
        self.world.happenings.push((node, Happening::DiskLost));
        self.world.happenings.push((node, Happening::CopyTakesOver));
        self.start(node);
    }

    fn count_if_up(&mut self, node: NodeId, what: &'static str) {
        if self.world.node(node).is_some() {
            self.world.counters.count(what);
        }
    }

    fn switch_off(&mut self, node: NodeId, how: &PowerCut) {
        // What it has written is learnt while its disk can be read.
        self.look();
        self.catching_up.remove(&node);
        self.world.power_cut(node, how);
    }

    fn start(&mut self, node: NodeId) {
        if self.world.node(node).is_some() {
            return;
        }
        if let Err(why) = self.world.start(node) {
            let at_ms = self.world.now_ms();
            self.checkers.broken.push(Broken {
                checker: "start",
                at_ms,
                node,
                what: why,
            });
            return;
        }
        self.spread.recount(&self.world, node);
        self.watch(node);
    }

    fn cut_lines(&mut self, lines: &[(NodeId, NodeId)]) {
        for (one, other) in lines {
            self.world.counters.count("line cut");
            self.world.block(*one, *other);
            self.cut.insert(pair(*one, *other));
        }
    }

    fn mend_lines(&mut self, lines: &[(NodeId, NodeId)]) {
        for (one, other) in lines {
            self.world.unblock(*one, *other);
            self.cut.remove(&pair(*one, *other));
            for node in [*one, *other] {
                if self.world.node(node).is_some() {
                    self.watch(node);
                }
            }
        }
    }

    fn roll_out(&mut self, node: NodeId) {
        let Some(edition) = self.county.later.get(self.rolled_out).cloned() else {
            return;
        };
        match self.world.offer(node, &edition.bundle) {
            Ok(()) => {
                self.rolled_out += 1;
                self.world.counters.count("charter rolled out");
                self.look();
                self.spread.under(&self.world, edition.table);
            }
            Err(why) => {
                let text = both(
                    format!("章程未被采用：{why}"),
                    format!("charter not taken: {why}"),
                );
                let mark = Mark {
                    at_ms: self.now_ms(),
                    text,
                };
                self.chronicle.marks.push(mark);
            }
        }
    }

    fn join(&mut self, node: NodeId) {
        let identity = self.county.stage.identity(node);
        if let Err(what) = self.world.add(identity, &self.county.given()) {
            let at_ms = self.world.now_ms();
            self.checkers.broken.push(Broken {
                checker: "start",
                at_ms,
                node,
                what,
            });
            return;
        }
        self.world.counters.count("node joined");
        self.watch(node);
    }

    fn attack(&mut self) {
        let at = self.chance.below(self.hostile.len());
        if let Some(hostile) = self.hostile.get_mut(at) {
            hostile.act(&mut self.world, &mut self.truth, self.work.facets());
        }
    }

    /// Ends all faults, waits until all are equal, and lets the checkers have the last look.
    fn close(&mut self) {
        if self.checkers.broken.is_empty() {
            for node in self.county.stage.places.nodes().to_vec() {
                self.start(node);
            }
            self.world.heal_lines();
            self.cut.clear();
            let nodes = self.county.stage.places.nodes().to_vec();
            nodes.into_iter().for_each(|node| self.watch(node));
            self.settle();
            if self.checkers.broken.is_empty() {
                self.checkers.say_who_is_apart(&self.world);
            }
            let seen = self.checkers.last_look(&mut self.world, &mut self.truth);
            self.note(&seen);
        }
        self.sample();
    }

    /// Lets what was begun under faults end, and then gives all a minute to become equal.
    fn settle(&mut self) {
        let from_ms = self.world.now_ms();
        let patience_ms = from_ms + SETTLING_MS + HEALS_WITHIN_MS;
        let ended_ms = from_ms + SETTLING_MS;
        let mut equal_at_ms = None;
        loop {
            let now_ms = self.world.now_ms();
            let equal = self.catching_up.is_empty();
            equal_at_ms = equal_at_ms.filter(|_| equal).or(equal.then_some(now_ms));
            let done = now_ms >= ended_ms && self.checkers.settled(&self.world);
            if done || now_ms >= patience_ms {
                break;
            }
            self.world.run_ms(HEALING_STEP_MS);
            self.see_who_caught_up();
            self.look();
        }
        let until_ms = equal_at_ms.unwrap_or_else(|| self.world.now_ms());
        self.chronicle.settled_in_ms = until_ms - from_ms;
    }

    fn account(mut self, scenario: &Scenario, options: Options, plan: Plan) -> Account {
        self.chronicle.marks.extend(plan.marks);
        self.chronicle.marks.sort_by_key(|mark| mark.at_ms);
        self.chronicle.bands = plan.bands;
        let world = &self.world;
        Account {
            scenario: *scenario,
            options,
            hash: world.log().hash(),
            verdict: Verdict::of(&self.checkers.broken),
            counters: world.all_counters(),
            took_ms: world.now_ms(),
            events: world.log().events(),
            facets: self.truth.facets().count(),
            holdings: holdings::fullest(world),
            broken: self.checkers.broken,
            chronicle: self.chronicle,
        }
    }
}
