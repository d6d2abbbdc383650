//! How far nodes were heard, and what is written once.

use crdt_model::beat::{self, Beat};
use crdt_model::engine::WriteRefused;
use crdt_model::judge::Fault;
use crdt_model::kind::KindError;
use crdt_model::value::Value;

use crate::county::{County, beijing, draft, text, time};

fn due(county: &County) -> Beat {
    let state = county.world.node(county.village).expect("it runs");
    let kinds = state.engine.charter().kinds();
    let mut beats = beat::due(county.village, kinds, county.world.wall());
    assert_eq!(beats.len(), 1);
    beats.remove(0)
}

/// A beat a day, at a place that follows from the day: whoever starts again in between finds it, and
/// the county has it once the line is there.
#[test]
fn a_village_is_heard_as_far_as_its_beats_have_come() {
    let mut county = County::at(beijing(7, 6, 9));
    let (village, above) = (county.village, county.county);
    let first = due(&county);
    let now = county.world.wall();
    county
        .world
        .write(village, vec![first.draft(now)])
        .expect("written");
    county.pass_hours(2);
    assert_eq!(due(&county), first, "the same day");
    county.cut_off(village);
    county.pass_hours(24);
    let second = due(&county);
    assert_ne!(second.key, first.key);
    let now = county.world.wall();
    county
        .world
        .write(village, vec![second.draft(now)])
        .expect("written");
    county.pass_hours(1);
    let heard = |county: &County, beat: &Beat| {
        let document = county.document(above, beat.facet).expect("it is here");
        let value = document.settled(&beat.key).cloned();
        value.map(|at| matches!(at, Value::Integer(_)))
    };
    assert_eq!(
        (heard(&county, &first), heard(&county, &second)),
        (Some(true), None)
    );
    county.world.heal_lines();
    county.pass_hours(1);
    assert_eq!(heard(&county, &second), Some(true));
    // Nobody says of another node that it was there.
    let told = second.draft(county.world.wall());
    let refused = county.world.write(county.township, vec![told]);
    assert!(refused.is_err(), "{refused:?}");
}

/// What a snapshot says is never added to, by nobody and in no field.
#[test]
fn the_figures_of_a_snapshot_are_written_once() {
    let mut county = County::at(beijing(7, 6, 9));
    let figures = county.new_facet("snapshot.figures");
    let now = county.world.wall();
    let fields = [
        ("cadence", text("month")),
        ("period-from", time(beijing(6, 1, 8))),
        ("period-until", time(beijing(7, 1, 8))),
        ("taken-time", time(now)),
        ("role", text("leader")),
        ("charter", Some(Value::Integer(1))),
        ("expected-number", Some(Value::Integer(10))),
        ("heard-number", Some(Value::Integer(9))),
        ("figure/0", text("reports\tall\t3\t-")),
    ];
    let village = county.village;
    county
        .world
        .write(village, vec![draft(figures, &fields)])
        .expect("written");
    for (key, value) in [
        ("figure/1", text("reports\tall\t4\t-")),
        ("role", text("clerk")),
    ] {
        let refused = county
            .set(village, figures, &[(key, value)])
            .expect_err("once");
        let WriteRefused::Draft { fault, .. } = refused else {
            panic!("{refused}");
        };
        let once = KindError::Once {
            facet: figures.facet,
        };
        assert_eq!(*fault, Fault::Kind(once));
    }
}
