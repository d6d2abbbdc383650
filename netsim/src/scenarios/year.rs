//! A whole year of work. Ten minutes stand for each working day, and the rest of the time is
//! skipped.

use crdt_model::ids::NodeId;

use super::Scenario;
use super::county::Charters;
use super::plan::{DAY, Deed, MINUTE, Plan};

/// Days of the year.
const DAYS: u64 = 365;
/// How much virtual time a day's work has.
const BURST: u64 = 10 * MINUTE;
/// Days of the spring festival, on which villages are switched off.
const FESTIVAL: std::ops::Range<u64> = 35..42;
/// Other days without work, besides two of each seven. 250 working days are left.
const HOLIDAYS: [std::ops::Range<u64>; 2] = [119..120, 273..280];

/// See the module.
pub const SCENARIO: Scenario = Scenario {
    name: "year",
    title: ["一年", "A year"],
    about: [
        "全县一年的工作量：矛盾纠纷约 3.7 万项、网格事项约 3.8 万项、前端设备约 2300 项，\
         分布在 250 个工作日。简化之处：每个工作日的工作压缩在十分钟内；早晚、夜间和节假日直接跳过，\
         只调整各节点的日期时间，不计入模拟时长，因此空闲时每五分钟一次的比对大多没有模拟；\
         每天只有一两处停电或断线。",
        "A year's work of the whole county: about 37,000 facets of disputes, 38,000 of grid reports and \
         2,300 of cameras and other devices, over 250 working days. It is reduced: a day's work falls \
         into ten minutes; evenings, nights and holidays are skipped, without virtual time but with the \
         clocks on the wall going on, so that most of the comparisons that idle nodes make every five \
         minutes are left out; and no more than one or two villages a day lose power or their lines.",
    ],
    charters: Charters::Usual,
    write,
};

fn write(plan: &mut Plan) {
    let villages = plan.places.villages();
    let from = FESTIVAL.start * DAY - DAY + BURST + 3 * MINUTE;
    festival(plan, from, FESTIVAL.end * DAY, &villages);
    working_days(plan, &mut |plan, morning, span_ms| {
        plan.work(morning, span_ms, &villages);
        plan.notices(morning, span_ms);
        trouble(plan, morning, &villages);
    });
}

/// A year of which each working day gets what `fill` puts into it, from a time on and within so many
/// milliseconds.
pub fn working_days(plan: &mut Plan, fill: &mut dyn FnMut(&mut Plan, u64, u64)) {
    plan.begins_at_hour = 9;
    plan.sample_ms = DAY;
    for day in 0..DAYS {
        let morning = day * DAY;
        if day % 30 == 0 {
            let month = day / 30 + 1;
            plan.mark(
                morning,
                format!("第 {month} 个月"),
                format!("month {month}"),
            );
        }
        if is_working_day(day) {
            fill(plan, morning, BURST);
            plan.at(morning + BURST + 5 * MINUTE, Deed::Skip(morning + DAY));
        } else {
            plan.at(morning + MINUTE, Deed::Skip(morning + DAY));
        }
    }
    plan.ends_ms = DAYS * DAY;
}

fn is_working_day(day: u64) -> bool {
    let holiday = HOLIDAYS.iter().any(|days| days.contains(&day));
    day % 7 < 5 && !FESTIVAL.contains(&day) && !holiday
}

fn festival(plan: &mut Plan, from: u64, until: u64, villages: &[NodeId]) {
    plan.band((from, until), "春节，各村关机", "spring festival");
    for village in villages {
        plan.at(from, Deed::ShutDown(*village));
        plan.at(until, Deed::Start(*village));
    }
}

/// What goes wrong on a day.
fn trouble(plan: &mut Plan, morning: u64, villages: &[NodeId]) {
    if plan.chance.percent(30) {
        let village = plan.any(villages);
        let fails = plan.between(morning, morning + BURST / 2);
        plan.outage(village, fails, fails + 5 * MINUTE);
    }
    if plan.chance.percent(20) {
        let village = plan.any(villages);
        // Until the morning after.
        let (from, until) = (morning + BURST / 2, morning + DAY + MINUTE / 2);
        plan.cut(plan.lines_of(village), from, until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenarios::plan::WORKING_DAYS;

    #[test]
    fn a_year_has_the_working_days_that_its_work_is_shared_by() {
        let working = (0..DAYS).filter(|day| is_working_day(*day));
        assert_eq!(working.count(), WORKING_DAYS);
    }
}
