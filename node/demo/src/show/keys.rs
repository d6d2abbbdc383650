//! What somebody types, a line at a time: `c` or `c 3`, `h`, `k`, `q`. Lines and not single keys, so
//! that the terminal stays as it is whatever becomes of this process.

use std::io::BufRead;
use std::sync::mpsc::{Receiver, sync_channel};

/// Lines that may wait to be carried out.
const WAITING_MAX: usize = 16;

/// What was typed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Typed {
    /// Cut a township; which, by its number, if that was said at once.
    Cut(Option<usize>),
    /// A number, in answer to which township.
    Number(usize),
    /// Restore all lines.
    Heal,
    /// Kill a random node.
    Kill,
    /// End.
    Quit,
    /// Anything else.
    Unknown,
}

/// Reads standard input on a thread of its own, since a read cannot be called off.
pub(super) fn listen() -> Receiver<Typed> {
    let (tell, told) = sync_channel(WAITING_MAX);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if !line.trim().is_empty() && tell.send(understand(&line)).is_err() {
                return;
            }
        }
    });
    told
}

fn understand(line: &str) -> Typed {
    let line = line.trim().to_ascii_lowercase();
    let mut words = line.split_whitespace();
    let number = |word: &str| word.parse().ok();
    match (words.next(), words.next()) {
        (Some("c"), rest) => Typed::Cut(rest.and_then(number)),
        (Some("h"), None) => Typed::Heal,
        (Some("k"), None) => Typed::Kill,
        (Some("q"), None) => Typed::Quit,
        (Some(word), None) => number(word).map_or(Typed::Unknown, Typed::Number),
        _ => Typed::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_understood() {
        let typed = ["c", " C 3 ", "4", "h", "k", "q", "x", "q now", ""].map(understand);
        let expected = [
            Typed::Cut(None),
            Typed::Cut(Some(3)),
            Typed::Number(4),
            Typed::Heal,
            Typed::Kill,
            Typed::Quit,
            Typed::Unknown,
            Typed::Unknown,
            Typed::Unknown,
        ];
        assert_eq!(typed, expected);
    }
}
