//! Files that a command is given besides charters: read whole, under a bound.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use crate::output::{Exit, Failure};
use crate::text::both;

/// Bytes of a list that a node makes: an inventory, or its decisions.
pub(crate) const LIST_BYTES_MAX: usize = 256 * 1024 * 1024;

/// The text of a file of at most so many bytes.
pub(crate) fn read_text(path: &Path, most_bytes: usize) -> Result<String, Failure> {
    let bytes = read_bytes(path, most_bytes)?;
    String::from_utf8(bytes).map_err(|_| {
        let path = path.display();
        unreadable(both!(
            "`{path}` 不是 UTF-8 文本",
            "`{path}` is not text in UTF-8"
        ))
    })
}

fn read_bytes(path: &Path, most_bytes: usize) -> Result<Vec<u8>, Failure> {
    let shown = path.display();
    let fault = |problem: std::io::Error| {
        unreadable(match problem.kind() {
            ErrorKind::NotFound => both!("`{shown}` 不存在", "`{shown}` does not exist"),
            _ if path.is_dir() => both!(
                "`{shown}` 是目录，这里需要文件",
                "`{shown}` is a folder, where a file is needed"
            ),
            _ => both!(
                "无法读取 `{shown}`：{problem}",
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
        return Err(unreadable(both!(
            "`{shown}` 超过 {most_bytes} 字节",
            "`{shown}` is larger than {most_bytes} bytes"
        )));
    }
    Ok(bytes)
}

fn unreadable(message: crdt_model::kind::Title) -> Failure {
    Failure {
        message,
        ..Failure::new(Exit::Usage, "unreadable", "")
    }
}
