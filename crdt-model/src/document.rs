//! Documents: what the commits of one facet come to. Built from a history through Automerge when
//! somebody reads, and never from bytes that a peer sent: every change is made here, from a commit
//! that was judged before. Most facets have a single commit, which nothing can be concurrent with: its
//! document is what it wrote, and a test holds that against Automerge.
//!
//! What a forked life wrote from its fork on does not count: the document is built as if those
//! commits had never been, and lists what they wrote as [`Frozen`].

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;

use automerge::legacy::{Key, ObjectId, Op, OpId, OpType};
use automerge::{Automerge, Change, ChangeHash, ExpandedChange, ROOT, ReadDoc, ScalarValue};

use crate::commit::Commit;
use crate::history::{History, Life};
use crate::ids::{ActorId, CommitHash, Epoch, NodeId, Seq};
use crate::planted::{self, Plant};
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

/// One thing that a forked life wrote, which does not count.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Frozen {
    /// The node whose life is forked.
    pub author: NodeId,
    /// Which of its lives.
    pub epoch: Epoch,
    /// The number of the commit it is in, which another commit may have too.
    pub seq: Seq,
    /// That commit.
    pub commit: CommitHash,
    /// What the node's clock showed when it was written.
    pub wall: WallTime,
    /// The field.
    pub key: String,
    /// The value; `None` where it was to be cleared.
    pub value: Option<Value>,
}

/// The fields of one facet. A field has more than one value where they were written concurrently:
/// all are kept until somebody settles them by writing again.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Document {
    fields: BTreeMap<String, Vec<Written>>,
    frozen: Vec<Frozen>,
}

/// What stands for a commit among the changes: its own change, or those that a frozen one builds on.
/// One for each life is enough, for what counts of a life is one line.
type Standing = BTreeMap<Life, (Seq, ChangeHash)>;

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
        let mut commits = history.commits();
        match (commits.next(), commits.next()) {
            (None, _) => Ok(Self::default()),
            (Some((only, actor)), None) => Ok(Self::of_one(only, actor)),
            _ => Self::merged(history),
        }
    }

    /// What the only commit of a facet wrote: there is nothing that it could overwrite or clear.
    fn of_one(commit: &Commit, actor: ActorId) -> Self {
        let body = commit.body();
        let written = commit.counted_operations().filter_map(|(counter, one)| {
            let written = Written {
                value: one.value.clone()?,
                operation: OperationId { counter, actor },
                author: body.author,
                wall: body.wall,
                commit: commit.hash(),
            };
            Some((one.key.clone(), vec![written]))
        });
        Self {
            fields: written.collect(),
            frozen: Vec::new(),
        }
    }

    /// What the commits of a history come to together.
    fn merged(history: &History) -> Result<Self, DocumentError> {
        let mut standing: BTreeMap<CommitHash, Standing> = BTreeMap::new();
        let mut changes = Vec::with_capacity(history.len());
        let mut heads = BTreeSet::new();
        let mut counted = Counted::default();
        let mut frozen = Vec::new();
        for (commit, actor) in history.commits() {
            let mut stands = standing_of(&commit.body().parents, &standing);
            if history.is_frozen(commit) {
                frozen.extend(frozen_in(commit));
            } else {
                counted.entry(actor).or_default().push(commit);
                let change = change_of(commit, actor, &stands, &counted);
                for (_, dep) in stands.values() {
                    heads.remove(dep);
                }
                heads.insert(change.hash());
                let body = commit.body();
                let life = (body.author, body.epoch);
                stands = Standing::from([(life, (body.seq, change.hash()))]);
                changes.push(change);
            }
            standing.insert(commit.hash(), stands);
        }
        let mut automerge = Automerge::new();
        automerge.apply_changes(changes)?;
        let (found, expected) = (automerge.get_heads().len(), heads.len());
        if found != expected {
            return Err(DocumentError::Heads { found, expected });
        }
        frozen.sort_unstable();
        let mut fields = fields_of(&automerge, &counted)?;
        if planted::is(Plant::OneValueShown) {
            fields.values_mut().for_each(|values| values.truncate(1));
        }
        Ok(Self { fields, frozen })
    }

    /// What was left out, because the life that wrote it is forked; sorted.
    pub fn frozen(&self) -> &[Frozen] {
        &self.frozen
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

/// The commits that count, by actor, each after those it builds on.
type Counted<'a> = BTreeMap<ActorId, Vec<&'a Commit>>;

/// The commit that made an operation, if it counts.
fn maker<'a>(id: &OperationId, counted: &Counted<'a>) -> Option<&'a Commit> {
    let commits = counted.get(&id.actor)?;
    // They are one line, so their counters rise.
    let begun = commits.partition_point(|commit| commit.body().start <= id.counter);
    let last = commits.get(begun.checked_sub(1)?)?;
    (id.counter <= last.last_counter()).then_some(*last)
}

fn standing_of(parents: &[CommitHash], standing: &BTreeMap<CommitHash, Standing>) -> Standing {
    let mut joined = Standing::new();
    for (life, found) in parents.iter().filter_map(|one| standing.get(one)).flatten() {
        let last = joined.entry(*life).or_insert(*found);
        if found.0 > last.0 {
            *last = *found;
        }
    }
    joined
}

fn frozen_in(commit: &Commit) -> impl Iterator<Item = Frozen> {
    let body = commit.body();
    body.operations.iter().map(|operation| Frozen {
        author: body.author,
        epoch: body.epoch,
        seq: body.seq,
        commit: commit.hash(),
        wall: body.wall,
        key: operation.key.clone(),
        value: operation.value.clone(),
    })
}

fn change_of(commit: &Commit, actor: ActorId, stands: &Standing, counted: &Counted<'_>) -> Change {
    let body = commit.body();
    let mut deps: Vec<_> = stands.values().map(|(_, change)| *change).collect();
    deps.sort_unstable();
    let operations = body.operations.iter();
    Change::from(ExpandedChange {
        operations: operations.map(|one| op_of(one, counted)).collect(),
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

fn op_of(operation: &Operation, counted: &Counted<'_>) -> Op {
    let action = match &operation.value {
        None => OpType::Delete,
        Some(Value::Boolean(value)) => OpType::Put(ScalarValue::Boolean(*value)),
        Some(Value::Integer(value)) => OpType::Put(ScalarValue::Int(*value)),
        Some(Value::Text(value)) => OpType::Put(ScalarValue::Str(value.as_str().into())),
    };
    let overwritten = operation.overwrites.iter();
    let pred = overwritten.filter(|id| maker(id, counted).is_some());
    Op {
        action,
        obj: ObjectId::Root,
        key: Key::Map(operation.key.as_str().into()),
        pred: pred
            .map(|id| OpId(id.counter, id.actor.0.as_slice().into()))
            .collect(),
        insert: false,
    }
}

fn fields_of(
    automerge: &Automerge,
    counted: &Counted<'_>,
) -> Result<BTreeMap<String, Vec<Written>>, DocumentError> {
    let mut fields = BTreeMap::new();
    for key in automerge.keys(ROOT) {
        let mut values = Vec::new();
        for (value, id) in automerge.get_all(ROOT, key.as_str())? {
            values.extend(written(&value, &id, counted));
        }
        values.sort_by_key(|written| written.operation);
        fields.insert(key, values);
    }
    Ok(fields)
}

fn written(
    value: &automerge::Value<'_>,
    id: &automerge::ObjId,
    counted: &Counted<'_>,
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
    let operation = OperationId {
        counter: *counter,
        actor,
    };
    let commit = maker(&operation, counted)?;
    Some(Written {
        value,
        operation,
        author: commit.body().author,
        wall: commit.body().wall,
        commit: commit.hash(),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ed25519_dalek::SigningKey;
    use proptest::prelude::*;

    use super::Document;
    use crate::commit::{CommitBody, actor_of};
    use crate::history::History;
    use crate::ids::{CharterVersion, Epoch, NodeId, PublicKey, RecordId, Seq};
    use crate::label::{FacetId, Grade};
    use crate::time::WallTime;
    use crate::value::{Operation, Value};

    fn value() -> impl Strategy<Value = Option<Value>> {
        prop_oneof![
            Just(None),
            any::<bool>().prop_map(|value| Some(Value::Boolean(value))),
            any::<i64>().prop_map(|value| Some(Value::Integer(value))),
            "[渠水a ]{0,9}".prop_map(|value| Some(Value::Text(value))),
        ]
    }

    fn history(fields: BTreeMap<String, Option<Value>>) -> History {
        let home = NodeId::from_code(620_723_101_201).expect("a node code");
        let name = |text: &str| text.parse().expect("a name");
        let facet = FacetId {
            record: RecordId([5; 16]),
            facet: name("note.up"),
            home,
            addressee: home,
        };
        let grade = Grade {
            sensitivity: name("plain"),
            level: name("one"),
        };
        let operation = |(key, value)| Operation {
            key,
            value,
            overwrites: Vec::new(),
        };
        let body = CommitBody {
            facet,
            author: home,
            epoch: Epoch(7),
            seq: Seq(1),
            start: 1,
            wall: WallTime::from_ms(1_782_864_000_000),
            charter: CharterVersion(1),
            parents: Vec::new(),
            grade: Some(grade),
            operations: fields.into_iter().map(operation).collect(),
        };
        let key = SigningKey::from_bytes(&[7; 32]);
        let actor = actor_of(&PublicKey(key.verifying_key().to_bytes()), &facet, Epoch(7));
        let mut history = History::new(facet);
        let commit = body.sign(&key).expect("a commit");
        history.insert(commit, actor).expect("it fits");
        history
    }

    proptest! {
        #[test]
        fn what_the_only_commit_wrote_is_what_automerge_makes_of_it(
            fields in proptest::collection::btree_map("[a-z]{1,3}(/[a-z0-9]{1,3})?", value(), 0..9),
        ) {
            let history = history(fields);
            let merged = Document::merged(&history).expect("a document");
            prop_assert_eq!(Document::build(&history).expect("a document"), merged);
        }
    }
}
