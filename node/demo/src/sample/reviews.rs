//! Reviews of each day, week, month and quarter, and the reviews of legal cases.

use crdt_model::ids::{NodeId, RecordId};

use super::counts::Counts;
use super::course::{Course, each};
use super::draw::{Draw, Moment, Purpose};
use super::names::{Fields, Names, add, row};
use super::notices;
use super::villages::Villages;
use super::words::{FINDINGS, INVENTED, TOPICS};

/// One weekly review in so many hands its findings up to the county.
const HANDED_UP_EVERY: u64 = 4;
/// Days of a quarter.
const QUARTER_D: u64 = 91;

/// A cadence, with what separates its draws and its length in days.
#[derive(Clone, Copy)]
struct Cadence {
    word: &'static str,
    stream: u64,
    days: u64,
}

const DAY: Cadence = Cadence {
    word: "day",
    stream: 0,
    days: 1,
};
const WEEK: Cadence = Cadence {
    word: "week",
    stream: 1 << 32,
    days: 7,
};
const MONTH: Cadence = Cadence {
    word: "month",
    stream: 2 << 32,
    days: 30,
};
const QUARTER: Cadence = Cadence {
    word: "quarter",
    stream: 3 << 32,
    days: QUARTER_D,
};

/// The record of a weekly review.
pub(super) fn weekly(number: u64) -> RecordId {
    Draw::new(Purpose::Review, WEEK.stream | number).record()
}

/// All reviews.
pub(super) fn courses(
    villages: &Villages,
    names: &Names,
    from: &Counts,
    to: &Counts,
) -> Vec<(NodeId, Course)> {
    let of_county = |cadence| {
        move |number| {
            let held = (villages.county, number);
            (
                villages.county,
                review(villages, names, cadence, number, held),
            )
        }
    };
    let of_township = |number| {
        let home = villages.township(number);
        (
            home,
            review(
                villages,
                names,
                WEEK,
                number,
                (home, villages.round(number)),
            ),
        )
    };
    let mut all = each(from, to, |counts| counts.weekly_reviews, of_township);
    all.extend(each(
        from,
        to,
        |counts| counts.daily_reviews,
        of_county(DAY),
    ));
    all.extend(each(
        from,
        to,
        |counts| counts.monthly_reviews,
        of_county(MONTH),
    ));
    all.extend(each(
        from,
        to,
        |counts| counts.quarterly_reviews,
        of_county(QUARTER),
    ));
    all.extend(each(
        from,
        to,
        |counts| counts.legal_reviews,
        |number| (villages.county, legal(names, number)),
    ));
    all
}

/// One review that was held at a node, about its so many-th period.
fn review(
    villages: &Villages,
    names: &Names,
    cadence: Cadence,
    number: u64,
    (home, period): (NodeId, u64),
) -> Course {
    let mut draw = Draw::new(Purpose::Review, cadence.stream | number);
    let record = draw.record();
    let below = |node: &&NodeId| home == villages.county || node.township() == Some(home);
    let expected = villages.nodes.iter().filter(below).count() as u64;
    let heard = expected - draw.below(3).min(expected);
    let [first, last] =
        [period, period + 1].map(|period| Moment::of_year(period * cadence.days, 0));
    let count = |number: u64| i64::try_from(number).unwrap_or(0);
    let mut summary = Fields::default()
        .text("cadence", cadence.word)
        .time("period-from", first)
        .time("period-until", last)
        .time("held-time", last.after_h(9))
        .number("expected-number", count(expected))
        .number("heard-number", count(heard));
    if cadence.stream == MONTH.stream {
        // Of ten notices, the first is the county's for everybody.
        summary = summary.record("task/1", notices::record(number * 10));
    }
    let findings = Fields::default()
        .text("text", format!("{INVENTED}{}。", draw.pick(&FINDINGS)))
        .text("advice", format!("{INVENTED}请继续关注并做好提示。"));
    let mut findings = findings.create(names.findings, None);
    if cadence.stream == WEEK.stream && period % HANDED_UP_EVERY == HANDED_UP_EVERY - 1 {
        findings.level = Some(names.county);
    }
    let facets = vec![summary.create(names.review, None), findings];
    Course {
        requests: vec![add(record, facets)],
    }
}

/// Eight or nine cases of one class in one quarter, and what was advised.
fn legal(names: &Names, number: u64) -> Course {
    const CLASSES: [&str; 3] = ["petition", "enterprise", "drink-driving"];
    let record = Draw::new(Purpose::Review, (4 << 32) | number).record();
    let class = usize::try_from(number % 3).unwrap_or(0);
    let quarter = number / 3;
    let reviewed = 8 + i64::from(number.is_multiple_of(2));
    let opinions = 8 - i64::from(number % 6 == 5);
    let topic = usize::try_from(quarter % TOPICS.len() as u64).unwrap_or(0);
    let fields = Fields::default()
        .text("class", CLASSES.get(class).copied().unwrap_or_default())
        .text("topic", TOPICS.get(topic).copied().unwrap_or_default())
        .time("period-from", Moment::of_year(quarter * QUARTER_D, 0))
        .time(
            "period-until",
            Moment::of_year((quarter + 1) * QUARTER_D, 0),
        )
        .number("reviewed-number", reviewed)
        .number("opinions-number", opinions)
        .number("accepted-number", opinions - i64::from(number % 3 == 1));
    row(record, names.legal, fields)
}
