//! A province as a federation of counties. A county is a mesh of its own, on its own charter; no
//! replica, key or charter of it leaves it. In the federation, one more mesh on a charter of its own,
//! the province stands in the place of the county and each county in that of a township, with the
//! same engine, rules and checkers. A county publishes there, under its own name, a line for every
//! line of its ledgers and of its directory of devices; texts, people and how devices are reached
//! stay in the county.
//!
//! * [`shape`]: how many townships and villages each county has.
//! * [`figures`]: what is measured at the nodes, and what is only reckoned from it.

pub mod figures;
pub mod shape;

use crdt_model::ids::Name;

use crate::charters::Shelf;
use crate::run::Verdict;
use crate::scenarios::county::{Charters, Matter};
use crate::scenarios::plan::{Deed, Plan, WORKING_DAYS};
use crate::scenarios::{self, Account, Scenario};
use crate::seed::Seed;
use crate::stage::Stage;
use figures::Figures;
use shape::Shape;

/// Facets of which a county publishes a line each in the federation.
pub const PUBLISHED: [&str; 3] = ["grid.summary", "case.summary", "device.public"];
/// Villages of Linze County, whose work is scale 1.
const LINZE_VILLAGES: f64 = 76.0;

/// What a year in the federation is called.
pub const FEDERATION: Scenario = Scenario {
    name: "federation",
    title: ["全省一年", "A year of the province"],
    about: [
        "一个省级节点与 86 个县级节点的联邦：各县把台账和设备目录逐条上报，省级向下发通知。\
         文字内容、人员和接入信息不出县。",
        "A federation of one province and 86 counties: each county publishes a line for each line of \
         its ledgers and of its directory of devices, and the province sends notices down. Texts, \
         people and how devices are reached stay in the county.",
    ],
    charters: Charters::Usual,
    write: |_| {},
};

/// What a province is played with.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Options {
    /// The seed of everything.
    pub seed: u64,
    /// How much work there is; 1 for as much as Linze County has, village by village.
    pub scale: f64,
    /// Counties that are played; what the others publish is reckoned from the one next in size.
    pub played: usize,
}

/// A county that was played.
pub struct County {
    /// How it is made up.
    pub shape: Shape,
    /// How its year went.
    pub account: Account,
    /// Its node of the county.
    pub figures: Figures,
}

/// What came of a province.
pub struct Province {
    /// All counties, the smallest first.
    pub shapes: Vec<Shape>,
    /// Those that were played.
    pub counties: Vec<County>,
    /// The county in the middle of those that were played, with half the work.
    pub middle_halved: Figures,
    /// The federation's year.
    pub federation: Account,
    /// The province's node.
    pub root: Figures,
    /// The province's node with half the work.
    pub root_halved: Figures,
    /// Lines that all counties publish in the federation.
    pub lines: usize,
}

impl Province {
    /// The worst of all verdicts.
    pub fn verdict(&self) -> Verdict {
        let counties = self.counties.iter().map(|county| county.account.verdict);
        counties
            .chain([self.federation.verdict])
            .find(|verdict| *verdict != Verdict::Converged)
            .unwrap_or(Verdict::Converged)
    }

    /// Stands for all that happened.
    pub fn hash(&self) -> u64 {
        let accounts = self.counties.iter().map(|county| county.account.hash);
        accounts
            .chain([self.federation.hash])
            .fold(0, |all, one: u64| all.rotate_left(7) ^ one)
    }
}

/// Plays a province; `done` is told of each county.
pub fn play(options: &Options, done: &mut dyn FnMut(&County)) -> Province {
    let shapes = shape::counties(options.seed);
    let mut counties = Vec::new();
    for at in spread(options.played, shapes.len()) {
        let shape = shapes[at].clone();
        let account = county_year(options, &shape, options.scale);
        let figures = Figures::of(&account);
        let county = County {
            shape,
            account,
            figures,
        };
        done(&county);
        counties.push(county);
    }
    let middle = &counties[counties.len() / 2].shape;
    let middle_halved = Figures::of(&county_year(options, middle, options.scale / 2.0));
    let loads: Vec<_> = shapes.iter().map(|shape| load(shape, &counties)).collect();
    let halved = loads.iter().map(Load::halved).collect::<Vec<_>>();
    let federation = federation_year(options, &loads);
    Province {
        root: Figures::of(&federation),
        root_halved: Figures::of(&federation_year(options, &halved)),
        lines: loads.iter().map(Load::lines).sum(),
        federation,
        middle_halved,
        counties,
        shapes,
    }
}

/// So many of `all` places, evenly, from the first to the last.
fn spread(some: usize, all: usize) -> Vec<usize> {
    let last = some.saturating_sub(1).max(1);
    let place = |at| at * (all - 1) / last;
    (0..some.clamp(1, all)).map(place).collect()
}

fn county_year(options: &Options, shape: &Shape, scale: f64) -> Account {
    let shelf = Shelf::default();
    let stage = Stage::like_linze(shape.places(), &shelf);
    let year = scenarios::YEAR;
    let options = scenarios::Options {
        seed: options.seed.wrapping_add(shape.number),
        nodes: stage.places.nodes().len(),
        scale: scale * shape.villages() as f64 / LINZE_VILLAGES,
    };
    scenarios::play_on(&year, options, stage, &shelf, &year.write)
}

/// The lines that a county publishes in a year.
#[derive(Clone, Debug)]
struct Load {
    shape: Shape,
    lines: [usize; PUBLISHED.len()],
}

impl Load {
    fn halved(&self) -> Self {
        Self {
            lines: self.lines.map(|lines| lines / 2),
            ..self.clone()
        }
    }

    fn lines(&self) -> usize {
        self.lines.iter().sum()
    }
}

/// What a county publishes: as many lines as its node holds, or as the county next in size lets
/// expect where it was not played.
fn load(shape: &Shape, counties: &[County]) -> Load {
    let near = counties
        .iter()
        .min_by_key(|county| county.shape.villages().abs_diff(shape.villages()));
    let lines = PUBLISHED.map(|facet| {
        let held = near.zip(Name::new(facet).ok());
        held.map_or(0, |(county, facet)| {
            let held = county.figures.of_facet(facet) * shape.villages();
            held / county.shape.villages().max(1)
        })
    });
    Load {
        shape: shape.clone(),
        lines,
    }
}

fn federation_year(options: &Options, loads: &[Load]) -> Account {
    let shelf = Shelf::default();
    let stage = Stage::like_linze(shape::federation(), &shelf);
    let played = scenarios::Options {
        seed: options.seed,
        nodes: stage.places.nodes().len(),
        scale: 1.0,
    };
    let write = |plan: &mut Plan| write_federation(plan, options.seed, loads);
    scenarios::play_on(&FEDERATION, played, stage, &shelf, &write)
}

fn write_federation(plan: &mut Plan, seed: u64, loads: &[Load]) {
    let mut chance = Seed::split(seed, "federation", &[]);
    let mut days = vec![Vec::new(); WORKING_DAYS];
    for load in loads {
        for (facet, lines) in PUBLISHED.into_iter().zip(load.lines) {
            for _ in 0..lines {
                let at = chance.below(days.len());
                days[at].push((load.shape.in_federation(), facet));
            }
        }
    }
    let mut days = days.into_iter();
    scenarios::working_days(plan, &mut |plan, morning, span_ms| {
        for (county, facet) in days.next().unwrap_or_default() {
            let at = plan.between(morning, morning + span_ms);
            plan.at(at, Deed::Write(county, Matter::Line(facet), county));
        }
        plan.notices(morning, span_ms);
        if plan.chance.percent(20) {
            let counties = plan.places.townships();
            let county = plan.any(&counties);
            let lines = plan.lines_of(county);
            plan.cut(lines, morning + span_ms / 2, morning + span_ms);
        }
    });
}
