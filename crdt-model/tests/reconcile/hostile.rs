//! Peers that answer anything, and bytes that come from anywhere.

use crdt_model::ids::RecordId;
use crdt_model::label::Label;
use crdt_model::limits::{RECONCILE_DIFFERENCES_MAX, RECONCILE_ROUNDS_MAX};
use crdt_model::reconcile::{
    Bound, Differences, Fingerprint, Initiator, Item, Position, Question, Range, RangeContent,
    ReconcileFault, Request, Response, Shared, ShortDigest, Span, respond,
};
use proptest::prelude::*;
use rand_chacha::rand_core::Rng;

use crate::pairs::{self, Items};

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

proptest! {
    #[test]
    fn bytes_either_decode_to_what_encodes_to_them_or_are_refused(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), 0u8..50], 0..300)) {
        if let Ok(request) = Request::decode(&bytes) {
            prop_assert_eq!(request.encode(), &bytes[..]);
        }
        if let Ok(response) = Response::decode(&bytes) {
            prop_assert_eq!(response.encode(), &bytes[..]);
        }
    }
}

fn at(label: Label, first: u8) -> Bound {
    let mut record = [0; 16];
    record[0] = first;
    Bound::At(Position {
        label,
        record: RecordId(record),
    })
}

#[test]
fn requests_out_of_form_are_refused() {
    let labels = pairs::labels(4);
    let index = pairs::index(&pairs::random_items(&mut pairs::rng(1), &labels, 100));
    let shared = Shared::new(&index, &labels);
    let fingerprint = Fingerprint {
        count: 1,
        hash: [0; 16],
    };
    let request = |bounds: &[(Bound, Bound)]| Request {
        questions: bounds
            .iter()
            .map(|(lower, upper)| Question {
                span: Span {
                    lower: *lower,
                    upper: *upper,
                },
                fingerprint,
            })
            .collect(),
    };
    let label = labels[0];
    for bounds in [
        &[(Bound::End, Bound::Start)][..],
        &[(at(label, 2), at(label, 2))],
        &[(at(label, 1), at(label, 3)), (at(label, 2), at(label, 4))],
        &[(at(label, 3), at(label, 4)), (at(label, 1), at(label, 2))],
    ] {
        assert_eq!(
            respond(&shared, &request(bounds)),
            Err(ReconcileFault::Spans)
        );
    }
    let many: Vec<_> = (0..=512u64)
        .map(|number| {
            let mut record = [0; 16];
            record[..8].copy_from_slice(&number.to_be_bytes());
            Bound::At(Position {
                label,
                record: RecordId(record),
            })
        })
        .collect();
    let many: Vec<_> = many.windows(2).map(|pair| (pair[0], pair[1])).collect();
    assert!(respond(&shared, &request(&many)).is_ok());
    let more = [&[(Bound::Start, many[0].0)], &many[..]].concat();
    assert!(matches!(
        respond(&shared, &request(&more)),
        Err(ReconcileFault::TooMany { .. })
    ));
}

#[test]
fn answers_out_of_form_are_refused() {
    let all = pairs::labels(8);
    let labels: Vec<_> = all
        .iter()
        .copied()
        .filter(|label| *label != all[3])
        .collect();
    let index = pairs::index(&pairs::random_items(&mut pairs::rng(1), &labels, 5));
    let shared = Shared::new(&index, &labels);
    let item = |label: Label, first: u8| {
        let Bound::At(position) = at(label, first) else {
            unreachable!("a position")
        };
        Item {
            position,
            digest: ShortDigest([0; 16]),
        }
    };
    let list = |lower, upper, items: &[Item]| Range {
        span: Span { lower, upper },
        content: RangeContent::Items(items.to_vec()),
    };
    let (one, two) = (item(all[0], 1), item(all[0], 2));
    let cases = [
        (
            vec![list(Bound::Start, Bound::End, &[two, one])],
            Bound::End,
            ReconcileFault::Items,
        ),
        (
            vec![list(Bound::Start, Bound::End, &[one, one])],
            Bound::End,
            ReconcileFault::Items,
        ),
        (
            vec![list(Bound::Start, at(all[0], 2), &[one, two])],
            Bound::End,
            ReconcileFault::Items,
        ),
        (
            vec![list(Bound::Start, Bound::End, &[item(all[3], 1)])],
            Bound::End,
            ReconcileFault::Label,
        ),
        (
            vec![list(Bound::End, Bound::Start, &[])],
            Bound::End,
            ReconcileFault::Spans,
        ),
        (vec![], Bound::Start, ReconcileFault::NothingAnswered),
        (
            vec![list(Bound::Start, Bound::End, &[])],
            at(all[0], 1),
            ReconcileFault::NotAsked,
        ),
    ];
    for (ranges, answered, fault) in cases {
        let mut initiator = Initiator::new(Bound::Start);
        initiator.request(&shared).expect("a first request");
        assert_eq!(
            initiator.receive(&shared, &Response { answered, ranges }),
            Err(fault)
        );
    }
}

#[test]
fn an_answer_that_nobody_asked_for_is_refused() {
    let labels = pairs::labels(4);
    let index = pairs::index(&Items::new());
    let shared = Shared::new(&index, &labels);
    let range = Range {
        span: Span::ALL,
        content: RangeContent::Items(Vec::new()),
    };
    let response = Response {
        answered: Bound::End,
        ranges: vec![range],
    };
    let mut initiator = Initiator::new(Bound::Start);
    assert_eq!(
        initiator.receive(&shared, &response),
        Err(ReconcileFault::NotAsked)
    );
}
