//! Cuts the text of a table into records of cells, as RFC 4180 has them, and watches its quotes: one
//! that is not closed where it should be makes the rows behind it part of one cell.
//!
//! Lines end in LF, CR LF or CR. A quote opens a cell only as its first character; within a quoted
//! cell, two quotes stand for one. Lines without any character are no records.

use std::borrow::Cow;
use std::ops::Range;

use crate::limits::COLUMNS_MAX;

/// Columns up to which a line of text may well have as many commas as a row.
const FEW_COLUMNS: usize = 4;
/// Cells of a record that are kept: one more than a table may have.
const CELLS_KEPT: usize = COLUMNS_MAX + 1;

/// One record.
#[derive(Debug)]
pub(crate) struct Record<'a> {
    /// The line it begins on, from 1.
    pub(crate) line: u64,
    /// Its first cells, without their quotes.
    pub(crate) cells: Vec<Cow<'a, str>>,
    /// How many cells it has.
    pub(crate) count: usize,
    /// Whether a cell that is not among `cells` has text.
    pub(crate) more: bool,
    /// The quoted cells that go over several lines.
    pub(crate) spans: Vec<Span>,
    /// The first cell, from 0, that goes on after its closing quote.
    pub(crate) goes_on: Option<usize>,
}

/// A quoted cell that goes over several lines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Span {
    /// Which cell of its record, from 0.
    pub(crate) cell: usize,
    /// The line of its opening quote, from 1.
    pub(crate) line: u64,
    /// Line breaks within it.
    pub(crate) breaks: u64,
    /// What stands between its quotes.
    within: Range<usize>,
}

/// A quote that takes in rows of the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Swallow {
    /// The line of the opening quote, from 1.
    pub(crate) line: u64,
    /// The column that it opens, from 1.
    pub(crate) column: usize,
    /// Rows that would become part of its cell.
    pub(crate) rows: u64,
}

/// The records of a text, in order. After an error there are no more.
pub(crate) struct Records<'a> {
    text: &'a str,
    separator: u8,
    at: usize,
    line: u64,
}

/// A cell as it was cut.
struct Cell<'a> {
    text: Cow<'a, str>,
    span: Option<Span>,
    goes_on: bool,
}

impl<'a> Records<'a> {
    pub(crate) fn of(text: &'a str, separator: char) -> Self {
        Self {
            text,
            separator: u8::try_from(separator).unwrap_or(b','),
            at: 0,
            line: 1,
        }
    }

    /// Whether a cell that goes over several lines looks like rows of a table of so many columns: a
    /// line within it has as many cells as a row, or so have the lines that it begins and ends on.
    ///
    /// Of few columns that is no evidence, for a line of text has commas too: there `has_key` must find
    /// a row's key among the cells of the line.
    pub(crate) fn looks_like_rows(
        &self,
        record: &Record<'_>,
        span: &Span,
        columns: usize,
        has_key: impl Fn(&[&str]) -> bool,
    ) -> bool {
        let within = self.text.get(span.within.clone()).unwrap_or("");
        let lines: Vec<Vec<&str>> = lines(within)
            .map(|line| line.split(char::from(self.separator)).collect())
            .collect();
        let ([first, middle @ .., last], true) = (lines.as_slice(), columns > 1) else {
            return false;
        };
        let known = |cells: &[&str]| columns > FEW_COLUMNS || has_key(cells);
        let cells = || record.cells.iter().map(AsRef::as_ref);
        let begun: Vec<&str> = cells()
            .take(span.cell)
            .chain(first.iter().copied())
            .collect();
        let ended: Vec<&str> = last
            .iter()
            .copied()
            .chain(cells().skip(span.cell + 1))
            .collect();
        let begins = span.cell + first.len();
        let ends = last.len() + record.count.saturating_sub(span.cell + 1);
        // Where the row does not fit the header, a first line that does is whole without the rest.
        let torn = record.count != columns && span.cell + 1 < columns;
        middle
            .iter()
            .any(|cells| cells.len() == columns && known(cells))
            || begins == columns && (torn || ends == columns && known(&begun) && known(&ended))
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn piece(&self, range: Range<usize>) -> &'a str {
        self.text.get(range).unwrap_or("")
    }

    /// Goes over a line's end, if one is here.
    fn line_end(&mut self) -> bool {
        let length = match (self.byte(self.at), self.byte(self.at + 1)) {
            (Some(b'\r'), Some(b'\n')) => 2,
            (Some(b'\r' | b'\n'), _) => 1,
            _ => return false,
        };
        self.at += length;
        self.line += 1;
        true
    }

    fn cell(&mut self, cell: usize) -> Result<Cell<'a>, Swallow> {
        let quoted = match self.byte(self.at) {
            Some(b'"') => Some(self.quoted(cell)?),
            _ => None,
        };
        let start = self.at;
        let ends = |byte: &u8| *byte == self.separator || matches!(*byte, b'\r' | b'\n');
        let rest = self.text.as_bytes().get(start..).unwrap_or(&[]);
        self.at += rest.iter().position(ends).unwrap_or(rest.len());
        let after = self.piece(start..self.at);
        let Some((text, span)) = quoted else {
            return Ok(Cell {
                text: Cow::Borrowed(after),
                span: None,
                goes_on: false,
            });
        };
        if after.trim().is_empty() {
            return Ok(Cell {
                text,
                span,
                goes_on: false,
            });
        }
        if let Some(span) = span {
            return Err(span.swallow());
        }
        Ok(Cell {
            text: Cow::Owned(format!("{text}{after}")),
            span: None,
            goes_on: true,
        })
    }

    /// What stands between the quote here and the one that closes it.
    fn quoted(&mut self, cell: usize) -> Result<(Cow<'a, str>, Option<Span>), Swallow> {
        let (line, start) = (self.line, self.at + 1);
        let mut at = start;
        let end = loop {
            let quote = self.text.get(at..).and_then(|rest| rest.find('"'));
            let Some(quote) = quote.map(|found| at + found) else {
                return Err(self.unclosed(cell, start));
            };
            if self.byte(quote + 1) != Some(b'"') {
                break quote;
            }
            at = quote + 2;
        };
        self.at = end + 1;
        let within = self.piece(start..end);
        let breaks = lines(within).count() as u64 - 1;
        self.line += breaks;
        let text = match within.contains("\"\"") {
            true => Cow::Owned(within.replace("\"\"", "\"")),
            false => Cow::Borrowed(within),
        };
        let span = Span {
            cell,
            line,
            breaks,
            within: start..end,
        };
        Ok((text, Some(span).filter(|span| span.breaks > 0)))
    }

    fn unclosed(&self, cell: usize, start: usize) -> Swallow {
        let behind = lines(self.text.get(start..).unwrap_or("")).skip(1);
        Swallow {
            line: self.line,
            column: cell + 1,
            rows: behind.filter(|line| !line.trim().is_empty()).count() as u64,
        }
    }
}

impl Span {
    pub(crate) fn swallow(&self) -> Swallow {
        Swallow {
            line: self.line,
            column: self.cell + 1,
            rows: self.breaks,
        }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, Swallow>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.line_end() {}
        if self.at >= self.text.len() {
            return None;
        }
        let mut record = Record {
            line: self.line,
            cells: Vec::new(),
            count: 0,
            more: false,
            spans: Vec::new(),
            goes_on: None,
        };
        loop {
            let cell = match self.cell(record.count) {
                Ok(cell) => cell,
                Err(swallow) => {
                    self.at = self.text.len();
                    return Some(Err(swallow));
                }
            };
            record.spans.extend(cell.span);
            if cell.goes_on && record.goes_on.is_none() {
                record.goes_on = Some(record.count);
            }
            if record.count < CELLS_KEPT {
                record.cells.push(cell.text);
            } else {
                record.more |= !cell.text.trim().is_empty();
            }
            record.count += 1;
            if self.byte(self.at) == Some(self.separator) {
                self.at += 1;
            } else {
                self.line_end();
                return Some(Ok(record));
            }
        }
    }
}

/// The lines of a text; the last one may be empty.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.find(['\r', '\n']) else {
            rest = None;
            return Some(text);
        };
        let (line, after) = text.split_at(end);
        rest = after.strip_prefix("\r\n").or_else(|| after.get(1..));
        Some(line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(u64, Vec<String>)> {
        Records::of(text, ',')
            .map(|record| {
                let record = record.expect("closed quotes");
                let cells = record.cells.into_iter().map(Cow::into_owned);
                (record.line, cells.collect())
            })
            .collect()
    }

    fn row(line: u64, cells: &[&str]) -> (u64, Vec<String>) {
        (line, cells.iter().map(|cell| (*cell).to_owned()).collect())
    }

    #[test]
    fn cells_lines_and_quotes_are_read_as_spreadsheets_write_them() {
        assert_eq!(
            read("a,b\r\n\r\n\"x\r\ny\",\"say \"\"hi\"\"\"\r\n5\" pipe,\r\n"),
            [
                row(1, &["a", "b"]),
                row(3, &["x\r\ny", "say \"hi\""]),
                row(5, &["5\" pipe", ""]),
            ]
        );
        // Old machines end lines in CR alone.
        assert_eq!(
            read("a\r\"b\rc\"\rd"),
            [row(1, &["a"]), row(2, &["b\rc"]), row(4, &["d"])]
        );
        assert_eq!(read(""), []);
        assert_eq!(read("\"\" ,a"), [row(1, &["", "a"])]);
    }

    #[test]
    fn a_quote_that_is_never_closed_is_named_with_the_rows_behind_it() {
        for (text, line, column, rows) in [
            ("a,b\n1,\"x\n2,y\n\n3,z\n", 2, 2, 2),
            ("\"a,b\n1,x\n", 1, 1, 1),
            ("a,b\n1,\"x", 2, 2, 0),
            ("a,b\r1,\"x\r2,y\r", 2, 2, 1),
            // An empty quoted cell further down closes nothing.
            ("a,b\n1,\"x\n2,\"\"\n", 2, 2, 1),
        ] {
            let error = Records::of(text, ',').find_map(Result::err);
            assert_eq!(error, Some(Swallow { line, column, rows }), "{text:?}");
        }
    }

    #[test]
    fn a_quote_that_the_next_quoted_cell_closes_is_named() {
        let text = "\"a\",\"b\"\n\"1\",\"x\n\"2\",\"y\"\n";
        let error = Records::of(text, ',').find_map(Result::err);
        let expected = Swallow {
            line: 2,
            column: 2,
            rows: 1,
        };
        assert_eq!(error, Some(expected));
    }

    #[test]
    fn a_quote_within_a_quoted_cell_on_one_line_harms_that_row_alone() {
        let records: Vec<_> = Records::of("1,\"he said \"no\" to it\"\n2,y\n", ',').collect();
        let goes_on: Vec<_> = records
            .iter()
            .map(|record| record.as_ref().map(|one| one.goes_on))
            .collect();
        assert_eq!(goes_on, [Ok(Some(1)), Ok(None)]);
    }

    #[test]
    fn many_cells_are_counted_and_few_kept() {
        let text = format!("{}x\n", ",".repeat(5_000));
        let record = Records::of(&text, ',')
            .next()
            .expect("one")
            .expect("closed");
        assert_eq!(
            (record.count, record.cells.len(), record.more),
            (5_001, CELLS_KEPT, true)
        );
    }
}
