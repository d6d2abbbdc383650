//! What a list or a search found, as people read it.

use crdt_model::ids::Name;
use crdt_model::kind::{FieldType, Title};
use crdt_model::time::WallTime;
use crdt_model::value::Value;

use super::table::{shortened, table};
use crdt_model::text;
use crdt_model::text::{Language, Text};
use node_app::use_cases::record_find::{Found, FoundColumn};
use node_app::use_cases::record_search::{Hit, Hits};
use node_machine::time::shown;
use node_readmodel::Progress;
use node_readmodel::find::FoundRow;

/// Fields that are shown beside the record and its home.
const FIELDS_MAX: usize = 6;

fn in_language(title: &Title, language: Language) -> &str {
    match language {
        Language::Zh => &title.zh,
        Language::En => &title.en,
    }
}

/// A page of rows: first the fields that were asked about, then others that any row has.
pub(super) fn found_text(found: &Found, named: &[String], page: u64, language: Language) -> String {
    let say = |text: Text| text.in_language(language).to_owned();
    let columns = shown_columns(found, named);
    let mut header: Vec<&str> = match language {
        Language::Zh => vec!["记录", "所属"],
        Language::En => vec!["record", "home"],
    };
    header.extend(columns.iter().map(|one| in_language(&one.title, language)));
    let conflicts = found.rows.iter().any(|row| row.conflicts > 0);
    if conflicts {
        header.push(match language {
            Language::Zh => "不一致项数",
            Language::En => "fields that differ",
        });
    }
    let left_out = found.rows.iter().any(|row| row.left_out > 0);
    if left_out {
        header.push(match language {
            Language::Zh => "未计入项数",
            Language::En => "not counted",
        });
    }
    let some = |count: u64| match count {
        0 => String::new(),
        some => some.to_string(),
    };
    let rows = found.rows.iter().map(|row| {
        let mut cells = vec![row.record.to_string(), row.home.to_string()];
        cells.extend(columns.iter().map(|one| cell(row, one, language)));
        if conflicts {
            cells.push(some(row.conflicts));
        }
        if left_out {
            cells.push(some(row.left_out));
        }
        cells
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let title = in_language(&found.title, language);
    let total = found.total;
    let mut text = say(text!(
        "{title}：共 {total} 条\n",
        "{title}: {total} in all\n"
    ));
    if !rows.is_empty() {
        text.push_str(&table(&header, &rows, &[]));
    }
    if found.next.is_some() {
        let next = page + 1;
        text.push_str(&say(text!(
            "还有更多：--page {next}\n",
            "there are more: --page {next}\n"
        )));
    }
    text.push_str(&behind(found.catching_up, language));
    text
}

fn shown_columns<'a>(found: &'a Found, named: &[String]) -> Vec<&'a FoundColumn> {
    let is_named = |column: &FoundColumn| {
        named.iter().any(|name| {
            let plain = name.rsplit('.').next().unwrap_or(name);
            let titles = [&column.title.zh, &column.title.en];
            column.field.as_str() == plain || titles.contains(&name)
        })
    };
    let has_value = |column: &FoundColumn| {
        let field: Name = column.field;
        found.rows.iter().any(|row| row.fields.contains_key(&field))
    };
    let asked = found.columns.iter().filter(|one| is_named(one));
    let others = found.columns.iter().filter(|one| !is_named(one));
    let all = asked.chain(others).filter(|one| has_value(one));
    all.take(FIELDS_MAX).collect()
}

fn cell(row: &FoundRow, column: &FoundColumn, language: Language) -> String {
    let Some(value) = row.fields.get(&column.field) else {
        return String::new();
    };
    match (value, column.holds) {
        (Value::Integer(ms), FieldType::Time) => match u64::try_from(*ms) {
            Ok(ms) => shown(WallTime::from_ms(ms)),
            Err(_) => ms.to_string(),
        },
        (Value::Integer(number), _) => number.to_string(),
        (Value::Boolean(true), _) => text!("是", "yes").in_language(language).to_owned(),
        (Value::Boolean(false), _) => text!("否", "no").in_language(language).to_owned(),
        (Value::Text(text), _) => {
            let word = column.words.iter().find(|word| word.id.as_str() == text);
            shortened(match (word, language) {
                (Some(word), Language::Zh) => &word.zh,
                (Some(word), Language::En) => &word.en,
                (None, _) => text,
            })
        }
    }
}

/// A page of hits, two lines each.
pub(super) fn hits_text(hits: &Hits, page: u64, language: Language) -> String {
    let say = |text: Text| text.in_language(language).to_owned();
    let total = hits.total;
    let mut text = say(text!("找到 {total} 条\n", "{total} found\n"));
    for hit in &hits.hits {
        text.push_str(&hit_text(hit, language));
    }
    if hits.next.is_some() {
        let next = page + 1;
        text.push_str(&say(text!(
            "还有更多：--page {next}\n",
            "there are more: --page {next}\n"
        )));
    }
    text.push_str(&behind(hits.catching_up, language));
    text
}

fn hit_text(hit: &Hit, language: Language) -> String {
    let Hit {
        record,
        home,
        before,
        found,
        after,
        ..
    } = hit;
    let title = in_language(&hit.title, language);
    let field = in_language(&hit.field, language);
    let at = shown(WallTime::from_ms(hit.changed_ms));
    let marks = match language {
        Language::Zh => ["【", "】", "："],
        Language::En => ["[", "]", ": "],
    };
    let [begin, end, colon] = marks;
    format!(
        "  {record}  {home}  {title}  {at}\n    {field}{colon}{before}{begin}{found}{end}{after}\n"
    )
}

/// That something may be missing.
pub(super) fn behind(catching_up: Option<Progress>, language: Language) -> String {
    let Some(Progress { done, all }) = catching_up else {
        return String::new();
    };
    let note = text!(
        "查询库正在更新（{done}/{all}），结果可能不全\n",
        "the read model is catching up ({done} of {all}): something may be missing\n"
    );
    note.in_language(language).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crdt_model::kind::Word;

    fn name(text: &str) -> Name {
        Name::new(text).expect("a name")
    }

    fn title(zh: &str, en: &str) -> Title {
        let (zh, en) = (zh.to_owned(), en.to_owned());
        Title { zh, en }
    }

    fn found() -> Found {
        let column = |field, zh: &str, holds, words| FoundColumn {
            field: name(field),
            title: title(zh, field),
            holds,
            words,
        };
        let word = Word {
            id: name("level-2"),
            zh: "村调委会调解".to_owned(),
            en: "village".to_owned(),
            forbidden: None,
        };
        let fields = [
            (name("code"), Value::Text("2026-001".to_owned())),
            (name("step"), Value::Text("level-2".to_owned())),
            (name("due"), Value::Integer(1_793_669_400_000)),
        ];
        let home = "620723101201".parse().expect("a node code");
        Found {
            facet: name("case.summary"),
            title: title("纠纷台账", "Register entry"),
            columns: vec![
                column("code", "案件编号", FieldType::Text, Vec::new()),
                column("step", "当前环节", FieldType::Vocabulary, vec![word]),
                column("lead", "包案单位", FieldType::Text, Vec::new()),
                column("due", "办结时限", FieldType::Time, Vec::new()),
            ],
            rows: vec![FoundRow {
                record: "0102030405060708090a0b0c0d0e0f10".parse().expect("an id"),
                home,
                addressee: home,
                sensitivity: name("normal"),
                level: name("village"),
                begun_ms: 0,
                changed_ms: 0,
                conflicts: 1,
                left_out: 2,
                fields: fields.into(),
            }],
            total: 51,
            next: Some(50),
            catching_up: None,
        }
    }

    #[test]
    fn what_was_asked_about_comes_first_and_words_are_told_as_people_say_them() {
        let text = found_text(&found(), &["step".to_owned()], 1, Language::Zh);
        let header = text.lines().nth(1).expect("a header");
        let places = [
            "当前环节",
            "案件编号",
            "办结时限",
            "不一致项数",
            "未计入项数",
        ];
        let places = places.map(|title| header.find(title).expect(title));
        assert!(places.is_sorted(), "{header}");
        assert!(!header.contains("包案单位"), "no row has it");
        for part in [
            "共 51 条",
            "村调委会调解",
            "2026-11-03 09:30:00",
            "--page 2",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn a_list_that_may_lack_something_says_so() {
        let mut found = found();
        found.catching_up = Some(Progress { done: 1, all: 9 });
        let text = found_text(&found, &[], 1, Language::En);
        assert!(text.contains("1 of 9"), "{text}");
    }
}
