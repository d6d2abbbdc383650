//! Lets a script happen in a world of its own, and writes down what the observer sees.

use crdt_model::charter::Validity;
use crdt_model::commit::CommitBody;
use crdt_model::engine::Identity;
use crdt_model::history::Clock;
use crdt_model::ids::{Boot, CharterVersion, Epoch, NodeId, Seq};
use crdt_model::label::{FacetId, Label};
use crdt_model::reconcile::{Bound, Index, Initiator, Shared};
use crdt_model::replica::{self, Key};
use crdt_model::store::Store;
use crdt_model::time::WallTime;
use crdt_model::wire::{CharterMark, Request, Wanted};

use super::observation::{Entry, state};
use super::scene::{Place, Scene};
use super::script::{Act, Step};
use crate::charters::Shelf;
use crate::charters::generated::TEXT;
use crate::counters::Counters;
use crate::disk::PowerCut;
use crate::hostile::set;
use crate::seed::Seed;
use crate::world::watch::{Seen, Sight};
use crate::world::{WALL_START_MS, World};

/// The first byte of the keys of commits.
const COMMITS: &[u8] = b"c";

/// What came of one world.
pub struct Played {
    /// What the observer saw.
    pub entries: Vec<Entry>,
    /// What befell the nodes that it has lines with, as far as the observer may know.
    pub around: Vec<Sight>,
    /// What else befell them.
    pub hidden: Vec<Sight>,
    /// Whether the hidden facet came to one of them.
    pub near: bool,
    /// What took effect.
    pub counters: Counters,
}

struct Stage<'a> {
    scene: &'a Scene,
    hidden: FacetId,
    world: World,
    played: Played,
    steps: usize,
}

/// Plays a script.
///
/// # Errors
/// Why the county could not be founded.
pub fn play(
    scene: &Scene,
    hidden: &FacetId,
    script: &[Step],
    shelf: &Shelf,
) -> Result<Played, String> {
    let mut world = World::new(scene.seed, Box::new(shelf.clone()));
    world.redials = true;
    world.watch(scene.observer);
    let founding = [(CharterVersion(1), scene.family.v1.bundle.clone())];
    for node in &scene.nodes {
        let identity = identity(scene, *node);
        world.add(identity, &founding)?;
    }
    let played = Played {
        entries: Vec::new(),
        around: Vec::new(),
        hidden: Vec::new(),
        near: false,
        counters: Counters::default(),
    };
    let mut stage = Stage {
        scene,
        hidden: *hidden,
        world,
        played,
        steps: 0,
    };
    let (before, after) = script.split_at(script.partition_point(|step| step.at_ms == 0));
    before.iter().for_each(|step| stage.act(&step.act));
    stage.world.connect_all();
    for step in after {
        let ms = step.at_ms.saturating_sub(stage.world.now_ms());
        stage.world.run_ms(ms);
        stage.act(&step.act);
        stage.note();
    }
    stage.played.counters.merge(&stage.world.all_counters());
    Ok(stage.played)
}

fn identity(scene: &Scene, node: NodeId) -> Identity {
    Identity {
        node,
        key: scene.family.key(node),
        epoch: Epoch(1),
        boot: Boot([0; 8]),
    }
}

impl Stage<'_> {
    /// Writes down what was seen since it last did.
    fn note(&mut self) {
        self.world.frames.clear();
        self.world.happenings.clear();
        for sight in self.world.take_sights() {
            if sight.node == self.scene.observer {
                self.played.entries.push(Entry::of(self.steps, &sight));
            } else if self.scene.neighbours.contains(&sight.node) {
                self.note_neighbour(sight);
            }
        }
    }

    fn note_neighbour(&mut self, sight: Sight) {
        match &sight.seen {
            Seen::Holds { facet, entry } => {
                self.played.near |= *facet == self.hidden;
                match entry.is_none_or(|entry| self.scene.hides(&facet.label(entry.grade))) {
                    true => self.played.hidden.push(sight),
                    false => self.played.around.push(sight),
                }
            }
            Seen::Charter(_) => self.played.around.push(sight),
            _ => self.played.hidden.push(sight),
        }
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Look => {
                self.note();
                self.steps += 1;
                let seen = state(&self.world, self.scene.observer, self.steps);
                self.played.entries.extend(seen);
            }
            Act::Write {
                node,
                draft,
                wall_ahead_ms,
            } => {
                let held = self.world.node(*node).is_some_and(|state| {
                    matches!(
                        replica::facet_entry(&state.store, &draft.facet),
                        Ok(Some(_))
                    )
                });
                if held || draft.grade.is_some() {
                    self.set_clock(*node, *wall_ahead_ms);
                    self.world.start_write(*node, vec![draft.clone()]);
                    self.set_clock(*node, 0);
                    self.played.counters.count("writes");
                }
            }
            Act::Cut(one, other) => self.world.cut(*one, *other),
            Act::Block(one, other) => self.world.block(*one, *other),
            Act::Unblock(one, other) => self.world.unblock(*one, *other),
            Act::Line(one, other, quality) => self.world.set_quality(*one, *other, *quality),
            Act::Away(node) => drop(self.world.take_away(*node)),
            Act::Crash(node) => {
                // What was written stays: which part of it a power cut would leave is up to chance,
                // and that falls otherwise where the disk holds something else.
                self.world.power_cut(*node, &PowerCut::default());
                self.played.counters.count("crashes");
            }
            Act::Start(node) => self.start(*node),
            Act::Offer(node, version) => self.offer(*node, *version),
            Act::Declare(node, number, until) => self.declare(*node, *number, *until),
            Act::Probe { from, to, place } => self.probe(*from, *to, place),
            Act::Trespass { from, to, place } => self.push_own(*from, *to, place, "trespasses"),
            Act::Rot { node, place } => self.rot(*node, place),
            Act::Mend => {
                for node in self.scene.nodes.clone() {
                    self.start(node);
                }
                self.world.heal_lines();
            }
        }
    }

    fn start(&mut self, node: NodeId) {
        if let Err(why) = self.world.start(node) {
            self.world.tell(node, why);
        }
    }

    fn set_clock(&mut self, node: NodeId, wall_ahead_ms: i64) {
        if let Some(state) = self.world.node_mut(node) {
            state.clocks.wall_ahead_ms = wall_ahead_ms;
        }
    }

    fn offer(&mut self, node: NodeId, version: usize) {
        let edition = self.scene.editions().nth(version - 1);
        let bundle = edition
            .map(|edition| edition.bundle.clone())
            .unwrap_or_default();
        if self.world.offer(node, &bundle).is_ok() {
            self.played.counters.count("charters rolled out");
        }
    }

    fn declare(&mut self, node: NodeId, number: u32, until: WallTime) {
        let digest = self
            .world
            .node(node)
            .map(|state| state.engine.charter().digest());
        let edition = self.scene.editions().find(|one| Some(one.digest) == digest);
        let from = WallTime::from_ms(self.world.wall().ms / 1000 * 1000);
        let holds = Validity {
            from,
            until: until.max(from),
        };
        let declaration = edition.map(|edition| edition.declare(number, holds, &[1]));
        if let Some(declaration) = declaration
            && self.world.declare(node, declaration).is_some()
        {
            self.played.counters.count("emergencies declared");
        }
    }

    fn mark(&self, node: NodeId) -> Option<CharterMark> {
        let engine = &self.world.node(node)?.engine;
        let charter = engine.charter();
        Some(CharterMark {
            version: charter.version(),
            digest: charter.digest(),
            emergency: engine.in_emergency(),
        })
    }

    /// Asks for a facet, compares around it, and pushes a commit on it.
    fn probe(&mut self, from: NodeId, to: NodeId, place: &Place) {
        let Some(charter) = self.mark(from) else {
            return;
        };
        let wanted = Wanted {
            facet: place.facet,
            have: Clock::default(),
            from: 0,
        };
        let fetch = Request::Fetch {
            charter,
            facets: vec![wanted],
        };
        self.world.attack(from, to, fetch.encode());
        if let Some(questions) = questions(&place.label(), place) {
            let compare = Request::Compare { charter, questions };
            self.world.attack(from, to, compare.encode());
        }
        self.push_own(from, to, place, "probes");
    }

    /// Pushes a commit of a node's own on a facet, whether it may write that or not.
    fn push_own(&mut self, from: NodeId, to: NodeId, place: &Place, counter: &'static str) {
        let Some(charter) = self.mark(from) else {
            return;
        };
        let body = CommitBody {
            facet: place.facet,
            author: from,
            epoch: Epoch(1),
            seq: Seq(1),
            start: 1,
            wall: WallTime::from_ms(WALL_START_MS),
            charter: charter.version,
            parents: Vec::new(),
            grade: Some(place.grade),
            operations: vec![set(TEXT, "not for this node to write")],
        };
        if let Ok(commit) = body.sign(&self.scene.family.key(from)) {
            let commits = vec![commit.encoded().to_vec()];
            let push = Request::Push {
                charter,
                unfinished: false,
                commits,
            };
            self.world.attack(from, to, push.encode());
            self.played.counters.count(counter);
        }
    }

    fn rot(&mut self, node: NodeId, place: &Place) {
        let Some(state) = self.world.node_mut(node) else {
            return;
        };
        let entries = state
            .store
            .scan(COMMITS, None, usize::MAX)
            .unwrap_or_default();
        let of_facet = |key: &[u8]| matches!(Key::decode(key), Ok(Key::Commit(facet, _)) if facet == place.facet);
        let key = entries
            .into_iter()
            .map(|(key, _)| key)
            .find(|key| of_facet(key));
        let mut chance = Seed::split(self.scene.seed, "pair rot", &[node]);
        if let Some(key) = key
            && state.store.flip_bit(&key, &mut chance).is_some()
        {
            self.played.counters.count("rotten facets");
        }
    }
}

/// The questions of somebody who holds one invented facet under a label.
fn questions(label: &Label, place: &Place) -> Option<Vec<u8>> {
    let mut index = Index::new();
    index.insert(*label, place.facet.record, [7; 32]);
    let labels = [*label];
    let shared = Shared::new(&index, &labels);
    let request = Initiator::new(Bound::Start).request(&shared)?;
    Some(request.encode())
}
