//! `secure`: closes a node's folder, or a demonstration county's, to all other users of the machine.

use serde_json::json;

use super::asking::Context;
use super::help::Words;
use super::output::Answer;
use super::output::Ended;
use crdt_model::text;
use crdt_model::text::Problem;
use node_machine::private;
use node_machine::private::Secured;

/// What shows that a folder is a node's or a county's: one of these is in it.
const MARKS: [&str; 4] = ["node.toml", "secret.key", "store", "county.toml"];

pub(super) fn words() -> Words {
    Words::new(text!(
        "把节点目录及其中全部内容收为只有所属用户可以访问（目录 0700，文件 0600），包括旧版本建立的目录。",
        "Close the node's folder, and everything in it, to all but its owner (folders 0700, files 0600); \
         also one that an older version made."
    ))
    .after(text!(
        "以 `root` 用户执行时，还会把其中属于其他用户的文件改归目录的所属用户。",
        "Run as root, it also gives the folder's owner the files in it that belong to others."
    ))
}

pub(super) fn run(context: &Context) -> Ended {
    let folder = &context.data.value;
    if !MARKS.iter().any(|mark| folder.join(mark).exists()) {
        return Err(not_a_node(&folder.display()));
    }
    let Secured { entries, changed } = private::secure(folder)?;
    let shown = folder.display();
    let text = match changed {
        0 => text!(
            "{shown} 原本就只有所属用户可以访问（共 {entries} 项），未作改动\n",
            "{shown} was closed to others already ({entries} entries); nothing was changed\n"
        ),
        _ => text!(
            "{shown} 现在只有所属用户可以访问：共 {entries} 项，已更改 {changed} 项\n",
            "{shown} is closed to others now: {changed} of {entries} entries were changed\n"
        ),
    };
    let json =
        json!({ "answer": "secured", "folder": folder, "entries": entries, "changed": changed });
    Ok(Answer::done(context.output.say(&text), json))
}

fn not_a_node(folder: &dyn std::fmt::Display) -> Problem {
    Problem::new(
        "folder-not-a-node",
        text!(
            "{folder} 不是节点目录，未作改动",
            "{folder} is not a node's folder; nothing was changed"
        ),
        text!(
            "用 --data 指明节点目录",
            "say with --data where the node's folder is"
        ),
    )
}
