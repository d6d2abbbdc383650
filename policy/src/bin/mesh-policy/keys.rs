//! `keys`: make a key pair for a reviewer.

use std::path::PathBuf;

use crdt_model::ids::Name;
use policy::signing::key_files::make_key_pair;
use serde_json::json;

use crate::output::{Answer, Exit, Failure, Output};
use crate::text::say;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The reviewer's name: a-z, 0-9, `.` and `-`, starting with a letter.
    name: Name,
    /// The folder for both files.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Answer, Failure> {
    let made = make_key_pair(arguments.name, &arguments.out)?;
    let text = say!(
        output,
        "私钥  {}（未设口令；可用 `ssh-keygen -p -f` 设置）\n\
         公钥  {}\n\
         指纹  {}\n\
         \n\
         写入 charter.toml：\n\
         [[reviewer]]\n\
         name = \"{}\"\n\
         key = \"{}\"\n",
        "private key  {} (no passphrase: `ssh-keygen -p -f` sets one)\n\
         public key   {}\n\
         fingerprint  {}\n\
         \n\
         for charter.toml:\n\
         [[reviewer]]\n\
         name = \"{}\"\n\
         key = \"{}\"\n",
        made.private.display(),
        made.public.display(),
        made.key.fingerprint(),
        arguments.name,
        made.line,
    );
    let json = json!({
        "private_key_file": made.private,
        "public_key_file": made.public,
        "fingerprint": made.key.fingerprint(),
        "name": arguments.name,
        "key": made.line,
    });
    Ok(Answer::new(Exit::Clean, text, json))
}
