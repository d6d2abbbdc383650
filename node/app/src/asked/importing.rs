//! Imports, as they are asked for and answered.

use crdt_model::ids::NodeId;
use serde::{Deserialize, Serialize};

use super::attached::Attached;
use crdt_model::text::Text;
use node_import::Refusals;
use node_import::decode::Named;

/// What is to be imported.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportRequest {
    /// The files.
    pub files: Vec<Attached>,
    /// A column mapping, for spreadsheets saved as text.
    #[serde(default)]
    pub mapping: Option<Attached>,
    /// The home of rows that name none.
    #[serde(default)]
    pub home: Option<NodeId>,
    /// A table of device to node, for rows that name none.
    #[serde(default)]
    pub placement: Option<Attached>,
    /// The encoding of the files, for who knows better than their bytes say.
    #[serde(default)]
    pub encoding: Option<Named>,
    /// Whether to write.
    pub apply: bool,
}

/// What an import did, or would do.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ImportReport {
    /// For people.
    pub text: Text,
    /// For programs: [`node_import::Preview`] as JSON.
    pub preview: serde_json::Value,
    /// Whether it was written; a preview writes nothing.
    pub applied: bool,
    /// Facets that were written.
    pub written: u64,
    /// How much of the files is refused, by the preview or, if it was written, by the writing. Which
    /// rows, and why, is in `preview`.
    pub refused: Refusals,
}
