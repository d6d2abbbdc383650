//! What can be asked of the read model, and what it answers.

use crdt_model::ids::{Name, NodeId, RecordId};
use crdt_model::kind::{FieldType, Title, Word};
use crdt_model::value::Value;
use serde::{Deserialize, Serialize};

use super::protocol::LeftOutView;

pub use node_readmodel::Progress;
pub use node_readmodel::find::{Comparison, FoundRow};

/// The records that have a facet, filtered and sorted.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindRequest {
    /// The kind, or the full name of the facet. If none is given, the one facet that has all fields
    /// which are named.
    #[serde(default)]
    pub of: Option<Name>,
    /// What must hold, all of it.
    #[serde(default, rename = "where")]
    pub conditions: Vec<Wanted>,
    /// By what it is sorted; by record if by nothing.
    #[serde(default)]
    pub sort: Option<SortBy>,
    /// How many to leave out.
    #[serde(default)]
    pub offset: u64,
    /// At most this many, and never more than [`super::protocol::PAGE_ENTRIES_MAX`].
    pub limit: usize,
    /// As a person in this role may read them; the first that the charter lists if none is given.
    #[serde(default)]
    pub role: Option<Name>,
    /// Why restricted facets are looked at; written to the log.
    #[serde(default)]
    pub reason: Option<String>,
}

/// What must hold of a field.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The field, by its name or by what people call it; or `record`, `home`, `addressee`,
    /// `sensitivity`, `level`, `begun`, `changed`, `conflicts`, `left-out`.
    pub field: String,
    /// How it is compared.
    pub is: Comparison,
    /// With what, as JSON or as people write it; `null` stands for no value.
    pub value: Option<Value>,
}

/// By what rows are sorted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SortBy {
    /// As in [`Wanted::field`].
    pub field: String,
    /// Whether the greatest, or latest, comes first.
    #[serde(default)]
    pub descending: bool,
}

/// A page of rows.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Found {
    /// The facet that the rows are of.
    pub facet: Name,
    /// What people call it.
    pub title: Title,
    /// Its fields that rows can have, in the order people read them.
    pub columns: Vec<FoundColumn>,
    /// The rows.
    pub rows: Vec<FoundRow>,
    /// How many there are on all pages.
    pub total: u64,
    /// The offset to go on with, if there are more.
    pub next: Option<u64>,
    /// How far the read model has come, if it has not caught up: rows may be missing then.
    pub catching_up: Option<Progress>,
}

/// A field that rows can have.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FoundColumn {
    /// Its name.
    pub field: Name,
    /// What people call it.
    pub title: Title,
    /// What it holds.
    pub holds: FieldType,
    /// The words of its vocabulary.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<Word>,
}

/// The facets whose texts have some words.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchRequest {
    /// The words, parted by blanks: each must be there. In Chinese any characters that stand together
    /// are a word.
    pub text: String,
    /// Only of this kind, or only this facet.
    #[serde(default)]
    pub of: Option<Name>,
    /// How many to leave out.
    #[serde(default)]
    pub offset: u64,
    /// At most this many, and never more than [`super::protocol::PAGE_ENTRIES_MAX`].
    pub limit: usize,
    /// As a person in this role may read them; the first that the charter lists if none is given.
    #[serde(default)]
    pub role: Option<Name>,
    /// Why restricted facets are looked at; written to the log.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A page of hits, the latest first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Hits {
    /// The hits.
    pub hits: Vec<Hit>,
    /// How many there are on all pages.
    pub total: u64,
    /// The offset to go on with, if there are more.
    pub next: Option<u64>,
    /// How far the read model has come, if it has not caught up: hits may be missing then.
    pub catching_up: Option<Progress>,
}

/// One facet in which the words were found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Hit {
    /// The record.
    pub record: RecordId,
    /// The node it belongs to.
    pub home: NodeId,
    /// The facet.
    pub facet: Name,
    /// What people call it.
    pub title: Title,
    /// The key of the field in which they were found first.
    pub key: String,
    /// What people call that field.
    pub field: Title,
    /// What stands before it, cut.
    pub before: String,
    /// What was found.
    pub found: String,
    /// What stands after it, cut.
    pub after: String,
    /// The latest wall time of the facet's values in force, in milliseconds.
    pub changed_ms: u64,
}

/// What does not count, because two machines wrote as one node.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOutRequest {
    /// How many to leave out of the page.
    #[serde(default)]
    pub offset: u64,
    /// At most this many, and never more than [`super::protocol::PAGE_ENTRIES_MAX`].
    pub limit: usize,
    /// As a person in this role may read them; the first that the charter lists if none is given.
    #[serde(default)]
    pub role: Option<Name>,
    /// Why restricted facets are looked at; written to the log.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A page of values that do not count, the latest first.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LeftOutList {
    /// The values.
    pub values: Vec<LeftOutItem>,
    /// How many there are on all pages.
    pub total: u64,
    /// The offset to go on with, if there are more.
    pub next: Option<u64>,
    /// How far the read model has come, if it has not caught up: values may be missing then.
    pub catching_up: Option<Progress>,
}

/// One value that does not count, and where it is.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LeftOutItem {
    /// The record.
    pub record: RecordId,
    /// The node it belongs to.
    pub home: NodeId,
    /// The facet.
    pub facet: Name,
    /// What people call it.
    pub title: Title,
    /// What was written.
    pub written: LeftOutView,
}

/// How the read model stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReadModelStatus {
    /// The file that other programs may open, for reading.
    pub path: std::path::PathBuf,
    /// The number of its layout.
    pub format: u32,
    /// Stands for its tables.
    pub schema: String,
    /// Facets that it has.
    pub facets: u64,
    /// Facets that the node holds.
    pub all: u64,
    /// Bytes that it takes on disk.
    pub disk_bytes: u64,
    /// How far it has come, if it has not caught up.
    pub catching_up: Option<Progress>,
    /// Why it was made anew, the last time since the start, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_anew: Option<String>,
}
