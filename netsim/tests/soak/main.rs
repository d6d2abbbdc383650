//! Seeds of the soak: those that once showed a bug, some more, and the same seed twice.

use netsim::charters::Shelf;
use netsim::run::Options;
use netsim::soak::kept::{KEPT, Kept};
use netsim::soak::{Batch, run, run_one, seeds};
use netsim::stage::LINZE_NODES;

const NODES: usize = 12;

#[test]
fn seeds_that_once_showed_a_bug_converge() {
    let shelf = Shelf::default();
    for Kept { seed, why, .. } in KEPT.iter().filter(|kept| kept.nodes == NODES) {
        let outcome = run_one(Options::soak(*seed, NODES), &shelf).expect("no panic");
        assert_eq!(outcome.broken, [], "seed {seed}: {why}");
    }
}

#[test]
fn forty_seeds_converge_and_the_same_seed_gives_the_same_run() {
    let batch = Batch {
        seeds: (15..55).collect(),
        nodes: NODES,
        twice_every: 10,
        jobs: 2,
    };
    let summary = run(&batch, |_| {});
    assert!(summary.failures.is_empty(), "{:#?}", summary.failures);
    assert_eq!(summary.same_twice, 4);
}

#[test]
fn a_batch_has_the_kept_seeds_and_those_that_follow_from_a_text_each_once() {
    let first = seeds::first_derived_from("d479e5f");
    assert_eq!(first, seeds::first_derived_from("d479e5f"));
    assert_ne!(first, seeds::first_derived_from("d479e5e"));
    let kept: Vec<u64> = seeds::of_batch(NODES, true, first, 0);
    let both = seeds::of_batch(NODES, true, first, 3);
    assert!(kept.contains(&1369));
    assert_eq!(
        both,
        [kept.as_slice(), &[first, first + 1, first + 2]].concat()
    );
    let overlapping = seeds::of_batch(NODES, true, 1369, 2);
    assert_eq!(overlapping, [kept.as_slice(), &[1370]].concat());
    assert_eq!(seeds::of_batch(NODES, false, 7, 2), [7, 8]);
}

/// The whole of Linze County on its own charter; a soak of 84 nodes has more steps.
#[test]
fn linze_county_converges_on_its_own_charter() {
    let shelf = Shelf::default();
    for seed in [2, 9] {
        let options = Options {
            steps: 160,
            ..Options::soak(seed, LINZE_NODES)
        };
        let outcome = run_one(options, &shelf).expect("no panic");
        assert_eq!(outcome.broken, [], "seed {seed}");
    }
}
