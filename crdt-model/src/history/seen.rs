//! What the author of a commit had seen of a field.

use std::collections::BTreeSet;

use super::History;
use super::past::Past;
use crate::commit::Commit;
use crate::value::{Operation, OperationId, Value};

impl History {
    /// The values that an operation of a commit overwrites, as far as they are in its past.
    pub fn overwritten(&self, commit: &Commit, operation: &Operation) -> Vec<&Value> {
        let past = Past::of(self, &commit.body().parents);
        let mut values = Vec::new();
        for id in &operation.overwrites {
            let made = self.makers(id).filter(|at| past.has(*at));
            let before = made.filter_map(|at| self.operation_at(at, id));
            let before = before.filter(|before| before.key == operation.key);
            values.extend(before.filter_map(|before| before.value.as_ref()));
        }
        values
    }

    /// Whether a field has a value once a commit has written what it writes.
    pub fn has_value_after(&self, commit: &Commit, key: &str) -> bool {
        let body = commit.body();
        if let Some(operation) = body.operations.iter().find(|one| one.key == key) {
            return operation.value.is_some();
        }
        let past = Past::of(self, &body.parents);
        let (mut written, mut overwritten) = (BTreeSet::new(), BTreeSet::new());
        let placed = self.placed.iter().enumerate();
        for (_, placed) in placed.filter(|(at, _)| past.has(*at)) {
            let operations = placed.commit.counted_operations();
            for (counter, operation) in operations.filter(|(_, one)| one.key == key) {
                overwritten.extend(operation.overwrites.iter().copied());
                let actor = placed.actor;
                written.extend(
                    operation
                        .value
                        .is_some()
                        .then_some(OperationId { counter, actor }),
                );
            }
        }
        written.difference(&overwritten).next().is_some()
    }

    /// What made an operation, of the commits that count.
    pub fn made(&self, id: &OperationId) -> Option<(&Commit, &Operation)> {
        let made = self.makers(id);
        let mut made = made.filter_map(|at| Some((&self.placed.get(at)?.commit, at)));
        let (commit, at) = made.find(|(commit, _)| !self.is_frozen(commit))?;
        Some((commit, self.operation_at(at, id)?))
    }

    fn operation_at(&self, at: usize, id: &OperationId) -> Option<&Operation> {
        let mut operations = self.placed.get(at)?.commit.counted_operations();
        let found = operations.find(|(counter, _)| *counter == id.counter);
        found.map(|(_, operation)| operation)
    }
}
