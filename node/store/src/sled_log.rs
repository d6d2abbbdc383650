//! sled's log, read without sled: opening it with sled cuts it off where it cannot be read.
//!
//! ```text
//! db        segments of 512 KiB, the last one shorter
//! segment   CRC-32 u32, position i64, stable position i64, then messages; the three are masked
//! message   CRC-32 u32, kind u8, length, segment's number, page, body
//! ```
//!
//! Integers are little-endian, and those without a size vary in length. A segment's position in the
//! log is in its front, for places in the file are used again; its number is that position in
//! segments. A segment that was given up keeps what it held until it is used again.
//!
//! Bodies: a page as a whole (`node`), one changed entry of a page (`link`), or other things that
//! hold no entries. Keys in a page lack what all of them begin with.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::engine::Found;
use super::stamp::take;

const SEGMENT_BYTES: usize = 512 * 1024;
const FRONT_BYTES: usize = 20;
/// sled begins no message nearer to the end of a segment.
const MESSAGE_ROOM_BYTES: usize = 32;
const MASK: i64 = i64::MAX;

const CANCELED: u8 = 1;
const CAP: u8 = 2;
/// Begins a batch; its body is where the batch ends in the log.
const BATCH: u8 = 3;
const FREE: u8 = 4;
const NODE: u8 = 8;
const LINK: u8 = 10;
const LAST_KIND: u8 = 11;

/// What reading a log once showed.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// What is wrong, and where.
    pub(super) damage: Vec<String>,
    /// What cannot be read behind all that was durable.
    pub(super) torn: Vec<String>,
    /// Whether the file holds a segment at all.
    pub(super) any: bool,
}

/// Reads a log. `newest` is called with every value that the key had, as far as it still stands
/// there; the key must be the first of all.
///
/// On a thread whose stack holds the segment that is read: a block of that size that goes back to the
/// allocator has it keep the blocks of sled that size from then on, which is 6 MB of a village's
/// node.
pub(super) fn inspect(path: &Path, key: &[u8], newest: &mut Found<'_>) -> io::Result<Findings> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(2 * SEGMENT_BYTES + (1 << 20));
        let reading = thread.spawn_scoped(scope, || {
            inspect_in(&mut [0; SEGMENT_BYTES], path, key, newest)
        });
        let panicked = |_| Err(io::Error::other("reading the log"));
        reading?.join().unwrap_or_else(panicked)
    })
}

fn inspect_in(
    buffer: &mut [u8; SEGMENT_BYTES],
    path: &Path,
    key: &[u8],
    newest: &mut Found<'_>,
) -> io::Result<Findings> {
    let segments = segments(path)?;
    let last = segments.keys().next_back().copied();
    let mut findings = Findings {
        any: last.is_some(),
        ..Findings::default()
    };
    let file = File::open(path)?;
    let mut reach = Reach::default();
    for (position, offset) in &segments {
        let bytes = read_segment(&file, *offset, buffer)?;
        let end = each_message_from(bytes, *position, FRONT_BYTES, |message| {
            reach.pass(position + message.at as i64, message, key, newest);
        });
        let Some(end) = end else { continue };
        let goes_on = || next_message(bytes, *position, end + 1).is_some();
        if Some(*position) != last || goes_on() {
            let at = offset + end as u64;
            let list = match reach.is_behind_all(position + end as i64) {
                true => &mut findings.torn,
                false => &mut findings.damage,
            };
            list.push(format!("the log cannot be read at byte {at}"));
        }
    }
    for offset in (0..file.metadata()?.len()).step_by(SEGMENT_BYTES) {
        let bytes = read_segment_front(&file, offset)?;
        if position(&bytes).is_none()
            && read_segment(&file, offset, buffer)?
                .iter()
                .any(|byte| *byte != 0)
        {
            findings.damage.push(format!(
                "the front of the log's segment at byte {offset} cannot be read"
            ));
        }
    }
    Ok(findings)
}

/// How far what was durable reaches into the log.
#[derive(Default)]
struct Reach {
    /// Where the batch ends that was begun last.
    batch_end: i64,
    /// Where the batch ends with which all had been written that was durable.
    durable_end: Option<i64>,
}

impl Reach {
    /// Goes past the next message of the log, which stands at this position.
    fn pass(&mut self, position: i64, message: &Message<'_>, key: &[u8], newest: &mut Found<'_>) {
        if let (BATCH, Ok(end)) = (message.kind, message.body.try_into()) {
            self.batch_end = i64::from_le_bytes(end);
        }
        let mut is_durable = false;
        message.value_of(key, &mut |value| {
            is_durable |= newest(value);
            is_durable
        });
        if is_durable && self.durable_end.is_none() {
            self.durable_end = Some(self.batch_end.max(position + message.bytes as i64));
        }
    }

    /// Whether a position lies behind all that was durable.
    fn is_behind_all(&self, position: i64) -> bool {
        self.durable_end.is_some_and(|end| position >= end)
    }
}

/// Everything that can still be read of a log: key to value, as it was last.
pub(super) fn salvage(path: &Path) -> io::Result<BTreeMap<Vec<u8>, Vec<u8>>> {
    let file = File::open(path)?;
    let mut pages: BTreeMap<u64, Page> = BTreeMap::new();
    let mut buffer = Box::new([0; SEGMENT_BYTES]);
    for (position, offset) in segments(path)? {
        let bytes = read_segment(&file, offset, &mut buffer)?;
        let mut from = Some(FRONT_BYTES);
        while let Some(at) = from {
            let end = each_message_from(bytes, position, at, |message| message.apply(&mut pages));
            from = end.and_then(|end| next_message(bytes, position, end + 1));
        }
    }
    Ok(pages.into_values().flat_map(|page| page.entries).collect())
}

/// The entries of a page, and what the keys of changes to it lack.
#[derive(Default)]
struct Page {
    prefix: Vec<u8>,
    entries: BTreeMap<Vec<u8>, Vec<u8>>,
}

/// The segments of a log by their position in it, with their offsets in the file.
fn segments(path: &Path) -> io::Result<BTreeMap<i64, u64>> {
    let file = File::open(path)?;
    let file_bytes = file.metadata()?.len();
    let mut found = BTreeMap::new();
    for offset in (0..file_bytes).step_by(SEGMENT_BYTES) {
        let front = read_segment_front(&file, offset)?;
        found.extend(position(&front).map(|position| (position, offset)));
    }
    Ok(found)
}

/// The front of the segment at an offset; empty where the file ends before.
fn read_segment_front(file: &File, offset: u64) -> io::Result<Vec<u8>> {
    let whole = offset + FRONT_BYTES as u64 <= file.metadata()?.len();
    let mut front = vec![0; if whole { FRONT_BYTES } else { 0 }];
    file.read_exact_at(&mut front, offset)?;
    Ok(front)
}

/// The segment at an offset, or as much of it as there is.
fn read_segment<'a>(
    file: &File,
    offset: u64,
    buffer: &'a mut [u8; SEGMENT_BYTES],
) -> io::Result<&'a [u8]> {
    let left = file.metadata()?.len().saturating_sub(offset);
    let length = left.min(SEGMENT_BYTES as u64) as usize;
    let bytes = buffer.get_mut(..length).unwrap_or_default();
    file.read_exact_at(bytes, offset)?;
    Ok(bytes)
}

/// A segment's position in the log, if its front is whole.
fn position(segment: &[u8]) -> Option<i64> {
    let mut rest = segment;
    let expected = u32::from_le_bytes(take(&mut rest)?) ^ u32::MAX;
    let found = crc32fast::hash(rest.get(..FRONT_BYTES - 4)?);
    let position = i64::from_le_bytes(take(&mut rest)?) ^ MASK;
    (found == expected && position >= 0).then_some(position)
}

struct Message<'a> {
    /// Where it begins in its segment.
    at: usize,
    kind: u8,
    page: u64,
    body: &'a [u8],
    /// Bytes of all of it.
    bytes: usize,
}

/// Calls `visit` for the messages of a segment in their order, from a byte on; where something that
/// is none begins, unless they fill it.
fn each_message_from(
    segment: &[u8],
    position: i64,
    from: usize,
    mut visit: impl FnMut(&Message<'_>),
) -> Option<usize> {
    let mut at = from;
    while at + MESSAGE_ROOM_BYTES <= SEGMENT_BYTES {
        let Some(message) = message(segment, position, at) else {
            return Some(at);
        };
        if message.kind == CAP {
            return None;
        }
        visit(&message);
        at += message.bytes;
    }
    None
}

/// The message that begins at this byte of a segment, if its checksum is right.
fn message(segment: &[u8], position: i64, at: usize) -> Option<Message<'_>> {
    let whole = segment.get(at..)?;
    let mut rest = whole;
    let expected = u32::from_le_bytes(take(&mut rest)?) ^ u32::MAX;
    let [kind] = take(&mut rest)?;
    if !(CANCELED..=LAST_KIND).contains(&kind) {
        return None;
    }
    let length = usize::try_from(number(&mut rest)?).ok()?;
    let segment_number = number(&mut rest)?;
    if i64::try_from(segment_number).ok()? != position / SEGMENT_BYTES as i64 {
        return None;
    }
    let page = number(&mut rest)?;
    let front_bytes = whole.len() - rest.len();
    let body = rest.get(..length)?;
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(body);
    hasher.update(whole.get(4..front_bytes)?);
    (hasher.finalize() == expected).then_some(Message {
        at,
        kind,
        page,
        body,
        bytes: front_bytes + length,
    })
}

/// Where the next message begins, from here on.
fn next_message(segment: &[u8], position: i64, from: usize) -> Option<usize> {
    let last = segment.len().min(SEGMENT_BYTES - MESSAGE_ROOM_BYTES + 1);
    (from..last).find(|at| message(segment, position, *at).is_some())
}

impl Message<'_> {
    /// Calls `found` with the value that this gives to the first key of all, if it does.
    fn value_of(&self, key: &[u8], found: &mut Found<'_>) {
        match self.kind {
            LINK => {
                if let Some(Change::Put(changed, value)) = link(self.body)
                    && changed == key
                {
                    found(value);
                }
            }
            NODE if is_first_leaf(self.body) => {
                if let Some(value) = leaf(self.body).and_then(|page| page.entries.get(key).cloned())
                {
                    found(&value);
                }
            }
            _ => {}
        }
    }

    fn apply(&self, pages: &mut BTreeMap<u64, Page>) {
        match self.kind {
            LINK => {
                // The keys of a page that cannot be read any more are not known.
                let Some(page) = pages.get_mut(&self.page) else {
                    return;
                };
                let whole = |key| [page.prefix.as_slice(), key].concat();
                match link(self.body) {
                    Some(Change::Put(key, value)) => {
                        page.entries.insert(whole(key), value.to_vec());
                    }
                    Some(Change::Delete(key)) => {
                        page.entries.remove(&whole(key));
                    }
                    None => {}
                }
            }
            NODE => {
                if let Some(page) = leaf(self.body) {
                    pages.insert(self.page, page);
                }
            }
            FREE => {
                pages.remove(&self.page);
            }
            _ => {}
        }
    }
}

enum Change<'a> {
    Put(&'a [u8], &'a [u8]),
    Delete(&'a [u8]),
}

fn link(body: &[u8]) -> Option<Change<'_>> {
    let mut rest = body;
    match take(&mut rest)? {
        [0] => Some(Change::Put(bytes(&mut rest)?, bytes(&mut rest)?)),
        [1] => Some(Change::Delete(bytes(&mut rest)?)),
        _ => None,
    }
}

/// What stands in a page before its entries.
struct Front<'a> {
    prefix: &'a [u8],
    low: &'a [u8],
    rest: &'a [u8],
}

fn front(body: &[u8]) -> Option<Front<'_>> {
    let mut rest = body;
    let _next = number(&mut rest)?;
    let _merging_child = number(&mut rest)?;
    let [_merging] = take(&mut rest)?;
    let [prefix_bytes] = take(&mut rest)?;
    let low = bytes(&mut rest)?;
    let _high = bytes(&mut rest)?;
    let prefix = low.get(..prefix_bytes.into())?;
    Some(Front { prefix, low, rest })
}

fn is_first_leaf(body: &[u8]) -> bool {
    front(body).is_some_and(|front| front.low.is_empty())
}

/// A page that holds entries and not other pages.
fn leaf(body: &[u8]) -> Option<Page> {
    let Front {
        prefix, mut rest, ..
    } = front(body)?;
    let [kind] = take(&mut rest)?;
    if kind != 0 {
        return None;
    }
    let mut keys = Vec::new();
    for _ in 0..number(&mut rest)? {
        keys.push([prefix, bytes(&mut rest)?].concat());
    }
    let mut page = Page {
        prefix: prefix.to_vec(),
        ..Page::default()
    };
    for key in keys {
        page.entries.insert(key, bytes(&mut rest)?.to_vec());
    }
    Some(page)
}

fn bytes<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(number(rest)?).ok()?;
    let (bytes, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(bytes)
}

/// A number as sled writes it: small ones in one byte, others in as few as they need.
fn number(rest: &mut &[u8]) -> Option<u64> {
    let [first] = take(rest)?;
    let first = u64::from(first);
    Some(match first {
        0..=240 => first,
        241..=248 => {
            let [second] = take(rest)?;
            240 + 256 * (first - 241) + u64::from(second)
        }
        249 => {
            let [high, low] = take(rest)?;
            2288 + 256 * u64::from(high) + u64::from(low)
        }
        _ => {
            let length = (first - 247) as usize;
            let (bytes, after) = rest.split_at_checked(length)?;
            *rest = after;
            let mut whole = [0; 8];
            whole
                .iter_mut()
                .zip(bytes)
                .for_each(|(to, from)| *to = *from);
            u64::from_le_bytes(whole)
        }
    })
}
