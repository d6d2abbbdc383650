//! Hand-offs, call-outs, reviews and inspections.

use crdt_model::value::Value;

use super::counting::{Axis, Column, Counting, all, compared, has, is, within, word};
use super::ground::Ground;
use super::laid_out::{Section, Table};
use super::period::Period;
use crdt_model::text;
use node_readmodel::ReadModelError;
use node_readmodel::find::{Comparison, Condition};

pub(super) fn section(ground: &Ground<'_>) -> Result<Option<Section>, ReadModelError> {
    let handoffs = Counting::of(ground, "handoff.summary")?;
    let callouts = Counting::of(ground, "callout.summary")?;
    let reviews = Counting::of(ground, "review.summary")?;
    let inspections = Counting::of(ground, "inspection.summary")?;
    let title = text!("联动与检查", "Cooperation and inspections");
    let of = [&handoffs, &callouts, &reviews, &inspections];
    let Some(mut section) = Counting::begin("cooperation", title, &of) else {
        return Ok(None);
    };
    let now = i64::try_from(ground.now.ms).unwrap_or(i64::MAX);
    let tables = [
        handoffs.table(
            handoffs.kind(),
            Axis::Words("channel"),
            offered(&ground.period),
        )?,
        callouts.table(
            callouts.kind(),
            Axis::Words("step"),
            called(&ground.period, now),
        )?,
        reviews.table(
            reviews.kind(),
            Axis::Words("cadence"),
            compared("held-time", &ground.period),
        )?,
        inspections.table(
            inspections.kind(),
            Axis::Words("kind"),
            inspected(&ground.period, now),
        )?,
    ];
    let [handed, others @ ..] = tables;
    section.tables.extend(handed.map(Table::without_total));
    section.tables.extend(others.into_iter().flatten());
    if handoffs.sight.some {
        section.notes.push(text!(
            "三调对接调解成功率以本周期接收数为分母；警调、诉调、访调分别计算，不合并成一个比率",
            "of hand-offs, success is of what was accepted in the period; the three channels are \
             not added up"
        ));
    }
    Ok(Some(section))
}

/// What was accepted in the period is the denominator of what came of it.
fn offered(period: &Period) -> Vec<Column> {
    let accepted = || within("accepted-time", period);
    let of_accepted = |more: Vec<Condition>| all([accepted(), more]);
    vec![
        (
            text!("周期内移送", "offered in the period"),
            within("offered-time", period),
        ),
        (
            text!("其中不予接收", "of these declined"),
            all([within("offered-time", period), vec![has("reason", true)]]),
        ),
        (
            text!("周期内接收（分母）", "accepted in the period (denominator)"),
            accepted(),
        ),
        (
            text!("其中调解成功（分子）", "of these with success (numerator)"),
            of_accepted(vec![word("step", "succeeded")]),
        ),
        (
            text!("其中调解不成", "of these failed"),
            of_accepted(vec![
                has("mediated-time", true),
                is(
                    "step",
                    Comparison::NotEqual,
                    Value::Text("succeeded".to_owned()),
                ),
            ]),
        ),
        (
            text!("其中在调", "of these under mediation"),
            of_accepted(vec![word("step", "accepted"), has("mediated-time", false)]),
        ),
    ]
}

fn called(period: &Period, now: i64) -> Vec<Column> {
    let late = is("due-time", Comparison::Below, Value::Integer(now));
    vec![
        (
            text!("周期内吹哨", "called in the period"),
            within("called-time", period),
        ),
        (
            text!("周期内办结", "done in the period"),
            within("done-time", period),
        ),
        (
            text!("截至目前逾期未报到", "overdue to report, as of now"),
            vec![word("step", "called"), late],
        ),
    ]
}

fn inspected(period: &Period, now: i64) -> Vec<Column> {
    let overdue = is("due-time", Comparison::Below, Value::Integer(now));
    let unrepaired = |defect| vec![word("defect", defect), has("repaired-time", false)];
    vec![
        (
            text!("周期内应检", "due in the period"),
            within("due-time", period),
        ),
        (
            text!("其中已检", "of these done"),
            all([within("due-time", period), vec![has("done-time", true)]]),
        ),
        (
            text!("目前超期未检", "now overdue"),
            vec![overdue, has("done-time", false)],
        ),
        (
            text!("一般缺陷未修复", "minor defects not repaired"),
            unrepaired("minor"),
        ),
        (
            text!("严重缺陷未修复", "serious defects not repaired"),
            unrepaired("serious"),
        ),
    ]
}
