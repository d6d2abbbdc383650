//! The bytes of requests and responses; the engine's messages carry them as they are.
//!
//! ```text
//! request   count questions, then each: u8 flags, [bound lower,] bound upper, fingerprint
//! response  bound answered, count ranges, then each: u8 flags, [bound lower,] bound upper,
//!           fingerprint or list
//! flags     1: lower differs from the upper of the one before (of the first: from the start) and
//!           follows; 2: a list (responses only)
//! fingerprint  varint count, 16 B hash
//! list      count items, then runs until that many were read: label, count items of the run, then
//!           each: 16 B record, 16 B digest
//! bound     u8 head: 0–16 bytes of record follow, the rest are zeros; 17 start; 18 end;
//!           + 32: a label follows before the record, otherwise it is the last label above
//! label     u8 parts, then those that differ from the last label above:
//!           1 name facet, 2 node home, 4 addressee is home, 8 node addressee,
//!           16 name sensitivity, 32 name level
//! ```
//!
//! A value that has two encodings is written in the shorter; the reader encodes what it has read
//! and refuses what comes out different.

use super::fingerprint::{Fingerprint, ShortDigest};
use super::message::{Item, Question, Range, RangeContent, Request, Response};
use super::position::{Bound, Position, Span};
use crate::encoding::{DecodeError, Reader, Writer};
use crate::ids::RecordId;
use crate::label::{Grade, Label};
use crate::limits::{RECONCILE_ITEMS_MAX, RECONCILE_RANGES_MAX};

const LOWER: u8 = 1;
const LIST: u8 = 2;

const HEAD_START: u8 = 17;
const HEAD_END: u8 = 18;
const HEAD_LABEL: u8 = 32;

const FACET: u8 = 1;
const HOME: u8 = 2;
const ADDRESSEE_HOME: u8 = 4;
const ADDRESSEE: u8 = 8;
const SENSITIVITY: u8 = 16;
const LEVEL: u8 = 32;

/// Bytes of a label at most: parts, three names, two nodes.
const LABEL_BYTES_MAX: usize = 1 + 3 * 32 + 2 * 5;
/// Bytes of a bound at most: head, label, record.
pub(super) const BOUND_BYTES_MAX: usize = 1 + LABEL_BYTES_MAX + 16;
/// Bytes of an item at most: where each begins a run of its own, with a label in full.
pub(super) const ITEM_BYTES_MAX: usize = LABEL_BYTES_MAX + 2 + ITEM_BYTES;
/// Bytes of an item that continues a run.
pub(super) const ITEM_BYTES: usize = 32;

impl Request {
    /// The encoding.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        let mut encoder = Encoder::default();
        writer.count(self.questions.len());
        for question in &self.questions {
            encoder.question(&mut writer, question);
        }
        writer.into_bytes()
    }

    /// Reads what [`Self::encode`] wrote, and nothing else.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        canonical(bytes, "request", Self::read, Self::encode)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut decoder = Decoder::default();
        let count = reader.count(RECONCILE_RANGES_MAX, "questions")?;
        let mut questions = Vec::new();
        for _ in 0..count {
            questions.push(decoder.question(reader)?);
        }
        Ok(Self { questions })
    }
}

impl Response {
    /// The encoding.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        let mut encoder = Encoder::default();
        encoder.bound(&mut writer, &self.answered);
        writer.count(self.ranges.len());
        for range in &self.ranges {
            encoder.range(&mut writer, range);
        }
        writer.into_bytes()
    }

    /// Reads what [`Self::encode`] wrote, and nothing else.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        canonical(bytes, "response", Self::read, Self::encode)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut decoder = Decoder::default();
        let answered = decoder.bound(reader)?;
        let count = reader.count(RECONCILE_RANGES_MAX, "ranges")?;
        let mut ranges = Vec::new();
        for _ in 0..count {
            ranges.push(decoder.range(reader)?);
        }
        Ok(Self { answered, ranges })
    }
}

/// Reads a value, and checks that it would be written as it was read.
fn canonical<T>(
    bytes: &[u8],
    what: &'static str,
    read: impl FnOnce(&mut Reader<'_>) -> Result<T, DecodeError>,
    encode: impl FnOnce(&T) -> Vec<u8>,
) -> Result<T, DecodeError> {
    let mut reader = Reader::new(bytes);
    let value = read(&mut reader)?;
    reader.finish()?;
    if encode(&value) != bytes {
        return Err(DecodeError::NotCanonical(what));
    }
    Ok(value)
}

/// What later values of a message are written relative to.
#[derive(Clone, Debug)]
pub(super) struct Encoder {
    label: Option<Label>,
    reached: Bound,
}

impl Default for Encoder {
    fn default() -> Self {
        Self {
            label: None,
            reached: Bound::Start,
        }
    }
}

impl Encoder {
    pub(super) fn question(&mut self, writer: &mut Writer, question: &Question) {
        self.span(writer, &question.span, 0);
        fingerprint(writer, &question.fingerprint);
    }

    pub(super) fn range(&mut self, writer: &mut Writer, range: &Range) {
        match &range.content {
            RangeContent::Fingerprint(value) => {
                self.span(writer, &range.span, 0);
                fingerprint(writer, value);
            }
            RangeContent::Items(items) => {
                self.span(writer, &range.span, LIST);
                self.items(writer, items);
            }
        }
    }

    fn span(&mut self, writer: &mut Writer, span: &Span, flags: u8) {
        if span.lower == self.reached {
            writer.u8(flags);
        } else {
            writer.u8(flags | LOWER);
            self.bound(writer, &span.lower);
        }
        self.bound(writer, &span.upper);
        self.reached = span.upper;
    }

    pub(super) fn bound(&mut self, writer: &mut Writer, bound: &Bound) {
        let position = match bound {
            Bound::Start => {
                writer.u8(HEAD_START);
                return;
            }
            Bound::End => {
                writer.u8(HEAD_END);
                return;
            }
            Bound::At(position) => position,
        };
        let record = &position.record.0;
        let zeros = record.iter().rev().take_while(|byte| **byte == 0).count();
        let (kept, _) = record.split_at(record.len().saturating_sub(zeros));
        let head = kept.len() as u8;
        if self.label == Some(position.label) {
            writer.u8(head);
        } else {
            writer.u8(head | HEAD_LABEL);
            self.label(writer, &position.label);
        }
        writer.raw(kept);
    }

    fn label(&mut self, writer: &mut Writer, label: &Label) {
        let last = self.label.replace(*label);
        let differs = |part: u8, same: fn(&Label, &Label) -> bool| {
            let same = last.is_some_and(|last| same(&last, label));
            if same { 0 } else { part }
        };
        let addressee = if label.addressee == label.home {
            ADDRESSEE_HOME
        } else {
            ADDRESSEE
        };
        let parts = differs(FACET, |one, other| one.facet == other.facet)
            | differs(HOME, |one, other| one.home == other.home)
            | differs(addressee, |one, other| one.addressee == other.addressee)
            | differs(SENSITIVITY, |one, other| {
                one.grade.sensitivity == other.grade.sensitivity
            })
            | differs(LEVEL, |one, other| one.grade.level == other.grade.level);
        writer.u8(parts);
        if parts & FACET != 0 {
            writer.name(label.facet);
        }
        if parts & HOME != 0 {
            writer.node(label.home);
        }
        if parts & ADDRESSEE != 0 {
            writer.node(label.addressee);
        }
        if parts & SENSITIVITY != 0 {
            writer.name(label.grade.sensitivity);
        }
        if parts & LEVEL != 0 {
            writer.name(label.grade.level);
        }
    }

    fn items(&mut self, writer: &mut Writer, items: &[Item]) {
        writer.count(items.len());
        for run in items.chunk_by(|one, other| one.position.label == other.position.label) {
            let Some(first) = run.first() else {
                continue;
            };
            self.label(writer, &first.position.label);
            writer.count(run.len());
            for item in run {
                writer.raw(&item.position.record.0).raw(&item.digest.0);
            }
        }
    }
}

fn fingerprint(writer: &mut Writer, fingerprint: &Fingerprint) {
    writer.varint(fingerprint.count).raw(&fingerprint.hash);
}

/// The reading twin of [`Encoder`].
#[derive(Debug)]
struct Decoder {
    label: Option<Label>,
    reached: Bound,
    items_left: usize,
}

impl Default for Decoder {
    fn default() -> Self {
        Self {
            label: None,
            reached: Bound::Start,
            items_left: RECONCILE_ITEMS_MAX,
        }
    }
}

impl Decoder {
    fn question(&mut self, reader: &mut Reader<'_>) -> Result<Question, DecodeError> {
        let flags = reader.u8("flags")?;
        if flags & !LOWER != 0 {
            return Err(DecodeError::Unknown("flags"));
        }
        Ok(Question {
            span: self.span(reader, flags)?,
            fingerprint: read_fingerprint(reader)?,
        })
    }

    fn range(&mut self, reader: &mut Reader<'_>) -> Result<Range, DecodeError> {
        let flags = reader.u8("flags")?;
        if flags & !(LOWER | LIST) != 0 {
            return Err(DecodeError::Unknown("flags"));
        }
        let span = self.span(reader, flags)?;
        let content = if flags & LIST == 0 {
            RangeContent::Fingerprint(read_fingerprint(reader)?)
        } else {
            RangeContent::Items(self.items(reader)?)
        };
        Ok(Range { span, content })
    }

    fn span(&mut self, reader: &mut Reader<'_>, flags: u8) -> Result<Span, DecodeError> {
        let lower = if flags & LOWER == 0 {
            self.reached
        } else {
            self.bound(reader)?
        };
        let upper = self.bound(reader)?;
        self.reached = upper;
        Ok(Span { lower, upper })
    }

    fn bound(&mut self, reader: &mut Reader<'_>) -> Result<Bound, DecodeError> {
        let head = reader.u8("bound")?;
        let kept = match head {
            HEAD_START => return Ok(Bound::Start),
            HEAD_END => return Ok(Bound::End),
            _ => usize::from(head & !HEAD_LABEL),
        };
        let mut record = [0; 16];
        let room = record
            .get_mut(..kept)
            .ok_or(DecodeError::Unknown("bound"))?;
        let label = if head & HEAD_LABEL == 0 {
            self.label.ok_or(DecodeError::NotCanonical("bound"))?
        } else {
            self.label(reader)?
        };
        room.copy_from_slice(reader.slice(kept, "bound")?);
        let record = RecordId(record);
        Ok(Bound::At(Position { label, record }))
    }

    fn label(&mut self, reader: &mut Reader<'_>) -> Result<Label, DecodeError> {
        let parts = reader.u8("label")?;
        let missing = DecodeError::NotCanonical("label");
        let last = self.label.ok_or(missing);
        let has = |part: u8| parts & part != 0;
        let pick = |part: u8| if has(part) { None } else { Some(last.clone()) };
        let facet = match pick(FACET) {
            None => reader.name("facet")?,
            Some(last) => last?.facet,
        };
        let home = match pick(HOME) {
            None => reader.node("home")?,
            Some(last) => last?.home,
        };
        let addressee = match pick(ADDRESSEE) {
            None => reader.node("addressee")?,
            Some(_) if has(ADDRESSEE_HOME) => home,
            Some(last) => last?.addressee,
        };
        let sensitivity = match pick(SENSITIVITY) {
            None => reader.name("sensitivity")?,
            Some(last) => last?.grade.sensitivity,
        };
        let level = match pick(LEVEL) {
            None => reader.name("level")?,
            Some(last) => last?.grade.level,
        };
        let label = Label {
            facet,
            home,
            addressee,
            grade: Grade { sensitivity, level },
        };
        self.label = Some(label);
        Ok(label)
    }

    fn items(&mut self, reader: &mut Reader<'_>) -> Result<Vec<Item>, DecodeError> {
        let count = reader.count(self.items_left, "items")?;
        self.items_left -= count;
        let mut items = Vec::new();
        while items.len() < count {
            let label = self.label(reader)?;
            let run = reader.count(count - items.len(), "items of a run")?;
            if run == 0 {
                return Err(DecodeError::NotCanonical("items"));
            }
            for _ in 0..run {
                let record = RecordId(reader.array("record")?);
                let digest = ShortDigest(reader.array("digest")?);
                let position = Position { label, record };
                items.push(Item { position, digest });
            }
        }
        Ok(items)
    }
}

fn read_fingerprint(reader: &mut Reader<'_>) -> Result<Fingerprint, DecodeError> {
    Ok(Fingerprint {
        count: reader.varint("count")?,
        hash: reader.array("fingerprint")?,
    })
}
