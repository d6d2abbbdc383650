//! `import`: shows what importing files would do, and does it once somebody agrees.

use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;

use crdt_model::ids::NodeId;

use super::asking::Context;
use super::exit::Exit;
use super::help::Words;
use super::output::Answer;
use super::output::Ended;
use super::values;
use crdt_model::text;
use crdt_model::text::{Language, Problem, Text};
use node_app::door::attached::{self, Attached};
use node_app::door::use_case::UseCase as _;
use node_app::use_cases::import::{ImportReport, ImportRequest};
use node_import::Refusals;
use node_import::decode::Named;
use node_import::limits::{FILE_BYTES_MAX, MAPPING_BYTES_MAX};

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
    #[arg(long, value_name = "ENCODING", value_parser = values::encoding)]
    encoding: Option<Named>,
    #[arg(long, conflicts_with = "yes")]
    preview: bool,
    #[arg(long, alias = "apply")]
    yes: bool,
}

pub(super) fn words() -> Words {
    Words::new(text!(
        "导入 GB/T 28181 目录或 CSV 表格：先预览，同意后导入。在终端中会询问；否则只预览，除非给出 \
         --yes。",
        "Import GB/T 28181 catalogues or CSV tables: a preview first, then the writing. In a terminal it \
         asks; elsewhere it only previews unless --yes is given."
    ))
    .argument("files", text!("要导入的文件", "files to import"))
    .argument(
        "mapping",
        text!("列对应表文件（CSV 必须给出；国标设备目录用自带的）", "the mapping of columns (needed for CSV; catalogues have one built in)"),
    )
    .argument("home", text!("表中没写属于哪个村的行，归这个节点", "the home of rows that name none"))
    .argument("placement", text!("设备与节点对照表（TOML 或 CSV）", "a table of device to node (TOML or CSV)"))
    .argument(
        "encoding",
        text!(
            "文件的编码（`utf-8`、`gb18030`、`gbk`、`utf-16le`……）；不写则自行判断",
            "the files' encoding (utf-8, gb18030, gbk, utf-16le …); found out if not given"
        ),
    )
    .argument("preview", text!("只预览，不询问", "only preview, and do not ask"))
    .argument("yes", text!("不询问，直接导入（同 --apply）", "write without asking (also --apply)"))
}

pub(super) fn run(arguments: Arguments, context: &Context) -> Ended {
    let import = read(&arguments)?;
    let asked = |apply| {
        context.ask(ImportRequest {
            apply,
            ..import.clone()
        })
    };
    let report = asked(arguments.yes)?;
    let asks = !(arguments.yes || arguments.preview || context.output.json) && at_a_terminal();
    if !asks || !would_write(&report) {
        let text = report_text(&report, context.output.language);
        return Ok(ended(&report, text));
    }
    context
        .output
        .print(report.text.in_language(context.output.language));
    if !agreed(context) {
        let text = context.output.say(&nothing_written());
        return Ok(Answer::of::<ImportRequest>(text, &report));
    }
    let shown = report;
    let report = asked(true)?;
    let language = context.output.language;
    // What has changed since the person agreed is shown again.
    let text = match totals(&shown) == totals(&report) {
        true => end_text(&report, language),
        false => report_text(&report, language),
    };
    Ok(ended(&report, text))
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
        encoding: arguments.encoding,
        apply: arguments.yes,
    };
    attached::check(&request.attached())?;
    Ok(request)
}

fn at_a_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// Whether the preview found anything to write.
fn would_write(report: &ImportReport) -> bool {
    let total = |name| totals(report)?.get(name)?.as_u64();
    total("create").unwrap_or(0) + total("update").unwrap_or(0) > 0
}

fn totals(report: &ImportReport) -> Option<&serde_json::Value> {
    report.preview.get("totals")
}

fn agreed(context: &Context) -> bool {
    context.output.print(&context.output.say(&text!(
        "确认导入以上内容吗？（是／否，默认否）",
        "Import this? [y/N] "
    )));
    let mut line = String::new();
    // No answer is a no.
    let read = std::io::stdin().lock().read_line(&mut line);
    read.is_ok() && ["y", "yes", "是", "好"].contains(&line.trim().to_lowercase().as_str())
}

/// Refused rows end the command in their own way, whether the preview or the writing refused them.
fn ended(report: &ImportReport, text: String) -> Answer {
    let exit = match report.refused {
        _ if report.left > 0 => Exit::EndedEarly,
        Refusals::None => Exit::Done,
        Refusals::Partly | Refusals::Wholly => Exit::RowsRefused,
    };
    Answer {
        exit,
        ..Answer::of::<ImportRequest>(text, report)
    }
}

fn report_text(report: &ImportReport, language: Language) -> String {
    let preview = report.text.in_language(language);
    format!("{}\n{}", preview.trim_end(), end_text(report, language))
}

/// What has come of it.
fn end_text(report: &ImportReport, language: Language) -> String {
    let end = match report.applied {
        true => written_text(report),
        false => previewed(report),
    };
    refused_text(report).in_language(language).to_owned() + end.in_language(language)
}

fn previewed(report: &ImportReport) -> Text {
    match would_write(report) {
        true => nothing_written(),
        false => text!(
            "以上为预览，没有可以导入的内容\n",
            "this is a preview, and there is nothing to write\n"
        ),
    }
}

fn nothing_written() -> Text {
    text!(
        "以上只是预览，还没有导入。核对无误后，在命令末尾加 --yes 再执行一次\n",
        "this is a preview, nothing was imported yet; if it is right, run it again with --yes\n"
    )
}

fn refused_text(report: &ImportReport) -> Text {
    match report.refused {
        Refusals::None => Text::default(),
        Refusals::Partly => text!(
            "有内容不能导入，原因见上；改正后可再次导入，已导入的不会重复\n",
            "not all of it can be imported, for the reasons above; correct it and import it again, for \
             what is in already is not added twice\n"
        ),
        Refusals::Wholly => text!(
            "全部内容都不能导入，原因见上\n",
            "nothing of it can be imported, for the reasons above\n"
        ),
    }
}

fn written_text(report: &ImportReport) -> Text {
    let (written, left) = (report.written, report.left);
    if left > 0 {
        return text!(
            "已按要求停止：已导入 {written} 个分项，还有 {left} 条记录没有导入；再次导入同一文件即可接着导，已导入的不会重复\n",
            "it was ended early: {written} facets were imported, {left} records were not; import the same files \
             again to go on, for what is in already is not added twice\n"
        );
    }
    match written {
        0 => text!("没有变化\n", "nothing changed\n"),
        written => text!("已导入 {written} 个分项\n", "{written} facets imported\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn a_report(applied: bool, refused: Refusals) -> ImportReport {
        ImportReport {
            text: text!("新建 2\n", "create 2\n"),
            preview: json!({ "totals": { "create": 2, "update": 0 } }),
            applied,
            written: if applied { 4 } else { 0 },
            refused,
            left: 0,
        }
    }

    #[test]
    fn a_preview_says_that_nothing_was_written_and_how_to_write() {
        let report = a_report(false, Refusals::None);
        assert!(would_write(&report));
        let text = report_text(&report, Language::Zh);
        assert!(
            text.starts_with("新建 2\n") && text.contains("--yes"),
            "{text}"
        );
        assert_eq!(ended(&report, text).exit, Exit::Done);
    }

    #[test]
    fn refused_rows_have_an_exit_code_of_their_own_in_the_preview_and_in_the_writing() {
        for applied in [false, true] {
            for refused in [Refusals::Partly, Refusals::Wholly] {
                let report = a_report(applied, refused);
                let text = report_text(&report, Language::En);
                assert!(text.contains("can be imported, for the reasons"), "{text}");
                assert_eq!(text.contains("4 facets imported"), applied, "{text}");
                let answer = ended(&report, text);
                assert_eq!(answer.exit as u8, 8);
            }
        }
    }

    #[test]
    fn where_nothing_can_be_written_nobody_is_told_to_write() {
        let report = ImportReport {
            preview: json!({ "totals": { "refused": 2 } }),
            ..a_report(false, Refusals::Wholly)
        };
        let text = report_text(&report, Language::Zh);
        assert!(!text.contains("--yes"), "{text}");
    }
}
