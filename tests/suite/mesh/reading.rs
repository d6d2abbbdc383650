//! Lists and searches of running nodes, and of nodes that do not run.

use std::path::Path;

use crdt_model::ids::{CharterVersion, RecordId};
use crdt_model::text::Problem;
use node_app::choosing::{SortBy, Wanted};
use node_app::door::caller::{Caller, WayIn};
use node_app::offline::Offline;
use node_app::use_cases::read_model::{ReadModelRequest, ReadModelStatus};
use node_app::use_cases::record_find::{FindRequest, Found};
use node_app::use_cases::record_search::{Hits, SearchRequest};
use node_machine::settings::{Environment, Flags, Settings};
use node_readmodel::find::Comparison;

use super::charters::{next_version, offer, swap_grid_facets};
use super::harness::{COUNTY, Mesh, TOWNSHIP, VILLAGE, comes, dispute, grid_report, name, text};

fn finding(of: Option<&str>, conditions: &[(&str, &str)]) -> FindRequest {
    let conditions = conditions.iter().map(|(field, value)| Wanted {
        field: (*field).to_owned(),
        is: Comparison::Equal,
        value: Some(text(value)),
    });
    FindRequest {
        of: of.map(name),
        conditions: conditions.collect(),
        sort: Some(SortBy {
            field: "changed".to_owned(),
            descending: true,
        }),
        limit: 10,
        ..FindRequest::default()
    }
}

fn searching(words: &str) -> SearchRequest {
    SearchRequest {
        text: words.to_owned(),
        limit: 10,
        ..SearchRequest::default()
    }
}

/// What a clerk finds.
fn find(mesh: &Mesh, code: &str, of: &str, conditions: &[(&str, &str)]) -> Found {
    let found = mesh.ask_as(code, "clerk", &finding(Some(of), conditions));
    found.expect("rows")
}

fn try_search(mesh: &Mesh, code: &str, words: &str, role: &str) -> Result<Hits, Problem> {
    mesh.ask_as(code, role, &searching(words))
}

/// In how many facets a clerk finds these words.
fn search(mesh: &Mesh, code: &str, words: &str) -> u64 {
    try_search(mesh, code, words, "clerk").expect("hits").total
}

fn read_model(mesh: &Mesh, rebuild: bool) -> ReadModelStatus {
    let status = mesh.ask(VILLAGE, &ReadModelRequest { rebuild });
    status.expect("its status")
}

fn records(found: &Found) -> Vec<RecordId> {
    found.rows.iter().map(|row| row.record).collect()
}

#[test]
fn what_is_written_is_found_at_once_and_what_arrives_as_it_arrives() {
    let mesh = Mesh::start(&[COUNTY, TOWNSHIP, VILLAGE]);
    let first = mesh.add(VILLAGE, dispute("例-1", "上游放水，水渠无水"));
    let found = find(&mesh, VILLAGE, "case", &[("step", "registered")]);
    assert_eq!((records(&found), found.total), (vec![first], 1));
    mesh.set(VILLAGE, first, "case.summary.step", "accepted");
    // By what people call the field and the word, too.
    let found = find(&mesh, VILLAGE, "case", &[("当前环节", "已受理")]);
    assert_eq!((records(&found), found.total), (vec![first], 1));
    let gone = find(&mesh, VILLAGE, "case", &[("step", "registered")]);
    assert_eq!(gone.total, 0);
    mesh.wait_for(TOWNSHIP, "the row", |_| {
        find(&mesh, TOWNSHIP, "case.summary", &[("step", "accepted")]).total == 1
    });
    // The story stays in the village.
    assert_eq!(search(&mesh, VILLAGE, "水渠"), 1);
    assert_eq!(search(&mesh, TOWNSHIP, "水渠"), 0);
    assert_eq!(search(&mesh, TOWNSHIP, "例 1"), 1);
}

#[test]
fn a_role_neither_lists_nor_finds_nor_counts_what_it_may_not_read() {
    let mesh = Mesh::start(&[VILLAGE]);
    let record = mesh.add(VILLAGE, dispute("例-1", "上游放水，水渠无水"));
    let found = |role: &str| try_search(&mesh, VILLAGE, "水渠", role);
    let count = |role: &str| found(role).expect("hits").total;
    assert_eq!((count("clerk"), count("technician")), (1, 0));
    let narratives = finding(Some("case.narrative"), &[]);
    let listed = |role: &str| mesh.ask_as(VILLAGE, role, &narratives).expect("rows");
    assert_eq!(records(&listed("mediator")), [record]);
    let nothing = listed("technician");
    assert_eq!(
        (nothing.rows.len(), nothing.total, nothing.next),
        (0, 0, None)
    );
    let stranger = found("nobody").expect_err("refused");
    assert_eq!(stranger.code, "no-such-role");
}

#[test]
fn what_is_asked_wrongly_is_refused_with_a_reason() {
    let mesh = Mesh::start(&[VILLAGE]);
    mesh.add(VILLAGE, dispute("例-1", "上游放水"));
    let asked = |of, conditions: &[(&str, &str)]| {
        let found = mesh.ask_as(VILLAGE, "clerk", &finding(of, conditions));
        found.expect_err("refused").code
    };
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
    let searched = |words: &str| {
        let hits = try_search(&mesh, VILLAGE, words, "clerk");
        hits.expect_err("refused").code
    };
    assert_eq!(searched("、。"), "nothing-to-search");
    assert_eq!(searched(&"水".repeat(201)), "search-too-long");
    let all = find(&mesh, VILLAGE, "case", &[("code", "x' OR '1'='1")]);
    assert_eq!(all.total, 0);
}

#[test]
fn what_a_charter_takes_away_leaves_the_read_model_and_what_it_opens_comes() {
    let mesh = Mesh::start(&[COUNTY, TOWNSHIP, VILLAGE]);
    mesh.add(VILLAGE, grid_report("CANARYCODE", "CANARYTEXT"));
    mesh.wait_for_facets(TOWNSHIP, "grid.summary", 1);
    assert_eq!(search(&mesh, TOWNSHIP, "canarycode"), 1);
    assert!(mesh.read_model_contains(TOWNSHIP, b"CANARYCODE"));
    let second = next_version(&mesh, "second", swap_grid_facets);
    mesh.sign(&second, Some(&mesh.charter()), &["two", "three"]);
    offer(&mesh, TOWNSHIP, &second).expect("adopted");
    mesh.wait_for(TOWNSHIP, "version 2", |status| {
        status.charter == CharterVersion(2)
    });
    mesh.wait_for_facets(TOWNSHIP, "grid.summary", 0);
    mesh.wait_for_facets(TOWNSHIP, "grid.content", 1);
    assert_eq!(search(&mesh, TOWNSHIP, "canarycode"), 0);
    assert_eq!(search(&mesh, TOWNSHIP, "canarytext"), 1);
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
    let before = read_model(&mesh, true);
    assert_eq!(search(&mesh, VILLAGE, "水渠"), 1);
    mesh.kill(VILLAGE);
    // What was written ahead goes, too.
    let file = before.path.clone();
    let _ = std::fs::remove_file(file.with_extension("sqlite-wal"));
    damage(&file);
    mesh.run(VILLAGE);
    mesh.wait_for(VILLAGE, "its read model", |_| {
        try_search(&mesh, VILLAGE, "水渠", "clerk")
            .is_ok_and(|hits| hits.total == 1 && hits.catching_up.is_none())
    });
    let log = mesh.node_folder(VILLAGE).path().join("log");
    let log = std::fs::read_to_string(log).expect("a log");
    assert!(log.contains("made anew"), "{log}");
    // Two of the dispute, and that the node is there.
    mesh.wait_for_facets(VILLAGE, "presence.beats", 1);
    let after = read_model(&mesh, false);
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
    let clerk = Caller {
        role: Some(name("clerk")),
        ..Caller::at(WayIn::Folder)
    };
    let found = node.ask(clerk.clone(), finding(Some("case"), &[]));
    let found = found.expect("rows");
    assert_eq!((records(&found), found.catching_up), (vec![record], None));
    let found = node.ask(clerk.clone(), searching("水渠"));
    assert_eq!(found.expect("hits").total, 1);
    let mut about = |rebuild| node.ask(clerk.clone(), ReadModelRequest { rebuild });
    let mut stands = about(true).expect("its status");
    for _ in 0..9 {
        if stands.catching_up.is_none() {
            break;
        }
        stands = about(false).expect("its status");
    }
    assert_eq!((stands.facets, stands.catching_up), (3, None));
}

#[test]
fn a_wrong_bit_in_the_file_is_never_answered_with_and_the_file_makes_itself_anew() {
    let mesh = Mesh::start(&[VILLAGE]);
    for number in 0..5 {
        mesh.add(VILLAGE, dispute(&format!("BIT-{number}"), "invented"));
    }
    let all = || mesh.ask_as(VILLAGE, "clerk", &finding(Some("case.summary"), &[]));
    assert_eq!(all().expect("rows").total, 5);
    let before = read_model(&mesh, false);
    assert_eq!(before.made_anew, None);
    let mut bytes = std::fs::read(&before.path).expect("the file");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    std::fs::write(&before.path, &bytes).expect("written");
    // Right, or not at all.
    let answered = comes(|| match all() {
        Ok(found) if found.catching_up.is_some() => false,
        Ok(found) => {
            assert_eq!(found.total, 5);
            true
        }
        Err(problem) => {
            assert_eq!(problem.code, "read-model-busy");
            false
        }
    });
    assert!(answered);
    let why = read_model(&mesh, false).made_anew;
    let why = why.expect("it was made anew");
    assert!(why.contains("page"), "{why}");
    let log = mesh.node_folder(VILLAGE).path().join("log");
    let log = std::fs::read_to_string(log).expect("a log");
    assert!(log.contains("made anew"), "{log}");
}
