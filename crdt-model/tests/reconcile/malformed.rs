//! Messages out of form, and bytes that come from anywhere.

use crdt_model::encoding::DecodeError;
use crdt_model::ids::RecordId;
use crdt_model::label::Label;
use crdt_model::reconcile::{
    Bound, Fingerprint, Initiator, Item, Position, Question, Range, RangeContent, ReconcileFault,
    Request, Response, Shared, ShortDigest, Span, respond,
};
use proptest::prelude::*;

use crate::pairs::{self, Items, long_bound};

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
            vec![list(Bound::Start, Bound::End, &[one, item(all[3], 1)])],
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

#[test]
fn an_answer_that_begins_before_the_question_is_refused() {
    let labels = pairs::labels(4);
    let index = pairs::index(&Items::new());
    let shared = Shared::new(&index, &labels);
    for (lower, upper, result) in [
        (2, 3, Ok(())),
        (1, 3, Err(ReconcileFault::NotAsked)),
        (1, 2, Err(ReconcileFault::NotAsked)),
    ] {
        let mut initiator = Initiator::new(at(labels[0], 2));
        initiator.request(&shared).expect("a first request");
        let span = Span {
            lower: at(labels[0], lower),
            upper: at(labels[0], upper),
        };
        let range = Range {
            span,
            content: RangeContent::Items(Vec::new()),
        };
        let response = Response {
            answered: Bound::End,
            ranges: vec![range],
        };
        assert_eq!(initiator.receive(&shared, &response), result);
    }
}

#[test]
fn from_the_end_on_there_is_nothing_to_ask() {
    let shared_labels = pairs::labels(4);
    let index = pairs::index(&pairs::random_items(&mut pairs::rng(1), &shared_labels, 5));
    let shared = Shared::new(&index, &shared_labels);
    let mut initiator = Initiator::new(Bound::End);
    assert_eq!(initiator.waiting(), 0);
    assert_eq!(initiator.request(&shared), None);
    assert_eq!((initiator.rounds(), initiator.finish().more()), (0, false));
}

#[test]
fn what_could_be_written_shorter_is_refused() {
    let mut request = vec![1, 0, 18, 5];
    request.extend([3; 16]);
    assert_eq!(
        Request::decode(&request).map(|request| request.encode()),
        Ok(request.clone())
    );
    // The same, with the lower bound spelt out.
    let mut padded = vec![1, 1, 17, 18, 5];
    padded.extend([3; 16]);
    assert_eq!(
        Request::decode(&padded),
        Err(DecodeError::NotCanonical("request"))
    );
    // A record's trailing zero.
    let Bound::At(position) = long_bound(1) else {
        unreachable!("a position")
    };
    let at = |record: [u8; 16]| {
        Bound::At(Position {
            record: RecordId(record),
            ..position
        })
    };
    let mut record = [0; 16];
    record[0] = 7;
    let response = Response {
        answered: at(record),
        ranges: Vec::new(),
    };
    let good = response.encode();
    assert_eq!(Response::decode(&good), Ok(response));
    let mut padded = good.clone();
    padded[0] += 1;
    padded.insert(padded.len() - 1, 0);
    assert_eq!(
        Response::decode(&padded),
        Err(DecodeError::NotCanonical("response"))
    );
    // Bytes behind the end.
    request.push(0);
    assert_eq!(
        Request::decode(&request),
        Err(DecodeError::TrailingBytes(1))
    );
}
