//! How long a commit takes from a village over its township to the county, durable at each, with a
//! process for every node of the county; and beside it what the machine allows: synced writes and round
//! trips over TLS, measured in between. Printed and not judged: `cargo bench --workspace --bench latency`.

#![expect(
    clippy::disallowed_methods,
    reason = "it measures time, and looks at processes that tell nobody"
)]

#[path = "../../../transport/tests/transport/harness.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod harness;
mod limit;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crdt_model::charter::Tier;
use crdt_model::engine::LinkState;
use crdt_model::ids::{Name, NodeId};
use crdt_model::value::Value;
use node_app::door::caller::{Caller, WayIn};
use node_app::drafts::NewFacet;
use node_app::use_cases::record_add::AddRequest;
use node_app::use_cases::record_show::ShowRequest;
use node_app::use_cases::status::StatusRequest;
use node_demo::County;
use node_demo::options::{CountyOptions, Scale};
use node_demo::progress::Silent;
use node_doors::client::Client;

/// Commits that are followed, each from the next village.
const COMMITS: usize = 400;
/// Microseconds between two looks whether a commit is there.
const LOOK_US: u64 = 200;
const SETTLING_MS: u64 = 500;

fn main() {
    node_machine::private::new_files_only();
    let folder = tempfile::tempdir().expect("a folder");
    let mut options = CountyOptions::new(folder.path(), env!("CARGO_BIN_EXE_mesh-node"));
    options.scale = Scale::new(0.0).expect("a scale");
    let mut county = County::set_up(options, &Silent).expect("a county");
    county.start(&Silent).expect("its nodes");
    let villages = county.members().of_tier(Tier::Village);
    let top = county.members().of_tier(Tier::County)[0];
    settle(&county);
    let mut clients = BTreeMap::new();
    for node in villages.iter().copied().chain([top]) {
        let socket = county.folder().node(node).socket();
        clients.insert(node, Client::connect(&socket).expect("a node"));
    }
    let mut limit = limit::Limit::start(folder.path());
    let (mut whole, mut home, mut syncs, mut trips) = (vec![], vec![], vec![], vec![]);
    for number in 0..COMMITS {
        let village = villages[number % villages.len()];
        syncs.push(limit.synced_write());
        trips.push(limit.round_trip());
        let (at_home, there) = follow(&mut clients, village, top, number);
        home.push(at_home);
        whole.push(there);
    }
    println!(
        "{} processes, {COMMITS} commits\n",
        county.members().nodes().len()
    );
    println!("| what | median, ms | p99 |\n| --- | --: | --: |");
    row("a synced write of 400 bytes", &mut syncs);
    row("a request and its answer over TLS", &mut trips);
    row("written and durable at the village", &mut home);
    row("durable at the county, over the township", &mut whole);
    let bound = at(&trips, 0.5) * 2 + at(&syncs, 0.5) * 3;
    let ratio = |of: f64| at(&whole, of).as_secs_f64() / bound.as_secs_f64();
    println!(
        "\nTwo round trips and three synced writes, medians: {:.2} ms; the commit's median is {:.1} times \
         that, its p99 {:.1} times.",
        bound.as_secs_f64() * 1e3,
        ratio(0.5),
        ratio(0.99)
    );
}

/// Waits until all nodes are equal and no more comes.
fn settle(county: &County) {
    let nodes = county.members().nodes();
    loop {
        std::thread::sleep(Duration::from_millis(SETTLING_MS));
        let asked = nodes.iter().map(|node| (*node, StatusRequest {})).collect();
        let statuses = county.ask_all(asked).expect("answers");
        let mut peers = statuses
            .iter()
            .flat_map(|status| &status.as_ref().expect("a status").peers);
        if peers.all(|peer| peer.status.link == LinkState::InSync) {
            return;
        }
    }
}

/// Has a village write, and waits until the county has it. How long the one took, and both.
fn follow(
    clients: &mut BTreeMap<NodeId, Client>,
    village: NodeId,
    top: NodeId,
    number: usize,
) -> (Duration, Duration) {
    let start = Instant::now();
    let caller = Caller::at(WayIn::Socket);
    let request = AddRequest {
        record: None,
        home: None,
        facets: vec![report(village, number)],
    };
    let below = clients.get_mut(&village).expect("a node");
    let written = below.ask(&caller, &request).expect("an answer");
    let record = written.expect("written").record;
    let home = start.elapsed();
    let show = ShowRequest { record };
    let above = clients.get_mut(&top).expect("a node");
    while above.ask(&caller, &show).expect("an answer").is_err() {
        std::thread::sleep(Duration::from_micros(LOOK_US));
    }
    (home, start.elapsed())
}

/// A ledger row of a grid report, invented.
fn report(village: NodeId, number: usize) -> NewFacet {
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    let fields = [
        ("code", text(&format!("SL-WG-{number:06}"))),
        ("category", text("environment")),
        ("grid", text(&format!("{village}001"))),
        ("state", text("reported")),
        ("sent-time", Some(Value::Integer(1_790_000_000_000))),
    ];
    let fields = fields.map(|(key, value)| (key.to_owned(), value.expect("a value")));
    NewFacet {
        facet: Name::new("grid.summary").expect("a name"),
        addressee: None,
        sensitivity: None,
        level: None,
        fields: fields.into(),
    }
}

/// The figure below which this part of them lies.
fn at(sorted: &[Duration], part: f64) -> Duration {
    let last = sorted.len() - 1;
    sorted[(part * last as f64).round() as usize]
}

fn row(what: &str, figures: &mut [Duration]) {
    figures.sort_unstable();
    let ms = |part| at(figures, part).as_secs_f64() * 1e3;
    println!("| {what} | {:.2} | {:.2} |", ms(0.5), ms(0.99));
}
