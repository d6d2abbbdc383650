//! A node's decisions, as it lists them (`mesh-node decisions`), asked again of another version:
//! what would have been decided otherwise.

use crdt_model::charter::Charter;
use crdt_model::ids::{CharterVersion, Name, NodeId};
use crdt_model::label::Label;
use crdt_model::text;
use crdt_model::text::{Explain, Text};
use serde::{Deserialize, Serialize};

use crate::deciding::charter::CedarCharter;
use crate::reading::checks::Ask;
use crate::review::inventory::of_json;
use crate::review::words;

/// Bytes of one line of a log.
const LINE_BYTES_MAX: usize = 4096;

/// One line of a decision log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Logged {
    /// What was asked.
    pub ask: Ask,
    /// In which role, where a person asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Name>,
    /// About which node.
    pub node: NodeId,
    /// About which label.
    #[serde(flatten)]
    pub label: Label,
    /// What was decided.
    pub allowed: bool,
    /// By which rules.
    #[serde(default)]
    pub rules: Vec<String>,
    /// Under which version.
    pub version: CharterVersion,
    /// How many facets it was about.
    #[serde(default)]
    pub facets: u64,
}

/// A decision that would be another now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Changed {
    /// As it was logged.
    pub logged: Logged,
    /// Whether it is allowed now.
    pub allowed: bool,
    /// The same in words, with the rules.
    pub now: Text,
}

/// What asking a log again showed.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Replayed {
    /// Decisions asked again.
    pub decisions: usize,
    /// What is allowed now and was not.
    pub opened: Vec<Changed>,
    /// What was allowed and is no more.
    pub closed: Vec<Changed>,
    /// Decisions about facets, grades, roles or nodes that the charter does not have: they are
    /// denied, and are among the closed ones if they were allowed.
    pub unknown: usize,
}

/// Why a text is not a decision log.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}", self.text().en)]
pub struct LogError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: Text,
}

impl Explain for LogError {
    fn text(&self) -> Text {
        let Self { line, problem } = self;
        text!(
            problem;
            "第 {line} 行：{problem}；请用 `mesh-node decisions` 重新生成",
            "line {line}: {problem}; get it anew with `mesh-node decisions`"
        )
    }
}

/// Asks the decisions of a log again.
///
/// # Errors
/// The text is not a decision log.
pub fn replay(charter: &CedarCharter, log: &str) -> Result<Replayed, LogError> {
    let mut replayed = Replayed::default();
    for (index, line) in log.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let fault = |problem: Text| LogError {
            line: index + 1,
            problem,
        };
        if line.len() > LINE_BYTES_MAX {
            return Err(fault(text!("太长", "it is too long")));
        }
        let logged: Logged =
            serde_json::from_str(line).map_err(|problem| fault(of_json(&problem)))?;
        let question = logged.ask.question(logged.role).ok_or_else(|| {
            fault(text!(
                "`role` 只用于 `read` 和 `export`",
                "`role` goes with `read` and `export` only"
            ))
        })?;
        let known = charter.kinds().check_label(&logged.label).is_ok()
            && charter.roster().member(logged.node).is_some();
        replayed.decisions += 1;
        replayed.unknown += usize::from(!known);
        let decision = charter.decide(question, &logged.label, logged.node);
        if decision.allowed != logged.allowed {
            let changed = Changed {
                allowed: decision.allowed,
                now: words::decision(&decision),
                logged,
            };
            if changed.allowed {
                replayed.opened.push(changed);
            } else {
                replayed.closed.push(changed);
            }
        }
    }
    Ok(replayed)
}
