//! Seeds of the soak: those that once showed a bug, some more, and the same seed twice.

use netsim::charters::Shelf;
use netsim::run::Options;
use netsim::soak::{Batch, run, run_one};
use netsim::stage::LINZE_NODES;

const NODES: usize = 12;

/// Seeds that showed a bug of the engine, and which.
const KEPT: [(u64, &str); 17] = [
    (
        30,
        "a charter refused by a wrong clock was not asked for again when the clock was set",
    ),
    (
        99,
        "what was written under a wrong clock waited for minutes after the clock was set",
    ),
    (
        6,
        "a node that lost an older charter refused for good what was written under it",
    ),
    (
        49,
        "a crash between a purge and the rewrite of the disk left the purged bytes there",
    ),
    (
        228,
        "an old hello that came late hid from a node that its peer had the new charter",
    ),
    (
        123,
        "the quarantine kept the bytes of a commit that its author never signed",
    ),
    (
        1109,
        "a facet that was purged while its next grade waited for the disk stayed in the index alone",
    ),
    (
        1369,
        "a push was forgotten while its facet waited for a new grade to become durable",
    ),
    (
        1353,
        "who opened a facet to a node with a new grade never compared it, and missed its commits",
    ),
    (
        2120,
        "the names of refused commits stayed in the quarantine when a charter took their facet away",
    ),
    (
        5217,
        "a peer set back to an old backup never got again what it had just sent and was not durable",
    ),
    (
        5587,
        "signatures that came while a clock was days behind were asked for again only after minutes",
    ),
    (
        5811,
        "the status named a declaration that waited for the disk while the one before it counted",
    ),
    (
        8105,
        "what a hostile node forged in a revoked node's name was kept as that node's",
    ),
    (
        18895,
        "a clock that was set right was noticed minutes later, and signatures were asked for then",
    ),
    (
        17974,
        "a hostile node that said that an emergency counts was held to be told too much",
    ),
    (
        1798,
        "a facet found damaged while a charter took it away left the mark of a new life on it behind",
    ),
];

#[test]
fn seeds_that_once_showed_a_bug_converge() {
    let shelf = Shelf::default();
    for (seed, bug) in KEPT {
        let outcome = run_one(Options::soak(seed, NODES), &shelf).expect("no panic");
        assert_eq!(outcome.broken, [], "seed {seed}: {bug}");
    }
}

#[test]
fn forty_seeds_converge_and_the_same_seed_gives_the_same_run() {
    let batch = Batch {
        first_seed: 15,
        seeds: 40,
        nodes: NODES,
        twice_every: 10,
        jobs: 2,
    };
    let summary = run(&batch, |_| {});
    assert!(summary.failures.is_empty(), "{:#?}", summary.failures);
    assert_eq!(summary.same_twice, 4);
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
