//! How a province is made up: 86 counties, 1,200 townships, 16,000 villages, as many as Gansu has
//! within a few in a hundred. Their codes are invented, and their sizes drawn.

use crdt_model::ids::NodeId;

use crate::places::Places;
use crate::seed::Seed;

/// Counties of the province.
pub const COUNTIES: usize = 86;
/// Townships of all counties.
pub const TOWNSHIPS: usize = 1_200;
/// Villages of all townships.
pub const VILLAGES: usize = 16_000;

/// The two digits that all codes of the province begin with.
const PROVINCE: u64 = 62;
/// Townships that each county has, and villages that each township has, at least.
const AT_LEAST: usize = 4;

/// The numbers of villages of one county, township by township.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shape {
    /// Which county of the province, from 1 on.
    pub number: u64,
    /// Villages of each township.
    pub villages: Vec<usize>,
}

impl Shape {
    /// Its nodes in its own mesh.
    pub fn places(&self) -> Places {
        Places::shaped(code(self.number * 1_000_000), &self.villages)
    }

    /// All its villages.
    pub fn villages(&self) -> usize {
        self.villages.iter().sum()
    }

    /// The node that it runs in the federation.
    pub fn in_federation(&self) -> NodeId {
        code(self.number * 1_000)
    }
}

/// The nodes of the federation: the province, and one for each county, in the place of townships.
pub fn federation() -> Places {
    Places::shaped(code(0), &[0; COUNTIES])
}

/// The counties of a seed, the smallest first.
pub fn counties(seed: u64) -> Vec<Shape> {
    let mut chance = Seed::split(seed, "province", &[]);
    let of_counties = shared(&mut chance, TOWNSHIPS, COUNTIES);
    let mut of_townships = shared(&mut chance, VILLAGES, TOWNSHIPS).into_iter();
    let mut shapes: Vec<_> = of_counties
        .into_iter()
        .zip(1..)
        .map(|(townships, number)| Shape {
            number,
            villages: of_townships.by_ref().take(townships).collect(),
        })
        .collect();
    shapes.sort_by_key(|shape| (shape.villages(), shape.number));
    shapes
}

/// Shares out `all` things, at least [`AT_LEAST`] to each; some are given up to five times as many
/// of the rest as others.
fn shared(chance: &mut Seed, all: usize, among: usize) -> Vec<usize> {
    let weights: Vec<usize> = (0..among)
        .flat_map(|at| vec![at; 1 + chance.below(5)])
        .collect();
    let mut shares = vec![AT_LEAST; among];
    for _ in AT_LEAST * among..all {
        let to = chance.pick(&weights).and_then(|at| shares.get_mut(*at));
        if let Some(share) = to {
            *share += 1;
        }
    }
    shares
}

fn code(within: u64) -> NodeId {
    let code = PROVINCE * 10_000_000_000 + within;
    format!("{code:012}").parse().expect("twelve digits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_province_has_all_its_counties_townships_and_villages() {
        let counties = counties(1);
        assert_eq!(counties.len(), COUNTIES);
        let townships = counties.iter().map(|county| county.villages.len());
        assert_eq!(townships.sum::<usize>(), TOWNSHIPS);
        assert_eq!(
            counties.iter().map(Shape::villages).sum::<usize>(),
            VILLAGES
        );
        for county in &counties {
            let nodes = 1 + county.villages.len() + county.villages();
            assert_eq!(county.places().nodes().len(), nodes);
        }
    }

    #[test]
    fn every_county_has_a_node_of_its_own_in_the_federation() {
        let federation = federation();
        assert_eq!(federation.nodes().len(), 1 + COUNTIES);
        for county in counties(1) {
            assert!(federation.townships().contains(&county.in_federation()));
        }
    }
}
