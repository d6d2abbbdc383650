//! Reads GB/T 28181 catalogues: answers to a `Catalog` query, and catalogue notifications, of the
//! 2016 and 2022 editions (items: A.2.1.9; Annexes H, M and N).
//!
//! A file may hold several messages, and an answer may be spread over several files: messages of
//! one platform with one `SN` are one answer. Nothing here deletes: an answer that did not arrive
//! whole is reported as partial and is otherwise read like any other.

mod code;
mod item;
mod merge;
mod segment;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use code::{Directory, Named, named};

use self::merge::{Devices, Relation};
use self::segment::{Message, RawItem, Root};
use crate::decode::{Decoded, declared_in};
use crate::row::{Place, Row, quoted};
use crate::source::{Partial, Source, of_file};
use crdt_model::text;
use crdt_model::text::{Problem, Text};

/// The element that names the device.
const DEVICE_ID: &str = "DeviceID";
/// The element of a notification that says what happened.
const EVENT: &str = "Event";

/// Reads decoded files into `source`.
pub fn read(files: &[(Arc<str>, Decoded<'_>)], source: &mut Source) -> Result<(), Problem> {
    let mut answers: BTreeMap<(String, String), Answer> = BTreeMap::new();
    let mut devices = Devices::default();
    for (name, decoded) in files {
        note_lying_header(name, decoded, source);
        let cut = segment::cut(&decoded.text).map_err(|problem| of_file(name, problem))?;
        source.notes.extend(cut.notes);
        for message in &cut.messages {
            if !is_catalogue(name, message, source) {
                continue;
            }
            let key = (message.platform.clone(), message.sn.clone());
            let answer = answers.entry(key).or_default();
            answer.announced = answer.announced.max(message.announced);
            answer.is_response |= message.root == Root::Response;
            if !message.closed || counts_differ(message) {
                note_cut_off(name, message, source);
            }
            let file = name.clone();
            let mut reading = Reading {
                file,
                message,
                source,
                devices: &mut devices,
            };
            for item in &message.items {
                let id = reading.item(item);
                answer.count(id);
            }
        }
    }
    devices.finish(source);
    for ((platform, sn), answer) in answers {
        answer.report(platform, sn, source);
    }
    Ok(())
}

/// What arrived of one answer.
#[derive(Default)]
struct Answer {
    announced: Option<u64>,
    is_response: bool,
    ids: BTreeSet<String>,
    without_id: u64,
}

impl Answer {
    fn count(&mut self, id: Option<String>) {
        match id {
            Some(id) => {
                self.ids.insert(id);
            }
            None => self.without_id += 1,
        }
    }

    fn report(self, platform: String, sn: String, source: &mut Source) {
        let received = u64::try_from(self.ids.len()).unwrap_or(u64::MAX) + self.without_id;
        let Some(announced) = self.announced.filter(|_| self.is_response) else {
            return;
        };
        if received < announced {
            let platform = quoted_id(&platform);
            source.partial.push(Partial {
                platform,
                sn,
                announced,
                received,
            });
        } else if received > announced {
            let platform = quoted_id(&platform);
            source.notes.push(text!(
                "平台 {platform} 的应答（SN {sn}）写明 {announced} 项，实际收到 {received} 项",
                "the answer of platform {platform} (SN {sn}) announces {announced} items and has \
                 {received}"
            ));
        }
    }
}

/// One message while its items are read.
struct Reading<'a> {
    file: Arc<str>,
    message: &'a Message<'a>,
    source: &'a mut Source,
    devices: &'a mut Devices,
}

impl Reading<'_> {
    /// Reads one item; its id is returned, whatever became of it.
    fn item(&mut self, item: &RawItem<'_>) -> Option<String> {
        let place = Place {
            file: self.file.clone(),
            line: item.line,
        };
        let fields = match item::parse(item) {
            Ok(fields) => fields,
            Err(reason) => {
                let id = glimpsed_id(item.text);
                self.source.refuse(&place, id.clone(), reason);
                return id;
            }
        };
        let field = |name: &str| {
            let found = fields
                .iter()
                .find(|(field, _)| field.eq_ignore_ascii_case(name))?;
            Some(found.1.as_str()).filter(|value| !value.is_empty())
        };
        let Some(id) = field(DEVICE_ID).map(str::to_owned) else {
            let reason = text!("条目没有 `DeviceID`", "the item has no `DeviceID`");
            self.source.refuse(&place, None, reason);
            return None;
        };
        if let Some((reason, refused)) = merge::not_a_device(&id) {
            let key = Some(quoted_id(&id));
            if refused {
                self.source.refuse(&place, key, reason);
            } else {
                self.source.skip(&place, key, reason);
            }
            return Some(id);
        }
        let event = field(EVENT).map(str::to_ascii_uppercase);
        if event.as_deref() == Some("DEL") {
            let reason = text!(
                "平台通知该设备已移除；导入不会移除设备，请核实后改为“停用”",
                "the platform says the device was removed; an import never deletes: check, then \
                 set it to retired"
            );
            self.source.skip(&place, Some(id.clone()), reason);
            return Some(id);
        }
        match self.row(&place, &fields, event.as_deref()) {
            Ok(row) => {
                let relation = match self.message.root {
                    Root::Response => Relation::OtherPath,
                    Root::Notify => Relation::News,
                };
                self.devices
                    .add(&id, row, relation, &mut self.source.columns);
            }
            Err(reason) => self.source.refuse(&place, Some(id.clone()), reason),
        }
        Some(id)
    }

    fn row(
        &mut self,
        place: &Place,
        fields: &[(String, String)],
        event: Option<&str>,
    ) -> Result<Row, Text> {
        let mut row = Row::new(place.clone());
        for (name, value) in fields {
            if name.eq_ignore_ascii_case(EVENT) {
                continue;
            }
            let before = self
                .source
                .columns
                .find(name)
                .and_then(|column| row.cell(column));
            let parent = name.eq_ignore_ascii_case("ParentID");
            match before {
                Some(before) if parent => {
                    let value = merge::united(before, value);
                    self.source.admit(&mut row, name, &value)?;
                }
                Some(before) if before != value.as_str() && !value.is_empty() => {
                    return Err(repeated(name));
                }
                None if parent => {
                    self.source
                        .admit(&mut row, name, &merge::united(value, ""))?;
                }
                _ => self.source.admit(&mut row, name, value)?,
            }
        }
        self.complete(&mut row, event)?;
        Ok(row)
    }

    /// Fills in what the standard lets an item leave out: the platform as parent (H.2.1), and the
    /// status that a notification's event stands for (Annex N).
    fn complete(&mut self, row: &mut Row, event: Option<&str>) -> Result<(), Text> {
        let has = |source: &Source, row: &Row, name: &str| {
            source
                .columns
                .find(name)
                .is_some_and(|column| row.cell(column).is_some())
        };
        let platform = self.message.platform.as_str();
        let is_platform = matches!(named(platform), Named::Directory(_));
        if self.message.root == Root::Response && is_platform && !has(self.source, row, "ParentID")
        {
            self.source.admit(row, "ParentID", platform)?;
        }
        match event {
            Some(event @ ("ON" | "OFF" | "VLOST" | "DEFECT"))
                if !has(self.source, row, "Status") =>
            {
                self.source.admit(row, "Status", event)
            }
            _ => Ok(()),
        }
    }
}

fn repeated(name: &str) -> Text {
    let name = quoted(name);
    text!(
        "元素 {name} 出现两次且值不同",
        "the element `{name}` stands there twice with different values"
    )
}

/// Whether a message is a catalogue. Others are left unread, and said so.
fn is_catalogue(file: &str, message: &Message<'_>, source: &mut Source) -> bool {
    if message.command.eq_ignore_ascii_case("Catalog") {
        return true;
    }
    let (line, command) = (message.line, &message.command);
    source.notes.push(text!(
        "{file} 第 {line} 行的报文类型是“{command}”，不是 `Catalog`，没有读取",
        "{file}, line {line}: the message is a `{command}`, not a `Catalog`, and was not read"
    ));
    false
}

fn counts_differ(message: &Message<'_>) -> bool {
    let items = u64::try_from(message.items.len()).ok();
    message.announced_here.is_some() && message.announced_here != items
}

fn note_cut_off(file: &str, message: &Message<'_>, source: &mut Source) {
    let (line, items) = (message.line, message.items.len());
    if message.closed {
        let announced = message.announced_here.unwrap_or(0);
        source.notes.push(text!(
            "{file} 第 {line} 行的报文写明 `Num={announced}`，实际有 {items} 项",
            "{file}, line {line}: the message announces Num={announced} and has {items} items"
        ));
    } else {
        source.notes.push(text!(
            "{file} 第 {line} 行的报文没有结束，可能被截断；读到 {items} 项",
            "{file}, line {line}: the message does not end and may be cut off; {items} items read"
        ));
    }
}

/// Says so when the XML header names another encoding than the bytes have.
fn note_lying_header(file: &str, decoded: &Decoded<'_>, source: &mut Source) {
    let Some(declared) = declared_in(&decoded.text).map(|name| quoted(&name)) else {
        return;
    };
    let says_utf8 = declared.starts_with("utf-8") || declared.starts_with("utf8");
    let is_utf8 = decoded.decoded_as.name().starts_with("UTF-8");
    if says_utf8 == is_utf8 || decoded.text.is_ascii() {
        return;
    }
    let actual = decoded.decoded_as.name();
    source.notes.push(text!(
        "{file} 的文件头写明编码为 {declared}，实际是 {actual}，已按实际编码读取",
        "{file}: the header says {declared}, the bytes are {actual} and were read as that"
    ));
}

/// The id of an item that cannot be parsed, if it shows one.
fn glimpsed_id(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let (_, rest) = lower.split_once("<deviceid>")?;
    let id: String = rest
        .trim_start()
        .chars()
        .take_while(char::is_ascii_digit)
        .take(21)
        .collect();
    (id.len() == 20).then_some(id)
}

/// An id that is not one, for a message.
fn quoted_id(id: &str) -> String {
    if id.len() <= 20 && id.bytes().all(|byte| byte.is_ascii_digit()) {
        id.to_owned()
    } else {
        quoted(id)
    }
}
