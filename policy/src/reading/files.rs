//! The files of one charter, as bytes: read once from a folder or from a peer, under bounds, and
//! never read again. The bytes that are signed are the bytes that are evaluated.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use crdt_model::limits::{CHARTER_BYTES_MAX, CHARTER_FILES_MAX};
use crdt_model::text;
use crdt_model::text::{Explain, Text};

use crate::reading::characters::visible;

/// Every file of a charter folder, by its path within the folder with `/` between the parts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CharterFiles {
    /// Path to content.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// Why a folder could not be read as a charter.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.text().en)]
pub enum FilesError {
    /// The operating system refused.
    Read {
        /// What was to be read.
        path: PathBuf,
        /// What it said.
        problem: std::io::Error,
    },
    /// Links, sockets and the like have no place in a charter.
    Unexpected {
        /// What was found.
        path: PathBuf,
    },
    /// More, or more bytes, than a charter may have.
    TooLarge {
        /// How many files, at least.
        files: usize,
        /// Their bytes.
        bytes: usize,
    },
    /// One file that is larger than a whole charter may be.
    FileTooLarge {
        /// The file.
        path: PathBuf,
        /// Its length.
        bytes: u64,
    },
    /// A file name that is not UTF-8.
    Name {
        /// What was found.
        path: PathBuf,
    },
}

impl Explain for FilesError {
    fn text(&self) -> Text {
        match self {
            Self::Read { path, problem } => {
                let path = shown(path);
                text!(problem; "读不了 `{path}`：{problem}", "cannot read `{path}`: {problem}")
            }
            Self::Unexpected { path } => text!(
                "`{path}` 既不是文件也不是目录；章程目录中不能有别的，链接也不行",
                "`{path}` is neither a file nor a folder; a charter holds nothing else, no links either",
                path = shown(path)
            ),
            Self::TooLarge { files, bytes } => text!(
                "{files} 个文件、{bytes} 字节；最多 {CHARTER_FILES_MAX} 个文件、{CHARTER_BYTES_MAX} 字节",
                "{files} files with {bytes} bytes, where at most {CHARTER_FILES_MAX} files and \
                 {CHARTER_BYTES_MAX} bytes are allowed"
            ),
            Self::FileTooLarge { path, bytes } => text!(
                "`{path}` 有 {bytes} 字节，而整份章程最多 {CHARTER_BYTES_MAX} 字节；请移走",
                "`{path}` has {bytes} bytes, where a whole charter has at most {CHARTER_BYTES_MAX}; \
                 remove it",
                path = shown(path)
            ),
            Self::Name { path } => text!(
                "`{path}` 的文件名不是 UTF-8",
                "`{path}` has a name that is not UTF-8",
                path = shown(path)
            ),
        }
    }
}

impl CharterFiles {
    /// Reads a folder with everything in it.
    pub fn read(folder: &Path) -> Result<Self, FilesError> {
        let mut read = Self::default();
        read.read_into(folder, "")?;
        Ok(read)
    }

    fn read_into(&mut self, folder: &Path, prefix: &str) -> Result<(), FilesError> {
        let fault = |path: &Path, problem| FilesError::Read {
            path: path.to_owned(),
            problem,
        };
        for entry in std::fs::read_dir(folder).map_err(|problem| fault(folder, problem))? {
            let path = entry.map_err(|problem| fault(folder, problem))?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let name = name.ok_or_else(|| FilesError::Name { path: path.clone() })?;
            let within = format!("{prefix}{name}");
            let metadata = path
                .symlink_metadata()
                .map_err(|problem| fault(&path, problem))?;
            if metadata.is_dir() {
                self.read_into(&path, &format!("{within}/"))?;
            } else if metadata.is_file() {
                if metadata.len() > CHARTER_BYTES_MAX as u64 {
                    let bytes = metadata.len();
                    return Err(FilesError::FileTooLarge { path, bytes });
                }
                let content = read_bounded(&path).map_err(|problem| fault(&path, problem))?;
                self.files.insert(within, content);
                self.check_bounds()?;
            } else {
                return Err(FilesError::Unexpected { path });
            }
        }
        Ok(())
    }

    /// Checks the bounds that any charter keeps, wherever it came from.
    pub fn check_bounds(&self) -> Result<(), FilesError> {
        let bytes: usize = self.files.values().map(Vec::len).sum();
        if self.files.len() > CHARTER_FILES_MAX || bytes > CHARTER_BYTES_MAX {
            let files = self.files.len();
            return Err(FilesError::TooLarge { files, bytes });
        }
        Ok(())
    }
}

/// The content of a file, which may have grown since it was looked at.
fn read_bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut content = Vec::new();
    let file = std::fs::File::open(path)?;
    file.take(CHARTER_BYTES_MAX as u64 + 1)
        .read_to_end(&mut content)?;
    Ok(content)
}

fn shown(path: &Path) -> String {
    visible(&path.display().to_string())
}
