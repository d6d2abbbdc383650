//! What a charter is to allow, drawn from a seed: for every facet and relation the level from which
//! on it holds. The rules and the table of permissions are both made of this, and neither of the
//! other.
//!
//! What is drawn keeps to three things. A higher level never narrows. Nobody writes or grades what
//! they may not hold. Every audience hangs together over the links: village to township, township
//! to county, village to county.

use std::collections::{BTreeMap, BTreeSet};

use crdt_model::charter::Standing;
use crdt_model::ids::{Name, NodeId};
use crdt_model::label::Grade;

use super::permissions::{Permissions, Relation, Rights, Table};
use crate::seed::Seed;

/// Levels, from the lowest to the highest.
pub const LEVELS: [&str; 3] = ["village", "township", "county"];
/// Sensitivities, from the widest audience to the narrowest.
pub const SENSITIVITIES: [&str; 2] = ["normal", "restricted"];

/// What stands in for a level that is never reached.
pub(super) const NEVER: usize = LEVELS.len();

const KINDS: [&str; 5] = ["case", "field", "grid", "road", "well"];
const FACETS: [&str; 5] = ["answer", "detail", "order", "people", "summary"];

/// What is asked about a facet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Right {
    Flow,
    Author,
    Regrade,
}

impl Right {
    pub(super) const ALL: [Self; 3] = [Self::Flow, Self::Author, Self::Regrade];
}

/// From which level on something holds, by sensitivity. The second is never the lower.
type Since = [usize; 2];

/// One facet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Facet {
    pub(super) name: Name,
    pub(super) addressed: bool,
    /// Whether what is restricted is narrowed by a forbid; by permits that test it otherwise.
    pub(super) guarded: bool,
    /// A village that has no right to the facet where it is not home.
    pub(super) barred: Option<NodeId>,
    since: BTreeMap<(Right, Relation), Since>,
}

/// One kind with its facets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Kind {
    pub(super) name: Name,
    pub(super) facets: Vec<Facet>,
}

/// What a charter is to allow.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Drawn {
    pub(super) kinds: Vec<Kind>,
    /// The facet that flows everywhere in an emergency, but for what is restricted.
    pub(super) emergency: Option<Name>,
}

impl Facet {
    /// From which level on nodes in this relation have this right.
    pub(super) fn since(&self, right: Right, relation: Relation, sensitivity: usize) -> usize {
        if relation == Relation::Home {
            return 0;
        }
        let since = self.since.get(&(right, relation));
        *since
            .and_then(|since| since.get(sensitivity))
            .unwrap_or(&NEVER)
    }

    /// Every relation that the facet can have a node in, but home.
    pub(super) fn relations(&self) -> impl Iterator<Item = Relation> {
        let of_addressee = [
            Relation::Addressee,
            Relation::AboveAddressee,
            Relation::BelowAddressee,
        ];
        let addressed = self.addressed;
        Relation::ALL.into_iter().filter(move |relation| {
            *relation != Relation::Home && (addressed || !of_addressee.contains(relation))
        })
    }

    fn draw(name: Name, villages: &[NodeId], seed: &mut Seed) -> Self {
        let mut facet = Self {
            name,
            addressed: seed.percent(45),
            guarded: seed.percent(60),
            barred: None,
            since: BTreeMap::new(),
        };
        if seed.percent(25) {
            facet.barred = seed.pick(villages).copied();
        }
        for right in Right::ALL {
            for relation in facet.relations().collect::<Vec<_>>() {
                facet.draw_since(right, relation, seed);
            }
        }
        facet
    }

    fn draw_since(&mut self, right: Right, relation: Relation, seed: &mut Seed) {
        let percent = match (right, relation) {
            (Right::Flow, Relation::Parent | Relation::County | Relation::Addressee) => 70,
            (Right::Flow, Relation::Below | Relation::AboveAddressee) => 50,
            (Right::Flow, _) => 30,
            (Right::Author, _) => 35,
            (Right::Regrade, _) => 20,
        };
        let mut level = || match seed.percent(percent) {
            true => *seed.pick(&[0, 0, 1, 2]).unwrap_or(&0),
            false => NEVER,
        };
        let normal = level();
        let restricted = if seed.percent(40) {
            normal
        } else {
            seed.below(NEVER + 1)
        };
        self.since.insert((right, relation), [normal, restricted]);
    }

    /// Takes away what would not keep to what the module says.
    fn settle(&mut self, through_townships: bool) {
        for sensitivity in 0..SENSITIVITIES.len() {
            self.order(sensitivity);
            self.connect(sensitivity, through_townships);
        }
        for right in [Right::Author, Right::Regrade] {
            for relation in self.relations().collect::<Vec<_>>() {
                for sensitivity in 0..SENSITIVITIES.len() {
                    let held = self.since(Right::Flow, relation, sensitivity);
                    self.raise(right, relation, sensitivity, held);
                }
            }
        }
    }

    /// What is restricted reaches nobody sooner than what is not.
    fn order(&mut self, sensitivity: usize) {
        for right in Right::ALL {
            for relation in self.relations().collect::<Vec<_>>() {
                let normal = self.since(right, relation, 0);
                self.raise(right, relation, sensitivity, normal);
            }
        }
    }

    /// Home's township, the county and whatever lies below home have a link with home. Villages
    /// beside home have one with both of the former; all others are reached through the county.
    fn connect(&mut self, sensitivity: usize, through_townships: bool) {
        let county = self.since(Right::Flow, Relation::County, sensitivity);
        let beside = match through_townships {
            true => county.min(self.since(Right::Flow, Relation::Parent, sensitivity)),
            false => county,
        };
        for relation in self.relations().collect::<Vec<_>>() {
            let first = match relation {
                Relation::Home | Relation::Parent | Relation::County | Relation::Below => 0,
                Relation::Sibling => beside,
                _ => county,
            };
            self.raise(Right::Flow, relation, sensitivity, first);
        }
    }

    fn raise(&mut self, right: Right, relation: Relation, sensitivity: usize, least: usize) {
        let since = self.since.entry((right, relation)).or_insert([NEVER; 2]);
        if let Some(level) = since.get_mut(sensitivity) {
            *level = least.max(*level);
        }
    }
}

impl Drawn {
    /// Draws kinds, facets and who may do what with them.
    pub(super) fn draw(nodes: &[NodeId], seed: &mut Seed) -> Self {
        let villages: Vec<NodeId> = nodes
            .iter()
            .copied()
            .filter(|node| Some(*node) != node.township() && node.parent().is_some())
            .collect();
        let kinds = some(&KINDS, seed)
            .into_iter()
            .map(|kind| Kind {
                name: name(kind),
                facets: some(&FACETS, seed)
                    .into_iter()
                    .map(|facet| Facet::draw(name(&format!("{kind}.{facet}")), &villages, seed))
                    .collect(),
            })
            .collect();
        let mut drawn = Self {
            kinds,
            emergency: None,
        };
        if let Some(facet) = drawn.facets_mut().next() {
            // So that something flows under every charter.
            for above in [Relation::Parent, Relation::County] {
                facet.since.insert((Right::Flow, above), [0, 1]);
            }
        }
        drawn.draw_emergency(seed);
        drawn.settled(true)
    }

    /// In two counties of three, something flows everywhere in an emergency.
    fn draw_emergency(&mut self, seed: &mut Seed) {
        let names: Vec<Name> = self.facets().map(|facet| facet.name).collect();
        self.emergency = seed.pick(&names).copied().filter(|_| seed.percent(67));
    }

    /// The same with some flows wider, some narrower, and some rights given and taken.
    pub(super) fn changed(&self, seed: &mut Seed) -> Self {
        let mut drawn = self.clone();
        for facet in drawn.facets_mut() {
            for right in Right::ALL {
                for relation in facet.relations().collect::<Vec<_>>() {
                    if seed.percent(25) {
                        facet.draw_since(right, relation, seed);
                    }
                }
            }
            facet.guarded ^= seed.percent(30);
        }
        if seed.percent(30) {
            drawn.draw_emergency(seed);
        }
        drawn.settled(true)
    }

    /// Everything flows everywhere, and everybody writes everything.
    pub(super) fn wide_open(&self) -> Self {
        let mut drawn = self.clone();
        for facet in drawn.facets_mut() {
            facet.barred = None;
            for right in Right::ALL {
                for relation in facet.relations().collect::<Vec<_>>() {
                    facet.since.insert((right, relation), [0; 2]);
                }
            }
        }
        drawn
    }

    /// The same, narrowed so that audiences hang together, through townships or without them.
    pub(super) fn settled(mut self, through_townships: bool) -> Self {
        for facet in self.facets_mut() {
            facet.settle(through_townships);
        }
        self
    }

    /// The same where only these nodes are listed: a rule may name no others.
    pub(super) fn over(mut self, nodes: &BTreeMap<NodeId, Standing>) -> Self {
        for facet in self.facets_mut() {
            facet.barred = facet.barred.filter(|node| nodes.contains_key(node));
        }
        self
    }

    /// All facets.
    pub(super) fn facets(&self) -> impl Iterator<Item = &Facet> {
        self.kinds.iter().flat_map(|kind| &kind.facets)
    }

    fn facets_mut(&mut self) -> impl Iterator<Item = &mut Facet> {
        self.kinds.iter_mut().flat_map(|kind| &mut kind.facets)
    }

    /// The table that this comes to over these nodes in an emergency, if it has rules for one.
    pub(super) fn in_emergency(&self, nodes: &BTreeMap<NodeId, Standing>) -> Option<Permissions> {
        let open = self.emergency?;
        let mut table = self.table();
        for ((facet, grade, _), rights) in &mut table.rows {
            let ordinary = Some(&grade.sensitivity.as_str()) == SENSITIVITIES.first();
            rights.flow |= *facet == open && ordinary;
        }
        Some(Permissions::of_table(nodes.clone(), table))
    }

    /// The table that this comes to over these nodes.
    pub(super) fn permissions(&self, nodes: BTreeMap<NodeId, Standing>) -> Permissions {
        Permissions::of_table(nodes, self.table())
    }

    fn table(&self) -> Table {
        let mut table = Table::default();
        for facet in self.facets() {
            if facet.addressed {
                table.addressed.insert(facet.name);
            }
            let barred = facet.barred.map(|node| (facet.name, node));
            table.barred.extend(barred);
            for relation in facet.relations().chain([Relation::Home]) {
                for (sensitivity, level, grade) in grades() {
                    let has = |right| facet.since(right, relation, sensitivity) <= level;
                    let rights = Rights {
                        flow: has(Right::Flow),
                        author: has(Right::Author),
                        regrade: has(Right::Regrade),
                    };
                    table.rows.insert((facet.name, grade, relation), rights);
                }
            }
        }
        table
    }
}

/// Every grade, with the positions of its sensitivity and level.
fn grades() -> impl Iterator<Item = (usize, usize, Grade)> {
    SENSITIVITIES
        .iter()
        .enumerate()
        .flat_map(|(at, sensitivity)| {
            LEVELS.iter().enumerate().map(move |(level_at, level)| {
                let grade = Grade {
                    sensitivity: name(sensitivity),
                    level: name(level),
                };
                (at, level_at, grade)
            })
        })
}

/// Two or three of these, in any order.
fn some<'a>(of: &[&'a str], seed: &mut Seed) -> BTreeSet<&'a str> {
    let wanted = 2 + seed.below(2);
    let mut chosen = BTreeSet::new();
    while chosen.len() < wanted.min(of.len()) {
        chosen.extend(seed.pick(of));
    }
    chosen
}

/// A name that stands in this program.
pub(super) fn name(text: &str) -> Name {
    // The words above, alone or two with a dot, are all names.
    Name::new(text).expect("a name")
}
