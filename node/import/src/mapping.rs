//! Mappings: which column of a foreign file becomes which field of which facet.
//!
//! A mapping is a TOML file, written by somebody who knows the foreign system.
//! `deploy/linze/mappings/README.md` describes the format. Before a row is read, the mapping is checked
//! against the charter's kinds: every field that it names exists, every word that it yields is in the
//! field's vocabulary, and it lets nothing in that may not exist in the mesh.

use std::collections::{BTreeMap, BTreeSet};

use crdt_model::ids::{Name, NodeId};
use crdt_model::kind::{Field, FieldType, Kind, Kinds, Title};
use crdt_model::value::Value;
use serde::Deserialize;

use crate::convert::DECIMALS_MAX;
use crate::decode::Named;
use crate::forbidden::{Verdict, found_in, judge};
use crate::limits::MAPPING_BYTES_MAX;
use crate::value_problem::value_problem;
use crdt_model::text;
use crdt_model::text::{Problem, Text};

/// The mapping that is used where none is named: camera catalogues need none from the person.
const OF_CATALOGUES: &str = include_str!("../../../deploy/linze/mappings/gb28181.toml");
/// The default time zone, in hours east of UTC, for times without an offset: China's.
const UTC_OFFSET_H: i8 = 8;

/// What a mapping reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// GB/T 28181 catalogues; columns are elements.
    Gb28181,
    /// Tables saved as text.
    Csv,
}

/// What happens to a cell that cannot be converted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unusable {
    /// Its row is refused.
    #[default]
    Refuse,
    /// The row goes on without it, and says so.
    LeaveOut,
}

/// One checked mapping.
#[derive(Clone, PartialEq, Debug)]
pub struct Mapping {
    /// What people call it.
    pub title: Text,
    /// What it reads.
    pub format: Format,
    /// The name space of its keys: files of one source that name a thing alike mean the same.
    pub source: String,
    /// The kind of its records.
    pub kind: Name,
    /// The columns that together name a row.
    pub key: Vec<String>,
    /// How a row finds its home.
    pub home: HomeColumns,
    /// The field that takes the area a row lies in.
    pub area: Option<Target>,
    /// The column that sets the sensitivity.
    pub sensitivity: Option<GradeColumn>,
    /// The column that sets the handling level.
    pub level: Option<GradeColumn>,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Fields that every row gets.
    pub constants: Vec<(Target, Value)>,
    /// What only a person can decide.
    pub asks: Vec<Ask>,
    /// Columns that are left behind on purpose.
    pub drops: Vec<Drop>,
    /// The encoding of its files, if that is not to be found out.
    pub encoding: Option<Named>,
    /// What separates cells, if that is not to be found out.
    pub separator: Option<char>,
    /// Hours east of UTC that times without an offset are read at.
    pub utc_offset_h: i8,
}

/// How a row finds its home.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HomeColumns {
    /// A column of 12-digit codes.
    pub column: Option<String>,
    /// A column of 6-digit codes, to be joined with `grassroots`, or of 12-digit codes.
    pub civil: Option<String>,
    /// A column of 6-digit codes within the county.
    pub grassroots: Option<String>,
    /// One node for all rows.
    pub fixed: Option<NodeId>,
    /// The field, as `facet.field`, that takes the area a row lies in.
    pub area: Option<String>,
}

/// One field of one facet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// The facet.
    pub facet: Name,
    /// The field.
    pub field: Field,
}

/// One mapped column.
#[derive(Clone, PartialEq, Debug)]
pub struct Column {
    /// Its name in the file.
    pub name: String,
    /// The field it becomes.
    pub target: Target,
    /// Whether it must consist of digits.
    pub only_digits: bool,
    /// Decimal places that its whole number keeps: 7 turns degrees into 1e-7 degrees.
    pub decimals: Option<usize>,
    /// What separates several entries in one cell, for fields that grow.
    pub split: Option<String>,
    /// Foreign words and what they become.
    pub words: BTreeMap<String, String>,
    /// What a word that is not known becomes.
    pub otherwise: Option<String>,
    /// Texts that mean the same as an empty cell.
    pub empty: Vec<String>,
    /// Whether a row without it is refused.
    pub required: bool,
    /// Only these digits of it, counted from 1.
    pub digits: Option<(usize, usize)>,
    /// What happens to a cell that cannot be converted.
    pub unusable: Unusable,
}

/// A column that sets a part of the grade.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GradeColumn {
    /// Its name in the file.
    pub column: String,
    /// Foreign words and the grade they become; an empty one stands for the facet's default.
    pub words: BTreeMap<String, String>,
}

/// A column of which some values refuse their row until a person has changed the mapping.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// Its name in the file.
    pub name: String,
    /// Values that ask nothing, beside an empty cell.
    pub unless: Vec<String>,
    /// What has to be decided, and how.
    pub reason: Title,
}

/// A column that is left behind on purpose.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drop {
    /// Its name in the file.
    pub name: String,
    /// Why it may not, or need not, come along.
    pub reason: Title,
}

impl Mapping {
    /// Reads a mapping and checks it against the kinds. `file` names it in messages.
    ///
    /// # Errors
    /// The text is not TOML, is not a mapping, or names something that the kinds do not have.
    pub fn parse(file: &str, text: &str, kinds: &Kinds) -> Result<Self, Problem> {
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

    /// The mapping of catalogues.
    ///
    /// # Errors
    /// The kinds have no such devices.
    pub fn of_catalogues(kinds: &Kinds) -> Result<Self, Problem> {
        Self::parse("gb28181.toml", OF_CATALOGUES, kinds)
    }

    /// The names of all columns that the mapping knows what to do with.
    pub fn known_columns(&self) -> impl Iterator<Item = &str> {
        let home = [&self.home.column, &self.home.civil, &self.home.grassroots];
        let grades = [&self.sensitivity, &self.level];
        self.key
            .iter()
            .chain(home.into_iter().flatten())
            .chain(grades.into_iter().flatten().map(|grade| &grade.column))
            .chain(self.columns.iter().map(|column| &column.name))
            .chain(self.asks.iter().map(|ask| &ask.name))
            .chain(self.drops.iter().map(|drop| &drop.name))
            .map(String::as_str)
    }
}

/// A mapping as its file has it, not yet checked.
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

/// Checks a mapping against the kind that it makes records of.
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

    /// Looks up a field by its path, `facet.field`.
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

/// Refuses columns that may not be imported among those that name, place or grade a row.
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
