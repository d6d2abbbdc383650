//! The rows of one facet: its document laid out in its tables, and ids and labels read back from rows.

use crdt_model::document::{Document, Written};
use crdt_model::ids::Name;
use crdt_model::kind::FieldType;
use crdt_model::label::{FacetId, Grade, Label};
use crdt_model::replica::FacetEntry;
use crdt_model::time::WallTime;
use crdt_model::value::Value;
use rusqlite::types::{ToSqlOutput, Value as SqlValue, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::text;
use policy::reading::tables::{FIXED_COLUMNS, Table, quoted};

/// A facet as its tables are to hold it.
pub(super) struct Rows<'a> {
    pub(super) key: Key,
    pub(super) entry: &'a FacetEntry,
    /// The number that its label has.
    pub(super) label: i64,
    /// None if the charter in force does not declare it: nothing can show it then.
    pub(super) table: Option<&'a Table>,
    pub(super) document: &'a Document,
}

/// A value as SQL has it.
pub(super) fn sql(value: &Value) -> ToSqlOutput<'_> {
    match value {
        Value::Boolean(value) => ToSqlOutput::Owned(SqlValue::Integer(i64::from(*value))),
        Value::Integer(value) => ToSqlOutput::Owned(SqlValue::Integer(*value)),
        Value::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
    }
}

fn wall_ms(wall: WallTime) -> i64 {
    i64::try_from(wall.ms).unwrap_or(i64::MAX)
}

/// What a facet goes by, as its rows have it.
pub(super) struct Key {
    pub(super) record: String,
    pub(super) facet: Name,
    pub(super) home: String,
    pub(super) addressee: String,
}

impl Key {
    pub(super) fn of(facet: &FacetId) -> Self {
        Self {
            record: facet.record.to_string(),
            facet: facet.facet,
            home: facet.home.to_string(),
            addressee: facet.addressee.to_string(),
        }
    }

    /// The number of the facet, if it is here.
    fn id(&self, connection: &Connection) -> rusqlite::Result<Option<i64>> {
        let mut found = connection.prepare_cached(
            "SELECT id FROM facet WHERE record = ?1 AND facet = ?2 AND home = ?3 AND addressee = ?4",
        )?;
        let parts = params![self.record, self.facet.as_str(), self.home, self.addressee];
        found.query_row(parts, |row| row.get(0)).optional()
    }
}

impl Rows<'_> {
    /// Puts them in the place of those that are there.
    pub(super) fn put(&self, connection: &Connection) -> rusqlite::Result<()> {
        let held = self.key.id(connection)?;
        let id = self.put_facet(connection, held)?;
        let Some(table) = self.table else {
            return Ok(());
        };
        if held.is_some() {
            clear(connection, table, id)?;
        }
        self.put_fields(connection, table, id)?;
        self.put_growing(connection, table, id)?;
        self.put_conflicts(connection, table, id)?;
        self.put_left_out(connection, id)?;
        self.put_text(connection, table, id, held.is_some())
    }

    fn walls(&self) -> impl Iterator<Item = WallTime> + '_ {
        let values = self.document.fields().flat_map(|(_, values)| values);
        values.map(|written| written.wall)
    }

    fn changed_ms(&self) -> i64 {
        self.walls().max().map_or(0, wall_ms)
    }

    fn put_facet(&self, connection: &Connection, held: Option<i64>) -> rusqlite::Result<i64> {
        let mut put = connection.prepare_cached(
            "INSERT OR REPLACE INTO facet(id, label, changed_ms, record, facet, home, addressee, \
             sensitivity, level, commits, heads) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?;
        let (key, grade) = (&self.key, self.entry.grade);
        put.insert(params![
            held,
            self.label,
            self.changed_ms(),
            key.record,
            key.facet.as_str(),
            key.home,
            key.addressee,
            grade.sensitivity.as_str(),
            grade.level.as_str(),
            self.entry.commits,
            self.entry.digest.as_slice(),
        ])
    }

    fn put_fields(&self, connection: &Connection, table: &Table, id: i64) -> rusqlite::Result<()> {
        let mut values = self.fixed(table, id);
        let latest = |field: Name| self.document.values(field.as_str()).last();
        for column in &table.columns {
            let value = latest(column.field).map(|written| sql(&written.value));
            values.push(value.unwrap_or(ToSqlOutput::Owned(SqlValue::Null)));
        }
        if let Some((field, _)) = &table.since {
            let since = latest(*field).map(|written| SqlValue::Integer(wall_ms(written.wall)));
            values.push(ToSqlOutput::Owned(since.unwrap_or(SqlValue::Null)));
        }
        connection
            .prepare_cached(&table.put)?
            .execute(params_from_iter(values))?;
        Ok(())
    }

    /// The values of the columns that every facet has, in their order.
    fn fixed(&self, table: &Table, id: i64) -> Vec<ToSqlOutput<'_>> {
        let (key, grade) = (&self.key, &self.entry.grade);
        let begun_ms = self.walls().min().map_or(0, wall_ms);
        let conflicts = self.conflicts(table).count();
        let conflicts = i64::try_from(conflicts).unwrap_or(i64::MAX);
        let left_out = i64::try_from(self.document.frozen().len()).unwrap_or(i64::MAX);
        let number = |number: i64| ToSqlOutput::Owned(SqlValue::Integer(number));
        let text = |text| ToSqlOutput::Borrowed(ValueRef::Text(str::as_bytes(text)));
        let values: [ToSqlOutput<'_>; FIXED_COLUMNS.len()] = [
            number(id),
            number(self.label),
            text(&key.record),
            text(&key.home),
            text(&key.addressee),
            text(grade.sensitivity.as_str()),
            text(grade.level.as_str()),
            number(begun_ms),
            number(self.changed_ms()),
            number(conflicts),
            number(left_out),
        ];
        values.into()
    }

    /// The fields with more than one value that have a column.
    fn conflicts<'a>(
        &'a self,
        table: &'a Table,
    ) -> impl Iterator<Item = (Name, &'a [Written])> + 'a {
        let values = |field: Name| (field, self.document.values(field.as_str()));
        let all = table.columns.iter().map(move |column| values(column.field));
        all.filter(|(_, values)| values.len() > 1)
    }

    fn put_growing(&self, connection: &Connection, table: &Table, id: i64) -> rusqlite::Result<()> {
        for growing in &table.growing {
            if self.entries(growing.field).next().is_none() {
                continue;
            }
            let mut put = connection.prepare_cached(&format!(
                "INSERT INTO {}(facet_id, record, home, addressee, key, value, author, wall_ms) \
                 VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                quoted(&growing.name)
            ))?;
            for (key, written) in self.entries(growing.field) {
                put.execute(params![
                    id,
                    self.key.record,
                    self.key.home,
                    self.key.addressee,
                    key,
                    sql(&written.value),
                    written.author.to_string(),
                    wall_ms(written.wall),
                ])?;
            }
        }
        Ok(())
    }

    /// What a growing field has, by the part of the key that tells one entry from another.
    fn entries(&self, field: Name) -> impl Iterator<Item = (&str, &Written)> {
        let keyed = self.document.fields().filter_map(move |(key, values)| {
            let (name, entry) = key.split_once('/')?;
            (name == field.as_str()).then_some((entry, values))
        });
        keyed.flat_map(|(entry, values)| values.iter().map(move |written| (entry, written)))
    }

    fn put_conflicts(
        &self,
        connection: &Connection,
        table: &Table,
        id: i64,
    ) -> rusqlite::Result<()> {
        for (field, values) in self.conflicts(table) {
            let mut put = connection.prepare_cached(
                "INSERT INTO conflict(facet_id, record, facet, home, addressee, field, value, author, \
                 wall_ms, shown) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?;
            let key = &self.key;
            for (at, written) in values.iter().enumerate() {
                put.execute(params![
                    id,
                    key.record,
                    key.facet.as_str(),
                    key.home,
                    key.addressee,
                    field.as_str(),
                    sql(&written.value),
                    written.author.to_string(),
                    wall_ms(written.wall),
                    at + 1 == values.len(),
                ])?;
            }
        }
        Ok(())
    }

    fn put_left_out(&self, connection: &Connection, id: i64) -> rusqlite::Result<()> {
        for one in self.document.frozen() {
            let mut put = connection.prepare_cached(
                "INSERT INTO left_out(facet_id, record, facet, home, addressee, key, value, author, \
                 wall_ms) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?;
            put.execute(params![
                id,
                self.key.record,
                self.key.facet.as_str(),
                self.key.home,
                self.key.addressee,
                one.key,
                one.value.as_ref().map(sql),
                one.author.to_string(),
                wall_ms(one.wall),
            ])?;
        }
        Ok(())
    }

    /// Puts all texts in force into the index, unless they are there.
    fn put_text(
        &self,
        connection: &Connection,
        table: &Table,
        id: i64,
        held: bool,
    ) -> rusqlite::Result<()> {
        let texts = self.texts(table);
        let joined = text::join(texts.iter().map(|(_, text)| *text));
        if held {
            let mut found =
                connection.prepare_cached("SELECT text FROM search WHERE rowid = ?1")?;
            let indexed: Option<String> = found.query_row([id], |row| row.get(0)).optional()?;
            match indexed {
                Some(indexed) if indexed == joined => return Ok(()),
                Some(_) => drop_text(connection, id)?,
                None => {}
            }
        }
        if texts.is_empty() {
            return Ok(());
        }
        let keys: Vec<&str> = texts.iter().map(|(key, _)| *key).collect();
        let mut put = connection
            .prepare_cached("INSERT INTO search(rowid, text, fields) VALUES(?1, ?2, ?3)")?;
        put.execute(params![id, joined, keys.join("\n")])?;
        Ok(())
    }

    /// All texts in force with their keys, in the order of the kind.
    fn texts(&self, table: &Table) -> Vec<(&str, &str)> {
        let mut texts = Vec::new();
        let columns = table.columns.iter().chain(&table.growing);
        for column in columns.filter(|column| column.holds == FieldType::Text) {
            let field = column.field;
            let own = self.document.fields().filter(move |(key, _)| {
                key.split_once('/').map_or(*key, |(name, _)| name) == field.as_str()
            });
            for (key, values) in own {
                texts.extend(values.iter().filter_map(|written| match &written.value {
                    Value::Text(text) => Some((key, text.as_str())),
                    _ => None,
                }));
            }
        }
        texts
    }
}

/// Takes away what a facet has in side tables.
fn clear(connection: &Connection, table: &Table, id: i64) -> rusqlite::Result<()> {
    for growing in &table.growing {
        let drop = format!("DELETE FROM {} WHERE facet_id = ?1", quoted(&growing.name));
        connection.prepare_cached(&drop)?.execute([id])?;
    }
    for drop in [
        "DELETE FROM conflict WHERE facet_id = ?1",
        "DELETE FROM left_out WHERE facet_id = ?1",
    ] {
        connection.prepare_cached(drop)?.execute([id])?;
    }
    Ok(())
}

fn drop_text(connection: &Connection, id: i64) -> rusqlite::Result<()> {
    let drop = "DELETE FROM search WHERE rowid = ?1";
    connection.prepare_cached(drop)?.execute([id])?;
    Ok(())
}

/// Takes away all that is here of a facet; whether there was anything.
pub(super) fn remove(
    connection: &Connection,
    table: Option<&Table>,
    facet: &FacetId,
) -> rusqlite::Result<bool> {
    let Some(id) = Key::of(facet).id(connection)? else {
        return Ok(false);
    };
    if let Some(table) = table {
        clear(connection, table, id)?;
        drop_text(connection, id)?;
        let drop = format!("DELETE FROM {} WHERE facet_id = ?1", quoted(&table.name));
        connection.prepare_cached(&drop)?.execute([id])?;
    }
    let drop = "DELETE FROM facet WHERE id = ?1";
    connection.prepare_cached(drop)?.execute([id])?;
    Ok(true)
}

/// The facet in four columns from this one on; `None` if they are not one.
pub(super) fn facet_in(row: &Row<'_>, from: usize) -> rusqlite::Result<Option<FacetId>> {
    let part = |at: usize| row.get::<_, String>(from + at);
    let [record, facet, home, addressee] = [part(0)?, part(1)?, part(2)?, part(3)?];
    let parsed = || {
        Some(FacetId {
            record: record.parse().ok()?,
            facet: facet.parse().ok()?,
            home: home.parse().ok()?,
            addressee: addressee.parse().ok()?,
        })
    };
    Ok(parsed())
}

/// The label in a row whose columns 1 to 5 have its parts; `None` if they are not a label.
pub(super) fn label_in(row: &Row<'_>) -> rusqlite::Result<Option<Label>> {
    let part = |at: usize| row.get::<_, String>(at);
    let [facet, home, addressee] = [part(1)?, part(2)?, part(3)?];
    let [sensitivity, level] = [part(4)?, part(5)?];
    let parsed = || {
        Some(Label {
            facet: facet.parse().ok()?,
            home: home.parse().ok()?,
            addressee: addressee.parse().ok()?,
            grade: Grade {
                sensitivity: sensitivity.parse().ok()?,
                level: level.parse().ok()?,
            },
        })
    };
    Ok(parsed())
}
