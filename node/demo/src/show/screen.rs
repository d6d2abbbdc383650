//! Where a demonstration is shown: a terminal that is redrawn in place, or lines for whatever else
//! reads it. A reader that goes away ends the showing and is no error.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::crew::hold;
use crdt_model::text::{Language, Text};

/// Where it is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stream {
    Out,
    /// Beside the one object that a program reads from standard output.
    Beside,
}

/// What is shown, and to whom.
pub(super) struct Screen {
    stream: Stream,
    terminal: bool,
    language: Language,
    gone: AtomicBool,
    /// Lines of the picture that stands there now.
    drawn: Mutex<usize>,
}

impl Screen {
    pub(super) fn new(stream: Stream, language: Language) -> Self {
        let terminal = match stream {
            Stream::Out => std::io::stdout().is_terminal(),
            Stream::Beside => std::io::stderr().is_terminal(),
        };
        Self {
            stream,
            terminal,
            language,
            gone: AtomicBool::new(false),
            drawn: Mutex::default(),
        }
    }

    /// Whether it can be redrawn in place.
    pub(super) fn terminal(&self) -> bool {
        self.terminal
    }

    /// Whether the reader has gone away.
    pub(super) fn gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    /// A message in the language of the screen.
    pub(super) fn say<'a>(&self, text: &'a Text) -> &'a str {
        text.in_language(self.language)
    }

    /// Writes a line that stays.
    pub(super) fn line(&self, text: &str) {
        self.write(&format!("{text}\n"));
        *hold(&self.drawn) = 0;
    }

    /// Writes over the line that was written here last, on a terminal only.
    pub(super) fn over(&self, text: &str) {
        if self.terminal {
            self.write(&format!("\r{text}\x1b[K"));
        }
    }

    /// Draws a picture in the place of the last one. What is typed stands below it and stays.
    pub(super) fn draw(&self, picture: &str) {
        if !self.terminal {
            return self.write(&format!("{picture}\n"));
        }
        let mut drawn = hold(&self.drawn);
        let lines = picture.lines().count();
        let mut text = String::new();
        if *drawn == lines {
            text.push_str("\x1b7\x1b[H");
            for line in picture.lines() {
                text.push_str(line);
                text.push_str("\x1b[K\r\n");
            }
            text.push_str("\x1b8");
        } else {
            text.push_str("\x1b[2J\x1b[H");
            for line in picture.lines() {
                text.push_str(line);
                text.push_str("\r\n");
            }
            *drawn = lines;
        }
        self.write(&text);
    }

    /// Forgets the picture, so that the next one is drawn from scratch with a fresh line below it.
    pub(super) fn refresh(&self) {
        *hold(&self.drawn) = 0;
    }

    fn write(&self, text: &str) {
        let bytes = text.as_bytes();
        let written = match self.stream {
            Stream::Out => {
                let mut out = std::io::stdout().lock();
                out.write_all(bytes).and_then(|()| out.flush())
            }
            Stream::Beside => std::io::stderr().lock().write_all(bytes),
        };
        if written.is_err() {
            self.gone.store(true, Ordering::Relaxed);
        }
    }
}
