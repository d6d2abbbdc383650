//! Damage to one facet: what is left of it is kept, the rest is fetched from peers again, and the
//! node goes on.
//!
//! Commits lie in the store after their parents, so the first of them up to the damage are a
//! history. They are all that is held from then on, in the store and in the index, as if the rest
//! had never come; peers that may hold the facet compare again, and nobody else notices. The lost
//! commits may be this node's own, so it writes in another life from then on.

use std::collections::BTreeSet;

use super::durable::Waiting;
use super::{Alarm, Engine};
use crate::history::History;
use crate::ids::NodeId;
use crate::label::{FacetId, Label};
use crate::planted::{self, Plant};
use crate::reconcile::Position;
use crate::replica::{self, FacetEntry, ReplicaError};
use crate::store::{Batch, Store};
use crate::time::Now;

/// What is damaged and not mended yet, and what was mended and not told yet.
#[derive(Default)]
pub(super) struct Mending {
    /// Facets that were found damaged when the engine was opened.
    pub(super) facets: Vec<FacetId>,
    /// What takes damaged entries out of the quarantine and the ledger of cosignatures.
    pub(super) dropped: Batch,
    pub(super) alarms: Vec<Alarm>,
}

impl Engine {
    /// What the replica keeps about a facet, if it holds it.
    pub(super) fn entry_of(
        &mut self,
        facet: &FacetId,
        now: Now,
        store: &mut dyn Store,
    ) -> Result<Option<FacetEntry>, ReplicaError> {
        match replica::facet_entry(store, facet) {
            Err(ReplicaError::Damaged { .. }) => {
                self.mend(facet, now, store)?;
                replica::facet_entry(store, facet)
            }
            other => other,
        }
    }

    /// The same with the facet's commits.
    pub(super) fn history_of(
        &mut self,
        facet: &FacetId,
        now: Now,
        store: &mut dyn Store,
    ) -> Result<Option<(FacetEntry, History)>, ReplicaError> {
        let Some(entry) = self.entry_of(facet, now, store)? else {
            return Ok(None);
        };
        match replica::history(store, facet) {
            Ok(history) if history.len() == entry.commits as usize => {
                return Ok(Some((entry, history)));
            }
            Ok(_) | Err(ReplicaError::Damaged { .. }) => self.mend(facet, now, store)?,
            Err(other) => return Err(other),
        }
        match replica::facet_entry(store, facet)? {
            Some(entry) => Ok(Some((entry, replica::history(store, facet)?))),
            None => Ok(None),
        }
    }

    /// Reads a facet that the store says is damaged, and mends it if so. Where the store took the
    /// entry away whole, commits may be left that nobody would find.
    pub(super) fn look_for_damage(
        &mut self,
        facet: &FacetId,
        now: Now,
        store: &mut dyn Store,
    ) -> Result<(), ReplicaError> {
        self.life_to_write(facet, now, store)?;
        if self.history_of(facet, now, store)?.is_some() {
            return Ok(());
        }
        let (history, lost) = replica::rescue(store, facet)?;
        if history.is_empty() && lost.is_empty() && self.indexed(facet).is_empty() {
            return Ok(());
        }
        self.mend(facet, now, store)
    }

    /// Mends what was found damaged when the engine was opened.
    pub(super) fn mend_what_was_found(
        &mut self,
        now: Now,
        store: &mut dyn Store,
    ) -> Result<(), ReplicaError> {
        let quarantine = std::mem::take(&mut self.mending.dropped);
        if !quarantine.is_empty() {
            store.write(&quarantine)?;
            self.durability.wrote();
        }
        for facet in std::mem::take(&mut self.mending.facets) {
            self.mend(&facet, now, store)?;
        }
        Ok(())
    }

    /// Keeps what is whole of a facet, and lets go of the rest.
    fn mend(
        &mut self,
        facet: &FacetId,
        now: Now,
        store: &mut dyn Store,
    ) -> Result<(), ReplicaError> {
        let (history, lost) = replica::rescue(store, facet)?;
        let mut labels = match planted::is(Plant::DamageLeftInIndex) {
            true => Vec::new(),
            false => self.unindex(facet),
        };
        self.durability.forget(facet);
        let mut batch = Batch::default();
        lost.into_iter().for_each(|key| batch.delete(key));
        let grade = self.grade_of(&history).ok();
        // At the grade of its beginning this node may not be one of those that may hold it.
        let held = grade.filter(|grade| {
            let label = facet.label(*grade);
            facet.home == self.node() || self.holds(&label)
        });
        let digest = replica::heads_digest(&history);
        let kept = match held {
            Some(grade) => {
                replica::put_commits(&mut batch, &history, history.len(), grade);
                labels.push(facet.label(grade));
                history.len()
            }
            None => {
                replica::delete_facet(&mut batch, facet, history.len());
                self.scrub_after(&mut batch);
                0
            }
        };
        // What this node may hold at no grade it does not write on, and must not know by name.
        if !planted::is(Plant::SameLifeAfterDamage) && self.holds_at_some_grade(facet) {
            self.begin_life_on(facet, now, &digest, store, &mut batch)?;
        }
        store.write(&batch)?;
        self.durability.wrote();
        let peers = self.carriers(&labels);
        let facet = *facet;
        self.durability.wait(Waiting::Mended {
            facet,
            held: held.map(|grade| (grade, digest)),
            peers,
        });
        self.mending.alarms.push(Alarm::Damaged { facet, kept });
        Ok(())
    }

    fn holds_at_some_grade(&self, facet: &FacetId) -> bool {
        let kinds = self.charter().kinds();
        let declared = kinds.facet(facet.facet).into_iter();
        let mut grades = declared.flat_map(|(_, declared)| declared.grades());
        facet.home == self.node() || grades.any(|grade| self.may_hold(&facet.label(grade)))
    }

    /// Takes a facet out of the index, whatever its label there is; the labels it was under.
    fn unindex(&mut self, facet: &FacetId) -> Vec<Label> {
        let labels = self.indexed(facet);
        for label in &labels {
            self.index.remove(label, &facet.record);
        }
        labels
    }

    /// The labels under which the index knows a facet.
    fn indexed(&self, facet: &FacetId) -> Vec<Label> {
        let record = facet.record;
        let under = |label: &&Label| {
            let label = **label;
            label.facet_of(record) == *facet
                && self.index.get(&Position { label, record }).is_some()
        };
        self.index.labels().filter(under).copied().collect()
    }

    /// The peers whose links carry one of these labels.
    fn carriers(&mut self, labels: &[Label]) -> BTreeSet<NodeId> {
        let mut peers: BTreeSet<NodeId> = self.peers.keys().copied().collect();
        peers.retain(|peer| labels.iter().any(|label| self.link_carries(*peer, label)));
        peers
    }
}
