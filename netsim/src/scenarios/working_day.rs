//! One working day, from seven to seven.

use super::Scenario;
use super::county::Charters;
use super::plan::{Deed, HOUR, MINUTE, Plan};

/// See the module.
pub(super) const SCENARIO: Scenario = Scenario {
    name: "working-day",
    title: ["普通工作日", "A working day"],
    about: [
        "早上七点起各村陆续开机，全天上报网格事项和矛盾纠纷，部分提级；县级下发通知，乡镇回复；\
         中间有几条线路短时中断；傍晚各村关机。最后所有节点应当一致。",
        "From seven on villages are switched on, report and mediate through the day and hand some of \
         it up; the county sends notices and townships reply; a few lines fail for a while; in the \
         evening villages are switched off. In the end all nodes are to be equal.",
    ],
    charters: Charters::Usual,
    write,
};

fn write(plan: &mut Plan) {
    plan.villages_run = false;
    plan.ends_ms = plan.clock(19, 0);
    let villages = plan.places.villages();

    plan.mark(plan.clock(7, 0), "各村陆续开机", "villages are switched on");
    for village in &villages {
        let morning = plan.between(plan.clock(7, 0), plan.clock(7, 50));
        plan.at(morning, Deed::Start(*village));
        let evening = plan.between(plan.clock(18, 20), plan.clock(18, 55));
        plan.at(evening, Deed::ShutDown(*village));
    }
    plan.working_day(0, &villages);
    plan.notices(plan.clock(8, 30), 8 * HOUR);

    for _ in 0..4 {
        let village = plan.any(&villages);
        let name = plan.name(village);
        let from = plan.between(plan.clock(8, 0), plan.clock(17, 0));
        let until = from + plan.between(5 * MINUTE, 40 * MINUTE);
        plan.cut(plan.lines_of(village), from, until);
        plan.band(
            (from, until),
            format!("{name}断线"),
            format!("no line to {name}"),
        );
    }
    let townships = plan.places.townships();
    let township = plan.any(&townships);
    let name = plan.name(township);
    let (from, until) = (plan.clock(14, 10), plan.clock(14, 45));
    plan.cut(plan.lines_to_county(township), from, until);
    let words = (
        format!("{name}与县断线"),
        format!("{name} cut off from the county"),
    );
    plan.band((from, until), words.0, words.1);
    plan.mark(
        plan.clock(18, 20),
        "各村陆续关机",
        "villages are switched off",
    );
}
