//! What a person or an import wants written: fields and values, before it becomes a commit.

use std::collections::BTreeMap;

use crate::label::{FacetId, Grade};
use crate::value::Value;

/// Field key to new value, or to `None` to clear the field.
pub type Fields = BTreeMap<String, Option<Value>>;

/// New values for the fields of one facet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Draft {
    /// The facet to write. It is created if the node does not hold it.
    pub facet: FacetId,
    /// The grade of a new facet, or the grade to take an existing one to; `None` for the default
    /// of a new facet, or to leave an existing one's alone.
    pub grade: Option<Grade>,
    /// What its fields are to say.
    pub fields: Fields,
}
