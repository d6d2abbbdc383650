//! Joins the items of all messages: one row a device.
//!
//! GB/T 28181-2022 Annex H.2.1: where one device arrives by several paths, its parents are united
//! and it is online if any path says so. In the field one id also often means two devices, so
//! where name, address, place or position disagree nothing is merged and all of them are refused.

use std::collections::{BTreeMap, BTreeSet};

use super::code::{self, Named};
use crate::convert::{DEGREE_DECIMALS, scaled};
use crate::row::{Columns, Place, Row};
use crate::source::Source;
use crdt_model::text;
use crdt_model::text::Text;

/// Fields that must agree for two items to be one device.
const IDENTITY: [&str; 6] = [
    "Name",
    "Address",
    "Longitude",
    "Latitude",
    "CivilCode",
    "GrassrootsCode",
];
/// Fields in which the riskier value wins: a device that one path marks is marked.
const ANY_YES: [&str; 1] = ["Secrecy"];

/// Devices by id, in the order in which they were first met.
#[derive(Default)]
pub(super) struct Devices {
    order: Vec<String>,
    by_id: BTreeMap<String, Device>,
}

struct Device {
    row: Row,
    places: Vec<Place>,
    conflict: Option<Text>,
}

/// How a second item about a device relates to the first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Relation {
    /// Another path to the same device, as of the same time.
    OtherPath,
    /// News about it: what it says replaces what was said.
    News,
}

impl Devices {
    /// Takes one item about a device.
    pub(super) fn add(&mut self, id: &str, row: Row, relation: Relation, columns: &mut Columns) {
        let Some(known) = self.by_id.get_mut(id) else {
            let places = vec![row.place.clone()];
            self.order.push(id.to_owned());
            self.by_id.insert(
                id.to_owned(),
                Device {
                    row,
                    places,
                    conflict: None,
                },
            );
            return;
        };
        known.places.push(row.place.clone());
        if known.conflict.is_some() {
            return;
        }
        match relation {
            Relation::News => known.take_news(row),
            Relation::OtherPath => known.merge(row, columns),
        }
    }

    /// Hands the devices on: whole ones as rows, those in conflict as refused.
    pub(super) fn finish(self, source: &mut Source) {
        let Self { order, mut by_id } = self;
        for id in order {
            let Some(device) = by_id.remove(&id) else {
                continue;
            };
            match device.conflict {
                None => source.rows.push(device.row),
                Some(reason) => {
                    for place in &device.places {
                        source.refuse(place, Some(id.clone()), reason.clone());
                    }
                }
            }
        }
    }
}

impl Device {
    fn take_news(&mut self, row: Row) {
        for (column, value) in row.cells() {
            self.row.set(column, value.to_owned());
        }
        self.row.notes.extend(row.notes);
    }

    fn merge(&mut self, row: Row, columns: &mut Columns) {
        self.row.notes.extend(row.notes.iter().cloned());
        let Some(disagreement) = self.disagreement(&row, columns) else {
            let news: Vec<(u16, String)> = row
                .cells()
                .map(|(column, value)| (column, value.to_owned()))
                .collect();
            for (column, value) in news {
                self.merge_cell(column, value, columns);
            }
            return;
        };
        let (first, second) = (self.row.place.line, row.place.line);
        self.conflict = Some(text!(
            "同一设备编码出现在第 {first} 行和第 {second} 行，但 {disagreement} 不同：可能是两台设备用了\
             同一编码，均未导入",
            "lines {first} and {second} have the same device id and a different {disagreement}: \
             they may be two devices, so neither was imported"
        ));
    }

    fn disagreement(&self, row: &Row, columns: &Columns) -> Option<&'static str> {
        IDENTITY.into_iter().find(|name| {
            let Some(column) = columns.find(name) else {
                return false;
            };
            match (self.row.cell(column), row.cell(column)) {
                (Some(one), Some(other)) => !same(one, other),
                _ => false,
            }
        })
    }

    fn merge_cell(&mut self, column: u16, value: String, columns: &Columns) {
        let Some(known) = self.row.cell(column).map(str::to_owned) else {
            self.row.set(column, value);
            return;
        };
        if same(&known, &value) {
            return;
        }
        let name = columns.name(column).to_owned();
        if name.eq_ignore_ascii_case("ParentID") {
            self.row.set(column, united(&known, &value));
        } else if name.eq_ignore_ascii_case("Status") {
            if value.eq_ignore_ascii_case("ON") {
                self.row.set(column, value);
            }
        } else if ANY_YES.iter().any(|field| name.eq_ignore_ascii_case(field)) {
            if value == "1" {
                self.row.set(column, value);
            }
        } else {
            self.row.notes.push(text!(
                "同一设备的 {name} 有不同的值，保留先出现的",
                "the device's `{name}` differs between its items; the first was kept"
            ));
        }
    }
}

/// Whether two texts say the same; positions may be written with more or fewer digits.
fn same(one: &str, other: &str) -> bool {
    let position = |text| scaled(text, DEGREE_DECIMALS);
    one == other || matches!((position(one), position(other)), (Some(a), Some(b)) if a == b)
}

/// Parents as the standard lists them, separated by `/`: each once, in order.
pub(super) fn united(one: &str, other: &str) -> String {
    let parents: BTreeSet<&str> = one
        .split('/')
        .chain(other.split('/'))
        .map(str::trim)
        .filter(|parent| !parent.is_empty())
        .collect();
    parents.into_iter().collect::<Vec<_>>().join("/")
}

/// Whether an id names a device; if not, why its item is set aside, and whether as refused.
pub(super) fn not_a_device(id: &str) -> Option<(Text, bool)> {
    match code::named(id) {
        Named::Device(_) => None,
        Named::Directory(directory) => Some((directory.skipped(), false)),
        Named::User => Some((text!("用户，不是设备", "a user, not a device"), false)),
        Named::Unknown => Some((
            text!(
                "`DeviceID` 不是 20 位数字的设备编码",
                "`DeviceID` is not a device's 20 digits"
            ),
            true,
        )),
    }
}
