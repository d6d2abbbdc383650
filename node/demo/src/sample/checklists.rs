//! Checklists of townships: each quarter a township says of each item how it stands, and the county
//! says what it thinks of that.

use crdt_model::ids::NodeId;

use super::counts::Counts;
use super::course::{Course, each};
use super::draw::{Draw, Moment, Purpose};
use super::names::{Fields, Names, add};
use super::reviews;
use super::villages::Villages;
use super::words::INVENTED;

/// Items: five to be strong in, ten that do not happen.
const STRONG: u64 = 5;
/// See `STRONG`.
const ITEMS: u64 = 15;
/// Days of a quarter.
const QUARTER_D: u64 = 91;
/// One statement in so many says that an item was not met.
const NOT_MET_EVERY: u64 = 23;
/// One view in so many differs from the statement.
const DIFFERS_EVERY: u64 = 41;

/// All statements and views.
pub(super) fn courses(
    villages: &Villages,
    names: &Names,
    from: &Counts,
    to: &Counts,
) -> Vec<(NodeId, Course)> {
    let statements = |number| statement(villages, names, number);
    let mut all = each(from, to, |counts| counts.statements, statements);
    let views = |number| (villages.county, view(villages, names, number));
    all.extend(each(from, to, |counts| counts.statements, views));
    all
}

fn draw(number: u64) -> Draw {
    Draw::new(Purpose::Checklist, number)
}

/// The last moment of the quarter that a statement is about.
fn quarter_ends(round: u64) -> Moment {
    Moment::of_year((round / ITEMS + 1) * QUARTER_D, 0)
}

fn state(number: u64) -> &'static str {
    match number % NOT_MET_EVERY {
        5 => "not-met",
        _ => "met",
    }
}

fn statement(villages: &Villages, names: &Names, number: u64) -> (NodeId, Course) {
    let (home, round) = (villages.township(number), villages.round(number));
    let item = match round % ITEMS {
        item if item < STRONG => format!("strong-{}", item + 1),
        item => format!("none-{}", item - STRONG + 1),
    };
    let ends = quarter_ends(round);
    // The first weekly review of the same township bears it out.
    let townships = villages.townships.len() as u64;
    let evidence = reviews::weekly(number.checked_rem(townships).unwrap_or(0));
    let fields = Fields::default()
        .text("item", item)
        .time("period-from", Moment::of_year(round / ITEMS * QUARTER_D, 0))
        .time("period-until", ends)
        .text("state", state(number))
        .time("stated-time", ends.after_h(24))
        .text(
            "text",
            format!("{INVENTED}本季度已按要求落实，佐证见周研判记录。"),
        )
        .record("evidence/1", evidence);
    let facet = fields.create(names.statement, Some(villages.county));
    let requests = vec![add(draw(number).record(), vec![facet])];
    (home, Course { requests })
}

fn view(villages: &Villages, names: &Names, number: u64) -> Course {
    let about = draw(number).record();
    let record = draw((1 << 32) | number).record();
    let differs = number % DIFFERS_EVERY == DIFFERS_EVERY - 1;
    let fields = Fields::default()
        .record("statement", about)
        .text("state", if differs { "not-met" } else { state(number) })
        .time(
            "viewed-time",
            quarter_ends(villages.round(number)).after_h(10 * 24),
        )
        .text("text", format!("{INVENTED}已核查，请继续保持。"));
    let facet = fields.create(names.view, Some(villages.township(number)));
    Course {
        requests: vec![add(record, vec![facet])],
    }
}
