//! What the asking side asks: as little as will do, and again what was not answered.

use crdt_model::limits::RECONCILE_LIST_MAX;
use crdt_model::reconcile::{
    Bound, Fingerprint, Initiator, Range, RangeContent, Request, Response, Shared, Span, respond,
};

use crate::pairs::{self, Items};

const FEW: u64 = RECONCILE_LIST_MAX as u64;

/// Where a request begins to ask and where it ends, if it leaves nothing out between the two.
fn covered(request: &Request) -> Span {
    let spans: Vec<_> = request.questions.iter().map(|asked| asked.span).collect();
    assert!(spans.windows(2).all(|pair| pair[0].upper == pair[1].lower));
    Span {
        lower: spans[0].lower,
        upper: spans[spans.len() - 1].upper,
    }
}

#[test]
fn what_was_not_answered_is_asked_again() {
    let labels = pairs::labels(4);
    let here = pairs::index(&pairs::random_items(&mut pairs::rng(1), &labels, 400));
    let there = pairs::index(&Items::new());
    let (asking, answering) = (Shared::new(&here, &labels), Shared::new(&there, &labels));
    let mut initiator = Initiator::new(Bound::Start);
    let first = initiator.request(&asking).expect("a first request");
    assert_eq!(covered(&first), Span::ALL);
    assert_eq!(initiator.waiting(), 0);
    let broken_off = initiator.clone().finish();
    assert!(broken_off.is_empty());
    assert_eq!(broken_off.resume, Some(Bound::Start));

    let again = initiator.request(&asking).expect("nothing was answered");
    assert_eq!(covered(&again), Span::ALL);
    assert_eq!(initiator.rounds(), 2);
    let mut response = respond(&answering, &again).expect("an honest request");
    response.answered = again.questions[0].span.upper;
    response.ranges.truncate(1);
    assert_eq!(initiator.receive(&asking, &response), Ok(()));
    assert_eq!(initiator.waiting(), again.questions.len() - 1);
    let rest = initiator.request(&asking).expect("the rest is open");
    assert_eq!(
        covered(&rest),
        Span {
            lower: response.answered,
            upper: Bound::End
        }
    );
    let found = initiator.finish();
    assert_eq!(found.resume, Some(response.answered));
    let answered = again.questions[0].fingerprint.count;
    assert_eq!(found.offer.len() as u64, answered);
}

#[test]
fn a_span_in_which_one_side_has_few_items_is_not_split() {
    let labels = pairs::labels(4);
    for (own, few) in [(0, true), (FEW, true), (FEW + 1, false)] {
        let items = pairs::random_items(&mut pairs::rng(2), &labels, own as usize);
        let index = pairs::index(&items);
        let shared = Shared::new(&index, &labels);
        let request = Initiator::new(Bound::Start).request(&shared);
        let questions = request.expect("a first request").questions;
        assert_eq!(questions.len() == 1, few, "{own}");
    }
    let index = pairs::index(&pairs::random_items(&mut pairs::rng(3), &labels, 100));
    let shared = Shared::new(&index, &labels);
    for (peer, few) in [(1, true), (FEW, true), (FEW + 1, false)] {
        let mut initiator = Initiator::new(Bound::Start);
        let asked = initiator.request(&shared).expect("a first request");
        let span = asked.questions[0].span;
        assert!(shared.total_in(&span).count() > FEW);
        let content = RangeContent::Fingerprint(Fingerprint {
            count: peer,
            hash: [9; 16],
        });
        let response = Response {
            answered: Bound::End,
            ranges: vec![Range { span, content }],
        };
        assert_eq!(initiator.receive(&shared, &response), Ok(()));
        let next = initiator.request(&shared).expect("it differs");
        assert_eq!(next.questions.len() == 1, few, "{peer}");
    }
}
