//! `check`: everything that is wrong with a charter, or to be looked at.

use std::path::PathBuf;

use crdt_model::text;
use crdt_model::text::Text;
use policy::command_line::help::Words;
use policy::reading::finding::{Finding, Severity, render_all};
use policy::review::enumeration::Enumeration;
use policy::review::lints::lint;
use policy::review::prove::{CheckReport, prove, too_many};
use policy::review::sarif;
use policy::{CedarCharter, CharterFiles};
use serde_json::json;

use crate::moment::Moment;
use crate::output::{Answer, Exit, Failure, Output, finding_object};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    dir: PathBuf,
    #[arg(long, value_name = "TIME", default_value_t, hide_default_value = true)]
    at: Moment,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Sarif,
}

pub(crate) fn words() -> Words {
    Words::new(text!(
        "检查章程，并运行它自带的检查",
        "Validate a charter and run its own checks"
    ))
    .argument("dir", text!("章程目录", "the charter's folder"))
    .argument(
        "at",
        text!(
            "以哪个时间为准，如 2026-12-01T00:00:00Z（默认为现在）",
            "the moment to go by, as in 2026-12-01T00:00:00Z (default: now)"
        ),
    )
    .argument(
        "format",
        text!(
            "格式：`text` 文字，`sarif` 供其他工具读取（`SARIF 2.1.0`）",
            "text, or sarif (2.1.0) for tools that show findings beside the text"
        ),
    )
    .after(text!(
        "退出码 0：没有问题，或只有提示。1：章程不能采用，或有警告。3：自带的检查有未通过的。",
        "Exit code 0: nothing, or only notes. 1: it is refused, or has warnings. 3: one of its \
         checks does not hold."
    ))
}

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Answer, Failure> {
    let files = CharterFiles::read(&arguments.dir)?;
    let mut findings = Vec::new();
    let mut exit = Exit::Clean;
    let mut summary = None;
    match CedarCharter::open(&files) {
        Err(refused) => {
            findings = refused;
            exit = Exit::Findings;
        }
        Ok(charter) => {
            let mut report = CheckReport::default();
            match Enumeration::of(&charter) {
                Err(why) => findings.push(too_many(&why)),
                Ok(all) => {
                    report = prove(&all);
                    findings.append(&mut report.findings);
                    if !findings.is_empty() {
                        exit = Exit::CheckBroken;
                    }
                    findings.extend(lint(&all, &files, arguments.at.wall()));
                }
            }
            let bad = |finding: &Finding| finding.severity != Severity::Note;
            if exit == Exit::Clean && findings.iter().any(bad) {
                exit = Exit::Findings;
            }
            summary = Some(Summary::of(&files, &charter, report));
        }
    }
    let objects: Vec<_> = findings
        .iter()
        .map(|finding| finding_object(finding, &files))
        .collect();
    let mut object = summary.as_ref().map_or(json!({}), Summary::object);
    if let Some(object) = object.as_object_mut() {
        object.insert("findings".to_owned(), objects.into());
    }
    let text = match arguments.format {
        Format::Sarif => format!("{:#}\n", sarif::log(&findings, &files, output.language())),
        Format::Text => {
            let clean = exit == Exit::Clean;
            let ending = summary.map_or(String::new(), |summary| summary.text(clean, output));
            findings_text(&findings, &files, output) + &ending
        }
    };
    Ok(Answer::new(exit, text, object))
}

fn findings_text(findings: &[Finding], files: &CharterFiles, output: &Output) -> String {
    let (notes, others): (Vec<Finding>, Vec<Finding>) = findings
        .iter()
        .cloned()
        .partition(|finding| finding.severity == Severity::Note);
    let mut told = render_all(&others, files, output.colour(), output.language());
    told.extend(notes.iter().map(|note| note_line(note, files, output)));
    told + &counted(findings, output)
}

/// A note needs no picture of the line.
pub(crate) fn note_line(note: &Finding, files: &CharterFiles, output: &Output) -> String {
    let line = note
        .position(files)
        .map_or(String::new(), |(line, _)| format!(":{line}"));
    let hint = note.hint.clone().unwrap_or_default();
    let Finding { file, message, .. } = note;
    output.say(text!(
        message, hint;
        "提示：{file}{line}：{message}（{hint}）\n",
        "note: {file}{line}: {message} ({hint})\n"
    ))
}

fn counted(findings: &[Finding], output: &Output) -> String {
    let count = |severity| {
        let of = |finding: &&Finding| finding.severity == severity;
        findings.iter().filter(of).count()
    };
    let told: Vec<String> = [
        (count(Severity::Error), text!("错误", "error")),
        (count(Severity::Warning), text!("警告", "warning")),
        (count(Severity::Note), text!("提示", "note")),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| {
        let (what, plural) = (output.title(&what), if count == 1 { "" } else { "s" });
        output.say(text!("{what} {count} 项", "{count} {what}{plural}"))
    })
    .collect();
    if told.is_empty() {
        String::new()
    } else {
        format!("{}\n", told.join(&output.say(text!("，", ", "))))
    }
}

/// What a template lacks to be signed.
pub(crate) fn lacking(charter: &CedarCharter) -> Option<Text> {
    let keys = (!charter.has_keys()).then(|| {
        text!(
            "还没有节点写入公钥（`mesh-policy roster set`）",
            "no node has a key (mesh-policy roster set)"
        )
    });
    let reviewers = charter.reviewers().is_empty().then(|| {
        text!(
            "还没有审核人（`mesh-policy reviewer add`）",
            "no reviewer is listed (mesh-policy reviewer add)"
        )
    });
    match (keys, reviewers) {
        (Some(keys), Some(reviewers)) => {
            Some(text!(keys, reviewers; "{keys}；{reviewers}", "{keys}; {reviewers}"))
        }
        (keys, reviewers) => keys.or(reviewers),
    }
}

/// What was looked at.
struct Summary {
    files: usize,
    rules: usize,
    /// Nodes that have no key yet.
    expected: usize,
    /// Of a template: what it lacks.
    template: Option<Text>,
    report: CheckReport,
}

impl Summary {
    fn of(files: &CharterFiles, charter: &CedarCharter, report: CheckReport) -> Self {
        Self {
            files: files.files.len(),
            rules: charter.rules().count(),
            expected: charter.expected().count(),
            template: lacking(charter),
            report,
        }
    }

    fn object(&self) -> serde_json::Value {
        json!({
            "files": self.files,
            "rules": self.rules,
            "cases": self.report.cases,
            "invariants": self.report.invariants.len(),
            "classes": self.report.classes,
            "classes_allowed": self.report.allowed,
            "decisions": self.report.questions,
            "nodes_expected": self.expected,
            "template": self.template.is_some(),
        })
    }

    fn text(&self, clean: bool, output: &Output) -> String {
        let Self { files, rules, .. } = self;
        let mut text = match (clean, &self.template) {
            (true, None) => output.say(text!("没有问题：", "clean: ")),
            (true, Some(_)) => output.say(text!("作为模板没有问题：", "sound as a template: ")),
            (false, _) => String::new(),
        };
        text.push_str(&output.say(text!("{files} 个文件，{rules} 条规则；核对了 {0} 个测试用例、{1} 条底线要求；全部 {3} 项判定归为 {2} 类，其中允许 {4} 类\n",
            "{files} files, {rules} rules; {} cases and {} invariants over {} classes, which stand for \
             {} decisions; {} classes are allowed\n",
            self.report.cases,
            self.report.invariants.len(),
            self.report.classes,
            self.report.questions,
            self.report.allowed,)));
        if let Some(missing) = &self.template {
            text.push_str(&output.say(text!(
                "还不能签署：{}\n",
                "it cannot be signed yet: {}\n",
                output.title(missing)
            )));
        }
        text
    }
}
