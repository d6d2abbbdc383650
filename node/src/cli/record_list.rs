//! `record list`: the records that the node holds facets of, a page at a time.

use crdt_model::ids::{Name, RecordId};

use super::asking::{Context, unexpected};
use super::help::Words;
use super::output::Answer;
use super::record_show::value_text;
use super::table::table;
use super::{Ended, values};
use crate::control::protocol::{RecordLine, Reply, Request};
use crate::text;
use crate::text::Language;

/// Fields of a record that a line shows.
const LINE_FIELDS_MAX: usize = 4;
/// Characters of a value that a line shows.
const LINE_VALUE_CHARS_MAX: usize = 24;

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[arg(long, value_name = "KIND", value_parser = values::name)]
    kind: Option<Name>,
    #[arg(long, value_name = "N", value_parser = values::limit, default_value = "50", hide_default_value = true)]
    limit: usize,
    #[arg(long, value_name = "ID", value_parser = values::record)]
    after: Option<RecordId>,
    #[arg(long, value_name = "ROLE", value_parser = values::name)]
    role: Option<Name>,
}

pub(super) fn words() -> Words {
    Words::new(text!(
        "按编号顺序列出记录。",
        "List records in the order of their ids."
    ))
    .argument("kind", text!("只列此类型", "only of this kind"))
    .argument(
        "limit",
        text!("最多列出条数（默认 50）", "at most so many (default 50)"),
    )
    .argument("after", text!("从此编号之后列起", "only after this id"))
    .argument(
        "role",
        text!(
            "查看人的岗位（默认为章程列出的第一个）",
            "the role of whoever looks (default: the first of the charter)"
        ),
    )
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Ended {
    let Arguments {
        kind,
        limit,
        after,
        role,
    } = *arguments;
    let reply = context.ask(&Request::List {
        kind,
        after,
        limit,
        role,
    })?;
    match &reply {
        Reply::Records { records, more } => {
            let text = list_text(records, *more, context.output.language);
            Ok(Answer::of_reply(text, &reply))
        }
        _ => Err(unexpected(&reply)),
    }
}

fn list_text(records: &[RecordLine], more: bool, language: Language) -> String {
    if records.is_empty() {
        return text!("没有记录\n", "no records\n")
            .in_language(language)
            .to_owned();
    }
    let header = match language {
        Language::Zh => ["记录", "类型", "所属", "分面", "内容"],
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
        let keys = line.conflicts.join(", ");
        let mark = text!("[冲突：{keys}]", "[conflict: {keys}]");
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

/// The beginning of a value, on one line.
fn shortened(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let mut short: String = line.chars().take(LINE_VALUE_CHARS_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
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
        }
    }

    #[test]
    fn a_line_shows_facets_content_and_conflicts_and_where_to_go_on() {
        let text = list_text(&[a_line()], true, Language::Zh);
        assert!(text.contains("summary narrative"), "{text}");
        assert!(text.contains("[冲突：step]  code=2026-001"), "{text}");
        assert!(
            text.contains("--after 01010101010101010101010101010101"),
            "{text}"
        );
        assert!(!list_text(&[a_line()], false, Language::En).contains("--after"));
    }

    #[test]
    fn long_values_are_cut_where_characters_end() {
        assert_eq!(shortened(&"长".repeat(30)), format!("{}…", "长".repeat(24)));
        assert_eq!(shortened("两行\n文字"), "两行…");
        assert_eq!(shortened("short"), "short");
    }
}
