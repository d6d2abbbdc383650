//! One record of the journal, in bytes.

use crate::stamp::{Stamp, take};

pub(super) const MARKER: [u8; 4] = *b"CMJ\n";
/// Bytes before the body: marker, length, checksum.
pub(super) const FRONT_BYTES: usize = 12;
/// Bytes of a body before its changes: number, kind, stamp.
const HEAD_BYTES: usize = 8 + 1 + 48;
/// Bytes after which a record ends and the batch goes on in the next one.
const BODY_BYTES_WANTED: usize = 1 << 16;
/// Bytes of a body, at most: one value of the greatest length may stand in a record that is nearly
/// full.
pub(super) const BODY_BYTES_MAX: usize = BODY_BYTES_WANTED
    + super::super::layout::VALUE_BYTES_MAX
    + super::super::layout::KEY_BYTES_MAX
    + HEAD_BYTES
    + 8;
/// In the place of a value's length.
const DELETED: u32 = u32::MAX;

const _: () = assert!(BODY_BYTES_MAX < DELETED as usize);

/// Writes the records of one batch after another into a buffer.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    pub(super) bytes: Vec<u8>,
    /// Where the record begins that is being written.
    begun: Option<usize>,
    next_number: u64,
}

impl Encoder {
    /// Goes on with the record of this number.
    pub(super) fn from(next_number: u64) -> Self {
        Self {
            next_number,
            ..Self::default()
        }
    }

    /// Adds one change of a batch whose stamp is this.
    pub(super) fn change(&mut self, stamp: &Stamp, key: &[u8], value: Option<&[u8]>) {
        let begun = self.begin(stamp);
        self.bytes.extend((key.len() as u16).to_be_bytes());
        self.bytes.extend(key);
        match value {
            Some(value) => {
                self.bytes.extend((value.len() as u32).to_be_bytes());
                self.bytes.extend(value);
            }
            None => self.bytes.extend(DELETED.to_be_bytes()),
        }
        if self.bytes.len() - begun >= BODY_BYTES_WANTED {
            self.finish(1);
        }
    }

    /// Ends the batch.
    pub(super) fn end(&mut self, stamp: &Stamp) {
        self.begin(stamp);
        self.finish(0);
    }

    /// Whether a record has begun that is not finished.
    pub(super) fn is_open(&self) -> bool {
        self.begun.is_some()
    }

    fn begin(&mut self, stamp: &Stamp) -> usize {
        if let Some(begun) = self.begun {
            return begun;
        }
        let begun = self.bytes.len();
        self.begun = Some(begun);
        self.bytes.extend(MARKER);
        self.bytes.extend([0; FRONT_BYTES - MARKER.len()]);
        self.bytes.extend(self.next_number.to_be_bytes());
        self.bytes.push(0);
        self.bytes.extend(stamp.encode());
        begun
    }

    fn finish(&mut self, kind: u8) {
        let Some(begun) = self.begun.take() else {
            return;
        };
        self.next_number += 1;
        let Some(record) = self.bytes.get_mut(begun..) else {
            return;
        };
        if let Some(at) = record.get_mut(FRONT_BYTES + 8) {
            *at = kind;
        }
        let length = (record.len() - FRONT_BYTES) as u32;
        let body = record.get(FRONT_BYTES..).unwrap_or_default();
        let checksum = checksum(length, body);
        let front = [length.to_be_bytes(), checksum.to_be_bytes()].concat();
        if let Some(place) = record.get_mut(MARKER.len()..FRONT_BYTES) {
            place.copy_from_slice(&front);
        }
    }
}

pub(super) fn checksum(length: u32, body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length.to_be_bytes());
    hasher.update(body);
    hasher.finalize()
}

/// The length and the checksum that stand before a body, if these bytes can begin a record.
pub(super) fn front(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut rest = bytes;
    (take(&mut rest)? == MARKER).then_some(())?;
    let length = u32::from_be_bytes(take(&mut rest)?);
    let checksum = u32::from_be_bytes(take(&mut rest)?);
    let fits = (HEAD_BYTES..=BODY_BYTES_MAX).contains(&(length as usize));
    fits.then_some((length, checksum))
}

/// The body of a record whose checksum is right.
pub(super) struct Body<'a> {
    pub(super) number: u64,
    pub(super) ends_batch: bool,
    pub(super) stamp: Stamp,
    changes: &'a [u8],
}

impl<'a> Body<'a> {
    pub(super) fn decode(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes;
        let number = u64::from_be_bytes(take(&mut rest)?);
        let [kind] = take(&mut rest)?;
        let stamp: [u8; 48] = take(&mut rest)?;
        Some(Self {
            number,
            ends_batch: kind == 0,
            stamp: Stamp::decode(&stamp)?,
            changes: rest,
        })
    }

    /// Calls `visit` for every change with its key, and where in the body its value stands.
    pub(super) fn changes(&self, mut visit: impl FnMut(&[u8], Option<(usize, usize)>)) {
        let mut rest = self.changes;
        let base = HEAD_BYTES + self.changes.len();
        while let Some((key, length)) = change(&mut rest) {
            let at = base - rest.len();
            match length {
                Some(length) => {
                    visit(key, Some((at, length)));
                    rest = rest.get(length..).unwrap_or_default();
                }
                None => visit(key, None),
            }
        }
    }
}

/// Takes the next key, and the length of its value.
fn change<'a>(rest: &mut &'a [u8]) -> Option<(&'a [u8], Option<usize>)> {
    let key_bytes = u16::from_be_bytes(take(rest)?);
    let (key, after) = rest.split_at_checked(key_bytes.into())?;
    *rest = after;
    let length = u32::from_be_bytes(take(rest)?);
    Some((key, (length != DELETED).then_some(length as usize)))
}
