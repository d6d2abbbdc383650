//! Inspections of barriers and gates, and what is reported as a number only.

use crdt_model::ids::{NodeId, RecordId};

use super::counts::Counts;
use super::course::{Course, each};
use super::devices;
use super::draw::{Draw, Moment, Purpose};
use super::names::{Fields, Names, add, row};
use super::villages::Villages;
use super::words::NUMBERS;

/// Metres of a stretch of road, which every other one has more of and the next one less: a hundred of
/// them are 78.7 km.
const STRETCH_M: i64 = 787;
/// By how much they differ.
const STRETCH_BY_M: i64 = 137;
/// One vehicle barrier in so many is at a place whose protection is kept at home.
const HOME_ONLY_EVERY: u64 = 20;

/// What is looked at.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Sort {
    Road = 1,
    Entrance,
    Vehicle,
}

/// All inspections and numbers.
pub(super) fn courses(
    villages: &Villages,
    names: &Names,
    from: &Counts,
    to: &Counts,
) -> Vec<(NodeId, Course)> {
    let mut all = each(
        from,
        to,
        |counts| counts.road_barriers,
        |n| road(villages, names, n),
    );
    all.extend(each(
        from,
        to,
        |counts| counts.entrance_systems,
        |n| entrance(villages, names, n),
    ));
    all.extend(each(
        from,
        to,
        |counts| counts.vehicle_barriers,
        |n| vehicle(villages, names, n),
    ));
    all.extend(each(
        from,
        to,
        |counts| counts.numbers,
        |n| number(villages, names, n),
    ));
    all
}

/// A record, and a look that was due, done and found something or nothing.
fn inspected(sort: Sort, number: u64, kind: &str) -> (RecordId, Fields) {
    let mut draw = Draw::new(Purpose::Inspection, (u64::from(sort as u8) << 32) | number);
    let (record, due) = (draw.record(), draw.moment());
    let mut fields = Fields::default().text("kind", kind).time("due-time", due);
    if draw.percent(92) {
        let done = due.after_h(draw.below(10 * 24));
        fields = fields.time("done-time", done);
        fields = match draw.below(20) {
            0 => fields.text("defect", "serious"),
            1..=3 => fields
                .text("defect", "minor")
                .time("repaired-time", done.after_h(72)),
            _ => fields.text("defect", "none"),
        };
    }
    (record, fields)
}

fn road(villages: &Villages, names: &Names, number: u64) -> (NodeId, Course) {
    let home = villages.village(number);
    let by = match number.is_multiple_of(2) {
        true => STRETCH_BY_M,
        false => -STRETCH_BY_M,
    };
    let (record, fields) = inspected(Sort::Road, number, "road-barrier");
    let fields = fields
        .text(
            "asset",
            format!("{}示例村道第{}段", villages.name(home), number + 1),
        )
        .number("metres", STRETCH_M + by);
    (home, row(record, names.inspection, fields))
}

/// The entrance system of the estate of the same number.
fn entrance(villages: &Villages, names: &Names, number: u64) -> (NodeId, Course) {
    let home = villages.village(number);
    let (record, fields) = inspected(Sort::Entrance, number, "entrance-system");
    let fields = fields.record("device", devices::estate(names, home, number));
    (home, row(record, names.inspection, fields))
}

fn vehicle(villages: &Villages, names: &Names, number: u64) -> (NodeId, Course) {
    let home = villages.village(number);
    let (record, fields) = inspected(Sort::Vehicle, number, "vehicle-barrier");
    let fields = fields.text("asset", format!("示例学校门口防冲撞设施{}", number + 1));
    let mut facet = fields.create(names.inspection, None);
    facet.sensitivity = (number % HOME_ONLY_EVERY == 1).then_some(names.home_only);
    let requests = vec![add(record, vec![facet])];
    (home, Course { requests })
}

/// One number of one month: of the county, a township or a village.
fn number(villages: &Villages, names: &Names, number: u64) -> (NodeId, Course) {
    let mut draw = Draw::new(Purpose::Number, number);
    let record = draw.record();
    let classes = NUMBERS.len() as u64;
    let (place, month) = (number % classes, number / classes);
    let class = usize::try_from(place).unwrap_or(0);
    let (class, unit, up_to) = NUMBERS.get(class).copied().unwrap_or_default();
    let home = match place {
        3 => villages.township(month),
        4 => villages.village(month),
        _ => villages.county,
    };
    let fields = Fields::default()
        .text("class", class)
        .time("period-from", Moment::of_year(month * 30, 0))
        .time("period-until", Moment::of_year((month + 1) * 30, 0))
        .text("unit", unit);
    // The county's 96.67 % has a denominator that 107 does not go with; the smallest that fits is 30.
    let fields = match class {
        "estates-covered" => fields.number("value", 29).number("of", 30),
        _ => fields.number("value", i64::try_from(1 + draw.below(up_to)).unwrap_or(1)),
    };
    (home, row(record, names.number, fields))
}
