//! What is measured at the topmost node of a mesh, and how it is carried on to more work.

use std::collections::BTreeMap;

use crdt_model::ids::Name;

use crate::places::tier;
use crate::scenarios::Account;

/// What the topmost node of a mesh holds after a year, and what came to it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Figures {
    /// Links that it has.
    pub links: usize,
    /// Facets that it holds, by name.
    pub facets: BTreeMap<Name, usize>,
    /// Bytes of its store on disk.
    pub disk_bytes: u64,
    /// Bytes of memory of its engine.
    pub memory_bytes: u64,
    /// Bytes that were sent to it in the year.
    pub came_bytes: u64,
    /// The most that were sent to it in a day.
    pub came_bytes_a_day: u64,
}

impl Figures {
    /// What was measured in a story.
    pub fn of(account: &Account) -> Self {
        let mut holdings = account.holdings.iter();
        let Some(top) = holdings.find(|holding| tier(holding.node) == 0) else {
            return Self::default();
        };
        Self {
            links: top.links,
            facets: top.facets.clone(),
            disk_bytes: top.disk_bytes,
            memory_bytes: top.memory_bytes as u64,
            came_bytes: account.chronicle.traffic.into_county(),
            came_bytes_a_day: account.chronicle.peak_into_county(),
        }
    }

    /// Facets of one name.
    pub fn of_facet(&self, name: Name) -> usize {
        self.facets.get(&name).copied().unwrap_or(0)
    }

    /// All facets.
    pub fn all_facets(&self) -> usize {
        self.facets.values().sum()
    }

    /// One figure carried on in a straight line, over the facets held, from two measurements.
    pub fn carried_on(&self, halved: &Self, facets: usize, figure: fn(&Self) -> u64) -> f64 {
        let (x1, x2) = (halved.all_facets() as f64, self.all_facets() as f64);
        let (y1, y2) = (figure(halved) as f64, figure(self) as f64);
        let slope = (y2 - y1) / (x2 - x1).max(1.0);
        y2 + slope * (facets as f64 - x2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_carried_on_in_a_straight_line() {
        let name = Name::new("case.summary").expect("a name");
        let measured = |facets, disk_bytes| Figures {
            facets: BTreeMap::from([(name, facets)]),
            disk_bytes,
            ..Figures::default()
        };
        let (half, whole) = (measured(100, 1_050), measured(200, 2_050));
        let disk = whole.carried_on(&half, 1_000, |figures| figures.disk_bytes);
        assert!((disk - 10_050.0).abs() < 1e-6);
    }
}
