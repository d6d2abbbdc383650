//! Disputes: where they stand, how they were settled, what was handed up.

use super::counting::{Axis, Counting, by, compared, has, within};
use super::ground::Ground;
use super::laid_out::Section;
use crdt_model::text;
use crdt_model::text::Text;
use node_readmodel::ReadModelError;

pub(super) fn section(ground: &Ground<'_>) -> Result<Option<Section>, ReadModelError> {
    let cases = Counting::of(ground, "case.summary")?;
    let kind = cases.kind();
    let Some(mut section) = Counting::begin("disputes", kind.clone(), &[&cases]) else {
        return Ok(None);
    };
    let [this, _] = ground.period.cadence.this_and_before();
    let registered = || {
        (
            this_registered(&this),
            within("registered-time", &ground.period),
        )
    };
    let open = || {
        (
            text!("未办结", "not closed"),
            vec![has("closed-time", false)],
        )
    };
    let everything = (text!("全部", "all"), Vec::new());
    let stand = text!("当前环节", "Where they stand now");
    let settled = text!("周期内办结", "Closed in the period");
    let up = text!("办理层级", "At which level they are handled");
    let closed = || compared("closed-time", &ground.period);
    let tables = [
        cases.table(
            stand,
            Axis::Words("step"),
            vec![everything, open(), registered()],
        )?,
        cases.table(
            by(&settled, &cases.field("method")),
            Axis::Words("method"),
            closed(),
        )?,
        cases.table(
            by(&settled, &cases.field("outcome")),
            Axis::Words("outcome"),
            closed(),
        )?,
        cases.table(up, Axis::Level, vec![open(), registered()])?,
    ];
    section.tables.extend(tables.into_iter().flatten());
    section.notes.push(text!(
        "环节和层级按截至时刻统计，不是周期结束时的情况；“办结”按办结时间归入周期",
        "steps and levels are as of now, not of the period's end; what was closed counts by when \
         it was closed"
    ));
    Ok(Some(section))
}

fn this_registered(this: &Text) -> Text {
    let (zh, en) = (&this.zh, &this.en);
    text!("{zh}登记", "registered {en}")
}
