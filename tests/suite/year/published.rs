//! The figures of the practice, as `docs/practice.md` has them.

use policy::CedarCharter;

use super::{Cells, Figures};

/// Numerator and denominator, by measure and cell; `*` is the sum of all cells.
const FIGURES: [(&str, &str, i64, Option<i64>); 31] = [
    ("reports", "*", 37_120, None),
    ("disputes", "*", 3_791, None),
    ("disputes-resolved", "all", 3_754, Some(3_791)),
    ("handoffs", "police", 490, Some(510)),
    ("handoffs", "court", 160, Some(260)),
    ("handoffs", "petition", 400, Some(430)),
    ("grids", "all", 180, None),
    ("posts", "grid-worker", 180, None),
    ("posts", "stability-worker", 71, None),
    ("posts", "judge", 35, None),
    ("posts", "prosecutor", 30, None),
    ("posts", "police", 28, None),
    ("posts", "lawyer", 28, None),
    ("posts", "committee-police", 37, None),
    ("teams", "brigade", 10, None),
    ("teams", "company", 75, None),
    ("teams", "squad", 721, None),
    ("teams", "combat-unit", 5, None),
    ("team-members", "response", 450, None),
    ("team-members", "patrol", 15, None),
    ("team-members", "emergency-unit", 110, None),
    ("team-members", "psychology", 497, None),
    ("devices", "camera", 2_236, None),
    ("devices", "site", 107, None),
    ("devices", "traffic", 233, None),
    ("devices", "checkpoint", 77, None),
    ("devices", "warning-system", 4, None),
    ("devices", "warning-terminal", 474, None),
    ("estates-covered", "all", 29, Some(30)),
    ("road-protection", "all", 78_700, None),
    ("legal-reviews", "*", 94, Some(102)),
];

/// Every published figure is among these, to the last one.
pub(super) fn assert_in(figures: &Figures) {
    for (measure, cell, numerator, denominator) in FIGURES {
        let cells = figures.get(measure).expect("a measure");
        let found = match cell {
            "*" => sum(cells),
            cell => cells.get(cell).copied().unwrap_or_default(),
        };
        assert_eq!(found, (Some(numerator), denominator), "{measure} {cell}");
    }
}

fn sum(cells: &Cells) -> (Option<i64>, Option<i64>) {
    let numerators = cells.values().map(|(numerator, _)| *numerator);
    let denominators = cells.values().map(|(_, denominator)| *denominator);
    (numerators.sum(), denominators.sum())
}

/// All figures, one a line.
pub(super) fn print(charter: &CedarCharter, figures: &Figures) {
    for measure in charter.measures() {
        for (cell, (numerator, denominator)) in &figures[measure.id.as_str()] {
            let numerator = numerator.map_or("small".to_owned(), |number| number.to_string());
            let of = denominator.map_or(String::new(), |of| format!(" of {of}"));
            println!("{} {cell}: {numerator}{of}", measure.title.en);
        }
    }
}
