//! The county's figures at real nodes: each counts what the node holds and the person may read.

use crdt_model::time::WallTime;
use node_app::use_cases::measure::{Figure, MeasureRequest};

use super::harness::{COUNTY, Mesh, TOWNSHIP, VILLAGE, dispute, grid_report, name};

fn measuring(measure: &str, from_ms: u64, until_ms: u64) -> MeasureRequest {
    MeasureRequest {
        measures: vec![name(measure)],
        from: WallTime::from_ms(from_ms),
        until: WallTime::from_ms(until_ms),
    }
}

pub(super) fn figure(mesh: &Mesh, code: &str, measure: &str, role: &str) -> Figure {
    let asked = measuring(measure, 1_789_000_000_000, 1_791_000_000_000);
    let mut figures = mesh.ask_as(code, role, &asked).expect("figures");
    figures.figures.remove(0)
}

fn numbers(figure: &Figure) -> Vec<(String, Option<i64>, Option<i64>)> {
    let cells = figure.cells.iter().map(|one| &one.cell);
    cells
        .map(|one| (one.cell.clone(), one.numerator, one.denominator))
        .collect()
}

#[test]
fn figures_have_their_two_numbers_and_count_what_a_person_may_read() {
    let mesh = Mesh::start(&[COUNTY, TOWNSHIP, VILLAGE]);
    let first = mesh.add(VILLAGE, dispute("EXAMPLE-1", "invented"));
    for number in 2..=4 {
        mesh.add(VILLAGE, dispute(&format!("EXAMPLE-{number}"), "invented"));
    }
    mesh.add(VILLAGE, grid_report("EXAMPLE-5", "invented"));
    // About the township's own office: a row for the county's leader alone.
    let mut complaint = dispute("EXAMPLE-6", "invented");
    for facet in &mut complaint {
        facet.sensitivity = Some(name("about-township"));
    }
    mesh.add(VILLAGE, complaint);
    for (field, value) in [
        ("step", "accepted"),
        ("step", "level-1"),
        ("outcome", "agreed-oral"),
        ("method", "talk"),
        ("step", "agreed"),
    ] {
        mesh.set(VILLAGE, first, &format!("case.summary.{field}"), value);
    }
    mesh.wait_for_facets(COUNTY, "case.summary", 5);
    let all = |numerator, of| vec![("all".to_owned(), Some(numerator), of)];
    mesh.wait_for(COUNTY, "the outcome", |_| {
        numbers(&figure(&mesh, COUNTY, "disputes-resolved", "leader")) == all(1, Some(5))
    });
    let clerk = figure(&mesh, COUNTY, "disputes-resolved", "clerk");
    assert_eq!(numbers(&clerk), all(1, Some(4)));
    assert!(clerk.left_out);
    let township = figure(&mesh, TOWNSHIP, "disputes-resolved", "leader");
    assert_eq!(numbers(&township), all(1, Some(4)));
    assert!(
        !township.left_out,
        "nothing is there that could be left out"
    );
    let reports = figure(&mesh, COUNTY, "reports", "clerk");
    assert_eq!(
        numbers(&reports),
        [("environment".to_owned(), Some(1), None)]
    );
    let word = reports.cells[0].title.as_ref().expect("a word");
    assert_eq!(word.zh, "环境卫生");
    let disputes = figure(&mesh, COUNTY, "disputes", "clerk");
    assert_eq!(numbers(&disputes), [("land".to_owned(), Some(4), None)]);
    // One of a kind is not told, and would follow from the sum if the other were.
    mesh.set(VILLAGE, first, "case.summary.category", "water");
    let disputes = figure(&mesh, VILLAGE, "disputes", "clerk");
    let hidden = ["land", "water"].map(|kind| (kind.to_owned(), None, None));
    assert_eq!(numbers(&disputes), hidden);
}

#[test]
fn what_is_no_measure_or_no_window_is_refused() {
    let mesh = Mesh::start(&[VILLAGE]);
    let ask = |measure: &str, from_ms, until_ms| {
        let figures = mesh.ask(VILLAGE, &measuring(measure, from_ms, until_ms));
        figures.expect_err("refused").code
    };
    assert_eq!(ask("rankings", 1, 2), "no-such-measure");
    assert_eq!(ask("reports", 2, 2), "no-window");
}
