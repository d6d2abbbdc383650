//! What two nodes do while one gives the other all it has, part by part: engine, store and read model as
//! they run, and no network between them. Printed and not judged:
//! `cargo bench --workspace --bench exchange`.

mod county;

use std::time::Duration;

use crdt_model::engine::{InboundId, Input, Output};
use crdt_model::ids::NodeId;
use crdt_model::label::FacetId;
use crdt_model::store::Store;
use node_readmodel::{ReadModel, SLICE_FACETS};
use node_runtime::keeper::Keeper;

const FACETS: [usize; 2] = [1_000, 10_000];

fn main() {
    node_machine::private::new_files_only();
    println!(
        "| facets | way | engine that gives, µs a facet | engine that takes | its syncs | its read model |"
    );
    println!("| --: | --- | --: | --: | --: | --: |");
    for facets in FACETS {
        let folder = tempfile::tempdir().expect("a folder");
        let county = county::County::make(folder.path());
        let village = county.village();
        let mut giver = county.open(village);
        county::fill(&mut giver, village, facets);
        let mut above = county.open(county.township());
        report("pushed", facets, exchange(&mut giver, &mut above));
        drop(giver);
        county.lose_disk(village);
        let mut anew = county.open(village);
        report("fetched", facets, exchange(&mut above, &mut anew));
    }
}

fn report(way: &str, facets: usize, (giver, taker): (End, End)) {
    assert_eq!(taker.changed.len(), facets, "all came");
    let each = |worked: Duration| format!("{:.1}", worked.as_secs_f64() * 1e6 / facets as f64);
    println!(
        "| {facets} | {way} | {} | {} | {} | {} |",
        each(giver.engine),
        each(taker.engine),
        each(taker.syncs),
        each(taker.read_model)
    );
}

/// What one end did, in time of its thread.
#[derive(Default)]
struct End {
    engine: Duration,
    syncs: Duration,
    read_model: Duration,
    changed: Vec<FacetId>,
}

/// Connects two nodes, and carries what they say until neither has more to say.
fn exchange(giver: &mut Keeper, taker: &mut Keeper) -> (End, End) {
    let mut ends = (End::default(), End::default());
    let (ours, theirs) = (giver.node(), taker.node());
    let mut to_giver = vec![Input::Connected { peer: theirs }];
    let mut to_taker = vec![Input::Connected { peer: ours }];
    while !to_giver.is_empty() || !to_taker.is_empty() {
        let told = std::mem::take(&mut to_giver);
        carry(giver, theirs, told, &mut ends.0, &mut to_taker);
        let told = std::mem::take(&mut to_taker);
        carry(taker, ours, told, &mut ends.1, &mut to_giver);
    }
    follow(taker, &mut ends.1);
    ends
}

/// Lets a node do all it can, as its thread does: what is written becomes durable once no more comes.
fn carry(
    keeper: &mut Keeper,
    peer: NodeId,
    mut inputs: Vec<Input>,
    end: &mut End,
    other: &mut Vec<Input>,
) {
    let from = keeper.node();
    while !inputs.is_empty() {
        let mut sync = None;
        for input in std::mem::take(&mut inputs) {
            let now = keeper.clock.now();
            let (outputs, worked) = timed(|| {
                let outputs = keeper.engine.handle(input, now, &mut keeper.store);
                outputs.expect("a store")
            });
            end.engine += worked;
            for output in outputs {
                match output {
                    Output::Request {
                        peer: to,
                        id,
                        bytes,
                    } if to == peer => {
                        let id = InboundId(id.0);
                        other.push(Input::Request {
                            peer: from,
                            id,
                            bytes,
                        });
                    }
                    Output::Respond { id, bytes, .. } => {
                        let id = crdt_model::engine::RequestId(id.0);
                        other.push(Input::Response {
                            peer: from,
                            id,
                            bytes,
                        });
                    }
                    Output::Sync { token } => sync = Some(token),
                    Output::Changed { facet, .. } => end.changed.push(facet),
                    _ => {}
                }
            }
        }
        if let Some(token) = sync {
            let ((), worked) = timed(|| keeper.store.sync().expect("a disk"));
            end.syncs += worked;
            inputs.push(Input::Durable { token });
        }
    }
}

/// Writes what came to a read model.
fn follow(keeper: &Keeper, end: &mut End) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut model = county::read_model(keeper, folder.path());
    let ((), worked) = timed(|| {
        for some in end.changed.chunks(SLICE_FACETS) {
            let some = some.iter().copied().collect();
            let followed = ReadModel::follow(&mut model, &keeper.store, &some, &mut |_, _| {});
            followed.expect("followed");
        }
    });
    end.read_model = worked;
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
