//! `report`: the review of a period, as a page and a workbook.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use crdt_model::ids::Name;
use jiff::civil::Date;

use super::asking::Context;
use super::asking::Reached;
use super::help::{Shared, Words};
use super::output::Answer;
use super::output::Ended;
use super::readmodel::until_done;
use super::values;
use crdt_model::text;
use crdt_model::text::{Problem, Text};
use node_app::door::line::answer_value;
use node_app::report::Report;
use node_app::report::period::Cadence;
use node_app::report::{html, xlsx};
use node_app::use_cases::read_model::ReadModelRequest;
use node_app::use_cases::report::ReportRequest;

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[arg(long, value_name = "day|week|month|quarter", value_parser = values::cadence)]
    period: Cadence,
    #[arg(long, value_name = "DATE", value_parser = values::day)]
    ending: Option<Date>,
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[arg(long, value_name = "ROLE", value_parser = values::name)]
    role: Option<Name>,
}

pub(super) fn words() -> Words {
    Words::new(text!(
        "生成一个周期的研判报表：一个网页（可打印）和一个 Excel 工作簿。",
        "Draw up the review of a period: a page that prints, and a workbook for Excel."
    ))
    .period()
    .argument(
        "ending",
        text!(
            "周期内的任一天，北京时间（默认今天）",
            "a day in the period, Beijing time (default: today)"
        ),
    )
    .argument(
        "out",
        text!(
            "存放报表的目录，没有则新建；同名文件被替换",
            "the folder for both files; made if there is none, files of the same name are replaced"
        ),
    )
    .role()
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Ended {
    let Arguments {
        period,
        ending,
        ref out,
        role,
    } = *arguments;
    // Before anything long begins.
    writable(out)?;
    let request = ReportRequest { period, ending };
    let report = &ask(request, role, context)?;
    let files = write(report, role, out, context)?;
    let shown: Vec<String> = files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    let title = report.period.title();
    let (name, list) = (&report.name, shown.join("\n  "));
    let (zh, en) = (title.zh, title.en);
    let text = context.output.say(&text!(
        "{name} {zh}研判报表：\n  {list}\n",
        "{name}, review of {en}:\n  {list}\n"
    ));
    let mut object = answer_value::<ReportRequest>(report);
    if let Some(object) = object.as_object_mut() {
        object.insert("files".to_owned(), serde_json::json!(shown));
    }
    Ok(Answer::done(text, object))
}

/// A node that does not run has to catch up first, and says how far it is.
fn ask(request: ReportRequest, role: Option<Name>, context: &Context) -> Result<Report, Problem> {
    context.output.progress(&text!("正在统计……", "counting …"));
    let mut node = context.reach()?;
    if matches!(node, Reached::Opened(_)) {
        let first = node.ask(None, None, ReadModelRequest { rebuild: false })?;
        until_done(first, context, |again| node.ask(None, None, again))?;
    }
    node.ask(role, None, request)
}

fn write(
    report: &Report,
    role: Option<Name>,
    folder: &Path,
    context: &Context,
) -> Result<[PathBuf; 2], Problem> {
    let language = context.output.language;
    // What one role may read does not take the place of what another may.
    let role = role.map_or_else(String::new, |role| format!("-{role}"));
    let (period, cadence) = (report.period.in_file_name(), report.period.cadence.word());
    let stem = format!("report-{period}-{cadence}-{}{role}", report.node);
    let page = html::page(report, language).map_err(|error| not_laid_out(&error))?;
    let book = xlsx::workbook(report, language).map_err(|error| not_laid_out(&error))?;
    let files = ["html", "xlsx"].map(|ending| folder.join(format!("{stem}.{ending}")));
    for (file, content) in files.iter().zip([page.as_bytes(), &book]) {
        replace(file, content).map_err(|error| not_writable(file, &error))?;
    }
    Ok(files)
}

/// Whoever has the old one open never reads half of the new one.
fn replace(file: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut new = file.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    let written = std::fs::File::create(&new).and_then(|mut to| {
        to.write_all(content)?;
        to.sync_all()
    });
    written
        .and_then(|()| std::fs::rename(&new, file))
        .inspect_err(|_| {
            // What went wrong is said; half a file is no use to anybody.
            let _ = std::fs::remove_file(&new);
        })
}

fn writable(folder: &Path) -> Result<(), Problem> {
    let probe = folder.join(".countymesh-report");
    let tried = std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&probe, []))
        .and_then(|()| std::fs::remove_file(&probe));
    tried.map_err(|error| not_writable(folder, &error))
}

fn not_writable(path: &Path, error: &std::io::Error) -> Problem {
    let path = path.display();
    Problem::new(
        "input-unwritable",
        text!(error; "写不了 {path}：{error}", "cannot write {path}: {error}"),
        text!(
            "用 --out 换一个可写的目录，或检查其权限和剩余空间",
            "give --out a folder that can be written, or check its permissions and the space left"
        ),
    )
}

fn not_laid_out(error: &dyn std::fmt::Display) -> Problem {
    Problem::new(
        "internal-report",
        text!(
            "报表没有排好（`{error}`）",
            "the report could not be laid out: {error}"
        ),
        Text {
            zh: "请把屏幕上的信息发给技术支持".to_owned(),
            en: "send what is on the screen to support".to_owned(),
        },
    )
}
