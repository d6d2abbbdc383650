//! Measures: the charter's questions, asked of the rows that somebody may read.
//!
//! The question runs on a connection of its own that can only read. In it every table of a facet is
//! a view of the rows that may be read, so no question gets at others, whatever it says.

use std::collections::BTreeSet;

use crdt_model::code::RecordCode;
use policy::reading::measures::{Measure, permits};
use policy::reading::tables::{Schema, Table, quoted};
use rusqlite::hooks::{AuthContext, Authorization};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Statement, named_params, params};
use serde::{Deserialize, Serialize};

use super::access::MayRead;
use super::{CallOff, Tables};
use crate::error::ReadModelError;

/// Cells of one measure, at most.
const CELLS_MAX: usize = 1_000;
/// Steps of SQLite's machine before it asks whether to go on, and how often it may.
const STEPS: i32 = 100_000;
const STEPS_MAX: u32 = 5_000;

/// One number of a measure.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Cell {
    /// What it is of.
    pub cell: String,
    /// The number; none where it is too small to be told.
    pub numerator: Option<i64>,
    /// Of how many, if it is a share.
    pub denominator: Option<i64>,
}

/// What a measure came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Measured {
    /// Its cells, in the order of their names.
    pub cells: Vec<Cell>,
    /// Whether some rows were left out because they may not be read.
    pub left_out: bool,
    /// Values of the facets it counts that do not count, because two machines wrote as one node.
    pub not_counting: u64,
}

impl Tables {
    /// Asks a measure of the window from `from_ms` to before `until_ms`.
    pub fn measure(
        &self,
        measure: &Measure,
        from_ms: i64,
        until_ms: i64,
        may_read: MayRead<'_>,
    ) -> Result<Measured, ReadModelError> {
        let (connection, left_out) = self.restricted(measure, may_read)?;
        let mut not_counting = 0;
        for facet in &measure.reads {
            not_counting += self.left_out_of(*facet, may_read)?;
        }
        let cells = ask(&connection, measure, from_ms, until_ms)?;
        Ok(Measured {
            cells: hidden(cells, i64::from(measure.small)),
            left_out,
            not_counting,
        })
    }

    /// The codes of the records that a measure counts, if it says which they are.
    pub fn counted(
        &self,
        measure: &Measure,
        from_ms: i64,
        until_ms: i64,
        may_read: MayRead<'_>,
    ) -> Result<BTreeSet<String>, ReadModelError> {
        let mut codes = BTreeSet::new();
        let Some(records) = &measure.records else {
            return Ok(codes);
        };
        let (connection, _) = self.restricted(measure, may_read)?;
        let mut statement = windowed(&connection, records, from_ms, until_ms)?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            let [record, home] = [row.get::<_, String>(0)?, row.get(1)?];
            if let (Ok(record), Ok(home)) = (record.parse(), home.parse()) {
                codes.insert(RecordCode::of(home, record).to_string());
            }
        }
        Ok(codes)
    }

    /// A connection on which a measure can be asked, of what may be read; and whether anything was
    /// left out.
    fn restricted(
        &self,
        measure: &Measure,
        may_read: MayRead<'_>,
    ) -> Result<(Connection, bool), ReadModelError> {
        let (mut labels, mut left_out) = (Vec::new(), false);
        for facet in &measure.reads {
            let readable = self.readable(Some(*facet), may_read)?;
            left_out |= !readable.everything;
            labels.extend(readable.labels);
        }
        let mut connection = self.place.open(&self.call_offs)?.connection;
        restrict(&connection, self.schema(), measure, &labels)?;
        connection.authorizer(Some(|context: AuthContext<'_>| {
            match permits(&context.action) {
                true => Authorization::Allow,
                false => Authorization::Deny,
            }
        }))?;
        let (mut steps, called_off) = (0, self.call_offs.clone());
        connection.progress_handler(
            STEPS,
            Some(move || {
                steps += 1;
                steps > STEPS_MAX || called_off.iter().any(CallOff::is_called)
            }),
        )?;
        Ok((connection, left_out))
    }
}

/// Puts views of what may be read in the place of the tables that a measure reads.
fn restrict(
    connection: &Connection,
    schema: &Schema,
    measure: &Measure,
    labels: &[i64],
) -> Result<(), ReadModelError> {
    connection.execute_batch("CREATE TEMP TABLE readable(label INTEGER PRIMARY KEY)")?;
    let mut put = connection.prepare("INSERT OR IGNORE INTO readable(label) VALUES(?1)")?;
    for label in labels {
        put.execute(params![label])?;
    }
    for facet in &measure.reads {
        if let Some(table) = schema.table(*facet) {
            connection.execute_batch(&views_of(table))?;
        }
    }
    Ok(())
}

fn views_of(table: &Table) -> String {
    let name = quoted(&table.name);
    let rows = format!("main.{name} WHERE label IN (SELECT label FROM temp.readable)");
    let mut views = format!("CREATE TEMP VIEW {name} AS SELECT * FROM {rows};");
    for growing in &table.growing {
        let growing = quoted(&growing.name);
        views.push_str(&format!(
            "CREATE TEMP VIEW {growing} AS SELECT * FROM main.{growing} \
             WHERE facet_id IN (SELECT facet_id FROM {rows});"
        ));
    }
    views
}

fn ask(
    connection: &Connection,
    measure: &Measure,
    from_ms: i64,
    until_ms: i64,
) -> Result<Vec<Cell>, ReadModelError> {
    let mut statement = windowed(connection, &measure.sql, from_ms, until_ms)?;
    let mut rows = statement.raw_query();
    let mut cells = Vec::new();
    while let Some(row) = rows.next()? {
        if cells.len() == CELLS_MAX {
            break;
        }
        cells.push(Cell {
            cell: text_of(row.get_ref(0)?),
            numerator: Some(number_of(row.get_ref(1)?).unwrap_or(0)),
            denominator: number_of(row.get_ref(2)?),
        });
    }
    cells.sort_by(|one, other| one.cell.cmp(&other.cell));
    Ok(cells)
}

/// A question need not ask for the window.
fn windowed<'a>(
    connection: &'a Connection,
    sql: &str,
    from_ms: i64,
    until_ms: i64,
) -> rusqlite::Result<Statement<'a>> {
    let mut statement = connection.prepare(sql)?;
    for (name, value) in named_params! { ":from": from_ms, ":until": until_ms } {
        if let Some(at) = statement.parameter_index(name)? {
            statement.raw_bind_parameter(at, value)?;
        }
    }
    Ok(statement)
}

fn text_of(value: ValueRef<'_>) -> String {
    match value {
        // A cell is one word or a few, on one line.
        ValueRef::Text(text) => {
            let text = String::from_utf8_lossy(text);
            text.chars().filter(|letter| !letter.is_control()).collect()
        }
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Null | ValueRef::Blob(_) => "-".to_owned(),
    }
}

fn number_of(value: ValueRef<'_>) -> Option<i64> {
    match value {
        ValueRef::Integer(number) => Some(number),
        ValueRef::Real(number) => Some(number.round() as i64),
        ValueRef::Null | ValueRef::Text(_) | ValueRef::Blob(_) => None,
    }
}

fn hidden(mut cells: Vec<Cell>, small: i64) -> Vec<Cell> {
    let numbers: Vec<i64> = cells
        .iter()
        .map(|cell| cell.numerator.unwrap_or(0))
        .collect();
    for at in too_small(&numbers, small) {
        if let Some(cell) = cells.get_mut(at) {
            cell.numerator = None;
        }
    }
    cells
}

/// The places of numbers so small that somebody might be recognised. Where it is just one, the smallest
/// other one is named too, or it would follow from the sum.
pub fn too_small(numbers: &[i64], small: i64) -> BTreeSet<usize> {
    let some = || {
        numbers
            .iter()
            .enumerate()
            .filter(|(_, number)| **number > 0)
    };
    let small = some().filter(|(_, number)| **number < small);
    let mut hide: BTreeSet<usize> = small.map(|(at, _)| at).collect();
    if hide.len() == 1 {
        let others = some().filter(|(at, _)| !hide.contains(at));
        hide.extend(others.min_by_key(|(_, number)| **number).map(|(at, _)| at));
    }
    hide
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_number_is_not_told_and_does_not_follow_from_the_sum() {
        let cell = |cell: &str, number| Cell {
            cell: cell.to_owned(),
            numerator: Some(number),
            denominator: None,
        };
        let told = |numbers: &[i64], small| {
            let cells = numbers.iter().map(|number| cell("a", *number)).collect();
            let cells: Vec<Cell> = hidden(cells, small);
            cells
                .into_iter()
                .map(|cell| cell.numerator)
                .collect::<Vec<_>>()
        };
        assert_eq!(told(&[9, 2, 5, 0], 3), [Some(9), None, None, Some(0)]);
        assert_eq!(told(&[9, 2, 1], 3), [Some(9), None, None]);
        assert_eq!(told(&[2], 3), [None]);
        assert_eq!(told(&[2, 1], 0), [Some(2), Some(1)]);
    }
}
