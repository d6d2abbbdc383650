//! Cuts the text of a file into messages and their items, before any of it is parsed as XML.
//!
//! Real catalogues hold `<` inside addresses, doubled end tags and several documents in one file.
//! A strict parser gives up on all of it at the first fault; cut item by item, one bad item costs
//! only itself.

use std::collections::BTreeMap;

use crate::limits::{ITEM_BYTES_MAX, QUOTE_CHARS_MAX, ROWS_MAX};
use crate::row::quoted;
use crdt_model::text;
use crdt_model::text::{Problem, Text};

/// What a message is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Root {
    /// The answer to a catalogue query.
    Response,
    /// A change that the platform announces by itself.
    Notify,
}

/// One message, cut but not parsed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Message<'a> {
    /// Whether it answers or announces.
    pub root: Root,
    /// The line it begins on.
    pub line: u64,
    /// `CmdType`, as written.
    pub command: String,
    /// `SN`: messages of one answer share it. Not always a number (`${SN}`).
    pub sn: String,
    /// `DeviceID` of the platform that sent it.
    pub platform: String,
    /// `SumNum`: items of all messages of this answer.
    pub announced: Option<u64>,
    /// `DeviceList@Num`: items of this message.
    pub announced_here: Option<u64>,
    /// Its items.
    pub items: Vec<RawItem<'a>>,
    /// Whether its end was found.
    pub closed: bool,
}

/// One item, cut but not parsed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct RawItem<'a> {
    /// The line it begins on.
    pub line: u64,
    /// From `<Item>` to `</Item>`.
    pub text: &'a str,
    /// What is wrong with how it was cut.
    pub fault: Option<Fault>,
}

/// Why an item cannot be parsed at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fault {
    /// `</Item>` is missing.
    Unclosed,
    /// It is longer than [`ITEM_BYTES_MAX`].
    TooLong,
}

/// The messages of one file, and what was odd between them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Cut<'a> {
    /// The messages, in order.
    pub messages: Vec<Message<'a>>,
    /// What a person should know.
    pub notes: Vec<Text>,
}

/// Cuts a file's text.
pub(super) fn cut(text: &str) -> Result<Cut<'_>, Problem> {
    let mut cutter = Cutter {
        text,
        at: 0,
        line: 1,
        line_at: 0,
        cut: Cut::default(),
        items: 0,
        ahead: BTreeMap::new(),
    };
    while cutter.step()? {}
    if cutter.cut.messages.is_empty() {
        return Err(not_a_catalogue());
    }
    Ok(cutter.cut)
}

struct Cutter<'a> {
    text: &'a str,
    at: usize,
    line: u64,
    line_at: usize,
    cut: Cut<'a>,
    items: usize,
    /// Where closings stand next, so that each is looked for once and not at every opening.
    ahead: BTreeMap<&'static str, Option<usize>>,
}

/// What is passed over unread: comments, CDATA and processing instructions.
const PASSED_OVER: [(&str, &str); 3] = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")];

/// How an item begins.
const ITEM: &str = "<item>";
/// How an item ends.
const ITEM_END: &str = "</item";

/// A tag's start: whether it ends an element, and the element's name in small letters.
struct Tag {
    ends: bool,
    name: String,
    /// Whether it has no content: `<Item/>`.
    empty: bool,
    /// Where the text after it begins.
    after: usize,
}

impl<'a> Cutter<'a> {
    /// Takes one piece of markup; `false` at the end of the text.
    fn step(&mut self) -> Result<bool, Problem> {
        let Some(at) = find(self.text, "<", self.at) else {
            return Ok(false);
        };
        if let Some(after) = self.passed_over(at)? {
            self.at = after;
            return Ok(true);
        }
        let tag = tag_at(self.text, at);
        self.at = tag.after;
        match (tag.ends, tag.name.as_str()) {
            (false, "response") => self.open(Root::Response, at),
            (false, "notify") => self.open(Root::Notify, at),
            (true, "response" | "notify") => {
                if let Some(message) = self.cut.messages.last_mut() {
                    message.closed = true;
                }
            }
            (false, "item") => self.item(at, &tag)?,
            (true, "item") => {
                let line = self.line_of(at);
                self.cut.notes.push(text!(
                    "第 {line} 行：多余的 </Item>，已跳过",
                    "line {line}: a second `</Item>` was passed over"
                ));
            }
            (false, "devicelist") => self.list(at, tag.after),
            (false, name) => self.head(name, tag.after),
            (true, _) => {}
        }
        Ok(true)
    }

    /// Where a comment, CDATA section or processing instruction that begins here ends. Document
    /// types and entities refuse the file: catalogues have none, and they can be bombs.
    fn passed_over(&mut self, at: usize) -> Result<Option<usize>, Problem> {
        let rest = self.text.get(at..).unwrap_or("");
        if is_declaration(rest) {
            return Err(declaration(self.line_of(at)));
        }
        for (opening, closing) in PASSED_OVER {
            if !rest.starts_with(opening) {
                continue;
            }
            let end = self.skip(at, opening, closing);
            let line = self.line_of(at);
            if end.is_none() {
                self.cut.notes.push(text!(
                    "第 {line} 行的“{opening}”没有结束，其后的内容未读",
                    "line {line}: `{opening}` never ends; what follows was not read"
                ));
            }
            let end = end.unwrap_or(self.text.len());
            let within = self.text.get(..end).unwrap_or("");
            let items = positions(within, ITEM, at).count();
            if items > 0 {
                self.cut.notes.push(text!(
                    "第 {line} 行的“{opening}”之内有 {items} 个条目，未读取",
                    "line {line}: {items} items stand within `{opening}` and were not read"
                ));
            }
            return Ok(Some(end));
        }
        Ok(None)
    }

    /// Where the construct that opens here ends, if it ever does.
    fn skip(&mut self, at: usize, opening: &str, closing: &'static str) -> Option<usize> {
        let end = self.next_of(closing, at + opening.len());
        Some(end? + closing.len())
    }

    /// Where a closing stands next, in letters of any case.
    fn next_of(&mut self, closing: &'static str, from: usize) -> Option<usize> {
        match self.ahead.get(closing) {
            Some(None) => return None,
            Some(Some(at)) if *at >= from => return Some(*at),
            _ => {}
        }
        let found = positions(self.text, closing, from).next();
        self.ahead.insert(closing, found);
        found
    }

    fn open(&mut self, root: Root, at: usize) {
        let line = self.line_of(at);
        self.cut.messages.push(Message {
            root,
            line,
            command: String::new(),
            sn: String::new(),
            platform: String::new(),
            announced: None,
            announced_here: None,
            items: Vec::new(),
            closed: false,
        });
    }

    fn head(&mut self, name: &str, after: usize) {
        let Some(message) = self.cut.messages.last_mut() else {
            return;
        };
        let end = find(self.text, "<", after).unwrap_or(self.text.len());
        let value = self.text.get(after..end).unwrap_or("").trim();
        match name {
            "cmdtype" if message.command.is_empty() => message.command = quoted(value),
            "sn" if message.sn.is_empty() => message.sn = quoted(value),
            "deviceid" if message.platform.is_empty() => {
                message.platform = value.chars().take(QUOTE_CHARS_MAX).collect();
            }
            "sumnum" if message.announced.is_none() => message.announced = value.parse().ok(),
            _ => {}
        }
    }

    fn list(&mut self, at: usize, after: usize) {
        let Some(message) = self.cut.messages.last_mut() else {
            return;
        };
        let tag = self.text.get(at..after).unwrap_or("").to_ascii_lowercase();
        let number = tag.split_once("num").and_then(|(_, rest)| {
            let rest = rest.trim_start().strip_prefix('=')?.trim_start();
            let digits = rest.trim_start_matches(['"', '\'']);
            let end = digits
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(digits.len());
            digits.get(..end)?.parse().ok()
        });
        message.announced_here = number;
    }

    fn item(&mut self, at: usize, tag: &Tag) -> Result<(), Problem> {
        self.items += 1;
        if self.items > ROWS_MAX {
            return Err(too_many());
        }
        let (end, closed) = if tag.empty {
            (tag.after, true)
        } else {
            self.item_end(tag.after)?
        };
        let line = self.line_of(at);
        let text = self.text.get(at..end).unwrap_or("");
        let fault = match (closed, text.len() > ITEM_BYTES_MAX) {
            (_, true) => Some(Fault::TooLong),
            (false, _) => Some(Fault::Unclosed),
            (true, false) => None,
        };
        self.at = end;
        if self.cut.messages.is_empty() {
            self.open(Root::Response, at);
            self.cut.notes.push(text!(
                "第 {line} 行：条目不在 `Response` 或 `Notify` 之内",
                "line {line}: an item stands outside `Response` and `Notify`"
            ));
            if let Some(message) = self.cut.messages.last_mut() {
                "Catalog".clone_into(&mut message.command);
            }
        }
        if let Some(message) = self.cut.messages.last_mut() {
            message.items.push(RawItem { line, text, fault });
        }
        Ok(())
    }

    /// Where the item whose content begins here ends, and whether by its own end tag.
    fn item_end(&mut self, from: usize) -> Result<(usize, bool), Problem> {
        let mut at = from;
        while let Some(next) = find(self.text, "<", at) {
            let rest = self.text.get(next..).unwrap_or("");
            if is_declaration(rest) {
                return Err(declaration(self.line_of(next)));
            }
            if rest.starts_with("<?xml") {
                return Ok((next, false));
            }
            let opened = PASSED_OVER
                .iter()
                .find(|(opening, _)| rest.starts_with(opening));
            if let Some((opening, closing)) = opened {
                // What closes behind the item's end belongs to another item.
                let item_end = self.next_of(ITEM_END, next);
                let end = self.skip(next, opening, closing);
                let end = end.filter(|end| item_end.is_none_or(|item| *end <= item));
                at = end.unwrap_or(next + 1);
                continue;
            }
            let tag = tag_at(self.text, next);
            match (tag.ends, tag.name.as_str()) {
                (true, "item") => return Ok((tag.after, true)),
                (false, "item" | "response" | "notify")
                | (true, "devicelist" | "response" | "notify") => return Ok((next, false)),
                _ => at = next + 1,
            }
        }
        Ok((self.text.len(), false))
    }

    /// The line that a position is on. Positions are asked for in rising order, nearly always.
    fn line_of(&mut self, at: usize) -> u64 {
        if at < self.line_at {
            (self.line, self.line_at) = (1, 0);
        }
        let passed = self.text.get(self.line_at..at).unwrap_or("");
        self.line += lines_in(passed);
        self.line_at = at;
        self.line
    }
}

/// Line breaks in a text.
pub(super) fn lines_in(text: &str) -> u64 {
    text.bytes().map(|byte| u64::from(byte == b'\n')).sum()
}

/// Where something stands from a position on, in letters of any case.
fn positions(text: &str, what: &'static str, from: usize) -> impl Iterator<Item = usize> {
    let first = what.get(..1).unwrap_or(what);
    let rest = text.get(from..).unwrap_or("");
    let found = rest.match_indices(first).map(move |(at, _)| from + at);
    found.filter(move |at| {
        let here = text.as_bytes().get(*at..*at + what.len());
        here.is_some_and(|here| here.eq_ignore_ascii_case(what.as_bytes()))
    })
}

fn find(text: &str, what: &str, from: usize) -> Option<usize> {
    text.get(from..)?.find(what).map(|at| from + at)
}

fn is_declaration(rest: &str) -> bool {
    let Some(after) = rest.strip_prefix("<!") else {
        return false;
    };
    let word: String = after
        .chars()
        .take(8)
        .collect::<String>()
        .to_ascii_uppercase();
    ["DOCTYPE", "ENTITY", "ELEMENT", "ATTLIST", "NOTATION"]
        .iter()
        .any(|known| word.starts_with(known))
}

/// The tag that begins at a `<`. Its end is the next `>` before another `<`.
fn tag_at(text: &str, at: usize) -> Tag {
    let after_bracket = at + 1;
    let rest = text.get(after_bracket..).unwrap_or("");
    let (ends, rest) = match rest.strip_prefix('/') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let length = rest
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':')))
        .unwrap_or(rest.len());
    let name = rest.get(..length).unwrap_or("").to_ascii_lowercase();
    let close = rest
        .find(['<', '>'])
        .filter(|end| rest.as_bytes().get(*end) == Some(&b'>'));
    let start = after_bracket + usize::from(ends);
    let (after, empty) = match close {
        Some(end) => (
            start + end + 1,
            rest.get(..end).is_some_and(|tag| tag.ends_with('/')),
        ),
        None => (after_bracket, false),
    };
    Tag {
        ends,
        name,
        empty,
        after,
    }
}

fn declaration(line: u64) -> Problem {
    Problem::new(
        "import-xml-declaration",
        text!(
            "第 {line} 行含有文档类型（`DTD`）或实体定义，整个文件没有导入",
            "line {line} has a document type or entity declaration: the file is refused"
        ),
        text!(
            "国标目录报文不含这类定义，请核实文件来源",
            "catalogues have no such declarations: check where the file comes from"
        ),
    )
}

fn not_a_catalogue() -> Problem {
    Problem::new(
        "import-not-a-catalogue",
        text!(
            "文件中没有 GB/T 28181 的 `Response` 或 `Notify` 报文",
            "the file holds no `Response` or `Notify` message of GB/T 28181"
        ),
        text!(
            "请提供目录查询（`Catalog`）的应答报文；表格请用 CSV 文件和列对应表",
            "give the answer to a Catalog query; for tables, use a CSV mapping"
        ),
    )
}

fn too_many() -> Problem {
    Problem::new(
        "import-too-many-rows",
        text!(
            "条目超过 {ROWS_MAX} 个",
            "there are more than {ROWS_MAX} items"
        ),
        text!("请分批导入", "import them in parts"),
    )
}
