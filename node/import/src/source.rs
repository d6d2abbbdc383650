//! What every reader hands on, whatever the file's format: rows of named cells, with the place each
//! came from, and a count of what was left behind.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::decode::{self, DecodedAs};
use crate::forbidden;
use crate::limits::{COLUMNS_MAX, COUNTED_NAMES_MAX, QUOTE_CHARS_MAX};
use crate::preview::{Outcome, RowOutcome};
use crdt_model::text;
use crdt_model::text::Text;

/// One file as handed over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceFile {
    /// Its name, for messages.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// One file as it was read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FileRead {
    /// Its name.
    pub name: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// What its bytes turned out to be.
    pub decoded_as: DecodedAs,
}

/// Where a row begins.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Place {
    /// The file's name.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: u64,
}

/// One row: the cells that are not empty, by column.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// Where it begins.
    pub place: Place,
    /// What was odd about it, though it could be read.
    pub notes: Vec<Text>,
    cells: Vec<(u16, String)>,
}

impl Row {
    /// A row without cells.
    pub fn new(place: Place) -> Self {
        Self {
            place,
            notes: Vec::new(),
            cells: Vec::new(),
        }
    }

    /// The text in a column; `None` where it is empty.
    pub fn cell(&self, column: u16) -> Option<&str> {
        let found = self.cells.iter().find(|(index, _)| *index == column)?;
        Some(found.1.as_str())
    }

    /// Puts text into a column, over what is there; empty text clears it.
    pub fn set(&mut self, column: u16, value: String) {
        self.cells.retain(|(index, _)| *index != column);
        if !value.is_empty() {
            self.cells.push((column, value));
        }
    }

    /// The columns that are not empty, with their text.
    pub fn cells(&self) -> impl Iterator<Item = (u16, &str)> {
        self.cells
            .iter()
            .map(|(column, value)| (*column, value.as_str()))
    }

    /// Whether both rows have the same text in the same columns.
    pub fn same_cells(&self, other: &Self) -> bool {
        let sorted = |row: &Self| {
            let mut cells = row.cells.clone();
            cells.sort();
            cells
        };
        sorted(self) == sorted(other)
    }
}

/// The names of columns, in the order they were first met. Names that differ only in the case of
/// Latin letters are one: scanned copies of the standard mangle it, and so do devices.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Columns {
    names: Vec<String>,
    by_name: BTreeMap<String, u16>,
}

impl Columns {
    /// The column of this name.
    pub fn find(&self, name: &str) -> Option<u16> {
        self.by_name.get(&name.trim().to_ascii_lowercase()).copied()
    }

    /// The column of this name, added if new; `None` when there are too many.
    pub fn intern(&mut self, name: &str) -> Option<u16> {
        if let Some(found) = self.find(name) {
            return Some(found);
        }
        let column = u16::try_from(self.names.len()).ok()?;
        if self.names.len() >= COLUMNS_MAX {
            return None;
        }
        self.names.push(quoted(name));
        self.by_name
            .insert(name.trim().to_ascii_lowercase(), column);
        Some(column)
    }

    /// The name of a column.
    pub fn name(&self, column: u16) -> &str {
        self.names
            .get(usize::from(column))
            .map_or("", String::as_str)
    }

    /// All columns with their names.
    pub fn iter(&self) -> impl Iterator<Item = (u16, &str)> {
        (0..).zip(self.names.iter().map(String::as_str))
    }
}

/// How often something was left behind, by the name of its column or element.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Counts {
    counts: BTreeMap<String, u64>,
}

impl Counts {
    /// Counts one more; past [`COUNTED_NAMES_MAX`] names, under `…`.
    pub fn add(&mut self, name: &str) {
        let known = self.counts.contains_key(name);
        let name = if known || self.counts.len() < COUNTED_NAMES_MAX {
            name
        } else {
            "…"
        };
        *self.counts.entry(name.to_owned()).or_insert(0) += 1;
    }

    /// How often this name was counted.
    pub fn of(&self, name: &str) -> u64 {
        self.counts.get(name).copied().unwrap_or(0)
    }

    /// All names with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.counts
            .iter()
            .map(|(name, count)| (name.as_str(), *count))
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}

/// A catalogue of which not every item arrived.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Partial {
    /// The platform that answered, as its `DeviceID` says.
    pub platform: String,
    /// The answer's serial number.
    pub sn: String,
    /// Items the answer announces in all.
    pub announced: u64,
    /// Different items that arrived.
    pub received: u64,
}

/// All files of one import, read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Source {
    /// The files.
    pub files: Vec<FileRead>,
    /// The columns of all rows.
    pub columns: Columns,
    /// What can be planned.
    pub rows: Vec<Row>,
    /// Rows that were refused or skipped while reading.
    pub set_aside: Vec<RowOutcome>,
    /// What was dropped because it may not exist in the mesh.
    pub dropped: Counts,
    /// What the columns hold by their names.
    pub judged: forbidden::Columns,
    /// Catalogues that did not arrive whole.
    pub partial: Vec<Partial>,
    /// What a person should know about the files.
    pub notes: Vec<Text>,
}

impl Source {
    /// Sets a row aside as refused.
    pub fn refuse(&mut self, place: &Place, key: Option<String>, reason: Text) {
        let outcome = Outcome::Refused { reason };
        self.set_aside
            .push(RowOutcome::new(place.clone(), key, outcome));
    }

    /// Sets a row aside as skipped on purpose.
    pub fn skip(&mut self, place: &Place, key: Option<String>, reason: Text) {
        let outcome = Outcome::Skipped { reason };
        self.set_aside
            .push(RowOutcome::new(place.clone(), key, outcome));
    }

    /// Puts a foreign cell into a row, unless it is empty or may not exist in the mesh. The reason
    /// for refusing the whole row, if there is one, is returned.
    pub fn admit(&mut self, row: &mut Row, name: &str, value: &str) -> Result<(), Text> {
        let value = value.trim();
        if value.is_empty() {
            return Ok(());
        }
        let name = name.trim();
        let value = match self.judged.judge(name, value) {
            forbidden::Verdict::Admitted => value,
            forbidden::Verdict::OnlyThatItWasPresent => {
                self.dropped.add(&quoted(name));
                forbidden::PRESENT
            }
            forbidden::Verdict::Column => {
                self.dropped.add(&quoted(name));
                return Ok(());
            }
            forbidden::Verdict::Value(found) => {
                self.dropped.add(&quoted(name));
                let (name, Text { zh, en }) = (quoted(name), found.name());
                row.notes.push(text!(
                    "“{name}”含有{zh}，不得入网，该格未导入",
                    "`{name}` holds {en}, which may not be in the mesh: the cell was dropped"
                ));
                return Ok(());
            }
        };
        if decode::is_damaged(value) {
            return Err(decode::damaged());
        }
        if let Some(column) = self.columns.intern(name) {
            row.set(column, value.to_owned());
        } else {
            self.dropped.add("…");
        }
        Ok(())
    }
}

/// A foreign name or value as a message may repeat it: on one line, cut, and without long runs of
/// digits, which may be a telephone or identity number.
pub fn quoted(foreign: &str) -> String {
    let mut quoted = String::new();
    let mut digits = 0;
    for c in foreign.trim().chars().take(QUOTE_CHARS_MAX) {
        digits = if c.is_ascii_digit() { digits + 1 } else { 0 };
        match digits {
            0..=9 if c.is_control() => quoted.push('·'),
            0..=9 => quoted.push(c),
            10 => quoted.push('…'),
            _ => {}
        }
    }
    if foreign.trim().chars().count() > QUOTE_CHARS_MAX {
        quoted.push('…');
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_value_is_short_and_hides_telephone_numbers() {
        assert_eq!(quoted("Status1"), "Status1");
        assert_eq!(quoted("a\u{0}b\nc"), "a·b·c");
        assert_eq!(quoted("13912345678"), "139123456…");
        assert_eq!(
            quoted(&"长".repeat(50)).chars().count(),
            QUOTE_CHARS_MAX + 1
        );
    }

    #[test]
    fn columns_are_found_whatever_the_case() {
        let mut columns = Columns::default();
        assert_eq!(columns.intern("DeviceID"), Some(0));
        assert_eq!(columns.intern("deviceid"), Some(0));
        assert_eq!(columns.name(0), "DeviceID");
        assert_eq!(columns.find(" DEVICEID "), Some(0));
    }
}
