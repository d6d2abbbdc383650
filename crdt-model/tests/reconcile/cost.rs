//! Rounds and bytes. Run with `--nocapture` to see them.

use crdt_model::ids::RecordId;
use crdt_model::label::Label;
use crdt_model::limits::RECONCILE_DIFFERENCES_MAX;
use crdt_model::reconcile::{Bound, Index, Initiator, Position, Shared};

use crate::pairs::{self, Cost, Items, compare_all, expected, tidy};

fn change(items: &mut Items, count: usize, seed: u64) {
    let mut rng = pairs::rng(seed);
    let step = items.len() / count;
    let offset = seed as usize % step;
    for (_, heads) in items.iter_mut().skip(offset).step_by(step).take(count) {
        *heads = pairs::bytes(&mut rng);
    }
}

fn check(name: &str, one: &Items, other: &Items, labels: &[Label]) -> Cost {
    let (found, cost) = compare_all(one, other, labels);
    assert_eq!(tidy(found), expected(one, other), "{name}");
    println!(
        "{name:<44} {:>2} comparisons {:>3} rounds {:>7} B asked {:>8} B answered, largest {:>6} and {:>6}",
        cost.comparisons,
        cost.rounds,
        cost.request_bytes,
        cost.response_bytes,
        cost.request_bytes_most,
        cost.response_bytes_most,
    );
    cost
}

fn changed(items: usize, changed: usize, label_count: u64) -> (usize, u32) {
    let labels = pairs::labels(label_count);
    let mut worst = (0, 0);
    for seed in 0..3 {
        let mut rng = pairs::rng(seed);
        let one = pairs::random_items(&mut rng, &labels, items);
        let mut other = one.clone();
        change(&mut other, changed, seed);
        let name = format!("{changed} of {items} changed, {label_count} labels");
        let cost = check(&name, &one, &other, &labels);
        worst = (cost.bytes().max(worst.0), cost.rounds.max(worst.1));
    }
    worst
}

#[test]
fn equal_sets_have_equal_digests_and_unequal_ones_do_not() {
    let labels = pairs::labels(20);
    let one = pairs::random_items(&mut pairs::rng(1), &labels, 1000);
    let mut other = one.clone();
    change(&mut other, 1, 1);
    let indexes = [&one, &one, &other].map(pairs::index);
    let [first, same, changed] = indexes
        .each_ref()
        .map(|index| Shared::new(index, &labels).digest());
    assert_eq!(first, same);
    assert_ne!(first, changed);
    let cost = check(
        "equal, 1000, where they are compared at all",
        &one,
        &one,
        &labels,
    );
    assert_eq!(cost.rounds, 1);
}

#[test]
fn ten_changed_of_ten_thousand_take_two_rounds_and_eight_kilobytes() {
    for label_count in [1, 20] {
        let (bytes, rounds) = changed(10_000, 10, label_count);
        assert!(
            rounds <= 2 && bytes <= 8192,
            "{rounds} rounds, {bytes} bytes"
        );
    }
}

#[test]
fn many_labels_cost_little_more() {
    let (bytes, rounds) = changed(10_000, 10, 300);
    assert!(
        rounds <= 2 && bytes <= 9000,
        "{rounds} rounds, {bytes} bytes"
    );
}

#[test]
fn ten_changed_of_a_hundred_thousand_take_three_rounds() {
    let (bytes, rounds) = changed(100_000, 10, 20);
    assert!(
        rounds <= 3 && bytes <= 12_288,
        "{rounds} rounds, {bytes} bytes"
    );
}

#[test]
fn one_changed_takes_two_kilobytes() {
    let (bytes, rounds) = changed(10_000, 1, 20);
    assert!(
        rounds <= 2 && bytes <= 2048,
        "{rounds} rounds, {bytes} bytes"
    );
}

#[test]
fn many_changed_are_found_over_several_comparisons() {
    changed(10_000, 1000, 20);
    changed(20_000, 10_000, 20);
}

#[test]
fn an_empty_side_is_filled_by_bounded_messages() {
    let labels = pairs::labels(20);
    let empty = Items::new();
    for count in [1000, 10_000] {
        let full = pairs::random_items(&mut pairs::rng(3), &labels, count);
        check(
            &format!("asking side empty, {count}"),
            &empty,
            &full,
            &labels,
        );
        let cost = check(
            &format!("answering side empty, {count}"),
            &full,
            &empty,
            &labels,
        );
        assert!(
            cost.bytes() < 700 * cost.comparisons as usize,
            "lists of nothing tell it"
        );
    }
}

#[test]
fn disjoint_sets_are_found_out() {
    let labels = pairs::labels(20);
    for count in [100, 1000, 10_000] {
        let one = pairs::random_items(&mut pairs::rng(4), &labels, count);
        let other = pairs::random_items(&mut pairs::rng(5), &labels, count);
        check(&format!("disjoint, {count} each"), &one, &other, &labels);
    }
}

#[test]
fn a_subset_is_found_out() {
    let labels = pairs::labels(20);
    let full = pairs::random_items(&mut pairs::rng(6), &labels, 10_000);
    let part: Items = full
        .iter()
        .step_by(10)
        .map(|(at, heads)| (*at, *heads))
        .collect();
    check(
        "asking side has every tenth of 10000",
        &part,
        &full,
        &labels,
    );
    check(
        "answering side has every tenth of 10000",
        &full,
        &part,
        &labels,
    );
}

#[test]
fn ids_that_share_fifteen_bytes_cost_little_more() {
    let labels = pairs::labels(40);
    let mut rng = pairs::rng(7);
    let mut one = Items::new();
    for label in &labels {
        for last in 0..=255 {
            let mut position = Position {
                label: *label,
                record: RecordId([0xaa; 16]),
            };
            position.record.0[15] = last;
            one.insert(position, pairs::bytes(&mut rng));
        }
    }
    let mut other = one.clone();
    change(&mut other, 10, 7);
    let cost = check(
        "10 of 10240 changed, ids share 15 bytes",
        &one,
        &other,
        &labels,
    );
    assert!(cost.rounds <= 2 && cost.bytes() <= 13_000);
}

#[test]
fn what_was_collected_is_capped_and_the_rest_is_resumed() {
    let labels = pairs::labels(20);
    let full = pairs::index(&pairs::random_items(&mut pairs::rng(8), &labels, 10_000));
    let empty = Index::new();
    let (asking, answering) = (Shared::new(&empty, &labels), Shared::new(&full, &labels));
    let mut cost = Cost::default();
    let found = pairs::compare(&asking, &answering, Bound::Start, &mut cost);
    assert!(found.more());
    assert_eq!(found.need.len(), RECONCILE_DIFFERENCES_MAX);
    let last = found.need.last().copied().map(Bound::At);
    assert!(last < found.resume);
}

#[test]
fn a_cut_at_random_costs_one_round_between_equal_nodes() {
    let labels = pairs::labels(20);
    let index = pairs::index(&pairs::random_items(&mut pairs::rng(9), &labels, 1000));
    let shared = Shared::new(&index, &labels);
    for rank in [0, 1, 500, 999, 1000, u64::MAX] {
        let mut cost = Cost::default();
        let found = pairs::run(
            Initiator::cut_at(&shared, rank),
            &shared,
            &shared,
            &mut cost,
        );
        assert!(found.is_empty() && !found.more());
        assert_eq!(cost.rounds, 1);
    }
}
