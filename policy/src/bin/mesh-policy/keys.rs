//! `keys`: make a key pair for a reviewer.

use std::path::PathBuf;

use crdt_model::ids::Name;
use crdt_model::text;
use policy::command_line::help::Words;
use policy::command_line::values;
use policy::signing::key_files::make_key_pair;
use serde_json::json;

use crate::output::{Answer, Exit, Failure, Output};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[arg(value_parser = values::name)]
    name: Name,
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(crate) fn words() -> Words {
    Words::new(text!(
        "为审核人生成密钥（OpenSSH ed25519）",
        "Make an OpenSSH ed25519 key pair for a reviewer"
    ))
    .argument(
        "name",
        text!(
            "审核人的名称：只用 `a-z`、`0-9`、`.`、`-`，以字母开头",
            "the reviewer's name: a-z, 0-9, `.` and `-`, starting with a letter"
        ),
    )
    .argument(
        "out",
        text!("两个文件所在的目录", "the folder for both files"),
    )
}

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Answer, Failure> {
    let made = make_key_pair(arguments.name, &arguments.out)?;
    let text = output.say(text!(
        "私钥  {}（未设口令；可用 `ssh-keygen -p -f` 设置）\n\
         公钥  {}\n\
         指纹  {}\n\
         \n\
         请写入 `charter.toml`：\n\
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
    ));
    let json = json!({
        "private_key_file": made.private,
        "public_key_file": made.public,
        "fingerprint": made.key.fingerprint(),
        "name": arguments.name,
        "key": made.line,
    });
    Ok(Answer::new(Exit::Clean, text, json))
}
