//! Writing to the terminal: nothing panics when the reader has gone.

use std::io::{IsTerminal, Write};

/// Writes one line; a reader that has gone away is no error.
pub(super) fn line(text: impl AsRef<str>) {
    let _ = writeln!(std::io::stdout(), "{}", text.as_ref());
}

/// Writes one line beside the output.
pub(super) fn aside(text: impl AsRef<str>) {
    let _ = writeln!(std::io::stderr(), "{}", text.as_ref());
}

/// Says how many of so many are done: on a terminal in place, after each; elsewhere in a line of its
/// own, twenty times in all.
pub(super) fn progress(done: u64, all: u64, what: &str) {
    let mut error = std::io::stderr();
    if error.is_terminal() {
        let _ = write!(error, "\r{done} of {all} {what}\x1b[K");
        let _ = error.flush();
    } else if done * 20 / all.max(1) > done.saturating_sub(1) * 20 / all.max(1) {
        let _ = writeln!(error, "{done} of {all} {what}");
    }
}
