//! One run of one seed: a county is founded, people work while everything that can go wrong does
//! (the safety phase), then all faults end, and what must come about has a minute to do so (the
//! liveness phase). The checkers look on all the while.
//!
//! * `cast`: who takes part, and by which charters.
//! * `faults`: what goes wrong.
//! * `heal`: how it ends.
//! * [`outcome`]: how the run went.

mod cast;
mod faults;
mod heal;
pub mod outcome;

use std::collections::BTreeSet;

use crdt_model::ids::NodeId;
use crdt_model::replica;

use crate::charters::Shelf;
use crate::checkers::{self, Broken, Checker, Scene};
use crate::hostile::Hostile;
use crate::seed::Seed;
use crate::truth::Truth;
use crate::workload::Workload;
use crate::world::{Frame, Happening, World};

pub use cast::{Cast, nodes};
pub use faults::{FAULTS, Fault};
pub use outcome::{Outcome, Verdict};

/// What a run is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The seed of everything.
    pub seed: u64,
    /// How many nodes.
    pub nodes: usize,
    /// How many steps of work and trouble.
    pub steps: usize,
    /// Faults that may strike.
    pub faults: Vec<Fault>,
    /// How many villages may be hostile.
    pub hostile_villages: usize,
    /// Whether a township may be hostile too.
    pub hostile_township: bool,
}

impl Options {
    /// Everything, at this size.
    pub fn soak(seed: u64, nodes: usize) -> Self {
        let mut chance = Seed::split(seed, "options", &[]);
        let drawn = FAULTS.iter().filter(|_| chance.percent(45));
        Self {
            seed,
            nodes,
            steps: if nodes > 20 { 160 } else { 90 },
            faults: drawn.copied().collect(),
            hostile_villages: if chance.percent(40) { 1 + chance.below(nodes.min(40) / 5) } else { 0 },
            hostile_township: chance.percent(8),
        }
    }
}

/// See the module.
pub struct Run {
    /// What the run is to be.
    pub options: Options,
    /// The world.
    pub world: World,
    /// What is true in it.
    pub truth: Truth,
    cast: Cast,
    chance: Seed,
    trouble: faults::Trouble,
    workload: Workload,
    hostile: Vec<Hostile>,
    hostile_nodes: BTreeSet<NodeId>,
    checkers: Vec<Box<dyn Checker>>,
    broken: Vec<Broken>,
    forked: bool,
}

impl Run {
    /// Founds the county of a run.
    pub fn new(options: Options, shelf: &Shelf) -> Self {
        let seed = options.seed;
        let (cast, world, truth) = cast::found(&options, shelf);
        let mut run = Self {
            world,
            truth,
            cast,
            chance: Seed::split(seed, "course", &[]),
            trouble: faults::Trouble::new(seed),
            workload: Workload::new(seed),
            hostile: Vec::new(),
            hostile_nodes: BTreeSet::new(),
            checkers: checkers::all(),
            broken: Vec::new(),
            forked: false,
            options,
        };
        run.choose_hostile();
        run.world.connect_all();
        run.world.run_ms(1_000);
        run
    }

    /// Runs the whole of it.
    pub fn whole(mut self) -> (Outcome, Self) {
        for _ in 0..self.options.steps {
            self.step();
            self.look();
            if !self.broken.is_empty() {
                break;
            }
        }
        if self.broken.is_empty() {
            self.heal();
        }
        (outcome::of(&self), self)
    }

    fn step(&mut self) {
        match self.chance.below(100) {
            0..50 => self.work(),
            50..75 => {
                let ms = 1 + self.chance.below(900) as u64;
                self.world.run_ms(ms);
            }
            75..88 => self.strike(),
            _ => self.attack(),
        }
        self.mend_some();
    }

    fn work(&mut self) {
        let nodes = self.cast.nodes().to_vec();
        if let Some((node, draft)) = self.workload.next(&self.world, &nodes) {
            self.world.start_write(node, vec![draft]);
            if self.chance.percent(50) {
                self.world.run_ms(5);
            }
        }
    }

    fn attack(&mut self) {
        let at = self.chance.below(self.hostile.len());
        if let Some(hostile) = self.hostile.get_mut(at) {
            hostile.act(&mut self.world, &mut self.truth, self.workload.facets());
        }
    }

    /// Lets the checkers look at what has happened since they last did.
    pub fn look(&mut self) {
        let happenings = std::mem::take(&mut self.world.happenings);
        let frames = std::mem::take(&mut self.world.frames);
        self.learn(&happenings);
        self.show(&frames, &happenings, false);
    }

    fn show(&mut self, frames: &[Frame], happenings: &[(NodeId, Happening)], at_end: bool) {
        let scene = Scene {
            world: &self.world,
            truth: &self.truth,
            frames,
            happenings,
            hostile: &self.hostile_nodes,
            forked: self.forked,
        };
        for checker in &mut self.checkers {
            checker.look(&scene, &mut self.broken);
            if at_end {
                checker.at_end(&scene, &mut self.broken);
            }
        }
    }

    /// Learns what was written, from whoever wrote it.
    fn learn(&mut self, happenings: &[(NodeId, Happening)]) {
        for (node, happening) in happenings {
            if let Happening::Changed { facet, label, .. } = happening {
                self.truth.learn_grade(facet, label.grade);
            }
            if let Happening::Changed { facet, from: None, .. } = happening
                && let Some(state) = self.world.node(*node)
                && let Ok(history) = replica::history(&state.store, facet)
            {
                self.truth.learn(&history);
            }
        }
    }

    /// What was found broken.
    pub fn broken(&self) -> &[Broken] {
        &self.broken
    }

    /// Nodes that keep to no rule.
    pub fn hostile_nodes(&self) -> &BTreeSet<NodeId> {
        &self.hostile_nodes
    }
}
