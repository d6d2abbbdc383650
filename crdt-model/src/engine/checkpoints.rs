//! What townships sign of the log of charters: this node's own signature, what is taken of others,
//! and what that shows. `gossip` exchanges it with peers, `freshness` says what follows for sending.
//!
//! A township signs the head of its log once a day and with every charter. Signatures go from node
//! to node with every hello, over all links and whatever charter the other goes by, so that two
//! charters with one number become known to everybody, and with them to whom the one of them was
//! shown. Nothing here depends on any facet.

use std::collections::BTreeMap;

use crate::charter::Tier;
use crate::checkpoint::ledger::{Gossip, Ledger, Split};
use crate::checkpoint::{Checkpoint, Cosignature, Roots};
use crate::ids::{CharterVersion, NodeId};
use crate::limits::{
    CLOCK_LOOK_MS, COSIGN_INTERVAL_S, COSIGN_START_S, COSIGNATURE_AHEAD_S, COSIGNATURE_BURST_MAX,
    COSIGNATURE_REFILL_MS, FROZEN_AFTER_MS,
};
use crate::planted::{self, Plant};
use crate::replica::{self, ReplicaError};
use crate::store::{Batch, Store};
use crate::time::{Instant, Now, WallTime};

use super::durable::Waiting;
use super::freshness::Rung;
use super::{Alarm, Engine, Output};

/// A newer charter that a township has signed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Ahead {
    pub(super) cosignature: Cosignature,
    /// When this node first heard of it, by its own clock.
    pub(super) seen: WallTime,
    /// Whether the alarm was raised that it does not arrive.
    pub(super) told: bool,
}

/// How many more signatures of a township are taken at once.
struct Allowance {
    left: u32,
    refilled: Instant,
}

/// A signature that its township did not make.
struct BadSignature;

/// See the module.
pub(super) struct Checkpoints {
    pub(super) ledger: Ledger,
    /// What is durable, and told to others.
    pub(super) published: Gossip,
    pub(super) digest: [u8; 16],
    pub(super) ahead: Option<Ahead>,
    /// The time that enough townships have confirmed.
    pub(super) confirmed: Option<WallTime>,
    pub(super) rung: Rung,
    allowances: BTreeMap<NodeId, Allowance>,
    /// Of each township the last that was of the future by this node's clock, well signed.
    early: BTreeMap<NodeId, Cosignature>,
    /// The log is another since it was last looked at.
    log_changed: bool,
    just_started: bool,
}

impl Checkpoints {
    /// What a store holds. Damaged entries are dropped with `batch`.
    pub(super) fn read(store: &dyn Store, batch: &mut Batch) -> Result<Self, ReplicaError> {
        let mut ledger = Ledger::default();
        let (mut ahead, mut confirmed) = (None, None);
        let prefix = replica::cosignatures_prefix();
        replica::for_each_entry(store, &prefix, |key, value| {
            let whole = value.is_ok_and(|value| match key {
                key if key == confirmed_key() => {
                    confirmed = value.try_into().ok().map(wall_of);
                    confirmed.is_some()
                }
                key if key == ahead_key() => {
                    ahead = Ahead::decode(value);
                    ahead.is_some()
                }
                key => ledger.load(key, value),
            });
            if !whole {
                batch.delete(key.to_vec());
            }
            Ok(())
        })?;
        let published = ledger.gossip();
        Ok(Self {
            digest: published.digest(),
            published,
            ledger,
            ahead,
            confirmed,
            rung: Rung::Fresh,
            allowances: BTreeMap::new(),
            early: BTreeMap::new(),
            log_changed: true,
            just_started: true,
        })
    }

    /// Whether this very signature was checked before.
    fn is_checked(&self, one: &Cosignature) -> bool {
        let held = self.ledger.newest_of(one.cosigner);
        held == Some(one) || self.early.get(&one.cosigner) == Some(one)
    }

    /// Whether a township may have another signature taken just now.
    fn allows(&mut self, cosigner: NodeId, now: Now) -> bool {
        self.allowance(cosigner, now).left > 0
    }

    /// Takes one signature out of what its township is allowed. Only what that township signed
    /// counts: nobody else can use it up.
    fn uses(&mut self, cosigner: NodeId, now: Now) {
        let allowance = self.allowance(cosigner, now);
        allowance.left = allowance.left.saturating_sub(1);
    }

    fn allowance(&mut self, cosigner: NodeId, now: Now) -> &mut Allowance {
        let allowance = self.allowances.entry(cosigner).or_insert(Allowance {
            left: COSIGNATURE_BURST_MAX,
            refilled: now.instant,
        });
        let due = now.instant.since_ms(allowance.refilled) / COSIGNATURE_REFILL_MS;
        if due > 0 {
            let due = u32::try_from(due).unwrap_or(u32::MAX);
            allowance.left = allowance
                .left
                .saturating_add(due)
                .min(COSIGNATURE_BURST_MAX);
            allowance.refilled = now.instant;
        }
        allowance
    }
}

impl Ahead {
    fn encode(&self) -> Vec<u8> {
        let told = [u8::from(self.told)];
        [
            &self.seen.ms.to_be_bytes()[..],
            &told,
            &self.cosignature.encode(),
        ]
        .concat()
    }

    fn decode(value: &[u8]) -> Option<Self> {
        let (seen, rest) = value.split_first_chunk()?;
        let (told, cosignature) = rest.split_first()?;
        Some(Self {
            cosignature: Cosignature::decode(cosignature).ok()?,
            seen: wall_of(*seen),
            told: *told == 1,
        })
    }
}

fn wall_of(bytes: [u8; 8]) -> WallTime {
    WallTime::from_ms(u64::from_be_bytes(bytes))
}

fn confirmed_key() -> Vec<u8> {
    replica::cosignatures_key(b"t")
}

fn ahead_key() -> Vec<u8> {
    replica::cosignatures_key(b"a")
}

impl Engine {
    /// The log is another: the charter that was put in force is its head.
    pub(super) fn log_changes(&mut self) {
        self.checkpoints.log_changed = true;
    }

    /// Whether a node signs checkpoints under the charter in force.
    pub(super) fn cosigns(&self, node: NodeId) -> bool {
        let roster = self.charter().roster();
        roster
            .active(node)
            .is_some_and(|member| member.tier == Tier::Township)
    }

    /// Signs what is due, and looks at what the signatures held come to. What is new waits for the
    /// disk.
    pub(super) fn see_to_checkpoints(
        &mut self,
        now: Now,
        store: &mut dyn Store,
    ) -> Result<(), ReplicaError> {
        if self.notes_nothing() {
            self.climb(now);
            return Ok(());
        }
        let mut batch = Batch::default();
        let mut alarms = Vec::new();
        if std::mem::take(&mut self.checkpoints.log_changed) {
            let roots = Roots::of(&self.charter().log());
            let roster = self.charter().roster().clone();
            let signs = |node| {
                let member = roster.active(node);
                member.is_some_and(|member| member.tier == Tier::Township)
            };
            let splits = self.checkpoints.ledger.follow(roots, signs, &mut batch);
            alarms.extend(splits.iter().map(Alarm::split_view));
        }
        if let Some(own) = self.own_cosignature() {
            let splits = self.checkpoints.ledger.take(&own, true, &mut batch);
            alarms.extend(splits.iter().map(Alarm::split_view));
        }
        alarms.extend(self.look_ahead(&mut batch));
        self.confirm(&mut batch);
        self.write_checkpoints(&batch, alarms, store)?;
        self.climb(now);
        Ok(())
    }

    /// This node's signature on the head of its log, if it is a township and one is due.
    fn own_cosignature(&mut self) -> Option<Cosignature> {
        let node = self.node();
        // By its own clock and not by what others confirmed: else each would lift the others' floor.
        let shows = self.clock.believed();
        let time_s = shows.ms / 1000;
        let roots = self.checkpoints.ledger.roots();
        let (size, root) = (roots.size(), roots.at(roots.size())?);
        let just_started = std::mem::take(&mut self.checkpoints.just_started);
        let due = match self.checkpoints.ledger.newest_of(node) {
            None => true,
            Some(last) => {
                let interval_s = if just_started {
                    COSIGN_START_S
                } else {
                    COSIGN_INTERVAL_S
                };
                (last.size, last.root) != (size, root)
                    || time_s >= last.time_s.saturating_add(interval_s)
                    // It was signed by a clock that was wrong; but for one that shows a time before
                    // the charter began, which is surely wrong itself.
                    || last.time_s > time_s.saturating_add(COSIGNATURE_AHEAD_S)
                        && shows >= self.charter().validity().from
            }
        };
        if !due || !self.cosigns(node) {
            return None;
        }
        let county = node.county();
        let checkpoint = Checkpoint { county, size, root };
        let key = &self.identity.key;
        Some(Cosignature::sign(&checkpoint, node, time_s, key))
    }

    /// Takes what a peer holds, as far as it is new and well signed. What is of the future by this node's
    /// clock is no township's newest, but proves what it proves.
    pub(super) fn take_gossip(
        &mut self,
        peer: NodeId,
        gossip: &Gossip,
        now: Now,
        store: &mut dyn Store,
    ) -> Result<(), ReplicaError> {
        let mut batch = Batch::default();
        let mut splits = Vec::new();
        let mut bad = 0;
        let all = gossip.newest.iter().chain(gossip.pairs.iter().flatten());
        let early = |one: &Cosignature| self.cosigns(one.cosigner) && !self.counts(one);
        if all.into_iter().any(early)
            && let Some(known) = self.peers.get_mut(&peer)
        {
            known.gave_early = true;
            self.clock.look_by(now.instant.after_ms(CLOCK_LOOK_MS));
        }
        for one in &gossip.newest {
            match self.take_newest(one, now, &mut batch) {
                Ok(proved) => splits.extend(proved),
                Err(BadSignature) if self.has_enough_of(peer, &mut bad) => break,
                Err(BadSignature) => {}
            }
        }
        for [one, other] in &gossip.pairs {
            match self.take_evidence(one, other, &mut batch) {
                Ok(proved) => splits.extend(proved),
                Err(BadSignature) if self.has_enough_of(peer, &mut bad) => break,
                Err(BadSignature) => {}
            }
        }
        let alarms: Vec<_> = splits.iter().map(Alarm::split_view).collect();
        self.write_checkpoints(&batch, alarms, store)?;
        let borne_out = self.take_declaration(&gossip.declaration, store)?;
        if !borne_out && self.same_charter(peer) {
            self.quarantine.count(Some(peer), "bad-declaration");
        }
        Ok(())
    }

    /// Takes a township's newest signature, if it tells anything and the township may have another one
    /// taken; what it proves comes back.
    fn take_newest(
        &mut self,
        one: &Cosignature,
        now: Now,
        batch: &mut Batch,
    ) -> Result<Vec<Split>, BadSignature> {
        if !self.cosigns(one.cosigner) {
            return Ok(Vec::new());
        }
        let (replaces, counts) = (self.replaces(one), self.counts(one));
        let tells = if counts {
            self.checkpoints.ledger.wants(one, replaces)
        } else if self.checkpoints.is_checked(one) {
            self.note_clock_of(one.cosigner, one.time(), true, now);
            self.checkpoints.ledger.wants_proof(one)
        } else {
            true
        };
        if !tells || !self.checkpoints.allows(one.cosigner, now) {
            return Ok(Vec::new());
        }
        if !self.verifies(one) {
            return Err(BadSignature);
        }
        self.checkpoints.uses(one.cosigner, now);
        self.note_clock_of(one.cosigner, one.time(), true, now);
        let Checkpoints { ledger, early, .. } = &mut self.checkpoints;
        if counts {
            return Ok(ledger.take(one, replaces, batch));
        }
        early.insert(one.cosigner, *one);
        Ok(ledger.prove(one, batch))
    }

    /// Takes two signatures that contradict each other, if that is new evidence.
    fn take_evidence(
        &mut self,
        one: &Cosignature,
        other: &Cosignature,
        batch: &mut Batch,
    ) -> Result<Option<Split>, BadSignature> {
        let wanted = self.checkpoints.ledger.wants_pair(one, other);
        if !wanted || !self.cosigns(one.cosigner) || !self.cosigns(other.cosigner) {
            return Ok(None);
        }
        if !self.verifies(one) || !self.verifies(other) {
            return Err(BadSignature);
        }
        Ok(self.checkpoints.ledger.take_pair(one, other, batch))
    }

    /// Counts a bad signature, and says whether so many in one frame are enough.
    fn has_enough_of(&mut self, peer: NodeId, bad: &mut usize) -> bool {
        *bad += 1;
        self.quarantine.count(Some(peer), "bad-cosignature");
        *bad >= crate::limits::BAD_COSIGNATURES_MAX
    }

    /// Whether a signature could count: its cosigner may sign, and it is not of the future.
    fn counts(&self, one: &Cosignature) -> bool {
        let now_s = self.clock.believed().ms / 1000;
        self.cosigns(one.cosigner) && one.time_s <= now_s.saturating_add(COSIGNATURE_AHEAD_S)
    }

    /// Whether the signature held of its township cannot be true by this node's clock.
    fn replaces(&self, one: &Cosignature) -> bool {
        let held = self.checkpoints.ledger.newest_of(one.cosigner);
        held.is_some_and(|held| !self.counts(held))
    }

    /// Whether the township signed it with the key that the charter of that version lists.
    fn verifies(&self, one: &Cosignature) -> bool {
        let charter = self.charters.get(CharterVersion(one.size));
        let charter = charter.unwrap_or(self.charter());
        let member = charter.roster().active(one.cosigner);
        let member = member.filter(|member| member.tier == Tier::Township);
        planted::is(Plant::CosignatureUnchecked)
            || member.is_some_and(|member| one.signed_by(&member.key))
    }

    /// Notes that a newer charter was signed, and raises the alarm when it does not arrive.
    fn look_ahead(&mut self, batch: &mut Batch) -> Option<Alarm> {
        let wall = self.believed_wall();
        let Checkpoints { ledger, ahead, .. } = &mut self.checkpoints;
        let before = *ahead;
        let size = ledger.roots().size();
        *ahead = ahead.filter(|ahead| ahead.cosignature.size > size);
        if ahead.is_none() {
            *ahead = ledger.newer().map(|newer| Ahead {
                cosignature: *newer,
                seen: wall,
                told: false,
            });
        }
        let mut alarm = None;
        if let Some(ahead) = ahead {
            // The clock was set back.
            ahead.seen = ahead.seen.min(wall);
            let late = wall.ms - ahead.seen.ms >= FROZEN_AFTER_MS;
            if !ahead.told && late {
                ahead.told = true;
                alarm = Some(Alarm::Frozen {
                    cosigner: ahead.cosignature.cosigner,
                    size: ahead.cosignature.size,
                    seen: ahead.seen,
                });
            }
        }
        match ahead {
            same if *same == before => {}
            Some(ahead) => batch.put(ahead_key(), ahead.encode()),
            None => batch.delete(ahead_key()),
        }
        alarm
    }

    /// Moves the confirmed time on. It goes back only where it leads the wall clock by more than a day,
    /// and as many townships as set it have signed again by clocks that agree with this one: then they
    /// all erred, and say so.
    fn confirm(&mut self, batch: &mut Batch) {
        let Some(freshness) = self.charter().freshness() else {
            return;
        };
        let shows = self.clock.believed();
        let latest_s = shows.ms / 1000 + COSIGNATURE_AHEAD_S;
        let ledger = &self.checkpoints.ledger;
        let confirmed_s = ledger.confirmed_s(freshness.cosigners, latest_s);
        let confirmed = confirmed_s.map(|time_s| WallTime::from_ms(time_s.saturating_mul(1000)));
        let in_force = confirmed >= Some(self.charter().validity().from);
        let erred = in_force && self.confirmed_ahead(shows).is_some();
        if confirmed > self.checkpoints.confirmed || erred {
            self.checkpoints.confirmed = confirmed;
            let ms = confirmed.map_or(0, |confirmed| confirmed.ms);
            batch.put(confirmed_key(), ms.to_be_bytes().to_vec());
        }
    }

    fn write_checkpoints(
        &mut self,
        batch: &Batch,
        alarms: Vec<Alarm>,
        store: &mut dyn Store,
    ) -> Result<(), ReplicaError> {
        if !batch.is_empty() {
            store.write(batch)?;
            self.durability.wrote();
            let gossip = Box::new(self.checkpoints.ledger.gossip());
            self.durability.wait(Waiting::Gossip { gossip, alarms });
        }
        Ok(())
    }

    /// What was taken is durable: everybody is told.
    pub(super) fn publish(
        &mut self,
        gossip: Gossip,
        alarms: Vec<Alarm>,
        outputs: &mut Vec<Output>,
    ) {
        outputs.extend(alarms.into_iter().map(Output::Alarm));
        self.checkpoints.published = gossip;
        self.tell_gossip();
    }

    /// Everybody is told what is durable.
    pub(super) fn tell_gossip(&mut self) {
        let declaration = self.emergencies.told().to_vec();
        self.checkpoints.published.declaration = declaration;
        let digest = self.checkpoints.published.digest();
        if std::mem::replace(&mut self.checkpoints.digest, digest) != digest {
            // Whoever was not greeted yet hears of it with the greeting.
            for known in self.peers.values_mut() {
                known.hello_due |= known.connected && known.hello.is_some();
            }
        }
    }
}

impl Alarm {
    fn split_view(split: &Split) -> Self {
        let Split { one, other } = split;
        Self::SplitView {
            size: one.size,
            one: one.cosigner,
            other: other.map(|other| other.cosigner),
        }
    }
}
