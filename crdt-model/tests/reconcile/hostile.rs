//! Peers that answer anything.

use crdt_model::ids::RecordId;
use crdt_model::label::Label;
use crdt_model::limits::{
    RECONCILE_DIFFERENCES_MAX, RECONCILE_REQUEST_BYTES_MAX, RECONCILE_ROUNDS_MAX,
    RECONCILE_WORK_MAX,
};
use crdt_model::reconcile::{
    Bound, Differences, Fingerprint, Initiator, Item, Position, Question, Range, RangeContent,
    Request, Response, Shared, ShortDigest, Span, respond,
};
use proptest::prelude::*;
use rand_chacha::rand_core::Rng;

use crate::pairs::{self, Items, long_bound};

/// A peer that keeps to the form of an answer, so that it is not simply refused, and lies in all
/// else: it always differs, always splits, claims any counts, and invents facets.
struct Liar<R> {
    rng: R,
    labels: Vec<Label>,
}

impl<R: Rng> Liar<R> {
    fn below(&mut self, most: u64) -> u64 {
        self.rng.next_u64() % most
    }

    fn fingerprint(&mut self) -> RangeContent {
        let count = match self.below(4) {
            0 => u64::MAX,
            1 => self.below(3),
            _ => 17 + self.below(100_000),
        };
        RangeContent::Fingerprint(Fingerprint {
            count,
            hash: pairs::bytes(&mut self.rng),
        })
    }

    fn places(&mut self, span: &Span, most: u64) -> Vec<Position> {
        let count = self.below(most + 1);
        let mut places = Vec::new();
        for _ in 0..count {
            let number = self.below(self.labels.len() as u64) as usize;
            let label = self.labels[number];
            let place = Position {
                label,
                record: RecordId(pairs::bytes(&mut self.rng)),
            };
            if span.contains(&place) && Bound::At(place) > span.lower {
                places.push(place);
            }
        }
        places.sort();
        places.dedup();
        places
    }

    fn items(&mut self, span: &Span, most: u64) -> RangeContent {
        let places = self.places(span, most);
        let items = places.into_iter().map(|position| Item {
            position,
            digest: ShortDigest(pairs::bytes(&mut self.rng)),
        });
        RangeContent::Items(items.collect())
    }

    fn answer(&mut self, request: &Request) -> Response {
        let (mut ranges, mut items_left, mut answered) = (Vec::new(), 1000, Bound::End);
        for question in &request.questions {
            let span = question.span;
            let mut bounds = vec![span.lower];
            bounds.extend(self.places(&span, 20).into_iter().map(Bound::At));
            bounds.push(span.upper);
            if ranges.len() + bounds.len() > 512 {
                answered = span.lower;
                break;
            }
            for pair in bounds.windows(2) {
                let span = Span {
                    lower: pair[0],
                    upper: pair[1],
                };
                let content = if self.below(3) == 0 {
                    let list = self.items(&span, items_left);
                    if let RangeContent::Items(items) = &list {
                        items_left -= items.len() as u64;
                    }
                    list
                } else {
                    self.fingerprint()
                };
                ranges.push(Range { span, content });
            }
        }
        Response { answered, ranges }
    }
}

fn within_caps(found: &Differences) -> bool {
    found.need.len() + found.offer.len() + found.differ.len() <= RECONCILE_DIFFERENCES_MAX
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn a_liar_cannot_keep_a_comparison_going(seed: u64, held in 0usize..4000) {
        let labels = pairs::labels(8);
        let index = pairs::index(&pairs::random_items(&mut pairs::rng(seed), &labels, held));
        let shared = Shared::new(&index, &labels);
        let mut liar = Liar { rng: pairs::rng(!seed), labels: labels.clone() };
        let mut initiator = Initiator::new(Bound::Start);
        let mut rounds = 0;
        while let Some(request) = initiator.request(&shared) {
            rounds += 1;
            prop_assert!(rounds <= RECONCILE_ROUNDS_MAX);
            prop_assert_eq!(Request::decode(&request.encode()), Ok(request.clone()));
            let response = liar.answer(&request);
            prop_assert_eq!(initiator.receive(&shared, &response), Ok(()));
            prop_assert!(within_caps(&initiator.clone().finish()));
        }
    }

    #[test]
    fn answers_that_were_tampered_with_do_no_harm(seed: u64, at: prop::sample::Index, byte: u8) {
        let labels = pairs::labels(8);
        let one = pairs::random_items(&mut pairs::rng(seed), &labels, 800);
        let other: Items = one.iter().skip(30).map(|(at, heads)| (*at, *heads)).collect();
        let (one, other) = (pairs::index(&one), pairs::index(&other));
        let (asking, answering) = (Shared::new(&one, &labels), Shared::new(&other, &labels));
        let mut initiator = Initiator::new(Bound::Start);
        while let Some(request) = initiator.request(&asking) {
            let mut answer = respond(&answering, &request).expect("an honest request").encode();
            let at = at.index(answer.len());
            answer[at] ^= byte;
            let Ok(response) = Response::decode(&answer) else { break };
            if initiator.receive(&asking, &response).is_err() {
                break;
            }
        }
        prop_assert!(within_caps(&initiator.finish()));
    }
}

/// Answers each question with its own span, as different and large.
fn stubborn(request: &Request) -> Response {
    let content = RangeContent::Fingerprint(Fingerprint {
        count: 1 << 40,
        hash: [9; 16],
    });
    let again = |question: &Question| Range {
        span: question.span,
        content: content.clone(),
    };
    Response {
        answered: Bound::End,
        ranges: request.questions.iter().map(again).collect(),
    }
}

#[test]
fn a_peer_that_never_comes_to_the_point_is_left_after_the_last_round() {
    let labels = pairs::labels(8);
    let index = pairs::index(&pairs::random_items(&mut pairs::rng(1), &labels, 3000));
    let shared = Shared::new(&index, &labels);
    let mut initiator = Initiator::new(Bound::Start);
    while let Some(request) = initiator.request(&shared) {
        assert!(initiator.rounds() <= RECONCILE_ROUNDS_MAX);
        assert_eq!(initiator.receive(&shared, &stubborn(&request)), Ok(()));
    }
    assert_eq!(initiator.rounds(), RECONCILE_ROUNDS_MAX);
    let found = initiator.finish();
    assert!(found.is_empty());
    assert_eq!(found.resume, Some(Bound::Start));
}

#[test]
fn a_peer_that_only_splits_fills_neither_memory_nor_frame() {
    let index = pairs::index(&Items::new());
    let shared = Shared::new(&index, &[]);
    let mut initiator = Initiator::new(Bound::Start);
    let (mut next, mut waiting_most, mut bytes_most) = (900_000u64, 0, 0);
    while let Some(request) = initiator.request(&shared) {
        bytes_most = bytes_most.max(request.encode().len());
        // The first span is split in 500 and the rest is left to be asked again.
        let span = request.questions[0].span;
        next -= 500;
        let mut bounds = vec![span.lower];
        bounds.extend((next + 1..next + 500).map(long_bound));
        bounds.retain(|bound| *bound >= span.lower && *bound < span.upper);
        bounds.push(span.upper);
        let content = RangeContent::Fingerprint(Fingerprint {
            count: 1 << 60,
            hash: [9; 16],
        });
        let ranges = bounds.windows(2).map(|pair| Range {
            span: Span {
                lower: pair[0],
                upper: pair[1],
            },
            content: content.clone(),
        });
        let response = Response {
            answered: span.upper,
            ranges: ranges.collect(),
        };
        assert_eq!(initiator.receive(&shared, &response), Ok(()));
        waiting_most = waiting_most.max(initiator.waiting());
    }
    assert_eq!(
        waiting_most, RECONCILE_WORK_MAX,
        "the limit was reached and kept"
    );
    assert!(
        bytes_most <= RECONCILE_REQUEST_BYTES_MAX,
        "{bytes_most} bytes"
    );
    assert!(
        bytes_most > RECONCILE_REQUEST_BYTES_MAX - 200,
        "the frame was filled: {bytes_most}"
    );
    assert!(initiator.finish().more());
}
