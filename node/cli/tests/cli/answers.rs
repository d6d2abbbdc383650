//! What the program asks of a running node, and how it tells the answer.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::process::Stdio;

use crdt_model::ids::{CharterVersion, CommitHash, RecordId};
use crdt_model::text;
use crdt_model::text::Problem;
use crdt_model::time::WallTime;
use crdt_model::value::Value;
use node_app::choosing::{SortBy, Wanted};
use node_app::door::line::Envelope;
use node_app::drafts::{ChangedFacet, NewFacet};
use node_app::requests::Request;
use node_app::use_cases::import::{ImportReport, ImportRequest};
use node_app::use_cases::record_add::AddRequest;
use node_app::use_cases::record_find::{FindRequest, Found};
use node_app::use_cases::record_search::{Hits, SearchRequest};
use node_app::use_cases::record_set::SetRequest;
use node_app::use_cases::status::{NodeStatus, StatusRequest};
use node_app::use_cases::stop::{Done, StopRequest};
use node_app::use_cases::why::WhyPeerRequest;
use node_app::written::Written;
use node_import::Refusals;
use node_readmodel::find::Comparison;

use crate::harness::{Ended, Folder, asking};

const RECORD: &str = "0102030405060708090a0b0c0d0e0f10";

fn record() -> RecordId {
    RECORD.parse().expect("a record's id")
}

fn written() -> Written {
    Written {
        code: String::new(),
        record: record(),
        commits: vec![CommitHash([1; 32])],
    }
}

fn status(running: bool) -> NodeStatus {
    NodeStatus {
        node: "620723101201".parse().expect("a node code"),
        name: "花园村".to_owned(),
        tier: "village".to_owned(),
        running,
        charter: CharterVersion(1),
        charter_until: WallTime::from_ms(1_793_669_400_000),
        charter_expired: false,
        warnings: Vec::new(),
        emergency: Default::default(),
        log: Default::default(),
        left_out: None,
        facets: 3,
        facets_by_name: [].into(),
        kept_home: [].into(),
        peers: Vec::new(),
        refused: [].into(),
        cut: Vec::new(),
        app_bytes: 0,
        disk_bytes: 0,
        disk: Default::default(),
        resident_bytes: 0,
        up_ms: 5_000,
        age_ms: 0,
        latency_ms: Vec::new(),
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[test]
fn status_is_told_to_people_and_to_programs() {
    let folder = Folder::new();
    let asked = folder.node_answers::<StatusRequest>(Ok(status(true)));
    let ended = folder.run(&["status"]);
    assert!(
        ended.code == Some(0) && ended.out.starts_with("花园村 620723101201"),
        "{ended:?}"
    );
    assert_eq!(asked.join().expect("an answer"), asking(StatusRequest {}));
    let folder = Folder::new();
    folder.node_answers::<StatusRequest>(Ok(status(true)));
    let object = folder.run(&["status", "--json", "--exit-code"]);
    assert_eq!(
        (object.code, &object.object()["answer"]),
        (Some(0), &"status".into())
    );
    let folder = Folder::new();
    folder.node_answers::<StatusRequest>(Ok(status(false)));
    assert_eq!(folder.run(&["status", "--exit-code"]).code, Some(5));
}

#[test]
fn status_survives_a_reader_that_goes_away() {
    let folder = Folder::new();
    folder.node_answers::<StatusRequest>(Ok(status(true)));
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let ended = folder
        .program(&["status"])
        .stdout(writer)
        .output()
        .expect("it runs");
    assert_eq!(
        (ended.status.code(), ended.stderr.as_slice()),
        (Some(0), &b""[..])
    );
}

#[test]
fn a_record_is_added_with_its_fields_times_and_labels() {
    let folder = Folder::new();
    let asked = folder.node_answers::<AddRequest>(Ok(written()));
    let ended = folder.run(&[
        "record",
        "add",
        "case",
        "--field",
        "case.summary.code=007",
        "--field",
        "case.summary.open:=true",
        "--time",
        "case.summary.due-time=1970-01-01T08:00:01",
        "--field",
        "case.parties.names=甲、乙",
        "--sensitivity",
        "normal",
        "--sensitivity",
        "case.parties=home-only",
        "--addressee",
        "case.summary=620723101000",
    ]);
    assert!(
        ended.code == Some(0) && ended.out.starts_with(RECORD),
        "{ended:?}"
    );
    let name = |word: &str| word.parse().expect("a name");
    let summary = [
        ("code", text("007")),
        ("open", Value::Boolean(true)),
        ("due-time", Value::Integer(1_000)),
    ];
    let wanted = vec![
        NewFacet {
            facet: name("case.parties"),
            addressee: None,
            sensitivity: Some(name("home-only")),
            level: None,
            fields: [("names".to_owned(), text("甲、乙"))].into(),
        },
        NewFacet {
            facet: name("case.summary"),
            addressee: Some("620723101000".parse().expect("a node code")),
            sensitivity: Some(name("normal")),
            level: None,
            fields: summary.map(|(key, value)| (key.to_owned(), value)).into(),
        },
    ];
    let wanted = AddRequest {
        record: None,
        home: None,
        facets: wanted,
    };
    assert_eq!(asked.join().expect("an answer"), asking(wanted));
}

#[test]
fn a_record_is_read_from_standard_input() {
    let folder = Folder::new();
    let asked = folder.node_answers::<AddRequest>(Ok(written()));
    let mut command = folder.program(&["record", "add", "case", "--file", "-", "--json"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    let json = r#"{"record": "0102030405060708090a0b0c0d0e0f10",
        "facets": [{"facet": "case.summary", "fields": {"code": "1"}}]}"#;
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(json.as_bytes())
        .expect("it reads");
    let ended: Ended = child.wait_with_output().expect("it ends").into();
    assert_eq!(
        (ended.code, &ended.object()["answer"]),
        (Some(0), &"written".into())
    );
    let asked = asked.join().expect("an answer").asked;
    let Request::RecordAdd(add) = asked else {
        panic!("{asked:?}");
    };
    assert_eq!((add.record, add.facets.len()), (Some(record()), 1));
}

#[test]
fn nothing_is_asked_where_the_words_or_the_file_are_wrong() {
    let folder = Folder::new();
    let file = folder.write(
        "record.json",
        "{\"facets\": [\n{\"facet\": \"case.summary\", }]}",
    );
    let file = file.to_str().expect("UTF-8");
    let cases: [(&[&str], &str); 7] = [
        (&["case", "--file", file], "record.json: line 2, column"),
        (
            &["case", "--file", "missing.json"],
            "missing.json: cannot be read",
        ),
        (&["case"], "there is nothing to write"),
        (
            &["grid", "--field", "case.summary.code=1"],
            "case.summary is not of the kind grid",
        ),
        (
            &[
                "case",
                "--field",
                "case.summary.code=1",
                "--field",
                "case.summary.code=2",
            ],
            "given twice",
        ),
        (
            &["case", "--field", "case.summary.code:=null"],
            "nothing to clear",
        ),
        (
            &[
                "case",
                "--field",
                "case.summary.code=1",
                "--level",
                "case.parties=county",
            ],
            "no field of the facet case.parties",
        ),
    ];
    for (arguments, part) in cases {
        let arguments = [&["record", "add"], arguments].concat();
        let ended = folder.run(&arguments);
        assert!(
            ended.code == Some(2) && ended.err.contains(part),
            "{arguments:?}: {ended:?}"
        );
    }
}

#[test]
fn a_change_may_clear_a_field_or_only_regrade() {
    let folder = Folder::new();
    let asked = folder.node_answers::<SetRequest>(Ok(written()));
    let clear = [
        "record",
        "set",
        RECORD,
        "--field",
        "case.summary.outcome:=null",
    ];
    let ended = folder.run(&[&clear[..], &["--level", "case.narrative=township"]].concat());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let name = |word: &str| word.parse().expect("a name");
    let wanted = vec![
        ChangedFacet {
            facet: name("case.narrative"),
            sensitivity: None,
            level: Some(name("township")),
            fields: [].into(),
            seen: None,
        },
        ChangedFacet {
            facet: name("case.summary"),
            sensitivity: None,
            level: None,
            fields: [("outcome".to_owned(), None)].into(),
            seen: None,
        },
    ];
    let wanted = SetRequest {
        record: record(),
        facets: wanted,
    };
    assert_eq!(asked.join().expect("an answer"), asking(wanted));
}

fn nothing_found() -> Found {
    Found {
        facet: "case.summary".parse().expect("a name"),
        title: Default::default(),
        columns: Vec::new(),
        rows: Vec::new(),
        total: 0,
        next: None,
        catching_up: None,
    }
}

#[test]
fn a_list_is_asked_for_with_conditions_order_and_page() {
    let folder = Folder::new();
    let asked = folder.node_answers::<FindRequest>(Ok(nothing_found()));
    let ended = folder.run(&[
        "record",
        "list",
        "--where",
        "step=level-2",
        "--where",
        "registered-time>=2026-11-01",
        "--where",
        "closed-time=",
        "--home",
        "620723101201",
        "--sort=-registered-time",
        "--page",
        "3",
        "--limit",
        "20",
    ]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let wanted = |field: &str, is, value: Option<&str>| Wanted {
        field: field.to_owned(),
        is,
        value: value.map(text),
    };
    let request = FindRequest {
        conditions: vec![
            wanted("step", Comparison::Equal, Some("level-2")),
            wanted("registered-time", Comparison::AtLeast, Some("2026-11-01")),
            wanted("closed-time", Comparison::Equal, None),
            wanted("home", Comparison::Equal, Some("620723101201")),
        ],
        sort: Some(SortBy {
            field: "registered-time".to_owned(),
            descending: true,
        }),
        offset: 40,
        limit: 20,
        ..FindRequest::default()
    };
    assert_eq!(asked.join().expect("an answer"), asking(request));
    for wrong in [
        &["--where", "step"][..],
        &["--page", "0"],
        &["--after", RECORD, "--page", "2"],
    ] {
        let ended = folder.run(&[&["record", "list"], wrong].concat());
        assert_eq!(ended.code, Some(2), "{wrong:?}: {ended:?}");
    }
}

#[test]
fn a_search_is_asked_for_as_it_was_typed() {
    let folder = Folder::new();
    let hits = Hits {
        hits: Vec::new(),
        total: 0,
        next: None,
        catching_up: None,
    };
    let asked = folder.node_answers::<SearchRequest>(Ok(hits));
    let ended = folder.run(&["record", "search", "水渠", "张家", "--kind", "case"]);
    assert!(
        ended.code == Some(0) && ended.out.contains("0 found"),
        "{ended:?}"
    );
    let request = SearchRequest {
        text: "水渠 张家".to_owned(),
        of: Some("case".parse().expect("a name")),
        limit: 20,
        ..SearchRequest::default()
    };
    assert_eq!(asked.join().expect("an answer"), asking(request));
}

#[test]
fn a_refusal_of_the_node_is_told_with_its_code() {
    let folder = Folder::new();
    let problem = Problem::new(
        "may-not-author",
        text!("不得填写", "may not write"),
        text!("联系审核人", "tell the reviewers"),
    );
    folder.node_answers::<WhyPeerRequest>(Err(problem));
    let ended = folder.run(&["why", "peer", "620723101000", "--lang", "zh"]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""));
    assert_eq!(
        ended.err,
        "不得填写\n下一步：联系审核人\n（代码 may-not-author）\n"
    );
}

#[test]
fn an_import_that_nobody_can_agree_to_only_previews() {
    let report = ImportReport {
        text: text!("新建 1\n", "create 1\n"),
        preview: serde_json::json!({ "totals": { "create": 1, "update": 0 } }),
        applied: false,
        written: 0,
        refused: Refusals::None,
        left: 0,
    };
    let folder = Folder::new();
    let asked = folder.node_answers::<ImportRequest>(Ok(report));
    folder.write("catalogue.xml", "<Response/>");
    let ended = folder.run(&["import", "catalogue.xml"]);
    assert!(
        ended.code == Some(0) && ended.out.contains("nothing was imported yet"),
        "{ended:?}"
    );
    let asked = asked.join().expect("an answer").asked;
    let Request::Import(import) = asked else {
        panic!("{asked:?}");
    };
    let [file] = import.files.as_slice() else {
        panic!("{import:?}");
    };
    assert!(!import.apply && file.name == "catalogue.xml" && file.length() == 11);
}

#[test]
fn a_node_that_answers_something_else_or_nothing_is_told_apart() {
    let folder = Folder::new();
    folder.node_answers::<StopRequest>(Ok(Done {}));
    let other = folder.run(&["status"]);
    assert!(
        other.code == Some(70) && other.err.contains("internal-answer"),
        "{other:?}"
    );
}

#[test]
fn stop_waits_until_the_node_has_ended_even_if_its_answer_is_lost() {
    let folder = Folder::new();
    let listener = UnixListener::bind(folder.path().join("control.sock")).expect("a socket");
    let node = std::thread::spawn(move || {
        let (asks, _) = listener.accept().expect("a line");
        let (_waits, _) = listener.accept().expect("a second line");
        let mut asked = String::new();
        BufReader::new(asks)
            .read_line(&mut asked)
            .expect("a request");
        asked
    });
    let ended = folder.run(&["stop"]);
    assert!(
        ended.code == Some(0) && ended.out.contains("has stopped"),
        "{ended:?}"
    );
    let asked = node.join().expect("it ended");
    let asked: Envelope<Request> = serde_json::from_str(&asked).expect("a request");
    assert_eq!(asked, asking(StopRequest {}));
}
