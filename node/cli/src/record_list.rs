//! `record list`: the records that the node holds facets of, a page at a time: in the order of their
//! ids, or those of one facet filtered and sorted by its fields.

use crdt_model::ids::{Name, NodeId, RecordId};
use crdt_model::value::Value;

use super::asking::Context;
use super::help::{Shared, Words};
use super::output::Answer;
use super::output::Ended;
use super::record_found::found_text;
use super::record_show::value_text;
use super::table::{shortened, table};
use super::values;
use super::values::Said;
use crdt_model::text;
use crdt_model::text::Language;
use node_app::choosing::{SortBy, Wanted};
use node_app::use_cases::record_find::FindRequest;
use node_app::use_cases::record_list::{ListRequest, RecordLine};
use node_readmodel::find::Comparison;

/// Fields of a record that a line shows.
const LINE_FIELDS_MAX: usize = 4;

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[arg(long, value_name = "KIND", value_parser = values::name)]
    kind: Option<Name>,
    #[arg(long = "where", value_name = "FIELD=VALUE", value_parser = wanted, allow_hyphen_values = true)]
    conditions: Vec<Wanted>,
    #[arg(long, value_name = "CODE", value_parser = values::node)]
    home: Option<NodeId>,
    #[arg(long, value_name = "FIELD", value_parser = sort_by, allow_hyphen_values = true)]
    sort: Option<SortBy>,
    #[arg(long, value_name = "N", value_parser = values::page)]
    page: Option<u64>,
    #[arg(long, value_name = "N", value_parser = values::limit, default_value = "50", hide_default_value = true)]
    limit: usize,
    #[arg(long, value_name = "ID", value_parser = values::record, conflicts_with_all = ["conditions", "home", "sort", "page"])]
    after: Option<RecordId>,
    #[arg(long, value_name = "ROLE", value_parser = values::name)]
    role: Option<Name>,
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

pub(super) fn words() -> Words {
    Words::new(text!(
        "列出记录：默认按编号排列；也可按某一分项的字段筛选、排序、分页。",
        "List records by id, or filter, sort and page them by the fields of one facet."
    ))
    .argument(
        "kind",
        text!(
            "只列此类型；也可写分项，如 `case.summary`",
            "only of this kind, or of a facet, such as case.summary"
        ),
    )
    .argument(
        "conditions",
        text!(
            "筛选条件，可写多个：= != < <= > >=；等号后不写表示“未填写”",
            "a condition, repeatable: = != < <= > >=; nothing after = means not filled in"
        ),
    )
    .argument(
        "home",
        text!("只列所属节点为此代码的记录", "only records of this home"),
    )
    .argument(
        "sort",
        text!(
            "按此字段排序；前面加减号为从大到小、从新到旧",
            "sort by this field; with - before it, greatest or latest first"
        ),
    )
    .argument("page", text!("第几页（从 1 起）", "which page, from 1"))
    .argument(
        "limit",
        text!(
            "最多列出条数，即每页条数（默认 50）",
            "at most so many, or so many a page (default 50)"
        ),
    )
    .argument("after", text!("从此编号之后列起", "only after this id"))
    .role()
    .argument(
        "reason",
        text!(
            "查看受限内容的事由（将登记备查）",
            "why restricted content is looked at (it is recorded)"
        ),
    )
    .after(text!(
        "例：\n  `mesh-node record list --where step=level-2 --where \
         'registered-time>=2026-11-01' --sort=-registered-time`",
        "Example: mesh-node record list --where step=level-2 --where 'registered-time>=2026-11-01' --sort=-registered-time"
    ))
}

/// Reads `FIELD=VALUE` and the like.
fn wanted(text: &str) -> Result<Wanted, Said> {
    const BY_SIGN: [(&str, Comparison); 6] = [
        ("!=", Comparison::NotEqual),
        ("<=", Comparison::AtMost),
        (">=", Comparison::AtLeast),
        ("=", Comparison::Equal),
        ("<", Comparison::Below),
        (">", Comparison::Above),
    ];
    // The first sign in the text; of those that begin there the longer one.
    let signs = BY_SIGN
        .iter()
        .filter_map(|(sign, is)| Some((text.find(sign)?, *sign, *is)));
    let first = signs.min_by_key(|(at, sign, _)| (*at, std::cmp::Reverse(sign.len())));
    let parted = first.and_then(|(at, sign, is)| {
        let (field, rest) = text.split_at_checked(at)?;
        Some((field.trim(), is, rest.strip_prefix(sign)?.trim()))
    });
    match parted {
        Some((field, is, value)) if !field.is_empty() => Ok(Wanted {
            field: field.to_owned(),
            is,
            value: (!value.is_empty()).then(|| Value::Text(value.to_owned())),
        }),
        _ => Err(Said(text!(
            "“{text}”不是条件，应写作 `字段=值`，例如 `step=level-2` 或 \
             `registered-time>=2026-11-01`",
            "`{text}` is not a condition, such as step=level-2 or registered-time>=2026-11-01"
        ))),
    }
}

/// Reads `FIELD` or `-FIELD`.
fn sort_by(text: &str) -> Result<SortBy, Said> {
    let (field, descending) = match text.strip_prefix('-') {
        Some(field) => (field, true),
        None => (text, false),
    };
    let field = field.to_owned();
    Ok(SortBy { field, descending })
}

pub(super) fn run(arguments: Arguments, context: &Context) -> Ended {
    let of_a_facet = |kind: Name| kind.as_str().contains('.');
    let plain = !arguments.kind.is_some_and(of_a_facet)
        && arguments.conditions.is_empty()
        && arguments.home.is_none()
        && arguments.sort.is_none()
        && arguments.page.is_none();
    if !plain {
        return find(arguments, context);
    }
    let Arguments {
        kind,
        limit,
        after,
        role,
        ..
    } = arguments;
    let request = ListRequest { kind, after, limit };
    let page = context.ask_as(role, None, request)?;
    let text = list_text(&page.records, page.more, context.output.language);
    Ok(Answer::of::<ListRequest>(text, &page))
}

fn find(arguments: Arguments, context: &Context) -> Ended {
    let limit = arguments.limit;
    let page = arguments.page.unwrap_or(1);
    let mut conditions = arguments.conditions;
    let mut named: Vec<String> = conditions.iter().map(|one| one.field.clone()).collect();
    named.extend(arguments.sort.iter().map(|sort| sort.field.clone()));
    conditions.extend(arguments.home.map(|home| Wanted {
        field: "home".to_owned(),
        is: Comparison::Equal,
        value: Some(Value::Text(home.to_string())),
    }));
    let request = FindRequest {
        of: arguments.kind,
        conditions,
        sort: arguments.sort,
        offset: (page - 1).saturating_mul(limit as u64),
        limit,
    };
    let found = context.ask_as(arguments.role, arguments.reason, request)?;
    let text = found_text(&found, &named, page, context.output.language);
    Ok(Answer::of::<FindRequest>(text, &found))
}

fn list_text(records: &[RecordLine], more: bool, language: Language) -> String {
    if records.is_empty() {
        return text!("没有记录\n", "no records\n")
            .in_language(language)
            .to_owned();
    }
    let header = match language {
        Language::Zh => ["记录", "类型", "所属", "分项", "内容"],
        Language::En => ["record", "kind", "home", "facets", "content"],
    };
    let rows: Vec<Vec<String>> = records.iter().map(|line| row(line, language)).collect();
    let mut text = table(&header, &rows, &[]);
    if let Some(last) = records.last().filter(|_| more) {
        let after = last.record;
        let note = text!(
            "还有更多：--after {after}\n",
            "there are more: --after {after}\n"
        );
        text.push_str(note.in_language(language));
    }
    text
}

fn row(line: &RecordLine, language: Language) -> Vec<String> {
    let mut content = Vec::new();
    if !line.conflicts.is_empty() {
        let (zh, en) = (line.conflicts.join("、"), line.conflicts.join(", "));
        let mark = text!("【不一致：{zh}】", "[differs: {en}]");
        content.push(mark.in_language(language).to_owned());
    }
    if !line.left_out.is_empty() {
        let (zh, en) = (line.left_out.join("、"), line.left_out.join(", "));
        let mark = text!("【未计入：{zh}】", "[not counted: {en}]");
        content.push(mark.in_language(language).to_owned());
    }
    for (key, value) in line.fields.iter().take(LINE_FIELDS_MAX) {
        content.push(format!("{key}={}", shortened(&value_text(value, language))));
    }
    let prefix = format!("{}.", line.kind);
    let facets = line
        .facets
        .iter()
        .map(|facet| facet.as_str().trim_start_matches(&prefix));
    vec![
        line.record.to_string(),
        line.kind.to_string(),
        line.home.to_string(),
        facets.collect::<Vec<_>>().join(" "),
        content.join("  "),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crdt_model::value::Value;

    fn a_line() -> RecordLine {
        let name = |text| Name::new(text).expect("a name");
        RecordLine {
            record: RecordId([1; 16]),
            kind: name("case"),
            home: "620723101201".parse().expect("a node code"),
            facets: vec![name("case.summary"), name("case.narrative")],
            fields: [("code".to_owned(), Value::Text("2026-001".to_owned()))].into(),
            conflicts: vec!["step".to_owned()],
            left_out: vec!["code".to_owned(), "lead".to_owned()],
        }
    }

    #[test]
    fn a_line_shows_facets_content_and_conflicts_and_where_to_go_on() {
        let text = list_text(&[a_line()], true, Language::Zh);
        assert!(text.contains("summary narrative"), "{text}");
        assert!(
            text.contains("【不一致：step】  【未计入：code、lead】  code=2026-001"),
            "{text}"
        );
        assert!(
            text.contains("--after 01010101010101010101010101010101"),
            "{text}"
        );
        assert!(!list_text(&[a_line()], false, Language::En).contains("--after"));
    }

    #[test]
    fn a_condition_is_parted_at_its_first_sign() {
        let read = |text: &str| {
            let Wanted { field, is, value } = wanted(text).expect(text);
            (field, is, value)
        };
        let text = |text: &str| Some(Value::Text(text.to_owned()));
        for (written, field, is, value) in [
            ("step=level-2", "step", Comparison::Equal, text("level-2")),
            ("step!=closed", "step", Comparison::NotEqual, text("closed")),
            ("a>=1", "a", Comparison::AtLeast, text("1")),
            ("a < 1", "a", Comparison::Below, text("1")),
            ("code=a>=b", "code", Comparison::Equal, text("a>=b")),
            ("closed-time=", "closed-time", Comparison::Equal, None),
        ] {
            assert_eq!(read(written), (field.to_owned(), is, value), "{written}");
        }
        for wrong in ["", "step", "=1", ">=1"] {
            assert!(wanted(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn long_values_are_cut_where_characters_end() {
        assert_eq!(shortened(&"长".repeat(30)), format!("{}…", "长".repeat(24)));
        assert_eq!(shortened("两行\n文字"), "两行…");
        assert_eq!(shortened("short"), "short");
    }
}
