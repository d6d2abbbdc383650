//! Snapshots of a period: taken once, never changed, and what came in late listed in the next.

use std::collections::BTreeSet;

use crdt_model::code::RecordCode;
use crdt_model::ids::RecordId;
use crdt_model::time::WallTime;
use node_app::asked::measuring::{Heard, MeasureRequest};
use node_app::asked::protocol::{Reply, Request};
use node_app::asked::report::Cadence;
use node_app::asked::snapshotting::SnapshotRequest;
use node_app::snapshot::{Listed, Snapshot};

use super::harness::{COUNTY, Mesh, TOWNSHIP, VILLAGE, grid_report, name, node};

fn request(day: &str, role: &str) -> SnapshotRequest {
    SnapshotRequest {
        period: Cadence::Month,
        ending: Some(day.parse().expect("a day")),
        role: Some(name(role)),
        node: None,
    }
}

fn ask(mesh: &Mesh, code: &str, request: Request) -> Result<Snapshot, String> {
    match mesh.ask(code, &request) {
        Reply::Snapshot(shown) => Ok(shown.snapshot),
        Reply::Problem(problem) => Err(problem.code),
        other => panic!("{other:?}"),
    }
}

fn take(mesh: &Mesh, day: &str) -> Result<Snapshot, String> {
    ask(mesh, COUNTY, Request::TakeSnapshot(request(day, "leader")))
}

fn show(mesh: &Mesh, day: &str, role: &str) -> Result<Snapshot, String> {
    ask(mesh, COUNTY, Request::Snapshot(request(day, role)))
}

fn reports(snapshot: &Snapshot) -> Vec<(String, Option<i64>)> {
    let mut figures = snapshot.figures.iter();
    let taken = figures.find(|one| one.measure == name("reports"));
    let cells = taken.expect("the measure").cells.iter();
    cells
        .map(|cell| (cell.cell.clone(), cell.numerator))
        .collect()
}

fn of_reports(lists: &[Listed]) -> BTreeSet<String> {
    let lists = lists.iter().filter(|list| list.measure == name("reports"));
    lists.flat_map(|list| list.codes.clone()).collect()
}

fn code(record: RecordId) -> String {
    RecordCode::of(node(VILLAGE), record).to_string()
}

/// The village reports twice in September and is cut off before the county has the second report. The
/// county takes September; when it takes October, what came in late for September is listed there.
#[test]
fn a_late_report_after_a_signed_monthly_snapshot_is_listed_in_the_next() {
    let mesh = Mesh::start(&[COUNTY, TOWNSHIP, VILLAGE]);
    let first = mesh.add(VILLAGE, grid_report("EXAMPLE-1", "invented"));
    mesh.wait_for_facets(COUNTY, "grid.summary", 1);
    mesh.cut(VILLAGE, true);
    let late = mesh.add(VILLAGE, grid_report("EXAMPLE-2", "invented"));
    let september = take(&mesh, "2026-09-10").expect("taken");
    assert_eq!(reports(&september), [("environment".to_owned(), Some(1))]);
    assert_eq!(of_reports(&september.counted), [code(first)].into());
    assert_eq!((&september.late, &september.corrected), (&vec![], &vec![]));
    assert_eq!(show(&mesh, "2026-09-30", "leader").as_ref(), Ok(&september));
    mesh.cut(VILLAGE, false);
    mesh.wait_for_facets(COUNTY, "grid.summary", 2);
    // What was signed stays as it was.
    assert_eq!(take(&mesh, "2026-09-10"), Err("snapshot-taken".to_owned()));
    assert_eq!(show(&mesh, "2026-09-10", "leader").as_ref(), Ok(&september));
    let october = take(&mesh, "2026-10-31").expect("taken");
    assert_eq!(reports(&october), []);
    assert_eq!(of_reports(&october.late), [code(late)].into());
    let [corrected] = &october.corrected[..] else {
        panic!("{:?}", october.corrected);
    };
    assert_eq!(corrected.first, september.period.first);
    assert_eq!(corrected.cell.numerator, Some(2));
    assert_eq!(show(&mesh, "2026-10-01", "leader").as_ref(), Ok(&october));
}

#[test]
fn a_snapshot_is_for_the_leader_and_of_a_period_that_is_over() {
    let mesh = Mesh::start(&[COUNTY, TOWNSHIP]);
    assert_eq!(
        show(&mesh, "2026-09-10", "leader"),
        Err("no-such-snapshot".to_owned())
    );
    assert_eq!(
        show(&mesh, "2026-09-10", "clerk"),
        Err("snapshot-not-for-role".to_owned())
    );
    let clerks = Request::TakeSnapshot(request("2026-09-10", "clerk"));
    assert_eq!(
        ask(&mesh, COUNTY, clerks),
        Err("snapshot-not-for-role".to_owned())
    );
    assert_eq!(take(&mesh, "2099-09-10"), Err("period-not-over".to_owned()));
    // The figures of a township go up; which records it counted does not.
    let townships = Request::TakeSnapshot(request("2026-09-10", "leader"));
    let taken = ask(&mesh, TOWNSHIP, townships).expect("taken");
    mesh.wait_for_facets(COUNTY, "snapshot.figures", 1);
    let above = SnapshotRequest {
        node: Some(node(TOWNSHIP)),
        ..request("2026-09-10", "leader")
    };
    let above = ask(&mesh, COUNTY, Request::Snapshot(above)).expect("it is here");
    let without = Snapshot {
        counted: Vec::new(),
        ..taken
    };
    assert_eq!(above, without);
}

fn heard(mesh: &Mesh, until: WallTime) -> Heard {
    let request = Request::Measure(MeasureRequest {
        measures: vec![name("reports")],
        from: WallTime::from_ms(1_789_000_000_000),
        until,
        role: None,
    });
    match mesh.ask(COUNTY, &request) {
        Reply::Figures(figures) => figures.heard.expect("the charter has beats"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn figures_say_which_nodes_were_heard() {
    let mesh = Mesh::start(&[COUNTY, TOWNSHIP, VILLAGE]);
    mesh.wait_for_facets(COUNTY, "presence.beats", 3);
    let until = WallTime::from_ms(1_791_000_000_000);
    let all = heard(&mesh, until);
    assert_eq!((all.expected, all.heard, all.silent.len()), (84, 3, 81));
    assert!(all.oldest > Some(until), "{all:?}");
    assert!(all.silent.iter().all(|one| one.last.is_none()));
    // It lasts until now, and beats as old as this are late enough.
    let open = heard(&mesh, WallTime::from_ms(4_000_000_000_000));
    assert_eq!((open.expected, open.heard), (84, 3));
}
