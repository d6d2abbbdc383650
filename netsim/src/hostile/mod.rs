//! Peers with a valid key that keep to no rule.
//!
//! * [`peer`]: raw messages to one node, for tests that say exactly what is sent.
//! * [`Hostile`]: a node that runs the engine, so that it learns all it can, and attacks besides.
//! * `signing`: what it signs that is not its to sign.
//! * [`tamper`]: what it does to frames on their way out.

pub mod peer;
mod signing;
pub mod tamper;

use crdt_model::charter::Charter;
use crdt_model::commit::{Commit, CommitBody};
use crdt_model::engine::{Identity, links};
use crdt_model::history::{Clock, History};
use crdt_model::ids::{RecordId, Seq};
use crdt_model::kind::Kinds;
use crdt_model::label::{FacetId, Grade};
use crdt_model::limits::QUARANTINE_ENTRIES_PER_PEER_MAX;
use crdt_model::reconcile::{self, Bound, Fingerprint, Position, Question, Span};
use crdt_model::replica;
use crdt_model::time::WallTime;
use crdt_model::value::{Operation, Value};
use crdt_model::wire::{CharterMark, Hello, Request, Wanted};

pub use peer::{HostilePeer, set};

use crate::secrecy::Canary;
use crate::seed::Seed;
use crate::truth::Truth;
use crate::world::World;

/// Valid commits in one flood.
const FLOOD: u64 = 40;
/// Things in one frame of litter.
const LITTER: usize = 128;

/// One hostile node.
pub struct Hostile {
    identity: Identity,
    seed: u64,
    chance: Seed,
    made: u64,
}

impl Hostile {
    /// The node with this identity turns hostile.
    pub fn new(identity: Identity, seed: u64, world: &mut World) -> Self {
        let node = identity.node;
        let tamper = tamper::Tampering::new(Seed::split(seed, "tamper", &[node]));
        world.tamper(node, Box::new(tamper));
        let chance = Seed::split(seed, "hostile", &[node]);
        Self {
            identity,
            seed,
            chance,
            made: 0,
        }
    }

    /// Does one hostile thing.
    pub fn act(&mut self, world: &mut World, truth: &mut Truth, facets: &[FacetId]) {
        let node = self.identity.node;
        let Some(charter) = world.node(node).map(|state| state.engine.charter().clone()) else {
            return;
        };
        let Some(victim) = self.chance.pick(&links(&*charter, node)).copied() else {
            return;
        };
        let mark = CharterMark {
            version: charter.version(),
            digest: charter.digest(),
            emergency: self.chance.percent(30),
        };
        let (what, frames) = match self.chance.below(14) {
            0 => ("hostile: forged", self.forge(world, &*charter, facets)),
            1 => ("hostile: equivocated", self.equivocate(world, truth)),
            2 => (
                "hostile: wrote on others' records",
                self.trespass(&*charter, facets),
            ),
            3 => (
                "hostile: asked for what it may not have",
                self.pry(mark, facets),
            ),
            4 => ("hostile: lied in a fingerprint", vec![self.lie(mark)]),
            5 => ("hostile: flooded", self.flood(world, truth)),
            6 => ("hostile: sent poison", vec![self.poison()]),
            7 => ("hostile: replayed", self.replay(world)),
            8 => ("hostile: regraded", self.regrade(world)),
            9 => ("hostile: left out a number", self.leave_out(world)),
            10 => ("hostile: flooded with what is refused", self.litter()),
            11 => (
                "hostile: cosigned two logs",
                self.cosign_two(&*charter, world.wall()),
            ),
            12 => (
                "hostile: declared an emergency",
                self.declare(&*charter, world.wall()),
            ),
            _ => (
                "hostile: lied in a comparison",
                vec![self.compare_lies(mark, charter.kinds(), facets)],
            ),
        };
        for frame in frames {
            world.counters.count(what);
            let bytes = match frame {
                Attack::Commits(commits) => Request::Push {
                    charter: mark,
                    unfinished: false,
                    commits,
                }
                .encode(),
                Attack::Raw(bytes) => bytes,
            };
            world.attack(node, victim, bytes);
        }
    }

    fn text(&mut self) -> String {
        self.made += 1;
        let what = format!("hostile {} {}", self.identity.node, self.made);
        Canary::text(self.seed, &what, 48)
    }

    /// A body on a facet that sets some text, in this node's name.
    fn body(&mut self, facet: FacetId, charter: &dyn Charter) -> Option<CommitBody> {
        let (_, declared) = charter.kinds().facet(facet.facet)?;
        let key = declared.fields.first()?.name.as_str().to_owned();
        let value = Some(Value::Text(self.text()));
        Some(CommitBody {
            facet,
            author: self.identity.node,
            epoch: self.identity.epoch,
            seq: Seq(1),
            start: 1,
            wall: WallTime::from_ms(1_782_864_000_000),
            charter: charter.version(),
            parents: Vec::new(),
            grade: declared.default_grade(),
            operations: vec![Operation {
                key,
                value,
                overwrites: Vec::new(),
            }],
        })
    }

    fn sign(&self, body: CommitBody) -> Option<Commit> {
        body.sign(&self.identity.key).ok()
    }

    /// A commit in another's name, under its own signature.
    fn forge(&mut self, world: &World, charter: &dyn Charter, facets: &[FacetId]) -> Vec<Attack> {
        let facet = self.chance.pick(facets).copied();
        let body = facet.and_then(|facet| self.body(facet, charter));
        let nodes: Vec<_> = world.nodes().map(|(node, _)| node).collect();
        let author = self.chance.pick(&nodes).copied();
        let forged = body
            .zip(author)
            .and_then(|(body, author)| self.sign(CommitBody { author, ..body }));
        forged.into_iter().map(one).collect()
    }

    /// A commit of its own on a record that it may not write.
    fn trespass(&mut self, charter: &dyn Charter, facets: &[FacetId]) -> Vec<Attack> {
        let facet = self.chance.pick(facets).copied();
        let facet = facet.filter(|facet| facet.home != self.identity.node);
        let body = facet.and_then(|facet| self.body(facet, charter));
        body.and_then(|body| self.sign(body))
            .into_iter()
            .map(one)
            .collect()
    }

    /// The history of something it has written.
    fn own(&mut self, world: &World) -> Option<History> {
        let state = world.node(self.identity.node)?;
        let mut own = Vec::new();
        let node = self.identity.node;
        replica::for_each_facet(&state.store, |facet, _| {
            if facet.home == node {
                own.push(facet);
            }
        })
        .ok()?;
        let facet = self.chance.pick(&own)?;
        replica::history(&state.store, facet).ok()
    }

    /// Another commit with the seq of one that it has signed before.
    fn equivocate(&mut self, world: &World, truth: &mut Truth) -> Vec<Attack> {
        let Some(history) = self.own(world) else {
            return Vec::new();
        };
        let me = self.identity.node;
        let own: Vec<_> = history
            .commits()
            .map(|(commit, _)| commit.clone())
            .collect();
        let own: Vec<_> = own
            .into_iter()
            .filter(|commit| commit.body().author == me)
            .collect();
        let Some(commit) = self.chance.pick(&own).cloned() else {
            return Vec::new();
        };
        let mut body = commit.body().clone();
        let text = self.text();
        for operation in &mut body.operations {
            if let Some(Value::Text(old)) = &mut operation.value
                && old.len() >= text.len()
            {
                *old = text.clone();
            }
        }
        body.wall = WallTime::from_ms(body.wall.ms + 1);
        let Some(other) = self.sign(body) else {
            return Vec::new();
        };
        truth.learn_commit(&other, &history.grades_before(&commit));
        vec![one(other)]
    }

    /// Many valid commits on one of its own facets.
    fn flood(&mut self, world: &World, truth: &mut Truth) -> Vec<Attack> {
        let Some(history) = self.own(world) else {
            return Vec::new();
        };
        let life = (self.identity.node, self.identity.epoch);
        let Some((seq, last)) = history.last_of(life) else {
            return Vec::new();
        };
        let Some(last) = history
            .commits()
            .map(|(commit, _)| commit)
            .find(|one| one.hash() == last)
        else {
            return Vec::new();
        };
        let Some(field) = last.body().operations.first() else {
            return Vec::new();
        };
        let (key, mut before, mut seq) = (field.key.clone(), last.clone(), seq);
        let mut commits = Vec::new();
        for _ in 0..FLOOD {
            seq = Seq(seq.0 + 1);
            let value = Some(Value::Text(self.text()));
            let body = CommitBody {
                seq,
                start: before.last_counter() + 1,
                parents: vec![before.hash()],
                grade: None,
                operations: vec![Operation {
                    key: key.clone(),
                    value,
                    overwrites: Vec::new(),
                }],
                ..before.body().clone()
            };
            let Some(commit) = self.sign(body) else {
                break;
            };
            truth.learn_commit(&commit, &history.grades());
            commits.push(commit.encoded().to_vec());
            before = commit;
        }
        vec![Attack::Commits(commits)]
    }

    /// Asks for facets that others have.
    fn pry(&mut self, charter: CharterMark, facets: &[FacetId]) -> Vec<Attack> {
        let mut wanted = Vec::new();
        for _ in 0..8 {
            wanted.extend(self.chance.pick(facets).map(|facet| Wanted {
                facet: *facet,
                have: Clock::default(),
                from: 0,
            }));
        }
        vec![Attack::Raw(
            Request::Fetch {
                charter,
                facets: wanted,
            }
            .encode(),
        )]
    }

    fn lie(&mut self, charter: CharterMark) -> Attack {
        let mut fingerprint = [0; 32];
        fingerprint
            .iter_mut()
            .for_each(|byte| *byte = self.chance.bits() as u8);
        Attack::Raw(
            Request::Hello(Hello {
                charter,
                fingerprint,
                gossip: [self.chance.bits() as u8; 16],
                boot: self.identity.boot,
                two_machines: true,
            })
            .encode(),
        )
    }

    /// Bytes that are no message, or nearly one.
    fn poison(&mut self) -> Attack {
        let length = self.chance.below(600);
        let mut bytes: Vec<u8> = (0..length).map(|_| self.chance.bits() as u8).collect();
        if let Some(first) = bytes.first_mut() {
            *first %= 9;
        }
        Attack::Raw(bytes)
    }

    /// What it holds of one facet, all over again.
    fn replay(&mut self, world: &World) -> Vec<Attack> {
        let Some(state) = world.node(self.identity.node) else {
            return Vec::new();
        };
        let mut facets = Vec::new();
        let _ = replica::for_each_facet(&state.store, |facet, _| facets.push(facet));
        let facet = self.chance.pick(&facets);
        let history = facet.and_then(|facet| replica::history(&state.store, facet).ok());
        let mut commits: Vec<_> = history
            .iter()
            .flat_map(History::commits)
            .map(|(commit, _)| commit.encoded().to_vec())
            .collect();
        // In the wrong order, at times.
        if self.chance.percent(50) {
            commits.reverse();
        }
        commits.truncate(100);
        vec![Attack::Commits(commits)]
    }

    /// Another grade for something that it may write and may not regrade.
    fn regrade(&mut self, world: &World) -> Vec<Attack> {
        let node = self.identity.node;
        let Some(state) = world.node(node) else {
            return Vec::new();
        };
        let charter = state.engine.charter();
        let mut may = Vec::new();
        let _ = replica::for_each_facet(&state.store, |facet, entry| {
            let levels = charter.kinds().facet(facet.facet);
            let levels = levels.map_or(&[][..], |(_, declared)| &declared.levels);
            for level in levels {
                let next = Grade {
                    level: *level,
                    ..entry.grade
                };
                let allowed = charter.regrade(&facet.label(entry.grade), node).allowed
                    && charter.regrade(&facet.label(next), node).allowed;
                if next != entry.grade
                    && !allowed
                    && charter.author(&facet.label(entry.grade), node).allowed
                {
                    may.push((facet, next));
                }
            }
        });
        let Some((facet, grade)) = self.chance.pick(&may).copied() else {
            return Vec::new();
        };
        let Ok(history) = replica::history(&state.store, &facet) else {
            return Vec::new();
        };
        let Ok(epoch) = state.engine.life_on(&facet, &state.store) else {
            return Vec::new();
        };
        let life = (node, epoch);
        let parents = history.parents_for(life);
        let last = history.last_of(life).map_or(0, |(seq, _)| seq.0);
        let body = CommitBody {
            facet,
            author: node,
            epoch: life.1,
            seq: Seq(last + 1),
            start: history.next_counter(&parents),
            wall: WallTime::from_ms(1_782_864_000_000),
            charter: charter.version(),
            parents,
            grade: Some(grade),
            operations: Vec::new(),
        };
        self.sign(body).into_iter().map(one).collect()
    }

    /// A commit on its own record whose number does not follow.
    fn leave_out(&mut self, world: &World) -> Vec<Attack> {
        let life = (self.identity.node, self.identity.epoch);
        let body = self.own(world).and_then(|history| {
            let (seq, last) = history.last_of(life)?;
            let mut commits = history.commits().map(|(commit, _)| commit);
            let last = commits.find(|one| one.hash() == last)?;
            Some(CommitBody {
                seq: Seq(seq.0 + 2),
                start: last.last_counter() + 1,
                parents: vec![last.hash()],
                grade: None,
                operations: last.body().operations.clone(),
                ..last.body().clone()
            })
        });
        let body = body.and_then(|mut body| {
            let text = self.text();
            let operation = body.operations.first_mut()?;
            operation.value = Some(Value::Text(text));
            operation.overwrites.clear();
            Some(body)
        });
        let commit = body.and_then(|body| self.sign(body));
        commit.into_iter().map(one).collect()
    }

    /// More bytes that are no commits than a quarantine keeps of one peer.
    fn litter(&mut self) -> Vec<Attack> {
        let mut litter = || {
            let bytes = self.chance.bits().to_be_bytes();
            bytes.repeat(3)
        };
        let frames = QUARANTINE_ENTRIES_PER_PEER_MAX / LITTER + 1;
        let frame = |_| Attack::Commits((0..LITTER).map(|_| litter()).collect());
        (0..frames).map(frame).collect()
    }

    /// A comparison that claims what is not so, at places where this node may have nothing.
    fn compare_lies(&mut self, charter: CharterMark, kinds: &Kinds, facets: &[FacetId]) -> Attack {
        let mut bounds = vec![Bound::Start, Bound::End];
        for _ in 0..self.chance.below(4) {
            let facet = self.chance.pick(facets).copied();
            let declared = facet.and_then(|facet| kinds.facet(facet.facet));
            let grade = declared.and_then(|(_, declared)| declared.default_grade());
            let mut record = [0; 16];
            record
                .iter_mut()
                .for_each(|byte| *byte = self.chance.bits() as u8);
            bounds.extend(facet.zip(grade).map(|(facet, grade)| {
                Bound::At(Position {
                    label: facet.label(grade),
                    record: RecordId(record),
                })
            }));
        }
        bounds.sort_unstable();
        bounds.dedup();
        let mut questions = Vec::new();
        for (lower, upper) in bounds.iter().zip(bounds.iter().skip(1)) {
            let mut hash = [0; 16];
            hash.iter_mut()
                .for_each(|byte| *byte = self.chance.bits() as u8);
            let count = self.chance.bits() >> self.chance.below(64);
            questions.push(Question {
                span: Span {
                    lower: *lower,
                    upper: *upper,
                },
                fingerprint: Fingerprint { count, hash },
            });
        }
        let questions = reconcile::Request { questions }.encode();
        Attack::Raw(Request::Compare { charter, questions }.encode())
    }
}

/// One frame of an attack.
enum Attack {
    Commits(Vec<Vec<u8>>),
    Raw(Vec<u8>),
}

fn one(commit: Commit) -> Attack {
    Attack::Commits(vec![commit.encoded().to_vec()])
}
