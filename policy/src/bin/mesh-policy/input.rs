//! Files that a command is given besides charters: read whole, under a bound.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use crdt_model::text;
use crdt_model::text::Text;
use policy::CharterFiles;
use policy::signing::sign::write_whole;

use crate::output::{Exit, Failure, sign_failure};

/// Bytes of a list that a node makes: an inventory, or its decisions.
pub(crate) const LIST_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Bytes of one file of a charter.
pub(crate) const FILE_BYTES_MAX: usize = crdt_model::limits::CHARTER_BYTES_MAX;

/// Writes a file whole or not at all.
pub(crate) fn write_text(path: &Path, text: &str) -> Result<(), Failure> {
    write_whole(path, text.as_bytes()).map_err(|error| sign_failure(error, path))
}

/// Makes a folder with these files; it must not exist.
pub(crate) fn write_folder(dir: &Path, files: &CharterFiles) -> Result<(), Failure> {
    std::fs::create_dir(dir).map_err(|problem| Failure::unwritable(dir, &problem))?;
    for (path, content) in &files.files {
        let path = dir.join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|problem| Failure::unwritable(folder, &problem))?;
        }
        std::fs::write(&path, content).map_err(|problem| Failure::unwritable(&path, &problem))?;
    }
    Ok(())
}

/// The text of a file of at most so many bytes.
pub(crate) fn read_text(path: &Path, most_bytes: usize) -> Result<String, Failure> {
    let bytes = read_bytes(path, most_bytes)?;
    String::from_utf8(bytes).map_err(|_| {
        let path = path.display();
        unreadable(text!(
            "`{path}` 不是 UTF-8 文本",
            "`{path}` is not text in UTF-8"
        ))
    })
}

fn read_bytes(path: &Path, most_bytes: usize) -> Result<Vec<u8>, Failure> {
    let shown = path.display();
    let fault = |problem: std::io::Error| {
        unreadable(match problem.kind() {
            ErrorKind::NotFound => text!("`{shown}` 不存在", "`{shown}` does not exist"),
            _ if path.is_dir() => text!(
                "`{shown}` 是目录，这里需要文件",
                "`{shown}` is a folder, where a file is needed"
            ),
            _ => text!(
                problem; "读不了 `{shown}`：{problem}",
                "cannot read `{shown}`: {problem}"
            ),
        })
    };
    let file = File::open(path).map_err(fault)?;
    // One byte more than allowed, so that a longer file is seen to be one.
    let mut bytes = Vec::new();
    file.take(most_bytes as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(fault)?;
    if bytes.len() > most_bytes {
        return Err(unreadable(text!(
            "`{shown}` 超过 {most_bytes} 字节",
            "`{shown}` is larger than {most_bytes} bytes"
        )));
    }
    Ok(bytes)
}

fn unreadable(message: Text) -> Failure {
    Failure::new(Exit::Usage, "unreadable", message)
}
