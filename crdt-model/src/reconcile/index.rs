//! All facets of a replica, by label, and the view of them that one pair of nodes shares.

use std::collections::BTreeMap;
use std::iter;

use super::fingerprint::{ItemDigest, Total};
use super::position::{Bound, Position, Span};
use super::tree::Tree;
use crate::ids::RecordId;
use crate::label::Label;

/// One [`Tree`] for each label that has items.
#[derive(Clone, Debug, Default)]
pub struct Index {
    trees: BTreeMap<Label, Tree>,
    items: u64,
}

impl Index {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts the facet of `record` under `label`, whose heads have the digest `heads`, or updates
    /// it. Returns whether anything changed.
    pub fn insert(&mut self, label: Label, record: RecordId, heads: [u8; 32]) -> bool {
        let digest = ItemDigest::of(&Position { label, record }, &heads);
        let replaced = self.trees.entry(label).or_default().insert(record, digest);
        if replaced.is_none() {
            self.items += 1;
        }
        replaced != Some(digest)
    }

    /// Removes the facet of `record` under `label`. Returns whether there was one.
    pub fn remove(&mut self, label: &Label, record: &RecordId) -> bool {
        let Some(tree) = self.trees.get_mut(label) else {
            return false;
        };
        let removed = tree.remove(record).is_some();
        if tree.is_empty() {
            self.trees.remove(label);
        }
        if removed {
            self.items -= 1;
        }
        removed
    }

    /// The digest of the facet at `position`.
    pub fn get(&self, position: &Position) -> Option<ItemDigest> {
        self.trees.get(&position.label)?.get(&position.record)
    }

    /// Count and sum of the facets with this label.
    pub fn total(&self, label: &Label) -> Total {
        self.trees.get(label).map_or(Total::ZERO, Tree::total)
    }

    /// The labels that have facets, in order.
    pub fn labels(&self) -> impl Iterator<Item = &Label> {
        self.trees.keys()
    }

    /// The records with a facet under this label, in order.
    pub fn records(&self, label: &Label) -> impl Iterator<Item = RecordId> {
        self.records_after(label, None)
    }

    /// Those of them after this one.
    pub fn records_after(
        &self,
        label: &Label,
        after: Option<RecordId>,
    ) -> impl Iterator<Item = RecordId> {
        let first = after.unwrap_or(RecordId([0; 16]));
        let tree = self.trees.get(label);
        tree.into_iter()
            .flat_map(move |tree| tree.iter_from(&first))
            .map(|(record, _)| record)
            .skip_while(move |record| Some(*record) <= after)
    }

    /// How many facets it has.
    pub fn len(&self) -> u64 {
        self.items
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.items == 0
    }
}

/// One label of the view.
#[derive(Clone, Copy, Debug)]
struct Part<'a> {
    label: &'a Label,
    tree: &'a Tree,
    /// Of the labels before it.
    before: Total,
}

/// What a pair of nodes compares: the facets of an [`Index`] whose label is in a list.
///
/// It refers to the trees of those labels and to nothing else, so no answer computed from it can
/// depend on a facet outside the list. To make one costs one look-up a label; after that every
/// question is logarithmic.
#[derive(Clone, Debug)]
pub struct Shared<'a> {
    labels: &'a [Label],
    parts: Vec<Part<'a>>,
    total: Total,
}

impl<'a> Shared<'a> {
    /// The view of `index` through `labels`, which must be sorted and without repeats; a list that
    /// is not shares nothing.
    pub fn new(index: &'a Index, labels: &'a [Label]) -> Self {
        let sorted = labels.is_sorted_by(|one, other| one < other);
        let labels = if sorted { labels } else { &[] };
        let mut total = Total::ZERO;
        let mut parts = Vec::new();
        for label in labels {
            if let Some(tree) = index.trees.get(label) {
                parts.push(Part {
                    label,
                    tree,
                    before: total,
                });
                total = total.plus(&tree.total());
            }
        }
        Self {
            labels,
            parts,
            total,
        }
    }

    /// Whether the pair compares facets with this label.
    pub fn compares(&self, label: &Label) -> bool {
        self.labels.binary_search(label).is_ok()
    }

    /// Count and sum of all it has.
    pub fn total(&self) -> Total {
        self.total
    }

    /// Stands for all it has: what two nodes tell each other first.
    pub fn digest(&self) -> [u8; 32] {
        self.total.digest()
    }

    /// The digest at a position.
    pub fn get(&self, position: &Position) -> Option<ItemDigest> {
        let index = self
            .parts
            .binary_search_by(|part| part.label.cmp(&position.label));
        self.parts.get(index.ok()?)?.tree.get(&position.record)
    }

    /// Count and sum of what lies in a span.
    pub fn total_in(&self, span: &Span) -> Total {
        if span.lower >= span.upper {
            return Total::ZERO;
        }
        self.before(&span.upper).minus(&self.before(&span.lower))
    }

    /// Count and sum of what lies before a bound.
    pub fn before(&self, bound: &Bound) -> Total {
        let position = match bound {
            Bound::Start => return Total::ZERO,
            Bound::End => return self.total,
            Bound::At(position) => position,
        };
        let index = self
            .parts
            .partition_point(|part| *part.label < position.label);
        match self.parts.get(index) {
            None => self.total,
            Some(part) if *part.label == position.label => {
                part.before.plus(&part.tree.before(&position.record))
            }
            Some(part) => part.before,
        }
    }

    /// The item that `rank` items stand before.
    pub fn nth(&self, rank: u64) -> Option<(Position, ItemDigest)> {
        let after = self
            .parts
            .partition_point(|part| part.before.count() <= rank);
        let part = self.parts.get(after.checked_sub(1)?)?;
        let (record, digest) = part.tree.nth(rank - part.before.count())?;
        Some((
            Position {
                label: *part.label,
                record,
            },
            digest,
        ))
    }

    /// The items of a span, in order.
    pub fn items_in(&self, span: &Span) -> impl Iterator<Item = (Position, ItemDigest)> {
        let Span { lower, upper } = *span;
        let (index, first) = match lower {
            Bound::Start => (0, RecordId([0; 16])),
            Bound::End => (self.parts.len(), RecordId([0; 16])),
            Bound::At(Position { label, record }) => {
                let index = self.parts.partition_point(|part| *part.label < label);
                let same = self
                    .parts
                    .get(index)
                    .is_some_and(|part| *part.label == label);
                (index, if same { record } else { RecordId([0; 16]) })
            }
        };
        let firsts = iter::once(first).chain(iter::repeat(RecordId([0; 16])));
        self.parts
            .get(index..)
            .unwrap_or(&[])
            .iter()
            .zip(firsts)
            .flat_map(|(part, first)| {
                part.tree.iter_from(&first).map(|(record, digest)| {
                    (
                        Position {
                            label: *part.label,
                            record,
                        },
                        digest,
                    )
                })
            })
            .take_while(move |(position, _)| Bound::At(*position) < upper)
    }

    /// The shortest bound that has exactly `rank` items before it.
    pub fn cut(&self, rank: u64) -> Bound {
        let Some((position, _)) = self.nth(rank) else {
            return Bound::End;
        };
        match rank.checked_sub(1).and_then(|rank| self.nth(rank)) {
            None => Bound::Start,
            Some((before, _)) => Bound::At(position.cut_after(&before)),
        }
    }
}
