//! Requests on single records.

use crdt_model::ids::NodeId;

use super::counts::Counts;
use node_app::asked::protocol::Request;

/// What happens to one record: requests, in their order.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Course {
    /// The requests, the first one first.
    pub requests: Vec<Request>,
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
