//! `check`: everything that is wrong with a charter, or to be looked at.

use std::path::PathBuf;

use policy::finding::{Finding, Severity, render_all};
use policy::review::enumeration::Enumeration;
use policy::review::lints::lint;
use policy::review::prove::{CheckReport, prove, too_many};
use policy::review::sarif;
use policy::{CedarCharter, CharterFiles};
use serde_json::json;

use crate::moment::Moment;
use crate::output::{Answer, Exit, Failure, Output, finding_object};

/// Validate a charter, run its own checks, and find what validates and is still wrong.
///
/// Exit code 0: nothing, or only notes. 1: it is refused, or has warnings. 3: one of its checks does
/// not hold.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The charter's folder.
    dir: PathBuf,
    /// The moment to check for, as in 2026-12-01T00:00:00Z; now if not given.
    #[arg(long, value_name = "TIME", default_value_t)]
    at: Moment,
    /// In which form.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Text with the lines it is about.
    Text,
    /// SARIF 2.1.0, for tools that show findings beside the text.
    Sarif,
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
    let mut object = summary
        .as_ref()
        .map_or(json!({}), |summary| summary.object.clone());
    if let Some(object) = object.as_object_mut() {
        object.insert("findings".to_owned(), objects.into());
    }
    let text = match arguments.format {
        Format::Sarif => format!("{:#}\n", sarif::log(&findings, &files)),
        Format::Text => {
            let (notes, others): (Vec<Finding>, Vec<Finding>) = findings
                .iter()
                .cloned()
                .partition(|finding| finding.severity == Severity::Note);
            let mut told = render_all(&others, &files, output.colour());
            told.extend(notes.iter().map(|note| note_line(note, &files)));
            let clean = exit == Exit::Clean;
            let ending = summary.map_or(String::new(), |summary| summary.text(clean));
            format!("{told}{}{ending}", counted(&findings))
        }
    };
    Ok(Answer::new(exit, text, object))
}

/// A note needs no picture of the line.
fn note_line(note: &Finding, files: &CharterFiles) -> String {
    let line = note
        .position(files)
        .map_or(String::new(), |(line, _)| format!(":{line}"));
    let hint = note.hint.as_deref().unwrap_or("");
    format!("note: {}{line}: {} ({hint})\n", note.file, note.message)
}

fn counted(findings: &[Finding]) -> String {
    let count = |severity| {
        let of = |finding: &&Finding| finding.severity == severity;
        findings.iter().filter(of).count()
    };
    let told: Vec<String> = [
        (count(Severity::Error), "error"),
        (count(Severity::Warning), "warning"),
        (count(Severity::Note), "note"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}{}", if count == 1 { "" } else { "s" }))
    .collect();
    if told.is_empty() {
        String::new()
    } else {
        format!("{}\n", told.join(", "))
    }
}

/// What was looked at.
struct Summary {
    counts: String,
    template: Option<String>,
    object: serde_json::Value,
}

impl Summary {
    fn of(files: &CharterFiles, charter: &CedarCharter, report: CheckReport) -> Self {
        let rules = charter.rules().count();
        let counts = format!(
            "{} files, {rules} rules; {} cases and {} invariants over {} classes, which stand for \
             {} decisions; {} classes are allowed\n",
            files.files.len(),
            report.cases,
            report.invariants.len(),
            report.classes,
            report.questions,
            report.allowed,
        );
        let template = charter.is_template().then(|| {
            format!(
                "a template, which cannot be signed: {} nodes without a key, {} reviewers\n",
                charter.keyless().len(),
                charter.reviewers().len(),
            )
        });
        let object = json!({
            "files": files.files.len(),
            "rules": rules,
            "cases": report.cases,
            "invariants": report.invariants.len(),
            "classes": report.classes,
            "classes_allowed": report.allowed,
            "decisions": report.questions,
            "template": charter.is_template(),
        });
        Self {
            counts,
            template,
            object,
        }
    }

    fn text(&self, clean: bool) -> String {
        let word = if clean { "clean: " } else { "" };
        let template = self.template.as_deref().unwrap_or("");
        format!("{word}{}{template}", self.counts)
    }
}
