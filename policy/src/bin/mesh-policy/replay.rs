//! `replay`: a node's decisions, asked again of another version.

use std::path::PathBuf;

use crdt_model::text;
use policy::command_line::help::Words;
use policy::review::replay::{Changed, Logged, Replayed, replay};
use policy::review::words;
use policy::{CedarCharter, CharterFiles};

use crate::input::{LIST_BYTES_MAX, read_text};
use crate::output::{Answer, Exit, Failure, Output, open};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    dir: PathBuf,
    #[arg(long, value_name = "FILE")]
    log: PathBuf,
}

pub(crate) fn words() -> Words {
    Words::new(text!(
        "用另一版章程重新判定某节点现有的内容",
        "Ask a node's decisions again of another version"
    ))
    .argument("dir", text!("章程目录", "the charter's folder"))
    .argument(
        "log",
        text!(
            "判定列表，由 `mesh-node decisions` 生成",
            "the decisions, as `mesh-node decisions` writes them"
        ),
    )
    .after(text!(
        "退出码 0：没有放开。2：有原来不允许、现在将允许的。",
        "Exit code 0: nothing opened. 2: something that was denied would be allowed."
    ))
}

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Answer, Failure> {
    let files = CharterFiles::read(&arguments.dir)?;
    let charter = open(&files)?;
    let log = read_text(&arguments.log, LIST_BYTES_MAX)?;
    let replayed = replay(&charter, &log).map_err(|problem| {
        let path = arguments.log.display();
        Failure::usage(text!(problem; "`{path}` {problem}", "`{path}`: {problem}"))
    })?;
    let exit = if replayed.opened.is_empty() {
        Exit::Clean
    } else {
        Exit::Wider
    };
    let object =
        serde_json::to_value(&replayed).map_err(|problem| Failure::internal("json", &problem))?;
    Ok(Answer::new(exit, text(&replayed, &charter, output), object))
}

fn text(replayed: &Replayed, charter: &CedarCharter, output: &Output) -> String {
    let Replayed {
        decisions,
        opened,
        closed,
        unknown,
    } = replayed;
    let mut text = output.say(text!("{decisions} 项判定：{} 项将放开，{} 项将收紧，{unknown} 项涉及本章程没有的内容\n",
        "{decisions} decisions: {} would open, {} would close, {unknown} concern facets or words this \
         charter does not have\n",
        opened.len(),
        closed.len()));
    for (sign, changes) in [('+', opened), ('-', closed)] {
        let line = |changed| line(sign, changed, charter, output);
        text.extend(changes.iter().map(line));
    }
    text
}

fn line(sign: char, changed: &Changed, charter: &CedarCharter, output: &Output) -> String {
    let Logged {
        ask,
        role,
        node,
        label,
        facets,
        version,
        rules,
        ..
    } = &changed.logged;
    let asked = ask.question(*role).map_or_else(
        || text!("{}", "{}", ask.name()),
        |question| words::question(charter, question),
    );
    let (node, label) = (words::node(charter, *node), words::label(charter, label));
    let now = &changed.now;
    let rules = match rules.as_slice() {
        [] => output.say(text!("章程未允许", "no rule")),
        rules => rules.join(&output.say(text!("、", ", "))),
    };
    output.say(text!(node, asked, label, now; "  {sign} {node}对“{label}”的“{asked}”，{facets} 个分项：{now}（第 {version} 版：{rules}）\n",
        "  {sign} {asked} of {label} at {node}, {facets} facets: {now} (version {version}: {rules})\n"))
}
