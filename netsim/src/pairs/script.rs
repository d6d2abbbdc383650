//! What happens in both worlds: people write, lines go down and come up, frames are lost, machines
//! crash, charters change, and the observer asks for what it may not have. Drawn before anything
//! happens and without a look at the worlds, so that nothing hidden moves it.

use std::collections::BTreeMap;

use crdt_model::draft::Draft;
use crdt_model::ids::NodeId;
use crdt_model::time::WallTime;
use crdt_model::value::Value;

use super::scene::{Place, Scene};
use crate::charters::generated::{CHOICE, CHOICES, GROWING, TEXT};
use crate::secrecy::Canary;
use crate::seed::Seed;
use crate::world::WALL_START_MS;
use crate::world::line::Quality;

/// Steps of work and trouble.
const STEPS: (u64, u64) = (25, 45);
/// Records whose numbers are below this are the hidden one's alone.
pub const HIDDEN_RECORDS: u64 = 1_000;
/// Milliseconds that the world has at the end to come to rest: requests time out in 30 s.
const REST_MS: u64 = 45_000;
/// Milliseconds after which all nodes compare once more.
const LONG_REST_MS: u64 = 310_000;
/// Milliseconds before the first step: everybody greets everybody.
pub const GREETING_MS: u64 = 1_000;

/// One thing that happens at a time.
#[derive(Clone, Debug)]
pub struct Step {
    /// When, in virtual milliseconds.
    pub at_ms: u64,
    /// What.
    pub act: Act,
}

/// What can happen.
#[derive(Clone, Debug)]
pub enum Act {
    /// The observer's state is written down.
    Look,
    /// Somebody writes; a change of a facet that is not there is let go.
    Write {
        /// Who.
        node: NodeId,
        /// What.
        draft: Draft,
        /// Milliseconds that the writer's wall clock is ahead.
        wall_ahead_ms: i64,
    },
    /// A line goes down, and is dialled again soon.
    Cut(NodeId, NodeId),
    /// A line goes down and stays down.
    Block(NodeId, NodeId),
    /// It is dialled again.
    Unblock(NodeId, NodeId),
    /// How good a line is from now on.
    Line(NodeId, NodeId, Quality),
    /// A machine loses power.
    Crash(NodeId),
    /// A machine is taken away for good.
    Away(NodeId),
    /// A machine that lost power starts again.
    Start(NodeId),
    /// A person brings the charter of this number to a node.
    Offer(NodeId, usize),
    /// A person brings the declaration of this number to a node: an emergency from now until then.
    Declare(NodeId, u32, WallTime),
    /// A node asks another for a facet, compares around it, and pushes a commit of its own on it.
    Probe {
        /// Who asks.
        from: NodeId,
        /// Whom.
        to: NodeId,
        /// After what.
        place: Place,
    },
    /// A node pushes a commit that will be refused.
    Trespass {
        /// Who.
        from: NodeId,
        /// To whom.
        to: NodeId,
        /// On what.
        place: Place,
    },
    /// A bit of a facet's commits turns over on a node's disk.
    Rot {
        /// Whose disk.
        node: NodeId,
        /// Which facet.
        place: Place,
    },
    /// All lines are whole, and all nodes run.
    Mend,
}

/// A field and a value for it.
pub type Written = (String, Value);

/// A text for the field that every facet has.
pub fn text(seed: u64, what: &str, length: usize) -> Written {
    (
        TEXT.to_owned(),
        Value::Text(Canary::text(seed, what, length)),
    )
}

/// What begins a facet.
pub fn begin(place: &Place, fields: Written) -> Draft {
    Draft {
        grade: Some(place.grade),
        ..change(place, fields)
    }
}

/// What changes a facet.
pub fn change(place: &Place, (key, value): Written) -> Draft {
    let fields = BTreeMap::from([(key, Some(value))]);
    Draft {
        facet: place.facet,
        grade: None,
        fields,
    }
}

/// Somebody writes something.
pub fn write(at_ms: u64, node: NodeId, draft: Draft) -> Step {
    Step {
        at_ms,
        act: Act::Write {
            node,
            draft,
            wall_ahead_ms: 0,
        },
    }
}

/// What is drawn, and from what.
pub struct Drawing<'a> {
    scene: &'a Scene,
    chance: Seed,
    /// What the hidden thing is about, which the observer probes for.
    hidden: Place,
    /// Nodes that take part in nothing but what differs.
    aside: Option<NodeId>,
    at_ms: u64,
    records: u64,
    texts: u64,
    places: Vec<Place>,
    version: usize,
    declarations: u32,
    steps: Vec<Step>,
}

impl<'a> Drawing<'a> {
    /// The steps of a scene, and when the last of them is over.
    pub fn draw(scene: &'a Scene, hidden: Place, aside: Option<NodeId>) -> (Vec<Step>, u64) {
        let mut drawing = Self {
            scene,
            chance: scene.chance("pair script"),
            hidden,
            aside,
            at_ms: GREETING_MS,
            records: HIDDEN_RECORDS,
            texts: 0,
            places: Vec::new(),
            version: 1,
            declarations: 0,
            steps: Vec::new(),
        };
        drawing.whole();
        let end_ms = drawing.at_ms;
        drawing.rest();
        (drawing.steps, end_ms)
    }

    fn push(&mut self, act: Act) {
        self.push_at(self.at_ms, act);
    }

    fn push_at(&mut self, at_ms: u64, act: Act) {
        self.steps.push(Step { at_ms, act });
    }

    fn whole(&mut self) {
        for _ in 0..self.chance.between(STEPS.0, STEPS.1) {
            match self.chance.below(100) {
                0..55 => self.work(),
                55..64 => self.trouble_line(),
                64..69 => self.crash(),
                69..76 => self.spoil_line(),
                76..81 => self.roll_out(),
                81..93 => self.probe(),
                93..97 => self.declare(),
                _ => {}
            }
            // Mostly what was begun ends before the next, at times it does not.
            self.at_ms += match self.chance.below(10) {
                0 => 0,
                1..3 => self.chance.between(1, 40),
                _ => self.chance.between(300, 2_500),
            };
            self.push(Act::Look);
        }
    }

    fn rest(&mut self) {
        self.push(Act::Mend);
        self.at_ms += REST_MS;
        self.push(Act::Look);
        if self.chance.percent(25) {
            self.at_ms += LONG_REST_MS;
            self.push(Act::Look);
        }
    }

    /// Anybody who takes part.
    fn node(&mut self) -> NodeId {
        let aside = self.aside;
        let nodes = self
            .scene
            .nodes
            .iter()
            .copied()
            .filter(|node| Some(*node) != aside);
        let nodes: Vec<_> = nodes.collect();
        *self.chance.pick(&nodes).unwrap_or(&self.scene.observer)
    }

    fn line(&mut self) -> Option<(NodeId, NodeId)> {
        let near = self.chance.percent(40);
        let one = if near {
            self.scene.observer
        } else {
            self.node()
        };
        let aside = self.aside;
        let peers = self
            .scene
            .linked(one)
            .into_iter()
            .filter(|peer| Some(*peer) != aside);
        let peers: Vec<_> = peers.collect();
        Some((one, *self.chance.pick(&peers)?))
    }

    fn work(&mut self) {
        self.texts += 1;
        let what = format!("pair {}", self.texts);
        let length = 40 + self.chance.below(300);
        let known = self.chance.pick(&self.places).copied();
        match known.filter(|_| self.chance.percent(55)) {
            None => {
                let node = self.node();
                let record = self.record();
                let place = self.scene.place(&mut self.chance, record, &[node]);
                // The hidden facet itself is not for this script to write.
                if let Some(place) = place.filter(|place| place.facet != self.hidden.facet) {
                    self.places.push(place);
                    let draft = begin(&place, text(self.scene.seed, &what, length));
                    self.steps.push(write(self.at_ms, node, draft));
                }
            }
            Some(place) => {
                let node = self.writer(&place);
                let value = text(self.scene.seed, &what, length).1;
                let written = match self.chance.below(3) {
                    0 => (TEXT.to_owned(), value),
                    1 => (format!("{GROWING}/{}", self.texts), value),
                    _ => {
                        let choice = self.chance.pick(&CHOICES).copied().unwrap_or_default();
                        (CHOICE.to_owned(), Value::Text(choice.to_owned()))
                    }
                };
                self.steps
                    .push(write(self.at_ms, node, change(&place, written)));
            }
        }
    }

    /// Records have several facets at times, and one that is known may have a hidden one.
    fn record(&mut self) -> u64 {
        match self.chance.below(10) {
            0 => 0,
            1..3 if self.records > HIDDEN_RECORDS => self.records,
            _ => {
                self.records += 1;
                self.records
            }
        }
    }

    fn writer(&mut self, place: &Place) -> NodeId {
        let node = self.node();
        match self.scene.may_write(&place.label(), node) {
            true => node,
            false => place.facet.home,
        }
    }

    fn trouble_line(&mut self) {
        let Some((one, other)) = self.line() else {
            return;
        };
        match self.chance.percent(50) {
            true => self.push(Act::Cut(one, other)),
            false => {
                self.push(Act::Block(one, other));
                let until = self.at_ms + self.chance.between(500, 8_000);
                self.push_at(until, Act::Unblock(one, other));
            }
        }
    }

    fn crash(&mut self) {
        let node = self.node();
        self.push(Act::Crash(node));
        let until = self.at_ms + self.chance.between(200, 5_000);
        self.push_at(until, Act::Start(node));
    }

    /// Lines far from the observer are spoilt less often: there hidden frames and others wait for
    /// each other.
    fn spoil_line(&mut self) {
        let Some((one, other)) = self.line() else {
            return;
        };
        let far = one != self.scene.observer && other != self.scene.observer;
        if far && self.chance.percent(80) {
            return;
        }
        let quality = Quality {
            delay_ms: self.chance.between(1, 200),
            jitter_ms: self.chance.between(0, 300),
            loss_percent: self.chance.below(20),
            duplicate_percent: self.chance.below(40),
            ..Quality::GOOD
        };
        self.push(Act::Line(one, other, quality));
        let until = self.at_ms + self.chance.between(1_000, 20_000);
        self.push_at(until, Act::Line(one, other, Quality::GOOD));
    }

    fn roll_out(&mut self) {
        if self.version < self.scene.versions {
            let (node, version) = (self.node(), self.version + 1);
            self.version = version;
            self.push(Act::Offer(node, version));
        }
    }

    fn declare(&mut self) {
        self.declarations += 1;
        let lasts_ms = match self.chance.percent(20) {
            true => 0,
            false => self.chance.between(2_000, 60_000),
        };
        let until = WallTime::from_ms(WALL_START_MS + self.at_ms + lasts_ms);
        let until = WallTime::from_ms(until.ms / 1000 * 1000);
        let node = self.node();
        self.push(Act::Declare(node, self.declarations, until));
    }

    fn probe(&mut self) {
        let place = match self.chance.percent(70) {
            true => self.hidden,
            false => *self.chance.pick(&self.places).unwrap_or(&self.hidden),
        };
        if let Some(to) = self.chance.pick(&self.scene.neighbours).copied() {
            let from = self.scene.observer;
            self.push(Act::Probe { from, to, place });
        }
    }
}

/// The steps in the order in which they happen.
pub fn in_order(mut steps: Vec<Step>) -> Vec<Step> {
    steps.sort_by_key(|step| step.at_ms);
    steps
}
