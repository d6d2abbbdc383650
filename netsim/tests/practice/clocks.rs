//! Clocks that are wrong: all of them for some minutes, or one of them for days.

use crdt_model::engine::Alarm;
use crdt_model::ids::NodeId;
use crdt_model::kind::clocks::Standing;
use netsim::world::Happening;

use crate::county::{County, HOUR_MS, beijing};

const YEARS_MS: i64 = 3_650 * 24 * HOUR_MS as i64;

fn nodes(county: &County) -> Vec<NodeId> {
    county.world.nodes().map(|(node, _)| node).collect()
}

fn set_all(county: &mut County, ahead_ms: i64) {
    for node in nodes(county) {
        set(county, node, ahead_ms);
    }
}

fn set(county: &mut County, node: NodeId, ahead_ms: i64) {
    let state = county.world.node_mut(node).expect("it runs");
    state.clocks.wall_ahead_ms = ahead_ms;
}

/// All clocks ten years ahead for some minutes, and right again: nothing is overdue, no charter has expired,
/// no matter was handed up, and what is due later is done by itself when it is.
#[test]
fn a_county_whose_clocks_were_all_ten_years_ahead_for_minutes_goes_on() {
    let mut county = County::at(beijing(7, 6, 9));
    let (village, township) = (county.village, county.township);
    let case = county.accepted_case();
    county.pass_hours(2);
    set_all(&mut county, YEARS_MS);
    county.pass_ms(60_000);
    county.pass_ms(10 * 60_000);
    let wrong = county.world.node(township).expect("it runs");
    let confirmed = wrong.engine.log_status().confirmed.expect("confirmed");
    assert!(confirmed > county.world.wall(), "they confirm each other");
    assert_eq!(county.words(village, case, "step"), ["accepted"]);
    set_all(&mut county, 0);
    county.pass_ms(10 * 60_000);
    for node in nodes(&county) {
        let state = county.world.node(node).expect("it runs");
        let now = state.engine.floored(state.wall(&county.world));
        assert!(
            now.ms.abs_diff(county.world.wall().ms) < HOUR_MS,
            "{node}: {now}"
        );
        let expired = state.engine.charter().validity().expired(now);
        assert!(!expired, "{node}");
        assert_eq!(state.engine.clock_status().confirmed_ahead, None, "{node}");
    }
    assert_eq!(county.words(village, case, "step"), ["accepted"]);
    assert_eq!(
        county.standing(village, case, "level-1"),
        Some(Standing::Running)
    );
    let other = county.accepted_case();
    county.pass_ms(60_000);
    assert!(county.document(county.county, other).is_some(), "it flows");
    county.pass_until(beijing(7, 8, 2));
    assert_eq!(county.words(township, case, "step"), ["level-2"]);
    assert_eq!(county.words(township, other, "step"), ["level-2"]);
}

/// One township's clock drifts ahead by hours at a time: the confirmed time never leads anybody's clock
/// by more than a day, however often it signs.
#[test]
fn no_clock_lifts_the_confirmed_time_by_more_than_a_day() {
    let mut county = County::at(beijing(7, 6, 9));
    for step in 1..40 {
        set_all_townships(&mut county, step * 20 * HOUR_MS as i64);
        county.pass_ms(60_000);
        for node in nodes(&county) {
            let state = county.world.node(node).expect("it runs");
            let wall = state.wall(&county.world);
            let lead_ms = state.engine.floored(wall).ms - wall.ms;
            assert!(lead_ms <= 24 * HOUR_MS, "{node} by {lead_ms} ms");
        }
    }
}

fn set_all_townships(county: &mut County, ahead_ms: i64) {
    for node in nodes(county) {
        if node.township() == Some(node) {
            set(county, node, ahead_ms);
        }
    }
}

fn named(county: &County, at: NodeId) -> Vec<NodeId> {
    let state = county.world.node(at).expect("it runs");
    let ahead = state.engine.clock_status().ahead;
    ahead.into_iter().map(|one| one.node).collect()
}

/// A township whose clock stands a year ahead is named by its neighbours, by its signature on the log;
/// a village by what it writes. A machine without a battery says so itself.
#[test]
fn a_wrong_clock_is_named_at_the_node_and_by_its_neighbours() {
    let mut county = County::at(beijing(7, 6, 9));
    let (top, village, township) = (county.county, county.village, county.township);
    county.pass_hours(2);
    set(&mut county, township, YEARS_MS / 10);
    county.pass_hours(1);
    assert_eq!(named(&county, top), [township]);
    assert_eq!(named(&county, village), [township]);
    set(&mut county, township, 0);
    county.pass_hours(1);
    assert_eq!(named(&county, top), [], "it signs by a right clock again");

    set(&mut county, village, 5 * 24 * HOUR_MS as i64);
    county.accepted_case();
    county.pass_ms(60_000);
    assert_eq!(named(&county, township), [village]);

    county.world.happenings.clear();
    set(&mut county, village, -YEARS_MS);
    county.world.run_ms(HOUR_MS);
    let state = county.world.node(village).expect("it runs");
    let status = state.engine.clock_status();
    assert!(status.confirmed_ahead.is_some(), "{status:?}");
    assert!(
        !state
            .engine
            .confirms(state.engine.floored(state.wall(&county.world)), u64::MAX)
    );
    let told = county.world.happenings.iter().filter(|(node, happening)| {
        *node == village && matches!(happening, Happening::Alarm(Alarm::ClockApart { .. }))
    });
    assert_eq!(told.count(), 1);
}
