//! `measures.toml`: the county's figures. Each is one question in SQL to the read model, so that
//! whoever reads the charter can see what is counted, and run it elsewhere. It is tried here on empty
//! tables: what cannot be asked, or asks for more than the records of the charter, refuses the charter.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use crdt_model::ids::Name;
use crdt_model::kind::{Kinds, Title};
use crdt_model::text;
use crdt_model::text::Text;
use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::reading::document::{Document, Step};
use crate::reading::files::CharterFiles;
use crate::reading::finding::Finding;
use crate::reading::head::check_title;
use crate::reading::tables::{Schema, sql_name};
use crate::reading::translation::of_sql;

/// The file in the charter folder.
pub const FILE: &str = "measures.toml";

/// The columns that a measure's question answers with, in this order.
pub const COLUMNS: [&str; 3] = ["cell", "numerator", "denominator"];
/// The columns of the question which records a measure counts.
pub const RECORD_COLUMNS: [&str; 2] = ["record", "home"];
/// What a question may be given: the first moment of the window, and the first after it, in
/// milliseconds.
pub const PARAMETERS: [&str; 2] = [":from", ":until"];

const MEASURES_MAX: usize = 200;
const SQL_BYTES_MAX: usize = 4096;
/// The largest number below which a cell is not told.
const SMALL_MAX: u32 = 100;
/// What a question may compute with: the same on every machine and at any time.
const FUNCTIONS: [&str; 16] = [
    "abs", "avg", "coalesce", "count", "ifnull", "iif", "instr", "length", "like", "max", "min",
    "nullif", "round", "substr", "sum", "total",
];
const CODE: &str = "measures::sql";

/// One of the county's figures.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    /// Its name.
    pub id: Name,
    /// What people call it.
    pub title: Title,
    /// What is counted.
    pub numerator: Title,
    /// Of what, if it is a share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denominator: Option<Title>,
    /// What the cells are, if there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cells: Option<Title>,
    /// Cells with fewer are not told, for somebody might be recognised.
    #[serde(default)]
    pub small: u32,
    /// The figure that the county publishes, if it publishes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<Title>,
    /// The question: rows of `cell`, `numerator` and `denominator` (NULL for a plain count).
    pub sql: String,
    /// The question which records those are, as rows of `record` and `home`, so that a snapshot can
    /// say later which of them came in late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<String>,
    /// The facets that it counts.
    #[serde(skip_deserializing)]
    pub reads: BTreeSet<Name>,
}

impl Measure {
    /// SHA-256 of everything that says what it counts: equal digests, equal questions.
    pub fn definition(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update(b"countymesh measure 1\n");
        let denominator = self.denominator.as_ref();
        for part in [
            self.id.as_str(),
            &self.numerator.zh,
            denominator.map_or("", |title| &title.zh),
            &self.sql,
        ] {
            digest.update(format!("{} {part}\n", part.len()));
        }
        digest.update(format!("{}\n", self.small));
        if let Some(records) = &self.records {
            digest.update(format!("{} {records}\n", records.len()));
        }
        digest.finalize().into()
    }

    /// Whether its cells are made of this field, so that the same numbers can be counted by it.
    pub fn counts_by(&self, facet: Name, field: Name) -> bool {
        let column = sql_name(field.as_str());
        let cell = self.sql.split(" AS cell").next().unwrap_or_default();
        let cell = cell.rsplit("SELECT ").next().unwrap_or_default();
        let mut words = cell.split(|one: char| !one.is_ascii_alphanumeric() && one != '_');
        self.reads.contains(&facet) && words.any(|word| word == column)
    }

    /// What people call a cell, if it is a word of the facets that the measure counts.
    pub fn word_for(&self, kinds: &Kinds, cell: &str) -> Option<Title> {
        let word: Name = cell.parse().ok()?;
        let mut declared = self.reads.iter().filter_map(|facet| kinds.facet(*facet));
        declared.find_map(|(kind, facet)| {
            let mut fields = facet.fields.iter();
            fields.find_map(|field| field.word(kind, word))
        })
    }
}

/// Reads and checks `measures.toml`; none if there is no such file.
pub(crate) fn read(
    files: &CharterFiles,
    kinds: &Kinds,
    findings: &mut Vec<Finding>,
) -> Option<Vec<Measure>> {
    if !files.files.contains_key(FILE) {
        return Some(Vec::new());
    }
    let document = Document::parse(files, FILE, findings)?;
    let before = findings.len();
    let read = document.read_array::<Measure>("measure", findings);
    let _: Nothing = document.read_without(&["measure"], findings)?;
    if read.len() > MEASURES_MAX {
        let message = text!(
            "统计指标有 {} 个，最多 {MEASURES_MAX} 个",
            "{} measures, where at most {MEASURES_MAX} are allowed",
            read.len()
        );
        findings.push(Finding::error("measures::too-many", FILE, message));
    }
    let trial = match Trial::new(kinds) {
        Ok(trial) => trial,
        Err(error) => {
            findings.push(Finding::error(CODE, FILE, of_sql(&error)));
            return None;
        }
    };
    let mut seen = BTreeSet::new();
    let mut measures = Vec::new();
    for (index, mut measure) in read {
        let at = |key| [Step::Key("measure"), Step::Index(index), Step::Key(key)];
        let mut refuse = |key, code, message: Text| {
            findings.push(Finding::error(code, FILE, message).at(document.span(&at(key))));
        };
        if !seen.insert(measure.id) {
            refuse(
                "id",
                "measures::twice",
                text!("`{}` 重复定义", "`{}` is declared twice", measure.id),
            );
        }
        if measure.small > SMALL_MAX {
            refuse(
                "small",
                "measures::small",
                text!(
                    "超过 {SMALL_MAX} 就什么也显示不出来",
                    "more than {SMALL_MAX} tells nothing"
                ),
            );
        }
        for (key, why) in trial.both(&mut measure) {
            refuse(key, CODE, why);
        }
        let titles = [
            ("title", Some(&measure.title)),
            ("numerator", Some(&measure.numerator)),
            ("denominator", measure.denominator.as_ref()),
            ("cells", measure.cells.as_ref()),
            ("published", measure.published.as_ref()),
        ];
        for (key, title) in titles {
            if let Some(title) = title {
                check_title(&document, title, &at(key), findings);
            }
        }
        measures.push(measure);
    }
    (findings.len() == before).then_some(measures)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Empty tables to try questions on.
struct Trial {
    connection: Connection,
    /// What the question that is tried reads, or what it may not do.
    seen: Arc<Mutex<Seen>>,
    schema: Schema,
}

#[derive(Default)]
struct Seen {
    tables: BTreeSet<String>,
    refused: Option<Text>,
}

impl Trial {
    fn new(kinds: &Kinds) -> rusqlite::Result<Self> {
        let schema = Schema::new(kinds);
        let mut connection = Connection::open_in_memory()?;
        // Where views of what may be read will stand at a node; the database behind them is empty, so
        // a question that names it finds nothing.
        let tables = schema.statements().iter();
        for table in tables.filter_map(|one| one.strip_prefix("CREATE TABLE ")) {
            connection.execute_batch(&format!("CREATE TEMP TABLE {table}"))?;
        }
        let seen = Arc::new(Mutex::new(Seen::default()));
        let noted = Arc::clone(&seen);
        connection.authorizer(Some(move |context: AuthContext<'_>| {
            let mut seen = noted.lock().unwrap_or_else(PoisonError::into_inner);
            seen.judge(&context)
        }))?;
        Ok(Self {
            connection,
            seen,
            schema,
        })
    }

    /// Tries both questions of a measure, and notes which facets it reads. What is wrong, by its key.
    fn both(&self, measure: &mut Measure) -> Vec<(&'static str, Text)> {
        let mut wrong = Vec::new();
        match self.ask(&measure.sql, &COLUMNS) {
            Ok(reads) => measure.reads = reads,
            Err(why) => wrong.push(("sql", why)),
        }
        let records = measure.records.as_deref();
        match records.map(|records| self.ask(records, &RECORD_COLUMNS)) {
            Some(Ok(reads)) if !reads.is_subset(&measure.reads) => {
                wrong.push((
                    "records",
                    text!(
                        "它查询的记录不在统计之内",
                        "it asks for records that are not counted"
                    ),
                ));
            }
            Some(Err(why)) => wrong.push(("records", why)),
            Some(Ok(_)) | None => {}
        }
        wrong
    }

    /// Tries a question; the facets that it reads, or what is wrong with it.
    fn ask(&self, sql: &str, answers: &[&str]) -> Result<BTreeSet<Name>, Text> {
        if sql.len() > SQL_BYTES_MAX {
            return Err(text!(
                "超过 {SQL_BYTES_MAX} 字节",
                "more than {SQL_BYTES_MAX} bytes"
            ));
        }
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Seen::default();
        let prepared = self.connection.prepare(sql);
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(refused) = &seen.refused {
            return Err(refused.clone());
        }
        let statement = prepared.map_err(|error| of_sql(&error))?;
        let columns: Vec<&str> = statement.column_names().collect();
        if columns != answers {
            return Err(text!(
                "结果的列是 `{columns:?}`，应为 `{answers:?}`",
                "it answers with {columns:?}, not {answers:?}"
            ));
        }
        let places = 1..=statement.parameter_count();
        let mut names = places.map(|at| statement.parameter_name(at));
        if !names.all(|name| name.is_some_and(|name| PARAMETERS.contains(&name))) {
            return Err(text!(
                "只能使用参数 `{PARAMETERS:?}`",
                "it may be given {PARAMETERS:?} and nothing else"
            ));
        }
        let mut reads = BTreeSet::new();
        for table in &seen.tables {
            match self.schema.facet_of(table) {
                Some(facet) => reads.insert(facet),
                None => {
                    return Err(text!(
                        "`{table}` 不是分项的表",
                        "`{table}` is not the table of a facet"
                    ));
                }
            };
        }
        match reads.is_empty() {
            true => Err(text!("它没有统计任何记录", "it counts no records")),
            false => Ok(reads),
        }
    }
}

/// Whether a question may do this: ask, read, and compute what comes out the same everywhere.
pub fn permits(action: &AuthAction<'_>) -> bool {
    match action {
        AuthAction::Select | AuthAction::Recursive | AuthAction::Read { .. } => true,
        AuthAction::Function { function_name } => FUNCTIONS.contains(function_name),
        _ => false,
    }
}

impl Seen {
    fn judge(&mut self, context: &AuthContext<'_>) -> Authorization {
        match context.action {
            action if permits(&action) => {
                if let AuthAction::Read { table_name, .. } = action {
                    self.tables.insert(table_name.to_owned());
                }
                Authorization::Allow
            }
            AuthAction::Function { function_name } => {
                self.refused = Some(text!(
                    "不能使用 `{function_name}`",
                    "`{function_name}` may not be used"
                ));
                Authorization::Deny
            }
            _ => {
                self.refused = Some(text!("它做了查询以外的事", "it does more than ask"));
                Authorization::Deny
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: &str = r#"
        kind = "case"
        title = { zh = "纠纷", en = "Dispute" }
        retention_days = 30
        [[facet]]
        name = "case.summary"
        title = { zh = "台账", en = "Ledger row" }
        sensitivities = ["normal"]
        levels = ["village"]
        [[facet.field]]
        name = "outcome"
        title = { zh = "结果", en = "Outcome" }
        type = "text"
    "#;
    const GOOD: &str = "SELECT 'all' AS cell, count(outcome) AS numerator, count(*) AS denominator \
         FROM case_summary WHERE begun_ms >= :from AND begun_ms < :until";

    fn read_sql(sql: &str) -> (Option<Vec<Measure>>, Vec<Finding>) {
        let mut files = CharterFiles::default();
        let text = format!(
            "[[measure]]\nid = \"resolved\"\ntitle = {{ zh = \"率\", en = \"share\" }}\n\
             numerator = {{ zh = \"办结\", en = \"closed\" }}\nsql = {sql:?}\n"
        );
        files.files.insert(FILE.into(), text.into());
        let kinds = Kinds::new([toml::from_str(KIND).expect("a kind")]);
        let mut findings = Vec::new();
        (read(&files, &kinds, &mut findings), findings)
    }

    #[test]
    fn a_question_says_which_facets_it_counts() {
        let (measures, findings) = read_sql(GOOD);
        assert!(findings.is_empty(), "{findings:?}");
        let measures = measures.expect("read");
        let facet: Name = "case.summary".parse().expect("a name");
        assert_eq!(measures[0].reads, [facet].into());
        let (other, _) = read_sql(&GOOD.replace("count(outcome)", "count(level)"));
        let other = other.expect("read");
        assert_ne!(other[0].definition(), measures[0].definition());
    }

    #[test]
    fn which_records_are_counted_is_asked_of_what_is_counted() {
        let with_records = |records: &str| {
            let mut files = CharterFiles::default();
            let text = format!(
                "[[measure]]\nid = \"resolved\"\ntitle = {{ zh = \"率\", en = \"share\" }}\n\
                 numerator = {{ zh = \"办结\", en = \"closed\" }}\nsql = {GOOD:?}\nrecords = {records:?}\n"
            );
            files.files.insert(FILE.into(), text.into());
            let kinds = Kinds::new([toml::from_str(KIND).expect("a kind")]);
            read(&files, &kinds, &mut Vec::new())
        };
        let counted = "SELECT record, home FROM case_summary WHERE begun_ms >= :from";
        let measures = with_records(counted).expect("read");
        assert_ne!(
            measures[0].definition(),
            read_sql(GOOD).0.expect("read")[0].definition()
        );
        for bad in [
            "SELECT record FROM case_summary",
            "DELETE FROM case_summary",
            "SELECT 1",
        ] {
            assert_eq!(with_records(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_does_more_than_ask_is_refused() {
        for (sql, why) in [
            ("SELECT 1", "answers with"),
            (
                "SELECT 'a' AS cell, 1 AS numerator, NULL AS denominator",
                "no records",
            ),
            ("DELETE FROM case_summary", "more than ask"),
            ("ATTACH 'x' AS y", "more than ask"),
            ("PRAGMA query_only = 0", "more than ask"),
            (
                &GOOD.replace("case_summary", "case_parties"),
                "no such table",
            ),
            (
                "SELECT facet AS cell, count(*) AS numerator, NULL AS denominator FROM label",
                "not the table of a facet",
            ),
            (&GOOD.replace("count(*)", "random()"), "may not be used"),
            (&GOOD.replace(":until", ":now"), "given"),
            (&GOOD.replace(":until", "?7"), "given"),
            (&format!("{GOOD}; SELECT 1"), "ultiple"),
        ] {
            let (measures, findings) = read_sql(sql);
            assert_eq!(measures, None, "{sql}");
            assert!(
                findings.iter().any(|one| one.message.en.contains(why)),
                "{sql}: {findings:?}"
            );
        }
    }

    /// At a node the tables that a question names are views of what may be read; nothing that goes
    /// round them by naming the file's own tables may be signed, however it is spelt.
    #[test]
    fn no_spelling_gets_at_the_tables_behind_the_views() {
        for of in [
            "main.case_summary",
            "MAIN . case_summary",
            "\"main\".case_summary",
            "'main'.case_summary",
            "[main].case_summary",
            "main/**/.case_summary",
            "main\r.case_summary",
            "main--\n.case_summary",
        ] {
            let (measures, _) = read_sql(&GOOD.replace("FROM case_summary", &format!("FROM {of}")));
            assert_eq!(measures, None, "{of}");
            let within = format!("WITH case_summary AS (SELECT * FROM {of}) {GOOD}");
            assert_eq!(read_sql(&within).0, None, "{within}");
        }
    }
}
