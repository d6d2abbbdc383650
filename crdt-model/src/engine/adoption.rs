//! Changing charters. A new version is written first and takes effect once it is durable; then what
//! this node may no longer hold goes, and what it may hold now comes.

use std::sync::Arc;

use crate::charter::Charter;
use crate::ids::{CharterVersion, NodeId, RecordId};
use crate::label::Label;
use crate::limits::PURGE_FACETS_MAX;
use crate::planted::{self, Plant};
use crate::replica::{self, ReplicaError};
use crate::store::{Batch, Store};
use crate::time::Now;

use super::durable::Waiting;
use super::{Engine, Output};

/// A facet, by its record and label.
type Listed<'a> = (RecordId, &'a Label);
/// One that goes, with the commits that the store has of it.
type Going<'a> = (RecordId, &'a Label, u32);

impl Engine {
    pub(super) fn adopt(
        &mut self,
        charter: Arc<dyn Charter>,
        bundle: &[u8],
        store: &mut dyn Store,
    ) -> Result<(), ReplicaError> {
        // One version at a time, and each once: another charter under a number that waits for the
        // disk must not take its place there.
        let latest = self.charter().version();
        if charter.version()
            <= self
                .adopting
                .map_or(latest, |adopting| adopting.max(latest))
        {
            return Ok(());
        }
        self.adopting = Some(charter.version());
        let mut batch = Batch::default();
        batch.put(replica::charter_key(charter.version()), bundle.to_vec());
        Self::lives_are_due(&mut batch);
        store.write(&batch)?;
        self.durability.wrote();
        if planted::is(Plant::AdoptsBeforeDurable) {
            self.put_in_force(charter);
            return Ok(());
        }
        self.durability.wait(Waiting::Charter(charter));
        Ok(())
    }

    pub(super) fn recall(
        &mut self,
        charter: Arc<dyn Charter>,
        bundle: &[u8],
        store: &mut dyn Store,
    ) -> Result<(), ReplicaError> {
        if self.charters.get(charter.version()).is_none() {
            let mut batch = Batch::default();
            batch.put(replica::charter_key(charter.version()), bundle.to_vec());
            store.write(&batch)?;
            self.durability.wrote();
            self.durability.wait(Waiting::OlderCharter(charter));
        }
        Ok(())
    }

    /// Judges commits by an older charter too, which is durable; what was refused for want of it
    /// comes again.
    pub(super) fn judge_by(&mut self, charter: Arc<dyn Charter>) {
        self.charters.recall(charter);
        for known in self.peers.values_mut().filter(|known| known.connected) {
            known.went_well();
            known.doubt();
        }
    }

    /// Puts a durable charter in force.
    pub(super) fn put_in_force(&mut self, charter: Arc<dyn Charter>) {
        if charter.version() <= self.charter().version() {
            return;
        }
        self.charters.adopt(charter);
        self.log_changes();
        self.charter_begins_lives();
        self.change_rules();
        self.drop_after = Some(self.durability.token_written());
    }

    pub(super) fn charter_refused(&mut self, peer: NodeId, version: CharterVersion, now: Now) {
        if let Some(known) = self.peers.get_mut(&peer) {
            known.refused_charter = Some(version);
            known.back_off(now);
        }
    }

    /// Drops the facets that this node may no longer hold. Its own records it always keeps.
    pub(super) fn drop_what_is_not_ours(
        &mut self,
        now: Now,
        store: &mut dyn Store,
        outputs: &mut Vec<Output>,
    ) -> Result<(), ReplicaError> {
        // All that was taken under the charter before must be in the index first.
        if self
            .drop_after
            .is_none_or(|after| self.durability.token() < after)
        {
            return Ok(());
        }
        self.drop_after = None;
        if planted::is(Plant::PurgeForgotten) {
            return Ok(());
        }
        self.purge_quarantine(now, store)?;
        let labels = self.labels_not_ours();
        let listed = labels.iter().flat_map(|label| {
            let records = self.index.records(label);
            records.map(move |record| (record, label))
        });
        let mut listed: Vec<Listed<'_>> = listed.collect();
        // In the store's order, so that each write touches what lies together.
        listed.sort_unstable();
        // Before lives are seen to: what turns out to be damaged is mended, which begins one.
        let going = self.going(&listed, now, store)?;
        let mut batch = Batch::default();
        // Others may still hold commits of this node on them, which it no longer knows of.
        self.see_to_lives(now, store, &mut batch)?;
        let mut parts = going.chunks(PURGE_FACETS_MAX);
        self.drop_some(parts.next().unwrap_or_default(), batch, store)?;
        for some in parts {
            self.drop_some(some, Batch::default(), store)?;
        }
        let facets = going.len();
        if facets > 0 {
            outputs.push(Output::Dropped { facets });
        }
        Ok(())
    }

    /// The labels of which this node may no longer hold anything.
    fn labels_not_ours(&mut self) -> Vec<Label> {
        let node = self.node();
        let labels: Vec<Label> = self.index.labels().copied().collect();
        let not_ours = |label: &Label| label.home != node && !self.holds(label);
        labels.into_iter().filter(not_ours).collect()
    }

    /// Those of the listed facets that go.
    fn going<'a>(
        &mut self,
        listed: &[Listed<'a>],
        now: Now,
        store: &mut dyn Store,
    ) -> Result<Vec<Going<'a>>, ReplicaError> {
        let mut going = Vec::with_capacity(listed.len());
        for &(record, label) in listed {
            let facet = label.facet_of(record);
            let entry = self.entry_of(&facet, now, store)?;
            // At a new grade, which the index does not know before it is durable.
            let after = entry.map(|entry| facet.label(entry.grade));
            if after.is_some_and(|after| after != *label && self.holds(&after)) {
                continue;
            }
            going.push((record, label, entry.map_or(0, |entry| entry.commits)));
        }
        Ok(going)
    }

    /// Drops some facets, in one write with what is in `batch`. A charter may take away millions: what
    /// a crash leaves of them goes at the next start.
    fn drop_some(
        &mut self,
        some: &[Going<'_>],
        mut batch: Batch,
        store: &mut dyn Store,
    ) -> Result<(), ReplicaError> {
        for (record, label, commits) in some {
            let facet = label.facet_of(*record);
            replica::delete_facet(&mut batch, &facet, *commits as usize);
            self.durability.forget(&facet);
        }
        if !some.is_empty() {
            self.scrub_after(&mut batch);
        }
        if batch.is_empty() {
            return Ok(());
        }
        store.write(&batch)?;
        self.durability.wrote();
        for (record, label, _) in some {
            self.index.remove(label, record);
        }
        Ok(())
    }

    /// Lets go of refused commits that this node may no longer hold.
    fn purge_quarantine(&mut self, now: Now, store: &mut dyn Store) -> Result<(), ReplicaError> {
        let kept = self
            .quarantine
            .kept()
            .map(|(number, encoded)| (number, encoded.to_vec()));
        let kept: Vec<_> = kept.collect();
        let mut batch = Batch::default();
        for (number, encoded) in kept {
            let forgotten = planted::is(Plant::QuarantinePurgeForgotten);
            if !forgotten && !self.may_keep(&encoded, now, store)? {
                self.quarantine.forget(number, &mut batch);
            }
        }
        if !batch.is_empty() {
            self.scrub_after(&mut batch);
            store.write(&batch)?;
            self.durability.wrote();
        }
        Ok(())
    }
}
