//! Claims about paired runs: nobody can tell apart two worlds that differ in what it may not know,
//! and the comparison sees it where somebody can.

use netsim::charters::Shelf;
use netsim::pairs::Pair;
use netsim::pairs::batch::{Batch, run};
use netsim::pairs::observation::first_difference;
use netsim::pairs::script::{Act, Step, begin, in_order, text, write};
use netsim::pairs::variation::VARIATIONS;

const NODES: usize = 12;

fn pair(seed: u64, shelf: &Shelf) -> Pair {
    Pair::draw(seed, NODES, shelf).expect("a pair")
}

#[test]
fn nobody_can_tell_apart_two_worlds_that_differ_in_what_it_may_not_know() {
    let batch = Batch {
        first_seed: 1,
        seeds: 39,
        nodes: NODES,
        jobs: 2,
    };
    let summary = run(&batch, |_| {});
    assert!(summary.findings.is_empty(), "{:#?}", summary.findings);
    assert_eq!(summary.never(), Vec::<&str>::new());
    assert_eq!(summary.variations.len(), VARIATIONS.len());
}

#[test]
fn a_peer_cannot_find_damage_in_a_facet_that_it_may_not_hold_by_pushing_on_it() {
    let shelf = Shelf::default();
    // Each showed the observer a neighbour that went down at its push.
    for seed in [5_002, 5_015, 5_041] {
        let mut pair = pair(seed, &shelf);
        let (rotten, place, at_ms) = pair.scripts[1]
            .iter()
            .find_map(|step| match step.act {
                Act::Rot { node, place } => Some((node, place, step.at_ms)),
                _ => None,
            })
            .expect("damage");
        let act = Act::Probe {
            from: pair.scene.observer,
            to: rotten,
            place,
        };
        let probe = Step {
            at_ms: at_ms + 50,
            act,
        };
        pair.scripts = pair.scripts.map(|script| {
            let steps = script.into_iter().chain([probe.clone()]);
            in_order(steps.collect())
        });
        let outcome = pair.run(&shelf).expect("a run");
        assert!(outcome.near, "seed {seed}");
        assert_eq!(outcome.difference, None, "seed {seed}: {}", outcome.words);
    }
}

/// Seeds of pairs that once differed, and by what.
const KEPT: [(u64, &str); 6] = [
    (19, "a clock that was set made a node greet everybody"),
    (
        36,
        "a refusal waited for the disk that mended something hidden",
    ),
    (62, "the same, at a township"),
    (
        90,
        "the epoch of what a node wrote told that it had dropped something",
    ),
    (155, "the same, by another charter"),
    (
        2_495,
        "what a power cut left was up to a chance that fell otherwise",
    ),
];

#[test]
fn pairs_that_once_differed_do_not() {
    let shelf = Shelf::default();
    for (seed, why) in KEPT {
        let outcome = pair(seed, &shelf).run(&shelf).expect("a run");
        let found = outcome.difference.filter(|_| outcome.permitted.is_none());
        assert_eq!(found, None, "seed {seed}: {why}");
    }
}

#[test]
fn the_same_world_twice_looks_the_same() {
    let shelf = Shelf::default();
    let mut pair = pair(1, &shelf);
    pair.scripts[1] = pair.scripts[0].clone();
    let outcome = pair.run(&shelf).expect("a run");
    assert_eq!((outcome.difference, outcome.near), (None, true));
}

#[test]
fn what_the_observer_may_know_is_a_difference_that_nothing_permits() {
    let shelf = Shelf::default();
    let mut found = 0;
    for seed in 1..=13 {
        let mut pair = pair(seed, &shelf);
        let mut chance = pair.scene.chance("a test");
        let place = (0..200).find_map(|record| {
            let neighbours = pair.scene.neighbours.clone();
            let place = pair
                .scene
                .place(&mut chance, 10_000 + record, &neighbours)?;
            let seen = |table: &netsim::charters::Permissions| {
                table.holds(&place.label(), pair.scene.observer)
            };
            pair.scene
                .editions()
                .all(|edition| seen(&edition.table))
                .then_some(place)
        });
        let Some(place) = place else {
            continue;
        };
        let draft = begin(&place, text(seed, "to be seen", 50));
        let more = write(5_000, place.facet.home, draft);
        let steps = pair.scripts[0].iter().cloned().chain([more]);
        pair.scripts[1] = in_order(steps.collect());
        let outcome = pair.run(&shelf).expect("a run");
        assert!(
            outcome.difference.is_some(),
            "seed {seed}: {}",
            outcome.words
        );
        assert_eq!(outcome.permitted, None, "seed {seed}");
        found += 1;
    }
    assert!(found >= 8, "{found} of 13");
}

#[test]
fn the_observer_probes_in_both_worlds_alike() {
    let shelf = Shelf::default();
    let pair = pair(3, &shelf);
    let probes = |script: &[Step]| {
        let probes = script
            .iter()
            .filter(|step| matches!(step.act, Act::Probe { .. }));
        probes.map(|step| step.at_ms).collect::<Vec<_>>()
    };
    assert!(!probes(&pair.scripts[0]).is_empty());
    assert_eq!(probes(&pair.scripts[0]), probes(&pair.scripts[1]));
    let [one, other] = pair.play(&shelf).expect("a run");
    assert_eq!(first_difference(&one.entries, &other.entries), None);
}
