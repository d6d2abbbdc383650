//! A snapshot as fields of its facets, and back.
//!
//! ```text
//! snapshot.figures   cadence, period-from, period-until, taken-time, role, charter,
//!                    expected-number, heard-number
//!                    figure/<n>      lines: measure, cell, numerator, denominator
//!                    definition/<n>  lines: measure, definition
//!                    corrected/<n>   lines: first day of the period, measure, cell, numerator, denominator
//! snapshot.records   counted/<n>, late/<n>, gone/<n>
//!                                    first day of the period, measure; then a code a line
//! ```
//!
//! What stands in a line is parted by tabs; `-` stands for no number.

use std::collections::BTreeMap;

use crdt_model::document::Document;
use crdt_model::draft::Draft;
use crdt_model::ids::{CharterVersion, Name, NodeId};
use crdt_model::time::WallTime;
use crdt_model::value::Value;
use jiff::civil::Date;

use super::{Corrected, FIGURES, Listed, RECORDS, Snapshot, Taken, facet};
use crate::report::period::{Cadence, Period};
use node_machine::time::beijing_date;
use node_readmodel::measure::Cell;

/// Bytes of one text, at most; a field may have 16 KiB.
const TEXT_BYTES_MAX: usize = 15 * 1024;
/// Texts of one commit, at most; a commit may have 63 KiB.
const TEXTS_MAX: usize = 4;

/// What is held does not read as a snapshot.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("what is held is not a snapshot: {0}")]
pub struct NotASnapshot(&'static str);

type Fields = BTreeMap<String, Option<Value>>;

/// What is to be written, all of it together: the figures in one commit, the records in as many as
/// they need. `None` if the charter's names are none.
pub fn drafts(snapshot: &Snapshot) -> Option<Vec<Draft>> {
    let at = |name| facet(name, snapshot.node, snapshot.period, snapshot.role);
    let draft = |facet, fields| Draft {
        facet,
        grade: None,
        fields,
    };
    let mut drafts = vec![draft(at(FIGURES)?, figures(snapshot))];
    let lists = [
        ("counted", &snapshot.counted),
        ("late", &snapshot.late),
        ("gone", &snapshot.gone),
    ];
    let mut texts = Vec::new();
    for (field, lists) in lists {
        let lists = lists.iter().flat_map(listed);
        let keyed = lists.enumerate();
        texts.extend(keyed.map(|(n, list)| (format!("{field}/{n}"), text(list))));
    }
    let records = at(RECORDS)?;
    for some in texts.chunks(TEXTS_MAX) {
        drafts.push(draft(records, some.iter().cloned().collect()));
    }
    Some(drafts)
}

fn text(text: String) -> Option<Value> {
    Some(Value::Text(text))
}

fn number(number: impl TryInto<i64>) -> Option<Value> {
    Some(Value::Integer(number.try_into().unwrap_or(i64::MAX)))
}

fn figures(snapshot: &Snapshot) -> Fields {
    let period = snapshot.period;
    let mut fields: Fields = [
        ("cadence", text(period.cadence.word().to_owned())),
        ("period-from", number(period.from_ms())),
        ("period-until", number(period.until_ms())),
        ("taken-time", number(snapshot.taken.ms)),
        ("role", text(snapshot.role.to_string())),
        ("charter", number(snapshot.charter.0)),
        ("expected-number", number(snapshot.expected)),
        ("heard-number", number(snapshot.heard)),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into();
    let mut put = |field: &str, lines: Vec<String>| {
        for (n, lines) in packed(lines).into_iter().enumerate() {
            fields.insert(format!("{field}/{n}"), text(lines));
        }
    };
    let cells = snapshot.figures.iter().flat_map(|taken| {
        let cells = taken.cells.iter();
        cells.map(|cell| format!("{}\t{}", taken.measure, line(cell)))
    });
    put("figure", cells.collect());
    let definitions = snapshot.figures.iter();
    let definitions = definitions.map(|one| format!("{}\t{}", one.measure, one.definition));
    put("definition", definitions.collect());
    let corrected = snapshot.corrected.iter();
    let corrected =
        corrected.map(|one| format!("{}\t{}\t{}", one.first, one.measure, line(&one.cell)));
    put("corrected", corrected.collect());
    fields
}

fn line(cell: &Cell) -> String {
    let told = |number: Option<i64>| number.map_or_else(|| "-".to_owned(), |one| one.to_string());
    let (numerator, denominator) = (told(cell.numerator), told(cell.denominator));
    format!("{}\t{numerator}\t{denominator}", cell.cell)
}

/// Lines in as few texts as they fit into.
fn packed(lines: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for line in lines {
        match texts.last_mut() {
            Some(text) if text.len() + line.len() < TEXT_BYTES_MAX => {
                text.push('\n');
                text.push_str(&line);
            }
            _ => texts.push(line),
        }
    }
    texts
}

fn listed(listed: &Listed) -> impl Iterator<Item = String> + use<> {
    let head = format!("{}\t{}", listed.first, listed.measure);
    let texts = packed(listed.codes.iter().cloned()).into_iter();
    texts.map(move |codes| format!("{head}\n{codes}"))
}

/// What is held of a snapshot: its figures, and its records where they are here.
///
/// # Errors
/// What is missing or does not read.
pub fn read(
    node: NodeId,
    figures: &Document,
    records: Option<&Document>,
) -> Result<Snapshot, NotASnapshot> {
    let integer = |key, why| match figures.settled(key) {
        Some(Value::Integer(number)) => u64::try_from(*number).map_err(|_| NotASnapshot(why)),
        _ => Err(NotASnapshot(why)),
    };
    let word = |key, why| match figures.settled(key) {
        Some(Value::Text(text)) => Ok(text.as_str()),
        _ => Err(NotASnapshot(why)),
    };
    let cadence = word("cadence", "no cadence")?;
    let mut cadences = Cadence::ALL.into_iter();
    let cadence = cadences.find(|(known, _)| *known == cadence);
    let (_, cadence) = cadence.ok_or(NotASnapshot("an unknown cadence"))?;
    let from = WallTime::from_ms(integer("period-from", "no period")?);
    let mut taken: Vec<Taken> = Vec::new();
    for line in lines(figures, "definition") {
        let (measure, definition) = line.split_once('\t').ok_or(NotASnapshot("a definition"))?;
        taken.push(Taken {
            measure: measure.parse().map_err(|_| NotASnapshot("a measure"))?,
            definition: definition.to_owned(),
            cells: Vec::new(),
        });
    }
    for line in lines(figures, "figure") {
        let mut parts = line.split('\t');
        let (measure, cell) = cell(&mut parts).ok_or(NotASnapshot("a figure"))?;
        let mut all = taken.iter_mut();
        if let Some(taken) = all.find(|taken| taken.measure == measure) {
            taken.cells.push(cell);
        }
    }
    let mut corrected = Vec::new();
    for line in lines(figures, "corrected") {
        let mut parts = line.split('\t');
        let first = parts.next().and_then(|first| first.parse().ok());
        let (measure, cell) = cell(&mut parts).ok_or(NotASnapshot("a correction"))?;
        corrected.push(Corrected {
            first: first.ok_or(NotASnapshot("a correction"))?,
            measure,
            cell,
        });
    }
    let lists = |field| match records {
        Some(records) => all_listed(records, field),
        None => Ok(Vec::new()),
    };
    Ok(Snapshot {
        node,
        period: Period::with(cadence, beijing_date(from)),
        role: word("role", "no role")?
            .parse()
            .map_err(|_| NotASnapshot("no role"))?,
        taken: WallTime::from_ms(integer("taken-time", "no time")?),
        charter: CharterVersion(integer("charter", "no charter")?),
        expected: integer("expected-number", "no number of nodes")?,
        heard: integer("heard-number", "no number of nodes")?,
        figures: taken,
        corrected,
        counted: lists("counted")?,
        late: lists("late")?,
        gone: lists("gone")?,
    })
}

/// Measure and cell of a line.
fn cell<'a>(parts: &mut impl Iterator<Item = &'a str>) -> Option<(Name, Cell)> {
    let told = |text: &str| match text {
        "-" => Some(None),
        number => number.parse().ok().map(Some),
    };
    Some((
        parts.next()?.parse().ok()?,
        Cell {
            cell: parts.next()?.to_owned(),
            numerator: told(parts.next()?)?,
            denominator: told(parts.next()?)?,
        },
    ))
}

/// The texts of a field that grows, in the order of their numbers.
fn texts<'a>(document: &'a Document, field: &str) -> Vec<&'a str> {
    let mut texts: Vec<(u64, &str)> = Vec::new();
    for (key, values) in document.fields() {
        let number = key.split_once('/').filter(|(name, _)| *name == field);
        let number = number.and_then(|(_, number)| number.parse().ok());
        if let (Some(number), Some(Value::Text(text))) =
            (number, values.first().map(|one| &one.value))
        {
            texts.push((number, text));
        }
    }
    texts.sort_unstable();
    texts.into_iter().map(|(_, text)| text).collect()
}

fn lines<'a>(document: &'a Document, field: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    texts(document, field).into_iter().flat_map(str::lines)
}

fn all_listed(document: &Document, field: &str) -> Result<Vec<Listed>, NotASnapshot> {
    let mut all: Vec<Listed> = Vec::new();
    for text in texts(document, field) {
        let mut lines = text.lines();
        let head = lines.next().and_then(|head| head.split_once('\t'));
        let (first, measure) = head.ok_or(NotASnapshot("a list"))?;
        let first: Date = first.parse().map_err(|_| NotASnapshot("a list"))?;
        let measure: Name = measure.parse().map_err(|_| NotASnapshot("a list"))?;
        let codes = lines.map(str::to_owned);
        match all.last_mut() {
            Some(last) if last.first == first && last.measure == measure => {
                last.codes.extend(codes);
            }
            _ => all.push(Listed {
                first,
                measure,
                codes: codes.collect(),
            }),
        }
    }
    Ok(all)
}
