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

use crate::charters::{Edition, Shelf};
use crate::checkers::{Broken, Checkers};
use crate::hostile::Hostile;
use crate::seed::Seed;
use crate::stage::{LINZE_NODES, Stage};
use crate::truth::Truth;
use crate::workload::Workload;
use crate::world::World;

pub use crate::places::nodes;
pub use faults::{FAULTS, Fault};
pub(crate) use heal::{HEALS_WITHIN_MS, SETTLING_MS};
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
            steps: match nodes {
                LINZE_NODES => 1_200,
                0..=20 => 90,
                _ => 160,
            },
            faults: drawn.copied().collect(),
            hostile_villages: if chance.percent(40) {
                1 + chance.below(nodes.min(40) / 5)
            } else {
                0
            },
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
    stage: Stage,
    /// The third version of the charter, which may trust one village no more.
    third: Edition,
    chance: Seed,
    trouble: faults::Trouble,
    workload: Workload,
    hostile: Vec<Hostile>,
    checkers: Checkers,
}

impl Run {
    /// Founds the county of a run.
    pub fn new(options: Options, shelf: &Shelf) -> Self {
        let seed = options.seed;
        let cast::Founded {
            stage,
            third,
            world,
            truth,
        } = cast::found(&options, shelf);
        let mut run = Self {
            world,
            truth,
            stage,
            third,
            chance: Seed::split(seed, "course", &[]),
            trouble: faults::Trouble::new(seed),
            workload: Workload::new(seed),
            hostile: Vec::new(),
            checkers: Checkers::default(),
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
            if !self.checkers.broken.is_empty() {
                break;
            }
        }
        if self.checkers.broken.is_empty() {
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
        let nodes = self.stage.places.nodes().to_vec();
        if let Some((node, draft)) = self.workload.next(&self.world, &nodes) {
            let regraded = draft.grade.map(|_| draft.facet);
            self.world.start_write(node, vec![draft]);
            if let Some(facet) = regraded.filter(|_| self.chance.percent(40))
                && let Some((other, draft)) = self.workload.regrade_too(&self.world, &nodes, facet)
            {
                self.world.start_write(other, vec![draft]);
            }
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
        self.checkers.look(&mut self.world, &mut self.truth);
    }

    /// What was found broken.
    pub fn broken(&self) -> &[Broken] {
        &self.checkers.broken
    }

    /// Nodes that keep to no rule.
    pub fn hostile_nodes(&self) -> &BTreeSet<NodeId> {
        &self.checkers.hostile
    }
}
