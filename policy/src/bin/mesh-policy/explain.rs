//! `explain`: why a node may hold, or may not, each facet of a record that a list names.

use std::path::PathBuf;

use crdt_model::charter::Charter;
use crdt_model::ids::{NodeId, RecordId};
use crdt_model::label::Label;
use crdt_model::text;
use policy::command_line::help::Words;
use policy::command_line::values;
use policy::review::inventory::of_json;
use policy::review::nearest::nearest;
use policy::review::parts::Parts;
use policy::review::words;
use policy::{CharterFiles, Question};
use serde::Deserialize;
use serde_json::json;

use crate::input::{LIST_BYTES_MAX, read_text};
use crate::output::{Answer, Exit, Failure, Output, open};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    dir: PathBuf,
    #[arg(long, value_name = "FILE")]
    list: PathBuf,
    #[arg(long, value_name = "ID", value_parser = values::record)]
    record: RecordId,
    #[arg(long, value_name = "CODE", value_parser = values::node)]
    node: NodeId,
}

/// One line of the list.
#[derive(Deserialize)]
struct Listed {
    record: RecordId,
    #[serde(flatten)]
    label: Label,
}

pub(crate) fn words() -> Words {
    Words::new(text!(
        "逐个分项说明某节点为何可以或不得留存一条记录",
        "Explain for each facet of a record why a node may hold it, or may not"
    ))
    .argument("dir", text!("章程目录", "the charter's folder"))
    .argument("list", text!("列表文件", "the list"))
    .argument(
        "record",
        text!(
            "记录的内部编码，32 位十六进制数字",
            "the record, 32 hexadecimal digits"
        ),
    )
    .argument("node", text!("节点", "the node"))
    .after(text!(
        "记录的分项和标签取自节点生成的列表（`mesh-node inventory --records`），其中没有内容。",
        "The record's facets and labels come from a list that a node wrote (\
         `mesh-node inventory --records`); it shows no content."
    ))
}

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Answer, Failure> {
    let files = CharterFiles::read(&arguments.dir)?;
    let charter = open(&files)?;
    if charter.roster().member(arguments.node).is_none() {
        return Err(Failure::usage(text!(
            "节点 {} 不在 `roster.toml` 中",
            "node {} is not in `roster.toml`",
            arguments.node
        )));
    }
    let labels = labels(arguments)?;
    let parts = Parts::of(&charter);
    let node = words::node(&charter, arguments.node);
    let mut text = output.say(text!(
        node;
        "记录 {} 在{node}\n",
        "record {} at {node}\n",
        arguments.record));
    let mut told = Vec::new();
    for label in labels {
        let shown = output.say(words::label(&charter, &label));
        text.push_str(&format!("\n{shown}\n"));
        let (hold, write) = (
            output.say(text!("留存", "hold ")),
            output.say(text!("填写", "write")),
        );
        for (question, word) in [(Question::Flow, hold), (Question::Author, write)] {
            let explanation = charter.explain(question, &label, arguments.node);
            text.push_str(&format!("  {word}  {}\n", output.title(&explanation.text)));
            let near = (!explanation.allowed)
                .then(|| nearest(&charter, &parts, question, &label, arguments.node))
                .flatten();
            if let Some(near) = near.as_ref().filter(|near| !near.missing.is_empty()) {
                let missing = near.missing.join("; ");
                text.push_str(&output.say(text!(
                    "        最接近的规则 {}，还须满足 {missing}\n",
                    "         nearest {}, which needs {missing}\n",
                    near.rule
                )));
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
    let path = arguments.list.display();
    let list = read_text(&arguments.list, LIST_BYTES_MAX)?;
    let mut labels = Vec::new();
    for (index, line) in list
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let listed: Listed = serde_json::from_str(line).map_err(|problem| {
            let (line, problem) = (index + 1, of_json(&problem));
            Failure::usage(text!(
                problem;
                "`{path}` 第 {line} 行：{problem}",
                "`{path}`: line {line}: {problem}"
            ))
        })?;
        if listed.record == arguments.record {
            labels.push(listed.label);
        }
    }
    if labels.is_empty() {
        return Err(Failure::usage(text!(
            "`{path}`：其中没有记录 {} 的分项",
            "`{path}`: it lists no facet of record {}",
            arguments.record
        )));
    }
    Ok(labels)
}
