//! Parses one item, strictly: what the cutter hands over is either good XML or refused with its
//! line and reason. Reasons never repeat an item's text, which may hold a password.

use quick_xml::Reader;
use quick_xml::errors::{Error, IllFormedError};
use quick_xml::events::{BytesRef, Event};

use super::segment::{Fault, RawItem, lines_in};
use crate::limits::{ITEM_BYTES_MAX, ITEM_DEPTH_MAX, ITEM_ELEMENTS_MAX};
use crdt_model::text;
use crdt_model::text::Text;

/// The element whose fields count as the item's own: GB/T 28181-2016 A.2.1.9 nests half of them.
const NESTED: &str = "Info";

/// The fields of one item, in order: element name and text. Fields nested in `Info` stand as if
/// they were not nested; those nested elsewhere are named `Outer/Inner`.
pub(super) fn parse(item: &RawItem<'_>) -> Result<Vec<(String, String)>, Text> {
    match item.fault {
        Some(Fault::Unclosed) => {
            return Err(text!(
                "条目没有结束标签 </Item>",
                "the item has no end tag `</Item>`"
            ));
        }
        Some(Fault::TooLong) => {
            return Err(text!(
                "条目超过 {ITEM_BYTES_MAX} 字节",
                "the item is longer than {ITEM_BYTES_MAX} bytes"
            ));
        }
        None => {}
    }
    refuse_control_characters(item)?;
    let mut fields = Fields::default();
    let mut reader = Reader::from_str(item.text);
    loop {
        let event = reader
            .read_event()
            .map_err(|error| ill_formed(item, reader.error_position(), &error))?;
        match event {
            Event::Start(tag) => fields.open(tag.name().0)?,
            Event::Empty(tag) => {
                fields.open(tag.name().0)?;
                fields.close()?;
            }
            Event::End(_) => fields.close()?,
            Event::Text(text) => fields.push(&text.into_inner()),
            Event::CData(text) => fields.push(&text.into_inner()),
            Event::GeneralRef(reference) => fields.push_char(resolve(&reference)?),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::DocType(_) => return Err(not_well_formed(item.line)),
            Event::Eof => return fields.finish(item.line),
        }
    }
}

/// The fields read so far, and the elements that are open.
#[derive(Default)]
struct Fields {
    read: Vec<(String, String)>,
    open: Vec<Element>,
    elements: usize,
}

struct Element {
    name: String,
    text: String,
    has_children: bool,
}

impl Fields {
    fn open(&mut self, name: &str) -> Result<(), Text> {
        self.elements += 1;
        if self.elements > ITEM_ELEMENTS_MAX || self.open.len() >= ITEM_DEPTH_MAX {
            return Err(text!(
                "条目的元素过多（上限 {ITEM_ELEMENTS_MAX} 个、{ITEM_DEPTH_MAX} 层）",
                "the item has too many elements: at most {ITEM_ELEMENTS_MAX}, {ITEM_DEPTH_MAX} deep"
            ));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
        if name.is_empty() || !name.chars().all(plain) {
            return Err(text!(
                "元素名称不合法，可能是文字中含有“<”",
                "an element's name is not one: there may be a `<` within text"
            ));
        }
        if let Some(parent) = self.open.last_mut() {
            parent.has_children = true;
        }
        self.open.push(Element {
            name: name.to_owned(),
            text: String::new(),
            has_children: false,
        });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Text> {
        let Some(element) = self.open.pop() else {
            return Ok(());
        };
        let depth = self.open.len();
        let text = element.text.trim();
        if element.has_children {
            return if text.is_empty() {
                Ok(())
            } else {
                Err(text!(
                    "文字与元素混在一起，可能是文字中含有“<”",
                    "text and elements are mixed: there may be a `<` within text"
                ))
            };
        }
        if depth == 0 {
            return Ok(());
        }
        let outer: Vec<&str> = self
            .open
            .iter()
            .skip(1)
            .map(|outer| outer.name.as_str())
            .filter(|outer| !outer.eq_ignore_ascii_case(NESTED))
            .collect();
        let name = outer
            .into_iter()
            .chain([element.name.as_str()])
            .collect::<Vec<_>>()
            .join("/");
        self.read.push((name, text.to_owned()));
        Ok(())
    }

    fn push(&mut self, text: &str) {
        if let Some(element) = self.open.last_mut() {
            element.text.push_str(text);
        }
    }

    fn push_char(&mut self, c: char) {
        if let Some(element) = self.open.last_mut() {
            element.text.push(c);
        }
    }

    fn finish(self, line: u64) -> Result<Vec<(String, String)>, Text> {
        if self.open.is_empty() {
            Ok(self.read)
        } else {
            Err(not_well_formed(line))
        }
    }
}

/// Only the five entities of XML itself, and characters by number.
fn resolve(reference: &BytesRef<'_>) -> Result<char, Text> {
    let by_number = reference.resolve_char_ref().map_err(|_| unknown_entity())?;
    let resolved = match &**reference {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => by_number.filter(|c| !c.is_control() || c.is_ascii_whitespace()),
    };
    resolved.ok_or_else(unknown_entity)
}

fn unknown_entity() -> Text {
    text!(
        "含有未定义的实体引用或非法字符引用",
        "there is a reference to an unknown entity or to a character that XML does not allow"
    )
}

fn refuse_control_characters(item: &RawItem<'_>) -> Result<(), Text> {
    let bad = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
    let Some((at, c)) = item.text.char_indices().find(|(_, c)| bad(*c)) else {
        return Ok(());
    };
    let line = item.line + lines_in(item.text.get(..at).unwrap_or(""));
    let code = u32::from(c);
    Err(text!(
        "第 {line} 行含有控制字符 0x{code:02X}",
        "line {line} has the control character 0x{code:02X}"
    ))
}

fn ill_formed(item: &RawItem<'_>, position: u64, error: &Error) -> Text {
    let position = usize::try_from(position).unwrap_or(0);
    let line = item.line + lines_in(item.text.get(..position).unwrap_or(""));
    match error {
        Error::IllFormed(IllFormedError::UnclosedReference) => text!(
            "第 {line} 行的“&”没有转义（应写作 `&amp;`）",
            "line {line} has a bare `&`, which XML writes `&amp;`"
        ),
        _ => not_well_formed(line),
    }
}

fn not_well_formed(line: u64) -> Text {
    text!(
        "第 {line} 行附近不是合格的 XML：标签不配对，或文字中含有“<”",
        "near line {line} this is not well-formed XML: tags do not match, or there is a `<` \
         within text"
    )
}
