use crdt_model::draft::Draft;

use super::*;
use crate::report::period::Cadence;

fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

fn cell(name: &str, numerator: Option<i64>, denominator: Option<i64>) -> Cell {
    Cell {
        cell: name.to_owned(),
        numerator,
        denominator,
    }
}

fn listed(first: Date, codes: &[&str]) -> Listed {
    Listed {
        first,
        measure: name("reports"),
        codes: codes.iter().map(|code| (*code).to_owned()).collect(),
    }
}

fn snapshot(month: &str, cells: Vec<Cell>, counted: &[&str]) -> Snapshot {
    let first: Date = format!("{month}-01").parse().expect("a day");
    let period = Period::with(Cadence::Month, first);
    Snapshot {
        node: "620723000000".parse().expect("a code"),
        period,
        role: name("leader"),
        taken: WallTime::from_ms(u64::try_from(period.until_ms()).expect("after 1970")),
        charter: CharterVersion(1),
        expected: 84,
        heard: 83,
        figures: vec![Taken {
            measure: name("reports"),
            definition: "ab".to_owned(),
            cells,
        }],
        corrected: Vec::new(),
        counted: vec![listed(first, counted)],
        late: Vec::new(),
        gone: Vec::new(),
    }
}

/// The texts of a facet's fields, as they would be written and read again.
fn texts(drafts: &[Draft], facet: &str) -> usize {
    let drafts = drafts
        .iter()
        .filter(|draft| draft.facet.facet == name(facet));
    drafts.map(|draft| draft.fields.len()).sum()
}

#[test]
fn a_month_of_the_whole_county_fits_into_commits() {
    let codes: Vec<String> = (0..9_300)
        .map(|n| format!("101201-{n:04}-AAAA-0"))
        .collect();
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    let large = snapshot("2026-10", vec![cell("all", Some(9_300), None)], &codes);
    let drafts = drafts(&large).expect("drafts");
    for draft in &drafts {
        let bytes = draft.fields.values().map(|value| match value {
            Some(crdt_model::value::Value::Text(text)) => text.len(),
            _ => 8,
        });
        assert!(bytes.sum::<usize>() < 62 * 1024);
    }
    assert!(texts(&drafts, RECORDS) > 4, "it is more than one commit");
    assert_eq!(texts(&drafts, FIGURES), 10);
}

#[test]
fn a_snapshot_stands_at_one_place_for_a_period_a_role_and_a_node() {
    let one = snapshot("2026-10", Vec::new(), &[]);
    let at = |node, period, role| facet(FIGURES, node, period, role).expect("a facet").record;
    let same = at(one.node, one.period, one.role);
    assert_eq!(at(one.node, one.period, one.role), same);
    let other = "620723101000".parse().expect("a code");
    let quarter = Period::with(Cadence::Quarter, one.period.first);
    assert_ne!(at(other, one.period, one.role), same);
    assert_ne!(at(one.node, quarter, one.role), same);
    assert_ne!(at(one.node, one.period, name("clerk")), same);
}

#[test]
fn what_came_in_late_is_said_once_and_what_went_is_said_too() {
    let first: Date = "2026-09-01".parse().expect("a day");
    let september = snapshot(
        "2026-09",
        vec![cell("water", Some(2), Some(2))],
        &["a", "b"],
    );
    let now = |cells, codes: &[&str], known: &Known| {
        let taken = Taken {
            measure: name("reports"),
            definition: "ab".to_owned(),
            cells,
        };
        let codes = codes.iter().map(|code| (*code).to_owned()).collect();
        let mut changed = Changed::default();
        assert!(known.has(first, name("reports"), "ab"));
        assert!(!known.has(first, name("reports"), "cd"));
        known.compare(first, &taken, &codes, &mut changed);
        changed
    };
    let known = Known::of(vec![september.clone()]);
    let same = now(vec![cell("water", Some(2), Some(2))], &["a", "b"], &known);
    assert_eq!(same, Changed::default());
    let changed = now(vec![cell("land", Some(2), Some(2))], &["b", "c"], &known);
    assert_eq!(changed.late, [listed(first, &["c"])]);
    assert_eq!(changed.gone, [listed(first, &["a"])]);
    let cells: Vec<Cell> = changed
        .corrected
        .iter()
        .map(|one| one.cell.clone())
        .collect();
    let gone = cell("water", Some(0), Some(0));
    assert_eq!(cells, [cell("land", Some(2), Some(2)), gone]);
    let october = Snapshot {
        corrected: changed.corrected,
        late: changed.late,
        gone: changed.gone,
        ..snapshot("2026-10", Vec::new(), &[])
    };
    let known = Known::of(vec![october, september]);
    let again = now(vec![cell("land", Some(2), Some(2))], &["b", "c"], &known);
    assert_eq!(again, Changed::default());
}
