//! What is written of single records.

use crdt_model::ids::{Name, NodeId};

use super::counts::Counts;
use node_app::use_cases::record_add::AddRequest;
use node_app::use_cases::record_set::SetRequest;

/// Something that a person of the sample has written.
#[derive(Clone, PartialEq, Debug)]
pub enum Write {
    /// A new record, or new facets of one.
    Add(AddRequest),
    /// Changes of a record, by somebody in a role; in the first if none is given.
    Set(SetRequest, Option<Name>),
}

/// What happens to one record: requests, in their order.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Course {
    /// The requests, the first one first.
    pub requests: Vec<Write>,
}

/// Makes the records of one sort whose numbers lie between two counts. Each is made from its number, and
/// comes with the node that makes it.
pub(super) fn each(
    from: &Counts,
    to: &Counts,
    of: fn(&Counts) -> u64,
    make: impl Fn(u64) -> (NodeId, Course),
) -> Vec<(NodeId, Course)> {
    (of(from)..of(to)).map(make).collect()
}
