//! Checksums of the pages of the file, so that damage is noticed and never answered with.
//!
//! SQLite keeps none: one wrong bit in a row is a wrong number, and one in an index hides rows. So
//! beside the file stands `readmodel.sqlite-sums`, with a checksum of each page:
//!
//! ```text
//! 8 B magic, u32 pages, u32 for each page: its CRC-32, u32 CRC-32 of all before; little endian
//! ```
//!
//! The file itself changes only when what was written ahead (`-wal`) goes to its places. Only this
//! module has that done: it first reads what was written ahead, whose frames have checksums of their
//! own, and notes the checksums that the pages will have. What is written ahead is emptied last, so a
//! crash at any point leaves every page as it was noted or as it is written ahead.
//!
//! To look at everything before each answer would mean to read the whole file each time. So while both
//! files have the lengths and times of writing that this program left, they are looked at only now and
//! then: each second, and more seldom the larger they are. What somebody else writes into them is seen at
//! once, and what the disk loses by itself within that time.
//!
//! SQLite may have read a damaged page before anybody looked, and have written something that follows
//! from it. That page still lies there then, as it was: so a page that is about to be overwritten is
//! looked at, too.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crdt_model::time::{Instant, Now, WallTime};
use rusqlite::Connection;

use super::error::{ReadModelError, at};
use super::file::{FILE_NAME, PAGE_BYTES};
use super::wal::{self, Frames};

/// Pages that are read in one go.
const PAGES_AT_ONCE: usize = 64;
const MAGIC: &[u8; 8] = b"rmsums01";
/// How long files that nobody else wrote are relied on before they are looked at again.
const RELIED_ON_MS: u64 = 1_000;
/// And so much longer for each of these many bytes, so that looking takes little of the time.
const RELIED_ON_MORE_BYTES: u64 = 16 << 20;
/// Files that were written less than this before they were looked at are not relied on: another writing
/// could have the same time.
const SAME_TIME_MS: u64 = 50;

/// The file, and what its pages should be.
pub(super) struct Pages {
    // Open as long as the connection: closing any descriptor of a file drops the locks that this
    // process has on it, and other programs would take the file for theirs.
    file: File,
    folder: PathBuf,
    sums: Vec<u32>,
    found: Found,
}

/// What is known of the file's being whole; other threads ask it before they read.
#[derive(Clone, Debug, Default)]
pub(super) struct Found(Arc<Mutex<Known>>);

#[derive(Clone, Copy, Debug, Default)]
struct Known {
    whole: Option<FoundWhole>,
    /// This program is writing: the files' times say nothing until it has noted them.
    writing: bool,
}

impl Found {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the file at this path can be read without being looked at again.
    pub(super) fn may_be_read(&self, path: &Path, now: Now) -> bool {
        let before = *self.known();
        let Some(whole) = before.whole.filter(|whole| now.instant < whole.until) else {
            return false;
        };
        let stamps = || {
            let folder = path.parent()?;
            let file = fs::metadata(path).ok()?;
            Some((Stamp::of(&file), stamp_ahead(&wal_path(folder)).ok()?))
        };
        // What this program wrote just now is noted, or will be.
        before.writing
            || stamps() == Some((whole.file, whole.ahead))
            || self.known().changed_since(&before)
    }
}

impl Known {
    fn changed_since(&self, before: &Self) -> bool {
        let stamps = |known: &Self| known.whole.map(|whole| (whole.file, whole.ahead));
        self.writing || self.whole.is_some() && stamps(self) != stamps(before)
    }
}

/// What the files were when they were last found whole, and how long that is relied on.
#[derive(Clone, Copy, Debug)]
struct FoundWhole {
    file: Stamp,
    ahead: Stamp,
    until: Instant,
}

/// What a file's metadata say of when it was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Stamp {
    bytes: u64,
    written: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(metadata: &fs::Metadata) -> Self {
        Self {
            bytes: metadata.len(),
            written: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether it was written long enough ago that another writing has another time.
    fn is_settled(&self, wall: WallTime) -> bool {
        let (seconds, nanoseconds) = self.changed.max(self.written);
        let ms = seconds.saturating_mul(1_000) + nanoseconds / 1_000_000;
        u64::try_from(ms).is_ok_and(|ms| ms + SAME_TIME_MS <= wall.ms)
    }
}

fn stamp_ahead(path: &Path) -> Result<Stamp, ReadModelError> {
    match fs::metadata(path) {
        Ok(ahead) => {
            let stamp = Stamp::of(&ahead);
            // Run by root, SQLite sets the owner of this file whenever it opens it, which changes the
            // time of change and nothing else.
            Ok(Stamp {
                changed: stamp.written,
                ..stamp
            })
        }
        Err(problem) if problem.kind() == ErrorKind::NotFound => Ok(Stamp::default()),
        Err(problem) => Err(at(path, problem)),
    }
}

impl Pages {
    /// Opens the file that was left in this folder, and looks at every page of it.
    pub(super) fn open(folder: &Path) -> Result<Self, ReadModelError> {
        let file = File::open(folder.join(FILE_NAME));
        let pages = Self {
            file: file.map_err(|problem| at(folder, problem))?,
            folder: folder.to_owned(),
            sums: read_sums(&sums_path(folder))?,
            found: Found::default(),
        };
        // What a crash left unfinished is left out by SQLite, too.
        let ahead = wal::read(&wal_path(folder), None)?;
        pages.look(&ahead)?;
        Ok(pages)
    }

    /// Notes the pages of a file that was just made.
    pub(super) fn of_new(folder: &Path, connection: &Connection) -> Result<Self, ReadModelError> {
        checkpoint(connection, "TRUNCATE")?;
        let file = File::open(folder.join(FILE_NAME));
        let mut pages = Self {
            file: file.map_err(|problem| at(folder, problem))?,
            folder: folder.to_owned(),
            sums: Vec::new(),
            found: Found::default(),
        };
        let mut sums = Vec::new();
        pages.for_each(|_, sum| {
            sums.push(sum);
            Ok(())
        })?;
        pages.sums = sums;
        pages.save()?;
        Ok(pages)
    }

    /// Looks at every page, and at what is written ahead; not again so soon after it was found whole, if
    /// nobody but this program has written since.
    ///
    /// # Errors
    /// Something is damaged.
    pub(super) fn verify(
        &mut self,
        connection: &Connection,
        now: Now,
    ) -> Result<(), ReadModelError> {
        let (file, ahead) = self.stamps()?;
        if let Some(whole) = self.found.known().whole
            && (whole.file, whole.ahead) == (file, ahead)
            && now.instant < whole.until
        {
            return Ok(());
        }
        self.found.known().whole = None;
        let frames = self.written_ahead(connection)?;
        self.look(&frames)?;
        if file.is_settled(now.wall) && ahead.is_settled(now.wall) {
            let more = 1_000 * (file.bytes + ahead.bytes) / RELIED_ON_MORE_BYTES;
            let until = now.instant.after_ms(RELIED_ON_MS + more);
            self.found.known().whole = Some(FoundWhole { file, ahead, until });
        }
        Ok(())
    }

    /// This program is about to write. If somebody else has written before, that must not pass for its
    /// own writing.
    pub(super) fn writes(&mut self) -> Result<(), ReadModelError> {
        let stamps = self.stamps()?;
        let mut known = self.found.known();
        known.writing = true;
        known
            .whole
            .take_if(|whole| (whole.file, whole.ahead) != stamps);
        Ok(())
    }

    /// This program has written: what the files say now is what they should.
    pub(super) fn wrote(&mut self) -> Result<(), ReadModelError> {
        let stamps = self.stamps();
        let mut known = self.found.known();
        known.writing = false;
        match stamps {
            Ok((file, ahead)) => {
                if let Some(whole) = &mut known.whole {
                    (whole.file, whole.ahead) = (file, ahead);
                }
                Ok(())
            }
            Err(error) => {
                known.whole = None;
                Err(error)
            }
        }
    }

    /// This program was about to write, and did not.
    pub(super) fn wrote_nothing(&self) {
        self.found.known().writing = false;
    }

    /// What other threads ask before they read.
    pub(super) fn found(&self) -> Found {
        self.found.clone()
    }

    fn stamps(&self) -> Result<(Stamp, Stamp), ReadModelError> {
        let file = self.file.metadata();
        let file = file.map_err(|problem| at(&self.folder, problem))?;
        let ahead = stamp_ahead(&wal_path(&self.folder))?;
        Ok((Stamp::of(&file), ahead))
    }

    /// Has what was written ahead brought to its places. Whether somebody who reads keeps the file
    /// that is written ahead from being emptied.
    pub(super) fn write_back(&mut self, connection: &Connection) -> Result<bool, ReadModelError> {
        self.writes()?;
        match self.write_back_noting(connection) {
            Ok(busy) => {
                self.wrote()?;
                Ok(busy)
            }
            Err(error) => {
                *self.found.known() = Known::default();
                Err(error)
            }
        }
    }

    fn write_back_noting(&mut self, connection: &Connection) -> Result<bool, ReadModelError> {
        let ahead = self.written_ahead(connection)?;
        for (page, versions) in ahead.pages() {
            self.look_at_one(page, versions)?;
        }
        let done = checkpoint(connection, "PASSIVE")?;
        for (page, sum) in ahead.first(done.written_back) {
            self.note(page, sum);
        }
        if !ahead.is_empty() {
            self.save()?;
        }
        // What has not been noted must not be brought to its place.
        let hindered = done.busy || done.written_back < done.frames;
        let busy = hindered || checkpoint(connection, "TRUNCATE")?.busy;
        Ok(busy)
    }

    /// How many pages are written ahead.
    pub(super) fn ahead(connection: &Connection) -> Result<usize, ReadModelError> {
        Ok(checkpoint(connection, "NOOP")?.frames)
    }

    fn written_ahead(&self, connection: &Connection) -> Result<Frames, ReadModelError> {
        let frames = Self::ahead(connection)?;
        wal::read(&wal_path(&self.folder), Some(frames))
    }

    fn note(&mut self, page: usize, sum: u32) {
        if self.sums.len() <= page {
            // SQLite leaves a page out that locks lie on.
            self.sums
                .resize(page + 1, crc32fast::hash(&[0; PAGE_BYTES]));
        }
        if let Some(noted) = self.sums.get_mut(page) {
            *noted = sum;
        }
    }

    fn look(&self, ahead: &Frames) -> Result<(), ReadModelError> {
        let mut pages = 0;
        self.for_each(|page, sum| {
            pages += 1;
            let noted = self.sums.get(page) == Some(&sum);
            match noted || ahead.has(page, sum) {
                true => Ok(()),
                false => Err(damaged(page)),
            }
        })?;
        match pages < self.sums.len() {
            true => Err(damaged(pages)),
            false => Ok(()),
        }
    }

    /// Looks at one page that is written ahead, too.
    fn look_at_one(&self, page: usize, versions: &[u32]) -> Result<(), ReadModelError> {
        let mut bytes = [0; PAGE_BYTES];
        let offset = page as u64 * PAGE_BYTES as u64;
        match self.file.read_exact_at(&mut bytes, offset) {
            Ok(()) => {
                let sum = crc32fast::hash(&bytes);
                let whole = self.sums.get(page) == Some(&sum) || versions.contains(&sum);
                whole.then_some(()).ok_or_else(|| damaged(page))
            }
            // It is a new one.
            Err(problem) if problem.kind() == ErrorKind::UnexpectedEof => {
                match self.sums.get(page) {
                    None => Ok(()),
                    Some(_) => Err(damaged(page)),
                }
            }
            Err(problem) => Err(at(&self.folder, problem)),
        }
    }

    fn for_each(
        &self,
        mut visit: impl FnMut(usize, u32) -> Result<(), ReadModelError>,
    ) -> Result<(), ReadModelError> {
        let mut buffer = vec![0; PAGES_AT_ONCE * PAGE_BYTES];
        let mut page = 0;
        loop {
            let offset = page as u64 * PAGE_BYTES as u64;
            let mut filled = 0;
            while let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
                match self.file.read_at(room, offset + filled as u64) {
                    Ok(0) => break,
                    Ok(read) => filled += read,
                    Err(problem) if problem.kind() == ErrorKind::Interrupted => {}
                    Err(problem) => return Err(at(&self.folder, problem)),
                }
            }
            for bytes in buffer.get(..filled).unwrap_or_default().chunks(PAGE_BYTES) {
                visit(page, crc32fast::hash(bytes))?;
                page += 1;
            }
            if filled < buffer.len() {
                return Ok(());
            }
        }
    }

    fn save(&self) -> Result<(), ReadModelError> {
        let path = sums_path(&self.folder);
        let mut bytes = MAGIC.to_vec();
        let pages = u32::try_from(self.sums.len()).unwrap_or(u32::MAX);
        bytes.extend_from_slice(&pages.to_le_bytes());
        for sum in &self.sums {
            bytes.extend_from_slice(&sum.to_le_bytes());
        }
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        let beside = self.folder.join(format!("{FILE_NAME}-sums-new"));
        let written = File::create(&beside).and_then(|mut file| {
            file.write_all(&bytes)?;
            file.sync_data()?;
            fs::rename(&beside, &path)?;
            File::open(&self.folder)?.sync_data()
        });
        written.map_err(|problem| at(&path, problem))
    }
}

/// What a checkpoint came to.
struct Checkpoint {
    busy: bool,
    /// Frames that are written ahead.
    frames: usize,
    /// Of these, those that are in their places.
    written_back: usize,
}

fn checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<Checkpoint> {
    let pragma = format!("PRAGMA wal_checkpoint({mode})");
    connection.query_row(&pragma, [], |row| {
        let count = |at| {
            row.get::<_, i64>(at)
                .map(|count| usize::try_from(count).unwrap_or(0))
        };
        Ok(Checkpoint {
            busy: row.get::<_, i64>(0)? != 0,
            frames: count(1)?,
            written_back: count(2)?,
        })
    })
}

fn read_sums(path: &Path) -> Result<Vec<u32>, ReadModelError> {
    let mut bytes = Vec::new();
    match File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)) {
        Ok(_) => {}
        Err(problem) if problem.kind() == ErrorKind::NotFound => {
            return Err(ReadModelError::Damaged("it has no checksums".to_owned()));
        }
        Err(problem) => return Err(at(path, problem)),
    }
    decode_sums(&bytes)
        .ok_or_else(|| ReadModelError::Damaged("its checksums are damaged".to_owned()))
}

fn decode_sums(bytes: &[u8]) -> Option<Vec<u32>> {
    let (whole, sum) = bytes.split_last_chunk::<4>()?;
    if crc32fast::hash(whole) != u32::from_le_bytes(*sum) {
        return None;
    }
    let (pages, sums) = whole.strip_prefix(MAGIC)?.split_first_chunk::<4>()?;
    let (sums, rest) = sums.as_chunks::<4>();
    let sums: Vec<u32> = sums.iter().map(|sum| u32::from_le_bytes(*sum)).collect();
    let whole = rest.is_empty() && sums.len() == u32::from_le_bytes(*pages) as usize;
    whole.then_some(sums)
}

fn damaged(page: usize) -> ReadModelError {
    ReadModelError::Damaged(format!("page {} of its file is damaged", page + 1))
}

fn sums_path(folder: &Path) -> PathBuf {
    folder.join(format!("{FILE_NAME}-sums"))
}

fn wal_path(folder: &Path) -> PathBuf {
    folder.join(format!("{FILE_NAME}-wal"))
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;

    use super::*;

    fn now(ms: u64) -> Now {
        Now {
            instant: Instant::from_ms(ms),
            // Long after anything was written here.
            wall: WallTime::from_ms(u64::MAX / 2),
        }
    }

    fn file_of_a_few_pages() -> (tempfile::TempDir, Connection, Pages) {
        let folder = tempfile::tempdir().expect("a folder");
        let connection = Connection::open(folder.path().join(FILE_NAME)).expect("a file");
        connection
            .execute_batch(
                "PRAGMA page_size = 4096; PRAGMA journal_mode = wal; CREATE TABLE t(text);
                 INSERT INTO t VALUES (hex(zeroblob(20000)));",
            )
            .expect("written");
        let pages = Pages::of_new(folder.path(), &connection).expect("pages");
        (folder, connection, pages)
    }

    fn damage(folder: &Path) {
        let file = OpenOptions::new().write(true).open(folder.join(FILE_NAME));
        let file = file.expect("a file");
        file.write_all_at(b"rot", 9_000).expect("written");
    }

    #[test]
    fn what_the_disk_loses_by_itself_is_noticed_when_it_is_looked_at_again() {
        let (folder, connection, mut pages) = file_of_a_few_pages();
        pages.verify(&connection, now(0)).expect("whole");
        damage(folder.path());
        // As if the times of the file had stayed what they were.
        pages.wrote().expect("noted");
        pages.verify(&connection, now(999)).expect("not looked at");
        assert!(pages.verify(&connection, now(1_010)).is_err());
    }

    #[test]
    fn what_somebody_wrote_is_noticed_at_once_and_never_passes_for_ones_own_writing() {
        let (folder, connection, mut pages) = file_of_a_few_pages();
        pages.verify(&connection, now(0)).expect("whole");
        pages.writes().expect("nobody wrote");
        pages.wrote().expect("noted");
        pages.verify(&connection, now(1)).expect("whole");
        damage(folder.path());
        pages.writes().expect("somebody wrote");
        pages.wrote().expect("noted");
        assert!(pages.verify(&connection, now(2)).is_err());
    }

    #[test]
    fn other_threads_may_read_what_was_found_whole_and_nobody_else_wrote_since() {
        let (folder, connection, mut pages) = file_of_a_few_pages();
        let (found, path) = (pages.found(), folder.path().join(FILE_NAME));
        assert!(!found.may_be_read(&path, now(0)), "nobody has looked yet");
        pages.verify(&connection, now(0)).expect("whole");
        assert!(found.may_be_read(&path, now(900)));
        assert!(!found.may_be_read(&path, now(1_100)), "too long ago");
        pages.writes().expect("nobody wrote");
        connection
            .execute_batch("INSERT INTO t VALUES ('more')")
            .expect("written");
        assert!(
            found.may_be_read(&path, now(1)),
            "it is this program that writes"
        );
        pages.wrote().expect("noted");
        assert!(found.may_be_read(&path, now(2)));
        damage(folder.path());
        assert!(!found.may_be_read(&path, now(3)), "somebody else wrote");
    }

    #[test]
    fn files_that_were_written_just_now_are_looked_at_again() {
        let (folder, connection, mut pages) = file_of_a_few_pages();
        let just_now = Now {
            instant: Instant::from_ms(0),
            wall: WallTime::from_ms(0),
        };
        pages.verify(&connection, just_now).expect("whole");
        damage(folder.path());
        pages.wrote().expect("noted");
        assert!(pages.verify(&connection, just_now).is_err());
    }
}
