//! What SQLite has written ahead, read as its file format lays it down
//! (<https://www.sqlite.org/fileformat2.html#the_write_ahead_log>). SQLite looks at the checksums of
//! frames only when it opens the file, so it is done here whenever that matters.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::error::{ReadModelError, at};
use super::file::PAGE_BYTES;

const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
/// The magic number; its last bit says in which order of bytes checksums are counted.
const MAGIC: u32 = 0x377f_0682;

/// The frames that count, in their order.
#[derive(Default)]
pub(super) struct Frames {
    /// The page of each frame, from 0 on, and its CRC-32, as `pages` keeps it.
    frames: Vec<(usize, u32)>,
    by_page: BTreeMap<usize, Vec<u32>>,
}

impl Frames {
    /// Whether this is a version of a page that is written ahead.
    pub(super) fn has(&self, page: usize, sum: u32) -> bool {
        let versions = self.by_page.get(&page);
        versions.is_some_and(|versions| versions.contains(&sum))
    }

    /// The pages that are written ahead, with all their versions.
    pub(super) fn pages(&self) -> impl Iterator<Item = (usize, &[u32])> {
        let pages = self.by_page.iter();
        pages.map(|(page, versions)| (*page, versions.as_slice()))
    }

    /// The first so many frames.
    pub(super) fn first(&self, count: usize) -> impl Iterator<Item = (usize, u32)> {
        self.frames.iter().take(count).copied()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }
}

/// Reads the frames that were committed. With `expected` there must be so many; without, those after
/// a damaged one do not count, as they do not for SQLite when it opens the file.
pub(super) fn read(path: &Path, expected: Option<usize>) -> Result<Frames, ReadModelError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(problem) if problem.kind() == ErrorKind::NotFound => Vec::new(),
        Err(problem) => return Err(at(path, problem)),
    };
    let (frames, committed) = frames(&bytes).unwrap_or_default();
    let count = match expected {
        Some(expected) if frames.len() < expected => {
            let problem = format!(
                "what is written ahead is damaged behind frame {}",
                frames.len()
            );
            return Err(ReadModelError::Damaged(problem));
        }
        Some(expected) => expected,
        None => committed,
    };
    let mut found = Frames::default();
    for (page, sum) in frames.into_iter().take(count) {
        found.frames.push((page, sum));
        found.by_page.entry(page).or_default().push(sum);
    }
    Ok(found)
}

/// The whole frames from the first on, and how many of them end with a commit.
fn frames(bytes: &[u8]) -> Option<(Vec<(usize, u32)>, usize)> {
    let (header, mut rest) = bytes.split_first_chunk::<HEADER_BYTES>()?;
    let magic = number(header, 0)?;
    let little = magic == MAGIC;
    if magic | 1 != MAGIC | 1 || number(header, 8)? as usize != PAGE_BYTES {
        return None;
    }
    let mut sum = Sum::default();
    sum.add(header.get(..24)?, little);
    if !sum.is(header, 24)? {
        return None;
    }
    let (mut frames, mut committed) = (Vec::new(), 0);
    while let Some((head, after)) = rest.split_first_chunk::<FRAME_HEADER_BYTES>()
        && let Some((page, after)) = after.split_first_chunk::<PAGE_BYTES>()
    {
        sum.add(head.get(..8)?, little);
        sum.add(page, little);
        let number_of_page = (number(head, 0)? as usize).checked_sub(1);
        let same_salt = head.get(8..16) == header.get(16..24);
        let (true, true, Some(number_of_page)) = (same_salt, sum.is(head, 16)?, number_of_page)
        else {
            break;
        };
        frames.push((number_of_page, crc32fast::hash(page)));
        if number(head, 4)? != 0 {
            committed = frames.len();
        }
        rest = after;
    }
    Some((frames, committed))
}

fn number(bytes: &[u8], from: usize) -> Option<u32> {
    let bytes = bytes.get(from..)?.first_chunk::<4>()?;
    Some(u32::from_be_bytes(*bytes))
}

/// The checksum of everything up to here.
#[derive(Clone, Copy, Default)]
struct Sum(u32, u32);

impl Sum {
    fn add(&mut self, bytes: &[u8], little: bool) {
        let word = |bytes: [u8; 4]| match little {
            true => u32::from_le_bytes(bytes),
            false => u32::from_be_bytes(bytes),
        };
        for pair in bytes.as_chunks::<8>().0 {
            let [a, b, c, d, e, f, g, h] = *pair;
            self.0 = self.0.wrapping_add(word([a, b, c, d])).wrapping_add(self.1);
            self.1 = self.1.wrapping_add(word([e, f, g, h])).wrapping_add(self.0);
        }
    }

    /// Whether this checksum stands there.
    fn is(self, bytes: &[u8], from: usize) -> Option<bool> {
        Some(number(bytes, from)? == self.0 && number(bytes, from + 4)? == self.1)
    }
}
