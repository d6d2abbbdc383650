//! The county's practice, entered at the command line: directories, hand-offs, calls, reviews,
//! checklists, inspections and numbers, and who comes to hold them.

use std::collections::BTreeMap;
use std::process::{Command, Output};

use crdt_model::ids::RecordId;

use super::harness::{COUNTY, Mesh, NEIGHBOUR, TOWNSHIP, VILLAGE, name, program};

/// A time of the invented year.
const TIME: &str = "2026-03-05T09:30";

/// Types a command at a node.
fn type_in(mesh: &Mesh, code: &str, arguments: &[&str]) -> Output {
    let folder = mesh.node_folder(code).path().display().to_string();
    let mut command = Command::new(program());
    command.args(["--data", &folder, "--lang", "en", "record"]);
    command.args(arguments).output().expect("it runs")
}

/// Enters a record of a facet; fields that end in `-time`, or begin a period, are times.
fn enter(mesh: &Mesh, code: &str, facet: &str, fields: &[&str], more: &[&str]) -> RecordId {
    let (kind, _) = facet.split_once('.').expect("kind.facet");
    let mut arguments = vec!["add".to_owned(), kind.to_owned()];
    for field in fields {
        let time = field.ends_with(TIME);
        arguments.push(if time { "--time" } else { "--field" }.to_owned());
        arguments.push(format!("{facet}.{field}"));
    }
    arguments.extend(more.iter().map(|&more| more.to_owned()));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let output = type_in(mesh, code, &arguments);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{arguments:?}: {said}{}",
        told(&output)
    );
    let record = said.lines().next().expect("a line");
    record.parse().expect("a record's id")
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Waits until a node holds just these facets, besides what says that nodes are there.
fn holds(mesh: &Mesh, code: &str, facets: &[(&str, u64)]) {
    let expected: BTreeMap<_, _> = facets
        .iter()
        .map(|(facet, count)| (name(facet), *count))
        .collect();
    mesh.wait_for(code, &format!("{facets:?}"), |status| {
        let mut held = status.facets_by_name.clone();
        held.remove(&name("presence.beats"));
        held == expected
    });
}

const FROM: &str = "valid-from=2026-03-05T09:30";
const PERIOD: [&str; 2] = [
    "period-from=2026-03-05T09:30",
    "period-until=2026-03-05T09:30",
];

#[test]
fn directories_go_up_and_down_and_not_across() {
    let mesh = Mesh::start(&[COUNTY, TOWNSHIP, VILLAGE, NEIGHBOUR]);
    let grid = ["grid=620723101201001", "name=示例网格", "kind=rural", FROM];
    enter(&mesh, VILLAGE, "directory.grid", &grid, &[]);
    let worker = ["kind=grid-worker", "grid=620723101201001", FROM];
    enter(&mesh, VILLAGE, "directory.post", &worker, &[]);
    let squad = ["kind=squad", "name=示例小队", "members-number:=5", FROM];
    enter(&mesh, VILLAGE, "directory.team", &squad, &[]);
    enter(
        &mesh,
        TOWNSHIP,
        "directory.post",
        &["kind=judge", "office=县法院", FROM],
        &[],
    );
    let court = ["kind=court", "name=县法院", "residency=resident", FROM];
    enter(&mesh, COUNTY, "directory.body", &court, &[]);
    let (grid, team) = (("directory.grid", 1), ("directory.team", 1));
    let (body, own, all) = (
        ("directory.body", 1),
        ("directory.post", 1),
        ("directory.post", 2),
    );
    holds(&mesh, VILLAGE, &[grid, all, team, body]);
    holds(&mesh, TOWNSHIP, &[grid, all, team, body]);
    holds(&mesh, COUNTY, &[grid, all, team, body]);
    holds(&mesh, NEIGHBOUR, &[own, body]);
}

#[test]
fn hand_offs_and_calls_are_taken_up_from_above_step_by_step() {
    let mesh = Mesh::start(&[COUNTY, TOWNSHIP, VILLAGE]);
    let offered = [
        "channel=police",
        "reference=SL-1",
        "step=offered",
        "offered-time=2026-03-05T09:30",
    ];
    let handoff = enter(&mesh, TOWNSHIP, "handoff.summary", &offered, &[]).to_string();
    let called = [
        "step=called",
        "office/1=县法院",
        "called-time=2026-03-05T09:30",
        "due-time=2026-03-05T09:30",
    ];
    let callout = enter(&mesh, TOWNSHIP, "callout.summary", &called, &[]).to_string();
    let (one, other) = (("handoff.summary", 1), ("callout.summary", 1));
    holds(&mesh, COUNTY, &[one, other]);
    holds(&mesh, VILLAGE, &[]);
    let set = |code, record: &str, more: &[&str]| {
        type_in(&mesh, code, &[&["set", record], more].concat())
    };
    // Only a leader declines, and says why with a word.
    let declined = ["--field", "handoff.summary.step=declined"];
    let refused = set(TOWNSHIP, &handoff, &declined);
    assert!(
        told(&refused).contains("not-for-role"),
        "{}",
        told(&refused)
    );
    let leader = [&declined[..], &["--role", "leader"]].concat();
    let refused = set(TOWNSHIP, &handoff, &leader);
    assert!(told(&refused).contains("reason"), "{}", told(&refused));
    // The county takes it over, and says that those who were called have come.
    let accepted = [
        "--field",
        "handoff.summary.step=accepted",
        "--time",
        "handoff.summary.accepted-time=2026-03-05T09:30",
    ];
    let taken = set(COUNTY, &handoff, &accepted);
    assert!(taken.status.success(), "{}", told(&taken));
    let reported = [
        "--field",
        "callout.summary.step=reported",
        "--time",
        "callout.summary.reported/1=2026-03-05T09:30",
        "--time",
        "callout.summary.reported-time=2026-03-05T09:30",
    ];
    let come = set(COUNTY, &callout, &reported);
    assert!(come.status.success(), "{}", told(&come));
    let done = set(
        TOWNSHIP,
        &callout,
        &["--field", "callout.summary.step=done"],
    );
    assert!(told(&done).contains("done-time"), "{}", told(&done));
}

#[test]
fn findings_stay_until_they_are_handed_up_and_a_view_is_for_one_township() {
    let mesh = Mesh::start(&[COUNTY, TOWNSHIP, VILLAGE]);
    let held = [
        "cadence=week",
        PERIOD[0],
        PERIOD[1],
        "held-time=2026-03-05T09:30",
    ];
    let review = enter(&mesh, TOWNSHIP, "review.summary", &held, &[]).to_string();
    enter(
        &mesh,
        TOWNSHIP,
        "review.findings",
        &["text=CANARYFINDING"],
        &["--record", &review],
    );
    let stated = [
        "item=strong-1",
        PERIOD[0],
        PERIOD[1],
        "state=met",
        "stated-time=2026-03-05T09:30",
    ];
    let statement = enter(
        &mesh,
        TOWNSHIP,
        "checklist.statement",
        &stated,
        &["--addressee", COUNTY],
    );
    let about = format!("statement={statement}");
    let view = [
        about.as_str(),
        "state=not-met",
        "viewed-time=2026-03-05T09:30",
        "text=CANARYVIEW",
    ];
    // It is for whoever made the statement.
    enter(&mesh, COUNTY, "checklist.view", &view, &[]);
    let both = [
        ("checklist.statement", 1),
        ("checklist.view", 1),
        ("review.summary", 1),
    ];
    holds(
        &mesh,
        TOWNSHIP,
        &[&both[..], &[("review.findings", 1)]].concat(),
    );
    holds(&mesh, COUNTY, &both);
    holds(&mesh, VILLAGE, &[]);
    assert!(!mesh.store_contains(COUNTY, b"CANARYFINDING"));
    assert!(!mesh.store_contains(VILLAGE, b"CANARYVIEW"));
    let raised = type_in(
        &mesh,
        TOWNSHIP,
        &["set", &review, "--level", "review.findings=county"],
    );
    assert!(raised.status.success(), "{}", told(&raised));
    mesh.wait_for_facets(COUNTY, "review.findings", 1);
}

#[test]
fn the_county_keeps_its_reviews_of_legal_cases() {
    let mesh = Mesh::start(&[COUNTY, TOWNSHIP]);
    let legal = [
        "class=enterprise",
        PERIOD[0],
        PERIOD[1],
        "reviewed-number:=9",
        "opinions-number:=8",
    ];
    enter(&mesh, COUNTY, "review.legal", &legal, &[]);
    // What comes after it has arrived, and it has not.
    enter(
        &mesh,
        COUNTY,
        "directory.body",
        &["kind=court", "name=县法院", "residency=resident", FROM],
        &[],
    );
    holds(&mesh, TOWNSHIP, &[("directory.body", 1)]);
    holds(&mesh, COUNTY, &[("directory.body", 1), ("review.legal", 1)]);
}

#[test]
fn inspections_and_numbers_go_up_and_what_is_kept_at_home_or_personal_does_not() {
    let mesh = Mesh::start(&[COUNTY, TOWNSHIP, VILLAGE, NEIGHBOUR]);
    let due = "due-time=2026-03-05T09:30";
    let road = ["kind=road-barrier", "asset=示例村道", "metres:=787", due];
    enter(&mesh, VILLAGE, "inspection.summary", &road, &[]);
    let home_only = ["--sensitivity", "home-only"];
    enter(
        &mesh,
        VILLAGE,
        "inspection.summary",
        &["kind=vehicle-barrier", due],
        &home_only,
    );
    let count = [
        "class=psychology-sessions",
        PERIOD[0],
        PERIOD[1],
        "value:=12",
        "unit=times",
    ];
    enter(&mesh, COUNTY, "numbers.count", &count, &[]);
    let rate = [
        "class=estates-covered",
        PERIOD[0],
        PERIOD[1],
        "value:=29",
        "of:=30",
        "unit=places",
    ];
    enter(&mesh, VILLAGE, "numbers.count", &rate, &[]);
    holds(
        &mesh,
        COUNTY,
        &[("inspection.summary", 1), ("numbers.count", 2)],
    );
    holds(
        &mesh,
        TOWNSHIP,
        &[("inspection.summary", 1), ("numbers.count", 1)],
    );
    holds(
        &mesh,
        VILLAGE,
        &[("inspection.summary", 2), ("numbers.count", 1)],
    );
    holds(&mesh, NEIGHBOUR, &[]);
    // A number that nobody has.
    let asset = "inspection.summary.asset=电话13900000000";
    let arguments = [
        "add",
        "inspection",
        "--field",
        "inspection.summary.kind=fence",
        "--field",
        asset,
        "--time",
        "inspection.summary.due-time=2026-03-05T09:30",
    ];
    let refused = type_in(&mesh, VILLAGE, &arguments);
    assert!(!refused.status.success());
    assert!(
        told(&refused).contains("phone-number"),
        "{}",
        told(&refused)
    );
}

#[test]
fn a_reply_goes_to_whoever_asked() {
    let mesh = Mesh::start(&[COUNTY, TOWNSHIP, VILLAGE]);
    let issue = |code: &str, addressee: &str| {
        let fields = [
            "kind=task",
            "step=issued",
            "title=invented",
            "text=invented",
            "issue-time=2026-03-05T09:30",
        ];
        enter(
            &mesh,
            code,
            "notice.content",
            &fields,
            &["--addressee", addressee],
        )
    };
    let (by_county, by_township) = (issue(COUNTY, TOWNSHIP), issue(TOWNSHIP, VILLAGE));
    mesh.wait_for_facets(VILLAGE, "notice.content", 2);
    for task in [by_county, by_township] {
        let about = format!("notice={task}");
        let fields = [about.as_str(), "state=done", "time=2026-03-05T09:30"];
        enter(&mesh, VILLAGE, "notice.reply", &fields, &[]);
    }
    mesh.wait_for_facets(VILLAGE, "notice.reply", 2);
    mesh.wait_for_facets(TOWNSHIP, "notice.reply", 2);
    // The township's own task is nothing of the county's.
    mesh.wait_for_facets(COUNTY, "notice.reply", 1);
    // It would reach nobody, and be saved all the same.
    let aimless = [
        "add",
        "checklist",
        "--field",
        "checklist.statement.item=strong-1",
    ];
    let refused = type_in(&mesh, TOWNSHIP, &aimless);
    assert!(!refused.status.success());
    assert!(told(&refused).contains("--addressee"), "{}", told(&refused));
    // Whom to tell cannot be known where the question is not here.
    let unknown = "notice.reply.notice=00112233445566778899aabbccddeeff";
    let refused = type_in(
        &mesh,
        VILLAGE,
        &[
            "add",
            "notice",
            "--field",
            unknown,
            "--field",
            "notice.reply.state=done",
        ],
    );
    assert!(!refused.status.success());
    assert!(
        told(&refused).contains("asked-not-here"),
        "{}",
        told(&refused)
    );
}
