//! `roster`: enter a node's key and addresses.

use std::path::PathBuf;

use crdt_model::ids::{NodeId, PublicKey};
use policy::making::edit::{NodeEntry, set_node};
use policy::reading::roster;
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
    /// Enter a node's public key, and where it can be dialled.
    Set(Set),
}

/// Enter a node's public key, and where it can be dialled.
///
/// A node that has a key is active as soon as the charter is signed and adopted; without one it is
/// expected. What is not given stays as it is. Whoever changes a roster that nodes go by makes a next
/// version first: `mesh-policy next`.
#[derive(clap::Args)]
struct Set {
    /// The charter's folder.
    dir: PathBuf,
    /// The node's 12-digit code.
    code: NodeId,
    /// Its public key, as `mesh-node init` shows it on the node.
    #[arg(long, value_name = "HEX", required_unless_present = "address")]
    key: Option<PublicKey>,
    /// Where it can be dialled, as in /ip4/10.0.0.1/tcp/7070; may be repeated. They replace those
    /// that are listed.
    #[arg(long, value_name = "ADDR")]
    address: Vec<String>,
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
    let mut text = say!(
        output,
        "已写入 roster.toml：{code}\n",
        "entered in roster.toml: {code}\n"
    );
    if let (Some(before), Some(key)) = (before, set.key)
        && before != key
    {
        text.push_str(&say!(
            output,
            "原密钥 {before} 已被替换：它此后签名的内容不再有效\n",
            "it replaces the key {before}: what that key signs from now on counts no more\n"
        ));
    }
    text.push_str(&say!(
        output,
        "下一步：mesh-policy check {dir}，再 mesh-policy manifest {dir}\n",
        "next: mesh-policy check {dir}, then mesh-policy manifest {dir}\n"
    ));
    let object = json!({
        "node": code,
        "key": set.key,
        "key_before": before,
        "addresses": entry.addresses,
    });
    Ok(Answer::new(Exit::Clean, text, object))
}
