//! Reading a journal: how far it goes, and what it holds.

use std::collections::BTreeMap;
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crdt_model::store::{Entry, StoreError};

use super::record::{Body, FRONT_BYTES, MARKER, checksum, front};
use crate::disk::{Disk, DiskFile};
use crate::engine::Take;
use crate::error::at_path;
use crate::stamp::{Mark, Stamp};

/// Bytes that are read at once, at least.
const READ_BYTES: usize = 1 << 16;

/// What reading every record of a journal once showed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Summary {
    /// The stamp after the last batch that is whole.
    pub(crate) last: Option<Stamp>,
    /// The same, of the batches before which nothing is missing.
    whole: Option<Stamp>,
    /// Where that batch ends.
    pub(crate) end: u64,
    /// The number that the record after it has.
    pub(crate) next_number: u64,
    /// Bytes of the file.
    pub(crate) bytes: u64,
    /// Places before the end where something is not a whole record, or one is missing.
    pub(crate) gaps: u64,
    /// Where what follows the last of them begins.
    pub(crate) after_gaps: u64,
}

impl Summary {
    /// Reads a journal; `None` if there is none.
    pub(crate) fn read(disk: &dyn Disk, path: &Path) -> io::Result<Option<Self>> {
        let Some(file) = open(disk, path)? else {
            return Ok(None);
        };
        each_record(&*file, |_, _| {}).map(Some)
    }

    /// Whether nothing is wrong with it up to its last whole batch.
    pub(crate) fn is_whole(&self) -> bool {
        self.gaps == 0 && self.last.is_some()
    }

    /// Whether it holds all that was durable by a mark. What is missing behind that was never
    /// acknowledged: a power cut leaves it, in any order.
    pub(crate) fn holds(&self, durable: Mark) -> bool {
        self.whole.is_some_and(|stamp| stamp.mark.covers(durable))
    }
}

/// Where the values of every key stand in a journal.
#[derive(Debug)]
pub(crate) struct Index {
    path: PathBuf,
    file: Arc<dyn DiskFile>,
    values: BTreeMap<Vec<u8>, Place>,
    /// Values that were replaced or removed, oldest first.
    replaced: BTreeMap<Vec<u8>, Vec<Place>>,
    pub(crate) summary: Summary,
}

impl Index {
    /// Reads a journal; `None` if there is none. A batch whose end is missing counts only if more
    /// whole records follow: at the end of the file it was never acknowledged.
    pub(crate) fn read(disk: &dyn Disk, path: &Path) -> io::Result<Option<Self>> {
        let read = Self::read_all(disk, path)?;
        Ok(read.map(|(index, _)| index))
    }

    /// Reads what is left of a damaged journal. Where not even the first batch is whole, which is all
    /// that the store had when the journal was made, the records of it that are whole count.
    pub(crate) fn salvage(disk: &dyn Disk, path: &Path) -> io::Result<Option<Self>> {
        let read = Self::read_all(disk, path)?;
        Ok(read.map(|(mut index, mut unfinished)| {
            if index.summary.last.is_none() {
                index.settle(&mut unfinished);
            }
            index
        }))
    }

    /// With what stands after the last whole batch.
    fn read_all(disk: &dyn Disk, path: &Path) -> io::Result<Option<(Self, Changes)>> {
        let Some(file) = open(disk, path)? else {
            return Ok(None);
        };
        let mut index = Self {
            path: path.to_owned(),
            file: file.clone(),
            values: BTreeMap::new(),
            replaced: BTreeMap::new(),
            summary: Summary::default(),
        };
        let mut unfinished = Vec::new();
        let mut next = 0;
        index.summary = each_record(&*file, |offset, body| {
            if body.number != next {
                index.settle(&mut unfinished);
            }
            next = body.number + 1;
            let base = offset + FRONT_BYTES as u64;
            body.changes(|key, place| {
                let place = place.map(|(at, length)| (base + at as u64, length));
                unfinished.push((key.to_vec(), place));
            });
            if body.ends_batch {
                index.settle(&mut unfinished);
            }
        })?;
        Ok(Some((index, unfinished)))
    }

    fn settle(&mut self, unfinished: &mut Changes) {
        for (key, place) in unfinished.drain(..) {
            let before = match place {
                Some(place) => self.values.insert(key.clone(), place),
                None => self.values.remove(&key),
            };
            if let Some(before) = before {
                self.replaced.entry(key).or_default().push(before);
            }
        }
    }

    /// Whether a value that another copy holds must have been written after the newest one here: it
    /// never stood here, and something is missing after the newest one. `cut` says that the end is
    /// missing too.
    pub(crate) fn lacks(&self, key: &[u8], value: &[u8], cut: bool) -> Result<bool, StoreError> {
        let Some(newest) = self.values.get(key) else {
            return Ok(true);
        };
        let missing = cut || newest.0 < self.summary.after_gaps;
        let replaced = self.replaced.get(key).into_iter().flatten();
        let alike = replaced
            .chain([newest])
            .filter(|(_, length)| *length == value.len());
        for place in alike {
            if self.value(place)? == value {
                return Ok(false);
            }
        }
        Ok(missing)
    }

    /// The newest value of a key.
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let place = self.values.get(key);
        place.map(|place| self.value(place)).transpose()
    }

    /// At most `limit` entries whose key begins with `prefix` and lies after `after`, in order.
    pub(crate) fn scan(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let entries = self.values.range::<[u8], _>((from, Bound::Unbounded));
        let entries = entries.take_while(|(key, _)| key.starts_with(prefix));
        let read = |(key, place): (&Vec<u8>, &Place)| Ok((key.clone(), self.value(place)?));
        entries.take(limit).map(read).collect()
    }

    fn value(&self, (at, length): &Place) -> Result<Vec<u8>, StoreError> {
        let mut value = vec![0; *length];
        self.file
            .read_exact_at(&mut value, *at)
            .map_err(at_path(&self.path))?;
        Ok(value)
    }

    /// Calls `visit` for every key and its newest value, in order.
    pub(crate) fn each(&self, visit: &mut Take<'_>) -> Result<(), StoreError> {
        let mut entries = self.values.iter();
        entries.try_for_each(|(key, place)| visit(key, &self.value(place)?))
    }
}

/// Offset and length of a value in the file.
type Place = (u64, usize);
/// Keys with their new values; `None` where one was removed.
type Changes = Vec<(Vec<u8>, Option<Place>)>;

fn open(disk: &dyn Disk, path: &Path) -> io::Result<Option<Arc<dyn DiskFile>>> {
    match disk.open(path) {
        Ok(file) => Ok(Some(Arc::from(file))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Calls `visit` for every whole record with the offset of its front, and steps over what is none.
fn each_record(file: &dyn DiskFile, mut visit: impl FnMut(u64, &Body<'_>)) -> io::Result<Summary> {
    let mut window = Window::over(file)?;
    let mut summary = Summary {
        bytes: window.file_bytes,
        ..Summary::default()
    };
    let (mut offset, mut next_number, mut broken) = (0, 0, false);
    while offset < window.file_bytes {
        let Some(length) = whole_record(&mut window, offset)? else {
            broken = true;
            offset = window.next_marker(offset + 1)?;
            continue;
        };
        let bytes = window.bytes(offset + FRONT_BYTES as u64, length)?;
        if let Some(body) = Body::decode(bytes) {
            if broken || body.number != next_number {
                summary.gaps += 1;
                summary.after_gaps = offset;
            }
            broken = false;
            next_number = body.number + 1;
            visit(offset, &body);
            if body.ends_batch {
                summary.last = Some(body.stamp);
                if summary.gaps == 0 {
                    summary.whole = summary.last;
                }
                summary.end = offset + (FRONT_BYTES + length) as u64;
                summary.next_number = next_number;
            }
        }
        offset += (FRONT_BYTES + length) as u64;
    }
    Ok(summary)
}

/// The length of the body of the record that begins here, if one does.
fn whole_record(window: &mut Window<'_>, offset: u64) -> io::Result<Option<usize>> {
    let Some((length, expected)) = front(window.bytes(offset, FRONT_BYTES)?) else {
        return Ok(None);
    };
    let body = window.bytes(offset + FRONT_BYTES as u64, length as usize)?;
    let whole = body.len() == length as usize && checksum(length, body) == expected;
    Ok(whole.then_some(length as usize))
}

/// Some of a file in memory.
struct Window<'a> {
    file: &'a dyn DiskFile,
    file_bytes: u64,
    start: u64,
    buffer: Vec<u8>,
}

impl<'a> Window<'a> {
    fn over(file: &'a dyn DiskFile) -> io::Result<Self> {
        Ok(Self {
            file,
            file_bytes: file.bytes()?,
            start: 0,
            buffer: Vec::new(),
        })
    }

    /// So many bytes from here; fewer where the file ends.
    fn bytes(&mut self, offset: u64, length: usize) -> io::Result<&[u8]> {
        let left = self.file_bytes.saturating_sub(offset);
        let length = length.min(usize::try_from(left).unwrap_or(usize::MAX));
        let held = offset.checked_sub(self.start).map(|skip| skip as usize);
        let held = held.filter(|skip| skip + length <= self.buffer.len());
        let skip = match held {
            Some(skip) => skip,
            None => {
                self.fill(offset, length)?;
                0
            }
        };
        Ok(self.buffer.get(skip..skip + length).unwrap_or_default())
    }

    fn fill(&mut self, offset: u64, length: usize) -> io::Result<()> {
        let left = self.file_bytes.saturating_sub(offset);
        let wanted = length.max(READ_BYTES) as u64;
        self.start = offset;
        self.buffer.resize(wanted.min(left) as usize, 0);
        self.file.read_exact_at(&mut self.buffer, offset)
    }

    /// Where the next marker stands, from here on; the end of the file if there is none.
    fn next_marker(&mut self, from: u64) -> io::Result<u64> {
        let mut offset = from;
        loop {
            let bytes = self.bytes(offset, READ_BYTES)?;
            let found = bytes
                .windows(MARKER.len())
                .position(|window| window == MARKER);
            match found {
                Some(position) => return Ok(offset + position as u64),
                None if bytes.len() < READ_BYTES => return Ok(self.file_bytes),
                None => offset += (READ_BYTES - MARKER.len() + 1) as u64,
            }
        }
    }
}
