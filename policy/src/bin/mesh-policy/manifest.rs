//! `manifest`: write what reviewers sign.

use std::path::PathBuf;

use policy::sign::write_manifest;
use policy::{CedarCharter, CharterFiles, run_checks};
use serde_json::json;

use crate::output::{Answer, Exit, Failure, Output, sign_failure};

/// Write the manifest: what reviewers sign.
///
/// The charter must be valid. Signatures over another manifest prove nothing about this one and are
/// removed; where nothing changed, nothing is written or removed.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The charter's folder.
    dir: PathBuf,
    /// The folder of the version before, for every version but 1. Need not be given again once the
    /// manifest names it.
    #[arg(long, value_name = "DIR")]
    previous: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments, _: &Output) -> Result<Answer, Failure> {
    let Arguments { dir, previous } = arguments;
    let written =
        write_manifest(dir, previous.as_deref()).map_err(|error| sign_failure(error, dir))?;
    let manifest = &written.manifest;
    let follows = manifest
        .previous()
        .map_or("none".to_owned(), |digest| digest.to_string());
    let mut text = format!(
        "{}: version {} of county {}, {} files\ndigest    {}\nprevious  {follows}\ndecisions {}\n",
        if written.changed {
            "manifest written"
        } else {
            "manifest is up to date"
        },
        manifest.version,
        manifest.county,
        manifest.files.len(),
        written.digest,
        manifest.decisions,
    );
    for path in &written.removed {
        text.push_str(&format!("removed `{path}`: it was over another manifest\n"));
    }
    let charter = CedarCharter::open(&CharterFiles::read(dir)?).ok();
    let failing = charter
        .as_ref()
        .map_or(0, |charter| run_checks(charter).len());
    if let Some(template) = charter.as_ref().filter(|charter| charter.is_template()) {
        text.push_str(&format!(
            "note: {} nodes without a key, {} reviewers: it is a template, and nobody can sign it\n",
            template.keyless().len(),
            template.reviewers().len()
        ));
    }
    if failing > 0 {
        text.push_str(&format!(
            "note: {failing} of its checks do not hold, so nobody can sign it; see `mesh-policy check`\n"
        ));
    }
    let json = json!({
        "checks_failing": failing,
        "template": charter.as_ref().is_some_and(CedarCharter::is_template),
        "changed": written.changed,
        "county": manifest.county,
        "version": manifest.version,
        "digest": written.digest,
        "previous": manifest.previous(),
        "decisions": manifest.decisions.to_string(),
        "files": manifest.files.len(),
        "signatures_removed": written.removed,
    });
    Ok(Answer::new(Exit::Clean, text, json))
}
