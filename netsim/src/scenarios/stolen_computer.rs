//! A village's computer is stolen, and whoever has it tries everything.

use super::Scenario;
use super::county::Charters;
use super::plan::{Deed, HOUR, MINUTE, Plan};

/// See the module.
pub(super) const SCENARIO: Scenario = Scenario {
    name: "stolen-computer",
    title: ["村里电脑被盗", "A stolen computer"],
    about: [
        "一个村的硬盘先被人复制，复制品用同一把密钥上线二十分钟；随后电脑连同密钥被盗，盗窃者用它接入网络，\
         伪造、索取、大量发送、作假，什么都试；几小时后县级用新章程撤销该村节点。\
         盗窃者得到的，最多只是该村本来就可以留存的内容。",
        "A village's disk is copied, and the copy runs for twenty minutes with the same key; then the \
         computer is stolen, key and all. The thief connects it and tries everything: \
         forging, prying, flooding, lying. Hours later the county revokes the village by a new \
         charter. What the thief could ever get is what that village could hold.",
    ],
    charters: Charters::Revoking,
    write,
};

fn write(plan: &mut Plan) {
    let villages = plan.places.villages();
    let (county, stolen) = (plan.places.county(), plan.village());
    plan.begins_at_hour = 8;
    plan.ends_ms = 9 * HOUR;
    plan.work(0, 9 * HOUR, &villages);
    plan.notices(0, 8 * HOUR);

    let name = plan.name(stolen);
    // Somebody copied its disk in the morning, and tries the copy out for a while.
    let (tried, theft) = (HOUR, 2 * HOUR);
    let revoked = 5 * HOUR + 30 * MINUTE;
    plan.at(10 * MINUTE, Deed::Copy(stolen));
    plan.mark(
        tried,
        format!("{name}的硬盘复制品上线二十分钟"),
        format!("a copy of {name} runs for twenty minutes"),
    );
    for at in [tried, tried + 20 * MINUTE] {
        plan.at(at, Deed::Swap(stolen));
        plan.work(at + MINUTE, 15 * MINUTE, &[stolen]);
    }
    plan.mark(
        theft,
        format!("{name}的电脑被盗"),
        format!("{name}'s computer is stolen"),
    );
    plan.at(theft, Deed::TurnHostile(stolen));
    for _ in 0..plan.scaled(400.0) {
        let at = plan.between(theft + MINUTE, plan.ends_ms);
        plan.at(at, Deed::Attack);
    }
    plan.band((theft, revoked), "盗窃者在线", "the thief is on the mesh");
    let words = (
        format!("县级发布新章程，撤销{name}"),
        format!("a new charter revokes {name}"),
    );
    plan.mark(revoked, words.0, words.1);
    plan.at(revoked, Deed::RollOut(county));
}
