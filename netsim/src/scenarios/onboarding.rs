//! A new village joins in the middle of work.

use super::Scenario;
use super::county::Charters;
use super::plan::{Deed, HOUR, MINUTE, Plan};

/// See the module.
pub(super) const SCENARIO: Scenario = Scenario {
    name: "onboarding",
    title: ["新村接入", "A new village"],
    about: [
        "全县工作进行中，新章程把一个新村列入名册；新村接入后，得到它可以留存的一切，并开始上报。",
        "In the middle of work a new charter lists a new village. It joins, gets whatever it may hold, \
         and begins to report.",
    ],
    charters: Charters::Onboarding,
    write,
};

fn write(plan: &mut Plan) {
    let (county, newcomer) = (plan.places.county(), plan.village());
    let mut villages = plan.places.villages();
    villages.retain(|village| *village != newcomer);
    plan.begins_at_hour = 8;
    plan.ends_ms = 8 * HOUR;
    plan.work(0, 8 * HOUR, &villages);
    plan.notices(0, 7 * HOUR);

    let name = plan.name(newcomer);
    let listed = 3 * HOUR;
    let joins = listed + 40 * MINUTE;
    plan.mark(
        listed,
        format!("新章程列入{name}"),
        format!("a new charter lists {name}"),
    );
    plan.at(listed, Deed::RollOut(county));
    plan.mark(joins, format!("{name}接入"), format!("{name} joins"));
    plan.at(joins, Deed::Join(newcomer));
    plan.work(joins + 10 * MINUTE, 4 * HOUR, &[newcomer]);
}
