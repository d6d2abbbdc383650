//! Every decision as tables that a person can read: one for each facet, a line for each grade and
//! home, a column for each way in which a node can stand to the record. Lines that say the same are
//! folded; a node that a rule names keeps a line and a column of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crdt_model::charter::{RuleId, Tier};
use crdt_model::ids::{Name, NodeId};
use crdt_model::kind::Title;
use crdt_model::label::Grade;

use crate::deciding::question::{Question, State};
use crate::deciding::relation::Relation;
use crate::reading::roster::{tier_by_code, tier_name};
use crate::review::enumeration::{Enumeration, Row};

/// How a node stands to a record: the words of a table's columns.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Column {
    /// How it stands to home.
    pub to_home: Relation,
    /// How it stands to the addressee, where that is not home.
    pub to_addressee: Option<Relation>,
    /// Which node it is, if a rule names it.
    pub node: Option<NodeId>,
}

/// Which records a line is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Place {
    /// The tier.
    pub tier: Tier,
    /// Which node it is, if a rule names it.
    pub node: Option<NodeId>,
}

/// What may be done: one cell.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Cell {
    /// The node may hold it.
    pub holds: bool,
    /// The node may write it.
    pub writes: bool,
    /// The node may change its grade.
    pub regrades: bool,
    /// Who may read it there.
    pub readers: BTreeSet<Name>,
    /// Who may take it out there.
    pub exporters: BTreeSet<Name>,
    /// The rules that decide whether the node may hold it.
    pub rules: BTreeSet<RuleId>,
    /// The rules that let persons read it there.
    pub reading: BTreeSet<RuleId>,
    /// The rules that let persons take it out there.
    pub exporting: BTreeSet<RuleId>,
    /// Whether the classes behind it differ: then the table is too coarse, which is a bug.
    pub mixed: bool,
}

/// One line of a facet's table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// Sensitivities that it stands for.
    pub sensitivities: BTreeSet<Name>,
    /// Levels that it stands for.
    pub levels: BTreeSet<Name>,
    /// Homes that it stands for.
    pub homes: BTreeSet<Place>,
    /// Addressees that it stands for; none where it is meant for home alone.
    pub addressees: BTreeSet<Option<Place>>,
    /// What each column may do.
    pub cells: BTreeMap<Column, Cell>,
    /// Questions, of a label and a node, that it stands for.
    pub questions: u64,
}

/// The table of one facet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Table {
    /// The facet.
    pub facet: Name,
    /// What people call it.
    pub title: Title,
    /// Columns that occur.
    pub columns: BTreeSet<Column>,
    /// Its lines.
    pub lines: Vec<Line>,
}

/// The tables of all facets, in one state of the county.
pub fn tables(all: &Enumeration<'_>, state: State) -> Vec<Table> {
    use crdt_model::charter::Charter;
    let mut raw = raw_lines(all, state);
    let facets = all.charter().kinds().iter().flat_map(|kind| &kind.facets);
    facets
        .map(|facet| {
            let lines = fold(raw.remove(&facet.name).unwrap_or_default());
            let columns = lines.iter().flat_map(|line| line.cells.keys().copied());
            Table {
                facet: facet.name,
                title: facet.title.clone(),
                columns: columns.collect(),
                lines,
            }
        })
        .collect()
}

type Key = (Grade, Place, Option<Place>);

fn raw_lines(all: &Enumeration<'_>, state: State) -> BTreeMap<Name, Vec<Line>> {
    let mut lines: BTreeMap<Name, BTreeMap<Key, Line>> = BTreeMap::new();
    let mut seen: BTreeMap<(Name, Key, Column, Question), bool> = BTreeMap::new();
    for row in all.rows() {
        let label = row.example.label;
        let addressee = (label.addressee != label.home).then(|| place(all, label.addressee));
        let key = (label.grade, place(all, label.home), addressee);
        let line = lines
            .entry(label.facet)
            .or_default()
            .entry(key)
            .or_insert_with(|| line_of(key));
        let column = column(all, row);
        let allowed = all.allowed(row, state);
        let cell = line.cells.entry(column).or_default();
        let before = seen.insert((label.facet, key, column, row.question), allowed);
        cell.mixed |= before.is_some_and(|before| before != allowed);
        cell.enter(row, allowed, all.decision(row, state).rules);
        line.questions += row.questions;
    }
    let lines = lines.into_iter();
    lines
        .map(|(facet, lines)| (facet, lines.into_values().collect()))
        .collect()
}

fn line_of((grade, home, addressee): Key) -> Line {
    Line {
        sensitivities: [grade.sensitivity].into(),
        levels: [grade.level].into(),
        homes: [home].into(),
        addressees: [addressee].into(),
        cells: BTreeMap::new(),
        questions: 0,
    }
}

/// Which node a label names, as far as rules can tell it from others.
pub fn place(all: &Enumeration<'_>, node: NodeId) -> Place {
    Place {
        tier: tier_by_code(node),
        node: all.charter().is_named(node).then_some(node),
    }
}

/// How the node of a class stands to its label.
pub fn column(all: &Enumeration<'_>, row: &Row) -> Column {
    let (label, node) = (row.example.label, row.example.node);
    let first = |relations: &[Relation]| {
        let mut relations = relations.iter().copied();
        relations.find(|relation| relation.holds(&label, node))
    };
    Column {
        to_home: first(&Relation::TO_HOME).unwrap_or(Relation::OtherVillage),
        to_addressee: first(&Relation::TO_ADDRESSEE),
        node: all.charter().is_named(node).then_some(node),
    }
}

/// Joins lines that say the same and differ in one thing, until none are left.
fn fold(mut lines: Vec<Line>) -> Vec<Line> {
    loop {
        let before = lines.len();
        for part in [
            Part::Levels,
            Part::Sensitivities,
            Part::Homes,
            Part::Addressees,
        ] {
            lines = join(lines, part);
        }
        if lines.len() == before {
            return lines;
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Levels,
    Sensitivities,
    Homes,
    Addressees,
}

fn join(lines: Vec<Line>, part: Part) -> Vec<Line> {
    let mut joined: Vec<Line> = Vec::new();
    for line in lines {
        match joined.iter_mut().find(|other| may_join(other, &line, part)) {
            Some(other) => {
                other.levels.extend(line.levels);
                other.sensitivities.extend(line.sensitivities);
                other.homes.extend(line.homes);
                other.addressees.extend(line.addressees);
                other.questions += line.questions;
                for (column, cell) in line.cells {
                    other.cells.entry(column).or_default().join(cell);
                }
            }
            None => joined.push(line),
        }
    }
    joined
}

/// Whether two lines differ in this part alone and say the same. Where a column occurs in one only,
/// it takes nothing away from the other.
fn may_join(one: &Line, other: &Line, part: Part) -> bool {
    let same = |of: Part, equal: bool| of == part || equal;
    let unnamed = |line: &Line| {
        let homes = line.homes.iter();
        let addressees = line.addressees.iter().flatten();
        homes.chain(addressees).all(|place| place.node.is_none())
    };
    let cells_agree = || {
        let shared = one
            .cells
            .iter()
            .filter_map(|(column, cell)| other.cells.get(column).map(|other| (cell, other)));
        shared
            .into_iter()
            .all(|(one, other)| one.says() == other.says())
    };
    let folds_places = matches!(part, Part::Homes | Part::Addressees);
    same(Part::Levels, one.levels == other.levels)
        && same(
            Part::Sensitivities,
            one.sensitivities == other.sensitivities,
        )
        && same(Part::Homes, one.homes == other.homes)
        && same(Part::Addressees, one.addressees == other.addressees)
        && (!folds_places || unnamed(one) && unnamed(other))
        && cells_agree()
}

impl Cell {
    /// Adds the answer to one question, with the rules that decide it.
    fn enter(&mut self, row: &Row, allowed: bool, rules: Vec<RuleId>) {
        match row.question {
            Question::Flow => {
                self.holds |= allowed;
                self.rules.extend(rules);
            }
            Question::Author => self.writes |= allowed,
            Question::Regrade => self.regrades |= allowed,
            Question::Read(role) if allowed => {
                self.readers.insert(role);
                self.reading.extend(rules);
            }
            Question::Export(role) if allowed => {
                self.exporters.insert(role);
                self.exporting.extend(rules);
            }
            Question::Read(_) | Question::Export(_) => {}
        }
    }

    /// Adds the rules of another that says the same; a cell that is not there yet becomes the other.
    pub(crate) fn join(&mut self, mut other: Self) {
        other.rules.append(&mut self.rules);
        other.reading.append(&mut self.reading);
        other.exporting.append(&mut self.exporting);
        other.mixed |= self.mixed;
        *self = other;
    }

    /// What may be done, whatever rules say so.
    pub(crate) fn says(&self) -> (bool, bool, bool, &BTreeSet<Name>, &BTreeSet<Name>) {
        (
            self.holds,
            self.writes,
            self.regrades,
            &self.readers,
            &self.exporters,
        )
    }
}

impl Column {
    /// Its heading.
    pub fn title(&self) -> Title {
        let to_home = self.to_home.title();
        let mut title = Title {
            zh: to_home.zh,
            en: to_home.en,
        };
        if let Some(to_addressee) = self.to_addressee.map(Relation::title) {
            title.zh = format!("{}（{}）", title.zh, to_addressee.zh);
            title.en = format!("{} ({})", title.en, to_addressee.en);
        }
        if let Some(node) = self.node {
            title.zh = format!("{node} {}", title.zh);
            title.en = format!("{node} {}", title.en);
        }
        title
    }
}

impl Place {
    /// In words; a node by its code.
    pub fn title(&self) -> Title {
        let zh = match (self.node, self.tier) {
            (Some(node), _) => node.to_string(),
            (None, Tier::County) => "县".to_owned(),
            (None, Tier::Township) => "镇".to_owned(),
            (None, Tier::Village) => "村".to_owned(),
        };
        let en = self.to_string();
        Title { zh, en }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.node {
            Some(node) => node.fmt(f),
            None => f.write_str(tier_name(self.tier)),
        }
    }
}
