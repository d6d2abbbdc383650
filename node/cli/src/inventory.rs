//! `inventory` and `decisions`: what this node holds, as labels and numbers, and what the charter
//! decides about it. One JSON object a line, for reviewers' tools; neither shows content.

use std::collections::BTreeMap;

use crdt_model::label::Label;
use policy::review::inventory::Stock;
use serde_json::{Value, json};

use super::asking::Context;
use super::help::Words;
use super::output::Answer;
use super::output::Ended;
use crdt_model::text;
use crdt_model::text::Problem;
use node_app::use_cases::decisions::DecisionsRequest;
use node_app::use_cases::inventory::{HeldFacet, InventoryRequest};

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[arg(long)]
    records: bool,
}

pub(super) fn words() -> Words {
    Words::new(text!(
        "清点本节点留存的数据：每个标签有多少分项，不含任何内容（供 mesh-policy diff 使用）。",
        "Count what this node holds: how many facets have each label, without any content (for mesh-policy diff)."
    ))
    .argument(
        "records",
        text!(
            "逐条列出记录编号及其分项标签（供 mesh-policy explain 使用）",
            "list each record's id with the labels of its facets (for mesh-policy explain)"
        ),
    )
}

pub(super) fn decisions_words() -> Words {
    Words::new(text!(
        "列出现行章程对本节点所留存数据的每项判定（供 mesh-policy replay 使用）。",
        "List what the charter in force decides about everything held here (for mesh-policy replay)."
    ))
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Ended {
    let held = held(context)?;
    let lines: Vec<Value> = if arguments.records {
        held.iter().map(record_line).collect()
    } else {
        let mut counted: BTreeMap<Label, u64> = BTreeMap::new();
        for one in &held {
            *counted.entry(one.facet.label(one.grade)).or_default() += 1;
        }
        let stock = |(label, facets)| json!(Stock { label, facets });
        counted.into_iter().map(stock).collect()
    };
    Ok(Answer::done(lines_text(&lines), json!({ "lines": lines })))
}

pub(super) fn decisions(context: &Context) -> Ended {
    let mut lines = Vec::new();
    let mut after = None;
    loop {
        let page = context.ask(DecisionsRequest { after })?;
        lines.extend(page.decisions.iter().map(|one| json!(one)));
        if page.next.is_none() {
            break;
        }
        after = page.next;
    }
    Ok(Answer::done(lines_text(&lines), json!({ "lines": lines })))
}

fn held(context: &Context) -> Result<Vec<HeldFacet>, Problem> {
    let mut held: Vec<HeldFacet> = Vec::new();
    loop {
        let after = held.last().map(|held| held.facet);
        let own_only = false;
        let page = context.ask(InventoryRequest { after, own_only })?;
        let none = page.facets.is_empty();
        held.extend(page.facets);
        if !page.more || none {
            return Ok(held);
        }
    }
}

fn record_line(held: &HeldFacet) -> Value {
    let mut line = json!(held.facet.label(held.grade));
    if let Some(line) = line.as_object_mut() {
        line.insert("record".to_owned(), json!(held.facet.record));
    }
    line
}

fn lines_text(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}
