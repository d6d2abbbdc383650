//! What a command gives back, and how it is written: text or one JSON object to stdout, problems to
//! stderr (to stdout as an object with `--json`), through writers that survive a closed pipe.

use std::fmt::Write as _;
use std::io::{ErrorKind, Write};

use serde_json::Value;

use super::exit::Exit;
use crdt_model::text::{Language, Problem, Text};
use node_app::door::line::{answer_value, problem_value};
use node_app::door::use_case::UseCase;

/// What a command gives back.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Answer {
    /// How the command ends.
    pub(super) exit: Exit,
    /// For people.
    pub(super) text: String,
    /// For programs.
    pub(super) json: Value,
}

impl Answer {
    /// Done: this text for people, this object for programs.
    pub(super) fn done(text: String, json: Value) -> Self {
        Self {
            exit: Exit::Done,
            text,
            json,
        }
    }

    /// Done, with the node's answer as the object for programs.
    pub(super) fn of<U: UseCase>(text: String, answer: &U::Answer) -> Self {
        Self::done(text, answer_value::<U>(answer))
    }
}

/// How a command ended: with an answer, or with a problem.
pub(super) type Ended = Result<Answer, Problem>;

/// Where, in which form and in which language a command answers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    /// The language of text.
    pub(super) language: Language,
    /// Whether a program reads it.
    pub(super) json: bool,
}

impl Output {
    /// A message in the language asked for.
    pub(super) fn say(&self, text: &Text) -> String {
        text.in_language(self.language).to_owned()
    }

    /// Writes text to stdout; false if that failed other than by a reader that went away.
    pub(super) fn print(&self, text: &str) -> bool {
        write(&mut std::io::stdout().lock(), &without_controls(text))
    }

    /// Tells people how far something long has come.
    pub(super) fn progress(&self, text: &Text) {
        if !self.json {
            let line = format!("{}\n", self.say(text));
            // Whether anybody reads it changes nothing.
            let _ = write(&mut std::io::stderr().lock(), &without_controls(&line));
        }
    }

    /// Writes what a command gave back, and says how it ends.
    pub(super) fn end(&self, result: Result<Answer, Problem>) -> Exit {
        let (exit, written) = match result {
            Ok(answer) if self.json => (answer.exit, self.object(&answer.json)),
            Ok(answer) => (answer.exit, self.print(&answer.text)),
            Err(problem) => (Exit::of(&problem), self.problem(&problem)),
        };
        if written { exit } else { Exit::Internal }
    }

    /// Writes a problem where people or programs look for it.
    pub(super) fn problem(&self, problem: &Problem) -> bool {
        if self.json {
            return self.object(&problem_value(problem));
        }
        let text = problem_text(problem, self.language);
        write(&mut std::io::stderr().lock(), &without_controls(&text))
    }

    fn object(&self, object: &Value) -> bool {
        write(&mut std::io::stdout().lock(), &format!("{object}\n"))
    }
}

/// A problem as people read it: its code, what happened, and what to do next.
pub(super) fn problem_text(problem: &Problem, language: Language) -> String {
    let Problem { code, what, next } = problem;
    let (what, next) = (what.in_language(language), next.in_language(language));
    match language {
        Language::Zh => format!("{what}\n下一步：{next}\n（代码 {code}）\n"),
        Language::En => format!("error[{code}]: {what}\nnext: {next}\n"),
    }
}

/// Text as a terminal may have it. Records come from other people's nodes: characters that move the
/// cursor or turn the reading direction are shown as their number and not obeyed.
fn without_controls(text: &str) -> String {
    let obeyed = |char: char| {
        let turns = matches!(char, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        turns || char.is_control() && char != '\n'
    };
    let mut safe = String::with_capacity(text.len());
    for char in text.chars() {
        if obeyed(char) {
            // Writing to a string does not fail.
            let _ = write!(safe, "\\u{{{:x}}}", u32::from(char));
        } else {
            safe.push(char);
        }
    }
    safe
}

/// Writes all of a text. A reader that went away, as `| head` does, is no error.
fn write(to: &mut impl Write, text: &str) -> bool {
    match to.write_all(text.as_bytes()).and_then(|()| to.flush()) {
        Ok(()) => true,
        Err(error) => error.kind() == ErrorKind::BrokenPipe,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crdt_model::text;

    #[test]
    fn a_problem_shows_code_cause_and_next_step_in_each_language() {
        let problem = Problem::new(
            "store-locked",
            text!("存储已被占用", "the store is in use"),
            text!("先停止节点", "stop the node first"),
        );
        assert_eq!(
            problem_text(&problem, Language::Zh),
            "存储已被占用\n下一步：先停止节点\n（代码 store-locked）\n"
        );
        assert_eq!(
            problem_text(&problem, Language::En),
            "error[store-locked]: the store is in use\nnext: stop the node first\n"
        );
    }

    #[test]
    fn a_record_cannot_drive_the_terminal() {
        let shown = without_controls("张三\u{1b}[2J\u{202e}\r\n李四");
        assert_eq!(shown, "张三\\u{1b}[2J\\u{202e}\\u{d}\n李四");
    }

    #[test]
    fn a_reader_that_went_away_is_no_error() {
        struct Gone(ErrorKind);
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(self.0.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        assert!(write(&mut Gone(ErrorKind::BrokenPipe), "text"));
        assert!(!write(&mut Gone(ErrorKind::StorageFull), "text"));
    }
}
