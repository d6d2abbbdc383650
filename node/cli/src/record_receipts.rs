//! `record receipts`: who has what was meant for many, and who has not.

use crdt_model::ids::Name;

use super::asking::Context;
use super::help::{Shared, Words};
use super::output::Answer;
use super::output::Ended;
use super::values;
use super::values::RecordNamed;
use crdt_model::text;
use crdt_model::text::{Language, Text};
use node_app::use_cases::record_receipts::{Has, ReceiptLine, Receipts, ReceiptsRequest};

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[arg(value_name = "RECORD", value_parser = values::record_named)]
    record: RecordNamed,
    #[arg(long, value_name = "ROLE", value_parser = values::name)]
    role: Option<Name>,
}

pub(super) fn words() -> Words {
    Words::new(text!(
        "查看一条预警的签收情况：哪些节点已收到、哪些已有人确认、哪些还没有，以及多少终端已播发。",
        "Show who has a warning: which nodes received it, where a person confirmed it, where not \
         yet, and how many terminals showed it."
    ))
    .argument(
        "record",
        text!("记录编号或 32 位编码", "the record's code or id"),
    )
    .role()
}

pub(super) fn run(arguments: Arguments, context: &Context) -> Ended {
    let record = context.record(arguments.record)?;
    let role = arguments.role;
    let receipts = context.ask_as(role, None, ReceiptsRequest { record })?;
    let text = receipts_text(&receipts, context.output.language);
    Ok(Answer::of::<ReceiptsRequest>(text, &receipts))
}

fn receipts_text(receipts: &Receipts, language: Language) -> String {
    let at_least = |has| {
        receipts
            .nodes
            .iter()
            .filter(move |line| line.has >= has)
            .count()
    };
    let (all, received, confirmed) = (
        receipts.nodes.len(),
        at_least(Has::Received),
        at_least(Has::Confirmed),
    );
    let shown = receipts.nodes.iter().filter_map(|line| line.shown);
    let (value, of) = shown.fold((0_i64, 0_i64), |(value, of), (more, more_of)| {
        (value.saturating_add(more), of.saturating_add(more_of))
    });
    let code = &receipts.code;
    let mut lines = vec![text!(
        "{code}：应签收 {all} 个节点，已收到 {received} 个，其中有人确认 {confirmed} 个；终端已播\
         发 {value} 台（应播发 {of} 台）",
        "{code}: for {all} nodes, {received} received it, {confirmed} of these confirmed by a \
         person; {value} of {of} terminals showed it"
    )];
    lines.extend(receipts.catching_up.then(|| {
        text!(
            "查询库尚未更新完，数字可能偏少",
            "the read model is catching up; there may be more"
        )
    }));
    let mut group = |title: Text, has: Has| {
        let nodes = receipts.nodes.iter().filter(|line| line.has == has);
        let nodes: Vec<Text> = nodes.map(node_text).collect();
        if !nodes.is_empty() {
            lines.push(title);
            lines.extend(nodes);
        }
    };
    group(text!("未收到：", "have not received it:"), Has::Nothing);
    group(
        text!(
            "已收到，尚无人确认：",
            "received it, and nobody has confirmed it:"
        ),
        Has::Received,
    );
    let lines = lines.iter().map(|line| line.in_language(language));
    lines.map(|line| format!("{line}\n")).collect()
}

fn node_text(line: &ReceiptLine) -> Text {
    let ReceiptLine { node, name, .. } = line;
    text!("  {node} {name}", "  {node} {name}")
}
