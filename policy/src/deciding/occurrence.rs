//! How often each arrangement of three nodes occurs in a roster: found by going through all triples
//! there are, so that whoever counts decisions counts every one.

use std::collections::BTreeMap;

use crdt_model::charter::{Audience, Roster};
use crdt_model::ids::NodeId;
use crdt_model::limits::ROSTER_NODES_MAX;

use crate::deciding::class::{Arrangement, Named};

/// How often an arrangement occurs in a roster.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Occurrence {
    /// The first triple that has it: who asks, home, addressee.
    pub example: [NodeId; 3],
    /// How many triples of listed nodes have it.
    pub triples: u64,
    /// Who asks in them.
    pub nodes: Audience,
    /// Whose records they ask about.
    pub homes: Audience,
}

impl Occurrence {
    /// Whether it is of labels that are meant for nobody but home.
    pub fn is_for_home(&self) -> bool {
        let [_, home, addressee] = self.example;
        home == addressee
    }
}

/// Every arrangement of three nodes of a roster, found by going through all triples there are; none
/// if there are more than `most`.
pub(crate) fn arrangements(
    roster: &Roster,
    named: &Named,
    most: usize,
) -> Option<BTreeMap<Arrangement, Occurrence>> {
    let paths: Vec<Path> = roster
        .members()
        .iter()
        .map(|member| Path::of(member.node, roster, named))
        .collect();
    let mut found: BTreeMap<u64, Occurrence> = BTreeMap::new();
    for (index, node) in paths.iter().enumerate() {
        for (home_index, home) in paths.iter().enumerate() {
            if found.len() > most {
                return None;
            }
            for addressee in &paths {
                let occurrence = found
                    .entry(code([node, home, addressee]))
                    .or_insert_with(|| Occurrence {
                        example: [node.node, home.node, addressee.node],
                        triples: 0,
                        nodes: Audience::default(),
                        homes: Audience::default(),
                    });
                occurrence.triples += 1;
                occurrence.nodes.insert(index);
                occurrence.homes.insert(home_index);
            }
        }
    }
    let arrangement = |occurrence: Occurrence| {
        let [node, home, addressee] = occurrence.example;
        (Arrangement::of(node, home, addressee, named), occurrence)
    };
    let few = found.len() <= most;
    few.then(|| found.into_values().map(arrangement).collect())
}

/// A node's path below the county by positions in the roster from 1, each with whether it is named.
struct Path {
    node: NodeId,
    spots: [Option<(u16, bool)>; 2],
}

impl Path {
    fn of(node: NodeId, roster: &Roster, named: &Named) -> Self {
        let spot = |node: NodeId| {
            let position = roster.index(node).unwrap_or(usize::MAX);
            (
                u16::try_from(position).unwrap_or(u16::MAX),
                named.contains(node),
            )
        };
        let township = node.township();
        let village = (Some(node) != township && node != node.county()).then_some(node);
        Self {
            node,
            spots: [township.map(spot), village.map(spot)],
        }
    }
}

/// What [`Arrangement::of`] says of a triple, as a number: ten bits for each township and village.
fn code(triple: [&Path; 3]) -> u64 {
    /// Numbers below are first, second … met, and none.
    const NAMED: u64 = 8;
    let (mut met, mut met_count, mut code) = ([0u16; 6], 0, 0);
    for spot in triple.into_iter().flat_map(|path| path.spots) {
        let digit = match spot {
            None => 0,
            Some((position, true)) => NAMED + u64::from(position),
            Some((position, false)) => {
                let known = met.iter().take(met_count).position(|met| *met == position);
                let number = known.unwrap_or(met_count);
                if let (None, Some(free)) = (known, met.get_mut(met_count)) {
                    *free = position;
                    met_count += 1;
                }
                1 + number as u64
            }
        };
        code = code << 10 | digit;
    }
    code
}

// A position in a roster, after the numbers of the met, fits ten bits.
const _: () = assert!(ROSTER_NODES_MAX + 8 < 1 << 10);
