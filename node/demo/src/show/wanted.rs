//! The options of a demonstration.

use crdt_model::ids::NodeId;

use crate::options::CountyOptions;
use crdt_model::text::Language;

/// The options of a demonstration, as the command line gives them.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The options of the county.
    pub options: CountyOptions,
    /// Whether to end once everything has arrived and was verified, instead of showing it live.
    pub exit_when_synced: bool,
    /// Whether a program reads standard output. It gets one JSON object and nothing else.
    pub json: bool,
    /// The nodes whose lines are cut for a while.
    pub cut: Vec<NodeId>,
    /// Seconds after which the lines are healed. Without it, a demonstration that is shown live leaves
    /// them cut.
    pub cut_for_s: Option<u64>,
    /// Whether to restore the lines of a county that another process runs.
    pub heal: bool,
    /// Seconds after loading in which everything must have arrived.
    pub timeout_s: u64,
    /// The language of what people see.
    pub language: Language,
}
