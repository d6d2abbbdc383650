//! A county that begins with a few of its 84 nodes, under one or two townships, and goes on like that
//! for ten years: all the others are expected.

use crdt_model::engine::Rung;
use crdt_model::ids::NodeId;
use crdt_model::label::FacetId;
use crdt_model::time::WallTime;
use netsim::charters::Shelf;
use netsim::secrecy::Canary;
use netsim::stage::Stage;
use netsim::world::World;

use crate::county::{HOUR_MS, draft, text, time};

const DAY_MS: u64 = 24 * HOUR_MS;
/// Virtual milliseconds that a day takes here: longer than the longest wait between two comparisons.
const A_WHILE_MS: u64 = 400_000;
/// Days between two records.
const RECORD_DAYS: u64 = 30;
/// Days for which a charter holds.
const HOLDS_DAYS: u64 = 730;
/// The day of a year on which the township is back.
const BACK_DAY: u64 = 6;
/// Days before its end at which the next version is signed.
const RENEWED_DAYS: u64 = 60;

fn after(begin: WallTime, days: u64) -> WallTime {
    WallTime::from_ms(begin.ms + days * DAY_MS)
}

/// Plays some years; in each, a township is away for some days.
fn flows_for(years: u64, nodes: usize, townships: usize) {
    let shelf = Shelf::default();
    let stage = Stage::linze(nodes, &shelf);
    let linze = stage.of_linze().expect("Linze").clone();
    let mut world = World::new(11, Box::new(shelf));
    world.redials = true;
    let begin = world.wall();
    let mut edition = linze.beginning(None, after(begin, HOLDS_DAYS));
    let mut renewed_day = 0;
    for node in stage.places.nodes() {
        let founding = vec![(edition.version, edition.bundle.clone())];
        world.add(stage.identity(*node), &founding).expect("a node");
    }
    world.connect_all();
    let (county, all) = (stage.places.county(), stage.places.townships());
    assert_eq!(all.len(), townships);
    let village = stage.places.villages_of(all[0])[0];
    let charter = world
        .node(county)
        .expect("it runs")
        .engine
        .charter()
        .clone();
    assert_eq!(charter.roster().members().len(), 84);
    assert_eq!(
        charter.freshness().map(|one| one.cosigners),
        Some(townships)
    );
    for day in 0..years * 365 {
        let jump_ms = DAY_MS - A_WHILE_MS;
        world.pass_wall_ms(jump_ms);
        away(&mut world, &stage, all[0], day % 365);
        if day == renewed_day + HOLDS_DAYS - RENEWED_DAYS {
            renewed_day = day;
            edition = linze.beginning(Some(&edition), after(begin, day + HOLDS_DAYS));
            world
                .offer(county, &edition.bundle)
                .expect("it is the next version");
        }
        let reports = day % RECORD_DAYS == 15 && day % 365 > BACK_DAY;
        let record = reports.then(|| report(&mut world, village, day));
        world.run_ms(A_WHILE_MS);
        if let Some(record) = record {
            assert!(world.holders(&record).contains(&county), "day {day}");
        }
        if day % 365 > BACK_DAY {
            let rungs = world
                .nodes()
                .map(|(node, state)| (node, state.engine.rung()));
            let narrowed: Vec<_> = rungs.filter(|(_, rung)| *rung != Rung::Fresh).collect();
            assert!(narrowed.is_empty(), "day {day}: {narrowed:?}");
        }
        world.frames.clear();
        world.happenings.clear();
    }
    let version = world
        .node(village)
        .expect("it runs")
        .engine
        .charter()
        .version();
    let renewals = years * 365 / HOLDS_DAYS;
    assert!(version.0 > renewals, "it was renewed: {version}");
}

/// A township is away for the first five days of a year.
fn away(world: &mut World, stage: &Stage, township: NodeId, day_of_year: u64) {
    match day_of_year {
        1 => stage
            .places
            .linked(township)
            .into_iter()
            .for_each(|peer| world.block(township, peer)),
        BACK_DAY => world.heal_lines(),
        _ => {}
    }
}

/// A grid report of a village.
fn report(world: &mut World, village: NodeId, day: u64) -> FacetId {
    let facet = FacetId {
        record: Canary::record(11, day),
        facet: "grid.summary".parse().expect("a name"),
        home: village,
        addressee: village,
    };
    let now = world.wall();
    let fields = [
        ("category", text("environment")),
        ("grid", text("620723101201001")),
        ("state", text("reported")),
        ("sent-time", time(now)),
    ];
    world
        .write(village, vec![draft(facet, &fields)])
        .expect("reported");
    facet
}

#[test]
fn a_county_with_one_township_flows_for_ten_years() {
    flows_for(10, 6, 1);
}

#[test]
fn a_county_with_two_townships_flows_for_three_years() {
    flows_for(3, 12, 2);
}

/// By hand, with `--release`.
#[test]
#[ignore = "takes a minute"]
fn a_county_with_two_townships_flows_for_ten_years() {
    flows_for(10, 12, 2);
}
