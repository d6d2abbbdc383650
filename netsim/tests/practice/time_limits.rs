//! Four levels in seven days, with the line down, the clock wrong, and the festival between.

use crdt_model::draft::Draft;
use crdt_model::kind::clocks::{Basis, Standing};

use crate::county::{County, HOUR_MS, beijing, draft, part, text, time};

/// The grid worker has one working day, the village committee two; then the matter goes up by itself,
/// and what it is about follows.
#[test]
fn a_matter_that_nobody_settles_climbs_the_levels_and_its_narrative_follows() {
    let mut county = County::at(beijing(7, 6, 9));
    let (village, township) = (county.village, county.township);
    let case = county.accepted_case();
    let narrative = part(case, "case.narrative");
    county.pass_hours(2);
    assert_eq!(county.words(township, case, "step"), ["accepted"]);
    assert_eq!(county.document(township, narrative), None);
    // Monday is the day it began on; Tuesday is the grid worker's.
    county.pass_until(beijing(7, 7, 23));
    assert_eq!(county.words(village, case, "step"), ["accepted"]);
    assert_eq!(
        county.standing(village, case, "level-1"),
        Some(Standing::Soon)
    );
    county.pass_until(beijing(7, 8, 2));
    assert_eq!(county.words(township, case, "step"), ["level-2"]);
    // Wednesday it came to the committee; Thursday and Friday are the committee's.
    county.pass_until(beijing(7, 10, 22));
    assert_eq!(county.words(village, case, "step"), ["level-2"]);
    assert_eq!(county.document(township, narrative), None);
    county.pass_until(beijing(7, 11, 2));
    assert_eq!(county.words(township, case, "step"), ["escalated"]);
    assert!(county.document(township, narrative).is_some());
    assert_eq!(county.document(county.county, narrative), None);
    // Saturday and Sunday do not count: the township has Monday and Tuesday.
    county.pass_until(beijing(7, 14, 22));
    assert_eq!(county.words(county.county, case, "step"), ["escalated"]);
    county.pass_until(beijing(7, 15, 2));
    assert_eq!(county.words(county.county, case, "step"), ["level-4"]);
    // Of the seven working days from Tuesday on, one is left.
    let whole = county
        .clock(county.county, case, "seven-days")
        .expect("it runs");
    assert_eq!(whole.span.expect("a span").due, beijing(7, 16, 0));
    assert_eq!(whole.basis, Basis::Step);
}

/// The village's line is down for ten days. The village works on; its clock is nobody's who could
/// confirm it, so it takes no step by itself until it hears from the townships again, and then takes
/// it once.
#[test]
fn a_clock_runs_on_through_an_outage_of_ten_days_and_the_step_is_taken_once() {
    let mut county = County::at(beijing(7, 6, 9));
    let (village, township) = (county.village, county.township);
    let case = county.accepted_case();
    county
        .set(village, case, &[("step", text("level-2"))])
        .expect("taken to the committee");
    county.pass_hours(1);
    county.cut_off(village);
    county.pass_hours(10 * 24);
    // Up since Wednesday's end.
    let at_home = county.clock(village, case, "level-2").expect("it runs");
    assert_eq!(at_home.span.expect("a span").due, beijing(7, 9, 0));
    assert_eq!(
        county.standing(village, case, "level-2"),
        Some(Standing::Overdue)
    );
    assert_eq!(county.words(village, case, "step"), ["level-2"]);
    // The township sees from the ledger row that time is up, too: the same moment.
    assert_eq!(county.clock(township, case, "level-2"), Some(at_home));
    county.world.heal_lines();
    county.pass_hours(30);
    let steps = county.document(township, case).expect("the row");
    assert_eq!(county.words(township, case, "step"), ["escalated"]);
    let written = &steps.values("step")[0];
    assert_eq!((written.author, steps.conflicts().count()), (village, 0));
    assert!(written.wall >= beijing(7, 16, 10));
}

/// What is handed in before the spring festival is due after it.
#[test]
fn the_spring_festival_stops_working_days_and_moves_the_end_of_calendar_days() {
    let mut county = County::at(beijing(2, 13, 15));
    let village = county.village;
    let case = county.accepted_case();
    county
        .set(village, case, &[("step", text("level-2"))])
        .expect("taken to the committee");
    county.pass_hours(1);
    // The Saturday before the festival is worked; the nine days after it are not.
    let committee = county.clock(village, case, "level-2").expect("it runs");
    assert_eq!(committee.span.expect("a span").due, beijing(2, 25, 0));
    assert!(committee.calendar_known);
    county.pass_until(beijing(2, 24, 20));
    assert_eq!(county.words(village, case, "step"), ["level-2"]);
    assert_eq!(
        county.standing(village, case, "level-2"),
        Some(Standing::Soon)
    );
    county.pass_until(beijing(2, 25, 2));
    assert_eq!(county.words(village, case, "step"), ["escalated"]);
}

/// A machine whose clock stands days ahead moves nothing by itself, and everybody else sees that its
/// clock is wrong. One whose clock stands years behind goes by what townships have confirmed.
#[test]
fn a_wrong_clock_takes_no_step_and_is_named() {
    let mut county = County::at(beijing(7, 6, 9));
    let (village, township) = (county.village, county.township);
    county.pass_hours(26);
    let days_ms = 5 * 24 * HOUR_MS as i64;
    let ahead = |county: &mut County, ms| {
        let state = county.world.node_mut(village).expect("it runs");
        state.clocks.wall_ahead_ms = ms;
    };
    ahead(&mut county, days_ms);
    let case = county.accepted_case();
    county.pass_hours(72);
    // By the village's clock time is up, and by everybody else's it has not begun. Nobody has
    // confirmed the village's time, so nothing follows by itself.
    assert_eq!(
        county.standing(village, case, "level-1"),
        Some(Standing::Overdue)
    );
    assert_eq!(county.words(township, case, "step"), ["accepted"]);
    assert_eq!(
        county.standing(township, case, "level-1"),
        Some(Standing::WrongClock)
    );
    ahead(&mut county, -500 * days_ms);
    let other = county.accepted_case();
    county.pass_hours(1);
    let began = county.clock(township, other, "level-1").expect("it runs");
    let since = began.span.expect("a span").since;
    assert!(
        since >= beijing(7, 8, 9) && since <= county.world.wall(),
        "{since}"
    );
}

/// A petition has 60 days, and 30 more with approval; a date that somebody set comes before either.
#[test]
fn more_time_is_granted_and_a_date_that_is_set_counts() {
    let mut county = County::at(beijing(3, 2, 9));
    let village = county.village;
    let case = county.accepted_case();
    county
        .set(village, case, &[("channel", text("petition"))])
        .expect("from petitions");
    county.pass_hours(1);
    let due = |county: &County, clock| {
        let entry = county.clock(village, case, clock).expect("it runs");
        entry.span.expect("a span").due
    };
    // 2026-05-01, the sixtieth day, is free, as are the four after it.
    assert_eq!(due(&county, "petition"), beijing(5, 7, 0));
    let granted = Some(crdt_model::value::Value::Boolean(true));
    county
        .set(village, case, &[("extended", granted)])
        .expect("granted");
    county.pass_hours(1);
    assert_eq!(due(&county, "petition"), beijing(6, 2, 0));
    county
        .set(village, case, &[("due-time", time(beijing(3, 4, 18)))])
        .expect("a date");
    county.pass_hours(1);
    assert_eq!(due(&county, "seven-days"), beijing(3, 4, 18));
}

/// The village settles a matter while the township, which has not heard of it, takes it up. Both are
/// kept and shown; no clock moves it on until somebody settles which holds.
#[test]
fn settled_in_the_village_and_taken_up_by_the_township_at_once() {
    let mut county = County::at(beijing(7, 6, 9));
    let (village, township) = (county.village, county.township);
    let case = county.accepted_case();
    county
        .set(village, case, &[("step", text("level-2"))])
        .expect("taken to the committee");
    county.pass_hours(1);
    county.cut_off(village);
    let settled = [
        ("step", text("agreed")),
        ("outcome", text("agreed-oral")),
        ("method", text("home-yard")),
    ];
    county.set(village, case, &settled).expect("settled");
    county
        .set(township, case, &[("step", text("level-3"))])
        .expect("taken up");
    county.pass_hours(1);
    county.world.heal_lines();
    county.pass_hours(2);
    for node in [village, township, county.county] {
        let mut words = county.words(node, case, "step");
        words.sort();
        assert_eq!(words, ["agreed", "level-3"], "{node}");
    }
    // Its level went up with the township's step; the narrative stays until the village hands it up.
    county.pass_hours(5 * 24);
    assert_eq!(
        county.standing(township, case, "level-3"),
        Some(Standing::Overdue)
    );
    assert_eq!(county.words(township, case, "step").len(), 2);
    county
        .set(township, case, &[("step", text("agreed"))])
        .expect("settled which holds");
    county.pass_hours(1);
    assert_eq!(county.words(village, case, "step"), ["agreed"]);
    assert_eq!(county.clock(township, case, "level-3"), None);
}

/// What is written down late, because it was handled on paper or in another system, is shown as overdue
/// and moves nothing by itself.
#[test]
fn what_is_entered_after_its_time_is_overdue_and_waits_for_a_person() {
    let mut county = County::at(beijing(7, 20, 9));
    let village = county.village;
    let case = county.accepted_case();
    let level_2 = [
        ("step", text("level-2")),
        ("step-since", time(beijing(7, 6, 9))),
    ];
    county.set(village, case, &level_2).expect("as on paper");
    county.pass_hours(30);
    let clock = county.clock(village, case, "level-2").expect("it runs");
    assert_eq!(clock.basis, Basis::Told);
    assert_eq!(clock.span.expect("a span").due, beijing(7, 9, 0));
    assert_eq!(
        county.standing(village, case, "level-2"),
        Some(Standing::Overdue)
    );
    assert_eq!(county.words(village, case, "step"), ["level-2"]);
}

/// Who hands a matter straight to the county says so of each of its parts, and the step takes nothing
/// of that back.
#[test]
fn a_matter_is_handed_straight_to_the_county() {
    let mut county = County::at(beijing(7, 6, 9));
    let (village, township) = (county.village, county.township);
    let case = county.accepted_case();
    let narrative = part(case, "case.narrative");
    let to_county = Some(county.grade(case, "county"));
    let parts = [
        draft(case, &[("step", text("escalated"))]),
        draft(narrative, &[]),
    ];
    let parts = parts.map(|one| Draft {
        grade: to_county,
        ..one
    });
    county
        .world
        .write(village, parts.to_vec())
        .expect("handed up");
    county.pass_hours(2);
    for node in [township, county.county] {
        assert!(county.document(node, narrative).is_some(), "{node}");
    }
}
