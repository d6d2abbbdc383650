//! Lists: the records that have a facet, filtered by its fields, sorted, a page at a time.
//!
//! Whoever asks names fields; names of columns come from the schema, and values are bound.

use std::collections::BTreeMap;

use crdt_model::ids::{Name, NodeId, RecordId};
use crdt_model::kind::FieldType;
use crdt_model::value::Value;
use rusqlite::types::{Value as SqlValue, ValueRef};
use rusqlite::{Row, params_from_iter};
use serde::{Deserialize, Serialize};

use super::Tables;
use super::access::MayRead;
use crate::error::{ReadModelError, unreadable};
use policy::reading::tables::{Table, quoted};

/// Bytes of texts in one page; what is over waits for the next.
const PAGE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// What can be filtered and sorted by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Key {
    /// A field of the facet that does not grow.
    Field(Name),
    /// The record's id.
    Record,
    /// The node the record belongs to.
    Home,
    /// The node it is meant for.
    Addressee,
    /// The sensitivity.
    Sensitivity,
    /// The handling level.
    Level,
    /// The earliest wall time of the values in force.
    Begun,
    /// The latest.
    Changed,
    /// How many fields have more than one value.
    Conflicts,
    /// How many values do not count.
    LeftOut,
}

impl Key {
    /// Those that every facet has, by the names that people use.
    pub const OF_ALL: [(&'static str, Self); 9] = [
        ("record", Self::Record),
        ("home", Self::Home),
        ("addressee", Self::Addressee),
        ("sensitivity", Self::Sensitivity),
        ("level", Self::Level),
        ("begun", Self::Begun),
        ("changed", Self::Changed),
        ("conflicts", Self::Conflicts),
        ("left-out", Self::LeftOut),
    ];

    /// What it holds; `None` for a field that the facet has no column for.
    pub(super) fn column(self, table: &Table) -> Option<String> {
        let name = match self {
            Self::Field(field) => return Some(quoted(&table.column(field)?.name)),
            Self::Record => "record",
            Self::Home => "home",
            Self::Addressee => "addressee",
            Self::Sensitivity => "sensitivity",
            Self::Level => "level",
            Self::Begun => "begun_ms",
            Self::Changed => "changed_ms",
            Self::Conflicts => "conflicts",
            Self::LeftOut => "left_out",
        };
        Some(name.to_owned())
    }
}

/// How a value is compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Comparison {
    /// It is this.
    Equal,
    /// It is not this.
    NotEqual,
    /// It is smaller, or earlier.
    Below,
    /// It is not greater, or not later.
    AtMost,
    /// It is greater, or later.
    Above,
    /// It is not smaller, or not earlier.
    AtLeast,
}

/// What must hold.
#[derive(Clone, PartialEq, Debug)]
pub struct Condition {
    /// Of what.
    pub key: Key,
    /// How it is compared.
    pub is: Comparison,
    /// With what; `None` with `Equal` where there is no value, with `NotEqual` where there is one.
    pub value: Option<Value>,
}

/// What is asked for.
#[derive(Clone, PartialEq, Debug)]
pub struct Find {
    /// Records that have this facet.
    pub facet: Name,
    /// What must hold of it, all of it.
    pub conditions: Vec<Condition>,
    /// By what it is sorted, and whether the greatest comes first.
    pub sort: Option<(Key, bool)>,
    /// How many to leave out.
    pub offset: u64,
    /// How many to give, at most.
    pub limit: usize,
}

/// One row.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FoundRow {
    /// The record.
    pub record: RecordId,
    /// The node it belongs to.
    pub home: NodeId,
    /// The node the facet is meant for; home where it is meant for nobody else.
    pub addressee: NodeId,
    /// The facet's sensitivity.
    pub sensitivity: Name,
    /// Its handling level.
    pub level: Name,
    /// The earliest wall time of the values in force, in milliseconds.
    pub begun_ms: u64,
    /// The latest.
    pub changed_ms: u64,
    /// How many fields have more than one value; of these, the latest is shown.
    pub conflicts: u64,
    /// How many values do not count, for two machines wrote as one node.
    #[serde(default)]
    pub left_out: u64,
    /// The fields that have a value and do not grow.
    pub fields: BTreeMap<Name, Value>,
}

/// A page of rows.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Page {
    /// The rows.
    pub rows: Vec<FoundRow>,
    /// How many there are on all pages.
    pub total: u64,
}

impl Tables {
    /// Finds what somebody may read. A facet or field that has no table or column gives nothing.
    pub fn find(&self, find: &Find, may_read: MayRead<'_>) -> Result<Page, ReadModelError> {
        let Some(table) = self.place.schema.table(find.facet) else {
            return Ok(Page::default());
        };
        let readable = self.readable(Some(find.facet), may_read)?;
        if readable.labels.is_empty() {
            return Ok(Page::default());
        }
        let mut wheres = Vec::new();
        let mut values = Vec::new();
        if !readable.everything {
            values.push(SqlValue::Text(readable.list()));
            wheres.push("label IN (SELECT value FROM json_each(?1))".to_owned());
        }
        for condition in &find.conditions {
            let Some(column) = condition.key.column(table) else {
                return Ok(Page::default());
            };
            wheres.push(condition.sql(&column, &mut values));
        }
        let wheres = match wheres.is_empty() {
            true => String::new(),
            false => format!(" WHERE {}", wheres.join(" AND ")),
        };
        let count = format!("SELECT count(*) FROM {}{wheres}", quoted(&table.name));
        let total: u64 = self
            .connection
            .prepare_cached(&count)?
            .query_row(params_from_iter(&values), |row| row.get(0))?;
        if total <= find.offset {
            return Ok(Page {
                rows: Vec::new(),
                total,
            });
        }
        let rows = self.page(find, table, &wheres, values)?;
        Ok(Page { rows, total })
    }

    fn page(
        &self,
        find: &Find,
        table: &Table,
        wheres: &str,
        mut values: Vec<SqlValue>,
    ) -> Result<Vec<FoundRow>, ReadModelError> {
        let sorted = find.sort.and_then(|(key, descending)| {
            let order = if descending { "DESC" } else { "ASC" };
            // What has no value comes last either way.
            Some(format!("{} {order} NULLS LAST, ", key.column(table)?))
        });
        let order = format!("{}record, facet_id", sorted.unwrap_or_default());
        let whole = |number: u64| SqlValue::Integer(i64::try_from(number).unwrap_or(i64::MAX));
        values.extend([whole(find.limit as u64), whole(find.offset)]);
        let (limit, offset) = (values.len() - 1, values.len());
        let name = quoted(&table.name);
        let own = table.columns.iter();
        let own: String = own.map(|one| format!(", {}", quoted(&one.name))).collect();
        // The rows are found and sorted by numbers first: whole rows are read for one page only.
        let page = format!(
            "SELECT record, home, addressee, sensitivity, level, begun_ms, changed_ms, \
             conflicts, left_out{own} FROM {name} WHERE facet_id IN \
             (SELECT facet_id FROM {name}{wheres} ORDER BY {order} LIMIT ?{limit} OFFSET ?{offset}) \
             ORDER BY {order}"
        );
        let mut statement = self.connection.prepare_cached(&page)?;
        let mut found = statement.query(params_from_iter(&values))?;
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while let Some(row) = found.next()? {
            let row = found_row(row, table, &mut bytes)?.ok_or_else(unreadable)?;
            if bytes > PAGE_BYTES_MAX && !rows.is_empty() {
                break;
            }
            rows.push(row);
        }
        Ok(rows)
    }
}

impl Condition {
    pub(super) fn sql(&self, column: &str, values: &mut Vec<SqlValue>) -> String {
        let Some(value) = &self.value else {
            return match self.is {
                Comparison::Equal => format!("{column} IS NULL"),
                Comparison::NotEqual => format!("{column} IS NOT NULL"),
                // Nothing is smaller or greater than no value.
                _ => "0".to_owned(),
            };
        };
        values.push(match value {
            Value::Boolean(value) => SqlValue::Integer(i64::from(*value)),
            Value::Integer(value) => SqlValue::Integer(*value),
            Value::Text(text) => SqlValue::Text(text.clone()),
        });
        let compared = match self.is {
            Comparison::Equal => "=",
            // What has no value is not this one either.
            Comparison::NotEqual => "IS NOT",
            Comparison::Below => "<",
            Comparison::AtMost => "<=",
            Comparison::Above => ">",
            Comparison::AtLeast => ">=",
        };
        format!("{column} {compared} ?{}", values.len())
    }
}

/// `None` if it is not what this program writes.
fn found_row(
    row: &Row<'_>,
    table: &Table,
    bytes: &mut usize,
) -> rusqlite::Result<Option<FoundRow>> {
    let mut fields = BTreeMap::new();
    for (at, column) in table.columns.iter().enumerate() {
        if let Some(value) = value_in(row.get_ref(at + 9)?, column.holds) {
            if let Value::Text(text) = &value {
                *bytes += text.len();
            }
            fields.insert(column.field, value);
        }
    }
    let part = |at: usize| row.get::<_, String>(at);
    let [record, home, addressee] = [part(0)?, part(1)?, part(2)?];
    let [sensitivity, level] = [part(3)?, part(4)?];
    let [begun_ms, changed_ms] = [row.get(5)?, row.get(6)?];
    let [conflicts, left_out] = [row.get(7)?, row.get(8)?];
    let parsed = || {
        Some(FoundRow {
            record: record.parse().ok()?,
            home: home.parse().ok()?,
            addressee: addressee.parse().ok()?,
            sensitivity: sensitivity.parse().ok()?,
            level: level.parse().ok()?,
            begun_ms,
            changed_ms,
            conflicts,
            left_out,
            fields,
        })
    };
    Ok(parsed())
}

pub(super) fn value_in(value: ValueRef<'_>, holds: FieldType) -> Option<Value> {
    match value {
        ValueRef::Integer(number) if holds == FieldType::Boolean => {
            Some(Value::Boolean(number != 0))
        }
        ValueRef::Integer(number) => Some(Value::Integer(number)),
        ValueRef::Text(text) => Some(Value::Text(String::from_utf8_lossy(text).into_owned())),
        _ => None,
    }
}
