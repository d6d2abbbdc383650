//! What a person may read, and pages of it.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crdt_model::ids::Name;
use crdt_model::label::Label;
use node_runtime::view::View;

/// The node must be one that may hold it, and the person one that may read it there: the second by
/// itself says nothing of what is to go and has not gone yet.
pub(crate) fn may_read(view: &View<'_>, label: &Label, role: Name) -> bool {
    let (rules, node) = (&view.rules, view.node);
    let holds = label.home == node || rules.flow(label, node).allowed;
    holds && rules.read(label, node, role).allowed
}

/// The same, with each label decided once: a question of many parts asks again and again.
pub(crate) fn reader(view: &View<'_>, role: Name) -> impl Fn(&Label) -> bool {
    let decided = RefCell::new(BTreeMap::new());
    move |label| {
        let mut decided = decided.borrow_mut();
        let decide = || may_read(view, label, role);
        *decided.entry(*label).or_insert_with(decide)
    }
}

/// The offset to go on with, if there are more than these rows.
pub(crate) fn next(offset: u64, rows: usize, total: u64) -> Option<u64> {
    let next = offset.saturating_add(rows as u64);
    (rows > 0 && next < total).then_some(next)
}
