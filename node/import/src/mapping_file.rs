//! Reads a mapping's TOML and checks it: every field it names exists, every word it yields is in the
//! field's vocabulary, nothing that may not exist in the mesh is let in.

use std::collections::{BTreeMap, BTreeSet};

use crdt_model::ids::Name;
use crdt_model::kind::{FieldType, Kind, Kinds, Title};
use crdt_model::value::Value;
use serde::Deserialize;

use crate::convert::DECIMALS_MAX;
use crate::decode::Named;
use crate::fields::value_problem;
use crate::forbidden::{Verdict, found_in, judge};
use crate::limits::MAPPING_BYTES_MAX;
use crate::mapping::{
    Ask, Column, Drop, Format, GradeColumn, HomeColumns, Mapping, Target, Unusable,
};
use crdt_model::text;
use crdt_model::text::{Problem, Text};

/// Hours east of UTC that times without an offset are read at: China's.
const UTC_OFFSET_H: i8 = 8;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct MappingFile {
    title: Title,
    format: Format,
    source: String,
    kind: Name,
    key: Vec<String>,
    #[serde(default)]
    home: HomeColumns,
    sensitivity: Option<GradeColumn>,
    level: Option<GradeColumn>,
    #[serde(default, rename = "column")]
    columns: Vec<ColumnEntry>,
    #[serde(default, rename = "constant")]
    constants: Vec<ConstantEntry>,
    #[serde(default, rename = "ask")]
    asks: Vec<Ask>,
    #[serde(default, rename = "drop")]
    drops: Vec<Drop>,
    encoding: Option<String>,
    separator: Option<char>,
    #[serde(default = "china")]
    utc_offset_h: i8,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ColumnEntry {
    name: String,
    to: String,
    #[serde(default)]
    only_digits: bool,
    decimals: Option<usize>,
    split: Option<String>,
    #[serde(default)]
    words: BTreeMap<String, String>,
    otherwise: Option<String>,
    #[serde(default)]
    empty: Vec<String>,
    #[serde(default)]
    required: bool,
    digits: Option<(usize, usize)>,
    #[serde(default)]
    unusable: Unusable,
    /// Where the foreign field is defined; for readers only.
    #[serde(default, rename = "clause")]
    _clause: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConstantEntry {
    to: String,
    value: Value,
}

fn china() -> i8 {
    UTC_OFFSET_H
}

/// Reads a mapping and checks it against the kinds. `file` names it in messages.
pub(super) fn parse(file: &str, text: &str, kinds: &Kinds) -> Result<Mapping, Problem> {
    if text.len() > MAPPING_BYTES_MAX {
        return Err(unusable(file, &text!("文件过大", "the file is too large")));
    }
    let read: MappingFile =
        toml::from_str(text).map_err(|error| unusable(file, &text!("`{error}`", "{error}")))?;
    let kind = kinds.kind(read.kind).ok_or_else(|| {
        let kind = read.kind;
        unusable(
            file,
            &text!("没有类型“{kind}”", "there is no kind `{kind}`"),
        )
    })?;
    Checker { kind }
        .finish(read)
        .map_err(|what| unusable(file, &what))
}

struct Checker<'a> {
    kind: &'a Kind,
}

impl Checker<'_> {
    fn finish(&self, read: MappingFile) -> Result<Mapping, Text> {
        if read.key.is_empty() {
            return Err(text!(
                "`key` 为空：需要能识别一行的列",
                "`key` names no column"
            ));
        }
        if read.source.is_empty() {
            return Err(text!("`source` 为空", "`source` is empty"));
        }
        let area = read
            .home
            .area
            .as_deref()
            .map(|to| self.target(to))
            .transpose()?;
        if area
            .as_ref()
            .is_some_and(|area| area.field.holds != FieldType::Area)
        {
            return Err(text!(
                "`home.area` 不是区划字段",
                "`home.area` is not a field of type area"
            ));
        }
        let columns: Vec<Column> = read
            .columns
            .into_iter()
            .map(|entry| self.column(entry))
            .collect::<Result<_, _>>()?;
        let constants: Vec<(Target, Value)> = read
            .constants
            .into_iter()
            .map(|entry| self.constant(entry))
            .collect::<Result<_, _>>()?;
        let targets = columns
            .iter()
            .map(|column| &column.target)
            .chain(constants.iter().map(|(target, _)| target))
            .chain(area.iter());
        refuse_twice(targets)?;
        for grade in [&read.sensitivity, &read.level].into_iter().flatten() {
            check_grade_words(grade)?;
        }
        let mapping = Mapping {
            title: Text::from(&read.title),
            format: read.format,
            source: read.source,
            kind: read.kind,
            key: read.key,
            home: read.home,
            area,
            sensitivity: read.sensitivity,
            level: read.level,
            columns,
            constants,
            asks: read.asks,
            drops: read.drops,
            encoding: read.encoding.as_deref().map(encoding).transpose()?,
            separator: read.separator,
            utc_offset_h: read.utc_offset_h,
        };
        refuse_forbidden(&mapping)?;
        Ok(mapping)
    }

    /// The field that `facet.field` names.
    fn target(&self, to: &str) -> Result<Target, Text> {
        let found = self.kind.facets.iter().find_map(|facet| {
            let name = to.strip_prefix(facet.name.as_str())?.strip_prefix('.')?;
            let field = facet
                .fields
                .iter()
                .find(|field| field.name.as_str() == name)?;
            Some(Target {
                facet: facet.name,
                field: field.clone(),
            })
        });
        let kind = self.kind.kind;
        found.ok_or_else(|| {
            text!(
                "类型“{kind}”没有字段“{to}”",
                "kind `{kind}` has no field `{to}`"
            )
        })
    }

    fn column(&self, entry: ColumnEntry) -> Result<Column, Text> {
        let target = self.target(&entry.to)?;
        let name = entry.name;
        let holds = target.field.holds;
        match judge(&name, "") {
            Verdict::Column | Verdict::Value(_) => return Err(never_imported(&name)),
            Verdict::OnlyThatItWasPresent if holds != FieldType::Boolean => {
                return Err(text!(
                    "列“{name}”只能记录“是否存在”（布尔字段）",
                    "of column `{name}` only its presence may be kept, in a yes-or-no field"
                ));
            }
            Verdict::OnlyThatItWasPresent | Verdict::Admitted => {}
        }
        let decimals = entry.decimals.unwrap_or(0);
        if decimals > DECIMALS_MAX || (decimals > 0 && holds != FieldType::Integer) {
            return Err(text!(
                "列“{name}”：`decimals` 只用于整数字段，最多 {DECIMALS_MAX} 位",
                "column `{name}`: `decimals` is for integer fields, at most {DECIMALS_MAX}"
            ));
        }
        let split = entry.split.as_ref();
        if split.is_some_and(|split| split.is_empty() || !target.field.grows) {
            return Err(text!(
                "列“{name}”：`split` 只用于只增的字段",
                "column `{name}`: `split` is for fields that grow"
            ));
        }
        if entry
            .digits
            .is_some_and(|(from, to)| from == 0 || to < from)
        {
            return Err(text!(
                "列“{name}”的 `digits` 不能用",
                "column `{name}`: `digits` is no range"
            ));
        }
        let words = entry.words.values().chain(entry.otherwise.as_ref());
        if let Some(found) = words.clone().find_map(|word| found_in(word)) {
            return Err(in_column(&name, &found.name()));
        }
        if holds == FieldType::Vocabulary {
            for word in words {
                self.check(&target, &Value::Text(word.clone()))
                    .map_err(|what| in_column(&name, &what))?;
            }
        }
        Ok(Column {
            name,
            target,
            only_digits: entry.only_digits,
            decimals: entry.decimals,
            split: entry.split,
            words: entry.words,
            otherwise: entry.otherwise,
            empty: entry.empty,
            required: entry.required,
            digits: entry.digits,
            unusable: entry.unusable,
        })
    }

    fn constant(&self, entry: ConstantEntry) -> Result<(Target, Value), Text> {
        let target = self.target(&entry.to)?;
        self.check(&target, &entry.value)?;
        if let Value::Text(value) = &entry.value
            && let Some(found) = found_in(value)
        {
            let (to, Text { zh, en }) = (entry.to, found.name());
            return Err(text!("{to} 的固定值是{zh}", "the constant of {to} is {en}"));
        }
        Ok((target, entry.value))
    }

    fn check(&self, target: &Target, value: &Value) -> Result<(), Text> {
        target.field.check(self.kind, value).map_err(|problem| {
            let (field, Text { zh, en }) = (target.field.name, value_problem(&problem));
            text!("字段 {field}：{zh}", "field `{field}`: {en}")
        })
    }
}

fn encoding(name: &str) -> Result<Named, Text> {
    Named::of(name).ok_or_else(|| {
        let known = Named::ALL.map(|(known, _)| known).join("、");
        let listed = Named::ALL.map(|(known, _)| known).join(", ");
        text!(
            "`encoding`：“{name}”不是可用的编码；可选：{known}",
            "`encoding` is `{name}`, which is none of {listed}"
        )
    })
}

/// Columns that name, place or grade a row are read like any others.
fn refuse_forbidden(mapping: &Mapping) -> Result<(), Text> {
    let home = &mapping.home;
    let grades = [&mapping.sensitivity, &mapping.level];
    let mut names = [&home.column, &home.civil, &home.grassroots]
        .into_iter()
        .flatten()
        .chain(&mapping.key)
        .chain(grades.into_iter().flatten().map(|grade| &grade.column));
    match names.find(|name| judge(name, "") != Verdict::Admitted) {
        Some(name) => Err(never_imported(name)),
        None => Ok(()),
    }
}

fn never_imported(name: &str) -> Text {
    text!(
        "列“{name}”不得进入系统",
        "column `{name}` may not be imported"
    )
}

fn in_column(name: &str, what: &Text) -> Text {
    let Text { zh, en } = what;
    text!("列“{name}”：{zh}", "column `{name}`: {en}")
}

fn check_grade_words(grade: &GradeColumn) -> Result<(), Text> {
    for word in grade.words.values().filter(|word| !word.is_empty()) {
        Name::new(word).map_err(|error| text!("级别写错了（`{error}`）", "grade: {error}"))?;
    }
    Ok(())
}

fn refuse_twice<'a>(targets: impl Iterator<Item = &'a Target>) -> Result<(), Text> {
    let mut seen = BTreeSet::new();
    for target in targets.filter(|target| !target.field.grows) {
        let (facet, field) = (target.facet, target.field.name);
        if !seen.insert((facet, field)) {
            return Err(text!(
                "字段 {facet}.{field} 有两个来源",
                "field {facet}.{field} is filled twice"
            ));
        }
    }
    Ok(())
}

fn unusable(file: &str, what: &Text) -> Problem {
    let Text { zh, en } = what;
    Problem::new(
        "import-mapping",
        text!(
            "列对应表 {file} 不能用：{zh}",
            "mapping {file} cannot be used: {en}"
        ),
        text!(
            "对照 deploy/linze/mappings/README.md 和章程中的类型修改列对应表",
            "change it to fit deploy/linze/mappings/README.md and the charter's kinds"
        ),
    )
}
