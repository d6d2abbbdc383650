//! Questions to the read model: lists, searches and reports.

use crdt_model::label::Label;
use crdt_model::value::Value;
use node_app::report::period::{Cadence, Period};
use node_readmodel::ReadModel;
use node_readmodel::find::{Comparison, Condition, Find, Key};
use node_readmodel::search::Search;

use crate::drawing::{COUNTY, drawn_up};
use crate::harness::{kinds, name, text};
use crate::mean;
use crate::year::{BEGIN_MS, YEAR_MS};

fn everything(_: &Label) -> bool {
    true
}

fn half_of_the_villages(label: &Label) -> bool {
    label.home.code().is_multiple_of(2)
}

fn equal(field: &str, value: &str) -> Condition {
    Condition {
        key: Key::Field(name(field)),
        is: Comparison::Equal,
        value: Some(text(value)),
    }
}

/// A page of a facet's records, the latest first.
fn latest(facet: &str, time: &str, conditions: Vec<Condition>, offset: u64) -> Find {
    Find {
        facet: name(facet),
        conditions,
        sort: Some((Key::Field(name(time)), true)),
        offset,
        limit: 50,
    }
}

pub(crate) fn lists(model: &ReadModel) {
    let since = Condition {
        key: Key::Field(name("sent-time")),
        is: Comparison::AtLeast,
        value: Some(Value::Integer((BEGIN_MS + YEAR_MS / 2) as i64)),
    };
    let reports = |conditions, offset| latest("grid.summary", "sent-time", conditions, offset);
    let reported = || equal("state", "reported");
    let step = vec![equal("step", "level-2")];
    for (what, find) in [
        (
            "all 37,000 reports, latest first, a page of 50",
            reports(Vec::new(), 0),
        ),
        (
            "reports in one state of half a year, latest first",
            reports(vec![reported(), since], 0),
        ),
        (
            "reports in one state, the 101st page of 50",
            reports(vec![reported()], 5_000),
        ),
        (
            "cases in one step, latest first",
            latest("case.summary", "registered-time", step, 0),
        ),
    ] {
        mean(what, || {
            drop(model.find(&find, &everything).expect("a list"))
        });
    }
    let all = reports(Vec::new(), 0);
    mean(
        "reports of half of the villages, where a role may read no others",
        || drop(model.find(&all, &half_of_the_villages).expect("a list")),
    );
}

pub(crate) fn searches(model: &ReadModel) {
    for (what, wanted) in [
        ("two characters", "水渠"),
        ("four characters", "水渠堵塞"),
        ("two words", "水管所 夜间出行"),
        ("a case's number by its beginning", "LZ-2026-0017"),
        ("words that do not occur", "没有的词"),
    ] {
        let search = Search {
            text: wanted,
            facets: &[],
            offset: 0,
            limit: 20,
        };
        let ask = || model.search(&search, &everything).expect("a search");
        let total = ask().expect("words").total;
        mean(
            &format!("search for {what}, {total} facets"),
            || drop(ask()),
        );
    }
}

pub(crate) fn reports(model: &ReadModel) {
    let (kinds, last) = (kinds(), "2026-11-27".parse().expect("a day"));
    for (what, cadence, may_read) in [
        (
            "a month",
            Cadence::Month,
            &everything as &dyn Fn(&Label) -> bool,
        ),
        ("a quarter", Cadence::Quarter, &everything),
        (
            "a quarter of half of the villages",
            Cadence::Quarter,
            &half_of_the_villages,
        ),
    ] {
        let period = Period::with(cadence, last);
        mean(&format!("report of {what}"), || {
            drop(drawn_up(model, &kinds, COUNTY, may_read, period));
        });
    }
}
