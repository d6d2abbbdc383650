//! `reviewer`: list reviewers in a charter.

use std::path::PathBuf;

use policy::making::edit::add_reviewers;
use policy::reading::head;
use policy::signing::sshsig::SshKey;
use serde_json::json;

use crate::input::{FILE_BYTES_MAX, read_text, write_text};
use crate::output::{Answer, Exit, Failure, Output};
use crate::text::say;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// List reviewers, by the public key files that `mesh-policy keys` or `ssh-keygen` wrote.
    Add(Add),
}

#[derive(clap::Args)]
struct Add {
    /// The charter's folder.
    dir: PathBuf,
    /// Public key files. Each reviewer is called what the file is called, without `.pub`.
    #[arg(required = true, value_name = "FILE.pub")]
    keys: Vec<PathBuf>,
}

/// Bytes of a public key file.
const KEY_BYTES_MAX: usize = 16 * 1024;

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
    let mut text = say!(
        output,
        "已写入 charter.toml：\n",
        "listed in charter.toml:\n"
    );
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
