//! `record duplicates`: grid reports that may be one, for a person to look at.

use crdt_model::ids::Name;
use crdt_model::time::WallTime;

use super::asking::Context;
use super::help::{Shared, Words};
use super::output::Answer;
use super::output::Ended;
use super::table::table;
use super::values;
use crdt_model::text;
use crdt_model::text::{Language, Text};
use node_app::use_cases::record_duplicates::{Duplicates, DuplicatesRequest, Pair, Sent};
use node_machine::time::shown;

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[arg(long, value_name = "N", default_value_t = 7, hide_default_value = true)]
    days: u16,
    #[arg(long, value_name = "ROLE", value_parser = values::name)]
    role: Option<Name>,
}

pub(super) fn words() -> Words {
    Words::new(text!(
        "找出可能重复上报的网格事项：同一节点、同一类别、时间相近、描述相似。只作提示，是否合并由\
         人决定。",
        "Find grid reports that may be duplicates: same node and category, close in time, alike \
         in words. Merging is for a person to decide."
    ))
    .argument(
        "days",
        text!(
            "比对最近多少天上报的事项（默认 7）",
            "reports sent within so many days (default 7)"
        ),
    )
    .role()
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Ended {
    let Arguments { days, role } = *arguments;
    let duplicates = context.ask_as(role, None, DuplicatesRequest { days })?;
    let text = duplicates_text(&duplicates, context.output.language);
    Ok(Answer::of::<DuplicatesRequest>(text, &duplicates))
}

fn duplicates_text(duplicates: &Duplicates, language: Language) -> String {
    let say = |text: Text| format!("{}\n", text.in_language(language));
    let (looked_at, pairs) = (duplicates.looked_at, duplicates.pairs.len());
    let mut text = say(text!(
        "比对了 {looked_at} 条事项，可能重复的有 {pairs} 对",
        "looked at {looked_at} reports; {pairs} pairs may be one"
    ));
    if duplicates.more {
        text.push_str(&say(text!(
            "更早的事项未比对：用 --days 缩短时间范围",
            "older ones were not looked at: ask for fewer days with --days"
        )));
    }
    if duplicates.catching_up {
        text.push_str(&say(text!(
            "查询库尚未更新完，可能还有遗漏",
            "the read model is catching up; there may be more"
        )));
    }
    if duplicates.pairs.is_empty() {
        return text;
    }
    let header = match language {
        Language::Zh => ["相似度", "类别", "先报", "上报时间", "后报", "上报时间"],
        Language::En => ["alike", "category", "first", "sent", "second", "sent"],
    };
    let rows = duplicates.pairs.iter().map(|pair| row(pair, language));
    text.push_str(&table(&header, &rows.collect::<Vec<_>>(), &[]));
    text.push_str(&say(text!(
        "确属同一事项的，把后报的并入先报的，每对一条命令：",
        "if two are one, merge the second into the first, one command for each pair:"
    )));
    for pair in &duplicates.pairs {
        text.push_str(&merging(pair));
    }
    text
}

/// The command that merges the later report of a pair into the earlier one.
fn merging(pair: &Pair) -> String {
    let (second, first) = (&pair.second.code, pair.first.record);
    format!(
        "mesh-node record set {second} --field grid.summary.state=merged --field \
         grid.summary.merged-into={first}\n"
    )
}

fn row(pair: &Pair, language: Language) -> Vec<String> {
    let category = Text::from(&pair.category);
    let at = |sent: &Sent| shown(WallTime::from_ms(u64::try_from(sent.sent_ms).unwrap_or(0)));
    vec![
        format!("{}%", pair.alike_percent),
        category.in_language(language).to_owned(),
        pair.first.code.clone(),
        at(&pair.first),
        pair.second.code.clone(),
        at(&pair.second),
    ]
}
