//! `roster`: enter a node's key and addresses.

use std::path::PathBuf;

use crdt_model::ids::{NodeId, PublicKey};
use crdt_model::text;
use policy::command_line::help::Words;
use policy::command_line::values;
use policy::making::edit::{NodeEntry, set_node};
use policy::reading::roster;
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
    Set(Set),
}

#[derive(clap::Args)]
struct Set {
    dir: PathBuf,
    #[arg(value_parser = values::node)]
    code: NodeId,
    #[arg(long, value_name = "HEX", required_unless_present = "address", value_parser = values::public_key)]
    key: Option<PublicKey>,
    #[arg(long, value_name = "ADDR")]
    address: Vec<String>,
}

pub(crate) fn words() -> Words {
    Words::new(text!(
        "写入节点的公钥和地址",
        "Enter a node's key and addresses"
    ))
    .command("set", set_words())
}

fn set_words() -> Words {
    Words::new(text!(
        "写入节点的公钥，以及在哪里可以连接",
        "Enter a node's public key, and where it can be dialled"
    ))
    .argument("dir", text!("章程目录", "the charter's folder"))
    .argument(
        "code",
        text!("节点的 12 位代码", "the node's 12-digit code"),
    )
    .argument(
        "key",
        text!(
            "节点的公钥，由该节点上的 `mesh-node init` 显示",
            "its public key, as `mesh-node init` shows it on the node"
        ),
    )
    .argument(
        "address",
        text!(
            "可以连接的地址，如 `/ip4/10.0.0.1/tcp/7070`，可多次给出；原有地址由它们替换",
            "where it can be dialled, as in /ip4/10.0.0.1/tcp/7070; may be repeated. They \
             replace those that are listed"
        ),
    )
    .after(text!(
        "有公钥的节点，章程签署并采用后即在用；没有公钥的为待加入。没有给出的保持不变。要改各节\
         点正在采用的名册，请先编写下一版：`mesh-policy next`。",
        "A node that has a key is active as soon as the charter is signed and adopted; without \
         one it is expected. What is not given stays as it is. Whoever changes a roster that \
         nodes go by makes a next version first: `mesh-policy next`."
    ))
}

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Answer, Failure> {
    let Command::Set(set) = &arguments.command;
    let path = set.dir.join(roster::FILE);
    let entry = NodeEntry {
        key: set.key,
        addresses: (!set.address.is_empty()).then(|| set.address.clone()),
    };
    let text = read_text(&path, FILE_BYTES_MAX)?;
    let (edited, before) = set_node(&text, set.code, &entry)
        .map_err(|error| Failure::new(Exit::Usage, "edit", error))?;
    write_text(&path, &edited)?;
    let (code, dir) = (set.code, set.dir.display());
    let mut text = output.say(text!(
        "已写入 `roster.toml`：{code}\n",
        "entered in roster.toml: {code}\n"
    ));
    if let (Some(before), Some(key)) = (before, set.key)
        && before != key
    {
        text.push_str(&output.say(text!(
            "原密钥 {before} 已被替换：它此后签名的内容不再有效\n",
            "it replaces the key {before}: what that key signs from now on counts no more\n"
        )));
    }
    text.push_str(&output.say(text!(
        "下一步：\n  mesh-policy check {dir}\n  mesh-policy manifest {dir}\n",
        "next: mesh-policy check {dir}, then mesh-policy manifest {dir}\n"
    )));
    let object = json!({
        "node": code,
        "key": set.key,
        "key_before": before,
        "addresses": entry.addresses,
    });
    Ok(Answer::new(Exit::Clean, text, object))
}
