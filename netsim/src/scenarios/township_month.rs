//! One township and its villages, thirty days on their own.

use super::Scenario;
use super::county::{Charters, Matter};
use super::plan::{DAY, Deed, HOUR, Plan};

/// Days without a line to the county.
const DAYS: u64 = 30;

/// See the module.
pub(super) const SCENARIO: Scenario = Scenario {
    name: "township-month",
    title: ["一个乡镇断网一个月", "A township cut off for a month"],
    about: [
        "一个乡镇连同所属各村与县级断网三十天，内部照常工作、互相同步；全县其他地方也照常工作；\
         恢复后两边补齐。",
        "One township and its villages have no line to the county for thirty days. They work on and \
         keep in step with each other, as does the rest of the county; then the line is back.",
    ],
    charters: Charters::Usual,
    write,
};

fn write(plan: &mut Plan) {
    let villages = plan.places.villages();
    let county = plan.places.county();
    let townships = plan.places.townships();
    let township = plan.any(&townships);
    plan.begins_at_hour = 8;
    plan.sample_ms = 6 * HOUR;

    let (from, until) = (DAY / 2, DAY / 2 + DAYS * DAY);
    let name = plan.name(township);
    plan.mark(
        from,
        format!("{name}与县断网"),
        format!("{name} is cut off"),
    );
    plan.mark(until, "线路恢复", "the line is back");
    let words = (
        format!("{name}及各村断网"),
        format!("{name} and its villages cut off"),
    );
    plan.band((from, until), words.0, words.1);
    plan.cut(plan.lines_to_county(township), from, until);
    // A day's work is done in its first two hours.
    for day in 0..=DAYS {
        plan.work(day * DAY, 2 * HOUR, &villages);
        plan.notices(day * DAY, 2 * HOUR);
        let below = plan.places.villages_of(township);
        let village = plan.any(&below);
        plan.at(
            day * DAY + HOUR,
            Deed::Write(township, Matter::Notice, village),
        );
        plan.at(
            day * DAY + HOUR,
            Deed::Write(county, Matter::Notice, township),
        );
    }
    plan.ends_ms = until + 12 * HOUR;
}
