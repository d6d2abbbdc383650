//! The history of one facet: which commits it has, which of them build on which, and whether a
//! further commit fits. The structural half of judging a commit; who may write is in
//! [`crate::judge`].

use std::collections::{BTreeMap, BTreeSet};

use crate::commit::Commit;
use crate::ids::{ActorId, CommitHash, Epoch, NodeId, Seq};
use crate::label::{FacetId, Grade};
use crate::limits::{
    COMMIT_PARENTS_MAX, FACET_COMMITS_MAX, FACET_EPOCHS_MAX, OPERATION_OVERWRITES_MAX,
};
use crate::value::{Operation, OperationId};

/// One life of one author.
pub type Life = (NodeId, Epoch);

/// How far each life has come: a commit's whole causal past, for every life's commits form a chain.
pub type Clock = BTreeMap<Life, Seq>;

/// The commits of one facet, each after its parents.
#[derive(Clone, Debug)]
pub struct History {
    facet: FacetId,
    entries: BTreeMap<CommitHash, Placed>,
    order: Vec<CommitHash>,
    by_seq: BTreeMap<(Life, Seq), CommitHash>,
    heads: BTreeSet<CommitHash>,
    last: BTreeMap<Life, (Seq, CommitHash)>,
    actors: BTreeMap<Life, ActorId>,
    operations: BTreeMap<OperationId, (Life, Seq, String)>,
    /// Who wrote the keys that are written once.
    written_once: BTreeMap<String, Vec<(Life, Seq)>>,
}

/// A commit in its place.
#[derive(Clone, Debug)]
struct Placed {
    commit: Commit,
    actor: ActorId,
    clock: Clock,
    /// The grades in force after this commit: its own, or those of its past that no other of its
    /// past has replaced.
    grades: Vec<GradeMark>,
}

/// A grade and the commit that set it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct GradeMark {
    life: Life,
    seq: Seq,
    grade: Grade,
}

/// Why a commit does not fit into its facet's history.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// The node holds this very commit.
    #[error("is held already")]
    Duplicate,
    /// It names a parent that is not there.
    #[error("builds on a commit that is not here")]
    MissingParent(CommitHash),
    /// A commit of the same author, epoch and seq is there, with other content.
    #[error("has the seq of another commit of its author: {0}")]
    Equivocation(CommitHash),
    /// Commits between the author's last one and this one are missing.
    #[error("has seq {found}, where {expected} comes next")]
    SeqGap {
        /// The commit's.
        found: Seq,
        /// What would follow.
        expected: Seq,
    },
    /// The author's own last commit is not among its ancestors.
    #[error("does not build on its author's own last commit")]
    OwnLastNotAncestor,
    /// The start counter is not one more than its parents' largest.
    #[error("starts at counter {found}, where {expected} comes next")]
    StartCounter {
        /// The commit's.
        found: u64,
        /// What would follow.
        expected: u64,
    },
    /// It overwrites what its author cannot have seen, or on another key.
    #[error("overwrites operation {counter} of field `{key}`, which is not in its past")]
    Overwrites {
        /// The field.
        key: String,
        /// The counter it names.
        counter: u64,
    },
    /// The first commit of a facet gives no grade.
    #[error("is the first of its facet and gives no grade")]
    NoGrade,
    /// A field that is written once was written before.
    #[error("writes `{0}` again, which is written once")]
    WrittenOnce(String),
    /// The same author and epoch with another key.
    #[error("uses an author epoch that belongs to another key")]
    EpochReused,
    /// The facet is full.
    #[error("is one commit or epoch more than a facet may have")]
    Full,
    /// It is a commit on another facet.
    #[error("belongs to another facet")]
    OtherFacet,
}

impl History {
    /// The empty history of a facet.
    pub fn new(facet: FacetId) -> Self {
        Self {
            facet,
            entries: BTreeMap::new(),
            order: Vec::new(),
            by_seq: BTreeMap::new(),
            heads: BTreeSet::new(),
            last: BTreeMap::new(),
            actors: BTreeMap::new(),
            operations: BTreeMap::new(),
            written_once: BTreeMap::new(),
        }
    }

    /// The facet.
    pub fn facet(&self) -> &FacetId {
        &self.facet
    }

    /// The commits that no other builds on, sorted.
    pub fn heads(&self) -> impl Iterator<Item = CommitHash> {
        self.heads.iter().copied()
    }

    /// How many commits it has.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Whether it has this commit.
    pub fn contains(&self, hash: &CommitHash) -> bool {
        self.entries.contains_key(hash)
    }

    /// The commits with their actors, parents before children.
    pub fn commits(&self) -> impl Iterator<Item = (&Commit, ActorId)> {
        self.order
            .iter()
            .filter_map(|hash| self.entries.get(hash))
            .map(|placed| (&placed.commit, placed.actor))
    }

    /// How far each life has come.
    pub fn clock(&self) -> Clock {
        self.last
            .iter()
            .map(|(life, (seq, _))| (*life, *seq))
            .collect()
    }

    /// The seq and the commit that this life wrote last.
    pub fn last_of(&self, life: Life) -> Option<(Seq, CommitHash)> {
        self.last.get(&life).copied()
    }

    /// The commit that made an operation.
    pub fn author_of(&self, operation: &OperationId) -> Option<&Commit> {
        let (life, seq, _) = self.operations.get(operation)?;
        let hash = self.by_seq.get(&(*life, *seq))?;
        self.entries.get(hash).map(|placed| &placed.commit)
    }

    /// The grades in force that no later one has replaced; more than one where they are concurrent.
    pub fn grades(&self) -> Vec<Grade> {
        let heads: Vec<_> = self.heads.iter().copied().collect();
        grades_of(&self.marks_after(&heads))
    }

    /// The grades in force that the author of a commit saw.
    pub fn grades_before(&self, commit: &Commit) -> Vec<Grade> {
        grades_of(&self.marks_after(&commit.body().parents))
    }

    /// What the next commit's start counter is, on top of these parents.
    pub fn next_counter(&self, parents: &[CommitHash]) -> u64 {
        let last = parents
            .iter()
            .filter_map(|parent| self.entries.get(parent))
            .map(|placed| placed.commit.last_counter());
        last.max().unwrap_or(0) + 1
    }

    /// Whether a commit would fit.
    pub fn check(&self, commit: &Commit, actor: ActorId) -> Result<(), HistoryError> {
        let body = commit.body();
        if body.facet != self.facet {
            return Err(HistoryError::OtherFacet);
        }
        if self.contains(&commit.hash()) {
            return Err(HistoryError::Duplicate);
        }
        self.check_place(commit, actor)?;
        let clock = self.clock_after(&body.parents);
        if clock.get(&life_of(commit)).copied().unwrap_or(Seq(0)).0 + 1 != body.seq.0 {
            return Err(HistoryError::OwnLastNotAncestor);
        }
        let expected = self.next_counter(&body.parents);
        if body.start != expected {
            return Err(HistoryError::StartCounter {
                found: body.start,
                expected,
            });
        }
        if body.parents.is_empty() && body.grade.is_none() {
            return Err(HistoryError::NoGrade);
        }
        self.check_operations(commit, &clock)
    }

    fn check_place(&self, commit: &Commit, actor: ActorId) -> Result<(), HistoryError> {
        let body = commit.body();
        let life = life_of(commit);
        let known = self.actors.get(&life);
        if known.is_some_and(|known| *known != actor) {
            return Err(HistoryError::EpochReused);
        }
        let full = self.order.len() >= FACET_COMMITS_MAX
            || known.is_none() && self.actors.len() >= FACET_EPOCHS_MAX;
        if full {
            return Err(HistoryError::Full);
        }
        let expected = Seq(self.last.get(&life).map_or(0, |(seq, _)| seq.0) + 1);
        if body.seq > expected {
            return Err(HistoryError::SeqGap {
                found: body.seq,
                expected,
            });
        }
        if let Some(other) = self.by_seq.get(&(life, body.seq)) {
            return Err(HistoryError::Equivocation(*other));
        }
        match body.parents.iter().find(|parent| !self.contains(parent)) {
            Some(parent) => Err(HistoryError::MissingParent(*parent)),
            None => Ok(()),
        }
    }

    fn check_operations(&self, commit: &Commit, past: &Clock) -> Result<(), HistoryError> {
        let in_past = |life: &Life, seq: &Seq| past.get(life).is_some_and(|last| last >= seq);
        for operation in &commit.body().operations {
            let seen = |id: &&OperationId| {
                self.operations
                    .get(id)
                    .is_some_and(|(life, seq, key)| *key == operation.key && in_past(life, seq))
            };
            if let Some(unseen) = operation.overwrites.iter().find(|id| !seen(id)) {
                let key = operation.key.clone();
                return Err(HistoryError::Overwrites {
                    key,
                    counter: unseen.counter,
                });
            }
            // Only fields that grow have keys with a slash; they are written once.
            let mut before = self.written_once.get(&operation.key).into_iter().flatten();
            if before.any(|(life, seq)| in_past(life, seq)) {
                return Err(HistoryError::WrittenOnce(operation.key.clone()));
            }
        }
        Ok(())
    }

    /// Adds a commit that fits.
    pub fn insert(&mut self, commit: Commit, actor: ActorId) -> Result<(), HistoryError> {
        self.check(&commit, actor)?;
        let (hash, life, seq) = (commit.hash(), life_of(&commit), commit.body().seq);
        let mut clock = self.clock_after(&commit.body().parents);
        clock.insert(life, seq);
        let grades = match commit.body().grade {
            Some(grade) => vec![GradeMark { life, seq, grade }],
            None => self.marks_after(&commit.body().parents),
        };
        for (counter, operation) in commit.counted_operations() {
            let id = OperationId { counter, actor };
            self.operations
                .insert(id, (life, seq, operation.key.clone()));
            if operation.key.contains('/') {
                self.written_once
                    .entry(operation.key.clone())
                    .or_default()
                    .push((life, seq));
            }
        }
        for parent in &commit.body().parents {
            self.heads.remove(parent);
        }
        self.heads.insert(hash);
        self.by_seq.insert((life, seq), hash);
        self.last.insert(life, (seq, hash));
        self.actors.insert(life, actor);
        self.order.push(hash);
        self.entries.insert(
            hash,
            Placed {
                commit,
                actor,
                clock,
                grades,
            },
        );
        Ok(())
    }

    /// The parents a new commit of this life takes: all heads, or as many as a commit may name. One
    /// of them has the life's own last commit in its past.
    pub fn parents_for(&self, life: Life) -> Vec<CommitHash> {
        let own = self.last_of(life).map(|(seq, _)| seq);
        let continues = |head: &CommitHash| {
            let past = self
                .entries
                .get(head)
                .and_then(|placed| placed.clock.get(&life));
            own.is_some() && past.copied() == own
        };
        let line = self.heads.iter().copied().find(continues);
        let others = self
            .heads
            .iter()
            .copied()
            .filter(|head| Some(*head) != line);
        let mut parents: Vec<_> = line.into_iter().chain(others).collect();
        parents.truncate(COMMIT_PARENTS_MAX);
        parents.sort_unstable();
        parents
    }

    /// An operation that overwrites only what a commit on these parents has seen, and no more than
    /// one may: where a facet has more heads than a commit has parents, settling it takes several.
    pub fn within_reach(&self, mut operation: Operation, parents: &[CommitHash]) -> Operation {
        let past = self.clock_after(parents);
        operation.overwrites.retain(|id| {
            let made = self.operations.get(id);
            made.is_some_and(|(life, seq, _)| past.get(life).is_some_and(|last| last >= seq))
        });
        operation.overwrites.truncate(OPERATION_OVERWRITES_MAX);
        operation
    }

    fn clock_after(&self, parents: &[CommitHash]) -> Clock {
        let mut joined = Clock::new();
        for placed in parents.iter().filter_map(|parent| self.entries.get(parent)) {
            for (life, seq) in &placed.clock {
                let last = joined.entry(*life).or_insert(*seq);
                *last = (*last).max(*seq);
            }
        }
        joined
    }

    /// The marks of these commits that are not in the past of another of them.
    fn marks_after(&self, heads: &[CommitHash]) -> Vec<GradeMark> {
        let placed = || heads.iter().filter_map(|head| self.entries.get(head));
        let mut marks: Vec<_> = placed()
            .flat_map(|one| one.grades.iter().copied())
            .collect();
        marks.sort_unstable();
        marks.dedup();
        let past_of = |mark: &GradeMark| {
            let hash = self.by_seq.get(&(mark.life, mark.seq))?;
            self.entries.get(hash).map(|placed| &placed.clock)
        };
        let replaced = |mark: &GradeMark| {
            marks.iter().filter(|other| *other != mark).any(|other| {
                past_of(other).is_some_and(|past| past.get(&mark.life) >= Some(&mark.seq))
            })
        };
        marks
            .iter()
            .filter(|mark| !replaced(mark))
            .copied()
            .collect()
    }
}

fn life_of(commit: &Commit) -> Life {
    (commit.body().author, commit.body().epoch)
}

fn grades_of(marks: &[GradeMark]) -> Vec<Grade> {
    let mut grades: Vec<_> = marks.iter().map(|mark| mark.grade).collect();
    grades.sort_unstable();
    grades.dedup();
    grades
}
