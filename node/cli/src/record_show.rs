//! `record show`: a record as a person in a role may read it, every value in force with who wrote it
//! and when.

use crdt_model::ids::Name;
use crdt_model::kind::Title;
use crdt_model::time::WallTime;
use crdt_model::value::Value;

use super::asking::Context;
use super::exit::Exit;
use super::help::{Shared, Words};
use super::output::Answer;
use super::output::Ended;
use super::table::table;
use super::values;
use super::values::RecordNamed;
use crdt_model::text;
use crdt_model::text::{Language, Text};
use node_app::next_steps::NextStep;
use node_app::use_cases::record_show::{
    FacetView, FieldView, LeftOutView, RecordView, ShowRequest, ValueView,
};
use node_machine::time::shown;

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[arg(value_name = "RECORD", value_parser = values::record_named)]
    record: RecordNamed,
    #[arg(long, value_name = "ROLE", value_parser = values::name)]
    role: Option<Name>,
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[arg(long)]
    exit_code: bool,
}

pub(super) fn words() -> Words {
    Words::new(text!(
        "查看一条记录的全部分项和字段；填写不一致的，列出各个值、由谁填写、何时填写。",
        "Show a record: every facet and field; where there is a conflict, every value with who wrote it \
         and when."
    ))
    .argument("record", text!("记录编号或 32 位编码", "the record's code or id"))
    .role()
    .argument("reason", text!("查看受限内容的事由（将登记备查）", "why restricted content is looked at (it is recorded)"))
    .argument(
        "exit_code",
        text!("有本岗位无权查看的分项时，退出码为 5", "end with 5 if a facet is not for this role"),
    )
}

pub(super) fn run(arguments: Arguments, context: &Context) -> Ended {
    let Arguments {
        record,
        role,
        reason,
        exit_code,
    } = arguments;
    let record = context.record(record)?;
    let view = context.ask_as(role, reason, ShowRequest { record })?;
    let readable = view.facets.iter().all(|facet| facet.readable);
    let text = record_text(&view, context.output.language);
    let answer = Answer::of::<ShowRequest>(text, &view);
    let exit = if exit_code && !readable {
        Exit::No
    } else {
        Exit::Done
    };
    Ok(Answer { exit, ..answer })
}

/// A record as people read it.
fn record_text(view: &RecordView, language: Language) -> String {
    let RecordView {
        record,
        code,
        kind,
        facets,
    } = view;
    let head = text!(
        "编号 {code}，类型 `{kind}`\n内部编码 {record}",
        "code {code}, kind {kind}\nid {record}"
    );
    let mut text = format!("{}\n", head.in_language(language));
    for facet in facets {
        text.push('\n');
        text.push_str(&facet_text(facet, language));
    }
    if facets
        .iter()
        .any(|facet| facet.readable && facet.fields.iter().any(in_conflict))
    {
        let note = text!(
            "\n【不一致】几个节点在断网期间各自填写，内容不同，已全部保留。请核实后重新填写该项，\
             以此为准：mesh-node record set\n",
            "\n[differs] Nodes wrote these values without knowing of each other; all are kept. \
             Check, then enter the right one with mesh-node record set.\n"
        );
        text.push_str(note.in_language(language));
    }
    if facets.iter().any(|facet| !facet.left_out.is_empty()) {
        let note = text!(
            "\n【未计入】这些内容没有丢失，但不算数。请核实后重新填写该项：mesh-node record set\n",
            "\n[not counted] nothing of this is lost, and nothing of it counts: check, then enter the right \
             value with mesh-node record set.\n"
        );
        text.push_str(note.in_language(language));
    }
    text
}

fn facet_text(view: &FacetView, language: Language) -> String {
    let say = |text: Text| text.in_language(language).to_owned();
    let FacetView {
        facet,
        label,
        commits,
        ..
    } = view;
    let title = in_language(&view.title, language);
    let (home, grade) = (label.home, label.grade);
    let (sensitivity, level) = (grade.sensitivity, grade.level);
    let mut text = format!("{title} {facet}\n");
    text.push_str(&say(text!(
        "  所属 {home}，敏感级别 `{sensitivity}`，办理层级 `{level}`，保存 {commits} 次",
        "  home {home}, sensitivity {sensitivity}, handling level {level}, {commits} changes"
    )));
    if label.addressee != home {
        let addressee = label.addressee;
        text.push_str(&say(text!("，收件单位 {addressee}", ", for {addressee}")));
    }
    text.push('\n');
    if !view.readable {
        let (zh, en) = (view.rules.join("、"), view.rules.join(", "));
        text.push_str(&say(match view.rules.is_empty() {
            true => text!(
                "  本岗位无权查看：章程未允许\n",
                "  not for this role: no rule allows it\n"
            ),
            false => text!(
                "  本岗位无权查看（规则 {zh}）\n",
                "  not for this role (rule {en})\n"
            ),
        }));
        return text;
    }
    let header = match language {
        Language::Zh => ["字段", "值", "填写节点", "时间"],
        Language::En => ["field", "value", "written by", "at"],
    };
    let rows: Vec<Vec<String>> = view
        .fields
        .iter()
        .flat_map(|field| field_rows(field, language))
        .collect();
    text.push_str(&table(&header, &rows, &[]));
    if !view.left_out.is_empty() {
        text.push_str(&say(text!(
            "  【未计入】同一节点在两台电脑上填写过，以下内容不能判断以哪边为准：\n",
            "  [not counted] one node wrote on two machines, and nobody can tell which of these holds:\n"
        )));
        let rows: Vec<_> = view
            .left_out
            .iter()
            .map(|one| left_out_cells(one, language).into())
            .collect();
        text.push_str(&table(&header, &rows, &[]));
    }
    if !view.next.is_empty() {
        text.push_str(&say(text!("  可以转到的环节：\n", "  next steps:\n")));
        let lines = view.next.iter().map(|next| next_line(next, language));
        text.extend(lines);
    }
    text
}

/// A step that may be taken, with what it takes.
fn next_line(next: &NextStep, language: Language) -> String {
    let NextStep {
        field,
        to,
        title,
        needs,
        roles,
    } = next;
    let joined = |names: &[Name]| {
        let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
        Text {
            zh: names.join("、"),
            en: names.join(", "),
        }
    };
    let (needs, roles) = (joined(needs), joined(roles));
    let say = |text: Text| text.in_language(language).to_owned();
    let mut line = format!("    {} ({field}={to})", in_language(title, language));
    if !needs.zh.is_empty() {
        line.push_str(&say(
            text!(needs; "，须先填写 {needs}", "; first enter {needs}"),
        ));
    }
    if !roles.zh.is_empty() {
        line.push_str(&say(text!(roles; "，由 {roles} 办理", "; by {roles}")));
    }
    line.push('\n');
    line
}

/// One row for each value that is in force.
fn field_rows(field: &FieldView, language: Language) -> Vec<Vec<String>> {
    let mark = match (in_conflict(field), language) {
        (false, _) => "",
        (true, Language::Zh) => "【不一致】",
        (true, Language::En) => "[differs] ",
    };
    let name = format!(
        "{mark}{} ({})",
        in_language(&field.title, language),
        field.key
    );
    let names = std::iter::once(name).chain(std::iter::repeat(mark.to_owned()));
    let row = |(name, view): (String, &ValueView)| {
        let value = match &view.word {
            Some(word) => format!(
                "{} ({})",
                in_language(word, language),
                value_text(&view.value, language)
            ),
            None => value_text(&view.value, language),
        };
        vec![name, value, view.author.to_string(), shown(view.wall)]
    };
    names.zip(&field.values).map(row).collect()
}

/// A value that does not count: field, value, who wrote it and when.
pub(super) fn left_out_cells(view: &LeftOutView, language: Language) -> [String; 4] {
    let value = match (&view.value, &view.word) {
        (None, _) => text!("（清空）", "(cleared)")
            .in_language(language)
            .to_owned(),
        (Some(value), Some(word)) => format!(
            "{} ({})",
            in_language(word, language),
            value_text(value, language)
        ),
        (Some(value), None) => value_text(value, language),
    };
    let field = format!("{} ({})", in_language(&view.title, language), view.key);
    [field, value, view.author.to_string(), shown(view.wall)]
}

fn in_conflict(field: &FieldView) -> bool {
    field.values.len() > 1
}

fn in_language(title: &Title, language: Language) -> &str {
    match language {
        Language::Zh => &title.zh,
        Language::En => &title.en,
    }
}

/// Times from 2000 to 2100, in milliseconds: no count in a record is as large.
const TIMES_MS: std::ops::Range<u64> = 946_684_800_000..4_102_444_800_000;

/// A value as people read it. A time is told by its size, as views do not say what a field holds.
pub(super) fn value_text(value: &Value, language: Language) -> String {
    match value {
        Value::Boolean(true) => text!("是", "yes").in_language(language).to_owned(),
        Value::Boolean(false) => text!("否", "no").in_language(language).to_owned(),
        Value::Integer(number) => match u64::try_from(*number) {
            Ok(ms) if TIMES_MS.contains(&ms) => shown(WallTime::from_ms(ms)),
            _ => number.to_string(),
        },
        Value::Text(text) => text.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crdt_model::label::{Grade, Label};

    fn name(text: &str) -> Name {
        Name::new(text).expect("a name")
    }

    fn title(zh: &str, en: &str) -> Title {
        Title {
            zh: zh.to_owned(),
            en: en.to_owned(),
        }
    }

    fn value(value: Value, word: Option<Title>, author: &str, ms: u64) -> ValueView {
        let author = author.parse().expect("a node code");
        ValueView {
            value,
            word,
            author,
            wall: WallTime::from_ms(ms),
        }
    }

    fn facet(facet: &str, facet_title: Title, fields: Vec<FieldView>, rules: &[&str]) -> FacetView {
        let home = "620723101201".parse().expect("a node code");
        let grade = Grade {
            sensitivity: name("normal"),
            level: name("village"),
        };
        FacetView {
            facet: name(facet),
            title: facet_title,
            label: Label {
                facet: name(facet),
                home,
                addressee: home,
                grade,
            },
            readable: rules.is_empty(),
            rules: rules.iter().map(ToString::to_string).collect(),
            fields,
            commits: 3,
            heads: String::new(),
            left_out: Vec::new(),
            next: vec![NextStep {
                field: name("step"),
                to: name("closed"),
                title: title("已办结", "closed"),
                needs: vec![name("outcome")],
                roles: vec![name("leader")],
            }],
        }
    }

    /// The village closed the case while the township escalated it.
    fn a_case() -> RecordView {
        let step = |id: &str, zh, en, author, ms| {
            value(Value::Text(id.to_owned()), Some(title(zh, en)), author, ms)
        };
        let fields = vec![
            FieldView {
                key: "step".to_owned(),
                title: title("当前环节", "Step"),
                values: vec![
                    step(
                        "closed",
                        "已办结",
                        "closed",
                        "620723101201",
                        1_793_669_400_000,
                    ),
                    step(
                        "escalated",
                        "已上交",
                        "escalated",
                        "620723101000",
                        1_793_669_460_000,
                    ),
                ],
            },
            FieldView {
                key: "due-time".to_owned(),
                title: title("办结时限", "Due at"),
                values: vec![value(
                    Value::Integer(1_793_669_400_000),
                    None,
                    "620723101201",
                    0,
                )],
            },
        ];
        RecordView {
            code: "101201-0000-0000-0".to_owned(),
            record: crdt_model::ids::RecordId([9; 16]),
            kind: name("case"),
            facets: vec![
                facet(
                    "case.summary",
                    title("纠纷台账", "Register entry"),
                    fields,
                    &[],
                ),
                facet(
                    "case.parties",
                    title("当事人", "Parties"),
                    vec![],
                    &["parties-need-reason"],
                ),
            ],
        }
    }

    fn line<'a>(text: &'a str, with: &str) -> &'a str {
        let found = text.lines().find(|line| line.contains(with));
        found.unwrap_or_else(|| panic!("no line with {with} in:\n{text}"))
    }

    #[test]
    fn what_does_not_count_is_shown_with_who_and_when_and_what_to_do() {
        let mut view = a_case();
        let one = |value: Option<&str>| LeftOutView {
            key: "code".to_owned(),
            title: title("案件编号", "Code"),
            value: value.map(|text| Value::Text(text.to_owned())),
            word: None,
            author: "620723101201".parse().expect("a node code"),
            wall: WallTime::from_ms(1_793_669_400_000),
        };
        view.facets[0].left_out = vec![one(Some("HERE")), one(None)];
        let zh = record_text(&view, Language::Zh);
        let here = line(&zh, "HERE");
        assert!(here.contains("案件编号 (code)"), "{here}");
        assert!(here.contains("620723101201  2026-11-03 09:30:00"), "{here}");
        assert!(zh.contains("（清空）"), "{zh}");
        assert!(
            zh.contains("请核实后重新填写该项：mesh-node record set"),
            "{zh}"
        );
        assert!(!record_text(&a_case(), Language::Zh).contains("未计入"));
    }

    #[test]
    fn what_may_follow_is_shown_with_what_it_takes() {
        let text = record_text(&a_case(), Language::Zh);
        assert!(
            text.contains("已办结 (step=closed)，须先填写 `outcome`，由 `leader` 办理"),
            "{text}"
        );
    }

    #[test]
    fn a_conflict_shows_every_value_with_who_and_when_in_both_languages() {
        let zh = record_text(&a_case(), Language::Zh);
        let closed = line(&zh, "已办结 (closed)");
        assert!(closed.contains("【不一致】当前环节 (step)"), "{closed}");
        assert!(
            closed.contains("620723101201  2026-11-03 09:30:00"),
            "{closed}"
        );
        let escalated = line(&zh, "已上交 (escalated)");
        assert!(escalated.contains("【不一致】"), "{escalated}");
        assert!(
            escalated.contains("620723101000  2026-11-03 09:31:00"),
            "{escalated}"
        );
        assert!(zh.contains("全部保留"));
        let en = record_text(&a_case(), Language::En);
        assert!(line(&en, "closed (closed)").contains("[differs] Step (step)"));
        assert!(line(&en, "escalated (escalated)").contains("620723101000  2026-11-03 09:31:00"));
    }

    #[test]
    fn what_a_role_may_not_read_names_the_rule_and_shows_no_field() {
        let zh = record_text(&a_case(), Language::Zh);
        assert!(
            zh.contains("本岗位无权查看（规则 parties-need-reason）"),
            "{zh}"
        );
        let en = record_text(&a_case(), Language::En);
        assert!(
            en.contains("not for this role (rule parties-need-reason)"),
            "{en}"
        );
    }

    #[test]
    fn a_time_is_shown_as_one() {
        assert!(
            line(&record_text(&a_case(), Language::Zh), "due-time").contains("2026-11-03 09:30:00")
        );
        assert_eq!(value_text(&Value::Integer(12), Language::Zh), "12");
        assert_eq!(value_text(&Value::Boolean(true), Language::Zh), "是");
    }

    #[test]
    fn a_record_without_conflict_has_no_mark() {
        let mut view = a_case();
        for facet in &mut view.facets {
            facet.fields.retain(|field| field.values.len() == 1);
        }
        assert!(!record_text(&view, Language::Zh).contains("【不一致】"));
    }
}
