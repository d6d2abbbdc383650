//! One run of one seed: a county is founded, people work while everything that can go wrong does
//! (the safety phase), then all faults end, and what must come about has a minute to do so (the
//! liveness phase). The checkers look on all the while.
//!
//! * `cast`: who takes part, and by which charters.
//! * `faults`: what goes wrong.
//! * `heal`: how it ends.
//! * [`outcome`]: how the run went.

pub(crate) mod cast;
mod faults;
mod heal;
pub mod outcome;

use std::collections::BTreeSet;

use crdt_model::ids::NodeId;

use crate::charters::Shelf;
use crate::checkers::Broken;
use crate::seed::Seed;
use crate::stage::Stage;
use crate::workload::Workload;

pub use cast::Cast;
pub(crate) use cast::FAMILIES;
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
    /// The county.
    pub stage: Stage,
    cast: Cast,
    chance: Seed,
    trouble: faults::Trouble,
    workload: Workload,
}

impl Run {
    /// Founds the county of a run.
    pub fn new(options: Options, shelf: &Shelf) -> Self {
        let seed = options.seed;
        let (cast, world, truth) = cast::found(&options, shelf);
        let mut run = Self {
            stage: Stage::new(world, truth),
            cast,
            chance: Seed::split(seed, "course", &[]),
            trouble: faults::Trouble::new(seed),
            workload: Workload::new(seed),
            options,
        };
        run.choose_hostile();
        run.stage.world.connect_all();
        run.stage.world.run_ms(1_000);
        run
    }

    /// Runs the whole of it.
    pub fn whole(mut self) -> (Outcome, Self) {
        for _ in 0..self.options.steps {
            self.step();
            self.look();
            if !self.stage.broken.is_empty() {
                break;
            }
        }
        if self.stage.broken.is_empty() {
            self.heal();
        }
        (outcome::of(&self), self)
    }

    fn step(&mut self) {
        match self.chance.below(100) {
            0..50 => self.work(),
            50..75 => {
                let ms = 1 + self.chance.below(900) as u64;
                self.stage.world.run_ms(ms);
            }
            75..88 => self.strike(),
            _ => self.attack(),
        }
        self.mend_some();
    }

    fn work(&mut self) {
        let nodes = self.cast.nodes().to_vec();
        if let Some((node, draft)) = self.workload.next(&self.stage.world, &nodes) {
            self.stage.world.start_write(node, vec![draft]);
            if self.chance.percent(50) {
                self.stage.world.run_ms(5);
            }
        }
    }

    fn attack(&mut self) {
        let stage = &mut self.stage;
        let at = self.chance.below(stage.hostile.len());
        if let Some(hostile) = stage.hostile.get_mut(at) {
            hostile.act(&mut stage.world, &mut stage.truth, self.workload.facets());
        }
    }

    /// Lets the checkers look at what has happened since they last did.
    pub fn look(&mut self) {
        self.stage.look();
    }

    /// What was found broken.
    pub fn broken(&self) -> &[Broken] {
        &self.stage.broken
    }

    /// Nodes that keep to no rule.
    pub fn hostile_nodes(&self) -> &BTreeSet<NodeId> {
        &self.stage.hostile_nodes
    }
}
