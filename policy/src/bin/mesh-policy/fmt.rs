//! `fmt`: the text of a charter in one form, so that versions differ only in what they say.

use std::path::PathBuf;

use crdt_model::text;
use policy::CharterFiles;
use policy::command_line::help::Words;
use policy::making::format::formatted;
use serde_json::json;

use crate::output::{Answer, Exit, Failure, Output};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    dir: PathBuf,
    #[arg(long)]
    check: bool,
}

pub(crate) fn words() -> Words {
    Words::new(text!(
        "统一章程文件的排版",
        "Write a charter's text in one form"
    ))
    .argument("dir", text!("章程目录", "the charter's folder"))
    .argument(
        "check",
        text!(
            "不改动，只列出需要改动的文件",
            "change nothing, and say which files would"
        ),
    )
    .after(text!(
        "规则按 Cedar 的通用格式排版，所有文件统一换行。\n加 `--check` 时的退出码 0：无需改动。1\
         ：有文件需要改动。",
        "Rules in Cedar's own form, every file with plain line ends.\nExit code with `--check`: \
         0 nothing to do, 1 some files would change."
    ))
}

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Answer, Failure> {
    let files = CharterFiles::read(&arguments.dir)?;
    let changed = formatted(&files)
        .map_err(|findings| Failure::findings(Exit::Findings, findings, &files))?;
    if !arguments.check {
        for (path, content) in &changed {
            let path = arguments.dir.join(path);
            std::fs::write(&path, content)
                .map_err(|problem| Failure::unwritable(&path, &problem))?;
        }
    }
    let does = if arguments.check {
        output.say(text!("将改动", "would change"))
    } else {
        output.say(text!("已改动", "changed"))
    };
    let mut text = String::new();
    for path in changed.keys() {
        text.push_str(&format!("{does} {path}\n"));
    }
    if changed.is_empty() {
        text.push_str(&output.say(text!("无需改动\n", "nothing to do\n")));
    }
    let exit = if arguments.check && !changed.is_empty() {
        Exit::Findings
    } else {
        Exit::Clean
    };
    let paths: Vec<_> = changed.keys().collect();
    Ok(Answer::new(
        exit,
        text,
        json!({ "changed": paths, "written": !arguments.check }),
    ))
}
