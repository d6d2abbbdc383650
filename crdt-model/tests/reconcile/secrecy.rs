//! What is not shared leaves no trace in an answer.

use crdt_model::reconcile::{Bound, Question, Request, Shared, Span, respond};
use crdt_model::reconcile::{Fingerprint, Initiator};
use proptest::prelude::*;

use crate::pairs::{self, Items};

/// Requests of any shape, with bounds at shared and at withheld labels.
fn request(seed: u64, size: usize) -> Request {
    let mut rng = pairs::rng(seed);
    let places = pairs::random_items(&mut rng, &pairs::labels(12), size);
    let mut bounds = vec![Bound::Start];
    bounds.extend(places.keys().map(|position| Bound::At(*position)));
    bounds.push(Bound::End);
    let spans = bounds.windows(2).map(|pair| Span {
        lower: pair[0],
        upper: pair[1],
    });
    let questions = spans.enumerate().map(|(at, span)| Question {
        span,
        fingerprint: Fingerprint {
            count: (at as u64 % 5) * 10,
            hash: pairs::bytes(&mut rng),
        },
    });
    Request {
        questions: questions.collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn answers_do_not_change_with_what_is_withheld(seed: u64, held in 0usize..3000, hidden in 1usize..3000, size in 0usize..400) {
        let all = pairs::labels(12);
        let shared_labels: Vec<_> = all.iter().copied().step_by(2).collect();
        let withheld: Vec<_> = all.iter().copied().skip(1).step_by(2).collect();
        let mut rng = pairs::rng(seed);
        let open = pairs::random_items(&mut rng, &shared_labels, held);
        let secret = pairs::random_items(&mut rng, &withheld, hidden);
        let both: Items = open.iter().chain(&secret).map(|(at, heads)| (*at, *heads)).collect();
        let (without, with) = (pairs::index(&open), pairs::index(&both));
        let (without, with) = (Shared::new(&without, &shared_labels), Shared::new(&with, &shared_labels));
        prop_assert_eq!(without.digest(), with.digest());

        let request = request(seed, size);
        let answer = respond(&without, &request).expect("a request").encode();
        prop_assert_eq!(answer, respond(&with, &request).expect("a request").encode());

        let mut asks = [&without, &with].map(|shared| {
            Initiator::new(Bound::Start).request(shared).map(|request| request.encode())
        }).into_iter();
        prop_assert_eq!(asks.next(), asks.next());
    }
}

#[test]
fn a_list_of_labels_that_is_not_sorted_shares_nothing() {
    let labels = pairs::labels(4);
    let index = pairs::index(&pairs::random_items(&mut pairs::rng(1), &labels, 100));
    let unsorted: Vec<_> = labels.iter().copied().rev().collect();
    let shared = Shared::new(&index, &unsorted);
    assert_eq!(shared.total().count(), 0);
    assert!(!shared.compares(&labels[0]));
}
