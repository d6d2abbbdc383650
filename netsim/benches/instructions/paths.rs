//! What is counted, on fixed input: commits of a village of Linze under its charter, and 10,000 places
//! in an index.

use std::collections::BTreeMap;
use std::sync::Arc;

use crdt_model::charter::Charter;
use crdt_model::commit::Commit;
use crdt_model::document::Document;
use crdt_model::draft::Draft;
use crdt_model::history::History;
use crdt_model::ids::{Name, NodeId, RecordId};
use crdt_model::judge::Charters;
use crdt_model::label::{FacetId, Grade, Label};
use crdt_model::reconcile::{self, Bound, Differences, Index, Initiator, Shared, Span};
use crdt_model::replica;
use crdt_model::value::Value;
use crdt_model::wire::{Found, Response};
use netsim::charters::linze::Linze;
use netsim::seed::Seed;
use policy::deciding::charter::CedarCharter;
use policy::deciding::plain::PlainCedar;
use policy::deciding::question::Question;
use policy::making::template;
use policy::signing::held;

use crate::callgrind::counted;
use crate::two_nodes::{OneNode, TwoNodes};

const VILLAGE: &str = "620723101205";
const TOWNSHIP: &str = "620723101000";
/// Commits in what is counted of many.
const MANY: u32 = 256;
/// Places in an index.
const PLACES: u32 = 10_000;
/// Places that differ.
const CHANGED: usize = 10;

/// Runs all paths, each once. Returns their names, in the order in which they ran.
pub(crate) fn run() -> Vec<&'static str> {
    let nodes = template::nodes(&template::linze());
    let linze = Linze::of(1, &nodes);
    let adopted = held::restore(&linze.v1.bundle).expect("a charter");
    let cedar = Arc::clone(adopted.charter());
    let charter: Arc<dyn Charter> = Arc::<CedarCharter>::clone(&cedar);
    let mut village = OneNode::new(&linze, &charter, node(VILLAGE));
    village.write((0..MANY).map(draft).collect());
    let township = OneNode::new(&linze, &charter, node(TOWNSHIP));
    let histories: Vec<History> = (0..MANY).map(|number| history(&village, number)).collect();

    let mut other = OneNode::new(&linze, &charter, node(VILLAGE));
    other.write(vec![draft(MANY)]);
    other.write(vec![changed(MANY)]);

    let mut names = of_commits(&charter, &histories);
    names.push(of_changed(&history(&other, MANY)));
    names.extend(of_the_index(&histories[0]));
    names.extend(of_decisions(&linze, &cedar));
    let mut pair = TwoNodes {
        nodes: [village, township],
    };
    let asked = counted(|| pair.meet());
    assert!(asked > 2, "the township had nothing");
    pair.part();
    let asked = counted(|| pair.meet());
    assert_eq!(asked, 1, "they are equal");
    names.extend([
        "exchange of 256 facets, both ends",
        "hello of equal nodes, both ends",
    ]);
    names
}

fn of_commits(charter: &Arc<dyn Charter>, histories: &[History]) -> Vec<&'static str> {
    let charters = Charters::new([Arc::clone(charter)]).expect("one charter");
    let commits: Vec<&Commit> = histories.iter().map(first).collect();
    let one = commits[0];
    // Once before, so that nothing is counted that is done only the first time.
    let actor = charters.authenticate(one).expect("its author's");
    counted(|| charters.authenticate(one)).expect("its author's");
    counted(|| {
        commits
            .iter()
            .all(|commit| charters.authenticate(commit).is_ok())
    });
    counted(|| {
        let mut decoded = commits
            .iter()
            .map(|commit| Commit::decode(commit.encoded()));
        decoded.all(|commit| commit.is_ok())
    });
    let empty = History::new(one.body().facet);
    charters.authorize(one, &empty).expect("allowed");
    let judged = counted(|| {
        empty
            .check(one, actor)
            .map_err(Into::into)
            .and_then(|()| charters.authorize(one, &empty))
    });
    judged.expect("allowed");
    // One alone is so few instructions that what the allocator has to do shows.
    let documents = counted(|| {
        let built = histories.iter().map(Document::build);
        built.collect::<Result<Vec<_>, _>>()
    });
    let fields = |document: &Document| document.fields().count() == 10;
    let documents = documents.expect("documents");
    assert!(documents.iter().all(fields), "as its name says");
    let found = commits
        .iter()
        .zip(histories)
        .map(|(commit, history)| Found {
            have: history.clock(),
            commits: vec![commit.encoded().to_vec()],
            next: None,
        });
    let response = Response::Fetched(found.collect());
    let encoded = counted(|| response.encode());
    counted(|| Response::decode(&encoded)).expect("what was encoded");
    vec![
        "verify a commit",
        "verify 256 commits",
        "decode 256 commits",
        "judge a commit",
        "build 256 documents of 10 fields",
        "encode a response of 256 commits",
        "decode a response of 256 commits",
    ]
}

/// What more than one commit wrote has to be merged.
fn of_changed(history: &History) -> &'static str {
    assert_eq!(history.len(), 2, "it was written and changed");
    let document = counted(|| Document::build(history)).expect("a document");
    assert_eq!(document.fields().count(), 10, "as its name says");
    "merge two commits to a document of 10 fields"
}

fn of_the_index(history: &History) -> Vec<&'static str> {
    let label = label();
    let labels = [label];
    let mut seed = Seed::new(1);
    let mut items: BTreeMap<RecordId, [u8; 32]> = BTreeMap::new();
    for _ in 0..PLACES {
        items.insert(RecordId(drawn(&mut seed)), drawn(&mut seed));
    }
    let mut index = index(&label, &items);
    for heads in items.values_mut().step_by(PLACES as usize / CHANGED) {
        *heads = drawn(&mut seed);
    }
    let other = self::index(&label, &items);
    let (one, other) = (Shared::new(&index, &labels), Shared::new(&other, &labels));
    let half = Span {
        lower: one.cut(u64::from(PLACES) / 4),
        upper: Bound::End,
    };
    counted(|| one.total_in(&half).fingerprint());
    let found = counted(|| compare(&one, &other));
    assert_eq!(found.differ.len(), CHANGED);
    let (record, heads) = (history.facet().record, replica::heads_digest(history));
    counted(|| index.insert(label, record, heads));
    vec![
        "fingerprint of a range of 10,000",
        "compare 10 of 10,000 changed, both ends",
        "put a commit into an index of 10,000",
    ]
}

fn of_decisions(linze: &Linze, cedar: &CedarCharter) -> Vec<&'static str> {
    let (label, asking) = (label(), node(TOWNSHIP));
    let plain = PlainCedar::open(&linze.v1.files).expect("a charter");
    assert!(cedar.decide(Question::Flow, &label, asking).allowed);
    counted(|| cedar.decide(Question::Flow, &label, asking));
    let decided = counted(|| plain.decide(Question::Flow, &label, asking));
    assert!(decided.expect("no error"));
    vec!["decision, remembered", "decision of plain Cedar"]
}

/// One comparison, every message through its encoding.
fn compare(asking: &Shared<'_>, answering: &Shared<'_>) -> Differences {
    let mut initiator = Initiator::new(Bound::Start);
    while let Some(request) = initiator.request(asking) {
        let request = reconcile::Request::decode(&request.encode()).expect("what was encoded");
        let answer = reconcile::respond(answering, &request).expect("an honest request");
        let answer = reconcile::Response::decode(&answer.encode()).expect("what was encoded");
        initiator
            .receive(asking, &answer)
            .expect("an honest answer");
    }
    initiator.finish()
}

fn index(label: &Label, items: &BTreeMap<RecordId, [u8; 32]>) -> Index {
    let mut index = Index::new();
    for (record, heads) in items {
        index.insert(*label, *record, *heads);
    }
    index
}

fn drawn<const N: usize>(seed: &mut Seed) -> [u8; N] {
    let mut bytes = [0; N];
    for eight in bytes.chunks_mut(8) {
        eight.copy_from_slice(&seed.bits().to_be_bytes()[..eight.len()]);
    }
    bytes
}

fn node(code: &str) -> NodeId {
    code.parse().expect("a code")
}

fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

fn label() -> Label {
    let grade = Grade {
        sensitivity: name("normal"),
        level: name("village"),
    };
    facet(0).label(grade)
}

fn facet(number: u32) -> FacetId {
    FacetId {
        record: RecordId(drawn(&mut Seed::new(u64::from(number)))),
        facet: name("grid.summary"),
        home: node(VILLAGE),
        addressee: node(VILLAGE),
    }
}

/// A ledger row of ten fields.
fn draft(number: u32) -> Draft {
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    let time = |after_h: i64| Some(Value::Integer(1_782_500_000_000 + after_h * 3_600_000));
    let fields = [
        ("code", text(&format!("SL-WG-{number:06}"))),
        ("category", text("environment")),
        ("grid", text("620723101205001")),
        ("state", text("closed")),
        ("seen-time", time(0)),
        ("sent-time", time(1)),
        ("accepted-time", time(2)),
        ("due-time", time(72)),
        ("closed-time", time(4)),
        ("case", text(&facet(number + 1).record.to_string())),
    ];
    Draft {
        facet: facet(number),
        grade: None,
        fields: fields.map(|(key, value)| (key.to_owned(), value)).into(),
    }
}

/// Another number for the same row.
fn changed(number: u32) -> Draft {
    let code = Value::Text(format!("SL-WG-{number:06}-2"));
    Draft {
        fields: [("code".to_owned(), Some(code))].into(),
        ..draft(number)
    }
}

fn history(node: &OneNode, number: u32) -> History {
    replica::history(&node.store, &facet(number)).expect("it was written")
}

fn first(history: &History) -> &Commit {
    let (commit, _) = history.commits().next().expect("it was written");
    commit
}
