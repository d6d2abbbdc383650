//! Batches as they lie in the log.
//!
//! ```text
//! log       = preamble frame*
//! preamble  8 B "CMLOG 1\n", 8 B generation, 4 B checksum over both
//! frame     8 B batch, counted from 1
//!           4 B number of entries
//!           4 B length of the directory
//!           4 B length of the values
//!           4 B checksum over the 20 bytes before and the directory
//!           directory, values
//! directory = for each entry: 4 B length of the key, 4 B length of the value or 2^32 - 1 for a
//!             delete, 4 B checksum over key and value, key
//! ```
//!
//! Integers are big-endian. A frame is bound to its place by the number of its batch, and a value by
//! the directory: bytes that were meant for another place are never taken for what belongs here.

use std::collections::BTreeMap;

use crc32fast::Hasher;
use crdt_model::store::StoreError;

use super::head::Mark;

/// Bytes before the first frame.
pub(super) const PREAMBLE_BYTES: usize = 20;

const MAGIC: [u8; 8] = *b"CMLOG 1\n";
const HEADER_BYTES: usize = 24;
const ENTRY_BYTES: usize = 12;
const DELETED: u32 = u32::MAX;

/// Where a value lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) offset: usize,
    pub(super) length: u32,
    checksum: u32,
}

impl Place {
    pub(super) fn end(&self) -> usize {
        self.offset + self.length as usize
    }
}

/// Keys to the places of their values.
pub(super) type Index = BTreeMap<Box<[u8]>, Place>;

/// The structure of one batch.
#[derive(Debug)]
pub(super) struct Frame {
    /// Where the next one begins.
    pub(super) end: usize,
    pub(super) checksum: u32,
    entries: Vec<(Box<[u8]>, Option<Place>)>,
}

impl Frame {
    /// Whether every value is what was written.
    pub(super) fn is_whole(&self, log: &[u8]) -> bool {
        let places = self.entries.iter();
        let mut places = places.filter_map(|(key, place)| Some((key, place.as_ref()?)));
        places.all(|(key, place)| value(log, key, place).is_ok())
    }

    /// Brings an index up to after this batch.
    pub(super) fn apply(self, index: &mut Index) {
        for (key, place) in self.entries {
            match place {
                Some(place) => index.insert(key, place),
                None => index.remove(&key),
            };
        }
    }
}

/// The log of this generation without a batch.
pub(super) fn empty_log(generation: u64) -> Vec<u8> {
    let mut log = Vec::with_capacity(PREAMBLE_BYTES);
    log.extend(MAGIC);
    log.extend(generation.to_be_bytes());
    log.extend(crc32fast::hash(&log).to_be_bytes());
    log
}

/// The generation that a log says it has; `None` if the preamble is not whole.
pub(super) fn generation_of(log: &[u8]) -> Option<u64> {
    let (body, checksum) = log.get(..PREAMBLE_BYTES)?.split_last_chunk()?;
    let mut rest = body.strip_prefix(&MAGIC)?;
    (crc32fast::hash(body) == u32::from_be_bytes(*checksum))
        .then_some(u64::from_be_bytes(take(&mut rest)?))
}

/// Appends a batch to the log that ends at this mark. A batch that is too large changes nothing.
pub(super) fn append<'a>(
    log: &mut Vec<u8>,
    end: &Mark,
    changes: impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)> + Clone,
) -> Result<Frame, StoreError> {
    let (mut count, mut directory_bytes, mut values_bytes) = (0, 0, 0);
    for (key, change) in changes.clone() {
        count += 1;
        directory_bytes += ENTRY_BYTES + key.len();
        values_bytes += change.map_or(0, <[u8]>::len);
    }
    let frame_bytes = HEADER_BYTES + directory_bytes + values_bytes;
    if u32::try_from(frame_bytes).is_err() {
        return Err(StoreError::Failed("a batch has 4 GiB or more".to_owned()));
    }
    let start = log.len();
    let mut offset = start + HEADER_BYTES + directory_bytes;
    log.reserve(frame_bytes);
    log.extend((end.batches + 1).to_be_bytes());
    for number in [count, directory_bytes, values_bytes] {
        log.extend((number as u32).to_be_bytes());
    }
    log.extend([0; 4]);
    let mut entries = Vec::with_capacity(count);
    for (key, change) in changes.clone() {
        let place = change.map(|value| Place {
            offset,
            length: value.len() as u32,
            checksum: value_checksum(key, value),
        });
        log.extend((key.len() as u32).to_be_bytes());
        log.extend(place.map_or(DELETED, |place| place.length).to_be_bytes());
        log.extend(place.map_or(0, |place| place.checksum).to_be_bytes());
        log.extend(key);
        offset = place.map_or(offset, |place| place.end());
        entries.push((Box::from(key), place));
    }
    for value in changes.filter_map(|(_, change)| change) {
        log.extend(value);
    }
    let frame = &mut log[start..];
    let checksum = frame_checksum(frame, directory_bytes);
    frame[HEADER_BYTES - 4..HEADER_BYTES].copy_from_slice(&checksum.to_be_bytes());
    Ok(Frame {
        end: start + frame_bytes,
        checksum,
        entries,
    })
}

/// The batch that begins at this mark; `None` if the log ends there or its structure is not whole.
/// Says nothing about values.
pub(super) fn read(log: &[u8], at: &Mark) -> Option<Frame> {
    let frame = log.get(at.length..)?;
    let mut rest = frame;
    let batch = u64::from_be_bytes(take(&mut rest)?);
    let count = u32::from_be_bytes(take(&mut rest)?);
    let directory_bytes = u32::from_be_bytes(take(&mut rest)?) as usize;
    let values_bytes = u32::from_be_bytes(take(&mut rest)?) as usize;
    let checksum = u32::from_be_bytes(take(&mut rest)?);
    let (mut directory, values) = rest.split_at_checked(directory_bytes)?;
    let whole = batch == at.batches + 1
        && values_bytes <= values.len()
        && checksum == frame_checksum(frame, directory_bytes);
    if !whole {
        return None;
    }
    let mut offset = at.length + HEADER_BYTES + directory_bytes;
    let mut entries = Vec::new();
    for _ in 0..count {
        let key_bytes = u32::from_be_bytes(take(&mut directory)?) as usize;
        let length = u32::from_be_bytes(take(&mut directory)?);
        let checksum = u32::from_be_bytes(take(&mut directory)?);
        let (key, rest) = directory.split_at_checked(key_bytes)?;
        directory = rest;
        let place = (length != DELETED).then_some(Place {
            offset,
            length,
            checksum,
        });
        offset = place.map_or(offset, |place| place.end());
        entries.push((Box::from(key), place));
    }
    Some(Frame {
        end: offset,
        checksum,
        entries,
    })
}

/// The value at a place, if it is what was written there.
pub(super) fn value<'a>(log: &'a [u8], key: &[u8], place: &Place) -> Result<&'a [u8], StoreError> {
    let damaged = |problem: &str| StoreError::Damaged {
        key: hex::encode(key),
        problem: problem.to_owned(),
    };
    let value = log
        .get(place.offset..place.end())
        .ok_or_else(|| damaged("it is cut off"))?;
    match value_checksum(key, value) == place.checksum {
        true => Ok(value),
        false => Err(damaged("its checksum does not match")),
    }
}

fn value_checksum(key: &[u8], value: &[u8]) -> u32 {
    let mut hasher = Hasher::new();
    hasher.update(&(key.len() as u64).to_be_bytes());
    hasher.update(key);
    hasher.update(value);
    hasher.finalize()
}

/// The checksum of a frame that has at least a header and this much of a directory.
fn frame_checksum(frame: &[u8], directory_bytes: usize) -> u32 {
    let mut hasher = Hasher::new();
    hasher.update(&frame[..HEADER_BYTES - 4]);
    hasher.update(&frame[HEADER_BYTES..HEADER_BYTES + directory_bytes]);
    hasher.finalize()
}

/// Takes `N` bytes off the front.
pub(super) fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (front, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*front)
}
