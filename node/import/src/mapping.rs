//! Mappings: which column of a foreign file becomes which field of which facet.
//!
//! A mapping is a TOML file that whoever knows the foreign system writes; it is checked against the
//! charter's kinds before a row is read. `deploy/linze/mappings/README.md` describes the format.

use std::collections::BTreeMap;

use crdt_model::ids::{Name, NodeId};
use crdt_model::kind::{Field, Kinds, Title};
use crdt_model::value::Value;
use serde::Deserialize;

use crate::decode::Named;
use crate::mapping_file;
use crdt_model::text::{Problem, Text};

/// The mapping that is used where none is named: camera catalogues need none from the person.
const OF_CATALOGUES: &str = include_str!("../../../deploy/linze/mappings/gb28181.toml");

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
    /// What in it is not TOML, not a mapping, or not what the kinds have.
    pub fn parse(file: &str, text: &str, kinds: &Kinds) -> Result<Self, Problem> {
        mapping_file::parse(file, text, kinds)
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
