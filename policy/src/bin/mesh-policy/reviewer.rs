//! `reviewer`: list reviewers in a charter.

use std::path::PathBuf;

use crdt_model::text;
use policy::command_line::help::Words;
use policy::making::edit::add_reviewers;
use policy::reading::head;
use policy::signing::sshsig::SshKey;
use serde_json::json;

use crate::input::{FILE_BYTES_MAX, read_text, write_text};
use crate::output::{Answer, Exit, Failure, Output};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Add(Add),
}

#[derive(clap::Args)]
struct Add {
    dir: PathBuf,
    #[arg(required = true, value_name = "FILE.pub")]
    keys: Vec<PathBuf>,
}

/// Bytes of a public key file.
const KEY_BYTES_MAX: usize = 16 * 1024;

pub(crate) fn words() -> Words {
    Words::new(text!("列出审核人", "List reviewers")).command("add", add_words())
}

fn add_words() -> Words {
    Words::new(text!(
        "按公钥文件列出审核人",
        "List reviewers by their public key files"
    ))
    .argument("dir", text!("章程目录", "the charter's folder"))
    .argument(
        "keys",
        text!(
            "公钥文件，由 `mesh-policy keys` 或 `ssh-keygen` 生成；审核人即以文件名（不含 `.pub`\
             ）为名",
            "public key files that `mesh-policy keys` or `ssh-keygen` wrote; each reviewer is \
             called what the file is called, without `.pub`"
        ),
    )
}

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Answer, Failure> {
    let Command::Add(add) = &arguments.command;
    let mut reviewers = Vec::new();
    for path in &add.keys {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        reviewers.push((name.into_owned(), read_text(path, KEY_BYTES_MAX)?));
    }
    let path = add.dir.join(head::FILE);
    let text = read_text(&path, FILE_BYTES_MAX)?;
    let edited = add_reviewers(&text, &reviewers)
        .map_err(|error| Failure::new(Exit::Usage, "edit", error))?;
    write_text(&path, &edited)?;
    let mut text = output.say(text!(
        "已写入 `charter.toml`：\n",
        "listed in charter.toml:\n"
    ));
    let mut objects = Vec::new();
    for (name, line) in &reviewers {
        // It was read a moment ago.
        let Ok(key) = SshKey::parse(line) else {
            continue;
        };
        let fingerprint = key.fingerprint();
        text.push_str(&format!("  {fingerprint}  {name}\n"));
        objects.push(json!({ "name": name, "fingerprint": fingerprint }));
    }
    Ok(Answer::new(
        Exit::Clean,
        text,
        json!({ "reviewers": objects }),
    ))
}
