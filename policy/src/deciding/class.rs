//! Symmetry classes. A decision depends on the nodes in it only through their tiers and through
//! which of their paths coincide: two villages of one township look alike to every rule that does
//! not name one of them. A class is what is left when that is taken out, and a few thousand classes
//! stand for millions of questions.
//!
//! Walk the paths of the asking node, of home and of the addressee, in this order; number townships
//! and villages by their first occurrence; keep those that a rule names. Equal keys, equal answers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crdt_model::charter::Roster;
use crdt_model::ids::{Name, NodeId};
use crdt_model::kind::Kinds;
use crdt_model::label::Label;

use crate::deciding::question::Question;

/// A township or village, as far as rules can tell it from others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Spot {
    /// The first, second or third one met on the walk.
    Met(u8),
    /// One that a rule names, or that has such a village.
    Named(NodeId),
}

/// A node's path below the county.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Place {
    township: Option<Spot>,
    village: Option<Spot>,
}

/// How the asking node, home and the addressee stand to each other, as far as rules can tell.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Arrangement {
    node: Place,
    home: Place,
    addressee: Place,
}

/// All questions that must get one answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Class {
    question: Question,
    facet: Name,
    grade: (Name, Name),
    arrangement: Arrangement,
}

/// Nodes that rules can tell from their like.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Named(BTreeSet<NodeId>);

impl Named {
    /// The nodes that rules name, with their townships: a township is told from others by a village
    /// that is.
    pub(crate) fn new(nodes: &BTreeSet<NodeId>) -> Self {
        let townships = nodes.iter().filter_map(|node| node.township());
        Self(nodes.iter().copied().chain(townships).collect())
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.0.iter().copied()
    }

    /// Adds more of them.
    pub(crate) fn extend(&mut self, nodes: impl IntoIterator<Item = NodeId>) {
        self.0.extend(nodes);
    }

    /// Whether it is one of them.
    pub(crate) fn contains(&self, node: NodeId) -> bool {
        self.0.contains(&node)
    }
}

/// Numbers townships and villages as they are met.
struct Walk<'a> {
    named: &'a Named,
    met: Vec<NodeId>,
}

impl Walk<'_> {
    fn spot(&mut self, node: NodeId) -> Spot {
        if self.named.0.contains(&node) {
            return Spot::Named(node);
        }
        let position = self
            .met
            .iter()
            .position(|met| *met == node)
            .unwrap_or_else(|| {
                self.met.push(node);
                self.met.len() - 1
            });
        Spot::Met(u8::try_from(position).unwrap_or(u8::MAX))
    }

    fn place(&mut self, node: NodeId) -> Place {
        let township = node.township();
        Place {
            township: township.map(|township| self.spot(township)),
            village: (Some(node) != township && node != node.county()).then(|| self.spot(node)),
        }
    }
}

impl Arrangement {
    /// How these nodes stand to each other.
    pub(crate) fn of(node: NodeId, home: NodeId, addressee: NodeId, named: &Named) -> Self {
        let mut walk = Walk {
            named,
            met: Vec::with_capacity(6),
        };
        Self {
            node: walk.place(node),
            home: walk.place(home),
            addressee: walk.place(addressee),
        }
    }
}

impl Class {
    /// The class of a question.
    pub(crate) fn of(question: Question, label: &Label, node: NodeId, named: &Named) -> Self {
        Self {
            question,
            facet: label.facet,
            grade: (label.grade.sensitivity, label.grade.level),
            arrangement: Arrangement::of(node, label.home, label.addressee, named),
        }
    }

    /// What is asked.
    pub fn question(&self) -> Question {
        self.question
    }

    /// The facet that it is about.
    pub fn facet(&self) -> Name {
        self.facet
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spot = |f: &mut fmt::Formatter<'_>, spot: Option<Spot>| match spot {
            None => Ok(()),
            Some(Spot::Met(number)) => write!(f, "/{number}"),
            Some(Spot::Named(node)) => write!(f, "/{node}"),
        };
        f.write_str("county")?;
        spot(f, self.township)?;
        spot(f, self.village)
    }
}

impl fmt::Display for Arrangement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            node,
            home,
            addressee,
        } = self;
        write!(f, "node {node} home {home} addressee {addressee}")
    }
}

/// One line of the canonical text that the digest of all decisions is taken over.
impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sensitivity, level) = self.grade;
        write!(
            f,
            "{} of {} {sensitivity} {level}: {}",
            self.question, self.facet, self.arrangement
        )
    }
}

/// One question of a class, with nodes of the roster.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Example {
    /// The label.
    pub label: Label,
    /// The node that asks, or where the person sits.
    pub node: NodeId,
}

/// Every class of one question that the roster has a case of, each with an example.
pub(crate) fn classes(
    question: Question,
    kinds: &Kinds,
    roster: &Roster,
    named: &Named,
) -> BTreeMap<Class, Example> {
    let nodes = representatives(roster, named);
    let mut classes = BTreeMap::new();
    for facet in kinds.iter().flat_map(|kind| &kind.facets) {
        for label in labels_over(facet, &nodes) {
            for node in &nodes {
                let class = Class::of(question, &label, *node, named);
                classes
                    .entry(class)
                    .or_insert(Example { label, node: *node });
            }
        }
    }
    classes
}

/// Every label that a facet can have over these nodes.
pub(crate) fn labels_over<'a>(
    facet: &'a crdt_model::kind::Facet,
    nodes: &'a [NodeId],
) -> impl Iterator<Item = Label> + 'a {
    facet.grades().flat_map(move |grade| {
        nodes.iter().flat_map(move |home| {
            let only_home = (!facet.addressed).then_some(*home);
            let anyone = if facet.addressed { nodes } else { &[] };
            let addressees = only_home.into_iter().chain(anyone.iter().copied());
            addressees.map(move |addressee| Label {
                facet: facet.name,
                home: *home,
                addressee,
                grade,
            })
        })
    })
}

/// Nodes among which every pattern of three occurs that occurs in the roster: the county, all named
/// nodes, and of the others three villages in each of three townships, where there are so many.
/// Townships with more villages come first, so that no pattern is missed where some have few.
fn representatives(roster: &Roster, named: &Named) -> Vec<NodeId> {
    let mut villages: BTreeMap<NodeId, Vec<NodeId>> = BTreeMap::new();
    let mut chosen = BTreeSet::new();
    for member in roster.members() {
        match member.node.township() {
            None => drop(chosen.insert(member.node)),
            Some(township) => {
                let of_township = villages.entry(township).or_default();
                if township != member.node {
                    of_township.push(member.node);
                }
            }
        }
    }
    let mut townships: Vec<_> = villages.into_iter().collect();
    townships.sort_by_key(|(_, villages)| std::cmp::Reverse(villages.len()));
    let mut alike = 0;
    for (township, villages) in townships {
        let is_named = named.0.contains(&township);
        if !is_named {
            alike += 1;
        }
        if is_named || alike <= 3 {
            chosen.insert(township);
            let (kept, others): (Vec<_>, Vec<_>) = villages
                .into_iter()
                .partition(|village| named.0.contains(village));
            chosen.extend(kept);
            chosen.extend(others.into_iter().take(3));
        }
    }
    chosen.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use crdt_model::charter::{Member, Standing, Tier};
    use crdt_model::ids::PublicKey;

    use crdt_model::label::Grade;

    use super::*;

    fn node(code: u64) -> NodeId {
        NodeId::from_code(code).expect("a code")
    }

    fn name(text: &str) -> Name {
        Name::new(text).expect("a name")
    }

    fn member(code: u64) -> Member {
        let node = node(code);
        let tier = match (node.parent(), node.township()) {
            (None, _) => Tier::County,
            (_, township) if township == Some(node) => Tier::Township,
            _ => Tier::Village,
        };
        let mut key = [0; 32];
        key[..8].copy_from_slice(&code.to_be_bytes());
        Member {
            node,
            name: String::new(),
            tier,
            parent: node.parent(),
            key: PublicKey(key),
            addresses: Vec::new(),
            standing: Standing::Active,
        }
    }

    fn named(codes: &[u64]) -> Named {
        Named::new(&codes.iter().copied().map(node).collect())
    }

    #[test]
    fn townships_and_villages_are_numbered_as_they_are_met_and_named_ones_keep_their_code() {
        let county = 620_723_000_000;
        let [town, village, sibling] = [101_000, 101_201, 101_202].map(|below| county + below);
        let [far_town, far] = [102_000, 102_201].map(|below| county + below);
        let named = named(&[far]);
        for (asks, home, addressee, text) in [
            (county, county, county, ["county", "county", "county"]),
            (town, town, county, ["county/0", "county/0", "county"]),
            (
                village,
                sibling,
                town,
                ["county/0/1", "county/0/2", "county/0"],
            ),
            (
                county,
                sibling,
                village,
                ["county", "county/0/1", "county/0/2"],
            ),
            (
                far,
                village,
                far_town,
                [
                    "county/620723102000/620723102201",
                    "county/0/1",
                    "county/620723102000",
                ],
            ),
        ] {
            let label = Label {
                facet: name("case.summary"),
                home: node(home),
                addressee: node(addressee),
                grade: Grade {
                    sensitivity: name("normal"),
                    level: name("village"),
                },
            };
            let clerk = Question::Read(name("clerk"));
            let class = Class::of(clerk, &label, node(asks), &named);
            let [asks, home, addressee] = text;
            assert_eq!(
                class.to_string(),
                format!(
                    "read as clerk of case.summary normal village: \
                     node {asks} home {home} addressee {addressee}"
                )
            );
            assert_eq!(class.question(), clerk);
            assert_eq!(class.facet(), label.facet);
        }
    }

    #[test]
    fn three_townships_with_three_villages_and_all_that_rules_name_represent_the_county() {
        let county = 620_723_000_000;
        // Township 1 has one village, 2 has two, and so on.
        let town = |number: u64| county + number * 1000;
        let village = |number: u64, count: u64| town(number) + 200 + count;
        let towns = 101..=106;
        let villages = |number: u64| (1..=number - 100).map(move |count| village(number, count));
        let codes = std::iter::once(county)
            .chain(towns.clone().map(town))
            .chain(towns.flat_map(villages));
        let roster = Roster::new(codes.map(member).collect()).expect("a tree");
        let mut expected: BTreeSet<NodeId> = [county].map(node).into();
        for number in [104, 105, 106] {
            expected.insert(node(town(number)));
            expected.extend((1..=3).map(|count| node(village(number, count))));
        }
        let all_alike = representatives(&roster, &Named::default());
        assert_eq!(BTreeSet::from_iter(all_alike), expected);

        // Named ones come on top, and count for none of the three.
        let named = named(&[village(105, 5), town(101)]);
        expected.extend([village(105, 5), town(101), village(101, 1)].map(node));
        expected.insert(node(town(103)));
        expected.extend((1..=3).map(|count| node(village(103, count))));
        let found = representatives(&roster, &named);
        assert_eq!(BTreeSet::from_iter(found), expected);
    }
}
