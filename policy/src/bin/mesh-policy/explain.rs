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

use crate::input::{LIST_BYTES_MAX, read_text};
use crate::output::{Answer, Exit, Failure, Output, open};
use crate::text::{self, say};

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
        return Err(Failure::usage(say!(
            output,
            "节点 {} 不在 `roster.toml` 中",
            "node {} is not in `roster.toml`",
            arguments.node
        )));
    }
    let labels = labels(arguments, output)?;
    let parts = Parts::of(&charter);
    let mut text = say!(
        output,
        "记录 {} 在节点 {}\n",
        "record {} at {}\n",
        arguments.record,
        arguments.node
    );
    let mut told = Vec::new();
    for label in labels {
        let shown = text::label(&label, output.language());
        text.push_str(&format!("\n{shown}\n"));
        let (hold, write) = (say!(output, "留存", "hold "), say!(output, "填写", "write"));
        for (question, word) in [(Question::Flow, hold), (Question::Author, write)] {
            let explanation = charter.explain(question, &label, arguments.node);
            text.push_str(&format!("  {word}  {}\n", output.title(&explanation.text)));
            let near = (!explanation.allowed)
                .then(|| nearest(&charter, &parts, question, &label, arguments.node))
                .flatten();
            if let Some(near) = near.as_ref().filter(|near| !near.missing.is_empty()) {
                let missing = near.missing.join("; ");
                text.push_str(&say!(
                    output,
                    "        最接近的规则 {}，还须满足 {missing}\n",
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

fn labels(arguments: &Arguments, output: &Output) -> Result<Vec<Label>, Failure> {
    let path = arguments.list.display();
    let list = read_text(&arguments.list, LIST_BYTES_MAX)?;
    let mut labels = Vec::new();
    for (index, line) in list
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let listed: Listed = serde_json::from_str(line).map_err(|problem| {
            Failure::usage(say!(
                output,
                "`{path}`：第 {} 行：{problem}",
                "`{path}`: line {}: {problem}",
                index + 1
            ))
        })?;
        if listed.record == arguments.record {
            labels.push(listed.label);
        }
    }
    if labels.is_empty() {
        return Err(Failure::usage(say!(
            output,
            "`{path}`：其中没有记录 {} 的分面",
            "`{path}`: it lists no facet of record {}",
            arguments.record
        )));
    }
    Ok(labels)
}
