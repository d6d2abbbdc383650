//! Taking commits in: each is judged on its own, all that pass are written as one.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use crate::commit::Commit;
use crate::history::{Clock, Fork, History, HistoryError, Life};
use crate::ids::{ActorId, CommitHash, NodeId};
use crate::judge::{Charters, Fault};
use crate::label::{FacetId, Grade, Label};
use crate::planted::{self, Plant};
use crate::replica::{self, FacetEntry, ReplicaError};
use crate::store::{Batch, Store};
use crate::time::{Now, WallTime};

use super::durable::Waiting;
use super::{Alarm, Engine, Output};

/// What became of commits that a peer sent.
#[derive(Default, Debug)]
pub(super) struct Taken {
    pub(super) taken: usize,
    pub(super) refused: usize,
    /// Held already, but perhaps not durable yet.
    pub(super) again: usize,
    /// The facets of those that were refused.
    pub(super) refused_of: BTreeSet<FacetId>,
    /// How far this node has come with the facets that grew, but for those with forks, of which that
    /// does not say all.
    pub(super) come: BTreeMap<FacetId, Clock>,
    /// Kept aside until the rest of their facet has come.
    pub(super) staged: usize,
    /// Whether some build on commits that are not here.
    pub(super) gap: bool,
}

/// A facet that commits are being added to.
pub(super) struct Growing {
    pub(super) history: History,
    /// What the replica kept about it before, if it was held.
    pub(super) before: Option<FacetEntry>,
    /// The lives that were forked before.
    forked: BTreeSet<Life>,
}

impl Growing {
    pub(super) fn new(facet: &FacetId, held: Option<(FacetEntry, History)>) -> Self {
        let (before, history) = match held {
            Some((entry, history)) => (Some(entry), history),
            None => (None, History::new(*facet)),
        };
        let forked = history.forks().keys().copied().collect();
        Self {
            history,
            before,
            forked,
        }
    }

    /// How many commits it had before.
    pub(super) fn position(&self) -> usize {
        self.before.map_or(0, |entry| entry.commits as usize)
    }

    /// The latest wall time of the new commits, as their authors' clocks showed it.
    fn latest_wall(&self) -> WallTime {
        let new = self.history.commits().skip(self.position());
        new.map(|(commit, _)| commit.body().wall)
            .max()
            .unwrap_or(WallTime::from_ms(0))
    }

    pub(super) fn grown_by(&self) -> usize {
        self.history.len() - self.position()
    }

    /// The lives that turned out to be forked.
    pub(super) fn new_forks(&self) -> impl Iterator<Item = (&Life, &Fork)> {
        let forks = self.history.forks().iter();
        forks.filter(|(life, _)| !self.forked.contains(life))
    }
}

/// A facet that commits of a peer are being added to, with those that fitted.
type Arriving = (Growing, Vec<Vec<u8>>);

impl Engine {
    /// Judges commits and writes those that pass. Of the facets in `unfinished` more is to come.
    pub(super) fn take(
        &mut self,
        peer: NodeId,
        commits: Vec<Vec<u8>>,
        unfinished: &BTreeSet<FacetId>,
        now: Now,
        store: &mut dyn Store,
        outputs: &mut Vec<Output>,
    ) -> Result<Taken, ReplicaError> {
        let mut result = Taken::default();
        let mut batch = Batch::default();
        let mut refused = Vec::new();
        let arriving = self.place_all(peer, commits, now, store, &mut refused)?;
        let mut grown = Vec::new();
        for (facet, (growing, placed)) in arriving {
            match self.may_arrive(peer, &growing) {
                _ if growing.grown_by() == 0 => {}
                Ok(grade) => {
                    result.taken += growing.grown_by();
                    replica::put_commits(&mut batch, &growing.history, growing.position(), grade);
                    placed
                        .iter()
                        .for_each(|one| self.quarantine.release(one, &mut batch));
                    self.tell_forks(peer, &growing, outputs);
                    for (commit, _) in growing.history.commits().skip(growing.position()) {
                        self.note_clock_of(commit.body().author, commit.body().wall, false, now);
                    }
                    self.leave_forked_life(&growing, now, store, &mut batch)?;
                    if growing.history.forks().is_empty() {
                        result.come.insert(facet, growing.history.clock());
                    }
                    grown.push((facet, growing, grade));
                }
                Err(Fault::NotForUs { .. })
                    if unfinished.contains(&facet) && self.stage(peer, facet, &placed) =>
                {
                    result.staged += placed.len();
                }
                Err(fault) => {
                    refused.extend(placed.into_iter().map(|encoded| (encoded, fault.clone())));
                }
            }
        }
        for (encoded, fault) in refused {
            self.refuse(
                peer,
                &encoded,
                fault,
                &mut result,
                now,
                (store, &mut batch),
                outputs,
            )?;
        }
        self.write_grown(batch, grown, Some(peer), store)?;
        Ok(result)
    }

    /// Counts a commit that is not taken, and keeps it with the reason.
    #[expect(clippy::too_many_arguments, reason = "one step of taking, used once")]
    fn refuse(
        &mut self,
        peer: NodeId,
        encoded: &[u8],
        fault: Fault,
        result: &mut Taken,
        now: Now,
        (store, batch): (&mut dyn Store, &mut Batch),
        outputs: &mut Vec<Output>,
    ) -> Result<(), ReplicaError> {
        // Harmless: two ways led here. Counted, and nobody is troubled.
        if matches!(fault, Fault::History(HistoryError::Duplicate)) {
            self.quarantine.count(Some(peer), fault.code());
            result.again += 1;
            return Ok(());
        }
        if planted::is(Plant::RefusalWakesAll) {
            self.peers.values_mut().for_each(super::peer::Peer::doubt);
        }
        result.refused += 1;
        result.gap |= fault.may_pass_later();
        if let Ok(commit) = Commit::decode(encoded) {
            result.refused_of.insert(commit.body().facet);
        }
        let keep = self.may_keep(encoded, now, store)?;
        self.quarantine
            .take(Some(peer), encoded, &fault, keep, now.wall, batch);
        let commit = CommitHash::of(encoded);
        outputs.push(Output::Alarm(Alarm::Refused {
            peer,
            commit,
            fault,
            quotable: keep,
        }));
        Ok(())
    }

    /// Says which lives turned out to be forked.
    fn tell_forks(&mut self, peer: NodeId, growing: &Growing, outputs: &mut Vec<Output>) {
        for (life, fork) in growing.new_forks() {
            self.quarantine.count(Some(peer), "equivocation");
            outputs.push(Output::Alarm(Alarm::Equivocated {
                peer: Some(peer),
                facet: *growing.history.facet(),
                author: life.0,
                epoch: life.1,
                seq: fork.seq,
                commits: fork.commits,
            }));
        }
    }

    /// Places commits in the histories of their facets, as far as they fit and were allowed.
    fn place_all(
        &mut self,
        peer: NodeId,
        commits: Vec<Vec<u8>>,
        now: Now,
        store: &mut dyn Store,
        refused: &mut Vec<(Vec<u8>, Fault)>,
    ) -> Result<BTreeMap<FacetId, Arriving>, ReplicaError> {
        let mut arriving: BTreeMap<FacetId, Arriving> = BTreeMap::new();
        let authentic = self.charters.read_all(&commits, self.threads_max);
        for (encoded, authentic) in commits.into_iter().zip(authentic) {
            let (commit, actor) = match authentic {
                Ok(authentic) => authentic,
                Err(fault) => {
                    refused.push((encoded, fault));
                    continue;
                }
            };
            let facet = commit.body().facet;
            let (growing, placed) = match arriving.entry(facet) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => {
                    let held = self.history_of(&facet, now, store)?;
                    let growing = Growing::new(&facet, held);
                    let staged = self
                        .peers
                        .get_mut(&peer)
                        .map(|known| known.staged.take(&facet));
                    let one = entry.insert((growing, Vec::new()));
                    for encoded in staged.unwrap_or_default() {
                        // It passed when it was staged; what has changed since decides again.
                        let authentic = self.charters.read(&encoded);
                        let fits = authentic.and_then(|(commit, actor)| {
                            place(&self.charters, commit, actor, &mut one.0.history)
                        });
                        if fits.is_ok() {
                            one.1.push(encoded);
                        }
                    }
                    one
                }
            };
            match place(&self.charters, commit, actor, &mut growing.history) {
                Ok(()) => placed.push(encoded),
                Err(fault) => refused.push((encoded, fault)),
            }
        }
        Ok(arriving)
    }

    /// Keeps the commits of an unfinished facet aside; `false` where there is no room.
    fn stage(&mut self, peer: NodeId, facet: FacetId, commits: &[Vec<u8>]) -> bool {
        self.peers
            .get_mut(&peer)
            .is_some_and(|known| known.staged.keep(facet, commits))
    }

    /// Whether this node may hold what is in a refused commit, as far as it can tell: by the grade
    /// that the commit gives, or that the facet has here.
    pub(super) fn may_keep(
        &mut self,
        encoded: &[u8],
        now: Now,
        store: &mut dyn Store,
    ) -> Result<bool, ReplicaError> {
        let Ok(commit) = Commit::decode(encoded) else {
            return Ok(false);
        };
        if planted::is(Plant::QuarantineKeepsAll) {
            return Ok(true);
        }
        let facet = commit.body().facet;
        let held = self.entry_of(&facet, now, store)?.map(|entry| entry.grade);
        let grades = [held, commit.body().grade];
        let mut labels = grades
            .into_iter()
            .flatten()
            .map(|grade| facet.label(grade))
            .peekable();
        let known = labels.peek().is_some();
        Ok(known && labels.all(|label| self.may_hold(&label)))
    }

    /// The grade a facet comes to, if both this node and the peer that sent it may hold it so.
    fn may_arrive(&mut self, peer: NodeId, growing: &Growing) -> Result<Grade, Fault> {
        let grade = self.grade_of(&growing.history)?;
        let label = growing.history.facet().label(grade);
        let node = self.node();
        let held = self.rules().flow(&label, node).allowed;
        if !held && !planted::is(Plant::ReceiverUnchecked) {
            return Err(self.not_for_us(&label));
        }
        let decision = self.rules_with(peer).flow(&label, peer);
        if !decision.allowed {
            let rules = decision.rules.clone();
            return Err(Fault::NotForSender {
                peer,
                label: Box::new(label),
                rules,
            });
        }
        Ok(grade)
    }

    /// Why this node may not hold facets with a label.
    pub(super) fn not_for_us(&self, label: &Label) -> Fault {
        let decision = self.rules().flow(label, self.node());
        Fault::NotForUs {
            label: Box::new(*label),
            rules: decision.rules.clone(),
        }
    }

    pub(super) fn grade_of(&self, history: &History) -> Result<Grade, Fault> {
        let grade = self.charters.join(&history.grades());
        Ok(grade.ok_or(HistoryError::NoGrade)?)
    }

    /// Writes what has grown, and lets its announcement wait for the disk.
    pub(super) fn write_grown(
        &mut self,
        batch: Batch,
        grown: Vec<(FacetId, Growing, Grade)>,
        from: Option<NodeId>,
        store: &mut dyn Store,
    ) -> Result<(), ReplicaError> {
        if batch.is_empty() {
            return Ok(());
        }
        store.write(&batch)?;
        self.durability.wrote();
        for (facet, growing, after) in grown {
            if planted::is(Plant::AnnouncesBeforeDurable) {
                let (before, position) =
                    (growing.before.map(|entry| entry.grade), growing.position());
                let (label, digest) = (facet.label(after), replica::heads_digest(&growing.history));
                self.index.insert(label, facet.record, digest);
                self.announce(&facet, before, &label, position, from);
            }
            self.durability.wait(Waiting::Facet {
                facet,
                before: growing.before.map(|entry| entry.grade),
                after,
                digest: replica::heads_digest(&growing.history),
                commits: growing.grown_by(),
                wall: growing.latest_wall(),
                position: growing.position(),
                from,
            });
        }
        Ok(())
    }
}

fn place(
    charters: &Charters,
    commit: Commit,
    actor: ActorId,
    history: &mut History,
) -> Result<(), Fault> {
    history.check(&commit, actor)?;
    charters.authorize(&commit, history)?;
    history.add(commit, actor);
    Ok(())
}
