//! A whole year, of which a quarter of an hour stands for each day.

use super::Scenario;
use super::county::Charters;
use super::plan::{DAY, Deed, MINUTE, Plan};

/// Days of the year.
const DAYS: u64 = 365;
/// How much virtual time a day has.
const BURST: u64 = 10 * MINUTE;

/// See the module.
pub(super) const SCENARIO: Scenario = Scenario {
    name: "year",
    title: ["一年", "A year"],
    about: [
        "全县一年的工作量：网格事项约三万七千件、矛盾纠纷约三千八百件。每天压缩成一刻钟，夜间跳过；\
         隔三差五有村停电断线。",
        "A year's work of the whole county: about 37,000 grid reports and 3,800 disputes. Each day is a \
         quarter of an hour, and the nights are skipped; every few days a village loses power or its \
         lines.",
    ],
    charters: Charters::Usual,
    write,
};

fn write(plan: &mut Plan) {
    let villages = plan.places.villages();
    plan.begins_at_hour = 9;
    plan.sample_ms = DAY;
    for day in 0..DAYS {
        let morning = day * DAY;
        plan.work(morning, BURST, &villages);
        plan.notices(morning, BURST);
        if plan.chance.percent(30) {
            let village = plan.any(&villages);
            let fails = plan.between(morning, morning + BURST / 2);
            plan.outage(village, fails, fails + 5 * MINUTE);
        }
        if plan.chance.percent(20) {
            let village = plan.any(&villages);
            // Until the morning after.
            let (from, until) = (morning + BURST / 2, morning + DAY + BURST / 4);
            plan.cut(plan.lines_of(village), from, until);
        }
        if day % 30 == 0 {
            let month = day / 30 + 1;
            plan.mark(
                morning,
                format!("第 {month} 个月"),
                format!("month {month}"),
            );
        }
        plan.at(morning + BURST + 5 * MINUTE, Deed::Skip(morning + DAY));
    }
    plan.ends_ms = DAYS * DAY;
}
