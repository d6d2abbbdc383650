//! `verify`: hold a charter to its manifest and signatures, as a node does.

use std::path::PathBuf;

use crdt_model::ids::CharterDigest;
use crdt_model::kind::Title;
use policy::CharterFiles;
use policy::signing::adopt::{AdoptedCharter, adopt, found, restore};
use policy::signing::board::read_signatures;
use policy::signing::manifest::{MANIFEST_PATH, digest_of};
use serde_json::json;

use crate::moment::Moment;
use crate::output::{Answer, Exit, Failure, Output, refusal};
use crate::text::{both, say};

/// Check manifest and signatures, as a node does.
///
/// Alone, the charter is held to the reviewers that it lists itself, as when a node is set up; for a
/// version that follows another that is not enough, and the exit code is 1. With the folder of the
/// version before, it is held to those reviewers, as when a node adopts it. The digest of all decisions
/// is computed anew.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The charter's folder.
    dir: PathBuf,
    /// The folder of the version before.
    #[arg(long, value_name = "DIR")]
    previous: Option<PathBuf>,
    /// The digest that the charter must have.
    #[arg(long, value_name = "DIGEST")]
    digest: Option<CharterDigest>,
    /// The moment to verify for, as in 2026-12-01T00:00:00Z; now if not given.
    #[arg(long, value_name = "TIME", default_value_t)]
    at: Moment,
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
        let Title { zh, en } = &failure.message;
        failure.message = both!("上一版：{zh}", "the previous version: {en}");
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
    let mut text = say!(
        output,
        "已核验：县 {county} 章程第 {version} 版，摘要 {digest}\n\
         所列 {listed} 名审核人中已有 {signed} 人签名，须 {needed} 人：{signers}\n",
        "verified: version {version} of county {county}, digest {digest}\n\
         signed by {signed} of the {listed} reviewers it lists, where {needed} are needed: {signers}\n",
        version = adopted.version(),
        county = adopted.manifest().county,
        digest = adopted.digest(),
        signed = tally.signers.len(),
        listed = adopted.board().members().count(),
        needed = tally.needed,
        signers = tally.signers.join(&say!(output, "、", ", ")),
    );
    let lineage = adopted.lineage();
    text.push_str(&say!(
        output,
        "创始摘要 {lineage}\n审核人：\n",
        "lineage {lineage}\nreviewers:\n"
    ));
    let members = adopted.board().members();
    let members: Vec<_> = members
        .map(|one| (one.name.as_str(), one.key.fingerprint()))
        .collect();
    for (name, fingerprint) in &members {
        text.push_str(&format!("  {fingerprint}  {name}\n"));
    }
    if follows {
        text.push_str(&say!(
            output,
            "本版承接上一版，上一版的审核人中已有足够人数签名\n",
            "signed by enough reviewers of the version before, which it follows\n"
        ));
    }
    if unheld {
        text.push_str(&say!(
            output,
            "未与上一版核对：制作者可能自行列入了审核人；请给出 --previous\n",
            "NOT held to the version before: whoever made it can have listed reviewers of their own; \
             give --previous\n"
        ));
    }
    for other in &tally.others {
        text.push_str(&say!(output, "提示：{other}\n", "note: {other}\n"));
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
        "other_signatures": tally.others.iter().map(ToString::to_string).collect::<Vec<_>>(),
    });
    let exit = if unheld { Exit::Findings } else { Exit::Clean };
    Answer::new(exit, text, json)
}
