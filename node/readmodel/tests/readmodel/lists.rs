//! Lists: filters, order and pages, and that names and values of others stay names and values.

use crdt_model::label::Label;
use crdt_model::value::Value;
use node_readmodel::find::{Comparison, Condition, Find, Key, Page};

use crate::harness::{Held, TOWNSHIP, VILLAGE, facet, grade, name, record, summary, text};

fn held() -> Held {
    let mut held = Held::new();
    let steps = [
        "registered",
        "accepted",
        "level-1",
        "level-2",
        "level-2",
        "closed",
    ];
    for (number, step) in (1..).zip(steps) {
        let row = facet(record(number), "case.summary");
        let mut fields = summary(&format!("例-{number}"), step, i64::from(number % 4) * 1_000);
        if number % 2 == 0 {
            fields.push(("people-number", Value::Integer(i64::from(number))));
            fields.push(("repeated", Value::Boolean(number == 4)));
        }
        held.write(VILLAGE, row, &fields);
    }
    held.follow();
    held
}

fn find() -> Find {
    Find {
        facet: name("case.summary"),
        conditions: Vec::new(),
        sort: None,
        offset: 0,
        limit: 10,
    }
}

fn field(field: &str) -> Key {
    Key::Field(name(field))
}

fn where_(key: Key, is: Comparison, value: Option<Value>) -> Find {
    Find {
        conditions: vec![Condition { key, is, value }],
        ..find()
    }
}

fn found(held: &Held, find: &Find) -> Page {
    held.model().find(find, &|_| true).expect("a list")
}

fn numbers(page: &Page) -> Vec<u8> {
    page.rows.iter().map(|row| row.record.0[0]).collect()
}

#[test]
fn rows_are_filtered_by_every_kind_of_value() {
    let held = held();
    use Comparison::{Above, AtLeast, AtMost, Below, Equal, NotEqual};
    let text = |word: &str| Some(text(word));
    let whole = |number| Some(Value::Integer(number));
    for (find, expected) in [
        (where_(field("step"), Equal, text("level-2")), &[4, 5][..]),
        (
            where_(field("step"), NotEqual, text("level-2")),
            &[1, 2, 3, 6],
        ),
        (where_(field("people-number"), AtLeast, whole(4)), &[4, 6]),
        (where_(field("people-number"), Above, whole(4)), &[6]),
        (where_(field("people-number"), Below, whole(4)), &[2]),
        (where_(field("people-number"), AtMost, whole(4)), &[2, 4]),
        (where_(field("people-number"), Equal, None), &[1, 3, 5]),
        (where_(field("people-number"), NotEqual, None), &[2, 4, 6]),
        (where_(field("people-number"), Below, None), &[]),
        (
            where_(field("people-number"), NotEqual, whole(4)),
            &[1, 2, 3, 5, 6],
        ),
        (
            where_(field("repeated"), Equal, Some(Value::Boolean(true))),
            &[4],
        ),
        (where_(Key::Home, Equal, text(VILLAGE)), &[1, 2, 3, 4, 5, 6]),
        (where_(Key::Home, Equal, text(TOWNSHIP)), &[]),
        (
            where_(Key::Level, Equal, text("village")),
            &[1, 2, 3, 4, 5, 6],
        ),
        (where_(Key::Conflicts, Above, whole(0)), &[]),
        (
            where_(Key::Record, Equal, text(&record(3).to_string())),
            &[3],
        ),
    ] {
        let page = found(&held, &find);
        assert_eq!(numbers(&page), expected, "{find:?}");
        assert_eq!(page.total, expected.len() as u64);
    }
}

#[test]
fn rows_are_sorted_either_way_and_those_without_a_value_come_last() {
    let held = held();
    let sorted = |key, descending| {
        let sort = Some((key, descending));
        numbers(&found(&held, &Find { sort, ..find() }))
    };
    assert_eq!(sorted(field("registered-time"), false), [4, 1, 5, 2, 6, 3]);
    assert_eq!(sorted(field("registered-time"), true), [3, 2, 6, 1, 5, 4]);
    assert_eq!(sorted(field("people-number"), false), [2, 4, 6, 1, 3, 5]);
    assert_eq!(sorted(field("people-number"), true), [6, 4, 2, 1, 3, 5]);
    assert_eq!(sorted(Key::Changed, true), [6, 5, 4, 3, 2, 1]);
}

#[test]
fn pages_follow_on_each_other_and_count_all() {
    let held = held();
    let sort = Some((field("registered-time"), true));
    let mut seen = Vec::new();
    for offset in [0, 2, 4] {
        let page = found(
            &held,
            &Find {
                sort,
                offset,
                limit: 2,
                ..find()
            },
        );
        assert_eq!((page.total, page.rows.len()), (6, 2));
        seen.extend(numbers(&page));
    }
    assert_eq!(seen, [3, 2, 6, 1, 5, 4]);
    let beyond = found(
        &held,
        &Find {
            offset: 6,
            ..find()
        },
    );
    assert_eq!((beyond.total, beyond.rows.len()), (6, 0));
}

#[test]
fn values_come_back_as_what_they_are() {
    let held = held();
    let page = found(
        &held,
        &where_(
            field("repeated"),
            Comparison::Equal,
            Some(Value::Boolean(true)),
        ),
    );
    let fields = &page.rows[0].fields;
    assert_eq!(fields[&name("repeated")], Value::Boolean(true));
    assert_eq!(fields[&name("people-number")], Value::Integer(4));
    assert_eq!(fields[&name("code")], text("例-4"));
    assert!(!fields.contains_key(&name("outcome")));
}

#[test]
fn a_row_that_may_not_be_read_is_neither_shown_nor_counted() {
    let mut held = held();
    let row = facet(record(5), "case.summary");
    let seen = held.history(&row);
    held.write_on(
        &seen,
        TOWNSHIP,
        row,
        Some(grade("about-township", "county")),
        &[],
    );
    held.follow();
    let ordinary = |label: &Label| label.grade.sensitivity.as_str() == "normal";
    let steps = where_(field("step"), Comparison::Equal, Some(text("level-2")));
    let page = held.model().find(&steps, &ordinary).expect("a list");
    assert_eq!((numbers(&page), page.total), (vec![4], 1));
    let page = held.model().find(&steps, &|_| false).expect("a list");
    assert_eq!((page.rows.len(), page.total), (0, 0));
    assert_eq!(found(&held, &steps).total, 2);
}

#[test]
fn values_are_never_part_of_the_question() {
    let held = held();
    for value in [
        "x' OR '1'='1",
        "level-2'; DROP TABLE case_summary; --",
        "?1",
        "\"step\"",
        "level-2\u{0}",
    ] {
        let page = found(
            &held,
            &where_(field("step"), Comparison::Equal, Some(text(value))),
        );
        assert_eq!(page.total, 0, "{value}");
        let page = found(
            &held,
            &where_(Key::Home, Comparison::Equal, Some(text(value))),
        );
        assert_eq!(page.total, 0, "{value}");
    }
    assert_eq!(found(&held, &find()).total, 6);
}

#[test]
fn a_field_or_facet_that_is_not_there_gives_nothing() {
    let held = held();
    // The last is a column, and no field.
    for wrong in ["nothing", "timeline", "facet-id", "rowid"] {
        let page = found(
            &held,
            &where_(field(wrong), Comparison::Equal, Some(Value::Integer(1))),
        );
        assert_eq!(page, Page::default(), "{wrong}");
    }
    let facet = name("sqlite-schema");
    assert_eq!(found(&held, &Find { facet, ..find() }), Page::default());
}
