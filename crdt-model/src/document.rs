//! Documents: what the commits of one facet come to. Built from a history through Automerge when
//! somebody reads, and never from bytes that a peer sent: every change is made here, from a commit
//! that was judged before.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use automerge::legacy::{Key, ObjectId, Op, OpId, OpType};
use automerge::{Automerge, Change, ChangeHash, ExpandedChange, ROOT, ReadDoc, ScalarValue};

use crate::commit::Commit;
use crate::history::History;
use crate::ids::{ActorId, CommitHash, NodeId};
use crate::time::WallTime;
use crate::value::{Operation, OperationId, Value};

/// One value of a field, with who wrote it and when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Written {
    /// The value.
    pub value: Value,
    /// The operation that wrote it.
    pub operation: OperationId,
    /// The node that wrote it.
    pub author: NodeId,
    /// What that node's clock showed.
    pub wall: WallTime,
    /// The commit it is in.
    pub commit: CommitHash,
}

/// The fields of one facet. A field has more than one value where they were written concurrently:
/// all are kept until somebody settles them by writing again.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Document {
    fields: BTreeMap<String, Vec<Written>>,
}

/// Why a history did not become a document. Judged commits always do: this is a fault of the
/// program, not of a peer.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Automerge refused a change.
    #[error("automerge refused a change of a judged history: {0}")]
    Automerge(#[from] automerge::AutomergeError),
    /// A change waits for another that is not there.
    #[error("the document has {found} heads where its history has {expected}")]
    Heads {
        /// Of the document.
        found: usize,
        /// Of the history.
        expected: usize,
    },
}

impl Document {
    /// Builds the document of a history.
    pub fn build(history: &History) -> Result<Self, DocumentError> {
        let mut names: BTreeMap<CommitHash, ChangeHash> = BTreeMap::new();
        let mut changes = Vec::with_capacity(history.len());
        let mut authors: BTreeMap<ActorId, Vec<&Commit>> = BTreeMap::new();
        for (commit, actor) in history.commits() {
            let change = change_of(commit, actor, &names);
            names.insert(commit.hash(), change.hash());
            authors.entry(actor).or_default().push(commit);
            changes.push(change);
        }
        let mut automerge = Automerge::new();
        automerge.apply_changes(changes)?;
        let (found, expected) = (automerge.get_heads().len(), history.heads().count());
        if found != expected {
            return Err(DocumentError::Heads { found, expected });
        }
        let mut fields = BTreeMap::new();
        for key in automerge.keys(ROOT) {
            let mut values = Vec::new();
            for (value, id) in automerge.get_all(ROOT, key.as_str())? {
                values.extend(written(&value, &id, &authors));
            }
            values.sort_by_key(|written| written.operation);
            fields.insert(key, values);
        }
        Ok(Self { fields })
    }

    /// All fields by key, each with its values, the latest by counter last.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &[Written])> {
        self.fields
            .iter()
            .map(|(key, values)| (key.as_str(), values.as_slice()))
    }

    /// The values of one field.
    pub fn values(&self, key: &str) -> &[Written] {
        self.fields.get(key).map_or(&[], Vec::as_slice)
    }

    /// The value of one field, if exactly one is in force.
    pub fn settled(&self, key: &str) -> Option<&Value> {
        match self.values(key) {
            [only] => Some(&only.value),
            _ => None,
        }
    }

    /// The keys with more than one value.
    pub fn conflicts(&self) -> impl Iterator<Item = &str> {
        self.fields()
            .filter(|(_, values)| values.len() > 1)
            .map(|(key, _)| key)
    }

    /// The operation that sets a field (or clears it), overwriting all its present values; `None`
    /// where that would change nothing.
    pub fn operation(&self, key: &str, value: Option<Value>) -> Option<Operation> {
        let present = self.values(key);
        let unchanged = match (&value, present) {
            (None, []) => true,
            (Some(value), [only]) => only.value == *value,
            _ => false,
        };
        let mut overwrites: Vec<_> = present.iter().map(|written| written.operation).collect();
        overwrites.sort_unstable();
        (!unchanged).then(|| Operation {
            key: key.to_owned(),
            value,
            overwrites,
        })
    }
}

fn change_of(commit: &Commit, actor: ActorId, names: &BTreeMap<CommitHash, ChangeHash>) -> Change {
    let body = commit.body();
    let mut deps: Vec<_> = body
        .parents
        .iter()
        .filter_map(|parent| names.get(parent))
        .copied()
        .collect();
    deps.sort_unstable();
    Change::from(ExpandedChange {
        operations: body.operations.iter().map(op_of).collect(),
        actor_id: actor.0.as_slice().into(),
        hash: None,
        seq: body.seq.0,
        start_op: NonZeroU64::new(body.start).unwrap_or(NonZeroU64::MIN),
        time: i64::try_from(body.wall.ms).unwrap_or(i64::MAX),
        message: None,
        deps,
        extra_bytes: Vec::new(),
        author: None,
    })
}

fn op_of(operation: &Operation) -> Op {
    let action = match &operation.value {
        None => OpType::Delete,
        Some(Value::Boolean(value)) => OpType::Put(ScalarValue::Boolean(*value)),
        Some(Value::Integer(value)) => OpType::Put(ScalarValue::Int(*value)),
        Some(Value::Text(value)) => OpType::Put(ScalarValue::Str(value.as_str().into())),
    };
    let overwritten = |id: &OperationId| OpId(id.counter, id.actor.0.as_slice().into());
    Op {
        action,
        obj: ObjectId::Root,
        key: Key::Map(operation.key.as_str().into()),
        pred: operation.overwrites.iter().map(overwritten).collect(),
        insert: false,
    }
}

fn written(
    value: &automerge::Value<'_>,
    id: &automerge::ObjId,
    authors: &BTreeMap<ActorId, Vec<&Commit>>,
) -> Option<Written> {
    let value = match value.as_scalar()? {
        ScalarValue::Boolean(value) => Value::Boolean(*value),
        ScalarValue::Int(value) => Value::Integer(*value),
        ScalarValue::Str(value) => Value::Text(value.to_string()),
        _ => return None,
    };
    let automerge::ObjId::Id(counter, actor, _) = id else {
        return None;
    };
    let actor = ActorId(actor.to_bytes().try_into().ok()?);
    let commits = authors.get(&actor)?;
    let commit = commits
        .iter()
        .find(|commit| (commit.body().start..=commit.last_counter()).contains(counter))?;
    Some(Written {
        value,
        operation: OperationId {
            counter: *counter,
            actor,
        },
        author: commit.body().author,
        wall: commit.body().wall,
        commit: commit.hash(),
    })
}
