//! A storm rolls over the townships, one after another.

use super::Scenario;
use super::county::{Charters, Matter};
use super::plan::{Deed, HOUR, MINUTE, Plan};

/// See the module.
pub(super) const SCENARIO: Scenario = Scenario {
    name: "storm",
    title: ["沙尘暴过境", "A storm"],
    about: [
        "沙尘暴从一个乡镇移到下一个乡镇，前后持续数小时：各村停电、断线，写到一半的磁盘内容丢失或残缺；\
         发电机让节点陆续恢复。",
        "A storm moves from township to township for hours: power and lines fail, and what disks were \
         just writing is lost or torn; generators bring nodes back.",
    ],
    charters: Charters::Usual,
    write,
};

fn write(plan: &mut Plan) {
    let (villages, townships) = (plan.places.villages(), plan.places.townships());
    let county = plan.places.county();
    plan.begins_at_hour = 8;
    plan.ends_ms = 10 * HOUR;
    plan.work(0, 10 * HOUR, &villages);
    plan.notices(0, 10 * HOUR);

    let mut comes = HOUR;
    for township in &townships {
        let goes = comes + plan.between(50 * MINUTE, 100 * MINUTE);
        let name = plan.name(*township);
        plan.mark(
            comes,
            format!("风暴到达{name}"),
            format!("the storm reaches {name}"),
        );
        plan.band(
            (comes, goes),
            format!("{name}停电断线"),
            format!("storm over {name}"),
        );
        plan.at(
            comes + 5 * MINUTE,
            Deed::Write(county, Matter::Notice, *township),
        );
        plan.cut(vec![(*township, county)], comes + 10 * MINUTE, goes);
        for village in plan.places.villages_of(*township) {
            let fails = plan.between(comes, goes);
            let lines = plan.lines_of(village);
            if plan.chance.percent(75) {
                let generator = plan.between(15 * MINUTE, 60 * MINUTE);
                plan.outage(village, fails, fails + generator);
                // The generator stutters at times.
                if plan.chance.percent(30) {
                    let again = fails + generator + plan.between(MINUTE / 4, 3 * MINUTE);
                    plan.outage(village, again, again + 2 * MINUTE);
                }
            } else {
                plan.cut(lines, fails, goes + 10 * MINUTE);
            }
        }
        if plan.chance.percent(50) {
            plan.outage(*township, comes + 20 * MINUTE, comes + 35 * MINUTE);
        }
        comes += 55 * MINUTE;
    }
    plan.mark(plan.ends_ms, "风暴过去", "the storm is over");
}
