//! How a plan comes about. Times of a story run on while nights are skipped; the world's do not.

use std::collections::{BTreeMap, BTreeSet};

use crdt_model::engine::LinkState;
use crdt_model::ids::NodeId;

use super::chronicle::{Chronicle, Healing, Mark, Sample};
use super::county::{self, County, Matter};
use super::plan::{Deed, MINUTE, Plan};
use super::{Account, Options, Scenario, both};
use crate::charters::Shelf;
use crate::checkers::Broken;
use crate::disk::PowerCut;
use crate::places::is_village;
use crate::run::Verdict;
use crate::seed::Seed;
use crate::stage::{HEALS_WITHIN_MS, Seen, Stage};
use crate::workload::{Intent, Workload};
use crate::world::line::Quality;
use crate::world::pair;

/// Milliseconds between two looks of the checkers.
const LOOK_MS: u64 = MINUTE;
/// Milliseconds between two looks at nodes that catch up.
const HEALING_STEP_MS: u64 = 1_000;
/// Milliseconds for what was begun under faults to end: requests time out in 30 s.
const SETTLING_MS: u64 = 35_000;
/// The hour of the day at which virtual time begins: midnight of UTC, in China.
const WALL_START_HOUR: u64 = 8;
/// Villages in a hundred that have a thin line.
const THIN_PERCENT: usize = 85;
/// A line of glass: 10 Mbit/s.
const FIBRE: Quality = Quality { delay_ms: 20, bytes_per_s: 1_250_000, ..Quality::GOOD };

/// A story under way.
struct Play {
    stage: Stage,
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
    seed: u64,
}

/// Plays a whole story.
pub(super) fn whole(scenario: &Scenario, options: Options, shelf: &Shelf) -> Account {
    let (county, world, truth) = county::found(scenario.charters, &options, shelf);
    let mut plan = Plan::new(county.places.clone(), &options);
    (scenario.write)(&mut plan);
    plan.marks.sort_by_key(|mark| mark.at_ms);
    plan.bands.sort_by_key(|band| band.from_ms);
    let mut play = Play::new(county, Stage::new(world, truth), options.seed);
    play.begin(&plan);
    let mut due = plan.sample_ms;
    for ((at_ms, _), deed) in &plan.deeds {
        play.pass_until(*at_ms, &mut due, plan.sample_ms);
        if !play.stage.broken.is_empty() {
            break;
        }
        play.act(deed);
    }
    play.pass_until(plan.ends_ms, &mut due, plan.sample_ms);
    play.close();
    play.account(scenario, options, plan)
}

impl Play {
    fn new(county: County, stage: Stage, seed: u64) -> Self {
        // A county without a charter cannot be founded.
        let table = county.founding.last().map(|edition| edition.table.clone());
        Self {
            stage,
            work: Workload::new(seed),
            chance: Seed::split(seed, "play", &[]),
            spread: super::spread::Spread::new(table.expect("a county is founded on a charter")),
            chronicle: Chronicle::default(),
            county,
            skipped_ms: 0,
            looked_ms: 0,
            cut: BTreeSet::new(),
            catching_up: BTreeMap::new(),
            rolled_out: 0,
            seed,
        }
    }

    /// Gives every line what it is made of, and sets the clocks.
    fn begin(&mut self, plan: &Plan) {
        self.chronicle.begins_at_hour = plan.begins_at_hour;
        let hours = (plan.begins_at_hour + 24 - WALL_START_HOUR) % 24;
        self.stage.world.pass_wall_ms(hours * 60 * MINUTE);
        for node in self.county.places.nodes().to_vec() {
            let thin = is_village(node) && self.chance.percent(THIN_PERCENT);
            let quality = if thin { Quality::THIN } else { FIBRE };
            let above = self.county.places.linked(node).into_iter().filter(|peer| *peer < node);
            for peer in above.collect::<Vec<_>>() {
                self.stage.world.set_quality(node, peer, quality);
            }
        }
        let off = if plan.villages_run { Vec::new() } else { self.county.places.villages() };
        for village in off {
            self.stage.world.power_cut(village, &PowerCut::default());
        }
        self.stage.world.connect_all();
    }

    /// Time of the story.
    fn now_ms(&self) -> u64 {
        self.stage.world.now_ms() + self.skipped_ms
    }

    fn pass_until(&mut self, until_ms: u64, due_ms: &mut u64, sample_ms: u64) {
        while self.now_ms() < until_ms && self.stage.broken.is_empty() {
            let now = self.now_ms();
            let step = if self.catching_up.is_empty() { LOOK_MS } else { HEALING_STEP_MS };
            let next = until_ms.min(now + step).min(*due_ms).max(now + 1);
            self.stage.world.run_ms(next - now);
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
        let seen = self.stage.look();
        self.note(&seen);
    }

    fn note(&mut self, seen: &Seen) {
        self.looked_ms = self.now_ms();
        self.chronicle.traffic.count(&seen.frames);
        self.spread.follow(&self.stage.world, &seen.happenings);
    }

    fn sample(&mut self) {
        let (mut links, mut in_sync) = (0, 0);
        let nodes = self.county.places.nodes();
        let honest = |node: &NodeId| !self.stage.hostile_nodes.contains(node);
        for node in nodes.iter().filter(|node| honest(node)) {
            let peers = self.county.places.linked(*node).into_iter();
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
            up: self.stage.world.nodes().count(),
            bytes: self.chronicle.traffic.bytes(),
        });
    }

    fn is_in_sync(&self, one: NodeId, other: NodeId) -> bool {
        let sees = |node: NodeId, peer: NodeId| {
            let state = self.stage.world.node(node);
            let mut links = state.into_iter().flat_map(|state| state.engine.link_states());
            links.any(|(of, link)| of == peer && link == LinkState::InSync)
        };
        sees(one, other) && sees(other, one)
    }

    /// Begins to watch how a node catches up with those that it can reach.
    fn watch(&mut self, node: NodeId) {
        if !self.stage.hostile_nodes.contains(&node) {
            let now_ms = self.now_ms();
            self.catching_up.entry(node).or_insert(now_ms);
        }
    }

    fn see_who_caught_up(&mut self) {
        let now_ms = self.now_ms();
        for (node, at_ms) in self.catching_up.clone() {
            let peers = self.county.places.linked(node).into_iter();
            let mut reachable = peers.filter(|peer| {
                let runs = self.stage.world.node(*peer).is_some();
                let hostile = self.stage.hostile_nodes.contains(peer);
                runs && !hostile && !self.cut.contains(&pair(node, *peer))
            });
            if reachable.all(|peer| self.is_in_sync(node, peer)) {
                self.catching_up.remove(&node);
                let took_ms = now_ms.saturating_sub(at_ms);
                self.chronicle.healings.push(Healing { node, at_ms, took_ms });
            }
        }
    }

    fn act(&mut self, deed: &Deed) {
        match deed {
            Deed::Write(node, matter) => self.write(*node, *matter, *node),
            Deed::Send(node, to) if node < to || node == to => {
                self.write(*node, Matter::Notice, *to);
            }
            Deed::Send(node, to) => self.write(*node, Matter::Reply, *to),
            Deed::Amend(node) => self.change(*node, Intent::Change),
            Deed::HandUp(node) => self.change(*node, Intent::Regrade),
            Deed::Start(node) => self.start(*node),
            Deed::ShutDown(node) => self.switch_off(*node, &PowerCut::default()),
            Deed::PowerFails(node) => {
                let torn = self.chance.percent(40);
                self.count_if_up(*node, "power cut");
                self.switch_off(*node, &PowerCut { lost: true, torn, reordered: false });
            }
            Deed::Cut(lines) => self.cut_lines(lines),
            Deed::Mend(lines) => self.mend_lines(lines),
            Deed::RollOut(node) => self.roll_out(*node),
            Deed::Join(node) => self.join(*node),
            Deed::TurnHostile(node) => {
                self.stage.turn_hostile(*node, self.seed);
                self.stage.world.counters.count("hostile nodes");
                self.catching_up.remove(node);
                self.spread.forget(*node);
            }
            Deed::Attack => self.attack(),
            Deed::Skip(until_ms) => {
                let ms = until_ms.saturating_sub(self.now_ms());
                self.stage.world.pass_wall_ms(ms);
                self.skipped_ms += ms;
            }
        }
    }

    fn write(&mut self, node: NodeId, matter: Matter, to: NodeId) {
        let Some(state) = self.stage.world.node(node) else {
            return;
        };
        let facets = self.county.matters.facets(matter).to_vec();
        let drafts = self.work.record(state, node, &facets, to);
        if !drafts.is_empty() {
            self.stage.world.start_write(node, drafts);
        }
    }

    fn change(&mut self, node: NodeId, intent: Intent) {
        if let Some((node, draft)) = self.work.draw(&self.stage.world, &[node], intent) {
            self.stage.world.start_write(node, vec![draft]);
        }
    }

    fn count_if_up(&mut self, node: NodeId, what: &'static str) {
        if self.stage.world.node(node).is_some() {
            self.stage.world.counters.count(what);
        }
    }

    fn switch_off(&mut self, node: NodeId, how: &PowerCut) {
        self.catching_up.remove(&node);
        self.stage.world.power_cut(node, how);
    }

    fn start(&mut self, node: NodeId) {
        if self.stage.world.node(node).is_some() {
            return;
        }
        if let Err(why) = self.stage.world.start(node) {
            let at_ms = self.stage.world.now_ms();
            self.stage.broken.push(Broken { checker: "start", at_ms, node, what: why });
            return;
        }
        self.spread.recount(&self.stage.world, node);
        self.watch(node);
    }

    fn cut_lines(&mut self, lines: &[(NodeId, NodeId)]) {
        for (one, other) in lines {
            self.stage.world.counters.count("line cut");
            self.stage.world.block(*one, *other);
            self.cut.insert(pair(*one, *other));
        }
    }

    fn mend_lines(&mut self, lines: &[(NodeId, NodeId)]) {
        for (one, other) in lines {
            self.stage.world.unblock(*one, *other);
            self.cut.remove(&pair(*one, *other));
            for node in [*one, *other] {
                if self.stage.world.node(node).is_some() {
                    self.watch(node);
                }
            }
        }
    }

    fn roll_out(&mut self, node: NodeId) {
        let Some(edition) = self.county.later.get(self.rolled_out).cloned() else {
            return;
        };
        match self.stage.world.offer(node, &edition.bundle) {
            Ok(()) => {
                self.rolled_out += 1;
                self.stage.world.counters.count("charter rolled out");
                self.look();
                self.spread.under(&self.stage.world, edition.table);
            }
            Err(why) => {
                let text = both(format!("章程未被采用：{why}"), format!("charter not taken: {why}"));
                let mark = Mark { at_ms: self.now_ms(), text };
                self.chronicle.marks.push(mark);
            }
        }
    }

    fn join(&mut self, node: NodeId) {
        let editions: Vec<_> = self.county.founding.iter().chain(&self.county.later).cloned().collect();
        let given = self.county.given(&editions);
        if let Err(what) = self.stage.world.add(self.county.identity(node), &given) {
            let at_ms = self.stage.world.now_ms();
            self.stage.broken.push(Broken { checker: "start", at_ms, node, what });
            return;
        }
        self.stage.world.counters.count("node joined");
        self.watch(node);
    }

    fn attack(&mut self) {
        let stage = &mut self.stage;
        let at = self.chance.below(stage.hostile.len());
        if let Some(hostile) = stage.hostile.get_mut(at) {
            hostile.act(&mut stage.world, &mut stage.truth, self.work.facets());
        }
    }

    /// Ends all faults, waits until all are equal, and lets the checkers have the last look.
    fn close(&mut self) {
        if self.stage.broken.is_empty() {
            for node in self.county.places.nodes().to_vec() {
                self.start(node);
            }
            self.stage.world.heal_lines();
            self.cut.clear();
            let nodes = self.county.places.nodes().to_vec();
            nodes.into_iter().for_each(|node| self.watch(node));
            self.settle();
            self.stage.say_who_is_apart();
            let seen = self.stage.last_look();
            self.note(&seen);
        }
        self.sample();
    }

    /// Lets what was begun under faults end, and then gives all a minute to become equal.
    fn settle(&mut self) {
        let from_ms = self.stage.world.now_ms();
        let patience_ms = from_ms + SETTLING_MS + HEALS_WITHIN_MS;
        let ended_ms = from_ms + SETTLING_MS;
        let mut equal_at_ms = None;
        loop {
            let now_ms = self.stage.world.now_ms();
            let equal = self.catching_up.is_empty();
            equal_at_ms = equal_at_ms.filter(|_| equal).or(equal.then_some(now_ms));
            let done = now_ms >= ended_ms && self.stage.settled();
            if done || now_ms >= patience_ms {
                break;
            }
            self.stage.world.run_ms(HEALING_STEP_MS);
            self.see_who_caught_up();
            self.look();
        }
        let until_ms = equal_at_ms.unwrap_or_else(|| self.stage.world.now_ms());
        self.chronicle.settled_in_ms = until_ms - from_ms;
    }

    fn account(mut self, scenario: &Scenario, options: Options, plan: Plan) -> Account {
        self.chronicle.marks.extend(plan.marks);
        self.chronicle.marks.sort_by_key(|mark| mark.at_ms);
        self.chronicle.bands = plan.bands;
        let world = &self.stage.world;
        Account {
            scenario: *scenario,
            options,
            hash: world.log().hash(),
            verdict: Verdict::of(&self.stage.broken),
            counters: world.all_counters(),
            took_ms: world.now_ms(),
            events: world.log().events(),
            facets: self.stage.truth.facets().count(),
            broken: self.stage.broken,
            chronicle: self.chronicle,
        }
    }
}
