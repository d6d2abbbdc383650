//! The charter of Linze County is adopted as its story has it, and allows what was written down by
//! hand.

use netsim::charters::Edition;
use netsim::charters::library::Library;
use netsim::charters::linze::Linze;
use policy::signing::adopt::found;
use policy::{CedarCharter, Question};

use crate::support::{check_sound, compare, compare_at, now, small_county};

/// Nodes of Linze County: two townships, of which one has two villages.
fn some_nodes() -> Vec<crdt_model::ids::NodeId> {
    let mut nodes = small_county();
    nodes.truncate(6);
    nodes
}

/// Compares an example of every class of questions there is, which stands for all of it.
fn compare_classes(edition: &Edition) -> usize {
    let charter = CedarCharter::open(&edition.files).expect("it is a charter");
    let examples = charter.classes(Question::Flow);
    for example in examples.values() {
        compare_at(&charter, edition, &example.label, example.node);
    }
    assert_eq!(charter.alarms(), 0, "{:?}", charter.last_alarm());
    examples.len()
}

#[test]
fn the_table_written_by_hand_is_what_the_charter_allows() {
    let linze = Linze::new(1);
    assert_eq!(linze.nodes.len(), 84);
    for edition in [&linze.v1, &linze.v2] {
        assert!(compare_classes(edition) > 1000);
        assert!(compare(edition, &linze.nodes, 0, 199) > 10_000);
    }
    compare(&linze.v3, &linze.nodes, 0, 1999);
}

#[test]
fn a_part_of_the_county_has_the_same_charter() {
    let linze = Linze::of(2, &some_nodes());
    compare(&linze.v1, &linze.nodes, 0, 1);
    compare(&linze.v2, &linze.nodes, 0, 7);
    check_sound(&linze.v1, &linze.nodes);
    check_sound(&linze.v2, &linze.nodes);
}

#[test]
fn the_wrong_version_is_adopted_and_taken_back() {
    let (linze, mut library) = (Linze::new(3), Library::new());
    let first = found(&linze.v1.files, now(), Some(linze.v1.digest)).expect("in force");
    let wrong = library.adopt(&first, &linze.v2.bundle, now());
    let wrong = wrong.unwrap_or_else(|why| panic!("{why}"));
    let right = library.adopt(&wrong, &linze.v3.bundle, now());
    let right = right.unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(right.digest(), linze.v3.digest);
    assert!(!first.charter().is_template());
}

#[test]
fn reviewers_could_check_the_first_version() {
    let linze = Linze::of(4, &some_nodes());
    let charter = CedarCharter::open(&linze.v1.files).expect("it is a charter");
    assert_eq!(policy::run_checks(&charter), []);
}

#[test]
fn what_else_reviewers_sign_is_what_its_table_says() {
    let nodes = some_nodes();
    let linze = Linze::of(5, &nodes);
    let village = nodes[3];
    let revoking = linze.revoking(&linze.v2, village);
    let fewer: Vec<_> = nodes
        .iter()
        .copied()
        .filter(|node| *node != village)
        .collect();
    let without = Linze::of(5, &fewer).v1;
    let with = linze.following(&without);
    for edition in [&linze.v2_fork, &revoking, &with] {
        compare(edition, &linze.nodes, 0, 3);
    }
    compare(&without, &fewer, 0, 3);
    assert_ne!(linze.v2_fork.digest, linze.v2.digest);
    assert!(revoking.table.active().all(|node| node != village));

    let mut library = Library::new();
    let before = found(&without.files, now(), Some(without.digest)).expect("in force");
    library
        .adopt(&before, &with.bundle, now())
        .expect("a village joins");
    let first = found(&linze.v1.files, now(), Some(linze.v1.digest)).expect("in force");
    library
        .adopt(&first, &linze.v2_fork.bundle, now())
        .expect("a second version");
    let open = library.adopt(&first, &linze.v2_unsigned_enough.bundle, now());
    assert!(open.is_err(), "one reviewer is too few");
}
