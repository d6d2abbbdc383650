//! Messages as bytes: every one is read as it was written, and lists keep to their counts.

use crdt_model::encoding::DecodeError;
use crdt_model::ids::{Name, NodeId, RecordId};
use crdt_model::label::{Grade, Label};
use crdt_model::limits::{RECONCILE_ITEMS_MAX, RECONCILE_RANGES_MAX};
use crdt_model::reconcile::{
    Bound, Fingerprint, Item, Position, Question, Range, RangeContent, Request, Response,
    ShortDigest, Span,
};
use proptest::prelude::*;

use crate::pairs::label;

/// Labels that differ from each other in any of their parts, and only there.
fn any_label() -> impl Strategy<Value = Label> {
    let name = |texts: [&'static str; 2]| {
        proptest::sample::select(Vec::from(texts)).prop_map(|text| Name::new(text).expect("a name"))
    };
    let node = || {
        (0u64..3).prop_map(|number| NodeId::from_code(620_723_101_200 + number).expect("a code"))
    };
    (
        name(["case.parties", "case.summary"]),
        node(),
        node(),
        name(["internal", "normal"]),
        name(["county", "village"]),
    )
        .prop_map(|(facet, home, addressee, sensitivity, level)| Label {
            facet,
            home,
            addressee,
            grade: Grade { sensitivity, level },
        })
}

fn any_position() -> impl Strategy<Value = Position> {
    (any_label(), 0usize..=16, any::<[u8; 16]>()).prop_map(|(label, kept, mut bytes)| {
        bytes[kept..].fill(0);
        Position {
            label,
            record: RecordId(bytes),
        }
    })
}

fn any_bound() -> impl Strategy<Value = Bound> {
    prop_oneof![
        1 => Just(Bound::Start),
        1 => Just(Bound::End),
        6 => any_position().prop_map(Bound::At),
    ]
}

/// Spans of which many begin where the one before has ended.
fn any_spans() -> impl Strategy<Value = Vec<Span>> {
    proptest::collection::vec((any_bound(), any_bound(), any::<bool>()), 0..8).prop_map(|list| {
        let mut reached = Bound::Start;
        let spans = list.into_iter().map(|(lower, upper, follows)| {
            let lower = if follows { reached } else { lower };
            reached = upper;
            Span { lower, upper }
        });
        spans.collect()
    })
}

fn any_fingerprint() -> impl Strategy<Value = Fingerprint> {
    (any::<u64>(), any::<[u8; 16]>()).prop_map(|(count, hash)| Fingerprint { count, hash })
}

fn any_content() -> impl Strategy<Value = RangeContent> {
    let item = (any_position(), any::<[u8; 16]>()).prop_map(|(position, digest)| Item {
        position,
        digest: ShortDigest(digest),
    });
    prop_oneof![
        any_fingerprint().prop_map(RangeContent::Fingerprint),
        proptest::collection::vec(item, 0..6).prop_map(RangeContent::Items),
    ]
}

proptest! {
    #[test]
    fn a_message_is_read_as_it_was_written(
        answered in any_bound(),
        spans in any_spans(),
        fingerprints in proptest::collection::vec(any_fingerprint(), 8),
        contents in proptest::collection::vec(any_content(), 8),
    ) {
        let questions = spans.iter().zip(fingerprints);
        let questions = questions.map(|(span, fingerprint)| Question { span: *span, fingerprint });
        let request = Request { questions: questions.collect() };
        prop_assert_eq!(Request::decode(&request.encode()), Ok(request));

        let ranges = spans.iter().zip(contents);
        let ranges = ranges.map(|(span, content)| Range { span: *span, content });
        let response = Response { answered, ranges: ranges.collect() };
        prop_assert_eq!(Response::decode(&response.encode()), Ok(response));
    }
}

/// An answer with lists of so many items each.
fn lists(counts: &[usize]) -> Response {
    let item = Item {
        position: Position {
            label: label(0),
            record: RecordId([1; 16]),
        },
        digest: ShortDigest([2; 16]),
    };
    let range = |count: &usize| Range {
        span: Span::ALL,
        content: RangeContent::Items(vec![item; *count]),
    };
    Response {
        answered: Bound::End,
        ranges: counts.iter().map(range).collect(),
    }
}

fn too_many(what: &'static str, count: u64, count_max: usize) -> Result<Response, DecodeError> {
    Err(DecodeError::TooMany {
        what,
        count,
        count_max,
    })
}

#[test]
fn lists_over_all_ranges_are_refused_before_they_are_read_where_they_are_too_many() {
    let full = lists(&[RECONCILE_ITEMS_MAX - 1, 1, 0]);
    assert_eq!(Response::decode(&full.encode()), Ok(full));
    for (counts, left) in [
        (&[RECONCILE_ITEMS_MAX + 1][..], RECONCILE_ITEMS_MAX),
        (&[RECONCILE_ITEMS_MAX, 1], 0),
        (&[1000, 20, 5], 4),
    ] {
        let last = counts.last().copied().unwrap_or_default() as u64;
        assert_eq!(
            Response::decode(&lists(counts).encode()),
            too_many("items", last, left)
        );
    }
    let many = lists(&vec![0; RECONCILE_RANGES_MAX + 1]);
    assert_eq!(
        Response::decode(&many.encode()),
        too_many(
            "ranges",
            RECONCILE_RANGES_MAX as u64 + 1,
            RECONCILE_RANGES_MAX
        )
    );
}

#[test]
fn a_run_has_at_least_one_item_and_no_more_than_its_list_has_left() {
    // Of five items, and so of one run.
    let good = lists(&[5]).encode();
    let run = good.len() - 5 * 32 - 1;
    assert_eq!(good[run], 5);
    let mut longer = good.clone();
    longer[run] = 6;
    assert_eq!(Response::decode(&longer), too_many("items of a run", 6, 5));
    let mut empty = good.clone();
    empty[run] = 0;
    assert_eq!(
        Response::decode(&empty),
        Err(DecodeError::NotCanonical("items"))
    );
    // Two runs of three, where the list has five.
    let mut parted = good[..run].to_vec();
    parted.push(3);
    parted.extend(&good[run + 1..run + 1 + 3 * 32]);
    parted.extend([0, 3]);
    parted.extend(&good[run + 1..run + 1 + 3 * 32]);
    assert_eq!(Response::decode(&parted), too_many("items of a run", 3, 2));
}
