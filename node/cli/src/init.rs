//! `init`: makes a node's folder and key, and founds the node under a charter.

use std::path::{Path, PathBuf};

use crdt_model::ids::{CharterDigest, NodeId, PublicKey};
use serde_json::json;

use super::asking::Context;
use super::help::Words;
use super::introduction::{self, Given};
use super::output::Answer;
use super::output::Ended;
use super::values;
use crdt_model::text;
use crdt_model::text::{Problem, Text};
use node_machine::folder::{Founding, NodeFolder};
use node_machine::settings::{Flags, write_new};
use node_runtime::founding::{Introduction, introduce, is_founded};

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[arg(long, value_name = "CODE", value_parser = values::node)]
    node: Option<NodeId>,
    #[arg(long, value_name = "DIR")]
    charter: Option<PathBuf>,
    #[arg(long, value_name = "HEX", value_parser = values::digest, requires = "charter")]
    digest: Option<CharterDigest>,
    #[arg(long, value_name = "SHA256:…", value_parser = introduction::fingerprint, num_args = 1.., requires = "charter")]
    reviewer: Vec<String>,
    #[arg(long, value_name = "ADDR", value_parser = values::listen, num_args = 1..)]
    listen: Vec<String>,
    #[arg(long)]
    new_key: bool,
    #[arg(long, conflicts_with = "listen")]
    new_settings: bool,
}

pub(super) fn words() -> Words {
    Words::new(text!(
        "建立节点：生成目录、密钥和 `node.toml`；给出章程时，核对审核人指纹后按该章程加入网络。可以重复执行。",
        "Set up a node: its folder, key and node.toml; with a charter, join under it once somebody has \
         compared the reviewers' fingerprints. Running it again changes nothing."
    ))
    .argument(
        "node",
        text!(
            "本节点的 12 位代码（已有 node.toml 时可省略）",
            "this node's 12-digit code (not needed where there is a node.toml)"
        ),
    )
    .argument(
        "charter",
        text!(
            "已签署的章程目录，其名册须已登记本节点公钥",
            "a signed charter whose roster lists this node's key"
        ),
    )
    .argument(
        "digest",
        text!(
            "章程摘要，须另行（如电话）向审核人核对；给出后不再询问",
            "the charter's digest, checked with the reviewers by another way, such as by telephone; nothing is asked then"
        ),
    )
    .argument(
        "reviewer",
        text!(
            "全部审核人的密钥指纹，须另行（如电话）逐一核对；给出后不再询问",
            "the fingerprints of all reviewers' keys, checked by another way, such as by telephone; nothing is asked then"
        ),
    )
    .argument(
        "listen",
        text!(
            "监听地址，如 /ip4/0.0.0.0/tcp/7070；只写入新的 node.toml",
            "listen address, such as /ip4/0.0.0.0/tcp/7070; only written to a new node.toml"
        ),
    )
    .argument(
        "new_settings",
        text!(
            "node.toml 已损坏或丢失时，另存旧文件并恢复上次运行时的设置",
            "for a damaged or lost node.toml: put it aside and write the settings again that the node last ran with"
        ),
    )
    .argument(
        "new_key",
        text!(
            "密钥文件已损坏或丢失时，另存旧文件并生成新密钥；审核人把新公钥写入名册后，其他节点才接受本节点",
            "for a damaged or lost key file: put it aside and make a new key; other nodes take it once the reviewers have listed it"
        ),
    )
}

/// Whether something was made now or there before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Made {
    Now,
    Before,
    Not,
}

/// What `init` has come to.
struct Outcome {
    node: NodeId,
    key: PublicKey,
    folder: PathBuf,
    key_made: Made,
    settings_made: Made,
    founded: Made,
    /// The charter that it was founded under now.
    charter: Option<Introduction>,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Ended {
    let folder = context.folder();
    folder.prepare()?;
    if arguments.new_settings {
        put_settings_back(arguments.node, &folder)?;
    }
    let node = node_of(arguments.node, &folder, context)?;
    if arguments.new_key {
        folder.set_aside(&folder.secret())?;
    }
    let key_made = if folder.secret().exists() {
        Made::Before
    } else {
        Made::Now
    };
    let key = folder.make_key()?;
    let settings_made = match write_new(&folder, node, &arguments.listen)? {
        true => Made::Now,
        false if arguments.listen.is_empty() => Made::Before,
        false => same_addresses(arguments, context)?,
    };
    let mut charter = None;
    let founded = match &arguments.charter {
        None if is_begun(&folder) => Made::Before,
        None => Made::Not,
        Some(_) if is_begun(&folder) && is_founded(&folder)? => Made::Before,
        Some(path) => {
            let (introduction, confirmed) = found(arguments, path, &folder, node, context)?;
            if !confirmed {
                return introduction::unconfirmed(&introduction, &arguments.given(path), context);
            }
            charter = Some(introduction);
            Made::Now
        }
    };
    let folder = context.data.value.clone();
    let outcome = Outcome {
        node,
        key,
        folder,
        key_made,
        settings_made,
        founded,
        charter,
    };
    Ok(outcome.answer(context))
}

/// Writes the settings again that the node last ran with; the first ones where its store keeps none.
fn put_settings_back(asked: Option<NodeId>, folder: &NodeFolder) -> Result<(), Problem> {
    let (owner, file) = match (node_runtime::kept(folder), asked) {
        (Ok(kept), _) => kept,
        // Whoever names the node can do without its store.
        (Err(_), Some(_)) => (None, None),
        (Err(problem), None) => return Err(problem),
    };
    folder.set_aside(&folder.settings())?;
    match (file, owner.or(asked)) {
        (Some(file), _) => folder.write_settings(&file),
        (None, Some(node)) => write_new(folder, node, &[]).map(|_| ()),
        (None, None) => Ok(()),
    }
}

/// The node that the folder is for, which never changes.
fn node_of(
    asked: Option<NodeId>,
    folder: &NodeFolder,
    context: &Context,
) -> Result<NodeId, Problem> {
    let known = match folder.settings().exists() {
        true => Some(context.settings(Flags::default())?.node()),
        false => None,
    };
    match (asked, known) {
        (Some(asked), Some(known)) if asked != known => Err(Problem::new(
            "folder-of-other-node",
            text!(
                "该目录属于节点 {known}，不是 {asked}",
                "this is the folder of {known} and not of {asked}"
            ),
            text!(
                "用 --data 为 {asked} 另指定目录",
                "give {asked} a folder of its own with --data"
            ),
        )),
        (Some(node), _) | (None, Some(node)) => Ok(node),
        (None, None) => Err(Problem::new(
            "usage",
            text!("缺少 --node", "--node is missing"),
            text!(
                "给出本节点的 12 位代码，如 --node 620723101201",
                "give this node's 12-digit code, such as --node 620723101201"
            ),
        )),
    }
}

/// Flags that would change an existing settings file are refused and not passed over.
fn same_addresses(arguments: &Arguments, context: &Context) -> Result<Made, Problem> {
    let settings = context.settings(Flags::default())?;
    if settings.listen() == arguments.listen {
        return Ok(Made::Before);
    }
    let path = context.folder().settings();
    let path = path.display();
    Err(Problem::new(
        "settings-kept",
        text!(
            "{path} 已存在，其监听地址与 --listen 不同，未作改动",
            "{path} is there already with other addresses than --listen; it was not changed"
        ),
        text!(
            "直接编辑该文件，再执行 `mesh-node init` 时不加 `--listen`",
            "edit that file, then run init without --listen"
        ),
    ))
}

impl Arguments {
    /// What was given to be compared with the charter.
    fn given<'a>(&'a self, charter: &'a Path) -> Given<'a> {
        Given {
            digest: self.digest.is_some(),
            reviewers: &self.reviewer,
            charter,
        }
    }
}

/// Whether there is a store, with a charter or without.
fn is_begun(folder: &NodeFolder) -> bool {
    std::fs::read_dir(folder.store()).is_ok_and(|mut held| held.next().is_some())
}

/// Founds the node, if a person agrees to the charter; says to which.
fn found(
    arguments: &Arguments,
    charter: &Path,
    folder: &NodeFolder,
    node: NodeId,
    context: &Context,
) -> Result<(Introduction, bool), Problem> {
    let mut founding = Founding {
        node,
        charter: charter.to_owned(),
        digest: arguments.digest,
    };
    let introduction = introduce(folder, &founding)?;
    let confirmed = introduction::is_confirmed(&introduction, &arguments.given(charter), context)?;
    if confirmed {
        // The files are read again: they must be those that were agreed to.
        founding.digest = Some(introduction.digest);
        node_runtime::found(folder, &founding)?;
    }
    Ok((introduction, confirmed))
}

impl Outcome {
    fn answer(&self, context: &Context) -> Answer {
        let mut lines = vec![self.headline()];
        let (node, key) = (self.node, self.key);
        lines.push(text!("节点  {node}", "node        {node}"));
        lines.push(text!("公钥  {key}", "public key  {key}"));
        match &self.charter {
            Some(charter) => lines.push(introduction::introduction_text(charter)),
            None => lines.push(self.charter_line()),
        }
        lines.extend(self.next());
        let text: String = lines
            .iter()
            .map(|line| context.output.say(line).trim_end().to_owned() + "\n")
            .collect();
        let word = |made, now, before| match made {
            Made::Now => now,
            Made::Before => before,
            Made::Not => "none",
        };
        let json = json!({
            "answer": "initialised",
            "node": node,
            "folder": self.folder,
            "public_key": key,
            "key": word(self.key_made, "made", "kept"),
            "settings": word(self.settings_made, "made", "kept"),
            "charter": word(self.founded, "founded", "kept"),
            "founding": self.charter.as_ref().map(introduction::introduction_object),
        });
        Answer::done(text, json)
    }

    fn headline(&self) -> Text {
        let folder = self.folder.display();
        let all = [self.key_made, self.settings_made, self.founded];
        if self.founded == Made::Now {
            text!("节点已加入章程：{folder}", "the node is founded: {folder}")
        } else if all.contains(&Made::Now) {
            text!(
                "节点目录已就绪：{folder}",
                "the node's folder is ready: {folder}"
            )
        } else {
            text!(
                "该节点已经建立过，没有改动：{folder}",
                "the node was set up before, nothing was changed: {folder}"
            )
        }
    }

    fn charter_line(&self) -> Text {
        match self.founded {
            Made::Now => text!("章程  已加入", "charter     joined now"),
            Made::Before => text!("章程  此前已加入", "charter     joined before"),
            Made::Not => text!("章程  尚未加入", "charter     none yet"),
        }
    }

    fn next(&self) -> Option<Text> {
        Some(match self.founded {
            Made::Not => text!(
                "下一步：把公钥交给审核人登记到名册并签署章程，然后执行 mesh-node init --charter 目录",
                "next: have the reviewers list the public key in the roster and sign the charter, then \
                 run mesh-node init --charter FOLDER"
            ),
            Made::Now => text!("下一步：mesh-node run", "next: mesh-node run"),
            Made::Before => return None,
        })
    }
}
