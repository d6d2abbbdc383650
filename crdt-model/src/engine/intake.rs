//! Taking commits in: each is judged on its own, all that pass are written as one.

use std::collections::BTreeMap;

use crate::commit::Commit;
use crate::history::{Clock, History};
use crate::ids::NodeId;
use crate::judge::Fault;
use crate::label::{FacetId, Grade};
use crate::replica::{self, ReplicaError};
use crate::store::{Batch, Store};
use crate::time::{Now, WallTime};

use super::durable::Waiting;
use super::{Alarm, Engine, Output};

/// What became of commits that a peer sent.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Taken {
    pub(super) taken: usize,
    pub(super) refused: usize,
    /// Whether some build on commits that are not here.
    pub(super) gap: bool,
}

/// A facet that commits are being added to.
pub(super) struct Growing {
    pub(super) history: History,
    /// Its grade and its number of commits before, if it was held.
    pub(super) before: Option<(Grade, usize)>,
    clock_before: Clock,
}

impl Growing {
    pub(super) fn load(store: &dyn Store, facet: &FacetId) -> Result<Self, ReplicaError> {
        let entry = replica::facet_entry(store, facet)?;
        let history = match entry {
            Some(_) => replica::history(store, facet)?,
            None => History::new(*facet),
        };
        let before = entry.map(|entry| (entry.grade, history.len()));
        let clock_before = history.clock();
        Ok(Self { history, before, clock_before })
    }

    fn position(&self) -> usize {
        self.before.map_or(0, |(_, position)| position)
    }

    /// The latest wall time of the new commits, as their authors' clocks showed it.
    fn latest_wall(&self) -> WallTime {
        let new = self.history.commits().skip(self.position());
        new.map(|(commit, _)| commit.body().wall).max().unwrap_or(WallTime::from_ms(0))
    }

    pub(super) fn grown_by(&self) -> usize {
        self.history.len() - self.position()
    }
}

impl Engine {
    /// Judges commits and writes those that pass.
    pub(super) fn take(
        &mut self,
        peer: NodeId,
        commits: &[Vec<u8>],
        now: Now,
        store: &mut dyn Store,
        outputs: &mut Vec<Output>,
    ) -> Result<Taken, ReplicaError> {
        let mut result = Taken::default();
        let mut facets: BTreeMap<FacetId, (Growing, Vec<&Vec<u8>>)> = BTreeMap::new();
        for encoded in commits {
            let verdict = match self.authenticated(encoded) {
                Ok((commit, actor)) => {
                    let facet = commit.body().facet;
                    let (growing, taken) = match facets.entry(facet) {
                        std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
                        std::collections::btree_map::Entry::Vacant(entry) => {
                            entry.insert((Growing::load(store, &facet)?, Vec::new()))
                        }
                    };
                    let verdict = self.place(commit, actor, &mut growing.history);
                    if verdict.is_ok() {
                        taken.push(encoded);
                    }
                    verdict
                }
                Err(fault) => Err(fault),
            };
            if let Err(fault) = verdict {
                self.refuse(peer, encoded, fault, now, &mut result, outputs);
            }
        }
        let mut batch = Batch::default();
        let mut grown = Vec::new();
        for (facet, (growing, taken)) in facets {
            match self.may_arrive(peer, &growing) {
                _ if growing.grown_by() == 0 => {}
                Ok(grade) => {
                    result.taken += growing.grown_by();
                    replica::put_commits(&mut batch, &growing.history, growing.position(), grade);
                    grown.push((facet, growing, grade));
                }
                Err(fault) => {
                    for encoded in taken {
                        self.refuse(peer, encoded, fault.clone(), now, &mut result, outputs);
                    }
                }
            }
        }
        self.write_grown(batch, grown, Some(peer), store)?;
        Ok(result)
    }

    fn authenticated(&self, encoded: &[u8]) -> Result<(Commit, crate::ids::ActorId), Fault> {
        let commit = Commit::decode(encoded)?;
        let actor = self.charters.authenticate(&commit)?;
        Ok((commit, actor))
    }

    fn place(
        &self,
        commit: Commit,
        actor: crate::ids::ActorId,
        history: &mut History,
    ) -> Result<(), Fault> {
        history.check(&commit, actor)?;
        self.charters.authorize(&commit, history)?;
        history.insert(commit, actor)?;
        Ok(())
    }

    /// The grade a facet comes to, if both this node and the peer that sent it may hold it so.
    fn may_arrive(&mut self, peer: NodeId, growing: &Growing) -> Result<Grade, Fault> {
        let grade = self.grade_of(&growing.history)?;
        let label = growing.history.facet().label(grade);
        let node = self.node();
        let decision = self.charter().flow(&label, node);
        if !decision.allowed {
            return Err(Fault::NotForUs { label: Box::new(label), rules: decision.rules.clone() });
        }
        let decision = self.charter().flow(&label, peer);
        if !decision.allowed {
            let rules = decision.rules.clone();
            return Err(Fault::NotForSender { peer, label: Box::new(label), rules });
        }
        Ok(grade)
    }

    pub(super) fn grade_of(&self, history: &History) -> Result<Grade, Fault> {
        let grade = self.charters.join(&history.grades());
        Ok(grade.ok_or(crate::history::HistoryError::NoGrade)?)
    }

    fn refuse(
        &mut self,
        peer: NodeId,
        encoded: &[u8],
        fault: Fault,
        now: Now,
        result: &mut Taken,
        outputs: &mut Vec<Output>,
    ) {
        let duplicate =
            matches!(fault, Fault::History(crate::history::HistoryError::Duplicate));
        if duplicate {
            // Harmless: two ways led here. Counted, and nobody is troubled.
            self.quarantine.count(Some(peer), fault.code());
            return;
        }
        result.refused += 1;
        result.gap |= fault.may_pass_later();
        self.quarantine.take(Some(peer), encoded, &fault, now.wall);
        let commit = crate::ids::CommitHash::of(encoded);
        outputs.push(Output::Alarm(Alarm::Refused { peer, commit, fault }));
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
            self.durability.wait(Waiting::Facet {
                facet,
                before: growing.before.map(|(grade, _)| grade),
                after,
                digest: replica::heads_digest(&growing.history),
                commits: growing.grown_by(),
                wall: growing.latest_wall(),
                clock_before: growing.clock_before,
                from,
            });
        }
        Ok(())
    }
}
