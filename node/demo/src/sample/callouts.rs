//! Calls of a centre: bodies are called to a dispute that was handed up, report, and are done.

use crdt_model::ids::NodeId;

use super::cases::{Case, HandedUp};
use super::counts::Counts;
use super::course::{Course, each};
use super::directory::{Sort, record};
use super::draw::{Draw, Purpose};
use super::names::{Fields, Names, add, set};
use super::villages::Villages;

/// One dispute in so many was handed up to the township, and is what a call is about.
const CASE_EVERY: u64 = 7;
/// Which of these it is.
const CASE_AT: u64 = 2;
/// Hours in which those who are called are to come.
const DUE_H: u64 = 4;
/// One call in so many is still open.
const OPEN_EVERY: u64 = 40;

/// All calls.
pub(super) fn courses(
    villages: &Villages,
    names: &Names,
    from: &Counts,
    to: &Counts,
) -> Vec<(NodeId, Course)> {
    let made = |number| callout(villages, names, number);
    each(from, to, |counts| counts.callouts, made)
}

fn callout(villages: &Villages, names: &Names, number: u64) -> (NodeId, Course) {
    let mut draw = Draw::new(Purpose::Callout, number);
    let (id, called) = (draw.record(), draw.moment());
    let about = number * CASE_EVERY + CASE_AT;
    let village = villages.village(about);
    let case = Case::new(villages, names, village, about);
    // A complaint about the township's office is the county's, and so is a call for it.
    let home = match case.handed_up {
        HandedUp::Township => village.township().unwrap_or(villages.county),
        _ => villages.county,
    };
    let bodies = [number, number + 1 + draw.below(3)];
    let mut first = Fields::default()
        .text("step", "called")
        .record("case", case.record)
        .time("called-time", called)
        .time("due-time", called.after_h(DUE_H));
    for (place, body) in bodies.into_iter().enumerate() {
        let body = record(Sort::Resident, body % Counts::YEAR.resident_bodies);
        first = first.record(&format!("body/{place}"), body);
    }
    let mut row = first.create(names.callout, None);
    row.sensitivity = case.complaint.then_some(names.about_township);
    let mut requests = vec![add(id, vec![row])];
    if number % OPEN_EVERY == OPEN_EVERY - 1 {
        return (home, Course { requests });
    }
    let came = [20 + draw.below(90), 30 + draw.below(240)].map(|minutes| called.after_min(minutes));
    let mut reported = Fields::default()
        .text("step", "reported")
        .time("reported-time", came.into_iter().max().unwrap_or(called));
    for (place, moment) in came.into_iter().enumerate() {
        reported = reported.time(&format!("reported/{place}"), moment);
    }
    let done = Fields::default()
        .text("step", "done")
        .time("done-time", called.after_h(6 + draw.below(40)))
        .text(
            "result",
            draw.pick(&["settled", "settled", "plan", "passed-on"]),
        );
    for fields in [reported, done] {
        requests.push(set(id, vec![fields.change(names.callout, None)]));
    }
    (home, Course { requests })
}
