//! Quarantine: commits that were refused, kept with the reason, so that a person can see what
//! happened. Nothing in quarantine flows. What this node may not hold is counted and not kept.

use std::collections::BTreeMap;
use std::collections::VecDeque;

use crate::ids::{CommitHash, NodeId};
use crate::judge::Fault;
use crate::limits::{
    QUARANTINE_BYTES_MAX, QUARANTINE_ENTRIES_MAX, QUARANTINE_ENTRIES_PER_PEER_MAX,
};
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
    entries: VecDeque<Refused>,
    bytes: usize,
    counts: BTreeMap<(Option<NodeId>, &'static str), u64>,
}

impl Quarantine {
    /// Takes a commit in, with the reason. One that is there already is only counted.
    pub fn take(&mut self, peer: Option<NodeId>, encoded: &[u8], fault: &Fault, wall: WallTime) {
        *self.counts.entry((peer, fault.code())).or_default() += 1;
        let hash = CommitHash::of(encoded);
        if self.entries.iter().any(|entry| entry.hash == hash && entry.peer == peer) {
            return;
        }
        let encoded = fault.may_be_kept().then(|| encoded.to_vec());
        self.bytes += encoded.as_ref().map_or(0, Vec::len);
        let reason = fault.to_string();
        let code = fault.code();
        self.entries.push_back(Refused { peer, hash, wall, code, reason, encoded });
        let of_peer = self.entries.iter().filter(|entry| entry.peer == peer).count();
        if of_peer > QUARANTINE_ENTRIES_PER_PEER_MAX {
            self.drop_first(|entry| entry.peer == peer);
        }
        while self.entries.len() > QUARANTINE_ENTRIES_MAX || self.bytes > QUARANTINE_BYTES_MAX {
            self.drop_first(|_| true);
        }
    }

    /// Counts a refusal that is not about a commit, such as a frame that is none.
    pub fn count(&mut self, peer: Option<NodeId>, code: &'static str) {
        *self.counts.entry((peer, code)).or_default() += 1;
    }

    /// Lets go of a commit that has come to pass after all.
    pub fn release(&mut self, hash: &CommitHash) {
        while self.entries.iter().any(|entry| entry.hash == *hash) {
            self.drop_first(|entry| entry.hash == *hash);
        }
    }

    /// The refused commits, oldest first.
    pub fn entries(&self) -> impl Iterator<Item = &Refused> {
        self.entries.iter()
    }

    /// How many refusals there were since the start, by peer and reason.
    pub fn counts(&self) -> impl Iterator<Item = (Option<NodeId>, &'static str, u64)> {
        self.counts.iter().map(|((peer, code), count)| (*peer, *code, *count))
    }

    fn drop_first(&mut self, matches: impl Fn(&Refused) -> bool) {
        if let Some(index) = self.entries.iter().position(matches)
            && let Some(dropped) = self.entries.remove(index)
        {
            self.bytes -= dropped.encoded.map_or(0, |encoded| encoded.len());
        }
    }
}
