//! The head file: what was last made durable, kept outside the engine.
//!
//! Two slots of 128 bytes at 0 and 4096 of a file of 8192 bytes, written in turn and in place, so
//! that a sync costs one small write and one `fdatasync` that changes no metadata, and a torn write
//! leaves the other slot. The valid slot with the higher sequence counts.
//!
//! ```text
//! 0     8  "CMSTORE\n"
//! 8     4  format, 1
//! 12    4  zero
//! 16    8  sequence    raised by every write of the head; odd ones stand in the second slot
//! 24   16  store       as in the engine's stamp
//! 40    8  generation  the engine folder that counts
//! 48    8  batches     batches that are durable
//! 56    8  machine     first bytes of a digest of its id, zeros if it has none
//! 64    8  inode       of this file
//! 72    8  written     milliseconds since 1970-01-01T00:00:00Z
//! 80    1  moved       not the folder that last ran here, and not settled yet: 1 copied, 2 from
//!                      another machine, 3 mended (see `home`)
//! 81   39  zero
//! 120   8  checksum    the first 8 bytes of SHA-256 over a domain and the 120 bytes before
//! ```
//!
//! Integers are big-endian. Whatever a later format changes, magic, format and checksum stay in
//! their places, so that an older program can tell a newer store from a damaged one.

use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::disk::{Disk, DiskFile};
use super::error::{OpenError, at_path};
use super::folder::Folder;
use super::home::{Home, Moved};
use super::stamp::{Mark, StoreId, take};

/// The format that this program writes, and the newest it reads.
const FORMAT: u32 = 1;

const MAGIC: [u8; 8] = *b"CMSTORE\n";
const CHECKSUM_DOMAIN: &[u8] = b"countymesh store head\0";
const SLOT_BYTES: usize = 128;
const SLOT_DISTANCE_BYTES: u64 = 4096;
const FILE_BYTES: usize = 8192;

/// Why a head file could not be read.
#[derive(Debug)]
pub(super) enum HeadError {
    /// It is not there.
    Missing,
    /// Neither slot is whole.
    Damaged,
    /// It begins like no head file at all.
    Foreign,
    /// A newer program wrote it.
    Format(u32),
    /// The operating system failed.
    Io(io::Error),
}

impl HeadError {
    /// What it means for opening the store.
    pub(super) fn refusal(self, folder: &Folder) -> OpenError {
        let path = folder.head_path();
        match self {
            Self::Missing => OpenError::Missing(folder.path().to_owned()),
            Self::Damaged => OpenError::Damaged(format!(
                "neither half of the head file `{}` is whole",
                path.display()
            )),
            Self::Foreign => OpenError::NotAStore {
                folder: folder.path().to_owned(),
                problem: format!("`{}` is not a head file", path.display()),
            },
            Self::Format(found) => OpenError::Format {
                found,
                known: FORMAT,
            },
            Self::Io(error) => at_path(&path)(error).into(),
        }
    }
}

/// An open head file.
#[derive(Debug)]
pub(super) struct Head {
    file: Box<dyn DiskFile>,
    sequence: u64,
    mark: Mark,
    moved: Option<Moved>,
    /// Whether one of the slots is not whole: it may have been the newer one.
    is_torn: bool,
}

impl Head {
    /// Writes a new head file in the place of whatever was there, durably.
    pub(super) fn create(
        disk: &dyn Disk,
        path: &Path,
        mark: Mark,
        moved: Option<Moved>,
    ) -> io::Result<Self> {
        let new = path.with_extension("head-new");
        let file = disk.create(&new, 0o666)?;
        file.write_all_at(&[0; FILE_BYTES], 0)?;
        file.write_all_at(&encode(0, mark, moved, Home::of(disk, &*file)?), 0)?;
        file.sync_all()?;
        disk.rename(&new, path)?;
        sync_name(disk, path)?;
        Ok(Self {
            file,
            sequence: 0,
            mark,
            moved,
            is_torn: false,
        })
    }

    /// Reads a head file.
    pub(super) fn open(disk: &dyn Disk, path: &Path) -> Result<Self, HeadError> {
        let file = match disk.open_to_write(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(HeadError::Missing);
            }
            other => other.map_err(HeadError::Io)?,
        };
        let slots = [
            read_slot(&*file, 0)?,
            read_slot(&*file, SLOT_DISTANCE_BYTES)?,
        ];
        let (mut newest, mut whole): (Option<Content>, usize) = (None, 0);
        for slot in &slots {
            let slot = decode(slot);
            whole += usize::from(matches!(slot, Slot::Whole(_)));
            match slot {
                Slot::Whole(content)
                    if newest
                        .as_ref()
                        .is_none_or(|other| other.sequence < content.sequence) =>
                {
                    newest = Some(content);
                }
                Slot::Whole(_) => {}
                Slot::Newer(format) => return Err(HeadError::Format(format)),
                Slot::Damaged => {}
            }
        }
        match newest {
            Some(content) => {
                let moved = match content.moved {
                    None => content.home.moved(&*file).map_err(HeadError::Io)?,
                    moved => moved,
                };
                Ok(Self {
                    file,
                    sequence: content.sequence,
                    mark: content.mark,
                    moved,
                    // The second slot is empty until the first write after creation.
                    is_torn: whole < 2 && content.sequence > 0,
                })
            }
            None if slots.iter().any(|slot| slot.starts_with(&MAGIC)) => Err(HeadError::Damaged),
            None => Err(HeadError::Foreign),
        }
    }

    /// What was last made durable.
    pub(super) fn mark(&self) -> Mark {
        self.mark
    }

    /// Whether more may have been durable than it says.
    pub(super) fn is_torn(&self) -> bool {
        self.is_torn
    }

    /// Why the folder is not the one that last ran here. Kept over restarts until it is settled.
    pub(super) fn moved(&self) -> Option<Moved> {
        self.moved
    }

    /// Makes durable what was read, and the file's name.
    pub(super) fn sync(&self, disk: &dyn Disk, path: &Path) -> io::Result<()> {
        self.file.sync_data()?;
        sync_name(disk, path)
    }

    /// The folder is the one that runs here from now on.
    pub(super) fn settle(&mut self, disk: &dyn Disk) -> io::Result<()> {
        let moved = self.moved.take();
        let written = self.write(disk, self.mark);
        if written.is_err() {
            self.moved = moved;
        }
        written
    }

    /// Says durably that the store has gone over to another generation, in both slots: neither may name
    /// one that is gone, should the other be damaged.
    pub(super) fn go_over(&mut self, disk: &dyn Disk, mark: Mark) -> io::Result<()> {
        self.write(disk, mark)?;
        self.write(disk, mark)
    }

    /// Says durably how far the store has come. After a failure the file holds the old mark or the
    /// new one.
    pub(super) fn write(&mut self, disk: &dyn Disk, mark: Mark) -> io::Result<()> {
        let sequence = self.sequence.wrapping_add(1);
        let offset = (sequence % 2) * SLOT_DISTANCE_BYTES;
        let home = Home::of(disk, &*self.file)?;
        let slot = encode(sequence, mark, self.moved, home);
        self.file.write_all_at(&slot, offset)?;
        self.file.sync_data()?;
        self.sequence = sequence;
        self.mark = mark;
        Ok(())
    }
}

/// Makes the names in a head file's folder durable.
fn sync_name(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| disk.sync_dir(folder))
}

/// What a slot says.
struct Content {
    sequence: u64,
    mark: Mark,
    home: Home,
    moved: Option<Moved>,
}

enum Slot {
    Whole(Content),
    Newer(u32),
    Damaged,
}

/// The bytes of a slot; fewer where the file ends.
fn read_slot(file: &dyn DiskFile, offset: u64) -> Result<Vec<u8>, HeadError> {
    let mut slot = [0; SLOT_BYTES];
    match file.read_exact_at(&mut slot, offset) {
        Ok(()) => Ok(slot.to_vec()),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Vec::new()),
        Err(error) => Err(HeadError::Io(error)),
    }
}

fn encode(sequence: u64, mark: Mark, moved: Option<Moved>, home: Home) -> [u8; SLOT_BYTES] {
    let mut bytes = Vec::with_capacity(SLOT_BYTES);
    bytes.extend(MAGIC);
    bytes.extend(FORMAT.to_be_bytes());
    bytes.extend([0; 4]);
    bytes.extend(sequence.to_be_bytes());
    bytes.extend(mark.store.0);
    bytes.extend(mark.generation.to_be_bytes());
    bytes.extend(mark.batches.to_be_bytes());
    bytes.extend(home.machine);
    bytes.extend(home.inode.to_be_bytes());
    bytes.extend(home.written_ms.to_be_bytes());
    bytes.push(Moved::code(moved));
    bytes.resize(SLOT_BYTES - 8, 0);
    bytes.extend(checksum(&bytes));
    let mut slot = [0; SLOT_BYTES];
    slot.copy_from_slice(&bytes);
    slot
}

fn decode(slot: &[u8]) -> Slot {
    decode_checked(slot).unwrap_or(Slot::Damaged)
}

fn decode_checked(slot: &[u8]) -> Option<Slot> {
    let (body, tag) = slot.split_last_chunk::<8>()?;
    let mut rest = body;
    if take(&mut rest)? != MAGIC || checksum(body) != *tag {
        return None;
    }
    let format = u32::from_be_bytes(take(&mut rest)?);
    if format > FORMAT {
        return Some(Slot::Newer(format));
    }
    let _zero: [u8; 4] = take(&mut rest)?;
    let sequence = u64::from_be_bytes(take(&mut rest)?);
    let store = StoreId(take(&mut rest)?);
    let generation = u64::from_be_bytes(take(&mut rest)?);
    let batches = u64::from_be_bytes(take(&mut rest)?);
    let home = Home {
        machine: take(&mut rest)?,
        inode: u64::from_be_bytes(take(&mut rest)?),
        written_ms: u64::from_be_bytes(take(&mut rest)?),
    };
    let [moved] = take(&mut rest)?;
    Some(Slot::Whole(Content {
        sequence,
        mark: Mark {
            store,
            generation,
            batches,
        },
        home,
        moved: Moved::of_code(moved),
    }))
}

fn checksum(bytes: &[u8]) -> [u8; 8] {
    let digest: [u8; 32] = Sha256::new()
        .chain_update(CHECKSUM_DOMAIN)
        .chain_update(bytes)
        .finalize()
        .into();
    let mut tag = [0; 8];
    tag.copy_from_slice(digest.first_chunk::<8>().unwrap_or(&[0; 8]));
    tag
}
