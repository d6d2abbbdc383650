//! Where an item stands in the order that reconciliation walks, and the bounds between items.

use crate::ids::RecordId;
use crate::label::{FacetId, Label};

/// The place of one facet: by label first, then by record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Position {
    /// The facet's label.
    pub label: Label,
    /// The record it belongs to.
    pub record: RecordId,
}

impl Position {
    /// The facet that stands here.
    pub fn facet(&self) -> FacetId {
        self.label.facet_of(self.record)
    }

    /// The shortest position after `before` and not after this one: the bytes of the record's id
    /// that tell the two apart, then zeros.
    pub(crate) fn cut_after(&self, before: &Self) -> Self {
        let shared = if self.label == before.label {
            let pairs = self.record.0.iter().zip(&before.record.0);
            1 + pairs.take_while(|(one, other)| one == other).count()
        } else {
            0
        };
        let mut record = [0; 16];
        record
            .iter_mut()
            .zip(self.record.0)
            .take(shared)
            .for_each(|(to, from)| *to = from);
        Self {
            label: self.label,
            record: RecordId(record),
        }
    }
}

/// An end of a span. Items at `At(position)` belong to the span that begins there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Bound {
    /// Before everything.
    Start,
    /// Just before this position, whether or not an item stands there.
    At(Position),
    /// After everything.
    End,
}

/// Everything from `lower` on and before `upper`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Span {
    /// Where it begins.
    pub lower: Bound,
    /// Where it has ended.
    pub upper: Bound,
}

impl Span {
    /// Everything there is.
    pub const ALL: Self = Self {
        lower: Bound::Start,
        upper: Bound::End,
    };

    /// Whether this position lies in it.
    pub fn contains(&self, position: &Position) -> bool {
        let at = Bound::At(*position);
        self.lower <= at && at < self.upper
    }
}
