//! `record add`: writes a new record, or new facets of one, all of it or nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crdt_model::ids::{Name, NodeId, RecordId};
use crdt_model::value::Value;

use super::asking::Context;
use super::field::{FieldValue, ForFacet, by_facet, field, for_facet, of_facet, time_field};
use super::help::Words;
use super::output::Answer;
use super::output::Ended;
use super::{record_file, values};
use crdt_model::text;
use crdt_model::text::{Problem, Text};
use node_app::door::use_case::UseCase;
use node_app::drafts::NewFacet;
use node_app::use_cases::record_add::AddRequest;
use node_app::written::Written;

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[arg(value_name = "KIND", value_parser = values::name)]
    kind: Name,
    #[command(flatten)]
    fields: Fields,
    #[arg(long, value_name = "[FACET=]CODE", value_parser = |text: &str| for_facet(text, values::node))]
    addressee: Vec<ForFacet<NodeId>>,
    #[arg(long, value_name = "ID", value_parser = values::record)]
    record: Option<RecordId>,
    #[arg(long, value_name = "CODE", value_parser = values::node)]
    home: Option<NodeId>,
}

/// What `add` and `set` are given alike.
#[derive(clap::Args)]
pub(super) struct Fields {
    #[arg(long, value_name = "PATH=TEXT|PATH:=JSON", value_parser = field)]
    field: Vec<FieldValue>,
    #[arg(long, value_name = "PATH=TIME", value_parser = time_field)]
    time: Vec<FieldValue>,
    #[arg(long, value_name = "[FACET=]WORD", value_parser = |text: &str| for_facet(text, values::name))]
    pub(super) sensitivity: Vec<ForFacet<Name>>,
    #[arg(long, value_name = "[FACET=]WORD", value_parser = |text: &str| for_facet(text, values::name))]
    pub(super) level: Vec<ForFacet<Name>>,
    #[arg(long, value_name = "FILE", conflicts_with_all = ["field", "time", "sensitivity", "level"])]
    pub(super) file: Option<PathBuf>,
}

impl Fields {
    /// The fields by facet, times among them.
    pub(super) fn take(
        &mut self,
    ) -> Result<BTreeMap<Name, BTreeMap<String, Option<Value>>>, Problem> {
        let mut fields = std::mem::take(&mut self.field);
        fields.append(&mut self.time);
        by_facet(fields)
    }

    pub(super) fn words(words: Words) -> Words {
        words
            .argument(
                "field",
                text!(
                    "字段，可写多个：`case.summary.code=文本`，或 `case.summary.count:=JSON 值`（\
                     `true`、`false`、整数、`\"文本\"`）",
                    "a field, repeatable: case.summary.code=text, or case.summary.count:=JSON (true, \
                     false, a whole number, \"text\")"
                ),
            )
            .argument(
                "time",
                text!(
                    "时间字段，可写多个：`case.summary.due-time=2026-11-03T09:30`（北京时间）",
                    "a field that holds a time, repeatable: case.summary.due-time=2026-11-03T09:30 \
                     (Beijing time)"
                ),
            )
            .argument(
                "sensitivity",
                text!(
                    "敏感级别；写作 `case.parties=词` 时只用于该分项",
                    "sensitivity; written as case.parties=WORD, for that facet only"
                ),
            )
            .argument(
                "level",
                text!(
                    "办理层级；写作 `case.summary=词` 时只用于该分项",
                    "handling level; written as case.summary=WORD, for that facet only"
                ),
            )
    }
}

pub(super) fn words() -> Words {
    let words = Words::new(text!(
        "登记一条新记录，或为已有记录补上分项；要么全部保存，要么一项不存。",
        "Write a new record, or new facets of one: all of it or nothing."
    ));
    Fields::words(words)
        .argument("kind", text!("记录类型，如 `case`", "the kind of record, such as case"))
        .argument(
            "addressee",
            text!("收件单位的节点代码；写作 `notice.content=代码` 时只用于该分项", "the addressee's code; as notice.content=CODE for that facet only"),
        )
        .argument("record", text!("已有记录的编号（省略则随机生成）", "the id of a record that is there (random if none is given)"))
        .argument("home", text!("所属节点代码（省略则为本节点）", "the home's code (this node if none is given)"))
        .argument("file", text!("从 JSON 文件读取，- 为标准输入", "read it from a JSON file; - is stdin"))
        .after(text!(
            "文件格式：\n  `{{\"facets\": [{{\"facet\": \"case.summary\", \"fields\": {\
             {\"code\": \"2026-001\"}}}}]}}`\n分项还可有 `addressee`、`sensitivity`、`level`；整体\
             还可有 `record`、`home`。",
            "The file:\n  {{\"facets\": [{{\"facet\": \"case.summary\", \"fields\": {{\"code\": \"2026-001\"}}}}]}}\n\
             A facet may also have addressee, sensitivity and level; the whole, record and home."
        ))
}

pub(super) fn run(mut arguments: Arguments, context: &Context) -> Ended {
    let (mut record, mut home) = (arguments.record, arguments.home);
    let facets = match arguments.fields.file.take() {
        Some(path) => {
            let file = record_file::new_record(&path)?;
            record = record.or(file.record);
            home = home.or(file.home);
            let mut facets = file.facets;
            for facet in &mut facets {
                let addressee = of_facet(&arguments.addressee, facet.facet);
                facet.addressee = addressee.or(facet.addressee);
            }
            facets
        }
        None => new_facets(&mut arguments)?,
    };
    check(arguments.kind, &facets)?;
    let done = context.ask(AddRequest {
        record,
        home,
        facets,
    })?;
    Ok(written::<AddRequest>(&done, context))
}

fn new_facets(arguments: &mut Arguments) -> Result<Vec<NewFacet>, Problem> {
    let mut facets = Vec::new();
    for (facet, fields) in arguments.fields.take()? {
        let mut values = BTreeMap::new();
        for (key, value) in fields {
            let value = value.ok_or_else(|| {
                usage(
                    text!(
                        "{facet}.{key}：新分项没有可清空的值",
                        "{facet}.{key}: a new facet has nothing to clear"
                    ),
                    text!("去掉该字段", "leave the field out"),
                )
            })?;
            values.insert(key, value);
        }
        facets.push(NewFacet {
            facet,
            addressee: of_facet(&arguments.addressee, facet),
            sensitivity: of_facet(&arguments.fields.sensitivity, facet),
            level: of_facet(&arguments.fields.level, facet),
            fields: values,
        });
    }
    let Fields {
        sensitivity, level, ..
    } = &arguments.fields;
    let graded = sensitivity
        .iter()
        .chain(level)
        .filter_map(|value| value.facet);
    let addressed = arguments.addressee.iter().filter_map(|value| value.facet);
    for named in graded.chain(addressed) {
        if !facets.iter().any(|facet| facet.facet == named) {
            return Err(usage(
                text!(
                    "没有给出分项 {named} 的任何字段",
                    "no field of the facet {named} is given"
                ),
                text!(
                    "用 --field {named}.字段=值 给出字段",
                    "give one with --field {named}.FIELD=VALUE"
                ),
            ));
        }
    }
    Ok(facets)
}

/// All facets are of the kind that was named: a slip of the pen must not make another record.
fn check(kind: Name, facets: &[NewFacet]) -> Result<(), Problem> {
    if facets.is_empty() {
        return Err(usage(
            text!("没有要保存的内容", "there is nothing to write"),
            text!(
                "用 --field 或 --file 给出字段",
                "give fields with --field or --file"
            ),
        ));
    }
    let prefix = format!("{kind}.");
    let other = facets
        .iter()
        .find(|facet| !facet.facet.as_str().starts_with(&prefix));
    match other.map(|facet| facet.facet) {
        None => Ok(()),
        Some(facet) => Err(usage(
            text!(
                "分项 {facet} 不属于类型 {kind}",
                "the facet {facet} is not of the kind {kind}"
            ),
            text!(
                "核对类型和字段的前两段",
                "check the kind and the first two parts of the fields"
            ),
        )),
    }
}

pub(super) fn usage(what: Text, next: Text) -> Problem {
    Problem::new("usage", what, next)
}

/// What was written, for `add` and `set`.
pub(super) fn written<U: UseCase<Answer = Written>>(done: &Written, context: &Context) -> Answer {
    let Written {
        record,
        code,
        commits,
    } = done;
    let count = commits.len();
    let text = match count {
        0 => text!(
            "{record}\n没有变化，编号 {code}\n",
            "{record}\nnothing changed, code {code}\n"
        ),
        _ => text!(
            "{record}\n已保存 {count} 处改动，编号 {code}\n",
            "{record}\nsaved {count} changes, code {code}\n"
        ),
    };
    Answer::of::<U>(context.output.say(&text), done)
}
