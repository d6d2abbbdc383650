//! `record set`: changes fields and grades of facets that the node holds, all of it or nothing.

use crdt_model::ids::Name;

use super::asking::Context;
use super::field::of_facet;
use super::help::Words;
use super::output::Ended;
use super::record_add::{Fields, usage, written};
use super::values::RecordNamed;
use super::{record_file, values};
use crdt_model::text;
use crdt_model::text::Problem;
use node_app::drafts::ChangedFacet;
use node_app::use_cases::record_set::SetRequest;

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[arg(value_name = "RECORD", value_parser = values::record_named)]
    record: RecordNamed,
    #[command(flatten)]
    fields: Fields,
    #[arg(long, value_name = "ROLE", value_parser = values::name)]
    role: Option<Name>,
}

pub(super) fn words() -> Words {
    let words = Words::new(text!(
        "修改本节点留存的内容；要么全部保存，要么一项不存。填写不一致的字段，重新填写即以新值为准。",
        "Change what this node holds: all of it or nothing. Entering a field that differs settles \
         it."
    ));
    Fields::words(words)
        .argument("record", text!("记录编号或 32 位编码", "the record's code or id"))
        .argument(
            "role",
            text!(
                "办理人的岗位（默认为章程列出的第一个）",
                "the role of whoever writes (default: the first of the charter)"
            ),
        )
        .argument("file", text!("从 JSON 文件读取，- 为标准输入", "read it from a JSON file; - is stdin"))
        .after(text!(
            "清空字段：`--field case.summary.outcome:=null`\n文件格式：\n  `{{\"facets\": [{{\"\
             facet\": \"case.summary\", \"fields\": {{\"code\": \"2026-001\", \"outcome\": null}}}\
             }]}}`",
            "To clear a field: --field case.summary.outcome:=null\n\
             The file:\n  {{\"facets\": [{{\"facet\": \"case.summary\", \"fields\": {{\"code\": \"2026-001\", \"outcome\": null}}}}]}}"
        ))
}

pub(super) fn run(mut arguments: Arguments, context: &Context) -> Ended {
    let facets = match arguments.fields.file.take() {
        Some(path) => record_file::changes(&path)?,
        None => changes(&mut arguments.fields)?,
    };
    if facets.is_empty() {
        return Err(usage(
            text!("没有要修改的内容", "there is nothing to change"),
            text!(
                "用 --field、--file，或 --sensitivity 分项=词、--level 分项=词",
                "use --field, --file, or --sensitivity FACET=WORD, --level FACET=WORD"
            ),
        ));
    }
    let record = context.record(arguments.record)?;
    let request = SetRequest { record, facets };
    let done = context.ask_as(arguments.role, None, request)?;
    Ok(written::<SetRequest>(&done, context))
}

/// The facets of fields that are given, and those that only get another grade.
fn changes(fields: &mut Fields) -> Result<Vec<ChangedFacet>, Problem> {
    let mut facets = fields.take()?;
    let graded = fields
        .sensitivity
        .iter()
        .chain(&fields.level)
        .filter_map(|value| value.facet);
    for facet in graded {
        facets.entry(facet).or_default();
    }
    let changed = facets.into_iter().map(|(facet, changes)| ChangedFacet {
        facet,
        sensitivity: of_facet(&fields.sensitivity, facet),
        level: of_facet(&fields.level, facet),
        fields: changes,
        seen: None,
    });
    Ok(changed.collect())
}
