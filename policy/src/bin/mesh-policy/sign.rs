//! `sign`: sign the manifest as a reviewer.

use std::path::PathBuf;

use policy::review::lints::confirmation;
use policy::signing::sign::{add_signature, sign, signed_by};
use policy::{CedarCharter, CharterFiles};
use serde_json::json;

use crate::check::note_line;
use crate::output::{Answer, Exit, Failure, Output, finding_object, sign_failure};
use crate::text::say;

/// Sign the manifest as a reviewer.
///
/// Refused unless the charter is valid, its own checks hold, some node has a key, and the manifest
/// says exactly what the files say. The manifest is never written here, so that what is signed is
/// what could be read before: run `mesh-policy manifest` first.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The charter's folder.
    dir: PathBuf,
    #[command(flatten)]
    with: With,
    /// Whose key it must be. Without it, the key alone says who signs.
    #[arg(long, value_name = "NAME")]
    reviewer: Option<String>,
    /// The folder of the version before, for a reviewer whom this version no longer lists.
    #[arg(long, value_name = "DIR")]
    previous: Option<PathBuf>,
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct With {
    /// The reviewer's private key: OpenSSH, ed25519, without passphrase.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// A signature over the manifest, made by `ssh-keygen -Y sign -n charter@countymesh`.
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Answer, Failure> {
    let Arguments {
        dir,
        with,
        reviewer,
        previous,
    } = arguments;
    let (reviewer, previous) = (reviewer.as_deref(), previous.as_deref());
    let signed = match with {
        With { key: Some(key), .. } => sign(dir, key, reviewer, previous),
        With {
            signature: Some(file),
            ..
        } => add_signature(dir, file, reviewer, previous),
        With {
            key: None,
            signature: None,
        } => {
            return Err(Failure::usage(say!(
                output,
                "请给出 `--key` 或 `--signature`",
                "give `--key` or `--signature`"
            )));
        }
    };
    let signed = signed.map_err(|error| sign_failure(error, dir))?;
    let mut text = say!(
        output,
        "`{}` 已签署第 {} 版，摘要 {}\n已写入 `{}`\n",
        "`{}` signed version {}, digest {}\nwritten to `{}`\n",
        signed.reviewer,
        signed.version,
        signed.digest,
        signed.path
    );
    let tally = signed_by(dir).map_err(|error| sign_failure(error, dir))?;
    let (have, needed) = (tally.signers.len(), tally.needed);
    text.push_str(&match tally.reached() {
        true => say!(
            output,
            "已有 {have} 人签名，须 {needed} 人：人数已够\n",
            "signed by {have} where {needed} are needed: that is enough\n"
        ),
        false => say!(
            output,
            "已有 {have} 人签名，须 {needed} 人：其他审核人请用自己的密钥执行同一命令\n",
            "signed by {have} where {needed} are needed: other reviewers run the same command with keys of \
             their own\n"
        ),
    });
    let files = CharterFiles::read(dir)?;
    let notes =
        CedarCharter::open(&files).map_or(Vec::new(), |charter| confirmation(&charter, &files));
    text.extend(notes.iter().map(|note| note_line(note, &files, output)));
    let notes: Vec<_> = notes
        .iter()
        .map(|note| finding_object(note, &files))
        .collect();
    let json = json!({
        "reviewer": signed.reviewer,
        "version": signed.version,
        "digest": signed.digest,
        "path": signed.path,
        "signed_by": tally.signers,
        "threshold": needed,
        "notes": notes,
    });
    Ok(Answer::new(Exit::Clean, text, json))
}
