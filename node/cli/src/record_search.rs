//! `record search`: the records whose texts have some words.

use crdt_model::ids::Name;

use super::asking::Context;
use super::help::{Shared, Words};
use super::output::Answer;
use super::output::Ended;
use super::record_found::hits_text;
use super::values;
use crdt_model::text;
use node_app::use_cases::record_search::SearchRequest;

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[arg(value_name = "TEXT", required = true)]
    text: Vec<String>,
    #[arg(long, value_name = "KIND", value_parser = values::name)]
    kind: Option<Name>,
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
        "在本岗位可读的文字中查找；多个词须同时出现。",
        "Search the texts that this role may read; several words must all be there."
    ))
    .argument(
        "text",
        text!(
            "要查找的字词；汉字可任取相连的几个，字母和数字可只写开头",
            "what to find: any run of Chinese characters; for letters and digits the beginning is \
             enough"
        ),
    )
    .argument(
        "kind",
        text!("只查此类型或分项", "only in this kind or facet"),
    )
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
    let request = SearchRequest {
        text: arguments.text.join(" "),
        of: arguments.kind,
        offset: (page - 1).saturating_mul(limit as u64),
        limit,
    };
    let hits = context.ask_as(arguments.role, arguments.reason, request)?;
    let text = hits_text(&hits, page, context.output.language);
    Ok(Answer::of::<SearchRequest>(text, &hits))
}
