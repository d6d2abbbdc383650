//! Writing to the terminal: nothing panics when the reader has gone.

use std::io::Write;

/// Writes one line; a reader that has gone away is no error.
pub(super) fn line(text: impl AsRef<str>) {
    let _ = writeln!(std::io::stdout(), "{}", text.as_ref());
}

/// Writes one line beside the output.
#[cfg(feature = "planted-bugs")]
pub(super) fn aside(text: impl AsRef<str>) {
    let _ = writeln!(std::io::stderr(), "{}", text.as_ref());
}

/// Says how far something has come, on the terminal alone.
pub(super) fn progress(text: impl AsRef<str>) {
    let _ = write!(std::io::stderr(), "\r{}\x1b[K", text.as_ref());
    let _ = std::io::stderr().flush();
}
