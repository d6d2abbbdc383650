//! What one process measures of a county that was filled, and tells as `name value` lines: so each
//! measurement begins with memory that nothing was in.

use std::time::Instant;

use crdt_model::draft::Draft;
use crdt_model::engine::Input;
use crdt_model::ids::NodeId;
use crdt_model::label::{FacetId, Label};
use crdt_model::replica;
use crdt_model::store::Store;
use crdt_model::value::Value;
use node_machine::clock::Clock;
use policy::deciding::plain::PlainCedar;
use policy::deciding::question::Question;
use policy::signing::held;

use crate::county::{CACHE_BYTES, County, close_parties, county, township, village};
use crate::engines::{Nodes, OneNode};
use crate::year::name;

/// How often two equal nodes meet, and a change is made: the system counts a thread's work in steps of
/// some milliseconds.
const MEETINGS: u32 = 400;
const CHANGES: usize = 100;
/// Records that are changed while a line is cut.
const CHANGED: usize = 10;
/// Labels that plain Cedar is asked about.
const PLAIN: usize = 40;

/// Nanoseconds that this thread was at work: what else the machine does is noise.
pub(crate) fn worked_ns() -> u64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let worked = told.split_whitespace().next().expect("a number");
    worked.parse().expect("a number")
}

#[expect(clippy::disallowed_methods, reason = "a measurement")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// What a call gives, the milliseconds that it took and those that this thread was at work.
fn timed<T>(call: impl FnOnce() -> T) -> (T, f64, f64) {
    let (start, begun) = (now(), worked_ns());
    let result = call();
    let worked_ms = (worked_ns() - begun) as f64 / 1e6;
    (result, start.elapsed().as_secs_f64() * 1e3, worked_ms)
}

/// Kibibytes that a process has in memory, had at most, and has of its own: the rest is its program's
/// file.
pub(crate) fn resident_kib(process: &str) -> [u64; 3] {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("Linux");
    ["VmRSS:", "VmHWM:", "RssAnon:"].map(|name| {
        let line = status
            .lines()
            .find(|line| line.starts_with(name))
            .expect("a line");
        line.split_whitespace()
            .nth(1)
            .expect("a number")
            .parse()
            .expect("a number")
    })
}

fn tell(name: &str, value: f64) {
    println!("{name} {value}");
}

/// Runs one of the measurements.
pub(crate) fn run(which: &str, of: &County) {
    match which {
        "open" => open(of),
        "meet" => meet(of),
        "change" => change(of),
        "decide" => decide(of),
        "adopt" => adopt(of),
        other => panic!("no measurement `{other}`"),
    }
}

fn open(of: &County) {
    let (mut node, open_ms, worked_ms) = timed(|| OneNode::open(of, county()));
    tell("open-ms", open_ms);
    tell("open-cpu-ms", worked_ms);
    let outputs = node.input(Input::Tick, &Clock::start());
    assert!(outputs.is_empty(), "it may hold what it holds: {outputs:?}");
    tell("facets", node.engine.index().len() as f64);
    tell("labels", node.engine.index().labels().count() as f64);
    let [now_kib, _, own_kib] = resident_kib("self");
    tell("engine-rss-mib", now_kib as f64 / 1024.0);
    tell("engine-own-mib", own_kib as f64 / 1024.0);
    tell(
        "store-bytes",
        node.store.disk_bytes().expect("files") as f64,
    );
    drop(node);
    let (_, store_ms, _) = timed(|| of.store(county(), CACHE_BYTES));
    tell("store-open-ms", store_ms);
}

/// The two ends of a line, the lower one first.
const LINE: fn() -> (NodeId, NodeId) = || (township(), county());

fn meet(of: &County) {
    let (below, above) = LINE();
    let mut nodes = Nodes::open(of, &[county(), township(), village()]);
    // What townships sign of the charter goes around once.
    nodes.meet(village(), township());
    nodes.meet(below, above);
    nodes.part(below, above);
    nodes.said = Default::default();
    nodes.nodes.values_mut().for_each(|node| node.worked_ns = 0);
    for _ in 0..MEETINGS {
        nodes.meet(below, above);
        nodes.part(below, above);
    }
    let each = f64::from(MEETINGS);
    tell("equal-messages", nodes.said.messages as f64 / each);
    tell(
        "equal-bytes",
        nodes.said.bytes as f64 / nodes.said.messages as f64,
    );
    for (name, node) in [
        ("equal-county-cpu-ms", above),
        ("equal-township-cpu-ms", below),
    ] {
        tell(name, nodes.node(node).worked_ns as f64 / 1e6 / each);
    }
    nodes.write(village(), changes(&nodes.nodes[&village()], CHANGED, "A"));
    nodes.said = Default::default();
    nodes.nodes.values_mut().for_each(|node| node.worked_ns = 0);
    nodes.meet(below, above);
    tell("ten-messages", nodes.said.messages as f64);
    tell("ten-bytes", nodes.said.bytes as f64);
    for (name, node) in [("ten-county-cpu-ms", above), ("ten-township-cpu-ms", below)] {
        tell(name, nodes.node(node).worked_ns as f64 / 1e6);
    }
}

fn facets(node: &OneNode, most: usize) -> Vec<FacetId> {
    let index = node.engine.index();
    let labels = index
        .labels()
        .filter(|label| label.facet == name("grid.summary"));
    let facets = labels.flat_map(|label| index.records(label).map(|record| label.facet_of(record)));
    facets.take(most).collect()
}

/// Drafts that give so many of a node's rows another number.
fn changes(node: &OneNode, most: usize, code: &str) -> Vec<Draft> {
    let draft = |facet| Draft {
        facet,
        grade: None,
        fields: [("code".to_owned(), Some(Value::Text(code.to_owned())))].into(),
    };
    facets(node, most).into_iter().map(draft).collect()
}

fn change(of: &County) {
    let mut nodes = Nodes::open(of, &[county(), township(), village()]);
    nodes.meet(village(), township());
    nodes.meet(township(), county());
    let drafts = changes(&nodes.nodes[&village()], CHANGES, "B");
    nodes.nodes.values_mut().for_each(|node| node.worked_ns = 0);
    let mut took_ms: Vec<f64> = Vec::new();
    for draft in drafts {
        let (facet, before) = (draft.facet, held_commits(&nodes, &draft.facet));
        let ((), ms, _) = timed(|| nodes.write(village(), vec![draft]));
        assert_eq!(
            held_commits(&nodes, &facet),
            before + 1,
            "it came to the county"
        );
        took_ms.push(ms);
    }
    took_ms.sort_by(f64::total_cmp);
    tell("change-ms", took_ms[took_ms.len() / 2]);
    let each = took_ms.len() as f64;
    tell(
        "change-county-cpu-ms",
        nodes.node(county()).worked_ns as f64 / 1e6 / each,
    );
}

fn held_commits(nodes: &Nodes, facet: &FacetId) -> u32 {
    let entry = replica::facet_entry(&nodes.nodes[&county()].store, facet).expect("a store");
    entry.map_or(0, |entry| entry.commits)
}

fn decide(of: &County) {
    let node = OneNode::open(of, county());
    let charter = node.adopted.charter();
    let mut labels: Vec<Label> = Vec::new();
    replica::for_each_facet(&node.store, |facet, entry| {
        labels.push(facet.label(entry.grade))
    })
    .expect("a store");
    let ask = |label: &Label| charter.decide(Question::Flow, label, county()).allowed;
    let (allowed, _, worked_ms) = timed(|| labels.iter().filter(|label| ask(label)).count());
    assert_eq!(allowed, labels.len(), "it may hold what it holds");
    let cached_us = worked_ms * 1e3 / labels.len() as f64;
    let plain = PlainCedar::open(&of.charter()).expect("a charter");
    let some = labels.iter().step_by(labels.len() / PLAIN);
    let some: Vec<&Label> = some.collect();
    let (allowed, _, worked_ms) = timed(|| {
        let asked = some
            .iter()
            .map(|label| plain.decide(Question::Flow, label, county()));
        asked.filter(|answer| answer == &Ok(true)).count()
    });
    assert_eq!(allowed, some.len(), "plain Cedar says the same");
    let plain_us = worked_ms * 1e3 / some.len() as f64;
    tell("decision-us", cached_us);
    tell("decision-plain-us", plain_us);
    tell("decision-faster", plain_us / cached_us);
}

fn adopt(of: &County) {
    let clock = Clock::start();
    let mut node = OneNode::open(of, county());
    node.input(Input::Tick, &clock);
    for (name, after, closes) in [("same", 1, false), ("closed", 2, true)] {
        let files = of.next_charter(after, |folder| {
            if closes {
                close_parties(folder);
            }
        });
        let (next, _, read_ms) = timed(|| held::next(&node.adopted, &files, clock.now().wall));
        let (next, bundle) = next.expect("it may follow");
        let (dropped, ms, worked_ms) = timed(|| node.adopt(next, bundle, &clock));
        tell(&format!("adopt-{name}-read-ms"), read_ms);
        tell(&format!("adopt-{name}-ms"), ms);
        tell(&format!("adopt-{name}-cpu-ms"), worked_ms);
        tell(&format!("adopt-{name}-dropped"), dropped as f64);
    }
    assert!(node.scrub, "what was dropped is to leave the disk");
    let ((), ms, _) = timed(|| node.store.scrub().expect("a store"));
    tell("scrub-ms", ms);
    tell(
        "scrubbed-store-bytes",
        node.store.disk_bytes().expect("files") as f64,
    );
    let [_, most_kib, _] = resident_kib("self");
    tell("adopt-hwm-mib", most_kib as f64 / 1024.0);
}
