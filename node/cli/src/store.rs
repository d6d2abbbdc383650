//! `store`: a damaged store, looked at and made whole. For a node that does not run: a running one
//! has its store open.

use serde_json::json;

use super::asking::Context;
use super::help::Words;
use super::mended::aside_text;
use super::output::Answer;
use super::output::Ended;
use crdt_model::text;
use crdt_model::text::{Problem, Text};
use node_machine::settings::Flags;
use node_runtime::missing::Missing;
use node_runtime::repair::{self, Repaired};
use node_store::Checked;

/// Facets that are listed for people; a program gets all of them.
const LISTED_MAX: usize = 200;

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    Check,
    Repair,
    Accept,
}

pub(super) fn words() -> Words {
    Words::new(text!(
        "本节点的数据存储：检查，损坏时修复。须先停止节点。",
        "The node's store: look at it, and make it whole if it is damaged. The node must not run."
    ))
    .command(
        "check",
        Words::new(text!(
            "通读数据存储的两份，不作任何改动。",
            "Read both copies of the store, and change nothing."
        )),
    )
    .command(
        "repair",
        Words::new(text!(
            "修复损坏的数据存储：先原样另存，保留任何一份中完好的内容，列出缺失的记录；其余由相邻\
             节点补回。",
            "Make a damaged store whole: set it aside as it is, keep what is whole in either copy, and list what is missing; the neighbours send the rest."
        )),
    )
    .command(
        "accept",
        Words::new(text!(
            "数据存储比本节点最后写入的旧（例如从备份恢复）时，以现有内容为准继续使用；先原样另存。",
            "Go on with a store that is older than what the node last wrote, such as a restored backup; it is set aside as it is first."
        )),
    )
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Ended {
    if context.connect()?.is_some() {
        return Err(running());
    }
    let settings = context.settings(Flags::default())?;
    let folder = context.folder();
    let explained = |problem| context.explained(problem);
    match arguments.action {
        Action::Check => {
            let checked = repair::check(&folder, &settings).map_err(explained)?;
            folder.read_key_file()?;
            Ok(checked_answer(&checked, context))
        }
        Action::Repair => {
            let repaired = repair::repair(&folder, &settings).map_err(explained)?;
            Ok(repaired_answer(&repaired, context))
        }
        Action::Accept => {
            let repaired = repair::accept(&folder, &settings).map_err(explained)?;
            Ok(repaired_answer(&repaired, context))
        }
    }
}

fn running() -> Problem {
    Problem::new(
        "store-in-use",
        text!(
            "节点正在运行：数据存储已在启动时检查过，运行中读到损坏会自行修复，并写入运行日志",
            "the node runs: it checked its store when it started, and mends and logs damage that it meets"
        ),
        text!(
            "要再检查一遍，先执行 mesh-node stop",
            "to check it again, run mesh-node stop first"
        ),
    )
}

fn checked_answer(checked: &Checked, context: &Context) -> Answer {
    let entries = checked.entries;
    let mut lines = vec![match checked.problems.is_empty() {
        true => text!(
            "数据存储完好：{entries} 个条目，两份一致",
            "the store is whole: {entries} entries, and both copies agree"
        ),
        false => text!(
            "数据存储有损坏，但 {entries} 个条目都可恢复：启动节点或执行 mesh-node store repair",
            "the store is damaged, and all {entries} entries can be had back: start the node, or run mesh-node store repair"
        ),
    }];
    lines.extend(
        checked
            .problems
            .iter()
            .map(|problem| text!("  `{problem}`", "  {problem}")),
    );
    lines.extend(checked.set_aside.iter().map(|path| {
        let path = path.display();
        text!("  以前另存：{path}", "  set aside before: {path}")
    }));
    let json = json!({
        "answer": "store-checked",
        "whole": checked.problems.is_empty(),
        "entries": entries,
        "problems": checked.problems,
        "set_aside": checked.set_aside,
    });
    Answer::done(written(&lines, context), json)
}

fn repaired_answer(repaired: &Repaired, context: &Context) -> Answer {
    let Repaired {
        entries,
        problems,
        missing,
        ..
    } = repaired;
    let mut lines = vec![match (problems.is_empty(), repaired.incomplete) {
        (true, _) => text!(
            "数据存储完好，没有改动：{entries} 个条目",
            "the store is whole, and nothing was changed: {entries} entries"
        ),
        (false, false) => text!(
            "数据存储已修复，没有丢失：{entries} 个条目",
            "the store has been mended, and nothing is lost: {entries} entries"
        ),
        (false, true) => text!(
            "数据存储已修复，保留了完好的内容：{entries} 个条目。节点今后启用新的写入序列",
            "the store has been mended with what is whole: {entries} entries. The node writes in a new life from now on"
        ),
    }];
    lines.extend(
        problems
            .iter()
            .map(|problem| text!("  `{problem}`", "  {problem}")),
    );
    if repaired.incomplete {
        lines.extend(missing_lines(repaired));
    }
    match &repaired.then {
        Some(problem) => {
            lines.push(problem.what.clone());
            let Text { zh, en } = &problem.next;
            lines.push(text!(
                "下一步：{zh}，然后再执行一次 mesh-node store repair",
                "next: {en}, and then mesh-node store repair once more"
            ));
        }
        None if repaired.incomplete => lines.push(text!(
            "下一步：mesh-node run；相邻节点留存的内容会自动补回",
            "next: mesh-node run; what the neighbours hold comes back by itself"
        )),
        None => {}
    }
    let mut text = written(&lines, context);
    if repaired.set_aside.is_some() {
        let aside = aside_text(repaired.set_aside.as_deref());
        text.push_str(context.output.say(&aside).trim_start_matches('\n'));
        text.push('\n');
    }
    let json = json!({
        "answer": "store-repaired",
        "entries": entries,
        "problems": problems,
        "incomplete": repaired.incomplete,
        "writes_lost": repaired.writes_lost,
        "missing": missing,
        "compared_with_read_model": repaired.compared,
        "set_aside": repaired.set_aside,
        "then": repaired.then,
    });
    Answer::done(text, json)
}

fn missing_lines(repaired: &Repaired) -> Vec<Text> {
    let missing = &repaired.missing;
    let mut lines = Vec::new();
    if !repaired.compared {
        lines.push(text!(
            "查询库读不了，不能核对数据存储原有的全部内容；下列缺失可能不全",
            "the read model cannot be read, so that what the store held is not known in full; this list may lack some"
        ));
    }
    let writes = repaired.writes_lost;
    if writes > 0 {
        lines.push(text!(
            "最后 {writes} 次写入在两份中都没有；查询库来不及更新的部分不在下列清单中",
            "the last {writes} writes are in neither copy; what the read model had not followed yet is not in this list"
        ));
    }
    let count = missing.len();
    lines.push(match count {
        0 => text!("未发现缺失的内容", "nothing is known to be missing"),
        _ => text!(
            "{count} 个分项缺少内容；相邻节点没有的将永久丢失：",
            "{count} facets lack something; what no neighbour holds is lost for good:"
        ),
    });
    lines.extend(missing.iter().take(LISTED_MAX).map(|one| {
        let Missing {
            code,
            home,
            facet,
            held,
            had,
        } = one;
        let (record, name) = (facet.record, facet.facet);
        text!(
            "  {code} {record} {name}（所属 {home}）：原有 {had} 次保存，现存 {held} 次",
            "  {code} {record} {name} (home {home}): {held} of {had} commits are there"
        )
    }));
    if count > LISTED_MAX {
        lines.push(text!(
            "  其余见 mesh-node store repair --json",
            "  and more: see --json"
        ));
    }
    lines
}

fn written(lines: &[Text], context: &Context) -> String {
    lines
        .iter()
        .map(|line| context.output.say(line) + "\n")
        .collect()
}
