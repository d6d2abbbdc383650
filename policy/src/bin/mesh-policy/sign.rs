//! `sign`: sign the manifest as a reviewer.

use std::path::PathBuf;

use crdt_model::text;
use policy::command_line::help::Words;
use policy::review::lints::confirmation;
use policy::signing::sign::{add_signature, sign, signed_by};
use policy::{CedarCharter, CharterFiles};
use serde_json::json;

use crate::check::note_line;
use crate::output::{Answer, Exit, Failure, Output, finding_object, sign_failure};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    dir: PathBuf,
    #[command(flatten)]
    with: With,
    #[arg(long, value_name = "NAME")]
    reviewer: Option<String>,
    #[arg(long, value_name = "DIR")]
    previous: Option<PathBuf>,
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct With {
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
}

pub(crate) fn words() -> Words {
    Words::new(text!(
        "审核人签名",
        "Sign the manifest as a reviewer"
    ))
    .argument(
        "dir",
        text!(
            "章程目录",
            "the charter's folder"
        ),
    )
    .argument(
        "key",
        text!(
            "审核人的私钥：OpenSSH、ed25519、没有口令",
            "the reviewer's private key: OpenSSH, ed25519, without passphrase"
        ),
    )
    .argument(
        "signature",
        text!(
            "用 `ssh-keygen -Y sign -n charter@countymesh` 对文件清单做的签名",
            "a signature over the manifest, made by `ssh-keygen -Y sign -n charter@countymesh`"
        ),
    )
    .argument(
        "reviewer",
        text!(
            "必须是谁的密钥；不给时由密钥决定",
            "whose key it must be; without it, the key alone says who signs"
        ),
    )
    .argument(
        "previous",
        text!(
            "上一版的目录，供这一版不再列出的审核人签名",
            "the folder of the version before, for a reviewer whom this version no longer lists"
        ),
    )
    .after(text!(
        "章程有效、自带的检查全部通过、有节点写入公钥、文件清单与文件一致，才能签名。签名时不改\
         动文件清单，所以签的就是之前看过的：请先执行 `mesh-policy manifest`。",
        "Refused unless the charter is valid, its own checks hold, some node has a key, and the \
         manifest says exactly what the files say. The manifest is never written here, so that \
         what is signed is what could be read before: run `mesh-policy manifest` first."
    ))
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
            return Err(Failure::usage(text!(
                "请给出 `--key` 或 `--signature`",
                "give `--key` or `--signature`"
            )));
        }
    };
    let signed = signed.map_err(|error| sign_failure(error, dir))?;
    let mut text = output.say(text!(
        "`{}` 已签署第 {} 版，摘要 {}\n已写入 `{}`\n",
        "`{}` signed version {}, digest {}\nwritten to `{}`\n",
        signed.reviewer,
        signed.version,
        signed.digest,
        signed.path
    ));
    let tally = signed_by(dir).map_err(|error| sign_failure(error, dir))?;
    let (have, needed) = (tally.signers.len(), tally.needed);
    text.push_str(&match tally.reached() {
        true => output.say(text!("已有 {have} 人签名，须 {needed} 人：人数已够\n",
            "signed by {have} where {needed} are needed: that is enough\n")),
        false => output.say(text!("已有 {have} 人签名，须 {needed} 人：其他审核人请用自己的密钥执行同一命令\n",
            "signed by {have} where {needed} are needed: other reviewers run the same command with keys of \
             their own\n")),
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
