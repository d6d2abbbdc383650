//! What a sample has written.

use crdt_model::ids::Name;
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
