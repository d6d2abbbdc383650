//! Figures of a year of the county, printed and not judged:
//! `cargo test --release --workspace --test readmodel figures -- --ignored --nocapture`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crdt_model::commit::Commit;
use crdt_model::history::History;
use crdt_model::ids::{ActorId, NodeId, PublicKey, RecordId};
use crdt_model::label::{FacetId, Label};
use crdt_model::replica;
use crdt_model::store::{Batch, Store};
use crdt_model::value::Value;
use ed25519_dalek::SigningKey;
use node::readmodel::ReadModel;
use node::readmodel::find::{Comparison, Condition, Find, Key};
use node::readmodel::search::Search;
use node::report::period::{Cadence, Period};
use node::store::{SledStore, StoreOptions};

use crate::harness::{Held, commit, kinds, name, node, normal, text};
use crate::reports::{COUNTY, drawn_up};

const REPORTS: u32 = 37_000;
const CASES: u32 = 3_800;
const DEVICES: u32 = 2_300;
const YEAR_MS: u64 = 365 * 24 * 3_600_000;
const BEGIN_MS: u64 = 1_767_200_000_000;
/// Times that a question is asked.
const TIMES: usize = 50;

/// Words that texts are put together from.
const WORDS: [&str; 24] = [
    "水渠",
    "路灯",
    "井盖",
    "田埂",
    "林带",
    "泵房",
    "村口",
    "巷道",
    "堵塞",
    "破损",
    "松动",
    "积水",
    "已联系",
    "电工",
    "水管所",
    "村委会",
    "尽快",
    "处理",
    "现场",
    "查看",
    "夜间",
    "出行",
    "不便",
    "请求",
];

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

/// Numbers in no order, the same every time.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % bound
    }

    fn sentence(&mut self, words: u64) -> String {
        let word = |_| WORDS[self.below(WORDS.len() as u64) as usize];
        (0..words).map(word).collect::<Vec<_>>().join("")
    }

    fn record(&mut self) -> RecordId {
        let mut id = [0; 16];
        id.iter_mut().for_each(|byte| *byte = self.below(256) as u8);
        RecordId(id)
    }

    fn village(&mut self) -> NodeId {
        let (town, village) = (101 + self.below(7), 201 + self.below(11));
        node(&format!("620723{town:03}{village:03}"))
    }
}

/// A facet that is to be written, and when.
struct Wanted {
    facet: &'static str,
    fields: Vec<(&'static str, Value)>,
}

fn report(number: u32, wall_ms: u64, draw: &mut Draw) -> Vec<Wanted> {
    let category = ["safety", "environment", "dispute"][draw.below(3) as usize];
    let state = ["reported", "accepted", "closed"][draw.below(3) as usize];
    let ms = wall_ms as i64;
    let row = vec![
        ("code", text(&format!("WG-{number:06}"))),
        ("category", text(category)),
        ("grid", text(&format!("62072310120100{}", draw.below(9)))),
        ("state", text(state)),
        ("seen-time", Value::Integer(ms - 60_000)),
        ("sent-time", Value::Integer(ms)),
        ("due-time", Value::Integer(ms + 86_400_000)),
    ];
    let words = 8 + draw.below(24);
    let content = vec![
        ("text", text(&draw.sentence(words))),
        ("place", text(&draw.sentence(2))),
    ];
    vec![
        Wanted {
            facet: "grid.summary",
            fields: row,
        },
        Wanted {
            facet: "grid.content",
            fields: content,
        },
    ]
}

fn case(number: u32, wall_ms: u64, draw: &mut Draw) -> Vec<Wanted> {
    let step = ["accepted", "level-1", "level-2", "closed"][draw.below(4) as usize];
    let row = vec![
        ("code", text(&format!("LZ-2026-{number:06}"))),
        ("category", text("water")),
        ("channel", text("visit")),
        ("step", text(step)),
        ("registered-time", Value::Integer(wall_ms as i64)),
        ("people-number", Value::Integer(draw.below(9) as i64)),
        ("timeline/1", text(&draw.sentence(4))),
        ("timeline/2", text(&draw.sentence(4))),
    ];
    let words = 60 + draw.below(100);
    let story = vec![("text", text(&draw.sentence(words)))];
    vec![
        Wanted {
            facet: "case.summary",
            fields: row,
        },
        Wanted {
            facet: "case.narrative",
            fields: story,
        },
    ]
}

fn device(number: u32, draw: &mut Draw) -> Vec<Wanted> {
    let row = vec![
        ("device-id", text(&format!("620723101200132{number:05}"))),
        ("name", text(&format!("{}{number}号", draw.sentence(2)))),
        ("kind", text("camera")),
        ("status", text("on")),
    ];
    vec![Wanted {
        facet: "device.public",
        fields: row,
    }]
}

/// A year, in the order in which it came.
fn fill(store: &mut SledStore) -> Vec<(Commit, ActorId)> {
    let mut draw = Draw(7);
    let mut commits = Vec::new();
    let total = REPORTS + CASES + DEVICES;
    let mut batch = Batch::default();
    for number in 0..total {
        let wall_ms = BEGIN_MS + YEAR_MS / u64::from(total) * u64::from(number);
        // The three sorts are mixed as a year mixes them.
        let wanted = match number % 431 {
            0..370 => report(number, wall_ms, &mut draw),
            370..408 => case(number, wall_ms, &mut draw),
            _ => device(number, &mut draw),
        };
        let (record, home) = (draw.record(), draw.village());
        for one in wanted {
            let facet = FacetId {
                record,
                facet: name(one.facet),
                home,
                addressee: home,
            };
            let mut history = History::new(facet);
            let fields: Vec<_> = one
                .fields
                .into_iter()
                .map(|(key, value)| (key, Some(value)))
                .collect();
            let made = commit(
                &history,
                &home.to_string(),
                wall_ms,
                Some(normal()),
                &fields,
            );
            commits.push(made.clone());
            history.insert(made.0, made.1).expect("a good commit");
            replica::put_commits(&mut batch, &history, 0, normal());
        }
        if number % 256 == 255 || number + 1 == total {
            store.write(&std::mem::take(&mut batch)).expect("a store");
            store.sync().expect("a disk");
        }
    }
    commits
}

fn facets(store: &SledStore) -> BTreeSet<FacetId> {
    let mut all = BTreeSet::new();
    let entered = replica::for_each_facet(store, |facet, _| {
        all.insert(facet);
    });
    entered.expect("a replica");
    all
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
        let read = Commit::decode(commit.encoded()).expect("canonical");
        assert!(read.signed_by(&keys[&read.body().author]));
        let mut history = History::new(read.body().facet);
        history.insert(read, *actor).expect("it fits");
    }
}

/// What following a facet costs before any table is written.
fn read(store: &SledStore, facets: &[FacetId]) {
    for facet in facets {
        replica::facet_entry(store, facet).expect("an entry");
        replica::document(store, facet).expect("a document");
    }
}

/// The mean: the system counts a thread's work in steps of some milliseconds.
fn mean_ms(mut call: impl FnMut()) -> f64 {
    let (_, worked) = timed(|| (0..TIMES).for_each(|_| call()));
    worked.as_secs_f64() * 1e3 / TIMES as f64
}

#[test]
#[ignore = "a measurement"]
fn figures_of_a_year() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = StoreOptions {
        folder: folder.path().join("store"),
        cache_bytes: 64 << 20,
    };
    let mut store = SledStore::create(&options).expect("a store");
    let commits = fill(&mut store);
    let all = facets(&store);
    let count = all.len() as f64;
    let keys = keys(&commits);
    let (_, verifying) = timed(|| verify(&commits, &keys));
    let rate = |time: Duration| count / time.as_secs_f64();
    println!("{count} facets of {REPORTS} reports, {CASES} cases, {DEVICES} devices");
    println!("verifying: {:.0} commits/s, on one thread", rate(verifying));

    let place = folder.path().join("followed");
    let (mut model, _) = ReadModel::open(&place, &kinds(), Held::owner()).expect("a read model");
    let mut open: Vec<FacetId> = commits.iter().map(|(one, _)| one.body().facet).collect();
    open.dedup();
    let (_, reading) = timed(|| read(&store, &open));
    println!("reading documents: {:.0} facets/s", rate(reading));
    let (_, following) = timed(|| {
        for some in open.chunks(256) {
            let some = some.iter().copied().collect();
            model.follow(&store, &some).expect("followed");
        }
    });
    println!("following: {:.0} facets/s, 256 at a time", rate(following));
    let (_, comparing) = timed(|| while model.catch_up(&store).expect("caught up") {});
    println!(
        "comparing what is up to date: {:.0} facets/s",
        rate(comparing)
    );
    println!(
        "file: {:.1} MiB",
        model.disk_bytes() as f64 / f64::from(1 << 20)
    );
    questions(&model);
    reports(&model);
    let place = folder.path().join("rebuilt");
    let (mut model, _) = ReadModel::open(&place, &kinds(), Held::owner()).expect("a read model");
    let (_, rebuilding) = timed(|| while model.catch_up(&store).expect("caught up") {});
    println!("making it anew: {:.1} s", rebuilding.as_secs_f64());
}

fn reports(model: &ReadModel) {
    let (kinds, last) = (kinds(), "2026-11-27".parse().expect("a day"));
    let some = |label: &Label| label.home.code().is_multiple_of(2);
    let all = |_: &Label| true;
    for (what, cadence, may_read) in [
        ("a month", Cadence::Month, &all as &dyn Fn(&Label) -> bool),
        ("a quarter", Cadence::Quarter, &all),
        ("a quarter of some villages", Cadence::Quarter, &some),
    ] {
        let period = Period::with(cadence, last);
        let mean = mean_ms(|| drop(drawn_up(model, &kinds, COUNTY, may_read, period)));
        println!("report of {what}: {mean:.1} ms");
    }
}

fn questions(model: &ReadModel) {
    let equal = |field: &str, value: &str| Condition {
        key: Key::Field(name(field)),
        is: Comparison::Equal,
        value: Some(text(value)),
    };
    let since = Condition {
        key: Key::Field(name("sent-time")),
        is: Comparison::AtLeast,
        value: Some(Value::Integer((BEGIN_MS + YEAR_MS / 2) as i64)),
    };
    let reports = |conditions, offset| Find {
        facet: name("grid.summary"),
        conditions,
        sort: Some((Key::Field(name("sent-time")), true)),
        offset,
        limit: 50,
    };
    for (what, find) in [
        ("reports, all, latest first", reports(Vec::new(), 0)),
        (
            "reports by state and half a year",
            reports(vec![equal("state", "reported"), since], 0),
        ),
        (
            "the same sort, page 100",
            reports(vec![equal("state", "reported")], 5_000),
        ),
        (
            "cases by step, latest first",
            Find {
                facet: name("case.summary"),
                conditions: vec![equal("step", "level-2")],
                sort: Some((Key::Field(name("registered-time")), true)),
                offset: 0,
                limit: 50,
            },
        ),
    ] {
        let total = model.find(&find, &|_| true).expect("a list").total;
        let mean = mean_ms(|| drop(model.find(&find, &|_| true).expect("a list")));
        println!("{what}: {mean:.1} ms; {total} rows in all");
    }
    // Half of the villages may be read: rows are told apart by label.
    let some = |label: &Label| label.home.code().is_multiple_of(2);
    let mean = mean_ms(|| drop(model.find(&reports(Vec::new(), 0), &some)));
    println!("reports of some villages: {mean:.1} ms");
    for wanted in [
        "水渠堵塞",
        "水渠",
        "LZ-2026-0017",
        "水管所 夜间出行",
        "没有的词",
    ] {
        let search = Search {
            text: wanted,
            facets: &[],
            offset: 0,
            limit: 20,
        };
        let found = model
            .search(&search, &|_| true)
            .expect("a search")
            .expect("words");
        let mean = mean_ms(|| drop(model.search(&search, &|_| true)));
        let total = found.total;
        println!("search {wanted}: {mean:.1} ms; {total} facets");
    }
}
