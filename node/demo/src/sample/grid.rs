//! Grid reports: one table for each village.

use std::ops::Range;

use crdt_model::ids::NodeId;

use super::draw::{Draw, Purpose};
use super::file::SampleFile;
use super::table::Table;
use super::villages::Villages;
use super::words::{
    COMPLAINTS, INVENTED, PLACES, SEEN, STATES_DONE, STATES_OPEN, person, telephone, worker,
};

const HEADER: &[&str] = &[
    "事项编号",
    "所属村代码",
    "所属村名称",
    "网格编号",
    "事项类别",
    "办理状态",
    "发现时间",
    "上报时间",
    "受理时间",
    "办结时间",
    "处理层级",
    "反映镇机关",
    "情况描述",
    "具体位置",
    "办理结果",
    "上报人",
    "上报人联系方式",
    "涉及人员",
];

/// One report in so many is a complaint about the township's own office.
const COMPLAINT_EVERY: u64 = 250;
/// Which of these it is.
const COMPLAINT_AT: u64 = 17;

/// The reports of one village among those with these numbers, in a county of so many grids.
pub(super) fn file(
    villages: &Villages,
    village: NodeId,
    numbers: Range<u64>,
    grids: u64,
) -> Option<SampleFile> {
    let mut table = Table::new(HEADER);
    let own = villages.numbers_of(village, 0..grids).count() as u64;
    for number in villages.numbers_of(village, numbers) {
        table.push(row(villages, village, number, own));
    }
    SampleFile::table("grid-reports", table)
}

fn row(villages: &Villages, village: NodeId, number: u64, grids: u64) -> [String; 18] {
    let mut draw = Draw::new(Purpose::GridReport, number);
    let complaint = number % COMPLAINT_EVERY == COMPLAINT_AT;
    let level = match draw.below(100) {
        _ if complaint => "村级",
        0..=1 => "县级",
        2..=9 => "镇级",
        _ => "村级",
    };
    let (category, seen) = draw.pick(&SEEN);
    let what = if complaint {
        draw.pick(&COMPLAINTS)
    } else {
        seen
    };
    let sent = draw.moment();
    let seen_at = sent.after_min(draw.below(3));
    let sent = seen_at.after_min(5 + draw.below(60));
    let accepted = sent.after_min(10 + draw.below(600));
    let done = draw.percent(85);
    let state = match (done, level) {
        (true, _) => draw.pick(&STATES_DONE),
        (false, "村级") => draw.pick(&STATES_OPEN),
        (false, _) => "已提级上报",
    };
    let named = if draw.percent(30) {
        person(draw.below(90_000))
    } else {
        String::new()
    };
    let reporter = draw.below(251);
    [
        format!("SL-WG-{number:06}"),
        village.to_string(),
        villages.name(village),
        format!("{village}{:03}", 1 + draw.below(grids)),
        if complaint { "其他" } else { category }.to_owned(),
        state.to_owned(),
        seen_at.written(),
        sent.written(),
        if done {
            accepted.written()
        } else {
            String::new()
        },
        if done {
            accepted.after_h(1 + draw.below(72)).written()
        } else {
            String::new()
        },
        level.to_owned(),
        if complaint { "是" } else { "否" }.to_owned(),
        format!("{INVENTED}{what}。"),
        draw.pick(&PLACES).to_owned(),
        if done {
            format!("{INVENTED}已处理完毕。")
        } else {
            String::new()
        },
        worker(reporter),
        telephone(reporter),
        named,
    ]
}
