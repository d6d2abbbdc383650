//! `explain`: why a node may hold, or may not, each facet of a record that a list names.

use std::path::PathBuf;

use crdt_model::charter::Charter;
use crdt_model::ids::{NodeId, RecordId};
use crdt_model::label::Label;
use policy::review::nearest::nearest;
use policy::review::parts::Parts;
use policy::{CharterFiles, Question};
use serde::Deserialize;
use serde_json::json;

use crate::output::{Answer, Exit, Failure, Output, open};

/// Explain for each facet of a record why a node may hold and write it, or may not.
///
/// The record's facets and labels come from a list that a node wrote (`mesh-node inventory
/// --records`); it shows no content.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The charter's folder.
    dir: PathBuf,
    /// The list.
    #[arg(long, value_name = "FILE")]
    list: PathBuf,
    /// The record, 32 hexadecimal digits.
    #[arg(long, value_name = "ID")]
    record: RecordId,
    /// The node.
    #[arg(long, value_name = "CODE")]
    node: NodeId,
}

/// One line of the list.
#[derive(Deserialize)]
struct Listed {
    record: RecordId,
    #[serde(flatten)]
    label: Label,
}

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Answer, Failure> {
    let files = CharterFiles::read(&arguments.dir)?;
    let charter = open(&files)?;
    if charter.roster().member(arguments.node).is_none() {
        let message = format!("node {} is not in `roster.toml`", arguments.node);
        return Err(Failure::usage(message));
    }
    let labels = labels(arguments)?;
    let parts = Parts::of(&charter);
    let mut text = format!("record {} at {}\n", arguments.record, arguments.node);
    let mut told = Vec::new();
    for label in labels {
        text.push_str(&format!("\n{label}\n"));
        for (question, word) in [(Question::Flow, "hold "), (Question::Author, "write")] {
            let explanation = charter.explain(question, &label, arguments.node);
            text.push_str(&format!("  {word}  {}\n", output.title(&explanation.text)));
            let near = (!explanation.allowed)
                .then(|| nearest(&charter, &parts, question, &label, arguments.node))
                .flatten();
            if let Some(near) = near.as_ref().filter(|near| !near.missing.is_empty()) {
                let missing = near.missing.join("; ");
                text.push_str(&format!(
                    "         nearest {}, which needs {missing}\n",
                    near.rule
                ));
            }
            told.push(json!({
                "question": question.name(), "explanation": explanation, "nearest": near,
            }));
        }
    }
    let object = json!({ "record": arguments.record, "node": arguments.node, "facets": told });
    Ok(Answer::new(Exit::Clean, text, object))
}

fn labels(arguments: &Arguments) -> Result<Vec<Label>, Failure> {
    let fault =
        |problem: String| Failure::usage(format!("`{}`: {problem}", arguments.list.display()));
    let list =
        std::fs::read_to_string(&arguments.list).map_err(|problem| fault(problem.to_string()))?;
    let mut labels = Vec::new();
    for (index, line) in list
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let listed: Listed = serde_json::from_str(line)
            .map_err(|problem| fault(format!("line {}: {problem}", index + 1)))?;
        if listed.record == arguments.record {
            labels.push(listed.label);
        }
    }
    if labels.is_empty() {
        return Err(fault(format!(
            "it lists no facet of record {}",
            arguments.record
        )));
    }
    Ok(labels)
}
