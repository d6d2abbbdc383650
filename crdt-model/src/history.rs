//! The history of one facet: which commits it has, which of them build on which, and whether a
//! further commit fits. The structural half of judging a commit; who may write is in
//! [`crate::judge`].
//!
//! Whether a commit fits depends on its own past alone, and nothing that fits is ever taken out, so
//! nodes that learn the same commits in any order have the same history. That holds also where an
//! author signed two commits with one number, as a clone of its disk would: both are held, the life
//! is forked, and what it wrote from there on is frozen. Frozen commits keep their place and their
//! grades, so that no label narrows; what they wrote is left out of the document
//! ([`crate::document`]).

mod past;
mod seen;

use std::collections::{BTreeMap, BTreeSet};

use crate::commit::Commit;
use crate::ids::{ActorId, CommitHash, Epoch, NodeId, Seq};
use crate::label::{FacetId, Grade};
use crate::limits::{
    COMMIT_OPERATIONS_MAX, COMMIT_PARENTS_MAX, FACET_COMMITS_MAX, FACET_EPOCHS_MAX,
    OPERATION_OVERWRITES_MAX,
};
use crate::planted::{self, Plant};
use crate::value::{Operation, OperationId};

use past::Past;

/// One life of one author.
pub type Life = (NodeId, Epoch);

/// How far each life has come: a commit's whole causal past, for every life's commits form a chain.
pub type Clock = BTreeMap<Life, Seq>;

/// The commits of one facet, each after its parents. Within, a commit goes by its position.
#[derive(Clone, Debug)]
pub struct History {
    facet: FacetId,
    placed: Vec<Placed>,
    positions: BTreeMap<CommitHash, usize>,
    heads: BTreeSet<CommitHash>,
    /// The commits with one number of a life: one, unless the life is forked.
    numbered: BTreeMap<(Life, Seq), Vec<usize>>,
    last: BTreeMap<Life, (Seq, CommitHash)>,
    forks: BTreeMap<Life, Fork>,
    /// The counter that each actor's commits begin with and the commit's position, sorted.
    begun: BTreeMap<ActorId, Vec<(u64, usize)>>,
    /// Who wrote the keys that are written once.
    written_once: BTreeMap<String, Vec<usize>>,
}

/// A commit in its place.
#[derive(Clone, Debug)]
struct Placed {
    commit: Commit,
    actor: ActorId,
    parents: Vec<usize>,
    clock: Clock,
    /// The grades in force after this commit: its own, or those of its past that no other of its
    /// past has replaced.
    grades: Vec<GradeMark>,
}

/// A grade and the commit that set it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct GradeMark {
    by: usize,
    grade: Grade,
}

/// Where a life stops being one line: from this number on, all of its commits are frozen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fork {
    /// The lowest number that two commits have.
    pub seq: Seq,
    /// Two of those that have it.
    pub commits: [CommitHash; 2],
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
    /// Its number does not follow on the author's last commit among its ancestors.
    #[error("has seq {found}, where {expected} comes next after what it builds on")]
    SeqGap {
        /// The commit's.
        found: Seq,
        /// What would follow.
        expected: Seq,
    },
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

impl Placed {
    fn life(&self) -> Life {
        life_of(&self.commit)
    }

    fn seq(&self) -> Seq {
        self.commit.body().seq
    }
}

impl History {
    /// The empty history of a facet.
    pub fn new(facet: FacetId) -> Self {
        Self {
            facet,
            placed: Vec::new(),
            positions: BTreeMap::new(),
            heads: BTreeSet::new(),
            numbered: BTreeMap::new(),
            last: BTreeMap::new(),
            forks: BTreeMap::new(),
            begun: BTreeMap::new(),
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
        self.placed.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.placed.is_empty()
    }

    /// Whether it has this commit.
    pub fn contains(&self, hash: &CommitHash) -> bool {
        self.positions.contains_key(hash)
    }

    /// The commits with their actors, parents before children, in the order they were added.
    pub fn commits(&self) -> impl Iterator<Item = (&Commit, ActorId)> {
        self.placed
            .iter()
            .map(|placed| (&placed.commit, placed.actor))
    }

    /// How far each life has come; a forked one only as far as it was one line.
    pub fn clock(&self) -> Clock {
        self.clock_of(self.len())
    }

    /// The same of the first so many commits.
    pub fn clock_of(&self, commits: usize) -> Clock {
        let mut clock = Clock::new();
        let first = self.placed.iter().take(commits);
        for placed in first.filter(|placed| !self.is_frozen(&placed.commit)) {
            let last = clock.entry(placed.life()).or_insert(placed.seq());
            *last = (*last).max(placed.seq());
        }
        clock
    }

    /// The seq and the commit that this life wrote last.
    pub fn last_of(&self, life: Life) -> Option<(Seq, CommitHash)> {
        self.last.get(&life).copied()
    }

    /// The lives that are forked.
    pub fn forks(&self) -> &BTreeMap<Life, Fork> {
        &self.forks
    }

    /// Whether what a commit wrote does not count, because its life was forked there or before.
    pub fn is_frozen(&self, commit: &Commit) -> bool {
        let fork = self.forks.get(&life_of(commit));
        fork.is_some_and(|fork| commit.body().seq >= fork.seq)
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
            .filter_map(|parent| self.placed(parent))
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
        let full = self.len() >= FACET_COMMITS_MAX
            || !self.last.contains_key(&life_of(commit)) && self.last.len() >= FACET_EPOCHS_MAX;
        if full {
            return Err(HistoryError::Full);
        }
        if let Some(parent) = body.parents.iter().find(|parent| !self.contains(parent)) {
            return Err(HistoryError::MissingParent(*parent));
        }
        let past = Past::of(self, &body.parents);
        self.check_number(commit, actor, &past)?;
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
        self.check_operations(commit, &past)
    }

    fn check_number(
        &self,
        commit: &Commit,
        actor: ActorId,
        past: &Past<'_>,
    ) -> Result<(), HistoryError> {
        let (life, found) = (life_of(commit), commit.body().seq);
        let last = past.clock().get(&life).copied().unwrap_or(Seq(0));
        let expected = Seq(last.0 + 1);
        if found != expected && !planted::is(Plant::GapUnchecked) {
            return Err(HistoryError::SeqGap { found, expected });
        }
        let before = self.numbered.get(&(life, last)).into_iter().flatten();
        let other_key = |at: &&usize| {
            let of_other = |placed: &Placed| placed.actor != actor;
            past.has(**at) && self.placed.get(**at).is_some_and(of_other)
        };
        match before.clone().any(|at| other_key(&at)) {
            true => Err(HistoryError::EpochReused),
            false => Ok(()),
        }
    }

    fn check_operations(&self, commit: &Commit, past: &Past<'_>) -> Result<(), HistoryError> {
        for operation in &commit.body().operations {
            let seen = |id: &&OperationId| {
                let mut made = self.makers(id);
                made.any(|at| past.has(at) && self.wrote(at, id, &operation.key))
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
            if before.any(|at| past.has(*at)) {
                return Err(HistoryError::WrittenOnce(operation.key.clone()));
            }
        }
        Ok(())
    }

    /// The commits that made an operation: one, unless a life is forked.
    fn makers(&self, id: &OperationId) -> impl Iterator<Item = usize> {
        let counter = id.counter;
        let begun = self.begun.get(&id.actor).map_or(&[][..], Vec::as_slice);
        let reaches = |(start, _): &(u64, usize)| start + COMMIT_OPERATIONS_MAX as u64 > counter;
        let first = begun.partition_point(|one| !reaches(one));
        let some = begun.get(first..).unwrap_or(&[]).iter();
        let some = some.take_while(move |(start, _)| *start <= counter);
        some.map(|(_, at)| *at).filter(move |at| {
            let maker = self.placed.get(*at);
            maker.is_some_and(|maker| maker.commit.last_counter() >= counter)
        })
    }

    /// Whether a commit's operation of this name is on this key.
    fn wrote(&self, at: usize, id: &OperationId, key: &str) -> bool {
        let mut operations = self
            .placed
            .get(at)
            .into_iter()
            .flat_map(|placed| placed.commit.counted_operations());
        operations.any(|(counter, operation)| counter == id.counter && operation.key == key)
    }

    /// Adds a commit that fits.
    pub fn insert(&mut self, commit: Commit, actor: ActorId) -> Result<(), HistoryError> {
        self.check(&commit, actor)?;
        self.add(commit, actor);
        Ok(())
    }

    /// Adds a commit that [`Self::check`] has let pass just now.
    pub(crate) fn add(&mut self, commit: Commit, actor: ActorId) {
        let (at, body) = (self.len(), commit.body());
        let (hash, life, seq) = (commit.hash(), life_of(&commit), body.seq);
        let past = Past::of(self, &body.parents);
        let parents = past.parents().to_vec();
        let mut clock = past.clock().clone();
        clock.insert(life, seq);
        let grades = match body.grade {
            Some(grade) => vec![GradeMark { by: at, grade }],
            None => self.marks_after(&body.parents),
        };
        let begun = self.begun.entry(actor).or_default();
        let after = begun.partition_point(|(start, _)| *start <= body.start);
        begun.insert(after, (body.start, at));
        for operation in &body.operations {
            if operation.key.contains('/') {
                let key = operation.key.clone();
                self.written_once.entry(key).or_default().push(at);
            }
        }
        for parent in &body.parents {
            self.heads.remove(parent);
        }
        self.heads.insert(hash);
        self.number(life, seq, hash);
        self.positions.insert(hash, at);
        self.placed.push(Placed {
            commit,
            actor,
            parents,
            clock,
            grades,
        });
    }

    /// Notes the next commit under its number, and the fork that it makes if the number is taken.
    fn number(&mut self, life: Life, seq: Seq, hash: CommitHash) {
        let last = self.last.entry(life).or_insert((seq, hash));
        if seq > last.0 {
            *last = (seq, hash);
        }
        let same = self.numbered.entry((life, seq)).or_default();
        let other = same.first().and_then(|at| self.placed.get(*at));
        if let Some(other) = other
            && self.forks.get(&life).is_none_or(|fork| seq < fork.seq)
            && !planted::is(Plant::ForkUnseen)
        {
            let commits = [other.commit.hash(), hash];
            self.forks.insert(life, Fork { seq, commits });
        }
        same.push(self.placed.len());
    }

    /// The parents a new commit of this life takes: all heads, or as many as a commit may name. One
    /// of them has the life's own last commit in its past.
    pub fn parents_for(&self, life: Life) -> Vec<CommitHash> {
        let own = self.last_of(life).map(|(seq, _)| seq);
        let continues = |head: &CommitHash| {
            let past = self.placed(head).and_then(|placed| placed.clock.get(&life));
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
        let past = Past::of(self, parents);
        operation
            .overwrites
            .retain(|id| self.makers(id).any(|at| past.has(at)));
        operation.overwrites.truncate(OPERATION_OVERWRITES_MAX);
        operation
    }

    fn placed(&self, hash: &CommitHash) -> Option<&Placed> {
        self.placed.get(*self.positions.get(hash)?)
    }

    /// The marks of these commits that are not in the past of another of them.
    fn marks_after(&self, heads: &[CommitHash]) -> Vec<GradeMark> {
        let placed = heads.iter().filter_map(|head| self.placed(head));
        let mut marks: Vec<_> = placed.flat_map(|one| one.grades.iter().copied()).collect();
        marks.sort_unstable();
        marks.dedup();
        let pasts: Vec<_> = marks
            .iter()
            .map(|mark| (mark.by, Past::through(self, mark.by)))
            .collect();
        let replaced = |mark: &GradeMark| {
            let mut others = pasts.iter().filter(|(by, _)| *by != mark.by);
            others.any(|(_, past)| past.has(mark.by))
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
