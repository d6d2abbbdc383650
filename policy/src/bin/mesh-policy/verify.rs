//! `verify`: hold a charter to its manifest and signatures, as a node does.

use std::path::PathBuf;

use crdt_model::ids::CharterDigest;
use crdt_model::text;
use crdt_model::text::Explain;
use policy::CharterFiles;
use policy::command_line::help::Words;
use policy::command_line::values;
use policy::review::words;
use policy::signing::adopt::{AdoptedCharter, adopt, found, restore};
use policy::signing::board::read_signatures;
use policy::signing::manifest::{MANIFEST_PATH, digest_of};
use serde_json::json;

use crate::moment::Moment;
use crate::output::{Answer, Exit, Failure, Output, refusal};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    dir: PathBuf,
    #[arg(long, value_name = "DIR")]
    previous: Option<PathBuf>,
    #[arg(long, value_name = "DIGEST", value_parser = values::digest)]
    digest: Option<CharterDigest>,
    #[arg(long, value_name = "TIME", default_value_t, hide_default_value = true)]
    at: Moment,
}

pub(crate) fn words() -> Words {
    Words::new(text!(
        "像节点一样核验文件清单和签名",
        "Check manifest and signatures, as a node does"
    ))
    .argument("dir", text!("章程目录", "the charter's folder"))
    .argument(
        "previous",
        text!("上一版的目录", "the folder of the version before"),
    )
    .argument(
        "digest",
        text!("章程应有的摘要", "the digest that the charter must have"),
    )
    .argument(
        "at",
        text!(
            "以哪个时间为准，如 2026-12-01T00:00:00Z（默认为现在）",
            "the moment to go by, as in 2026-12-01T00:00:00Z (default: now)"
        ),
    )
    .after(text!(
        "单独核验时，只按章程自己所列的审核人核验，与建立节点时相同；对承接上一版的章程这还不够\
         ，退出码为 1。\n给出上一版目录时，按上一版的审核人核验，与节点采用时相同。全部判定的摘\
         要会重新计算。",
        "Alone, the charter is held to the reviewers that it lists itself, as when a node is \
         set up; for a version that follows another that is not enough, and the exit code is 1.\
         \nWith the folder of the version before, it is held to those reviewers, as when a node \
         adopts it. The digest of all decisions is computed again."
    ))
}

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Answer, Failure> {
    let files = CharterFiles::read(&arguments.dir)?;
    let now = arguments.at.wall();
    let adopted = match &arguments.previous {
        None => found(&files, now, arguments.digest),
        Some(previous) => {
            let previous = open_previous(previous)?;
            match arguments
                .digest
                .filter(|digest| *digest != digest_of(manifest_bytes(&files)))
            {
                Some(_) => found(&files, now, arguments.digest),
                None => adopt(&previous, &files, now),
            }
        }
    };
    let adopted = adopted.map_err(|refused| refusal(refused, &files))?;
    adopted
        .check_decisions()
        .map_err(|refused| refusal(refused, &files))?;
    Ok(answer(&adopted, arguments.previous.is_some(), output))
}

fn open_previous(folder: &std::path::Path) -> Result<AdoptedCharter, Failure> {
    let files = CharterFiles::read(folder)?;
    restore(&files, digest_of(manifest_bytes(&files))).map_err(|refused| {
        let mut failure = refusal(refused, &files);
        let why = &failure.message;
        failure.message = text!(why; "上一版：{why}", "the previous version: {why}");
        failure
    })
}

fn manifest_bytes(files: &CharterFiles) -> &[u8] {
    files.files.get(MANIFEST_PATH).map_or(&[], Vec::as_slice)
}

fn answer(adopted: &AdoptedCharter, follows: bool, output: &Output) -> Answer {
    let files = adopted.files();
    let good: Vec<_> = read_signatures(files, manifest_bytes(files))
        .into_iter()
        .flatten()
        .collect();
    let tally = adopted.board().count(&good);
    let unheld = !follows && adopted.manifest().previous().is_some();
    let county = adopted.manifest().county;
    let name = words::node_with_code(adopted.charter(), county).zh;
    let mut text = output.say(text!("核验通过：{name}章程第 {version} 版，摘要 {digest}\n\
         审核人共 {listed} 名，已有 {signed} 人签名（至少须 {needed} 人）：{signers}\n",
        "verified: version {version} of county {county}, digest {digest}\n\
         signed by {signed} of the {listed} reviewers it lists, where {needed} are needed: {signers}\n",
        version = adopted.version(),
        digest = adopted.digest(),
        signed = tally.signers.len(),
        listed = adopted.board().members().count(),
        needed = tally.needed,
        signers = tally.signers.join(&output.say(text!("、", ", "))),));
    let lineage = adopted.lineage();
    text.push_str(&output.say(text!(
        "创始摘要 {lineage}\n审核人：\n",
        "lineage {lineage}\nreviewers:\n"
    )));
    let members = adopted.board().members();
    let members: Vec<_> = members
        .map(|one| (one.name.as_str(), one.key.fingerprint()))
        .collect();
    for (name, fingerprint) in &members {
        text.push_str(&format!("  {fingerprint}  {name}\n"));
    }
    if follows {
        text.push_str(&output.say(text!(
            "本版承接上一版，上一版的审核人中已有足够人数签名\n",
            "signed by enough reviewers of the version before, which it follows\n"
        )));
    }
    if unheld {
        text.push_str(&output.say(text!("注意：没有与上一版核对，无法排除制作者自行添加审核人；请加 `--previous` 上一版目录，再核验\n",
            "NOT checked against the previous version: its maker may have added reviewers of their own; \
             give --previous\n")));
    }
    for other in &tally.others {
        text.push_str(&output.say(text!(other; "提示：{other}\n", "note: {other}\n")));
    }
    let json = json!({
        "version": adopted.version(),
        "county": adopted.manifest().county,
        "digest": adopted.digest(),
        "lineage": lineage,
        "previous": adopted.manifest().previous(),
        "reviewers": members.iter().map(|(name, fingerprint)| json!({"name": name, "fingerprint": fingerprint})).collect::<Vec<_>>(),
        "signed_by": tally.signers,
        "threshold": tally.needed,
        "checked_against_previous": follows,
        "other_signatures": tally.others.iter().map(Explain::text).collect::<Vec<_>>(),
    });
    let exit = if unheld { Exit::Findings } else { Exit::Clean };
    Answer::new(exit, text, json)
}
