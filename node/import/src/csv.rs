//! Reads tables saved as text: any encoding that [`decode`](super::decode()) tells, commas,
//! semicolons or tabs, title lines above the header, ragged rows. A file in which a quote takes in
//! rows is refused.

pub(super) mod records;

use std::sync::Arc;

use self::records::{Record, Records, Swallow};
use crate::decode::Decoded;
use crate::limits::{COLUMNS_MAX, ROWS_MAX, TITLE_ROWS_MAX};
use crate::mapping::Mapping;
use crate::row::{Place, Row, quoted};
use crate::source::Source;
use crdt_model::text;
use crdt_model::text::{Problem, Text};

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
    let mut records = Records::of(&decoded.text, separator);
    let names = header(file, &mut records, mapping, source)?;
    note_missing(file, &names, mapping, source);
    let keys: Vec<usize> = mapping
        .key
        .iter()
        .filter_map(|key| names.iter().position(|name| same_name(name, key)))
        .collect();
    while let Some(record) = records.next() {
        let record = record.map_err(|swallow| swallows(file, &swallow))?;
        if let Some(swallow) = swallowed(&records, &record, &keys, names.len()) {
            return Err(swallows(file, &swallow));
        }
        if source.rows.len() >= ROWS_MAX {
            return Err(too_many(file));
        }
        read_row(file, &names, &record, source);
    }
    Ok(())
}

/// The quote of a record that takes in rows, if one does.
fn swallowed(
    records: &Records<'_>,
    record: &Record<'_>,
    keys: &[usize],
    columns: usize,
) -> Option<Swallow> {
    let shape = |cells: &[&str]| {
        let cell = keys.first().and_then(|key| cells.get(*key));
        cell.map(|cell| shape_of(cell))
    };
    record.spans.iter().find_map(|span| {
        let cells: Vec<&str> = record.cells.iter().map(AsRef::as_ref).collect();
        let own = shape(&cells);
        // No key has several lines.
        let has_key = |cells: &[&str]| keys.contains(&span.cell) || shape(cells) == own;
        let rows = records.looks_like_rows(record, span, columns, has_key);
        rows.then(|| span.swallow())
    })
}

/// The names of the columns. What stands above the header is passed over.
fn header(
    file: &str,
    records: &mut Records<'_>,
    mapping: &Mapping,
    source: &mut Source,
) -> Result<Vec<String>, Problem> {
    let mut spanning = None;
    for record in records.take(TITLE_ROWS_MAX) {
        let record = record.map_err(|swallow| swallows(file, &swallow))?;
        if has_key_columns(&record, mapping) {
            return names(file, &record);
        }
        spanning = spanning.or_else(|| record.spans.first().cloned());
        note_title(file, &record, source);
    }
    // The header may be within a title's quotes.
    Err(spanning.map_or_else(
        || no_header(file, mapping),
        |span| swallows(file, &span.swallow()),
    ))
}

/// What a text is made of, as keys of one table are: digits as 0, Latin letters as a, each run once.
fn shape_of(cell: &str) -> String {
    let mut shape = String::new();
    for c in cell.trim().chars() {
        let kind = match c {
            c if c.is_ascii_digit() => '0',
            c if c.is_ascii_alphabetic() => 'a',
            c if c.is_alphanumeric() => '字',
            c => c,
        };
        if !shape.ends_with(kind) {
            shape.push(kind);
        }
    }
    shape
}

fn read_row(file: &Arc<str>, names: &[String], record: &Record<'_>, source: &mut Source) {
    let place = Place {
        file: file.clone(),
        line: record.line,
    };
    if !record.more && record.cells.iter().all(|cell| cell.trim().is_empty()) {
        return;
    }
    if let Some(cell) = record.goes_on {
        let column = cell + 1;
        let reason = text!(
            "第 {column} 列的文字在引号之后还有内容：格内的引号要写成两个",
            "column {column} goes on after its closing quote: a quote within a cell is written twice"
        );
        source.refuse(&place, None, reason);
        return;
    }
    let beyond = record.cells.iter().skip(names.len());
    let extra = record.more || beyond.into_iter().any(|cell| !cell.trim().is_empty());
    if record.count < names.len() || extra {
        let (cells, columns) = (record.count, names.len());
        let reason = text!(
            "这一行有 {cells} 格，表头有 {columns} 列：可能有未加引号的分隔符或换行",
            "the row has {cells} cells and the header {columns}: a separator or line break may \
             stand there without quotes"
        );
        source.refuse(&place, None, reason);
        return;
    }
    let mut row = Row::new(place.clone());
    for (name, cell) in names.iter().zip(&record.cells) {
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
        "“{name}”含有看不见的控制字符（0x{code:02X}）",
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

fn has_key_columns(record: &Record<'_>, mapping: &Mapping) -> bool {
    mapping
        .key
        .iter()
        .all(|key| record.cells.iter().any(|cell| same_name(cell, key)))
}

fn same_name(cell: &str, name: &str) -> bool {
    cell.trim().eq_ignore_ascii_case(name.trim())
}

/// The header's names, without the empty columns that spreadsheets leave at its end.
fn names(file: &str, header: &Record<'_>) -> Result<Vec<String>, Problem> {
    let cells = header.cells.iter();
    let mut names: Vec<String> = cells.map(|cell| cell.trim().to_owned()).collect();
    while names.last().is_some_and(String::is_empty) {
        names.pop();
    }
    if names.len() > COLUMNS_MAX || header.more {
        let columns = header.count;
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

fn note_title(file: &str, record: &Record<'_>, source: &mut Source) {
    if record.cells.iter().all(|cell| cell.trim().is_empty()) {
        return;
    }
    let line = record.line;
    source.notes.push(text!(
        "{file} 第 {line} 行在表头之上，按标题跳过",
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
        let (zh, en) = (missing.join("、"), missing.join(", "));
        source.notes.push(text!(
            "{file} 没有这些列（相应字段不变）：{zh}",
            "{file} does not have these columns, so their fields stay as they are: {en}"
        ));
    }
}

fn no_header(file: &str, mapping: &Mapping) -> Problem {
    let (zh, en) = (mapping.key.join("、"), mapping.key.join(", "));
    bad_header(
        file,
        &text!(
            "前 {TITLE_ROWS_MAX} 行中没有含“{zh}”的表头",
            "none of the first {TITLE_ROWS_MAX} rows is a header with {en}"
        ),
    )
}

fn bad_header(file: &str, what: &Text) -> Problem {
    let Text { zh, en } = what;
    Problem::new(
        "import-header",
        text!(
            "{file} 的表头不能用：{zh}",
            "the header of {file} cannot be used: {en}"
        ),
        text!(
            "请按列对应表中的列名修改表头，或另选列对应表",
            "make the header fit the mapping's columns, or choose another mapping"
        ),
    )
}

/// Why a file is refused in which a quote takes in rows.
pub(super) fn swallows(file: &str, swallow: &Swallow) -> Problem {
    let Swallow { line, column, rows } = *swallow;
    let what = match rows {
        0 => text!(
            "{file} 第 {line} 行第 {column} 列的引号没有闭合，文件可能不完整；整个文件没有导入",
            "{file}, line {line}, column {column}: a quote is opened and never closed, so the file may \
             be cut off; nothing of it is imported"
        ),
        _ => text!(
            "{file} 第 {line} 行第 {column} 列的引号没有在该处闭合，其后 {rows} 行会并入这一格；\
             整个文件没有导入",
            "{file}, line {line}, column {column}: a quote is opened and not closed there, so that \
             {rows} more rows would become part of this cell; nothing of the file is imported"
        ),
    };
    Problem::new(
        "import-quote",
        what,
        text!(
            "请在该行补上或删去引号，再导入；格内的引号要写成两个。如这一格确实是多行文字，\
             请另存为以制表符分隔的“Unicode 文本”",
            "add or remove the quote on that line, then import again; a quote within a cell is written \
             twice. If the cell really is text of several lines, save the table as Unicode text, \
             separated by tabs"
        ),
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
