//! The tables of the read model, on which measures are asked: tables and columns, made from the kinds of the charter in force. Names of the charter become
//! names of SQL here and nowhere else, and whoever asks names a field, never a column.

use std::collections::{BTreeMap, BTreeSet};

use crdt_model::ids::Name;
use crdt_model::kind::{Facet, Field, FieldType, Kinds};
use sha2::{Digest, Sha256};

/// The number of the layout. It changes with what is written, not only with the tables.
pub const FORMAT: u32 = 3;

/// Columns that every facet's table has, before those of its fields.
pub const FIXED_COLUMNS: [&str; 11] = [
    "facet_id",
    "label",
    "record",
    "home",
    "addressee",
    "sensitivity",
    "level",
    "begun_ms",
    "changed_ms",
    "conflicts",
    "left_out",
];

/// Tables that are there whatever the charter says.
const FIXED_TABLES: [&str; 9] = [
    "about",
    "facet_table",
    "facet_column",
    "word",
    "label",
    "facet",
    "conflict",
    "left_out",
    "search",
];

const FIXED_SQL: [&str; 15] = [
    "CREATE TABLE about(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE facet_table(facet TEXT PRIMARY KEY, kind TEXT NOT NULL, table_name TEXT NOT NULL, \
     zh TEXT NOT NULL, en TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE facet_column(facet TEXT NOT NULL, field TEXT NOT NULL, table_name TEXT NOT NULL, \
     column_name TEXT NOT NULL, type TEXT NOT NULL, zh TEXT NOT NULL, en TEXT NOT NULL, \
     PRIMARY KEY(facet, field)) WITHOUT ROWID",
    "CREATE TABLE word(facet TEXT NOT NULL, field TEXT NOT NULL, word TEXT NOT NULL, \
     zh TEXT NOT NULL, en TEXT NOT NULL, PRIMARY KEY(facet, field, word)) WITHOUT ROWID",
    "CREATE TABLE label(id INTEGER PRIMARY KEY, facet TEXT NOT NULL, home TEXT NOT NULL, \
     addressee TEXT NOT NULL, sensitivity TEXT NOT NULL, level TEXT NOT NULL, \
     UNIQUE(facet, home, addressee, sensitivity, level))",
    "CREATE TABLE facet(id INTEGER PRIMARY KEY, label INTEGER NOT NULL, changed_ms INTEGER NOT NULL, \
     record TEXT NOT NULL, facet TEXT NOT NULL, home TEXT NOT NULL, addressee TEXT NOT NULL, \
     sensitivity TEXT NOT NULL, level TEXT NOT NULL, commits INTEGER NOT NULL, heads BLOB NOT NULL)",
    // Records come in no order, so this is where following touches most pages: it is the only index of
    // records, and as small as can be.
    "CREATE INDEX facet_of_record ON facet(record)",
    "CREATE INDEX facet_with_label ON facet(label)",
    "CREATE TABLE conflict(facet_id INTEGER NOT NULL, record TEXT NOT NULL, facet TEXT NOT NULL, \
     home TEXT NOT NULL, addressee TEXT NOT NULL, field TEXT NOT NULL, value NOT NULL, \
     author TEXT NOT NULL, wall_ms INTEGER NOT NULL, shown INTEGER NOT NULL)",
    "CREATE INDEX conflict_of_facet ON conflict(facet_id)",
    "CREATE TABLE left_out(facet_id INTEGER NOT NULL, record TEXT NOT NULL, facet TEXT NOT NULL, \
     home TEXT NOT NULL, addressee TEXT NOT NULL, key TEXT NOT NULL, value, author TEXT NOT NULL, \
     wall_ms INTEGER NOT NULL)",
    "CREATE INDEX left_out_of_facet ON left_out(facet_id)",
    // Every character of Chinese is a word of its own, so a phrase finds words of any length.
    "CREATE VIRTUAL TABLE search USING fts5(text, fields UNINDEXED, columnsize = 0, \
     tokenize = \"unicode61 remove_diacritics 2\")",
    // What is deleted leaves the index at once, and not when segments are merged one day.
    "INSERT INTO search(search, rank) VALUES('secure-delete', 1)",
    "INSERT INTO search(search, rank) VALUES('automerge', 16)",
];

/// All tables.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Schema {
    tables: BTreeMap<Name, Table>,
    statements: Vec<String>,
    digest: String,
}

/// The table of one facet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// One for each field that does not grow, in the order of the kind.
    pub columns: Vec<Column>,
    /// The tables of the fields that grow.
    pub growing: Vec<Column>,
    /// The field that says the step, and the column that says since when.
    pub since: Option<(Name, String)>,
    /// What puts a row in: its fixed columns, its fields, then since when.
    pub put: String,
}

/// Where a field is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Column {
    /// The field.
    pub field: Name,
    /// The name of its column; of its table, if it grows.
    pub name: String,
    /// What it holds.
    pub holds: FieldType,
}

impl Schema {
    /// The tables for these kinds.
    pub fn new(kinds: &Kinds) -> Self {
        let mut taken: BTreeSet<String> = FIXED_TABLES.map(ToOwned::to_owned).into();
        let facets = || kinds.iter().flat_map(|kind| &kind.facets);
        // All facets before all growing fields: no facet's table hangs on another's fields.
        let mut tables: BTreeMap<Name, Table> = facets()
            .map(|facet| (facet.name, table(facet, &mut taken)))
            .collect();
        for facet in facets() {
            if let Some(table) = tables.get_mut(&facet.name) {
                let growing = facet.fields.iter().filter(|field| field.grows);
                table.growing = growing
                    .map(|field| {
                        let wanted = format!("{}_{}", table.name, sql_name(field.name.as_str()));
                        column(field, free(wanted, &mut taken))
                    })
                    .collect();
            }
        }
        let mut statements: Vec<String> = FIXED_SQL.map(ToOwned::to_owned).into();
        tables
            .values()
            .for_each(|table| table.create(&mut statements));
        let digest = digest(&tables, &statements);
        Self {
            tables,
            statements,
            digest,
        }
    }

    /// The table of a facet, if the charter declares it.
    pub fn table(&self, facet: Name) -> Option<&Table> {
        self.tables.get(&facet)
    }

    /// The facet whose table this is, or whose growing field it holds.
    pub fn facet_of(&self, table: &str) -> Option<Name> {
        let holds = |one: &Table| {
            one.name == table || one.growing.iter().any(|growing| growing.name == table)
        };
        self.tables()
            .find(|(_, one)| holds(one))
            .map(|(facet, _)| facet)
    }

    /// All tables by facet.
    pub fn tables(&self) -> impl Iterator<Item = (Name, &Table)> {
        self.tables.iter().map(|(facet, table)| (*facet, table))
    }

    /// What makes them.
    pub fn statements(&self) -> &[String] {
        &self.statements
    }

    /// Stands for all of it: a file with another has to be made anew.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

fn table(facet: &Facet, taken: &mut BTreeSet<String>) -> Table {
    let name = free(sql_name(facet.name.as_str()), taken);
    let mut columns_taken: BTreeSet<String> = FIXED_COLUMNS.map(ToOwned::to_owned).into();
    let plain = facet.fields.iter().filter(|field| !field.grows);
    let columns = plain
        .map(|field| {
            let wanted = sql_name(field.name.as_str());
            column(field, free(wanted, &mut columns_taken))
        })
        .collect();
    let since = facet.steps.as_ref().map(|steps| {
        let wanted = format!("{}_since_ms", sql_name(steps.field.as_str()));
        (steps.field, free(wanted, &mut columns_taken))
    });
    let mut table = Table {
        name,
        columns,
        growing: Vec::new(),
        since,
        put: String::new(),
    };
    table.put = table.put_sql();
    table
}

fn column(field: &Field, name: String) -> Column {
    Column {
        field: field.name,
        name,
        holds: field.holds,
    }
}

/// A name of the charter as one of SQL: it has a-z, 0-9, `.` and `-`, and no other character.
pub(super) fn sql_name(name: &str) -> String {
    name.replace(['.', '-'], "_")
}

/// The name itself, or one like it if it is taken or SQLite's own.
fn free(wanted: String, taken: &mut BTreeSet<String>) -> String {
    let reserved = ["sqlite_", "search_"]
        .iter()
        .any(|begin| wanted.starts_with(begin));
    let mut name = match reserved {
        true => format!("of_{wanted}"),
        false => wanted,
    };
    while !taken.insert(name.clone()) {
        name.push('_');
    }
    name
}

/// A name between the quotes that SQL wants for words of its own, such as `case`.
pub fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

impl Table {
    fn put_sql(&self) -> String {
        let mut names: Vec<String> = FIXED_COLUMNS.map(quoted).into();
        names.extend(self.columns.iter().map(|column| quoted(&column.name)));
        names.extend(self.since.iter().map(|(_, name)| quoted(name)));
        let places: Vec<String> = (1..=names.len()).map(|at| format!("?{at}")).collect();
        let (table, names, places) = (quoted(&self.name), names.join(", "), places.join(", "));
        format!("INSERT OR REPLACE INTO {table}({names}) VALUES({places})")
    }

    fn create(&self, statements: &mut Vec<String>) {
        let mut columns = vec![
            "facet_id INTEGER PRIMARY KEY".to_owned(),
            "label INTEGER NOT NULL".to_owned(),
        ];
        let texts = ["record", "home", "addressee", "sensitivity", "level"];
        columns.extend(texts.map(|name| format!("{name} TEXT NOT NULL")));
        let numbers = ["begun_ms", "changed_ms", "conflicts", "left_out"];
        columns.extend(numbers.map(|name| format!("{name} INTEGER NOT NULL")));
        let own = self.columns.iter();
        columns.extend(own.map(|one| format!("{} {}", quoted(&one.name), sql_type(one.holds))));
        let since = self.since.iter();
        columns.extend(since.map(|(_, name)| format!("{} INTEGER", quoted(name))));
        let (name, columns) = (&self.name, columns.join(", "));
        statements.push(format!("CREATE TABLE {}({columns})", quoted(name)));
        // Lists are sorted by times, and cut by them.
        let times = self.columns.iter();
        let times = times.filter(|one| one.holds == FieldType::Time);
        let times = times.map(|one| one.name.as_str());
        for time in times.chain(["changed_ms"]) {
            let index = quoted(&format!("{name}:{time}"));
            let (table, column) = (quoted(name), quoted(time));
            statements.push(format!("CREATE INDEX {index} ON {table}({column})"));
        }
        for one in &self.growing {
            let (table, index) = (quoted(&one.name), quoted(&format!("{}:facet", one.name)));
            statements.push(format!(
                "CREATE TABLE {table}(facet_id INTEGER NOT NULL, record TEXT NOT NULL, \
                 home TEXT NOT NULL, addressee TEXT NOT NULL, key TEXT NOT NULL, \
                 value {}, author TEXT NOT NULL, wall_ms INTEGER NOT NULL)",
                sql_type(one.holds)
            ));
            statements.push(format!("CREATE INDEX {index} ON {table}(facet_id)"));
        }
    }

    /// The column of a field that does not grow.
    pub fn column(&self, field: Name) -> Option<&Column> {
        self.columns.iter().find(|column| column.field == field)
    }
}

/// A value under an older charter may be of another type; SQLite keeps it as it is.
fn sql_type(holds: FieldType) -> &'static str {
    match holds {
        FieldType::Integer | FieldType::Boolean | FieldType::Time => "INTEGER",
        FieldType::Text | FieldType::Vocabulary | FieldType::Area | FieldType::Record => "TEXT",
    }
}

/// The word for what a field holds, as in `kinds/*.toml`.
pub fn type_name(holds: FieldType) -> &'static str {
    match holds {
        FieldType::Text => "text",
        FieldType::Integer => "integer",
        FieldType::Boolean => "boolean",
        FieldType::Time => "time",
        FieldType::Vocabulary => "vocabulary",
        FieldType::Area => "area",
        FieldType::Record => "record",
    }
}

fn digest(tables: &BTreeMap<Name, Table>, statements: &[String]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(format!("countymesh read model {FORMAT}\n"));
    for (facet, table) in tables {
        for column in table.columns.iter().chain(&table.growing) {
            let (field, holds) = (column.field, type_name(column.holds));
            let (table, name) = (&table.name, &column.name);
            hasher.update(format!("{facet} {table} {field} {name} {holds}\n"));
        }
        hasher.update(format!("{:?}\n", table.since));
    }
    statements
        .iter()
        .for_each(|one| hasher.update(format!("{one}\n")));
    hex::encode(hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Kinds {
        Kinds::new([toml::from_str(text).expect("a kind")])
    }

    const TREACHEROUS: &str = r#"
        kind = "search"
        title = { zh = "查", en = "search" }
        retention_days = 1
        [[facet]]
        name = "search.data"
        title = { zh = "查", en = "data" }
        sensitivities = ["normal"]
        levels = ["village"]
        [[facet.field]]
        name = "level"
        title = { zh = "级", en = "level" }
        type = "text"
        [[facet.field]]
        name = "a.b"
        title = { zh = "甲", en = "a" }
        type = "integer"
        [[facet.field]]
        name = "a-b"
        title = { zh = "乙", en = "b" }
        type = "time"
        [[facet.field]]
        name = "select"
        title = { zh = "选", en = "select" }
        type = "boolean"
        [[facet.field]]
        name = "note"
        title = { zh = "记", en = "note" }
        type = "text"
        grows = true
        [[facet]]
        name = "search.data-note"
        title = { zh = "查", en = "data" }
        sensitivities = ["normal"]
        levels = ["village"]
        [[facet.field]]
        name = "rowid"
        title = { zh = "号", en = "number" }
        type = "text"
    "#;

    #[test]
    fn names_that_collide_each_get_a_table_and_a_column_of_their_own() {
        let schema = Schema::new(&kinds(TREACHEROUS));
        let connection = rusqlite::Connection::open_in_memory().expect("memory");
        for statement in schema.statements() {
            connection.execute_batch(statement).expect(statement);
        }
        let of = |facet: &str| {
            schema
                .table(facet.parse().expect("a name"))
                .expect("a table")
        };
        let data = of("search.data");
        assert_eq!(data.name, "of_search_data");
        let names: Vec<_> = data.columns.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["level_", "a_b", "a_b_", "select"]);
        assert_eq!(of("search.data-note").name, "of_search_data_note");
        assert_eq!(data.growing[0].name, "of_search_data_note_");
    }

    #[test]
    fn a_kind_that_holds_something_else_gives_another_digest() {
        let one = Schema::new(&kinds(TREACHEROUS));
        assert_eq!(one, Schema::new(&kinds(TREACHEROUS)));
        let other = Schema::new(&kinds(&TREACHEROUS.replace("\"time\"", "\"integer\"")));
        assert_ne!(one.digest(), other.digest());
    }
}
