//! What becomes of each row, and how many rows had which outcome.

use std::collections::BTreeMap;
use std::fmt::Write;

use crdt_model::ids::{Name, NodeId, RecordId};
use serde::{Deserialize, Serialize};

use crate::row::Place;
use crdt_model::text;
use crdt_model::text::Text;

/// What becomes of a row.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// A record that the node does not hold.
    Create {
        /// The facets it gets.
        facets: Vec<Name>,
    },
    /// A record that the node holds, with other values.
    Update {
        /// Facet to the fields that change; a facet that the record does not have yet is listed
        /// with all its fields.
        fields: BTreeMap<Name, Vec<String>>,
        /// Facets whose sensitivity or level rises.
        regraded: Vec<Name>,
    },
    /// The node holds everything in the row already.
    Unchanged,
    /// The row cannot or may not be imported.
    Refused {
        /// Why.
        reason: Text,
    },
    /// The row is not meant to become a record.
    Skipped {
        /// Why.
        reason: Text,
    },
}

impl Outcome {
    /// The order in which outcomes are shown. Refused rows come first: somebody has to act on them.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Refused { .. } => 0,
            Self::Create { .. } | Self::Update { .. } | Self::Unchanged => 1,
            Self::Skipped { .. } => 2,
        }
    }

    fn describe(&self) -> Text {
        match self {
            Self::Create { .. } => text!("新增", "new"),
            Self::Update { .. } => text!("更新", "update"),
            Self::Unchanged => text!("无变化", "unchanged"),
            Self::Refused {
                reason: Text { zh, en },
            } => text!("不能导入：{zh}", "refused: {en}"),
            Self::Skipped {
                reason: Text { zh, en },
            } => text!("跳过：{zh}", "skipped: {en}"),
        }
    }
}

/// A facet that is not written, of a row with other facets that are.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Withheld {
    /// The facet.
    pub facet: Name,
    /// Why.
    pub reason: Text,
}

/// One row and what becomes of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RowOutcome {
    /// The file's name.
    pub file: String,
    /// The line on which the row begins, from 1.
    pub line: u64,
    /// The row's key in its source, as people read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The record that the row names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordId>,
    /// The record's home.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home: Option<NodeId>,
    /// What becomes of the row.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The row's facets that are not written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<Withheld>,
    /// Oddities of the row.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Text>,
}

impl RowOutcome {
    /// A row with an outcome and nothing else to say.
    pub fn new(place: Place, key: Option<String>, outcome: Outcome) -> Self {
        Self {
            file: place.file.to_string(),
            line: place.line,
            key,
            record: None,
            home: None,
            outcome,
            withheld: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The row with its outcome and notes, on one line.
    pub(super) fn describe(&self) -> Text {
        let (file, line) = (&self.file, self.line);
        let key = self.key.as_deref().unwrap_or("");
        let Text { mut zh, mut en } = self.outcome.describe();
        for Withheld { facet, reason } in &self.withheld {
            // Writing to a string does not fail.
            let _ = write!(zh, "；{facet} 未写入：{}", reason.zh);
            let _ = write!(en, "; {facet} is not written: {}", reason.en);
        }
        for note in &self.notes {
            let _ = write!(zh, "；{}", note.zh);
            let _ = write!(en, "; {}", note.en);
        }
        text!(
            "{file} 第 {line} 行 {key}：{zh}",
            "{file}, line {line}, {key}: {en}"
        )
    }
}

/// How many rows had each outcome.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Totals {
    /// Rows that become new records.
    pub create: u64,
    /// Rows that change records.
    pub update: u64,
    /// Rows that change nothing.
    pub unchanged: u64,
    /// Rows that are refused.
    pub refused: u64,
    /// Rows that are no records.
    pub skipped: u64,
    /// Facets that are not written, of rows whose other facets are.
    pub withheld: u64,
}

impl Totals {
    /// How much is refused.
    pub fn refusals(&self) -> Refusals {
        let taken = self.create + self.update + self.unchanged;
        match (self.refused + self.withheld, taken) {
            (0, _) => Refusals::None,
            (_, 0) => Refusals::Wholly,
            _ => Refusals::Partly,
        }
    }

    /// Counts rows.
    pub fn of(rows: &[RowOutcome]) -> Self {
        let mut totals = Self::default();
        for row in rows {
            let count = match row.outcome {
                Outcome::Create { .. } => &mut totals.create,
                Outcome::Update { .. } => &mut totals.update,
                Outcome::Unchanged => &mut totals.unchanged,
                Outcome::Refused { .. } => &mut totals.refused,
                Outcome::Skipped { .. } => &mut totals.skipped,
            };
            *count += 1;
            totals.withheld += u64::try_from(row.withheld.len()).unwrap_or(0);
        }
        totals
    }
}

/// How much of the files is refused, rows and single facets of rows taken together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusals {
    /// Nothing.
    None,
    /// Some of it.
    Partly,
    /// All of it.
    Wholly,
}
