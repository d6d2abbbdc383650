//! What a township's console tells its people about a complaint that it must not know of: nothing.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;

use crdt_model::ids::{CommitHash, NodeId, RecordId};
use crdt_model::label::{FacetId, Grade};
use netsim::secrecy::{Canary, Needles, Permitted, judge};
use node_app::report::period::Cadence;
use node_app::requests::Request;
use node_app::use_cases::inventory::{HeldFacet, InventoryRequest};
use node_app::use_cases::quarantine::QuarantineRequest;
use node_app::use_cases::read_model::ReadModelRequest;
use node_app::use_cases::record_find::FindRequest;
use node_app::use_cases::record_list::ListRequest;
use node_app::use_cases::record_search::SearchRequest;
use node_app::use_cases::record_show::ShowRequest;
use node_app::use_cases::report::ReportRequest;
use node_app::use_cases::status::StatusRequest;
use node_app::use_cases::why::{WhyPeerRequest, WhyRecordRequest};

use super::harness::{COUNTY, Mesh, TOWNSHIP, VILLAGE, dispute, name, node};
use crate::console::mentions;

const SEED: u64 = 12;
const COMPLAINT: &str = "about-township";

/// What there is, and which of the three nodes may hold it.
struct Truth(Vec<HeldFacet>);

impl Permitted for Truth {
    fn may_hold(&self, facet: &FacetId, grade: Grade, at: NodeId) -> bool {
        let complaint = grade.sensitivity == name(COMPLAINT);
        let ledger = ["case.summary", "presence.beats"]
            .map(name)
            .contains(&facet.facet);
        let upward = complaint || ledger;
        at == facet.home
            || at == node(COUNTY) && upward
            || at == node(TOWNSHIP) && !complaint && upward
    }

    fn grades_of(&self, facet: &FacetId) -> Vec<Grade> {
        let same = self.0.iter().filter(|held| held.facet == *facet);
        same.map(|held| held.grade).collect()
    }

    fn facet_of_commit(&self, _: &CommitHash) -> Option<FacetId> {
        None
    }
}

/// A complaint about the township, and an ordinary dispute; both where they belong.
fn lived() -> (Mesh, RecordId, RecordId) {
    let mesh = Mesh::start(&[COUNTY, TOWNSHIP, VILLAGE]);
    let code = Canary::text(SEED, "code", 40);
    let mut facets = dispute(&code, &Canary::text(SEED, "text", 200));
    for facet in &mut facets {
        facet.sensitivity = Some(name(COMPLAINT));
    }
    let complaint = mesh.add(VILLAGE, facets);
    let ordinary = mesh.add(VILLAGE, dispute("ORDINARY", "ordinary"));
    mesh.wait_for_facets(COUNTY, "case.summary", 2);
    mesh.wait_for_facets(TOWNSHIP, "case.summary", 1);
    // Each says by itself that it is there: from here on nothing else comes.
    for (code, beats) in [(VILLAGE, 1), (TOWNSHIP, 2), (COUNTY, 3)] {
        mesh.wait_for_facets(code, "presence.beats", beats);
    }
    (mesh, complaint, ordinary)
}

/// Asks with this line, and gives the line that is answered.
fn ask_line(mesh: &Mesh, code: &str, request: &str) -> String {
    let socket = mesh.node_folder(code).socket();
    let mut stream = BufReader::new(UnixStream::connect(socket).expect("a running node"));
    writeln!(stream.get_mut(), "{request}").expect("a request");
    let mut line = String::new();
    stream.read_line(&mut line).expect("an answer");
    assert!(line.ends_with('\n'));
    line
}

#[test]
fn a_reply_about_a_record_that_must_not_be_known_is_that_about_one_that_does_not_exist() {
    let (mesh, complaint, _) = lived();
    // The id beside it: lists that begin after the one begin after the other.
    let mut beside = complaint;
    beside.0[15] ^= 1;
    let home = format!(r#""home":"{VILLAGE}","addressee":"{VILLAGE}""#);
    let set = r#"[{"facet":"case.summary","fields":{"step":"accepted"}}]"#;
    let questions = [
        r#"{"ask":"show","record":"RECORD"}"#.to_owned(),
        format!(r#"{{"ask":"set","record":"RECORD","facets":{set}}}"#),
        format!(r#"{{"ask":"why-record","record":"RECORD","node":"{TOWNSHIP}"}}"#),
        format!(r#"{{"ask":"why-record","record":"RECORD","node":"{COUNTY}"}}"#),
        r#"{"ask":"list","after":"RECORD","limit":10}"#.to_owned(),
        r#"{"ask":"find","of":"case","limit":10,"where":[{"field":"record","is":"equal","value":"RECORD"}]}"#.to_owned(),
        r#"{"ask":"search","text":"RECORD","limit":10}"#.to_owned(),
        format!(
            r#"{{"ask":"inventory","after":{{"record":"RECORD","facet":"case.summary",{home}}},"own_only":false}}"#
        ),
    ];
    let mut told_apart_above = 0;
    for question in questions {
        let about = |code: &str, record: RecordId| {
            let request = question.replace("RECORD", &record.to_string());
            let answer = ask_line(&mesh, code, &request);
            answer.replace(&record.to_string(), "RECORD")
        };
        assert_eq!(
            about(TOWNSHIP, complaint),
            about(TOWNSHIP, beside),
            "{question}"
        );
        told_apart_above += usize::from(about(COUNTY, complaint) != about(COUNTY, beside));
    }
    assert!(told_apart_above >= 3, "the county does hold it");
}

/// Much of what can be asked about everything and about this record.
fn requests(record: RecordId) -> Vec<Request> {
    let find = FindRequest {
        of: Some(name("case")),
        limit: 10,
        ..FindRequest::default()
    };
    let search = |text: String| SearchRequest {
        text,
        limit: 10,
        ..SearchRequest::default()
    };
    let report = ReportRequest {
        period: Cadence::Month,
        ending: None,
    };
    let list = ListRequest {
        kind: None,
        after: None,
        limit: 10,
    };
    let why_peer = |code| WhyPeerRequest { peer: node(code) };
    let why_record = WhyRecordRequest {
        record,
        node: node(COUNTY),
    };
    vec![
        find.into(),
        search("ordinary".to_owned()).into(),
        search(Canary::secret(SEED, "code")).into(),
        ReadModelRequest { rebuild: false }.into(),
        report.into(),
        StatusRequest {}.into(),
        QuarantineRequest {}.into(),
        list.into(),
        ShowRequest { record }.into(),
        INVENTORY.into(),
        why_peer(COUNTY).into(),
        why_peer(VILLAGE).into(),
        why_record.into(),
    ]
}

const INVENTORY: InventoryRequest = InventoryRequest {
    after: None,
    own_only: false,
};

#[test]
fn no_reply_and_no_log_line_mentions_what_the_node_may_not_hold() {
    let (mesh, complaint, ordinary) = lived();
    let facets = mesh.ask(VILLAGE, &INVENTORY).expect("an inventory").facets;
    // Two of each case, and that the village is there.
    assert_eq!(facets.len(), 5);
    let truth = Truth(facets);
    let mut needles = Needles::new();
    needles.add(0, &complaint.0);
    needles.add(0, Canary::secret(SEED, "code").as_bytes());
    needles.add(0, Canary::secret(SEED, "text").as_bytes());
    let (mut at_village, mut at_county) = (0, 0);
    for request in requests(ordinary) {
        let line = serde_json::to_string(&request).expect("JSON");
        let answer = |code: &str| ask_line(&mesh, code, &line);
        let told = |code: &str| mentions(&request, answer(code).as_bytes());
        let found = |code: &str| needles.find(answer(code).as_bytes()).len();
        assert_eq!(judge(&told(TOWNSHIP), node(TOWNSHIP), &truth), []);
        assert_eq!(found(TOWNSHIP), 0, "{request:?}");
        at_village += judge(&told(VILLAGE), node(TOWNSHIP), &truth).len();
        at_county += found(COUNTY);
    }
    assert!(at_village > 0 && at_county > 0, "others do mention it");
    let log = std::fs::read(mesh.node_folder(TOWNSHIP).path().join("log")).expect("a log");
    assert!(!log.is_empty());
    assert_eq!(needles.find(&log), []);
    for secret in ["code", "text"].map(|what| Canary::secret(SEED, what)) {
        assert!(!mesh.read_model_contains(TOWNSHIP, secret.as_bytes()));
        assert!(mesh.read_model_contains(VILLAGE, secret.as_bytes()));
    }
}
