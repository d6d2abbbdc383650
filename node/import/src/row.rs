//! Rows of named cells, whatever the format of the file: the row, its place in the file, and the
//! names of its columns.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::limits::{COLUMNS_MAX, QUOTE_CHARS_MAX};
use crdt_model::text::Text;

/// The place where a row begins, for messages.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Place {
    /// The file's name.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: u64,
}

/// One row: its cells that are not empty, by column number (see [`Columns`]).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// The place where it begins.
    pub place: Place,
    /// Oddities of a row that could be read all the same.
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

    /// The text in a column; `None` if the cell is empty.
    pub fn cell(&self, column: u16) -> Option<&str> {
        let found = self.cells.iter().find(|(index, _)| *index == column)?;
        Some(found.1.as_str())
    }

    /// Puts text into a column and replaces what was there. Empty text clears the cell.
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

/// The names of all columns, numbered in the order in which readers first met them. Names that differ
/// only in the case of Latin letters are one column: scanned copies of the standard mangle the case, and
/// so do devices.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Columns {
    names: Vec<String>,
    by_name: BTreeMap<String, u16>,
}

impl Columns {
    /// The number of the column with this name.
    pub fn find(&self, name: &str) -> Option<u16> {
        self.by_name.get(&name.trim().to_ascii_lowercase()).copied()
    }

    /// The number of the column with this name, which is added if it is new; `None` if there are too
    /// many columns.
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

/// Makes a foreign name or value fit to be repeated in a message: on one line, cut short, and without
/// long runs of digits, which may be a telephone or identity number.
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
