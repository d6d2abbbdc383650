//! Records from a JSON file or standard input, with what is wrong with them and where.

use std::io::Read;
use std::path::Path;

use crdt_model::ids::{NodeId, RecordId};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::field::value;
use crdt_model::text;
use crdt_model::text::{Problem, Text};
use node_app::door::line::LINE_BYTES_MAX;
use node_app::drafts::{ChangedFacet, NewFacet};

/// Bytes of a file, at most: what one request can carry.
const FILE_BYTES_MAX: usize = LINE_BYTES_MAX / 2;

/// A new record.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRecord {
    /// Its id.
    #[serde(default)]
    pub(super) record: Option<RecordId>,
    /// Its home.
    #[serde(default)]
    pub(super) home: Option<NodeId>,
    /// Its facets.
    pub(super) facets: Vec<NewFacet>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Changes {
    facets: Vec<ChangedFacet>,
}

/// Reads a new record; `-` is standard input.
pub(super) fn new_record(path: &Path) -> Result<NewRecord, Problem> {
    parse(&shown(path), &read(path)?, Null::Refused)
}

/// Reads changes of a record; `-` is standard input.
pub(super) fn changes(path: &Path) -> Result<Vec<ChangedFacet>, Problem> {
    let changes: Changes = parse(&shown(path), &read(path)?, Null::Clears)?;
    Ok(changes.facets)
}

/// What a field's `null` means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Null {
    Refused,
    Clears,
}

fn parse<T: DeserializeOwned>(file: &str, bytes: &[u8], null: Null) -> Result<T, Problem> {
    let json: Json = serde_json::from_slice(bytes).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let cause = error.to_string();
        wrong(
            file,
            &text!(
                "第 {line} 行第 {column} 列不符合 JSON 的写法（`{cause}`）",
                "line {line}, column {column} is not JSON: {cause}"
            ),
        )
    })?;
    check_facets(&json, null).map_err(|what| wrong(file, &what))?;
    serde_json::from_value(json)
        .map_err(|error| wrong(file, &text!("内容不符合格式（`{error}`）", "{error}")))
}

/// Finds what is wrong with facets and fields, by its place.
fn check_facets(json: &Json, null: Null) -> Result<(), Text> {
    let facets = json
        .get("facets")
        .and_then(Json::as_array)
        .ok_or_else(|| text!("缺少数组 `facets`", "the list `facets` is missing"))?;
    for (index, facet) in facets.iter().enumerate() {
        let place = format!("facets[{index}]");
        if facet.get("facet").and_then(Json::as_str).is_none() {
            return Err(text!(
                "{place}：缺少分项名称 `facet`",
                "{place}: its name `facet` is missing"
            ));
        }
        let fields = match facet.get("fields") {
            Some(Json::Object(fields)) => fields,
            None if null == Null::Clears => continue,
            _ => {
                return Err(text!(
                    "{place}：缺少对象 `fields`",
                    "{place}: its object `fields` is missing"
                ));
            }
        };
        for (key, json) in fields
            .iter()
            .filter(|(_, json)| null == Null::Refused || !json.is_null())
        {
            value(json).map_err(|Text { zh, en }| {
                text!(
                    "{place} 的 `fields.{key}`：{zh}",
                    "{place}.fields.{key}: {en}"
                )
            })?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    let file = shown(path);
    let mut bytes = Vec::new();
    let most = FILE_BYTES_MAX as u64 + 1;
    let read = if path.as_os_str() == "-" {
        std::io::stdin().lock().take(most).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes))
    };
    read.map_err(|error| {
        wrong(
            &file,
            &text!(error; "读不了：{error}", "cannot be read: {error}"),
        )
    })?;
    if bytes.len() > FILE_BYTES_MAX {
        return Err(wrong(
            &file,
            &text!(
                "超过 {FILE_BYTES_MAX} 字节",
                "more than {FILE_BYTES_MAX} bytes"
            ),
        ));
    }
    Ok(bytes)
}

fn shown(path: &Path) -> String {
    match path.as_os_str() == "-" {
        true => "stdin".to_owned(),
        false => path.display().to_string(),
    }
}

fn wrong(file: &str, Text { zh, en }: &Text) -> Problem {
    Problem::new(
        "input-file",
        text!("{file}：{zh}", "{file}: {en}"),
        text!(
            "改正文件后重试，格式见 mesh-node record add --help；什么都没有保存",
            "correct the file and try again, mesh-node record add --help shows the form; nothing was \
             written"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str, null: Null) -> String {
        parse::<NewRecord>("a.json", text.as_bytes(), null)
            .expect_err(text)
            .what
            .en
    }

    #[test]
    fn a_record_is_read_with_its_values() {
        let text =
            r#"{"facets": [{"facet": "case.summary", "fields": {"n": 1, "b": true, "t": "1"}}]}"#;
        let record: NewRecord = parse("a.json", text.as_bytes(), Null::Refused).expect("a record");
        assert_eq!(record.facets.len(), 1);
    }

    #[test]
    fn every_fault_says_where_it_is() {
        let faults = [
            ("{\n \"facets\": [,]}", "line 2"),
            ("{}", "`facets`"),
            (r#"{"facets": [{"fields": {}}]}"#, "facets[0]: its name"),
            (
                r#"{"facets": [{"facet": "a.b"}]}"#,
                "facets[0]: its object `fields`",
            ),
            (
                r#"{"facets": [{"facet": "a.b", "fields": {"c": 1.5}}]}"#,
                "facets[0].fields.c",
            ),
            (
                r#"{"facets": [{"facet": "a.b", "fields": {"c": null}}]}"#,
                "facets[0].fields.c",
            ),
            (r#"{"facets": [], "facet": []}"#, "unknown field `facet`"),
        ];
        for (text, part) in faults {
            let fault = fault(text, Null::Refused);
            assert!(
                fault.starts_with("a.json: ") && fault.contains(part),
                "{fault}"
            );
        }
    }

    #[test]
    fn null_clears_a_field_that_is_there() {
        let text = r#"{"facets": [{"facet": "a.b", "fields": {"c": null}}]}"#;
        let changes: Changes = parse("a.json", text.as_bytes(), Null::Clears).expect("changes");
        assert_eq!(
            changes.facets.first().map(|facet| facet.fields.get("c")),
            Some(Some(&None))
        );
    }
}
