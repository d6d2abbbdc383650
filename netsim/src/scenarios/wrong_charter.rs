//! A charter that nobody wanted, and the next that takes it back.

use super::Scenario;
use super::county::Charters;
use super::plan::{Deed, HOUR, MINUTE, Plan};

/// See the module.
pub(super) const SCENARIO: Scenario = Scenario {
    name: "wrong-charter",
    title: ["发错章程又收回", "A wrong charter, taken back"],
    about: [
        "新章程写错了：禁止了该传的内容，又允许了不该传的。几小时后由下一版收回。所属节点的内容不丢失；\
         不该扩散的从各节点磁盘上清除。",
        "A new charter is wrong: it closes flows that should be open, and opens others. Hours later the \
         next version takes it back. Nothing that home has is lost; what should not have spread is \
         dropped from disks.",
    ],
    charters: Charters::WrongAndBack,
    write,
};

fn write(plan: &mut Plan) {
    let (villages, townships) = (plan.places.villages(), plan.places.townships());
    let county = plan.places.county();
    plan.begins_at_hour = 8;
    plan.ends_ms = 9 * HOUR;
    plan.work(0, 9 * HOUR, &villages);
    plan.notices(0, 8 * HOUR);

    let (wrong, back) = (3 * HOUR, 6 * HOUR);
    plan.mark(wrong, "发布写错的新章程", "the wrong charter is rolled out");
    plan.mark(back, "下一版章程收回改动", "the next version takes it back");
    plan.band(
        (wrong, back),
        "错误章程生效",
        "the wrong charter is in force",
    );
    plan.at(wrong, Deed::RollOut(county));
    plan.at(back, Deed::RollOut(county));
    // One township hears of neither until both are out.
    let township = plan.any(&townships);
    let name = plan.name(township);
    let (from, until) = (wrong - 10 * MINUTE, back + 20 * MINUTE);
    plan.cut(plan.lines_to_county(township), from, until);
    let words = (
        format!("{name}与县断线"),
        format!("{name} cut off from the county"),
    );
    plan.band((from, until), words.0, words.1);
}
