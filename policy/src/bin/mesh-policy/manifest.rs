//! `manifest`: write what reviewers sign.

use std::path::PathBuf;

use policy::signing::sign::write_manifest;
use policy::{CedarCharter, CharterFiles, run_checks};
use serde_json::json;

use crate::check::lacking;
use crate::output::{Answer, Exit, Failure, Output, sign_failure};
use crate::text::say;

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

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Answer, Failure> {
    let Arguments { dir, previous } = arguments;
    let written =
        write_manifest(dir, previous.as_deref()).map_err(|error| sign_failure(error, dir))?;
    let manifest = &written.manifest;
    let follows = manifest
        .previous()
        .map_or_else(|| say!(output, "无", "none"), |digest| digest.to_string());
    let state = if written.changed {
        say!(output, "已写入清单", "manifest written")
    } else {
        say!(output, "清单没有变化", "manifest is up to date")
    };
    let mut text = say!(
        output,
        "{state}：{county} 县第 {version} 版，{files} 个文件\n摘要      {digest}\n上一版    {follows}\n判定      {decisions}\n",
        "{state}: version {version} of county {county}, {files} files\ndigest    {digest}\nprevious  {follows}\ndecisions {decisions}\n",
        version = manifest.version,
        county = manifest.county,
        files = manifest.files.len(),
        digest = written.digest,
        decisions = manifest.decisions,
    );
    for path in &written.removed {
        text.push_str(&say!(
            output,
            "已删除 `{path}`：它签的是另一份清单\n",
            "removed `{path}`: it was over another manifest\n"
        ));
    }
    let charter = CedarCharter::open(&CharterFiles::read(dir)?).ok();
    if let Some(missing) = charter.as_ref().and_then(lacking) {
        text.push_str(&say!(
            output,
            "注意：还不能签署：{}\n",
            "note: it cannot be signed yet: {}\n",
            output.title(&missing)
        ));
    }
    let failing = charter
        .as_ref()
        .map_or(0, |charter| run_checks(charter).len());
    if failing > 0 {
        text.push_str(&say!(
            output,
            "注意：有 {failing} 项自检不通过，无法签名，见 `mesh-policy check`\n",
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
