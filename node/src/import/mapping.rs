//! Mappings: which column of a foreign file becomes which field of which facet.
//!
//! A mapping is a TOML file that whoever knows the foreign system writes; it is checked against the
//! charter's kinds before a row is read. `deploy/linze/mappings/README.md` describes the format.

use std::collections::BTreeMap;

use crdt_model::ids::{Name, NodeId};
use crdt_model::kind::{Field, FieldType, Kind, Kinds, Title};
use crdt_model::value::Value;
use serde::Deserialize;

use crate::import::forbidden::{Verdict, judge};
use crate::import::limits::MAPPING_BYTES_MAX;
use crate::text;
use crate::text::{Problem, Text};

/// Hours east of UTC that times without an offset are read at: China's.
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

/// How a cell becomes a value, where its field's type does not say it all.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Convert {
    /// As the field's type says.
    Plain,
    /// Decimal degrees, stored as a whole number of 1e-7 degrees.
    Degrees,
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
    /// Columns that are left behind on purpose.
    pub drops: Vec<Drop>,
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
    area: Option<String>,
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
    /// How.
    pub convert: Convert,
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

/// A column that is left behind on purpose.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drop {
    /// Its name in the file.
    pub name: String,
    /// Why it may not, or need not, come along.
    pub reason: Title,
}

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
    #[serde(default, rename = "drop")]
    drops: Vec<Drop>,
    separator: Option<char>,
    #[serde(default = "china")]
    utc_offset_h: i8,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ColumnEntry {
    name: String,
    to: String,
    #[serde(default = "plain")]
    convert: Convert,
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

fn plain() -> Convert {
    Convert::Plain
}

impl Mapping {
    /// Reads a mapping and checks it against the kinds. `file` names it in messages.
    pub fn parse(file: &str, text: &str, kinds: &Kinds) -> Result<Self, Problem> {
        let fault = |zh: String, en: String| unusable(file, &Text { zh, en });
        if text.len() > MAPPING_BYTES_MAX {
            return Err(fault("文件过大".into(), "the file is too large".into()));
        }
        let read: MappingFile =
            toml::from_str(text).map_err(|error| fault(error.to_string(), error.to_string()))?;
        let kind = kinds.kind(read.kind).ok_or_else(|| {
            let kind = read.kind;
            unusable(
                file,
                &text!("没有类型“{kind}”", "there is no kind `{kind}`"),
            )
        })?;
        let checker = Checker { kind };
        checker.finish(read).map_err(|what| unusable(file, &what))
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
            .chain(self.drops.iter().map(|drop| &drop.name))
            .map(String::as_str)
    }
}

struct Checker<'a> {
    kind: &'a Kind,
}

impl Checker<'_> {
    fn finish(&self, read: MappingFile) -> Result<Mapping, Text> {
        if read.key.is_empty() {
            return Err(text!(
                "key 为空:需要能识别一行的列",
                "`key` names no column"
            ));
        }
        if read.source.is_empty() {
            return Err(text!("source 为空", "`source` is empty"));
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
                "home.area 不是区划字段",
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
        Ok(Mapping {
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
            drops: read.drops,
            separator: read.separator,
            utc_offset_h: read.utc_offset_h,
        })
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
        let target = found.ok_or_else(|| {
            text!(
                "类型“{kind}”没有字段“{to}”",
                "kind `{kind}` has no field `{to}`"
            )
        })?;
        if target.field.grows {
            return Err(text!(
                "“{to}”是只增的字段,导入不写",
                "`{to}` grows, and imports do not write fields that grow"
            ));
        }
        Ok(target)
    }

    fn column(&self, entry: ColumnEntry) -> Result<Column, Text> {
        let target = self.target(&entry.to)?;
        let name = entry.name;
        let holds = target.field.holds;
        match judge(&name, "") {
            Verdict::Dropped => {
                return Err(text!(
                    "列“{name}”不得进入系统",
                    "column `{name}` may not be imported"
                ));
            }
            Verdict::OnlyThatItWasPresent if holds != FieldType::Boolean => {
                return Err(text!(
                    "列“{name}”只能记录“是否存在”(布尔字段)",
                    "of column `{name}` only its presence may be kept, in a yes-or-no field"
                ));
            }
            Verdict::OnlyThatItWasPresent | Verdict::Admitted => {}
        }
        if entry.convert == Convert::Degrees && holds != FieldType::Integer {
            return Err(text!(
                "列“{name}”:经纬度需要整数字段",
                "column `{name}`: degrees need an integer field"
            ));
        }
        if entry
            .digits
            .is_some_and(|(from, to)| from == 0 || to < from)
        {
            return Err(text!(
                "列“{name}”的 digits 不合法",
                "column `{name}`: `digits` is no range"
            ));
        }
        let words = entry.words.values().chain(entry.otherwise.as_ref());
        if holds == FieldType::Vocabulary {
            for word in words {
                self.check(&target, &Value::Text(word.clone()))
                    .map_err(|what| in_column(&name, &what))?;
            }
        }
        Ok(Column {
            name,
            target,
            convert: entry.convert,
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
        Ok((target, entry.value))
    }

    fn check(&self, target: &Target, value: &Value) -> Result<(), Text> {
        target.field.check(self.kind, value).map_err(|problem| {
            let field = target.field.name;
            text!("字段 {field}:{problem}", "field {field}: {problem}")
        })
    }
}

fn in_column(name: &str, what: &Text) -> Text {
    let Text { zh, en } = what;
    text!("列“{name}”:{zh}", "column `{name}`: {en}")
}

fn check_grade_words(grade: &GradeColumn) -> Result<(), Text> {
    for word in grade.words.values().filter(|word| !word.is_empty()) {
        Name::new(word).map_err(|error| text!("分级词:{error}", "grade: {error}"))?;
    }
    Ok(())
}

fn refuse_twice<'a>(targets: impl Iterator<Item = &'a Target>) -> Result<(), Text> {
    let mut seen = std::collections::BTreeSet::new();
    for target in targets {
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
            "映射文件 {file} 无法使用:{zh}",
            "mapping {file} cannot be used: {en}"
        ),
        text!(
            "对照 deploy/linze/mappings/README.md 与章程中的类型修改映射",
            "change it to fit deploy/linze/mappings/README.md and the charter's kinds"
        ),
    )
}
