//! The nodes of a [`Tree`](super::tree::Tree): inserting, splitting, removing, joining.

use super::fingerprint::{ItemDigest, Total};
use crate::ids::RecordId;

const LEAF_ENTRIES_MAX: usize = 64;
const INNER_CHILDREN_MAX: usize = 32;
/// Room that a full vector grows by, and that a leaf has empty at most. Doubling would leave half of
/// it empty.
const GROWTH: usize = 8;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    pub(super) record: RecordId,
    pub(super) digest: ItemDigest,
}

#[derive(Clone, Debug)]
pub(super) enum Node {
    Leaf(Vec<Entry>),
    Inner(Vec<Child>),
}

#[derive(Clone, Debug)]
pub(super) struct Child {
    /// Not after any record below it, and after every record of the children before it.
    pub(super) first: RecordId,
    pub(super) total: Total,
    pub(super) node: Node,
}

/// Index of the child that a record belongs below.
pub(super) fn below(children: &[Child], record: &RecordId) -> usize {
    children
        .partition_point(|child| child.first <= *record)
        .saturating_sub(1)
}

/// Inserts without doubling the capacity.
fn insert_at<T>(list: &mut Vec<T>, index: usize, value: T) {
    if list.len() == list.capacity() {
        list.reserve_exact(GROWTH);
    }
    list.insert(index, value);
}

impl Node {
    fn len(&self) -> usize {
        match self {
            Self::Leaf(entries) => entries.len(),
            Self::Inner(children) => children.len(),
        }
    }

    fn len_max(&self) -> usize {
        match self {
            Self::Leaf(_) => LEAF_ENTRIES_MAX,
            Self::Inner(_) => INNER_CHILDREN_MAX,
        }
    }

    pub(super) fn first(&self) -> Option<RecordId> {
        match self {
            Self::Leaf(entries) => entries.first().map(|entry| entry.record),
            Self::Inner(children) => children.first().map(|child| child.first),
        }
    }

    fn total(&self) -> Total {
        match self {
            Self::Leaf(entries) => entries.iter().fold(Total::ZERO, |total, entry| {
                total.plus(&Total::of(&entry.digest))
            }),
            Self::Inner(children) => children
                .iter()
                .fold(Total::ZERO, |total, child| total.plus(&child.total)),
        }
    }

    /// Inserts or replaces. The node may be one over its limit afterwards; whoever holds it splits
    /// it.
    pub(super) fn insert(&mut self, new: Entry) -> Option<ItemDigest> {
        match self {
            Self::Leaf(entries) => {
                match entries.binary_search_by_key(&new.record, |entry| entry.record) {
                    Ok(index) => {
                        let entry = entries.get_mut(index)?;
                        Some(std::mem::replace(entry, new).digest)
                    }
                    Err(index) => {
                        insert_at(entries, index, new);
                        None
                    }
                }
            }
            Self::Inner(children) => {
                let index = below(children, &new.record);
                let child = children.get_mut(index)?;
                let replaced = child.node.insert(new);
                child.first = child.first.min(new.record);
                if let Some(old) = replaced {
                    child.total = child.total.minus(&Total::of(&old));
                }
                child.total = child.total.plus(&Total::of(&new.digest));
                if let Some(sibling) = child.node.split_if_over() {
                    child.total = child.total.minus(&sibling.total);
                    insert_at(children, index + 1, sibling);
                }
                replaced
            }
        }
    }

    pub(super) fn split_if_over(&mut self) -> Option<Child> {
        if self.len() <= self.len_max() {
            return None;
        }
        let half = self.len() / 2;
        let node = match self {
            Self::Leaf(entries) => {
                let upper = entries.split_off(half);
                entries.shrink_to_fit();
                Self::Leaf(upper)
            }
            Self::Inner(children) => {
                let upper = children.split_off(half);
                children.shrink_to_fit();
                Self::Inner(upper)
            }
        };
        Some(Child {
            first: node.first()?,
            total: node.total(),
            node,
        })
    }

    /// Removes. The node may have too few entries afterwards; whoever holds it evens it out.
    pub(super) fn remove(&mut self, record: &RecordId) -> Option<ItemDigest> {
        match self {
            Self::Leaf(entries) => {
                let index = entries
                    .binary_search_by_key(record, |entry| entry.record)
                    .ok()?;
                let removed = entries.remove(index);
                entries.shrink_to(entries.len() + GROWTH);
                Some(removed.digest)
            }
            Self::Inner(children) => {
                let index = below(children, record);
                let child = children.get_mut(index)?;
                let removed = child.node.remove(record)?;
                child.total = child.total.minus(&Total::of(&removed));
                if child.node.len() < child.node.len_max() / 4 {
                    even_out(children, index.saturating_sub(1));
                }
                Some(removed)
            }
        }
    }

    fn append(&mut self, other: Self) {
        match (self, other) {
            (Self::Leaf(entries), Self::Leaf(mut more)) => {
                entries.reserve_exact(more.len());
                entries.append(&mut more);
            }
            (Self::Inner(children), Self::Inner(mut more)) => {
                children.reserve_exact(more.len());
                children.append(&mut more);
            }
            _ => unreachable!("INVARIANT: siblings have the same depth"),
        }
    }
}

/// Joins the children at `index` and after it, and splits them again if they are too many for one.
fn even_out(children: &mut Vec<Child>, index: usize) {
    if index + 1 >= children.len() {
        return;
    }
    let right = children.remove(index + 1);
    if let Some(left) = children.get_mut(index) {
        left.total = left.total.plus(&right.total);
        left.node.append(right.node);
        if let Some(sibling) = left.node.split_if_over() {
            left.total = left.total.minus(&sibling.total);
            children.insert(index + 1, sibling);
        }
    }
}
