//! Emergencies: what reviewers declare, for how long its rules count at this node, and what is
//! reported afterwards. A declaration goes from node to node with the gossip; it counts once it is
//! durable, from its first moment until its last, by this node's clock.
//!
//! What the rules for emergencies add is what flows and who reads. A link carries it while an
//! emergency counts at both its ends, so that one end whose clock is wrong, or which has not heard
//! yet, still gets what it gets every day. Who may write what never depends on it: commits are judged
//! the same way everywhere and for ever.
//!
//! When it is over, what came here by those rules goes, as after a charter that narrows.
//!
//! ```text
//! key                    value
//! e d                    u8 whether it is over, 8 B since when it counted here (ms since 1970, 0 if
//!                        it did not yet), the declaration
//! e r since(u64 be)      a report: see `emergency_report`
//! ```

use std::sync::Arc;

use crate::charter::{Charter, Declared};
use crate::ids::NodeId;
use crate::limits::{ANTI_ENTROPY_INTERVAL_MS, EMERGENCY_REPORTS_MAX};
use crate::planted::{self, Plant};
use crate::replica::{self, ReplicaError};
use crate::store::{Batch, Store};
use crate::time::{Instant, Now, WallTime};

use super::durable::Waiting;
use super::emergency_report::EmergencyReport;
use super::{Alarm, Engine};

/// The newest declaration that was taken.
struct Held {
    bytes: Vec<u8>,
    declared: Declared,
    durable: bool,
    /// It has had its time, whatever the clock says later.
    over: bool,
    /// Since when it counts here, by this node's clock.
    since: Option<WallTime>,
}

/// An emergency that counts.
struct Counting {
    /// The charter as it decides in an emergency.
    rules: Arc<dyn Charter>,
    /// When it began to count in this process: it ends in time even where the wall clock stands.
    began: Instant,
    /// The last declaration that counted: the one held may be what called it off.
    declared: Declared,
}

/// See the module.
#[derive(Default)]
pub(super) struct Emergencies {
    held: Option<Held>,
    counting: Option<Counting>,
    reports: Vec<EmergencyReport>,
}

/// How it stands with emergencies.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct EmergencyStatus {
    /// Whether the rules for emergencies count at this node now.
    pub counts: bool,
    /// The declaration that counts; where none does, the newest that this node holds.
    pub declared: Option<Declared>,
    /// Whether it has had its time, or was called off.
    pub over: bool,
    /// Since when it counts here, or did, by this node's clock.
    pub since: Option<WallTime>,
    /// What came of earlier ones, the oldest first.
    pub reports: Vec<EmergencyReport>,
}

fn declaration_key() -> Vec<u8> {
    replica::emergencies_key(b"d")
}

fn report_key(report: &EmergencyReport) -> Vec<u8> {
    replica::emergencies_key(&[b"r", &report.since.ms.to_be_bytes()[..]].concat())
}

impl Held {
    fn encode(&self) -> Vec<u8> {
        let since = self.since.map_or(0, |since| since.ms);
        let head = [&[u8::from(self.over)][..], &since.to_be_bytes()];
        [&head.concat()[..], &self.bytes].concat()
    }

    fn decode(value: &[u8], charters: &crate::judge::Charters) -> Option<Self> {
        let (over, rest) = value.split_first()?;
        let (since, bytes) = rest.split_first_chunk()?;
        let since = u64::from_be_bytes(*since);
        // It may have been declared under the charter before.
        let declared = charters.iter().find_map(|one| one.declared(bytes))?;
        Some(Self {
            bytes: bytes.to_vec(),
            declared,
            durable: true,
            over: *over == 1,
            since: (since > 0).then(|| WallTime::from_ms(since)),
        })
    }

    /// Whether it counts at this moment under the charter in force.
    fn counts(
        &self,
        charter: &dyn Charter,
        wall: WallTime,
        began: Option<Instant>,
        now: Now,
    ) -> bool {
        let span_ms = self.declared.holds.until.ms - self.declared.holds.from.ms;
        let lasts = began.is_none_or(|began| now.instant.since_ms(began) <= span_ms);
        let unended = !self.over && lasts && self.declared.holds_at(wall)
            || planted::is(Plant::EmergencyOverrun) && self.since.is_some();
        unended && self.durable && self.declared.charter == charter.digest()
    }

    /// Whether it will never count any more, where it does not count now.
    fn is_through(&self, charter: &dyn Charter, wall: WallTime) -> bool {
        let begun = self.declared.ends() || wall >= self.declared.holds.from;
        begun || self.declared.charter != charter.digest()
    }
}

impl Emergencies {
    /// What a store holds. What is damaged, or counts under no charter that is here, is dropped with
    /// `batch`.
    pub(super) fn read(
        store: &dyn Store,
        charters: &crate::judge::Charters,
        batch: &mut Batch,
    ) -> Result<Self, ReplicaError> {
        let mut all = Self::default();
        replica::for_each_entry(store, &replica::emergencies_prefix(), |key, value| {
            let whole = value.is_ok_and(|value| match key {
                key if key == declaration_key() => {
                    all.held = Held::decode(value, charters);
                    all.held.is_some()
                }
                key => match EmergencyReport::decode(value) {
                    Ok(report) => {
                        let named = report_key(&report) == key;
                        all.reports.push(report);
                        named
                    }
                    Err(_) => false,
                },
            });
            if !whole {
                batch.delete(key.to_vec());
            }
            Ok(())
        })?;
        Ok(all)
    }

    /// The declaration that is durable, for others.
    pub(super) fn told(&self) -> &[u8] {
        let durable = self.held.as_ref().filter(|held| held.durable);
        durable.map_or(&[], |held| &held.bytes)
    }
}

impl Engine {
    /// Whether an emergency counts at this node now.
    pub fn in_emergency(&self) -> bool {
        self.emergency_rules().is_some()
    }

    /// What decides here now what flows and who reads: the charter in force, and in an emergency
    /// what it says for that.
    pub fn rules(&self) -> &Arc<dyn Charter> {
        self.emergency_rules().unwrap_or(self.charter())
    }

    /// What decides over the link with a peer.
    pub fn rules_with(&self, peer: NodeId) -> &Arc<dyn Charter> {
        match self.emergency_over(peer) {
            true => self.rules(),
            false => self.charter(),
        }
    }

    fn emergency_rules(&self) -> Option<&Arc<dyn Charter>> {
        let counting = self.emergencies.counting.as_ref()?;
        // A newer charter may have come since; its emergencies are declared anew.
        let ours = counting.rules.digest() == self.charter().digest();
        ours.then_some(&counting.rules)
    }

    /// Whether an emergency counts over the link with a peer, as far as this node knows.
    pub(super) fn emergency_over(&self, peer: NodeId) -> bool {
        self.in_emergency() && self.peers.get(&peer).is_some_and(|known| known.emergency)
    }

    /// The declaration that counts, though a newer one may wait for the disk; else the one held.
    pub(super) fn declared_last(&self) -> Option<&Declared> {
        let counting = self.emergencies.counting.as_ref();
        let held = || self.emergencies.held.as_ref().map(|held| &held.declared);
        counting.map(|counting| &counting.declared).or_else(held)
    }

    /// How it stands with emergencies.
    pub fn emergency_status(&self) -> EmergencyStatus {
        let held = self.emergencies.held.as_ref();
        EmergencyStatus {
            counts: self.in_emergency(),
            declared: self.declared_last().cloned(),
            over: held.is_some_and(|held| held.over),
            since: held.and_then(|held| held.since),
            reports: self.emergencies.reports.clone(),
        }
    }

    /// Takes a declaration, if it is newer than the one held and the charter bears it out. It counts
    /// once it is durable. `false` if the charter does not.
    pub(super) fn take_declaration(
        &mut self,
        bytes: &[u8],
        store: &mut dyn Store,
    ) -> Result<bool, ReplicaError> {
        let held = self.emergencies.held.as_ref();
        if bytes.is_empty() || held.is_some_and(|held| held.bytes == bytes) {
            return Ok(true);
        }
        let Some(declared) = self.charter().declared(bytes) else {
            return Ok(false);
        };
        let known = held.filter(|held| held.declared.charter == declared.charter);
        let newer = known.is_none_or(|held| match held.declared.digest == declared.digest {
            true => *bytes > *held.bytes,
            false => declared.follows(&held.declared),
        });
        if !newer {
            return Ok(true);
        }
        let same = known.filter(|held| held.declared.digest == declared.digest);
        let taken = Held {
            over: same.is_some_and(|held| held.over),
            // One that follows on another goes on with its report.
            since: known
                .and_then(|held| held.since.filter(|_| self.in_emergency() || same.is_some())),
            durable: false,
            bytes: bytes.to_vec(),
            declared,
        };
        let mut batch = Batch::default();
        batch.put(declaration_key(), taken.encode());
        store.write(&batch)?;
        self.durability.wrote();
        self.durability
            .wait(Waiting::Declaration(taken.declared.digest));
        self.emergencies.held = Some(taken);
        if planted::is(Plant::EmergencyBeforeDurable) {
            self.emergencies
                .held
                .iter_mut()
                .for_each(|held| held.durable = true);
        }
        Ok(true)
    }

    /// A declaration is durable: it counts, and everybody is told.
    pub(super) fn declaration_durable(&mut self, digest: &crate::ids::CharterDigest) {
        if let Some(held) = self.emergencies.held.as_mut()
            && held.declared.digest == *digest
        {
            held.durable = true;
        }
        self.tell_gossip();
    }

    /// Looks whether an emergency counts. One that ends is reported on, and what came by its rules
    /// goes once the report is written.
    pub(super) fn see_to_emergency(
        &mut self,
        now: Now,
        store: &mut dyn Store,
    ) -> Result<(), ReplicaError> {
        let wall = self.believed_wall();
        let charter = Arc::clone(self.charter());
        let before = self.emergencies.counting.as_ref();
        let Some(held) = self.emergencies.held.as_ref() else {
            return Ok(());
        };
        // One that takes another's place has a time of its own.
        let same = before.filter(|counting| counting.declared.digest == held.declared.digest);
        let began = same.map(|counting| counting.began);
        let counts = held.counts(&*charter, wall, began, now);
        match (
            before.is_some_and(|one| one.rules.digest() == charter.digest()),
            counts,
        ) {
            (false, true) => self.begin_emergency(&*charter, wall, now, store)?,
            (true, true) => {
                let (began, declared) = (began.unwrap_or(now.instant), held.declared.clone());
                if let Some(counting) = self.emergencies.counting.as_mut() {
                    counting.began = began;
                    counting.declared = declared;
                }
            }
            (_, false) => {
                let counted = before.is_some() || held.since.is_some();
                let passed = held.is_through(&*charter, wall);
                if held.durable && !held.over && (counted || passed) {
                    self.end_emergency(counted, passed, wall, store)?;
                }
            }
        }
        self.look_at_emergency_by(wall, now);
        Ok(())
    }

    /// Has the clock looked at again when something is to begin or to end.
    fn look_at_emergency_by(&mut self, wall: WallTime, now: Now) {
        let Some(held) = self.emergencies.held.as_ref().filter(|held| !held.over) else {
            return;
        };
        let holds = held.declared.holds;
        let next = match self.in_emergency() {
            true => holds.until.ms.saturating_add(1),
            false => holds.from.ms,
        };
        let wait_ms = next
            .saturating_sub(wall.ms)
            .clamp(1, ANTI_ENTROPY_INTERVAL_MS);
        if next > wall.ms {
            self.clock.look_by(now.instant.after_ms(wait_ms));
        }
    }

    fn begin_emergency(
        &mut self,
        charter: &dyn Charter,
        wall: WallTime,
        now: Now,
        store: &mut dyn Store,
    ) -> Result<(), ReplicaError> {
        let Some(rules) = charter.in_emergency() else {
            return Ok(());
        };
        if let Some(held) = self.emergencies.held.as_mut() {
            let (began, declared) = (now.instant, held.declared.clone());
            self.emergencies.counting = Some(Counting {
                rules,
                began,
                declared,
            });
            held.since.get_or_insert(wall);
            let (number, until) = (held.declared.number, held.declared.holds.until);
            self.mending
                .alarms
                .push(Alarm::EmergencyBegins { number, until });
            let mut batch = Batch::default();
            batch.put(declaration_key(), held.encode());
            store.write(&batch)?;
            self.durability.wrote();
        }
        self.change_rules();
        Ok(())
    }

    /// It does not count now, or, if it is `over`, never again. Where it `counted`, this is reported.
    fn end_emergency(
        &mut self,
        counted: bool,
        over: bool,
        wall: WallTime,
        store: &mut dyn Store,
    ) -> Result<(), ReplicaError> {
        let report = self.report_on_emergency(wall);
        self.emergencies.counting = None;
        let mut batch = Batch::default();
        if let Some(held) = self.emergencies.held.as_mut() {
            held.over = over;
            held.since = held.since.filter(|_| over);
            batch.put(declaration_key(), held.encode());
        }
        if counted {
            // Others may still hold commits of this node on what goes now.
            Self::lives_are_due(&mut batch);
            self.charter_begins_lives();
        }
        if let Some(report) = report {
            let (number, facets) = (report.declared.number, report.received_in_all());
            self.mending
                .alarms
                .push(Alarm::EmergencyEnds { number, facets });
            batch.put(report_key(&report), report.encode());
            self.emergencies.reports.push(report);
            while self.emergencies.reports.len() > EMERGENCY_REPORTS_MAX {
                batch.delete(report_key(&self.emergencies.reports.remove(0)));
            }
        }
        store.write(&batch)?;
        self.durability.wrote();
        if counted {
            self.change_rules();
            self.drop_after = Some(self.durability.token_written());
        }
        Ok(())
    }

    /// Other rules decide from now on: what links carry is found anew, and everybody is greeted.
    pub(super) fn change_rules(&mut self) {
        for known in self.peers.values_mut() {
            known.reset();
        }
        self.lay_links();
    }
}
