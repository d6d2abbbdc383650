//! Labels: everything a rule may test about a facet.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::{Name, NodeId, RecordId};

/// The facet of one record in one place: what one Automerge document holds.
///
/// Home and addressee are part of the identity: a commit that names another home is a commit on
/// another facet, so nobody can move a facet by writing to it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct FacetId {
    /// The record it belongs to.
    pub record: RecordId,
    /// The facet's full name, `kind.facet`, such as `case.summary`.
    pub facet: Name,
    /// The node the record belongs to.
    pub home: NodeId,
    /// The node it is meant for, with that node's subtree; home where it is meant for nobody else.
    pub addressee: NodeId,
}

impl FacetId {
    /// The label of this facet at a grade.
    pub fn label(&self, grade: Grade) -> Label {
        Label {
            facet: self.facet,
            home: self.home,
            addressee: self.addressee,
            grade,
        }
    }
}

/// The part of a label that can change: by a signed commit, checked by rule (`regrade`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Grade {
    /// How sensitive the facet is, from the charter's `sensitivities`.
    pub sensitivity: Name,
    /// The level that handles the record, from the charter's `levels`.
    pub level: Name,
}

/// Everything a rule may test about a facet. Every part is a closed vocabulary of the charter, so
/// the set of labels is finite.
///
/// Ordered by facet, home, addressee, sensitivity, level: the first half of the order that
/// reconciliation walks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Label {
    /// The facet's full name, `kind.facet`.
    pub facet: Name,
    /// The node the record belongs to.
    pub home: NodeId,
    /// The node it is meant for; home where it is meant for nobody else.
    pub addressee: NodeId,
    /// Sensitivity and handling level.
    #[serde(flatten)]
    pub grade: Grade,
}

impl Label {
    /// The facet of `record` that has this label.
    pub fn facet_of(&self, record: RecordId) -> FacetId {
        FacetId {
            record,
            facet: self.facet,
            home: self.home,
            addressee: self.addressee,
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.facet, self.home)?;
        if self.addressee != self.home {
            write!(f, " for {}", self.addressee)?;
        }
        write!(f, " ({}, {})", self.grade.sensitivity, self.grade.level)
    }
}
