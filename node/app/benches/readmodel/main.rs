//! Figures of the read model over a year of the county, as `docs/read-model.md` has them, printed and
//! not judged: `cargo bench --workspace --bench readmodel`.

#[path = "../../tests/app/drawing.rs"]
mod drawing;
#[path = "../../../readmodel/tests/readmodel/harness.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod harness;
mod questions;
mod year;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use crdt_model::commit::Commit;
use crdt_model::history::History;
use crdt_model::ids::{ActorId, NodeId, PublicKey};
use crdt_model::label::FacetId;
use crdt_model::replica;
use crdt_model::store::{Batch, Store};
use ed25519_dalek::SigningKey;
use node_readmodel::{ReadModel, SLICE_FACETS};
use node_store::{SledStore, StoreOptions};

use harness::{Held, kinds, normal, unseen};
use year::{CASES, DEVICES, REPORTS};

const CACHE_BYTES: u64 = 64 << 20;
/// Times that a question is asked.
const TIMES: usize = 50;

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = StoreOptions::new(folder.path().join("store"), CACHE_BYTES);
    let mut store = SledStore::create(&options).expect("a store");
    let commits = year::fill(&mut store);
    let facets: Vec<FacetId> = commits.iter().map(|(one, _)| one.body().facet).collect();
    println!(
        "{} facets of {REPORTS} reports, {CASES} cases, {DEVICES} devices\n",
        facets.len()
    );
    println!("| what | figure |\n| --- | --: |");
    let model = keeping_up(&store, &commits, &facets, folder.path());
    let file_mib = model.disk_bytes() as f64 / f64::from(1 << 20);
    row("the file", &format!("{file_mib:.1} MiB"));
    questions::lists(&model);
    questions::searches(&model);
    questions::reports(&model);
}

/// A line of the table.
fn row(what: &str, figure: &str) {
    println!("| {what} | {figure} |");
}

/// How many of so many things are done in a second, on one thread.
fn rate(what: &str, count: usize, call: impl FnOnce()) {
    let ((), worked) = timed(call);
    let (rate, each) = (count as f64 / worked.as_secs_f64(), worked / count as u32);
    row(what, &format!("{rate:.0} a second, {each:.1?} each"));
}

/// How long a question takes, in the mean: the system counts a thread's work in steps of some
/// milliseconds.
fn mean(what: &str, mut call: impl FnMut()) {
    let ((), worked) = timed(|| (0..TIMES).for_each(|_| call()));
    let mean_ms = worked.as_secs_f64() * 1e3 / TIMES as f64;
    row(what, &format!("{mean_ms:.1} ms"));
}

/// How long this thread was at work: what else the machine does is noise.
fn timed<T>(call: impl FnOnce() -> T) -> (T, Duration) {
    let start = worked_ns();
    let result = call();
    (result, Duration::from_nanos(worked_ns() - start))
}

fn worked_ns() -> u64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let worked = told.split_whitespace().next().expect("a number");
    worked.parse().expect("a number")
}

/// The read model of all facets, as they came.
fn keeping_up(
    store: &SledStore,
    commits: &[(Commit, ActorId)],
    facets: &[FacetId],
    folder: &Path,
) -> ReadModel {
    let keys = keys(commits);
    let count = facets.len();
    rate("verifying commits", count, || verify(commits, &keys));
    let taken = StoreOptions::new(folder.join("taken"), CACHE_BYTES);
    let mut taken = SledStore::create(&taken).expect("a store");
    rate(
        "taking commits in: verified, written and synced, 1,024 together",
        count,
        || {
            commits
                .chunks(SLICE_FACETS)
                .for_each(|some| take_in(&mut taken, some, &keys));
        },
    );
    drop(taken);
    rate("reading documents", count, || read(store, facets));
    let mut model = empty(&folder.join("followed"));
    rate("following", count, || {
        for some in facets.chunks(SLICE_FACETS) {
            let some = some.iter().copied().collect();
            model.follow(store, &some, &mut unseen).expect("followed");
        }
    });
    let catch_up =
        |model: &mut ReadModel| while model.catch_up(store, &mut unseen).expect("caught up") {};
    rate("comparing what is up to date", count, || {
        catch_up(&mut model)
    });
    let mut anew = empty(&folder.join("anew"));
    let ((), worked) = timed(|| catch_up(&mut anew));
    row("making it anew", &format!("{:.1} s", worked.as_secs_f64()));
    model
}

fn empty(folder: &Path) -> ReadModel {
    let opened = ReadModel::open(folder, &kinds(), Held::owner());
    opened.expect("a read model").0
}

/// The keys of all authors.
fn keys(commits: &[(Commit, ActorId)]) -> BTreeMap<NodeId, PublicKey> {
    let key = |author: NodeId| {
        let key = SigningKey::from_bytes(&[(author.code() % 251) as u8; 32]);
        (author, PublicKey(key.verifying_key().to_bytes()))
    };
    let authors = commits.iter().map(|(commit, _)| commit.body().author);
    authors.map(key).collect()
}

/// What taking a commit costs at the least: its encoding, its signature, its place.
fn verify(commits: &[(Commit, ActorId)], keys: &BTreeMap<NodeId, PublicKey>) {
    for (commit, actor) in commits {
        let mut history = History::new(commit.body().facet);
        place(&mut history, commit, *actor, keys);
    }
}

fn place(
    history: &mut History,
    commit: &Commit,
    actor: ActorId,
    keys: &BTreeMap<NodeId, PublicKey>,
) {
    let read = Commit::decode(commit.encoded()).expect("canonical");
    assert!(read.signed_by(&keys[&read.body().author]));
    history.insert(read, actor).expect("it fits");
}

/// What a node does with commits that arrive, but for the rules.
fn take_in(
    store: &mut SledStore,
    commits: &[(Commit, ActorId)],
    keys: &BTreeMap<NodeId, PublicKey>,
) {
    let mut batch = Batch::default();
    for (commit, actor) in commits {
        let mut history = replica::history(store, &commit.body().facet).expect("a replica");
        place(&mut history, commit, *actor, keys);
        replica::put_commits(&mut batch, &history, 0, normal());
    }
    store.write(&batch).expect("a store");
    store.sync().expect("a disk");
}

/// What following a facet costs before any table is written.
fn read(store: &SledStore, facets: &[FacetId]) {
    for facet in facets {
        replica::facet_entry(store, facet).expect("an entry");
        replica::document(store, facet).expect("a document");
    }
}
