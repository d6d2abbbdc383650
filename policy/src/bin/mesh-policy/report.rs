//! `report`: the reviewer's page.

use std::path::PathBuf;

use crdt_model::ids::NodeId;
use crdt_model::text;
use policy::CharterFiles;
use policy::command_line::help::Words;
use policy::reading::finding::Severity;
use policy::review::enumeration::Enumeration;
use policy::review::report::page;
use serde_json::json;

use crate::moment::Moment;
use crate::output::{Answer, Exit, Failure, Output, open};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    dir: PathBuf,
    #[arg(long, value_name = "DIR")]
    previous: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[arg(long, value_name = "TIME", default_value_t, hide_default_value = true)]
    at: Moment,
}

pub(crate) fn words() -> Words {
    Words::new(text!("生成审核人用的网页", "Write the reviewer's page"))
        .argument("dir", text!("章程目录", "the charter's folder"))
        .argument(
            "previous",
            text!(
                "上一版的目录，用来显示改动",
                "the folder of the version before, to show what changes"
            ),
        )
        .argument(
            "out",
            text!(
                "要写的网页（默认为标准输出）",
                "the page to write (default: standard output)"
            ),
        )
        .argument(
            "at",
            text!(
                "以哪个时间为准，如 2026-12-01T00:00:00Z（默认为现在）",
                "the moment to go by, as in 2026-12-01T00:00:00Z (default: now)"
            ),
        )
        .after(text!(
            "含检查结果、签名、改动、规则说明、底线要求、全部判定和节点名册，中英文对照，可看可打印\
         。\n退出码 3：自带的检查有未通过的。",
            "Findings, signatures, what changed, rules in plain words, invariants, every decision, \
         roster: in Chinese and English, for the screen and for print.\nExit code 3: some of \
         the charter's checks do not hold."
        ))
}

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Answer, Failure> {
    let files = CharterFiles::read(&arguments.dir)?;
    let mut charter = open(&files)?;
    let previous = match &arguments.previous {
        None => None,
        Some(dir) => {
            let mut previous = open(&CharterFiles::read(dir)?)?;
            let named: Vec<NodeId> = previous.named().chain(charter.named()).collect();
            previous.distinguish(named.iter().copied());
            charter.distinguish(named);
            Some(previous)
        }
    };
    let all = Enumeration::of(&charter)?;
    let before = previous.as_ref().map(Enumeration::of).transpose()?;
    let (html, findings) = page(&all, before.as_ref(), &files, arguments.at.wall());
    let exit = if findings.iter().any(|one| one.severity == Severity::Error) {
        Exit::CheckBroken
    } else {
        Exit::Clean
    };
    let object = json!({
        "bytes": html.len(), "out": arguments.out, "findings": findings.len(),
    });
    match &arguments.out {
        None => Ok(Answer::new(exit, html, object)),
        Some(out) => {
            std::fs::write(out, &html).map_err(|problem| Failure::unwritable(out, &problem))?;
            let shown = out.display();
            let told = output.say(text!("已写入 `{shown}`\n", "written to `{shown}`\n"));
            Ok(Answer::new(exit, told, object))
        }
    }
}
