//! Snapshots of a period: taken once, never changed, and what came in late listed in the next.

use std::collections::BTreeSet;

use crdt_model::code::RecordCode;
use crdt_model::ids::RecordId;
use crdt_model::time::WallTime;
use node_app::door::use_case::UseCase;
use node_app::heard::Heard;
use node_app::report::period::Cadence;
use node_app::snapshot::held::Shown;
use node_app::snapshot::{Listed, Snapshot};
use node_app::use_cases::measure::MeasureRequest;
use node_app::use_cases::snapshot_show::ShowSnapshotRequest;
use node_app::use_cases::snapshot_take::TakeSnapshotRequest;

use super::harness::{COUNTY, Mesh, TOWNSHIP, VILLAGE, grid_report, name, node};

/// The snapshot that is answered, or the code of the problem.
fn ask<U: UseCase<Answer = Shown>>(
    mesh: &Mesh,
    code: &str,
    role: &str,
    asked: &U,
) -> Result<Snapshot, String> {
    let answer = mesh.ask_as(code, role, asked);
    answer
        .map(|shown| shown.snapshot)
        .map_err(|problem| problem.code)
}

fn take_at(mesh: &Mesh, code: &str, day: &str, role: &str) -> Result<Snapshot, String> {
    let asked = TakeSnapshotRequest {
        period: Cadence::Month,
        ending: Some(day.parse().expect("a day")),
        node: None,
    };
    ask(mesh, code, role, &asked)
}

fn take(mesh: &Mesh, day: &str) -> Result<Snapshot, String> {
    take_at(mesh, COUNTY, day, "leader")
}

fn showing(day: &str) -> ShowSnapshotRequest {
    ShowSnapshotRequest {
        period: Cadence::Month,
        ending: Some(day.parse().expect("a day")),
        node: None,
    }
}

fn show(mesh: &Mesh, day: &str, role: &str) -> Result<Snapshot, String> {
    ask(mesh, COUNTY, role, &showing(day))
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
    assert_eq!(
        take_at(&mesh, COUNTY, "2026-09-10", "clerk"),
        Err("snapshot-not-for-role".to_owned())
    );
    assert_eq!(take(&mesh, "2099-09-10"), Err("period-not-over".to_owned()));
    // The figures of a township go up; which records it counted does not.
    let taken = take_at(&mesh, TOWNSHIP, "2026-09-10", "leader").expect("taken");
    mesh.wait_for_facets(COUNTY, "snapshot.figures", 1);
    let above = ShowSnapshotRequest {
        node: Some(node(TOWNSHIP)),
        ..showing("2026-09-10")
    };
    let above = ask(&mesh, COUNTY, "leader", &above).expect("it is here");
    let without = Snapshot {
        counted: Vec::new(),
        ..taken
    };
    assert_eq!(above, without);
}

fn heard(mesh: &Mesh, until: WallTime) -> Heard {
    let request = MeasureRequest {
        measures: vec![name("reports")],
        from: WallTime::from_ms(1_789_000_000_000),
        until,
    };
    let figures = mesh.ask(COUNTY, &request).expect("figures");
    figures.heard.expect("the charter has beats")
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
