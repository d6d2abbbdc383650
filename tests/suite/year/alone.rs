//! The same year in one replica, written in the sample's own order: what comes of it owes nothing to
//! the network.

use crdt_model::charter::Charter;
use crdt_model::commit::CommitBody;
use crdt_model::document::Document;
use crdt_model::draft::Draft;
use crdt_model::ids::{CharterVersion, Epoch, NodeId, PublicKey, Seq};
use crdt_model::replica;
use crdt_model::store::{Batch, MemoryStore, Store};
use crdt_model::time::WallTime;
use netsim::stage::Stage;
use policy::CedarCharter;

use super::work::Course;

/// All of it, by its nodes in turn.
pub(super) fn replica(stage: &Stage, charter: &CedarCharter, courses: Vec<Course>) -> MemoryStore {
    let mut store = MemoryStore::default();
    for course in courses {
        for deed in course.deeds {
            let drafts = deed.drafts(charter, course.node, &store);
            for draft in drafts.expect("what it is about is there") {
                write(stage, charter, course.node, &draft, &mut store);
            }
        }
    }
    store
}

fn write(
    stage: &Stage,
    charter: &CedarCharter,
    author: NodeId,
    draft: &Draft,
    store: &mut MemoryStore,
) {
    let mut history = replica::history(store, &draft.facet).expect("a history");
    let held = replica::facet_entry(store, &draft.facet).expect("an entry");
    let before = held.map(|entry| entry.grade);
    let (_, declared) = charter.kinds().facet(draft.facet.facet).expect("a facet");
    let first = || before.is_none().then(|| declared.default_grade()).flatten();
    let document = Document::build(&history).expect("a document");
    let (key, epoch) = (stage.key(author), Epoch(1));
    let life = (author, epoch);
    let parents = history.parents_for(life);
    let fields = draft.fields.iter();
    let body = CommitBody {
        facet: draft.facet,
        author,
        epoch,
        seq: Seq(history.last_of(life).map_or(0, |(seq, _)| seq.0) + 1),
        start: history.next_counter(&parents),
        wall: WallTime::from_ms(super::FROM_MS as u64),
        charter: CharterVersion(1),
        parents,
        grade: draft.grade.or_else(first),
        operations: fields
            .filter_map(|(key, value)| document.operation(key, value.clone()))
            .collect(),
    };
    let actor = body.actor(&PublicKey(key.verifying_key().to_bytes()));
    let grade = body.grade.or(before).expect("a grade");
    let position = history.len();
    let commit = body.sign(&key).expect("a commit");
    history.insert(commit, actor).expect("a good commit");
    let mut batch = Batch::default();
    replica::put_commits(&mut batch, &history, position, grade);
    store.write(&batch).expect("memory");
}
