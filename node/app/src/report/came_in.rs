//! What came in: grid reports and disputes of the period, beside the period before.

use super::counting::{Axis, Counting, by, compared};
use super::ground::Ground;
use super::laid_out::Section;
use super::period::Cadence;
use crdt_model::text;
use crdt_model::text::Text;
use node_readmodel::ReadModelError;

pub(super) fn section(ground: &Ground<'_>) -> Result<Option<Section>, ReadModelError> {
    let grid = Counting::of(ground, "grid.summary")?;
    let cases = Counting::of(ground, "case.summary")?;
    let title = text!("新增情况", "What came in");
    let Some(mut section) = Counting::begin("came-in", title, &[&grid, &cases]) else {
        return Ok(None);
    };
    let place = text!("单位", "place");
    let part = match ground.period.cadence {
        Cadence::Quarter => text!("周", "week"),
        _ => text!("日", "day"),
    };
    for (of, since, axes) in [
        (&grid, "sent-time", &["category"][..]),
        (&cases, "registered-time", &["category", "channel"]),
    ] {
        if !of.sight.some {
            continue;
        }
        let (kind, when) = (of.kind(), of.field(since));
        let columns = || compared(since, &ground.period);
        let chart = by(&kind, &part);
        section.charts.extend(of.chart(chart, since)?);
        for axis in axes {
            let table = of.table(by(&kind, &of.field(axis)), Axis::Words(axis), columns())?;
            section.tables.extend(table);
        }
        let places = of.table(by(&kind, &place), Axis::Place, columns())?;
        section.tables.extend(places);
        let (
            Text { zh, en },
            Text {
                zh: at_zh,
                en: at_en,
            },
        ) = (kind, when);
        section.notes.push(text!(
            "{zh}以“{at_zh}”计入周期，合并的事项各自计数",
            "{en}: counted by `{at_en}`; what was merged counts each by itself"
        ));
    }
    let zero = text!(
        "“0”表示本节点没有收到记录，不等于没有发生",
        "0 means that this node has no record, not that nothing happened"
    );
    section.notes.push(zero);
    if !ground.period.is_over(ground.now) {
        section.notes.push(text!(
            "本周期尚未结束，对比的是上一周期的全部时间",
            "the period is not over; it stands beside the whole of the one before"
        ));
    }
    Ok(Some(section))
}
