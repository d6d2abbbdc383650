//! Seven days of holiday, and then everybody at once.

use super::Scenario;
use super::county::{Charters, Matter};
use super::plan::{DAY, Deed, HOUR, MINUTE, Plan};

/// See the module.
pub(super) const SCENARIO: Scenario = Scenario {
    name: "spring-festival",
    title: ["春节假期", "The spring festival"],
    about: [
        "春节七天各村全部关机，县和乡镇照常发通知；节后第一个早晨，几分钟之内各村全部开机。",
        "For seven days all villages are switched off while the county and the townships go on; on the \
         first morning after, all villages are back within a few minutes.",
    ],
    charters: Charters::Usual,
    write,
};

fn write(plan: &mut Plan) {
    let (villages, townships) = (plan.places.villages(), plan.places.townships());
    let county = plan.places.county();
    plan.begins_at_hour = 8;
    plan.sample_ms = HOUR;
    plan.work(0, 9 * HOUR, &villages);

    let leave = 9 * HOUR;
    let back = 8 * DAY;
    plan.mark(
        leave,
        "放假，各村关机",
        "the holiday begins: villages are switched off",
    );
    plan.band((leave, back), "各村放假", "villages on holiday");
    for village in &villages {
        let off = plan.between(leave, leave + HOUR);
        plan.at(off, Deed::ShutDown(*village));
    }
    for day in 1..8 {
        plan.notices(day * DAY, 8 * HOUR);
        for _ in 0..plan.scaled(6.0) {
            let (at, township) = (
                plan.between(day * DAY, day * DAY + 8 * HOUR),
                plan.any(&townships),
            );
            let below = plan.places.villages_of(township);
            let village = plan.any(&below);
            plan.at(at, Deed::Write(township, Matter::Notice, village));
            plan.at(at + MINUTE, Deed::Amend(county));
        }
    }
    plan.mark(
        back,
        "上班，各村几分钟内全部开机",
        "back to work: all villages within minutes",
    );
    for village in &villages {
        let on = plan.between(back, back + 4 * MINUTE);
        plan.at(on, Deed::Start(*village));
    }
    plan.work(back + 5 * MINUTE, 3 * HOUR, &villages);
    plan.ends_ms = back + 4 * HOUR;
}
