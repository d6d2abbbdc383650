//! `record left-out`: the values that do not count because two machines wrote as one node.

use crdt_model::ids::Name;

use super::asking::Context;
use super::help::{Shared, Words};
use super::output::Answer;
use super::output::Ended;
use super::record_found::behind;
use super::record_show::left_out_cells;
use super::table::table;
use super::values;
use crdt_model::text;
use crdt_model::text::{Language, Text};
use node_app::use_cases::record_left_out::{LeftOutItem, LeftOutList, LeftOutRequest};

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[arg(long, value_name = "N", value_parser = values::page, default_value = "1", hide_default_value = true)]
    page: u64,
    #[arg(long, value_name = "N", value_parser = values::limit, default_value = "20", hide_default_value = true)]
    limit: usize,
    #[arg(long, value_name = "ROLE", value_parser = values::name)]
    role: Option<Name>,
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

pub(super) fn words() -> Words {
    Words::new(text!(
        "列出未计入的填写：同一节点在两台电脑上运行过，两边填写的内容不能判断以哪边为准。核实后用 \
         mesh-node record set 重新填写。",
        "List what was written and does not count: one node ran on two machines, and nobody can tell \
         which of the two holds. Check, then enter the right value with mesh-node record set."
    ))
    .argument("page", text!("第几页（从 1 起）", "which page, from 1"))
    .argument(
        "limit",
        text!("每页条数（默认 20）", "so many a page (default 20)"),
    )
    .role()
    .argument(
        "reason",
        text!(
            "查看受限内容的事由（将登记备查）",
            "why restricted content is looked at (it is recorded)"
        ),
    )
}

pub(super) fn run(arguments: Arguments, context: &Context) -> Ended {
    let Arguments { page, limit, .. } = arguments;
    let request = LeftOutRequest {
        offset: (page - 1).saturating_mul(limit as u64),
        limit,
    };
    let list = context.ask_as(arguments.role, arguments.reason, request)?;
    let text = list_text(&list, page, context.output.language);
    Ok(Answer::of::<LeftOutRequest>(text, &list))
}

fn list_text(list: &LeftOutList, page: u64, language: Language) -> String {
    let say = |text: Text| text.in_language(language).to_owned();
    let total = list.total;
    let mut text = say(text!(
        "未计入的填写共 {total} 项\n",
        "{total} values do not count\n"
    ));
    if !list.values.is_empty() {
        let header = match language {
            Language::Zh => ["记录", "内容", "字段", "值", "填写节点", "时间"],
            Language::En => ["record", "facet", "field", "value", "written by", "at"],
        };
        let rows: Vec<Vec<String>> = list.values.iter().map(|one| row(one, language)).collect();
        text.push_str(&table(&header, &rows, &[]));
    }
    if list.next.is_some() {
        let next = page + 1;
        text.push_str(&say(text!(
            "还有更多：--page {next}\n",
            "there are more: --page {next}\n"
        )));
    }
    text.push_str(&behind(list.catching_up, language));
    text
}

fn row(item: &LeftOutItem, language: Language) -> Vec<String> {
    let title = match language {
        Language::Zh => &item.title.zh,
        Language::En => &item.title.en,
    };
    let facet = format!("{title} ({})", item.facet);
    let mut cells = vec![item.record.to_string(), facet];
    cells.extend(left_out_cells(&item.written, language));
    cells
}
