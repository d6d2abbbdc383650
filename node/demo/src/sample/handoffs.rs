//! Hand-offs of police, court and petition office.

use crdt_model::ids::NodeId;

use super::cases::Case;
use super::counts::Counts;
use super::course::{Course, Write, each};
use super::draw::{Draw, Moment, Purpose};
use super::handoff_schedule::{End, became, ended};
use super::names::{Fields, Names, add, set};
use super::villages::Villages;
use node_app::use_cases::record_set::SetRequest;

/// All hand-offs.
pub(super) fn courses(
    villages: &Villages,
    names: &Names,
    from: &Counts,
    to: &Counts,
) -> Vec<(NodeId, Course)> {
    let made = |number| handoff(villages, names, number);
    each(from, to, |counts| counts.handoffs, made)
}

fn handoff(villages: &Villages, names: &Names, number: u64) -> (NodeId, Course) {
    let mut draw = Draw::new(Purpose::Handoff, number);
    let (record, offered) = (draw.record(), draw.moment());
    let (end, channel) = ended(number);
    let case = match end {
        End::Succeeded(which) => became(which),
        _ => number,
    };
    let village = villages.village(case);
    let home = match channel.0 {
        "court" => villages.county,
        _ => village.township().unwrap_or(villages.county),
    };
    let first = Fields::default()
        .text("channel", channel.0)
        .text("reference", format!("SL-{}-{number:05}", channel.0))
        .text("step", "offered")
        .time("offered-time", offered)
        .time("due-time", offered.after_h(30 * 24));
    let mut requests = vec![add(record, vec![first.create(names.handoff, None)])];
    if end == End::Declined {
        let reason = draw.pick(&["unsuitable", "unwilling", "elsewhere", "incomplete"]);
        let declined = to_step("declined").text("reason", reason);
        let returned = to_step("returned").time("returned-time", offered.after_h(48));
        requests.push(Write::Set(
            SetRequest {
                record,
                facets: vec![declined.change(names.handoff, None)],
            },
            Some(names.leader),
        ));
        requests.push(set(record, vec![returned.change(names.handoff, None)]));
        return (home, Course { requests });
    }
    let mut step = |fields: Fields| {
        requests.push(set(record, vec![fields.change(names.handoff, None)]));
    };
    let mut accepted = to_step("accepted").time("accepted-time", offered.after_h(4));
    if let End::Succeeded(_) = end {
        let case = Case::new(villages, names, village, case);
        // A complaint about the township's office is named in no row that the township holds.
        if !case.complaint {
            accepted = accepted.record("case", case.record);
        }
    }
    step(accepted);
    let mediated = offered.after_h(24 + draw.below(20 * 24));
    for fields in outcome(end, mediated) {
        step(fields);
    }
    (home, Course { requests })
}

fn outcome(end: End, mediated: Moment) -> Vec<Fields> {
    let step = |step| to_step(step).time("mediated-time", mediated);
    match end {
        End::Succeeded(_) => vec![step("succeeded")],
        _ => vec![
            step("failed"),
            to_step("returned").time("returned-time", mediated.after_h(24)),
        ],
    }
}

fn to_step(step: &str) -> Fields {
    Fields::default().text("step", step)
}
