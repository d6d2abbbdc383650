//! The items of one label, in the order of their records, with sums over any stretch of them.
//!
//! A B+-tree: leaves of up to 64 sorted entries (16 bytes of record, 32 of digest), inner nodes of
//! up to 32 children, each with the first record, the count and the sum of what lies below it.
//! Every node but the root is at least a quarter full, so every operation is logarithmic, and the
//! shape of the ids does not matter: ids that share a prefix make no tree deeper.
//!
//! INVARIANT: all leaves have the same depth; at most `log8(items)`, 21 for any count there can be,
//! which bounds the recursion of inserting and removing.

use super::fingerprint::{ItemDigest, Total};
use super::node::{Child, Entry, Node, below};
use crate::ids::RecordId;

/// An ordered map from record to digest that knows the sum of any stretch of it.
#[derive(Clone, Debug)]
pub struct Tree {
    root: Node,
    total: Total,
}

impl Default for Tree {
    fn default() -> Self {
        Self {
            root: Node::Leaf(Vec::new()),
            total: Total::ZERO,
        }
    }
}

impl Tree {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Count and sum of all its items.
    pub fn total(&self) -> Total {
        self.total
    }

    /// Whether it has no items.
    pub fn is_empty(&self) -> bool {
        self.total.count() == 0
    }

    /// The digest at a record.
    pub fn get(&self, record: &RecordId) -> Option<ItemDigest> {
        let mut node = &self.root;
        loop {
            match node {
                Node::Inner(children) => node = &children.get(below(children, record))?.node,
                Node::Leaf(entries) => {
                    let found = entries
                        .binary_search_by_key(record, |entry| entry.record)
                        .ok()?;
                    return entries.get(found).map(|entry| entry.digest);
                }
            }
        }
    }

    /// Puts a digest at a record, and returns the one that stood there.
    pub fn insert(&mut self, record: RecordId, digest: ItemDigest) -> Option<ItemDigest> {
        let replaced = self.root.insert(Entry { record, digest });
        if let Some(old) = replaced {
            self.total = self.total.minus(&Total::of(&old));
        }
        self.total = self.total.plus(&Total::of(&digest));
        if let Some(sibling) = self.root.split_if_over() {
            let root = std::mem::replace(&mut self.root, Node::Inner(Vec::new()));
            let total = self.total.minus(&sibling.total);
            let first = root.first().unwrap_or(RecordId([0; 16]));
            let child = Child {
                first,
                total,
                node: root,
            };
            self.root = Node::Inner(vec![child, sibling]);
        }
        replaced
    }

    /// Removes a record, and returns its digest.
    pub fn remove(&mut self, record: &RecordId) -> Option<ItemDigest> {
        let removed = self.root.remove(record)?;
        self.total = self.total.minus(&Total::of(&removed));
        while let Node::Inner(children) = &mut self.root
            && children.len() == 1
            && let Some(only) = children.pop()
        {
            self.root = only.node;
        }
        Some(removed)
    }

    /// Count and sum of the items before this record.
    pub fn before(&self, record: &RecordId) -> Total {
        let mut before = Total::ZERO;
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(entries) => {
                    let below = entries.iter().take_while(|entry| entry.record < *record);
                    return below
                        .fold(before, |total, entry| total.plus(&Total::of(&entry.digest)));
                }
                Node::Inner(children) => {
                    let index = below(children, record);
                    let passed = children.iter().take(index);
                    before = passed.fold(before, |total, child| total.plus(&child.total));
                    match children.get(index) {
                        Some(child) => node = &child.node,
                        None => return before,
                    }
                }
            }
        }
    }

    /// The item that `rank` items stand before.
    pub fn nth(&self, rank: u64) -> Option<(RecordId, ItemDigest)> {
        let mut rank = rank;
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(entries) => {
                    let entry = entries.get(usize::try_from(rank).ok()?)?;
                    return Some((entry.record, entry.digest));
                }
                Node::Inner(children) => {
                    let child = children.iter().find(|child| {
                        let here = rank < child.total.count();
                        if !here {
                            rank -= child.total.count();
                        }
                        here
                    });
                    node = &child?.node;
                }
            }
        }
    }

    /// The items from this record on, in order.
    pub fn iter_from(&self, record: &RecordId) -> Iter<'_> {
        let mut iter = Iter {
            inner: Vec::new(),
            leaf: [].iter(),
        };
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(entries) => {
                    let from = entries.partition_point(|entry| entry.record < *record);
                    iter.leaf = entries.get(from..).unwrap_or(&[]).iter();
                    return iter;
                }
                Node::Inner(children) => {
                    let index = below(children, record);
                    let mut rest = children.get(index..).unwrap_or(&[]).iter();
                    let Some(child) = rest.next() else {
                        return iter;
                    };
                    iter.inner.push(rest);
                    node = &child.node;
                }
            }
        }
    }
}

/// The items of a [`Tree`] in order.
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    inner: Vec<std::slice::Iter<'a, Child>>,
    leaf: std::slice::Iter<'a, Entry>,
}

impl Iterator for Iter<'_> {
    type Item = (RecordId, ItemDigest);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(entry) = self.leaf.next() {
                return Some((entry.record, entry.digest));
            }
            match self.inner.last_mut()?.next() {
                None => _ = self.inner.pop(),
                Some(child) => match &child.node {
                    Node::Leaf(entries) => self.leaf = entries.iter(),
                    Node::Inner(children) => self.inner.push(children.iter()),
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::reconcile::node::{Child, Entry};

    /// Bytes on the heap, and the depth.
    fn size(node: &Node) -> (usize, usize) {
        match node {
            Node::Leaf(entries) => (entries.capacity() * size_of::<Entry>(), 1),
            Node::Inner(children) => {
                let own = children.capacity() * size_of::<Child>();
                let below = children.iter().map(|child| size(&child.node));
                below.fold((own, 0), |(bytes, depth), (more, deep)| {
                    (bytes + more, depth.max(deep + 1))
                })
            }
        }
    }

    fn tree(ids: impl Iterator<Item = [u8; 16]>) -> Tree {
        let mut tree = Tree::new();
        for id in ids {
            tree.insert(RecordId(id), ItemDigest::of_bytes([id[0]; 32]));
        }
        tree
    }

    /// Checks what the documentation says of a node; returns its total, depth, and its first and
    /// last record.
    fn check(node: &Node, is_root: bool) -> (Total, usize, Option<[RecordId; 2]>) {
        let (len, len_max) = match node {
            Node::Leaf(entries) => (entries.len(), 64),
            Node::Inner(children) => (children.len(), 32),
        };
        assert!(len <= len_max && (is_root || len >= len_max / 4), "{len}");
        match node {
            Node::Leaf(entries) => {
                assert!(entries.is_sorted_by(|one, other| one.record < other.record));
                assert!(
                    entries.capacity() <= len + 8,
                    "{} for {len}",
                    entries.capacity()
                );
                let sum = |total: Total, entry: &Entry| total.plus(&Total::of(&entry.digest));
                let ends = entries.first().zip(entries.last());
                let ends = ends.map(|(first, last)| [first.record, last.record]);
                (entries.iter().fold(Total::ZERO, sum), 1, ends)
            }
            Node::Inner(children) => {
                assert!(len >= 2);
                let (mut total, mut depths) = (Total::ZERO, Vec::new());
                let mut ends: Option<[RecordId; 2]> = None;
                for child in children {
                    let (found, depth, below) = check(&child.node, false);
                    assert_eq!(child.total, found);
                    total = total.plus(&found);
                    depths.push(depth + 1);
                    let [first, last] = below.expect("it is not empty");
                    assert!(child.first <= first);
                    assert!(ends.is_none_or(|[_, before]| before < child.first));
                    ends = Some([ends.map_or(first, |[first, _]| first), last]);
                }
                depths.dedup();
                assert_eq!(depths.len(), 1, "all leaves have the same depth");
                (total, depths[0], ends)
            }
        }
    }

    fn check_growing_and_shrinking(order: &str, id: impl Fn(u32) -> [u8; 16]) {
        let mut tree = Tree::new();
        let look = |tree: &Tree, number: u32| {
            if number.is_multiple_of(61) {
                let (total, depth, _) = check(&tree.root, true);
                assert_eq!(tree.total(), total, "{order}");
                assert!(depth <= 4, "{order}");
            }
        };
        for number in 0..5000 {
            let id = id(number);
            tree.insert(RecordId(id), ItemDigest::of_bytes([id[0]; 32]));
            look(&tree, number);
        }
        for number in 0..5000 {
            assert!(tree.remove(&RecordId(id(number))).is_some());
            look(&tree, number);
        }
        assert!(tree.is_empty());
        assert_eq!(check(&tree.root, true), (Total::ZERO, 1, None));
    }

    #[test]
    fn a_tree_that_grows_and_shrinks_at_any_place_keeps_its_shape() {
        let rising = |number: u32| (u128::from(number) << 8).to_be_bytes();
        check_growing_and_shrinking("rising", rising);
        check_growing_and_shrinking("falling", |number| rising(5000 - number));
        check_growing_and_shrinking("random", |number| {
            let hash = Sha256::digest(number.to_be_bytes());
            std::array::from_fn(|at| hash[at])
        });
    }

    fn leaf_lengths(node: &Node) -> Vec<usize> {
        match node {
            Node::Leaf(entries) => vec![entries.len()],
            Node::Inner(children) => {
                let below = children.iter().map(|child| leaf_lengths(&child.node));
                below.flatten().collect()
            }
        }
    }

    #[test]
    fn a_leaf_is_joined_with_its_neighbour_once_it_is_less_than_a_quarter_full() {
        let id = |number: u32| (u128::from(number) << 8).to_be_bytes();
        let mut tree = tree((0..128).map(id));
        let before = leaf_lengths(&tree.root);
        assert_eq!(before, [32, 32, 64]);
        for number in 0..16 {
            tree.remove(&RecordId(id(number)));
        }
        assert_eq!(leaf_lengths(&tree.root), [16, 32, 64]);
        tree.remove(&RecordId(id(16)));
        assert_eq!(leaf_lengths(&tree.root), [47, 64]);
    }

    #[test]
    fn an_item_takes_less_than_64_bytes_in_whatever_order_items_come() {
        const ITEMS: u32 = 200_000;
        let random = |number: u32| {
            let hash = Sha256::digest(number.to_be_bytes());
            std::array::from_fn(|at| hash[at])
        };
        let rising = |number: u32| (u128::from(number) << 8).to_be_bytes();
        let trees = [
            ("random", tree((0..ITEMS).map(random))),
            ("rising", tree((0..ITEMS).map(rising))),
            ("falling", tree((0..ITEMS).rev().map(rising))),
        ];
        for (order, tree) in trees {
            let (bytes, depth) = size(&tree.root);
            let each = bytes as f64 / f64::from(ITEMS);
            println!("{order}: {each:.1} bytes an item, depth {depth}");
            assert!(
                bytes < 64 * ITEMS as usize && depth <= 5,
                "{order}: {each} bytes, depth {depth}"
            );
        }
    }

    #[test]
    fn a_tree_that_shrinks_gives_its_memory_back() {
        let id = |number: u32| (u128::from(number) << 8).to_be_bytes();
        let mut tree = tree((0..50_000).map(id));
        for number in (0..50_000).filter(|number| number % 50 != 0) {
            assert!(tree.remove(&RecordId(id(number))).is_some());
        }
        let (bytes, depth) = size(&tree.root);
        assert_eq!(tree.total().count(), 1000);
        assert!(
            bytes < 160 * 1000 && depth <= 3,
            "{bytes} bytes, depth {depth}"
        );
    }
}
