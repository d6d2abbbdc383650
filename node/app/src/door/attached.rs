//! Files that go with a request. Whoever asks reads them and sends their bytes: the node opens no path
//! that a request names, so that a pipe, a device or a folder of somebody else's never holds it up.
//!
//! The line of JSON announces each file with its name and length; the bytes of all of them follow the
//! line, in the same order and with nothing between them.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use policy::CharterFiles;
use policy::signing::bundle;
use policy::signing::emergency::Signed;
use serde::{Deserialize, Serialize};

use crdt_model::text;
use crdt_model::text::{Problem, Text};
use node_import::limits::{FILE_BYTES_MAX, FILES_MAX};
use node_runtime::problems::charter_problem;
use node_runtime::problems::emergency_problem;

/// Files of one request, at most: those of an import, its mapping and its placement.
pub const ATTACHED_MAX: usize = FILES_MAX + 2;
/// Bytes of all files of one request, at most.
pub const ATTACHED_BYTES_MAX: u64 = 4 * FILE_BYTES_MAX as u64;

/// A file that goes with a request.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attached {
    /// What it is called, for messages; nothing is opened by it.
    pub name: String,
    /// How many bytes follow the line for it.
    length: u64,
    /// Its bytes.
    #[serde(skip)]
    pub bytes: Vec<u8>,
}

impl Attached {
    /// A file with these bytes.
    pub fn new(name: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self {
            name: name.into(),
            length: bytes.len() as u64,
            bytes,
        }
    }

    /// Reads a file of at most so many bytes.
    ///
    /// # Errors
    /// It cannot be read, is no ordinary file, or is larger.
    pub fn read(path: &Path, bytes_max: usize) -> Result<Self, Problem> {
        let bytes = read_file(path, bytes_max)?;
        Ok(Self::new(path.display().to_string(), bytes))
    }

    /// The signed charter in a folder, as a bundle.
    ///
    /// # Errors
    /// The folder cannot be read, or holds more than a charter may.
    pub fn of_charter(folder: &Path) -> Result<Self, Problem> {
        let files = CharterFiles::read(folder).map_err(|problem| charter_problem(&problem))?;
        let bundle = bundle::encode(&files).map_err(|problem| charter_problem(&problem))?;
        Ok(Self::new(folder.display().to_string(), bundle))
    }

    /// The signed declaration of an emergency in a folder.
    ///
    /// # Errors
    /// The folder cannot be read, or holds more than a declaration may.
    pub fn of_declaration(folder: &Path) -> Result<Self, Problem> {
        let signed = Signed::read(folder).map_err(|why| emergency_problem(&why))?;
        Ok(Self::new(folder.display().to_string(), signed.encoded()))
    }

    /// How many bytes were announced.
    pub fn length(&self) -> u64 {
        self.length
    }
}

/// Whether these are no more than may go with a request.
///
/// # Errors
/// What is too much.
pub fn check(attached: &[&Attached]) -> Result<(), Problem> {
    let bytes = attached
        .iter()
        .fold(0_u64, |sum, one| sum.saturating_add(one.length));
    if attached.len() <= ATTACHED_MAX && bytes <= ATTACHED_BYTES_MAX {
        return Ok(());
    }
    let (files, mib, mib_max) = (attached.len(), bytes >> 20, ATTACHED_BYTES_MAX >> 20);
    Err(Problem::new(
        "input-too-large",
        text!(
            "一次给出了 {files} 个文件，共 {mib} MiB；最多 {ATTACHED_MAX} 个、{mib_max} MiB",
            "{files} files with {mib} MiB at once, where {ATTACHED_MAX} files and {mib_max} MiB are allowed"
        ),
        text!("分几次执行", "give them in several commands"),
    ))
}

/// Reads an ordinary file of at most so many bytes. A pipe nobody writes to is refused and not waited
/// for.
///
/// # Errors
/// It cannot be read, is no ordinary file, or is larger.
pub fn read_file(path: &Path, bytes_max: usize) -> Result<Vec<u8>, Problem> {
    let failed = |error: io::Error| unreadable(path, &text!(error; "{error}", "{error}"));
    // Without this, opening a pipe waits for somebody who writes to it.
    let without_waiting = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(without_waiting);
    let mut file = options.open(path).map_err(failed)?;
    let found = file.metadata().map_err(failed)?;
    if let Some(what) = not_a_file(found.file_type()) {
        return Err(unreadable(path, &what));
    }
    let mut bytes = Vec::new();
    let limit = bytes_max as u64 + 1;
    (&mut file)
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() > bytes_max {
        let mib = bytes_max >> 20;
        return Err(unreadable(
            path,
            &text!("超过 {mib} MiB", "it has more than {mib} MiB"),
        ));
    }
    Ok(bytes)
}

/// What something is that is no ordinary file.
fn not_a_file(found: std::fs::FileType) -> Option<Text> {
    if found.is_file() {
        return None;
    }
    Some(if found.is_dir() {
        text!("它是目录，不是文件", "it is a folder and not a file")
    } else if found.is_fifo() {
        text!(
            "它是管道，不是文件；先把内容存为文件",
            "it is a pipe and not a file; save what comes out of it to a file first"
        )
    } else if found.is_socket() {
        text!("它是套接字，不是文件", "it is a socket and not a file")
    } else {
        text!("它是设备，不是文件", "it is a device and not a file")
    })
}

fn unreadable(path: &Path, why: &Text) -> Problem {
    let (path, Text { zh, en }) = (path.display(), why);
    Problem::new(
        "input-unreadable",
        text!(
            "读不了文件 {path}：{zh}",
            "cannot read the file {path}: {en}"
        ),
        text!(
            "核对路径和权限，给出一个普通文件",
            "check the path and its permissions, and give an ordinary file"
        ),
    )
}

#[cfg(test)]
mod tests {
    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    #[test]
    fn what_is_no_ordinary_file_is_refused_at_once_and_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let pipe = folder.path().join("pipe");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RWXU, 0).expect("a pipe");
        for (path, word) in [
            (pipe.as_path(), "a pipe"),
            (folder.path(), "a folder"),
            (Path::new("/dev/null"), "a device"),
            (&folder.path().join("none"), "No such file"),
        ] {
            let refused = read_file(path, 10).expect_err("refused");
            assert_eq!(refused.code, "input-unreadable");
            assert!(refused.what.en.contains(word), "{}", refused.what.en);
        }
    }

    #[test]
    fn a_file_is_read_up_to_its_limit() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        std::fs::write(&file, [7; 10]).expect("written");
        assert_eq!(read_file(&file, 10).expect("ten bytes"), [7; 10]);
        let refused = read_file(&file, 9).expect_err("one too many");
        assert!(refused.what.en.contains("more than"), "{}", refused.what.en);
    }
}
