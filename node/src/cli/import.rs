//! `import`: shows what importing files would do, and does it once somebody agrees.

use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;

use crdt_model::ids::NodeId;

use super::asking::{Context, unexpected};
use super::exit::Exit;
use super::help::Words;
use super::output::{Answer, problem_text};
use super::{Ended, values};
use crate::control::attached::Attached;
use crate::control::importing::{ImportReport, ImportRequest};
use crate::control::protocol::{Reply, Request};
use crate::import::limits::{FILE_BYTES_MAX, MAPPING_BYTES_MAX};
use crate::text;
use crate::text::{Language, Problem, Text};

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    #[arg(long, value_name = "CODE", value_parser = values::node)]
    home: Option<NodeId>,
    #[arg(long, value_name = "FILE")]
    placement: Option<PathBuf>,
    #[arg(long, conflicts_with = "yes")]
    preview: bool,
    #[arg(long, alias = "apply")]
    yes: bool,
}

pub(super) fn words() -> Words {
    Words::new(text!(
        "导入 GB/T 28181 目录或 CSV 表格：先预览，经确认后写入。在终端中会询问；否则只预览，除非给出 --yes。",
        "Import GB/T 28181 catalogues or CSV tables: a preview first, then the writing. In a terminal it \
         asks; elsewhere it only previews unless --yes is given."
    ))
    .argument("files", text!("要导入的文件", "files to import"))
    .argument(
        "mapping",
        text!("列映射文件（CSV 必需；目录默认用自带映射）", "the mapping of columns (needed for CSV; catalogues have one built in)"),
    )
    .argument("home", text!("未写明归属的行归此节点", "the home of rows that name none"))
    .argument("placement", text!("设备与节点对照表（TOML 或 CSV）", "a table of device to node (TOML or CSV)"))
    .argument("preview", text!("只预览，不询问", "only preview, and do not ask"))
    .argument("yes", text!("不询问，直接写入（同 --apply）", "write without asking (also --apply)"))
}

pub(super) fn run(arguments: Arguments, context: &Context) -> Ended {
    let import = read(&arguments)?;
    let asked = |apply| {
        let request = ImportRequest {
            apply,
            ..import.clone()
        };
        ask(context, &Request::Import(request))
    };
    let (reply, report) = asked(arguments.yes)?;
    let asks = !(arguments.yes || arguments.preview || context.output.json) && at_a_terminal();
    if !asks || !would_write(&report) {
        let text = report_text(&report, context.output.language);
        return Ok(ended(&report, text, &reply));
    }
    context
        .output
        .print(report.text.in_language(context.output.language));
    if !agreed(context) {
        return Ok(Answer::of_reply(
            context.output.say(&nothing_written()),
            &reply,
        ));
    }
    let (reply, report) = asked(true)?;
    let text = written_text(&report, context.output.language);
    Ok(ended(&report, text, &reply))
}

/// Reads everything that goes with the request.
fn read(arguments: &Arguments) -> Result<ImportRequest, Problem> {
    let small = |path: &PathBuf| Attached::read(path, MAPPING_BYTES_MAX);
    let files = arguments.files.iter();
    let request = ImportRequest {
        files: files
            .map(|path| Attached::read(path, FILE_BYTES_MAX))
            .collect::<Result<_, _>>()?,
        mapping: arguments.mapping.as_ref().map(small).transpose()?,
        home: arguments.home,
        placement: arguments.placement.as_ref().map(small).transpose()?,
        apply: arguments.yes,
    };
    Request::Import(request.clone()).check_attached()?;
    Ok(request)
}

fn ask(context: &Context, request: &Request) -> Result<(Reply, ImportReport), Problem> {
    let reply = context.ask(request)?;
    match &reply {
        Reply::Imported(report) => {
            let report = (**report).clone();
            Ok((reply, report))
        }
        _ => Err(unexpected(&reply)),
    }
}

fn at_a_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// Whether the preview found anything to write.
fn would_write(report: &ImportReport) -> bool {
    let total = |name| {
        report
            .preview
            .get("totals")
            .and_then(|totals| totals.get(name)?.as_u64())
    };
    total("create").unwrap_or(0) + total("update").unwrap_or(0) > 0
}

fn agreed(context: &Context) -> bool {
    context.output.print(
        &context
            .output
            .say(&text!("写入以上内容？[y/N] ", "Write this? [y/N] ")),
    );
    let mut line = String::new();
    // No answer is a no.
    let read = std::io::stdin().lock().read_line(&mut line);
    read.is_ok() && ["y", "yes", "是", "好"].contains(&line.trim().to_lowercase().as_str())
}

/// Rows that the rules refused when they were written make the command fail; those that the preview
/// showed do not.
fn ended(report: &ImportReport, text: String, reply: &Reply) -> Answer {
    let exit = if report.refused.is_empty() {
        Exit::Done
    } else {
        Exit::Refused
    };
    Answer {
        exit,
        ..Answer::of_reply(text, reply)
    }
}

fn report_text(report: &ImportReport, language: Language) -> String {
    let preview = report.text.in_language(language);
    let end = match report.applied {
        true => written_text(report, language),
        false => nothing_written().in_language(language).to_owned(),
    };
    format!("{}\n{end}", preview.trim_end())
}

fn nothing_written() -> Text {
    text!(
        "以上为预览，未写入任何内容；确认无误后加 --yes 写入\n",
        "this is a preview, nothing was written; --yes writes it\n"
    )
}

fn written_text(report: &ImportReport, language: Language) -> String {
    let (written, refused) = (report.written, report.refused.len());
    let total = match refused {
        0 if written == 0 => text!(
            "没有变化，未写入任何内容\n",
            "nothing changed, nothing was written\n"
        ),
        0 => text!("已写入 {written} 个分面\n", "{written} facets written\n"),
        _ => text!(
            "已写入 {written} 个分面；{refused} 条记录在写入时被拒绝：\n",
            "{written} facets written; {refused} records were refused as they were written:\n"
        ),
    };
    let mut text = total.in_language(language).to_owned();
    for problem in &report.refused {
        text.push_str(&problem_text(problem, language));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn a_report(applied: bool, refused: usize) -> ImportReport {
        let problem = Problem::new(
            "may-not-author",
            text!("不得填写", "may not write"),
            Text::default(),
        );
        ImportReport {
            text: text!("新建 2\n", "create 2\n"),
            preview: json!({ "totals": { "create": 2, "update": 0 } }),
            applied,
            written: if applied { 4 } else { 0 },
            refused: vec![problem; refused],
        }
    }

    #[test]
    fn a_preview_says_that_nothing_was_written_and_how_to_write() {
        let report = a_report(false, 0);
        assert!(would_write(&report));
        let text = report_text(&report, Language::Zh);
        assert!(
            text.starts_with("新建 2\n") && text.contains("--yes"),
            "{text}"
        );
    }

    #[test]
    fn refusals_while_writing_are_shown_and_make_the_command_fail() {
        let report = a_report(true, 1);
        let text = report_text(&report, Language::En);
        assert!(
            text.contains("4 facets written; 1 records were refused"),
            "{text}"
        );
        assert!(
            text.contains("error[may-not-author]: may not write"),
            "{text}"
        );
        assert_eq!(ended(&report, text, &Reply::Done).exit, Exit::Refused);
    }
}
