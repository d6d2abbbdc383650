//! `manifest`: write what reviewers sign.

use std::path::PathBuf;

use crdt_model::text;
use policy::command_line::help::Words;
use policy::review::words;
use policy::signing::sign::write_manifest;
use policy::{CedarCharter, CharterFiles, run_checks};
use serde_json::json;

use crate::check::lacking;
use crate::output::{Answer, Exit, Failure, Output, sign_failure};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    dir: PathBuf,
    #[arg(long, value_name = "DIR")]
    previous: Option<PathBuf>,
}

pub(crate) fn words() -> Words {
    Words::new(text!(
        "生成文件清单（审核人签的就是它）",
        "Write the manifest: what reviewers sign"
    ))
    .argument("dir", text!("章程目录", "the charter's folder"))
    .argument(
        "previous",
        text!(
            "上一版的目录，第 1 版以外都须给出；文件清单已写明上一版的，不必再给",
            "the folder of the version before, for every version but 1; need not be given again \
             once the manifest names it"
        ),
    )
    .after(text!(
        "章程必须有效。对另一份文件清单的签名不能证明这一份，会被移除；没有变化时，什么也不写、不\
         移除。",
        "The charter must be valid. Signatures over another manifest prove nothing about this \
         one and are removed; where nothing changed, nothing is written or removed."
    ))
}

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Answer, Failure> {
    let Arguments { dir, previous } = arguments;
    let written =
        write_manifest(dir, previous.as_deref()).map_err(|error| sign_failure(error, dir))?;
    let manifest = &written.manifest;
    let follows = manifest.previous().map_or_else(
        || output.say(text!("无", "none")),
        |digest| digest.to_string(),
    );
    let state = if written.changed {
        output.say(text!("文件清单已写好", "manifest written"))
    } else {
        output.say(text!("文件清单没有变化", "manifest is up to date"))
    };
    let county = manifest.county;
    let charter = CedarCharter::open(&CharterFiles::read(dir)?).ok();
    let name = charter.as_ref().map_or_else(
        || county.to_string(),
        |charter| words::node_with_code(charter, county).zh,
    );
    let mut text = output.say(text!("{state}：{name}第 {version} 版，{files} 个文件\n摘要      {digest}\n上一版    {follows}\n判定摘要  {decisions}\n",
        "{state}: version {version} of county {county}, {files} files\ndigest    {digest}\nprevious  {follows}\ndecisions {decisions}\n",
        version = manifest.version,
        files = manifest.files.len(),
        digest = written.digest,
        decisions = manifest.decisions,));
    for path in &written.removed {
        text.push_str(&output.say(text!(
            "已移除 `{path}`：签的是另一份文件清单\n",
            "removed `{path}`: it was over another manifest\n"
        )));
    }
    if let Some(missing) = charter.as_ref().and_then(lacking) {
        text.push_str(&output.say(text!(
            "注意：还不能签署：{}\n",
            "note: it cannot be signed yet: {}\n",
            output.title(&missing)
        )));
    }
    let failing = charter
        .as_ref()
        .map_or(0, |charter| run_checks(charter).len());
    if failing > 0 {
        text.push_str(&output.say(text!("注意：章程自带的检查有 {failing} 项未通过，不能签署；请用 `mesh-policy check` 查看\n",
            "note: {failing} of its checks do not hold, so nobody can sign it; see `mesh-policy check`\n")));
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
