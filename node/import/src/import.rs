//! The settings of one import. Everything that turns rows into drafts reads them.

use crdt_model::ids::NodeId;

use crate::mapping::Mapping;
use crate::place::Placement;
use crate::rules::{Held, Rules};

/// The settings of one import.
#[derive(Clone, Copy)]
pub struct Import<'a> {
    /// Which column becomes which field.
    pub mapping: &'a Mapping,
    /// What people have laid down about places.
    pub placement: &'a Placement,
    /// What the charter lets this node write.
    pub rules: &'a dyn Rules,
    /// What this node holds.
    pub held: &'a dyn Held,
    /// The home of rows that cannot be placed otherwise.
    pub fallback_home: Option<NodeId>,
}
