//! Time limits and codes, as a person asks for them.

use crdt_model::ids::Name;
use crdt_model::kind::clocks::{Basis, Standing};
use crdt_model::value::Value;
use node_app::due::DueItem;
use node_app::use_cases::due::{DueList, DueRequest};
use node_app::use_cases::record_locate::LocateRequest;

use super::harness::{COUNTY, Mesh, TOWNSHIP, VILLAGE, dispute, facet, name, node, text};

fn due(mesh: &Mesh, code: &str, all: bool) -> DueList {
    due_of(mesh, code, VILLAGE, all)
}

fn due_of(mesh: &Mesh, code: &str, home: &str, all: bool) -> DueList {
    let request = DueRequest {
        home: Some(node(home)),
        all,
        limit: 50,
    };
    mesh.ask(code, &request).expect("a list")
}

fn of(list: &DueList, clock: &str) -> DueItem {
    let found = list.items.iter().find(|item| item.clock == name(clock));
    found.expect("the clock runs").clone()
}

#[test]
fn every_node_that_holds_a_row_says_when_it_is_due_and_who_acts_then() {
    let mesh = Mesh::start(&[COUNTY, TOWNSHIP, VILLAGE]);
    let record = mesh.add(VILLAGE, dispute("EXAMPLE-1", "invented"));
    assert_eq!(
        mesh.set(VILLAGE, record, "case.summary.step", "accepted")
            .len(),
        1
    );
    let at_home = due(&mesh, VILLAGE, true);
    let grid = of(&at_home, "level-1");
    assert_eq!(grid.at.zh, "已受理");
    assert_eq!((grid.author, grid.basis), (node(VILLAGE), Basis::Step));
    assert_eq!(grid.taker, Some(node(VILLAGE)));
    assert_eq!(
        grid.then.map(|then| then.zh).as_deref(),
        Some("村（社区）调委会调解")
    );
    assert!(grid.due > Some(at_home.now));
    // A visit is a petition, too, which has sixty days.
    let petition = of(&at_home, "petition");
    assert!(petition.due > of(&at_home, "seven-days").due);
    assert_eq!(
        petition.letter.map(|letter| letter.title.zh).as_deref(),
        Some("第二类函")
    );
    mesh.wait_for(COUNTY, "the clocks", |_| {
        due(&mesh, COUNTY, true).items.len() == at_home.items.len()
    });
    let above = due(&mesh, COUNTY, true);
    assert_eq!(of(&above, "level-1").due, grid.due);
    let running = |item: &DueItem| item.standing == Standing::Running;
    assert!(
        due(&mesh, COUNTY, false)
            .items
            .iter()
            .all(|item| !running(item))
    );
    // The code that everybody sees is enough to find the record anywhere that holds it.
    let code = of(&above, "level-1").code;
    assert!(code.starts_with("101201-"), "{code}");
    let wrong = code.replacen("101201", "101202", 1);
    let right = LocateRequest { code };
    for at in [COUNTY, TOWNSHIP, VILLAGE] {
        let located = mesh.ask(at, &right).expect("located");
        assert_eq!(located.records, [record], "{at}");
    }
    let problem = mesh.ask(VILLAGE, &LocateRequest { code: wrong });
    let problem = problem.expect_err("a wrong code is found out");
    assert_eq!(problem.code, "bad-code");
    // Settled matters have no time limit but that for asking a court to confirm.
    for (field, value) in [
        ("outcome", "agreed-oral"),
        ("method", "talk"),
        ("step", "level-1"),
    ] {
        mesh.set(VILLAGE, record, &format!("case.summary.{field}"), value);
    }
    mesh.set(VILLAGE, record, "case.summary.step", "agreed");
    let clocks: Vec<Name> = due(&mesh, VILLAGE, true)
        .items
        .iter()
        .map(|item| item.clock)
        .collect();
    assert_eq!(clocks, [name("confirmation")]);
}

/// A task that is due in a moment: the county's own letter follows, the same one after a power cut,
/// and everybody who may read both sees which it is.
#[test]
fn a_letter_that_follows_on_a_task_is_sent_once_and_named() {
    let mut mesh = Mesh::start(&[COUNTY, TOWNSHIP]);
    let now = due_of(&mesh, COUNTY, COUNTY, true).now.ms;
    let time = |ms: u64| Value::Integer(i64::try_from(ms).expect("a time of ours"));
    let fields = [
        ("kind", text("task")),
        ("step", text("issued")),
        ("title", text("invented")),
        ("text", text("invented")),
        ("issue-time", time(now)),
        ("due-time", time(now + 4_000)),
    ];
    let mut task = facet("notice.content", &fields);
    task.addressee = Some(node(TOWNSHIP));
    mesh.add(COUNTY, vec![task]);
    let letter = |mesh: &Mesh, code| of(&due_of(mesh, code, COUNTY, true), "task").letter;
    let sending = letter(&mesh, COUNTY).expect("a letter follows").sending;
    let sending = sending.expect("by itself");
    assert_eq!((sending.from, sending.to), (node(COUNTY), node(TOWNSHIP)));
    mesh.wait_for_facets(TOWNSHIP, "notice.content", 2);
    let sent = letter(&mesh, TOWNSHIP).and_then(|letter| letter.sent);
    assert!(
        sent.as_ref()
            .is_some_and(|code| code.starts_with("000000-")),
        "{sent:?}"
    );
    mesh.kill(COUNTY);
    mesh.run(COUNTY);
    assert_eq!(letter(&mesh, COUNTY).and_then(|letter| letter.sent), sent);
    // The letter has its own time limit, and the next one follows on that.
    let next = of(&due_of(&mesh, COUNTY, COUNTY, true), "letter-1");
    let next = next.letter.expect("a letter follows");
    assert_eq!((next.title.zh.as_str(), next.sent), ("第二类函", None));
    mesh.wait_for_facets(COUNTY, "notice.content", 2);
}
