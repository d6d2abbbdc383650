//! All files of one import, as every reader returns them, whatever their format: the rows, the rows
//! that were set aside, and counts of what was left out.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::decode::{self, DecodedAs};
use crate::forbidden;
use crate::limits::COUNTED_NAMES_MAX;
use crate::outcome::{Outcome, RowOutcome};
use crate::row::{Columns, Place, Row, quoted};
use crdt_model::text;
use crdt_model::text::{Problem, Text};

/// One file as handed over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceFile {
    /// Its name, for messages.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// One file as it was read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FileRead {
    /// Its name.
    pub name: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// What its bytes turned out to be.
    pub decoded_as: DecodedAs,
}

/// How often something was left behind, by the name of its column or element.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Counts {
    counts: BTreeMap<String, u64>,
}

impl Counts {
    /// Counts one more; past [`COUNTED_NAMES_MAX`] names, under `…`.
    pub fn add(&mut self, name: &str) {
        let known = self.counts.contains_key(name);
        let name = if known || self.counts.len() < COUNTED_NAMES_MAX {
            name
        } else {
            "…"
        };
        *self.counts.entry(name.to_owned()).or_insert(0) += 1;
    }

    /// How often this name was counted.
    pub fn of(&self, name: &str) -> u64 {
        self.counts.get(name).copied().unwrap_or(0)
    }

    /// All names with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.counts
            .iter()
            .map(|(name, count)| (name.as_str(), *count))
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}

/// A catalogue of which not every item arrived.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Partial {
    /// The platform that answered, as its `DeviceID` says.
    pub platform: String,
    /// The answer's serial number.
    pub sn: String,
    /// Items the answer announces in all.
    pub announced: u64,
    /// Different items that arrived.
    pub received: u64,
}

/// All files of one import, read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Source {
    /// The files.
    pub files: Vec<FileRead>,
    /// The columns of all rows.
    pub columns: Columns,
    /// What can be planned.
    pub rows: Vec<Row>,
    /// Rows that were refused or skipped while reading.
    pub set_aside: Vec<RowOutcome>,
    /// What was dropped because it may not exist in the mesh.
    pub dropped: Counts,
    /// What the columns hold by their names.
    pub judged: forbidden::Columns,
    /// Catalogues that did not arrive whole.
    pub partial: Vec<Partial>,
    /// What a person should know about the files.
    pub notes: Vec<Text>,
}

impl Source {
    /// Sets a row aside as refused.
    pub fn refuse(&mut self, place: &Place, key: Option<String>, reason: Text) {
        let outcome = Outcome::Refused { reason };
        self.set_aside
            .push(RowOutcome::new(place.clone(), key, outcome));
    }

    /// Sets a row aside as skipped on purpose.
    pub fn skip(&mut self, place: &Place, key: Option<String>, reason: Text) {
        let outcome = Outcome::Skipped { reason };
        self.set_aside
            .push(RowOutcome::new(place.clone(), key, outcome));
    }

    /// Puts a foreign cell into a row, unless it is empty or may not exist in the mesh. The reason
    /// for refusing the whole row, if there is one, is returned.
    pub fn admit(&mut self, row: &mut Row, name: &str, value: &str) -> Result<(), Text> {
        let value = value.trim();
        if value.is_empty() {
            return Ok(());
        }
        let name = name.trim();
        let value = match self.judged.judge(name, value) {
            forbidden::Verdict::Admitted => value,
            forbidden::Verdict::OnlyThatItWasPresent => {
                self.dropped.add(&quoted(name));
                forbidden::PRESENT
            }
            forbidden::Verdict::Column => {
                self.dropped.add(&quoted(name));
                return Ok(());
            }
            forbidden::Verdict::Value(found) => {
                self.dropped.add(&quoted(name));
                let (name, Text { zh, en }) = (quoted(name), found.name());
                row.notes.push(text!(
                    "“{name}”含有{zh}，不得入网，该格未导入",
                    "`{name}` holds {en}, which may not be in the mesh: the cell was dropped"
                ));
                return Ok(());
            }
        };
        if decode::is_damaged(value) {
            return Err(decode::damaged());
        }
        if let Some(column) = self.columns.intern(name) {
            row.set(column, value.to_owned());
        } else {
            self.dropped.add("…");
        }
        Ok(())
    }
}

/// Puts the file's name in front of what is wrong with the file.
pub(super) fn of_file(name: &str, problem: Problem) -> Problem {
    let Problem { code, what, next } = problem;
    let (zh, en) = (what.zh, what.en);
    Problem {
        code,
        what: text!("{name}：{zh}", "{name}: {en}"),
        next,
    }
}
