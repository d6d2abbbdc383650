//! What is known of earlier periods: what their snapshots say, and how later ones corrected it.

use std::collections::{BTreeMap, BTreeSet};

use crdt_model::ids::Name;
use jiff::civil::Date;

use super::{Corrected, Listed, Snapshot, Taken};
use node_readmodel::measure::Cell;

/// See the module.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Known {
    /// Numbers, by period, measure and cell.
    cells: BTreeMap<(Date, Name), BTreeMap<String, Cell>>,
    /// The codes that are counted, by period and measure.
    codes: BTreeMap<(Date, Name), BTreeSet<String>>,
    /// The definition that a measure of a period had.
    definitions: BTreeMap<(Date, Name), String>,
}

/// What is said of earlier periods now that was not said before.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Changed {
    /// Numbers that are others now.
    pub corrected: Vec<Corrected>,
    /// Records that came in late.
    pub late: Vec<Listed>,
    /// Records that are counted no more.
    pub gone: Vec<Listed>,
}

impl Known {
    /// What these say together, in the order in which they were taken.
    pub fn of(mut snapshots: Vec<Snapshot>) -> Self {
        snapshots.sort_by_key(|one| (one.taken, one.period.first));
        let mut known = Self::default();
        for snapshot in snapshots {
            let first = snapshot.period.first;
            for taken in snapshot.figures {
                let of = (first, taken.measure);
                known.definitions.insert(of, taken.definition);
                let cells = taken.cells.into_iter();
                let cells = cells.map(|cell| (cell.cell.clone(), cell));
                known.cells.insert(of, cells.collect());
            }
            for one in snapshot.corrected {
                let cells = known.cells.entry((one.first, one.measure)).or_default();
                cells.insert(one.cell.cell.clone(), one.cell);
            }
            for one in snapshot.counted.into_iter().chain(snapshot.late) {
                let codes = known.codes.entry((one.first, one.measure)).or_default();
                codes.extend(one.codes);
            }
            for one in snapshot.gone {
                let codes = known.codes.entry((one.first, one.measure)).or_default();
                codes.retain(|code| !one.codes.contains(code));
            }
        }
        known
    }

    /// Whether a period's figure follows the same definition: others are not compared.
    pub fn has(&self, first: Date, measure: Name, definition: &str) -> bool {
        let known = self.definitions.get(&(first, measure));
        known.is_some_and(|known| known == definition)
    }

    /// How a period's figure, and the records that it counts, differ from what is known of them.
    pub fn compare(
        &self,
        first: Date,
        now: &Taken,
        counted: &BTreeSet<String>,
        changed: &mut Changed,
    ) {
        let measure = now.measure;
        let nothing = (BTreeMap::new(), BTreeSet::new());
        let cells = self.cells.get(&(first, measure)).unwrap_or(&nothing.0);
        let codes = self.codes.get(&(first, measure)).unwrap_or(&nothing.1);
        let corrected = |cell: Cell| Corrected {
            first,
            measure,
            cell,
        };
        for cell in &now.cells {
            if cells.get(&cell.cell) != Some(cell) {
                changed.corrected.push(corrected(cell.clone()));
            }
        }
        for (name, cell) in cells {
            let there = now.cells.iter().any(|one| one.cell == *name);
            let none = Cell {
                cell: name.clone(),
                numerator: Some(0),
                denominator: cell.denominator.map(|_| 0),
            };
            if !there && none != *cell {
                changed.corrected.push(corrected(none));
            }
        }
        let listed = |codes: BTreeSet<String>| Listed {
            first,
            measure,
            codes,
        };
        let late: BTreeSet<String> = counted.difference(codes).cloned().collect();
        let gone: BTreeSet<String> = codes.difference(counted).cloned().collect();
        if !late.is_empty() {
            changed.late.push(listed(late));
        }
        if !gone.is_empty() {
            changed.gone.push(listed(gone));
        }
    }
}
