//! How requests and answers are written: one JSON object a line, each way. The bytes of files follow
//! the line of their request: see [`super::attached`].
//!
//! A request names what is asked (`ask`), beside what that needs, and may say in which `role` and for
//! what `reason` somebody asks, and whether they want to `watch` how far it comes. An answer names what
//! it is (`answer`), or is a `problem`.

use std::borrow::Cow;

use crdt_model::ids::Name;
use crdt_model::text;
use crdt_model::text::Problem;
use serde::{Deserialize, Serialize};

use super::caller::{Caller, WayIn};
use super::task::Progress;
use super::use_case::UseCase;

/// Bytes of one line, at most.
pub const LINE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Entries in one page of a list, at most.
pub const PAGE_ENTRIES_MAX: usize = 2_000;
/// Characters of a reason that are kept.
const REASON_CHARS_MAX: usize = 200;
/// What a program sends while it waits, to have what it asked for end early.
pub const CALL_OFF: &str = "{\"call-off\":true}\n";

const PROBLEM: &str = "problem";

/// A request with what the socket says of whoever asks. `R` is what is asked.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Envelope<R> {
    /// What is asked.
    #[serde(flatten)]
    pub asked: R,
    /// The role that they work in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Name>,
    /// Why they look at what is restricted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether lines that say how far it has come are wanted before the answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub watch: bool,
}

impl<R> Envelope<R> {
    /// What this caller asks.
    pub fn of(caller: &Caller, asked: R, watch: bool) -> Self {
        Self {
            asked,
            role: caller.role,
            reason: caller.reason.clone(),
            watch,
        }
    }

    /// Who asks, through the control socket.
    pub fn caller(&self, user: Option<u32>) -> Caller {
        Caller {
            way_in: WayIn::Socket,
            user,
            role: self.role,
            // It is written to the log.
            reason: self.reason.as_ref().map(|reason| {
                let bounded = reason.chars().take(REASON_CHARS_MAX);
                bounded.collect()
            }),
        }
    }
}

/// What is asked, with its name, as [`Envelope`] wants it.
#[derive(Serialize)]
pub struct Asked<'a, U> {
    ask: &'static str,
    #[serde(flatten)]
    asked: &'a U,
}

impl<'a, U: UseCase> Asked<'a, U> {
    /// This, with its name.
    pub fn new(asked: &'a U) -> Self {
        Self {
            ask: U::NAME,
            asked,
        }
    }
}

#[derive(Serialize)]
struct Answered<'a, T> {
    answer: &'static str,
    #[serde(flatten)]
    told: &'a T,
}

/// An answer as JSON, for a line or for `--json`.
pub fn answer_value<U: UseCase>(answer: &U::Answer) -> serde_json::Value {
    let answered = Answered {
        answer: U::ANSWER,
        told: answer,
    };
    serde_json::to_value(answered).unwrap_or_default()
}

/// A problem as JSON, for a line or for `--json`.
pub fn problem_value(problem: &Problem) -> serde_json::Value {
    let answered = Answered {
        answer: PROBLEM,
        told: problem,
    };
    serde_json::to_value(answered).unwrap_or_default()
}

/// The line of an answer.
///
/// # Errors
/// It has no form in JSON.
pub fn answer_line<U: UseCase>(
    answer: &Result<U::Answer, Problem>,
) -> Result<Vec<u8>, serde_json::Error> {
    match answer {
        Ok(told) => line(&Answered {
            answer: U::ANSWER,
            told,
        }),
        Err(problem) => problem_line(problem),
    }
}

/// The line of a problem.
///
/// # Errors
/// It has no form in JSON.
pub fn problem_line(problem: &Problem) -> Result<Vec<u8>, serde_json::Error> {
    line(&Answered {
        answer: PROBLEM,
        told: problem,
    })
}

/// The line that says how far something has come.
///
/// # Errors
/// It has no form in JSON.
pub fn progress_line(progress: &Progress) -> Result<Vec<u8>, serde_json::Error> {
    line(&Watched {
        progress: *progress,
    })
}

/// Something as a line.
///
/// # Errors
/// It has no form in JSON.
pub fn line(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}

/// Whether a number says nothing, so that answers leave it out.
pub fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[derive(Serialize, Deserialize)]
struct Watched {
    progress: Progress,
}

/// One line that a node wrote.
pub enum Told<T> {
    /// The answer, or why there is none.
    Answer(Result<T, Problem>),
    /// How far it has come.
    Progress(Progress),
}

/// Reads a line that a node wrote in answer to a use case.
///
/// # Errors
/// It is none.
pub fn told<U: UseCase>(line: &[u8]) -> Result<Told<U::Answer>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Word<'a> {
        #[serde(default, borrow)]
        answer: Option<Cow<'a, str>>,
    }
    let word: Word<'_> = serde_json::from_slice(line)?;
    Ok(match word.answer.as_deref() {
        None => Told::Progress(serde_json::from_slice::<Watched>(line)?.progress),
        Some(PROBLEM) => Told::Answer(Err(serde_json::from_slice(line)?)),
        Some(word) if word == U::ANSWER => Told::Answer(Ok(serde_json::from_slice(line)?)),
        Some(word) => Told::Answer(Err(unexpected(word))),
    })
}

/// An answer that does not fit the question.
fn unexpected(answer: &str) -> Problem {
    Problem::new(
        "internal-answer",
        text!(
            "节点的应答与请求不符（{answer}）",
            "the answer does not fit the question ({answer})"
        ),
        text!(
            "请使用与节点同一版本的程序",
            "check that the command and the node have the same version"
        ),
    )
}
