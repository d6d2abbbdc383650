//! Whether a store's folder is the one that last ran here, or a copy of it.
//!
//! The head file names the machine it was written on, its own inode and the time of the write. A file
//! that was copied, restored or unpacked has another inode, or was changed on disk later than what it
//! says; one that was moved to another machine names the other machine. All of it is a hint and not a
//! proof: an image of a whole disk, put back on the machine it was taken from, passes. Its neighbours
//! notice that, for they hold commits of this node that it no longer knows.

use std::io;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::disk::{Disk, DiskFile};

const MACHINE_DOMAIN: &[u8] = b"countymesh machine\0";
const MACHINE_ID_FILES: [&str; 2] = ["/etc/machine-id", "/var/lib/dbus/machine-id"];
/// Milliseconds that a file may have been changed after the time that stands in it.
const WRITTEN_LATER_MS_MAX: i64 = 500;
/// The same before it: some file systems keep whole seconds, or two of them.
const WRITTEN_EARLIER_MS_MAX: i64 = 2_000;

/// Why a folder is not the one that last ran here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moved {
    /// It was copied, restored from a backup, or is a mix of both.
    Copied,
    /// It last ran on another machine.
    OtherMachine,
    /// It was damaged or rolled back, and goes on with what was left of it.
    Mended,
}

impl Moved {
    pub(super) fn code(moved: Option<Self>) -> u8 {
        match moved {
            None => 0,
            Some(Self::Copied) => 1,
            Some(Self::OtherMachine) => 2,
            Some(Self::Mended) => 3,
        }
    }

    /// What a code stands for. One that is not known stands for a folder that moved.
    pub(super) fn of_code(code: u8) -> Option<Self> {
        match code {
            0 => None,
            2 => Some(Self::OtherMachine),
            3 => Some(Self::Mended),
            _ => Some(Self::Copied),
        }
    }
}

/// Where and when a head file was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Home {
    /// First bytes of a digest of the machine's id; zeros where it has none.
    pub(super) machine: [u8; 8],
    pub(super) inode: u64,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub(super) written_ms: u64,
}

impl Home {
    /// Of what is written to this file now.
    pub(super) fn of(disk: &dyn Disk, file: &dyn DiskFile) -> io::Result<Self> {
        Ok(Self {
            machine: machine(),
            inode: file.identity()?.inode,
            written_ms: disk.now_ms(),
        })
    }

    /// Why what stands in a file was not written to that file on this machine.
    pub(super) fn moved(&self, file: &dyn DiskFile) -> io::Result<Option<Moved>> {
        let found = file.identity()?;
        if self.machine != machine() {
            return Ok(Some(Moved::OtherMachine));
        }
        let written_ms = i64::try_from(self.written_ms).unwrap_or(i64::MAX);
        let later_ms = found.changed_ms.saturating_sub(written_ms);
        let in_time = (-WRITTEN_EARLIER_MS_MAX..=WRITTEN_LATER_MS_MAX).contains(&later_ms);
        let same = found.inode == self.inode && in_time;
        Ok((!same).then_some(Moved::Copied))
    }
}

/// Stands for this machine. Its id itself is not to be given away.
fn machine() -> [u8; 8] {
    let id = MACHINE_ID_FILES
        .iter()
        .find_map(|path| std::fs::read_to_string(path).ok());
    let Some(id) = id.filter(|id| !id.trim().is_empty()) else {
        return [0; 8];
    };
    let digest: [u8; 32] = Sha256::new()
        .chain_update(MACHINE_DOMAIN)
        .chain_update(id.trim())
        .finalize()
        .into();
    digest.first_chunk::<8>().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::RealDisk;

    #[test]
    fn a_file_is_at_home_where_and_when_it_was_written() {
        let file = tempfile::tempfile().expect("a file");
        let home = Home::of(&RealDisk, &file).expect("a file");
        assert_eq!(home.moved(&file).expect("a file"), None);
        let earlier = Home {
            written_ms: home.written_ms - 60_000,
            ..home
        };
        let elsewhere = Home {
            inode: home.inode ^ 1,
            ..home
        };
        for one in [earlier, elsewhere] {
            assert_eq!(one.moved(&file).expect("a file"), Some(Moved::Copied));
        }
        let machine = Home {
            machine: [1; 8],
            ..home
        };
        let moved = machine.moved(&file).expect("a file");
        assert_eq!(moved, Some(Moved::OtherMachine));
    }

    #[test]
    fn a_code_that_is_not_known_stands_for_a_copy() {
        for moved in [
            None,
            Some(Moved::Copied),
            Some(Moved::OtherMachine),
            Some(Moved::Mended),
        ] {
            assert_eq!(Moved::of_code(Moved::code(moved)), moved);
        }
        assert_eq!(Moved::of_code(200), Some(Moved::Copied));
    }
}
