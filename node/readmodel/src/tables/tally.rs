//! Numbers: how many records have a facet, told apart by its fields, by place or by day. Rows that
//! may not be read are in no number.

use crdt_model::ids::Name;
use crdt_model::kind::FieldType;
use crdt_model::value::Value;
use rusqlite::types::Value as SqlValue;
use rusqlite::{params, params_from_iter};

use super::Tables;
use super::access::MayRead;
use super::find::{Condition, Key, value_in};
use crate::error::ReadModelError;
use policy::reading::tables::{Table, quoted};

/// By what records are told apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum By {
    /// Something that can also be filtered by.
    Key(Key),
    /// The township that the home is in or is; the county itself for its own records.
    Township,
    /// The day of a field of type `time`, in Beijing: days since 1970-01-01.
    Day(Name),
}

/// What is counted.
#[derive(Clone, PartialEq, Debug)]
pub struct Tally {
    /// Records that have this facet.
    pub facet: Name,
    /// By what they are told apart; all together if by nothing.
    pub by: Vec<By>,
    /// What must hold, all of it.
    pub conditions: Vec<Condition>,
}

/// What one number is of, in the order of [`Tally::by`], and the number. A record is counted once,
/// for however many nodes the facet is meant.
pub type Counted = (Vec<Option<Value>>, u64);

/// What somebody sees of a facet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sight {
    /// Some of it.
    pub some: bool,
    /// Not all of it.
    pub withheld: bool,
}

impl By {
    fn sql(self, table: &Table) -> Option<String> {
        Some(match self {
            Self::Key(key) => key.column(table)?,
            Self::Township => "substr(home, 1, 9) || '000'".to_owned(),
            Self::Day(field) => {
                let column = Key::Field(field).column(table)?;
                format!("({column} + 28800000) / 86400000")
            }
        })
    }

    fn holds(self, table: &Table) -> FieldType {
        match self {
            Self::Key(Key::Field(field)) => {
                let column = table.column(field);
                column.map_or(FieldType::Text, |column| column.holds)
            }
            Self::Key(Key::Begun | Key::Changed | Key::Conflicts) | Self::Day(_) => {
                FieldType::Integer
            }
            Self::Key(_) | Self::Township => FieldType::Text,
        }
    }
}

impl Tables {
    /// Counts what somebody may read. A facet or field that has no table or column gives nothing.
    pub fn tally(
        &self,
        tally: &Tally,
        may_read: MayRead<'_>,
    ) -> Result<Vec<Counted>, ReadModelError> {
        let Some(table) = self.place.schema.table(tally.facet) else {
            return Ok(Vec::new());
        };
        let by: Option<Vec<String>> = tally.by.iter().map(|one| one.sql(table)).collect();
        let readable = self.readable(Some(tally.facet), may_read)?;
        let Some(by) = by.filter(|_| !readable.labels.is_empty()) else {
            return Ok(Vec::new());
        };
        let (mut values, mut wheres) = (Vec::new(), Vec::new());
        if !readable.everything {
            values.push(SqlValue::Text(readable.list()));
            wheres.push("label IN (SELECT value FROM json_each(?1))".to_owned());
        }
        for condition in &tally.conditions {
            let Some(column) = condition.key.column(table) else {
                return Ok(Vec::new());
            };
            wheres.push(condition.sql(&column, &mut values));
        }
        let name = quoted(&table.name);
        let wheres = match wheres.is_empty() {
            true => String::new(),
            false => format!(" WHERE {}", wheres.join(" AND ")),
        };
        let of: String = by.iter().map(|one| format!("{one}, ")).collect();
        let group = match by.is_empty() {
            true => String::new(),
            false => format!(" GROUP BY {0} ORDER BY {0}", numbers(by.len())),
        };
        let sql = format!("SELECT {of}count(DISTINCT record) FROM {name}{wheres}{group}");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(&values))?;
        let mut counted = Vec::new();
        while let Some(row) = rows.next()? {
            let mut of = Vec::with_capacity(by.len());
            for (at, one) in tally.by.iter().enumerate() {
                of.push(value_in(row.get_ref(at)?, one.holds(table)));
            }
            counted.push((of, row.get(by.len())?));
        }
        Ok(counted)
    }

    /// What somebody sees of the facets with this name that are here.
    pub fn sight(&self, facet: Name, may_read: MayRead<'_>) -> Result<Sight, ReadModelError> {
        let readable = self.readable(Some(facet), may_read)?.list();
        // A label stays in its table when the last facet that had it went.
        let any = |within: &str| -> Result<bool, ReadModelError> {
            let sql = format!(
                "SELECT EXISTS(SELECT 1 FROM facet WHERE label IN (SELECT id FROM label \
                 WHERE facet = ?1 AND id {within} (SELECT value FROM json_each(?2))))"
            );
            let mut statement = self.connection.prepare_cached(&sql)?;
            let found = statement.query_row(params![facet.as_str(), readable], |row| row.get(0))?;
            Ok(found)
        };
        Ok(Sight {
            some: any("IN")?,
            withheld: any("NOT IN")?,
        })
    }
}

/// The columns of a result, by number.
fn numbers(count: usize) -> String {
    let numbers: Vec<String> = (1..=count).map(|number| number.to_string()).collect();
    numbers.join(", ")
}
