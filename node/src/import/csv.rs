//! Reads tables saved as text: any encoding that [`decode`](super::decode()) tells, commas,
//! semicolons or tabs, title lines above the header, ragged rows.

use std::sync::Arc;

use csv::{Position, ReaderBuilder, StringRecord};

use crate::import::decode::Decoded;
use crate::import::limits::{COLUMNS_MAX, ROWS_MAX, TITLE_ROWS_MAX};
use crate::import::mapping::Mapping;
use crate::import::source::{Place, Row, Source, quoted};
use crate::text;
use crate::text::{Problem, Text};

/// Reads one decoded file into `source`.
pub fn read(
    file: &Arc<str>,
    decoded: &Decoded<'_>,
    mapping: &Mapping,
    source: &mut Source,
) -> Result<(), Problem> {
    let separator = mapping
        .separator
        .unwrap_or_else(|| separator(&decoded.text));
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(u8::try_from(separator).unwrap_or(b','))
        .from_reader(decoded.text.as_bytes());
    let mut records = reader.records();
    let mut header = None;
    for _ in 0..TITLE_ROWS_MAX {
        let Some(record) = records.next() else { break };
        let record = record.map_err(|error| broken(file, &error))?;
        if has_key_columns(&record, mapping) {
            header = Some(record);
            break;
        }
        note_title(file, &record, source);
    }
    let header = header.ok_or_else(|| no_header(file, mapping))?;
    let names = names(file, &header)?;
    note_missing(file, &names, mapping, source);
    let mut lines = Lines {
        text: &decoded.text,
        at: 0,
        line: 1,
    };
    for record in records {
        let record = record.map_err(|error| broken(file, &error))?;
        if source.rows.len() >= ROWS_MAX {
            return Err(too_many(file));
        }
        let line = lines.of(&record);
        read_row(
            Place {
                file: file.clone(),
                line,
            },
            &names,
            &record,
            source,
        );
    }
    Ok(())
}

/// Counts lines along the text. The reader's own count lags behind where lines end in CR LF.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line that a record begins on. Records are asked for in the text's order.
    fn of(&mut self, record: &StringRecord) -> u64 {
        let start = record.position().map_or(0, Position::byte);
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        let breaks = |byte: &u8| matches!(*byte, b'\r' | b'\n');
        let bytes = self.text.as_bytes();
        let skipped = bytes
            .iter()
            .skip(start)
            .take_while(|byte| breaks(byte))
            .count();
        let start = start.saturating_add(skipped);
        let passed = bytes.get(self.at..start).unwrap_or(&[]);
        self.line += passed
            .iter()
            .map(|byte| u64::from(*byte == b'\n'))
            .sum::<u64>();
        self.at = start;
        self.line
    }
}

fn read_row(place: Place, names: &[String], record: &StringRecord, source: &mut Source) {
    if record.iter().all(|cell| cell.trim().is_empty()) {
        return;
    }
    let extra = record
        .iter()
        .skip(names.len())
        .any(|cell| !cell.trim().is_empty());
    if record.len() < names.len() || extra {
        let (cells, columns) = (record.len(), names.len());
        let reason = text!(
            "这一行有 {cells} 格，表头有 {columns} 列：可能有未加引号的分隔符或换行",
            "the row has {cells} cells and the header {columns}: a separator or line break may \
             stand there without quotes"
        );
        source.refuse(&place, None, reason);
        return;
    }
    let mut row = Row::new(place.clone());
    for (name, cell) in names.iter().zip(record.iter()) {
        let admitted = match cell.chars().find(|c| c.is_control() && !c.is_whitespace()) {
            Some(c) => Err(control(name, c)),
            None => source.admit(&mut row, name, unwrapped(cell)),
        };
        if let Err(Text { zh, en }) = admitted {
            let name = quoted(name);
            source.refuse(&place, None, text!("“{name}”：{zh}", "`{name}`: {en}"));
            return;
        }
    }
    source.rows.push(row);
}

/// A cell without the dress that keeps spreadsheets from reading it as a number: `="0123"`.
fn unwrapped(cell: &str) -> &str {
    let cell = cell.trim();
    cell.strip_prefix("=\"")
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(cell)
}

fn control(name: &str, c: char) -> Text {
    let (name, code) = (quoted(name), u32::from(c));
    text!(
        "“{name}”含有控制字符 0x{code:02X}",
        "`{name}` has the control character 0x{code:02X}"
    )
}

/// The separator that stands most often in the first line that has any, outside quotes.
fn separator(text: &str) -> char {
    for line in text.lines().take(TITLE_ROWS_MAX) {
        let mut counts = [(',', 0_usize), (';', 0), ('\t', 0)];
        let mut quoted = false;
        for c in line.chars() {
            quoted ^= c == '"';
            if let Some(count) = counts.iter_mut().find(|(known, _)| !quoted && *known == c) {
                count.1 += 1;
            }
        }
        let most = counts.into_iter().max_by_key(|(_, count)| *count);
        if let Some((separator, 1..)) = most {
            return separator;
        }
    }
    ','
}

fn has_key_columns(record: &StringRecord, mapping: &Mapping) -> bool {
    mapping
        .key
        .iter()
        .all(|key| record.iter().any(|cell| same_name(cell, key)))
}

fn same_name(cell: &str, name: &str) -> bool {
    cell.trim().eq_ignore_ascii_case(name.trim())
}

/// The header's names, without the empty columns that spreadsheets leave at its end.
fn names(file: &str, header: &StringRecord) -> Result<Vec<String>, Problem> {
    let mut names: Vec<String> = header.iter().map(|cell| cell.trim().to_owned()).collect();
    while names.last().is_some_and(String::is_empty) {
        names.pop();
    }
    if names.len() > COLUMNS_MAX {
        let columns = names.len();
        return Err(bad_header(
            file,
            &text!(
                "有 {columns} 列，上限 {COLUMNS_MAX}",
                "{columns} columns, at most {COLUMNS_MAX}"
            ),
        ));
    }
    for (index, name) in names.iter().enumerate() {
        if name.is_empty() {
            let column = index + 1;
            return Err(bad_header(
                file,
                &text!("第 {column} 列没有名称", "column {column} has no name"),
            ));
        }
        if names.iter().take(index).any(|other| same_name(other, name)) {
            let name = quoted(name);
            return Err(bad_header(
                file,
                &text!("列“{name}”出现两次", "column `{name}` stands there twice"),
            ));
        }
    }
    Ok(names)
}

fn note_title(file: &str, record: &StringRecord, source: &mut Source) {
    if record.iter().all(|cell| cell.trim().is_empty()) {
        return;
    }
    let line = record.position().map_or(0, Position::line);
    source.notes.push(text!(
        "{file} 第 {line} 行在表头之上，按标题略过",
        "{file}, line {line}: above the header, passed over as a title"
    ));
}

/// Says which columns the mapping expects and the file does not have.
fn note_missing(file: &str, names: &[String], mapping: &Mapping, source: &mut Source) {
    let missing: Vec<&str> = mapping
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .filter(|wanted| !names.iter().any(|name| same_name(name, wanted)))
        .collect();
    if !missing.is_empty() {
        let list = missing.join(", ");
        source.notes.push(text!(
            "{file} 没有这些列（相应字段不变）：{list}",
            "{file} does not have these columns, so their fields stay as they are: {list}"
        ));
    }
}

fn no_header(file: &str, mapping: &Mapping) -> Problem {
    let keys = mapping.key.join(", ");
    bad_header(
        file,
        &text!(
            "前 {TITLE_ROWS_MAX} 行中没有含“{keys}”的表头",
            "none of the first {TITLE_ROWS_MAX} rows is a header with {keys}"
        ),
    )
}

fn bad_header(file: &str, what: &Text) -> Problem {
    let Text { zh, en } = what;
    Problem::new(
        "import-header",
        text!(
            "{file} 的表头无法使用：{zh}",
            "the header of {file} cannot be used: {en}"
        ),
        text!(
            "对照映射文件中的列名修改表头，或另选映射",
            "make the header fit the mapping's columns, or choose another mapping"
        ),
    )
}

fn broken(file: &str, error: &csv::Error) -> Problem {
    let line = error.position().map_or(0, Position::line);
    Problem::new(
        "import-table",
        text!(
            "{file} 第 {line} 行无法读取",
            "{file}, line {line}: the table cannot be read"
        ),
        text!("请重新导出为 CSV", "export it as CSV again"),
    )
}

fn too_many(file: &str) -> Problem {
    Problem::new(
        "import-too-many-rows",
        text!(
            "{file} 的行数超过 {ROWS_MAX}",
            "{file} has more than {ROWS_MAX} rows"
        ),
        text!("请分批导入", "import it in parts"),
    )
}
