//! Lists and searches of running nodes, and of nodes that do not run.

use std::path::Path;

use crdt_model::ids::{CharterVersion, RecordId};
use crdt_model::text::Problem;
use node_app::asked::finding::{
    Comparison, FindRequest, Found, Hits, ReadModelStatus, SearchRequest, SortBy, Wanted,
};
use node_app::asked::protocol::{Reply, Request};
use node_app::offline::Offline;
use node_machine::settings::{Environment, Flags, Settings};

use super::charters::{next_version, offer, swap_grid_facets};
use super::harness::{COUNTY, Mesh, TOWNSHIP, VILLAGE, comes, dispute, grid_report, name, text};

fn find(of: Option<&str>, conditions: &[(&str, &str)], role: &str) -> Request {
    let conditions = conditions.iter().map(|(field, value)| Wanted {
        field: (*field).to_owned(),
        is: Comparison::Equal,
        value: Some(text(value)),
    });
    Request::Find(Box::new(FindRequest {
        of: of.map(name),
        conditions: conditions.collect(),
        sort: Some(SortBy {
            field: "changed".to_owned(),
            descending: true,
        }),
        limit: 10,
        role: Some(name(role)),
        ..FindRequest::default()
    }))
}

fn search(words: &str, role: &str) -> Request {
    Request::Search(Box::new(SearchRequest {
        text: words.to_owned(),
        limit: 10,
        role: Some(name(role)),
        ..SearchRequest::default()
    }))
}

fn rows(reply: Reply) -> Found {
    match reply {
        Reply::Found(found) => *found,
        other => panic!("{other:?}"),
    }
}

fn hits(reply: Reply) -> Hits {
    match reply {
        Reply::Hits(hits) => *hits,
        other => panic!("{other:?}"),
    }
}

fn problem(reply: Reply) -> Problem {
    match reply {
        Reply::Problem(problem) => problem,
        other => panic!("{other:?}"),
    }
}

fn status(reply: Reply) -> ReadModelStatus {
    match reply {
        Reply::ReadModel(status) => *status,
        other => panic!("{other:?}"),
    }
}

fn records(found: &Found) -> Vec<RecordId> {
    found.rows.iter().map(|row| row.record).collect()
}

#[test]
fn what_is_written_is_found_at_once_and_what_arrives_as_it_arrives() {
    let mesh = Mesh::start(&[COUNTY, TOWNSHIP, VILLAGE]);
    let first = mesh.add(VILLAGE, dispute("例-1", "上游放水，水渠无水"));
    let found = rows(mesh.ask(
        VILLAGE,
        &find(Some("case"), &[("step", "registered")], "clerk"),
    ));
    assert_eq!((records(&found), found.total), (vec![first], 1));
    mesh.set(VILLAGE, first, "case.summary.step", "accepted");
    // By what people call the field and the word, too.
    let found = rows(mesh.ask(
        VILLAGE,
        &find(Some("case"), &[("当前环节", "已受理")], "clerk"),
    ));
    assert_eq!((records(&found), found.total), (vec![first], 1));
    let gone = rows(mesh.ask(
        VILLAGE,
        &find(Some("case"), &[("step", "registered")], "clerk"),
    ));
    assert_eq!(gone.total, 0);
    mesh.wait_for(TOWNSHIP, "the row", |_| {
        let accepted = find(Some("case.summary"), &[("step", "accepted")], "clerk");
        rows(mesh.ask(TOWNSHIP, &accepted)).total == 1
    });
    // The story stays in the village.
    assert_eq!(hits(mesh.ask(VILLAGE, &search("水渠", "clerk"))).total, 1);
    assert_eq!(hits(mesh.ask(TOWNSHIP, &search("水渠", "clerk"))).total, 0);
    assert_eq!(hits(mesh.ask(TOWNSHIP, &search("例 1", "clerk"))).total, 1);
}

#[test]
fn a_role_neither_lists_nor_finds_nor_counts_what_it_may_not_read() {
    let mesh = Mesh::start(&[VILLAGE]);
    let record = mesh.add(VILLAGE, dispute("例-1", "上游放水，水渠无水"));
    let found = |role: &str| hits(mesh.ask(VILLAGE, &search("水渠", role))).total;
    assert_eq!((found("clerk"), found("technician")), (1, 0));
    let of = Some("case.narrative");
    let listed = |role: &str| rows(mesh.ask(VILLAGE, &find(of, &[], role)));
    assert_eq!(records(&listed("mediator")), [record]);
    let nothing = listed("technician");
    assert_eq!(
        (nothing.rows.len(), nothing.total, nothing.next),
        (0, 0, None)
    );
    let stranger = problem(mesh.ask(VILLAGE, &search("水渠", "nobody")));
    assert_eq!(stranger.code, "no-such-role");
}

#[test]
fn what_is_asked_wrongly_is_refused_with_a_reason() {
    let mesh = Mesh::start(&[VILLAGE]);
    mesh.add(VILLAGE, dispute("例-1", "上游放水"));
    let code = |request: Request| problem(mesh.ask(VILLAGE, &request)).code;
    let asked = |of, conditions: &[(&str, &str)]| code(find(of, conditions, "clerk"));
    assert_eq!(asked(Some("nothing"), &[]), "no-such-kind");
    assert_eq!(asked(None, &[]), "kind-needed");
    assert_eq!(asked(None, &[("state", "reported")]), "kind-needed");
    for field in [
        "nothing",
        "timeline",
        "step\" = 1 OR \"1",
        "facet_id",
        "1; DROP TABLE facet",
        "case.narrative.step",
    ] {
        assert_eq!(
            asked(Some("case"), &[(field, "x")]),
            "no-such-field",
            "{field}"
        );
    }
    for (field, value) in [
        ("step", "x' OR '1'='1"),
        ("registered-time", "soon"),
        ("people-number", "many"),
        ("repeated", "perhaps"),
        ("home", "620723"),
        ("linked", "17"),
    ] {
        assert_eq!(
            asked(Some("case"), &[(field, value)]),
            "not-a-value",
            "{field}"
        );
    }
    assert_eq!(code(search("、。", "clerk")), "nothing-to-search");
    assert_eq!(code(search(&"水".repeat(201), "clerk")), "search-too-long");
    let all = rows(mesh.ask(
        VILLAGE,
        &find(Some("case"), &[("code", "x' OR '1'='1")], "clerk"),
    ));
    assert_eq!(all.total, 0);
}

#[test]
fn what_a_charter_takes_away_leaves_the_read_model_and_what_it_opens_comes() {
    let mesh = Mesh::start(&[COUNTY, TOWNSHIP, VILLAGE]);
    mesh.add(VILLAGE, grid_report("CANARYCODE", "CANARYTEXT"));
    mesh.wait_for_facets(TOWNSHIP, "grid.summary", 1);
    assert_eq!(
        hits(mesh.ask(TOWNSHIP, &search("canarycode", "clerk"))).total,
        1
    );
    assert!(mesh.read_model_contains(TOWNSHIP, b"CANARYCODE"));
    let second = next_version(&mesh, "second", swap_grid_facets);
    mesh.sign(&second, Some(&mesh.charter()), &["two", "three"]);
    offer(&mesh, TOWNSHIP, &second);
    mesh.wait_for(TOWNSHIP, "version 2", |status| {
        status.charter == CharterVersion(2)
    });
    mesh.wait_for_facets(TOWNSHIP, "grid.summary", 0);
    mesh.wait_for_facets(TOWNSHIP, "grid.content", 1);
    assert_eq!(
        hits(mesh.ask(TOWNSHIP, &search("canarycode", "clerk"))).total,
        0
    );
    assert_eq!(
        hits(mesh.ask(TOWNSHIP, &search("canarytext", "clerk"))).total,
        1
    );
    assert!(!mesh.read_model_contains(TOWNSHIP, b"CANARYCODE"));
    assert!(!mesh.read_model_contains(TOWNSHIP, b"canarycode"));
    assert!(mesh.read_model_contains(VILLAGE, b"CANARYCODE"));
}

fn settings(mesh: &Mesh, code: &str) -> Settings {
    let environment: Environment = [].into_iter().collect();
    Settings::load(&mesh.node_folder(code), &environment, &Flags::default()).expect("settings")
}

/// Zeros in the middle of a file, as a bad disk leaves them.
fn damage(file: &Path) {
    let mut bytes = std::fs::read(file).expect("a file");
    let pages = bytes.len() / 4096;
    assert!(pages > 20);
    for page in 2..pages {
        bytes[page * 4096..page * 4096 + 64].fill(0);
    }
    std::fs::write(file, bytes).expect("a file");
}

#[test]
fn a_damaged_read_model_is_made_anew_and_stops_nothing() {
    let mut mesh = Mesh::start(&[VILLAGE]);
    mesh.add(VILLAGE, dispute("例-1", "上游放水，水渠无水"));
    let rebuilt = Request::ReadModel { rebuild: true };
    let before = status(mesh.ask(VILLAGE, &rebuilt));
    assert_eq!(hits(mesh.ask(VILLAGE, &search("水渠", "clerk"))).total, 1);
    mesh.kill(VILLAGE);
    // What was written ahead goes, too.
    let file = before.path.clone();
    let _ = std::fs::remove_file(file.with_extension("sqlite-wal"));
    damage(&file);
    mesh.run(VILLAGE);
    mesh.wait_for(VILLAGE, "its read model", |_| {
        match mesh.ask(VILLAGE, &search("水渠", "clerk")) {
            Reply::Hits(hits) => hits.total == 1 && hits.catching_up.is_none(),
            _ => false,
        }
    });
    let log = mesh.node_folder(VILLAGE).path().join("log");
    let log = std::fs::read_to_string(log).expect("a log");
    assert!(log.contains("made anew"), "{log}");
    // Two of the dispute, and that the node is there.
    mesh.wait_for_facets(VILLAGE, "presence.beats", 1);
    let after = status(mesh.ask(VILLAGE, &Request::ReadModel { rebuild: false }));
    assert_eq!((after.facets, after.all), (3, 3));
}

#[test]
fn a_node_that_does_not_run_lists_searches_and_makes_its_read_model_anew() {
    let mut mesh = Mesh::start(&[VILLAGE]);
    let record = mesh.add(VILLAGE, dispute("例-1", "上游放水，水渠无水"));
    mesh.wait_for_facets(VILLAGE, "presence.beats", 1);
    mesh.kill(VILLAGE);
    let folder = mesh.node_folder(VILLAGE);
    let settings = settings(&mesh, VILLAGE);
    std::fs::remove_dir_all(folder.read_model()).expect("a folder");
    let mut node = Offline::open(&folder, &settings).expect("a node");
    let found = rows(
        node.ask(&find(Some("case"), &[], "clerk"))
            .expect("an answer"),
    );
    assert_eq!((records(&found), found.catching_up), (vec![record], None));
    let found = hits(node.ask(&search("水渠", "clerk")).expect("an answer"));
    assert_eq!(found.total, 1);
    let rebuild = Request::ReadModel { rebuild: true };
    let mut stands = status(node.ask(&rebuild).expect("an answer"));
    for _ in 0..9 {
        if stands.catching_up.is_none() {
            break;
        }
        let again = Request::ReadModel { rebuild: false };
        stands = status(node.ask(&again).expect("an answer"));
    }
    assert_eq!((stands.facets, stands.catching_up), (3, None));
}

#[test]
fn a_wrong_bit_in_the_file_is_never_answered_with_and_the_file_makes_itself_anew() {
    let mesh = Mesh::start(&[VILLAGE]);
    for number in 0..5 {
        mesh.add(VILLAGE, dispute(&format!("BIT-{number}"), "invented"));
    }
    let all = find(Some("case.summary"), &[], "clerk");
    assert_eq!(rows(mesh.ask(VILLAGE, &all)).total, 5);
    let about = |mesh: &Mesh| status(mesh.ask(VILLAGE, &Request::ReadModel { rebuild: false }));
    let before = about(&mesh);
    assert_eq!(before.made_anew, None);
    let mut bytes = std::fs::read(&before.path).expect("the file");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    std::fs::write(&before.path, &bytes).expect("written");
    // Right, or not at all.
    let answered = comes(|| match mesh.ask(VILLAGE, &all) {
        Reply::Found(found) if found.catching_up.is_some() => false,
        Reply::Found(found) => {
            assert_eq!(found.total, 5);
            true
        }
        Reply::Problem(problem) => {
            assert_eq!(problem.code, "read-model-busy");
            false
        }
        other => panic!("{other:?}"),
    });
    assert!(answered);
    let why = about(&mesh).made_anew.expect("it was made anew");
    assert!(why.contains("page"), "{why}");
    let log = mesh.node_folder(VILLAGE).path().join("log");
    let log = std::fs::read_to_string(log).expect("a log");
    assert!(log.contains("made anew"), "{log}");
}
