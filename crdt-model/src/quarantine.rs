//! Quarantine: commits that were refused, kept with the reason, so that a person can see what
//! happened, also after a restart. Nothing in quarantine flows. Of what this node may not hold
//! there is the name and the reason, and nothing of its content.
//!
//! ```text
//! an entry in the store
//! u8 peer given?, node    32 B name    varint wall time    bytes code    bytes reason
//! u8 commit given?, bytes commit
//! ```

use std::collections::{BTreeMap, VecDeque};

use crate::encoding::{DecodeError, Reader, Writer};
use crate::ids::{CommitHash, NodeId};
use crate::judge::Fault;
use crate::limits::{
    COMMIT_BYTES_MAX, QUARANTINE_BYTES_MAX, QUARANTINE_ENTRIES_MAX,
    QUARANTINE_ENTRIES_PER_PEER_MAX, QUARANTINE_REASON_BYTES_MAX,
};
use crate::planted::{self, Plant};
use crate::replica::{self, ReplicaError};
use crate::store::{Batch, Store};
use crate::time::WallTime;

/// One refused commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Who sent it; none if this node found it in its own store.
    pub peer: Option<NodeId>,
    /// Its name.
    pub hash: CommitHash,
    /// When it came.
    pub wall: WallTime,
    /// A stable word for the reason.
    pub code: &'static str,
    /// The reason in words, with the rule.
    pub reason: String,
    /// Its bytes, where this node may keep them.
    pub encoded: Option<Vec<u8>>,
}

/// The refused commits of all peers, bounded: the oldest give way.
#[derive(Debug, Default)]
pub struct Quarantine {
    /// Each with its number; numbers rise.
    entries: VecDeque<(u64, Refused)>,
    next: u64,
    bytes: usize,
    counts: BTreeMap<(Option<NodeId>, &'static str), u64>,
}

impl Quarantine {
    /// What the store holds of an earlier run. Counts begin at zero. What is damaged is counted and
    /// let go: what is to be deleted goes to `batch`.
    pub fn load(store: &dyn Store, batch: &mut Batch) -> Result<Self, ReplicaError> {
        let mut quarantine = Self::default();
        let prefix = replica::quarantine_prefix();
        replica::for_each_entry(store, &prefix, |key, value| {
            let number = key.get(prefix.len()..);
            let number = number.and_then(|rest| rest.try_into().ok().map(u64::from_be_bytes));
            if let Some(number) = number {
                quarantine.next = number.saturating_add(1);
            }
            match (number, value.ok().map(Refused::decode)) {
                (Some(number), Some(Ok(refused))) => {
                    quarantine.bytes += bytes_of(&refused);
                    quarantine.entries.push_back((number, refused));
                }
                _ => {
                    quarantine.count(None, "quarantine-damaged");
                    batch.delete(key.to_vec());
                }
            }
            Ok(())
        })?;
        Ok(quarantine)
    }

    /// Takes a commit in, with the reason. One that is there already is only counted. Its content
    /// is kept if `keep` says that this node may hold it. What is to be written goes to `batch`;
    /// that is all but what comes again by itself once it fits.
    pub fn take(
        &mut self,
        peer: Option<NodeId>,
        encoded: &[u8],
        fault: &Fault,
        keep: bool,
        wall: WallTime,
        batch: &mut Batch,
    ) {
        let code = fault.code();
        *self.counts.entry((peer, code)).or_default() += 1;
        let hash = CommitHash::of(encoded);
        if self
            .entries
            .iter()
            .any(|(_, entry)| entry.hash == hash && entry.peer == peer)
        {
            return;
        }
        let reason = fault
            .words(keep)
            .chars()
            .take(QUARANTINE_REASON_BYTES_MAX / 4)
            .collect();
        let keep = keep && fault.may_be_kept() || planted::is(Plant::QuarantineKeepsAll);
        let encoded = keep.then(|| encoded.to_vec());
        let refused = Refused {
            peer,
            hash,
            wall,
            code,
            reason,
            encoded,
        };
        if !fault.may_pass_later() {
            batch.put(replica::quarantine_key(self.next), encode(&refused));
        }
        self.bytes += bytes_of(&refused);
        self.entries.push_back((self.next, refused));
        self.next += 1;
        let of_peer = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.peer == peer)
            .count();
        if planted::is(Plant::QuarantineUnbounded) {
            return;
        }
        if of_peer > QUARANTINE_ENTRIES_PER_PEER_MAX {
            self.drop_first(|entry| entry.peer == peer, batch);
        }
        while self.entries.len() > QUARANTINE_ENTRIES_MAX || self.bytes > QUARANTINE_BYTES_MAX {
            self.drop_first(|_| true, batch);
        }
    }

    /// Counts a refusal that is not about a commit, such as a frame that is none.
    pub fn count(&mut self, peer: Option<NodeId>, code: &'static str) {
        *self.counts.entry((peer, code)).or_default() += 1;
    }

    /// Lets go of a commit that has come to pass after all.
    pub fn release(&mut self, encoded: &[u8], batch: &mut Batch) {
        if self.entries.is_empty() {
            return;
        }
        let hash = CommitHash::of(encoded);
        while self.entries.iter().any(|(_, entry)| entry.hash == hash) {
            self.drop_first(|entry| entry.hash == hash, batch);
        }
    }

    /// The entries whose content is kept, by number.
    pub(crate) fn kept(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.entries
            .iter()
            .filter_map(|(number, entry)| Some((*number, entry.encoded.as_deref()?)))
    }

    /// Lets go of an entry whole: its reason and even its name say that there is something.
    pub(crate) fn forget(&mut self, number: u64, batch: &mut Batch) {
        if let Some(index) = self.entries.iter().position(|(found, _)| *found == number) {
            self.drop_at(index, batch);
        }
    }

    /// The refused commits, oldest first.
    pub fn entries(&self) -> impl Iterator<Item = &Refused> {
        self.entries.iter().map(|(_, entry)| entry)
    }

    /// Bytes of the commits whose content is kept.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many refusals there were since the start, by peer and reason.
    pub fn counts(&self) -> impl Iterator<Item = (Option<NodeId>, &'static str, u64)> {
        self.counts
            .iter()
            .map(|((peer, code), count)| (*peer, *code, *count))
    }

    fn drop_first(&mut self, matches: impl Fn(&Refused) -> bool, batch: &mut Batch) {
        if let Some(index) = self.entries.iter().position(|(_, entry)| matches(entry)) {
            self.drop_at(index, batch);
        }
    }

    fn drop_at(&mut self, index: usize, batch: &mut Batch) {
        if let Some((number, dropped)) = self.entries.remove(index) {
            self.bytes -= bytes_of(&dropped);
            batch.delete(replica::quarantine_key(number));
        }
    }
}

fn bytes_of(refused: &Refused) -> usize {
    refused.encoded.as_ref().map_or(0, Vec::len)
}

fn encode(refused: &Refused) -> Vec<u8> {
    let mut writer = Writer::new();
    match refused.peer {
        Some(peer) => writer.u8(1).node(peer),
        None => writer.u8(0),
    };
    writer.raw(&refused.hash.0).varint(refused.wall.ms);
    writer
        .bytes(refused.code.as_bytes())
        .bytes(refused.reason.as_bytes());
    match &refused.encoded {
        Some(encoded) => writer.u8(1).bytes(encoded),
        None => writer.u8(0),
    };
    writer.into_bytes()
}

impl Refused {
    /// Reads an entry as it lies in the store.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let peer = match reader.u8("peer")? {
            0 => None,
            _ => Some(reader.node("peer")?),
        };
        let hash = CommitHash(reader.array("name")?);
        let wall = WallTime::from_ms(reader.varint("wall time")?);
        let code = Fault::known_code(reader.text(QUARANTINE_REASON_BYTES_MAX, "code")?);
        let reason = reader
            .text(QUARANTINE_REASON_BYTES_MAX, "reason")?
            .to_owned();
        let encoded = match reader.u8("commit")? {
            0 => None,
            _ => Some(reader.bytes(COMMIT_BYTES_MAX, "commit")?.to_vec()),
        };
        reader.finish()?;
        // A word that this version does not know came from another one.
        Ok(Self {
            peer,
            hash,
            wall,
            code: code.unwrap_or("refused"),
            reason,
            encoded,
        })
    }
}
