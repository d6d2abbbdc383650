//! `check`: validate a charter and run its own checks.

use std::path::PathBuf;

use policy::review::enumeration::Enumeration;
use policy::review::prove::prove;
use policy::{CedarCharter, CharterFiles};
use serde_json::json;

use crate::output::{Answer, Exit, Failure, Output};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The charter's folder.
    dir: PathBuf,
}

pub(crate) fn run(arguments: &Arguments, _: &Output) -> Result<Answer, Failure> {
    let files = CharterFiles::read(&arguments.dir)?;
    let charter = CedarCharter::open(&files)
        .map_err(|findings| Failure::findings(Exit::Findings, findings, &files))?;
    let report = prove(&Enumeration::of(&charter));
    if !report.findings.is_empty() {
        return Err(Failure::findings(
            Exit::CheckBroken,
            report.findings,
            &files,
        ));
    }
    let mut text = format!(
        "clean: {} files, {} rules; {} cases and {} invariants hold over {} classes of questions, \
         {} of them allowed\n",
        files.files.len(),
        charter.rules().count(),
        report.cases,
        report.invariants.len(),
        report.classes,
        report.allowed,
    );
    if charter.is_template() {
        text.push_str(&format!(
            "note: a template, which cannot be signed: {} nodes without a key, {} reviewers\n",
            charter.keyless().len(),
            charter.reviewers().len(),
        ));
    }
    let json = json!({
        "files": files.files.len(),
        "rules": charter.rules().count(),
        "cases": report.cases,
        "invariants": report.invariants.len(),
        "classes": report.classes,
        "classes_allowed": report.allowed,
        "template": charter.is_template(),
        "findings": [],
    });
    Ok(Answer::new(Exit::Clean, text, json))
}
