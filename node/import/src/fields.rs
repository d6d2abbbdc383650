//! From one row to the values of its facets, as the mapping says.

use std::collections::BTreeMap;

use crdt_model::ids::{CommitHash, Name, NodeId};
use crdt_model::kind::{FieldType, Kind, Word};
use crdt_model::value::Value;

use crate::convert::{boolean, integer, mangled, scaled, time_ms};
use crate::mapping::{Column, Format, GradeColumn, Mapping, Target, Unusable};
use crate::row::{Columns, Row, quoted};
use crdt_model::text;
use crdt_model::text::Text;

pub use crate::value_problem::value_problem;

/// Characters that an entry of a field that grows is named by: half of SHA-256 of its text.
const GROWN_KEY_CHARS: usize = 32;

/// The fields of a row's facets, and the grade it asks for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Mapped {
    /// Facet to fields. Facets of which the row says nothing are absent.
    pub facets: BTreeMap<Name, BTreeMap<String, Value>>,
    /// The sensitivity it asks for.
    pub sensitivity: Option<Name>,
    /// The handling level it asks for.
    pub level: Option<Name>,
    /// What was left out, and why.
    pub notes: Vec<Text>,
}

/// The text that names a row within its source; `None` where a part of it is missing.
///
/// # Errors
/// Why the key cannot be what was once written there.
pub fn key(mapping: &Mapping, columns: &Columns, row: &Row) -> Result<String, Text> {
    let mut parts = Vec::with_capacity(mapping.key.len());
    for name in &mapping.key {
        let Some(part) = columns.find(name).and_then(|column| row.cell(column)) else {
            return Err(text!(
                "“{name}”为空，不能识别这一行",
                "`{name}` is empty, so the row has no key"
            ));
        };
        if let Some(reason) = from_spreadsheet(mapping, part) {
            return Err(in_column(name, &reason));
        }
        parts.push(part);
    }
    Ok(parts.join("\u{1F}"))
}

/// Why a cell of a table is not what was once typed into it. Catalogues never were in a spreadsheet.
fn from_spreadsheet(mapping: &Mapping, cell: &str) -> Option<Text> {
    (mapping.format == Format::Csv).then(|| mangled(cell))?
}

/// Converts a row of a record of this home.
///
/// # Errors
/// The first cell that cannot be used, with its column and reason.
pub fn map(
    mapping: &Mapping,
    kind: &Kind,
    home: NodeId,
    columns: &Columns,
    row: &Row,
) -> Result<Mapped, Text> {
    ask(mapping, columns, row)?;
    let mut mapped = Mapped::default();
    for column in &mapping.columns {
        let cell = columns
            .find(&column.name)
            .and_then(|index| row.cell(index))
            .filter(|cell| {
                !column
                    .empty
                    .iter()
                    .any(|empty| empty.eq_ignore_ascii_case(cell))
            });
        let Some(cell) = cell else {
            if column.required {
                let name = &column.name;
                return Err(text!("“{name}”为空", "`{name}` is empty"));
            }
            continue;
        };
        let parts: Vec<&str> = match &column.split {
            None => vec![cell],
            Some(split) => cell
                .split(split.as_str())
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .collect(),
        };
        for part in parts {
            let (value, note) = match convert(mapping, kind, home, column, part) {
                Ok(converted) => converted,
                Err(reason) if column.unusable == Unusable::LeaveOut => {
                    let Text { zh, en } = in_column(&column.name, &reason);
                    mapped
                        .notes
                        .push(text!("{zh}；未导入该项", "{en}; it was left out"));
                    continue;
                }
                Err(reason) => return Err(in_column(&column.name, &reason)),
            };
            mapped
                .notes
                .extend(note.map(|note| in_column(&column.name, &note)));
            let fields = mapped.facets.entry(column.target.facet).or_default();
            fields.insert(document_key(column, &value), value);
        }
    }
    for (target, value) in &mapping.constants {
        if let Some(fields) = mapped.facets.get_mut(&target.facet) {
            fields.insert(target.field.name.to_string(), value.clone());
        }
    }
    mapped.sensitivity = grade(mapping.sensitivity.as_ref(), columns, row)?;
    mapped.level = grade(mapping.level.as_ref(), columns, row)?;
    Ok(mapped)
}

/// The key a value is stored under. A field that grows takes each text once: the key is made from
/// the text, so importing it again meets the entry that is there.
fn document_key(column: &Column, value: &Value) -> String {
    let name = column.target.field.name;
    match value {
        Value::Text(text) if column.target.field.grows => {
            let digest = CommitHash::of(text.as_bytes()).to_string();
            format!(
                "{name}/{}",
                digest.get(..GROWN_KEY_CHARS).unwrap_or(&digest)
            )
        }
        _ => name.to_string(),
    }
}

/// Refuses a row that a person has to decide about first.
fn ask(mapping: &Mapping, columns: &Columns, row: &Row) -> Result<(), Text> {
    for ask in &mapping.asks {
        let cell = columns.find(&ask.name).and_then(|index| row.cell(index));
        let Some(cell) = cell.filter(|cell| !ask.unless.iter().any(|known| known == cell)) else {
            continue;
        };
        let (name, cell, reason) = (&ask.name, quoted(cell), Text::from(&ask.reason));
        let Text { zh, en } = reason;
        return Err(text!(
            "“{name}”为“{cell}”：{zh}",
            "`{name}` is `{cell}`: {en}"
        ));
    }
    Ok(())
}

/// A part of the grade. A word that the mapping does not know refuses the row: a grade that is
/// guessed would be a rule that is guessed.
fn grade(column: Option<&GradeColumn>, columns: &Columns, row: &Row) -> Result<Option<Name>, Text> {
    let Some(column) = column else {
        return Ok(None);
    };
    let name = &column.column;
    let Some(cell) = columns.find(name).and_then(|index| row.cell(index)) else {
        return Ok(None);
    };
    match column.words.get(cell) {
        Some(word) if word.is_empty() => Ok(None),
        Some(word) => Name::new(word)
            .map(Some)
            .map_err(|error| text!("级别写错了（`{error}`）", "{error}")),
        None => {
            let cell = quoted(cell);
            let words: Vec<&str> = column.words.keys().map(String::as_str).collect();
            let (zh, en) = (words.join("、"), words.join(", "));
            Err(text!(
                "“{name}”一列的“{cell}”不认识；请在列对应表中补上，或改成列出的写法：{zh}",
                "`{name}` holds `{cell}`, which is not known: add it to the mapping, or write one of {en}"
            ))
        }
    }
}

/// The value of a cell, if the facet takes it; with what was odd about it.
fn convert(
    mapping: &Mapping,
    kind: &Kind,
    home: NodeId,
    column: &Column,
    cell: &str,
) -> Result<(Value, Option<Text>), Text> {
    let (value, note) = read(mapping, kind, column, cell)?;
    let Target { facet, field } = &column.target;
    let declared = kind.facets.iter().find(|declared| declared.name == *facet);
    declared
        .map_or_else(
            || field.check(kind, &value),
            |declared| declared.check_value(kind, Some(home), field, &value),
        )
        .map_err(|problem| value_problem(&problem))?;
    Ok((value, note))
}

fn read(
    mapping: &Mapping,
    kind: &Kind,
    column: &Column,
    cell: &str,
) -> Result<(Value, Option<Text>), Text> {
    let cell = match column.digits {
        None => cell,
        Some((from, to)) => cell
            .get(from.saturating_sub(1)..to)
            .ok_or_else(|| text!("位数不足", "it has too few digits"))?,
    };
    let field = &column.target.field;
    let known = column.words.get(cell).map(String::as_str);
    let value = match field.holds {
        FieldType::Vocabulary => {
            return word(kind, column, cell).map(|(word, note)| (Value::Text(word), note));
        }
        FieldType::Text | FieldType::Record | FieldType::Area => {
            let text = known.unwrap_or(cell);
            if let Some(reason) = from_spreadsheet(mapping, text) {
                return Err(reason);
            }
            if column.only_digits && !text.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(text!("不是数字编码", "not a code of digits"));
            }
            Value::Text(text.to_owned())
        }
        FieldType::Integer => {
            let cell = known.unwrap_or(cell);
            let number = match column.decimals {
                Some(decimals) => scaled(cell, decimals),
                None => integer(cell),
            };
            Value::Integer(number.ok_or_else(|| text!("不是可用的数字", "not a usable number"))?)
        }
        FieldType::Time => Value::Integer(time_ms(cell, mapping.utc_offset_h)?),
        FieldType::Boolean => Value::Boolean(
            boolean(known.unwrap_or(cell))
                .ok_or_else(|| text!("应填“是”或“否”", "neither yes nor no"))?,
        ),
    };
    Ok((value, None))
}

/// The vocabulary's word for a cell: by the mapping's table, by the word's own id or name, or what
/// stands for everything else, with a note.
fn word(kind: &Kind, column: &Column, cell: &str) -> Result<(String, Option<Text>), Text> {
    if let Some(known) = column.words.get(cell) {
        return Ok((known.clone(), None));
    }
    let field = &column.target.field;
    let vocabulary = field.vocabulary.unwrap_or(field.name);
    let words = kind.vocabularies.get(&vocabulary).into_iter().flatten();
    let is_named = |word: &&Word| {
        word.id.as_str() == cell || word.zh == cell || word.en.eq_ignore_ascii_case(cell)
    };
    if let Some(own) = words.into_iter().find(is_named) {
        return Ok((own.id.to_string(), None));
    }
    let otherwise = column.otherwise.clone().ok_or_else(|| unknown_word(cell))?;
    let cell = quoted(cell);
    let note = text!(
        "“{cell}”不认识，已按“{otherwise}”登记",
        "`{cell}` is not known and became `{otherwise}`"
    );
    Ok((otherwise, Some(note)))
}

fn unknown_word(cell: &str) -> Text {
    let cell = quoted(cell);
    text!(
        "“{cell}”不认识；请在列对应表中补上，或改成章程中的选项",
        "`{cell}` is not known: add it to the mapping, or write an option of the charter"
    )
}

fn in_column(name: &str, what: &Text) -> Text {
    let Text { zh, en } = what;
    text!("“{name}”：{zh}", "`{name}`: {en}")
}
