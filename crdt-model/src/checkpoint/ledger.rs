//! What a node holds of the townships' signatures: of each the newest, and whatever proves that two
//! histories of the charter are about. Nothing is taken in here before its signature was checked.
//!
//! Kept in the store below one key space:
//!
//! ```text
//! key                   value
//! s n node              the newest cosignature of a township
//! s w size(u64 be)      one on this node's own log at that size, for some of the latest sizes
//! s o node              evidence: one of another log than this node's
//! s p node node         evidence: two of one size with different roots
//! s t                   8 B: the time that enough townships confirmed, in milliseconds since 1970
//! s a                   8 B when a newer charter was first heard of, 1 B whether the alarm was
//!                       raised, and the cosignature of it
//! ```
//!
//! Evidence is never overwritten. A damaged entry is dropped: the others hold it too.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Cosignature, Roots};
use crate::encoding::{DecodeError, Reader, Writer};
use crate::ids::NodeId;
use crate::limits::{COSIGNERS_MAX, EVIDENCE_PAIRS_MAX, WITNESSED_SIZES_MAX};
use crate::planted::{self, Plant};
use crate::replica;
use crate::store::Batch;

const NEWEST: u8 = b'n';
const WITNESSED: u8 = b'w';
const OTHER: u8 = b'o';
const PAIR: u8 = b'p';

/// Two townships, the lower code first; or one twice.
type Two = (NodeId, NodeId);

/// What two nodes tell each other: of each township its newest signature, evidence, and the newest
/// declaration of an emergency.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Gossip {
    /// One for each township.
    pub newest: Vec<Cosignature>,
    /// Of one size and with different roots.
    pub pairs: Vec<[Cosignature; 2]>,
    /// As reviewers signed it; empty if there is none.
    pub declaration: Vec<u8>,
}

impl Gossip {
    /// Stands for all of it in a hello. Of evidence it says whose it is, so that two nodes that
    /// have different proofs of the same thing do not go on telling each other.
    pub fn digest(&self) -> [u8; 16] {
        let mut hasher = Sha256::new();
        hasher.update(b"countymesh gossip 1\0");
        for one in &self.newest {
            hasher.update(one.encode());
        }
        for [one, other] in &self.pairs {
            let mut writer = Writer::new();
            writer.u8(1).node(one.cosigner).node(other.cosigner);
            hasher.update(writer.into_bytes());
        }
        hasher.update(&self.declaration);
        let digest: [u8; 32] = hasher.finalize().into();
        let (half, _) = digest.split_first_chunk().unwrap_or((&[0; 16], &[]));
        *half
    }
}

/// Evidence that two histories of the charter are about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Split {
    /// What a township signed.
    pub one: Cosignature,
    /// What another, or the same, signed of the same size; none where it is this node's own log
    /// that says otherwise.
    pub other: Option<Cosignature>,
}

/// How a cosignature stands to this node's own log.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Agreement {
    /// It is of this log.
    Same,
    /// It is of a version that is not here yet.
    Newer,
    /// It is of another log.
    Other,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    roots: Roots,
    newest: BTreeMap<NodeId, Cosignature>,
    witnessed: BTreeMap<u64, Cosignature>,
    other: BTreeMap<NodeId, Cosignature>,
    pairs: BTreeMap<Two, [Cosignature; 2]>,
}

impl Ledger {
    /// How a cosignature stands to this node's own log.
    pub fn agreement(&self, one: &Cosignature) -> Agreement {
        match self.roots.at(one.size) {
            None => Agreement::Newer,
            Some(root) if root == one.root || planted::is(Plant::SplitUnseen) => Agreement::Same,
            Some(_) => Agreement::Other,
        }
    }

    /// This node's own log.
    pub fn roots(&self) -> &Roots {
        &self.roots
    }

    /// The newest signature of a township.
    pub fn newest_of(&self, node: NodeId) -> Option<&Cosignature> {
        self.newest.get(&node)
    }

    /// The newest signatures of all townships.
    pub fn newest(&self) -> impl Iterator<Item = &Cosignature> {
        self.newest.values()
    }

    /// What is told to others.
    pub fn gossip(&self) -> Gossip {
        Gossip {
            newest: self.newest.values().copied().collect(),
            pairs: self.pairs.values().copied().collect(),
            declaration: Vec::new(),
        }
    }

    /// All evidence; what is proved by two signatures is not told again as one against this node's
    /// own log.
    pub fn splits(&self) -> impl Iterator<Item = Split> {
        let pairs = self.pairs.values().map(|[one, other]| Split {
            one: *one,
            other: Some(*other),
        });
        let paired = |one: &&Cosignature| self.pairs.values().flatten().any(|half| half == *one);
        let own = self.other.values().filter(move |one| !paired(one));
        let own = own.map(|one| Split {
            one: *one,
            other: None,
        });
        pairs.chain(own)
    }

    /// Every signature that is held, whatever for.
    pub fn all(&self) -> impl Iterator<Item = &Cosignature> {
        let kept = self.newest.values().chain(self.witnessed.values());
        let evidence = self.other.values().chain(self.pairs.values().flatten());
        kept.chain(evidence)
    }

    /// Whether a signature would tell anything new: it is newer than the one of its township, or
    /// proves something. `replaces` says that the one held cannot be true by this node's clock.
    pub fn wants(&self, one: &Cosignature, replaces: bool) -> bool {
        let held = self.newest.get(&one.cosigner);
        let newer = held.is_none_or(|held| one > held || replaces && one != held);
        newer || self.wants_proof(one)
    }

    /// Whether a signature would prove anything new.
    pub fn wants_proof(&self, one: &Cosignature) -> bool {
        let against_log =
            self.agreement(one) == Agreement::Other && !self.other.contains_key(&one.cosigner);
        against_log || self.contradicted(one).next().is_some()
    }

    /// Signatures that contradict one and are not evidence together with it yet.
    fn contradicted<'a>(&'a self, one: &'a Cosignature) -> impl Iterator<Item = Cosignature> + 'a {
        self.all()
            .filter(move |held| held.contradicts(one) && self.lacks(one, held))
            .copied()
    }

    fn lacks(&self, one: &Cosignature, other: &Cosignature) -> bool {
        !self.pairs.contains_key(&two(one, other)) && self.pairs.len() < EVIDENCE_PAIRS_MAX
    }

    /// Takes a signature that was checked; what is new evidence comes back.
    pub fn take(&mut self, one: &Cosignature, replaces: bool, batch: &mut Batch) -> Vec<Split> {
        let splits = self.prove(one, batch);
        let held = self.newest.get(&one.cosigner);
        let room = held.is_some() || self.newest.len() < COSIGNERS_MAX;
        if room && held.is_none_or(|held| one > held || replaces) {
            self.newest.insert(one.cosigner, *one);
            batch.put(node_key(NEWEST, one.cosigner), one.encode());
        }
        splits
    }

    /// Takes of a signature that was checked only what it proves, which is the same whenever it was
    /// made; new evidence comes back.
    pub fn prove(&mut self, one: &Cosignature, batch: &mut Batch) -> Vec<Split> {
        let against: Vec<_> = self.contradicted(one).collect();
        let mut splits = Vec::new();
        for other in against {
            splits.extend(self.take_pair(one, &other, batch));
        }
        let own = self.hold_against_log(one, batch);
        splits.extend(own.filter(|_| splits.is_empty()));
        splits
    }

    /// Takes two signatures that were checked and contradict each other, if this is new evidence.
    pub fn take_pair(
        &mut self,
        one: &Cosignature,
        other: &Cosignature,
        batch: &mut Batch,
    ) -> Option<Split> {
        if !one.contradicts(other) || !self.lacks(one, other) {
            return None;
        }
        let (one, other) = match (one.cosigner, one.root) <= (other.cosigner, other.root) {
            true => (one, other),
            false => (other, one),
        };
        let key = two(one, other);
        self.pairs.insert(key, [*one, *other]);
        if !planted::is(Plant::EvidenceForgotten) {
            batch.put(pair_key(key), [one.encode(), other.encode()].concat());
        }
        let (one, other) = (*one, Some(*other));
        Some(Split { one, other })
    }

    /// Whether two signatures would be new evidence.
    pub fn wants_pair(&self, one: &Cosignature, other: &Cosignature) -> bool {
        one.contradicts(other) && self.lacks(one, other)
    }

    /// Holds a signature against this node's own log: it is evidence, or bears the log out.
    fn hold_against_log(&mut self, one: &Cosignature, batch: &mut Batch) -> Option<Split> {
        match self.agreement(one) {
            Agreement::Newer => None,
            Agreement::Other => {
                let known = self.other.contains_key(&one.cosigner);
                if known || self.other.len() >= COSIGNERS_MAX {
                    return None;
                }
                self.other.insert(one.cosigner, *one);
                batch.put(node_key(OTHER, one.cosigner), one.encode());
                let (one, other) = (*one, None);
                Some(Split { one, other })
            }
            Agreement::Same => {
                let lacks = !self.witnessed.contains_key(&one.size);
                let room = self.witnessed.len() < WITNESSED_SIZES_MAX
                    || self
                        .witnessed
                        .first_key_value()
                        .is_some_and(|(size, _)| *size < one.size);
                if lacks && room {
                    self.witnessed.insert(one.size, *one);
                    batch.put(witnessed_key(one.size), one.encode());
                }
                while self.witnessed.len() > WITNESSED_SIZES_MAX {
                    if let Some((size, _)) = self.witnessed.pop_first() {
                        batch.delete(witnessed_key(size));
                    }
                }
                None
            }
        }
    }

    /// Goes by another log from now on, in which only these townships sign. What was held of a
    /// version that was not here may now turn out to be evidence.
    pub fn follow(
        &mut self,
        roots: Roots,
        signs: impl Fn(NodeId) -> bool,
        batch: &mut Batch,
    ) -> Vec<Split> {
        self.roots = roots;
        for node in self.newest.keys().copied().collect::<Vec<_>>() {
            if !signs(node) {
                self.newest.remove(&node);
                batch.delete(node_key(NEWEST, node));
            }
        }
        let held: Vec<_> = self.newest.values().copied().collect();
        held.iter()
            .filter_map(|one| self.hold_against_log(one, batch))
            .collect()
    }

    /// The time that this many townships have confirmed this node's log at, in seconds: the
    /// so-many-th largest of their newest signatures on it that are not later than `latest_s`.
    pub fn confirmed_s(&self, cosigners: usize, latest_s: u64) -> Option<u64> {
        let of_log =
            |one: &&Cosignature| one.time_s <= latest_s && self.agreement(one) == Agreement::Same;
        let mut times: Vec<_> = self
            .newest
            .values()
            .filter(of_log)
            .map(|one| one.time_s)
            .collect();
        times.sort_unstable_by(|one, other| other.cmp(one));
        times.get(cosigners.checked_sub(1)?).copied()
    }

    /// The oldest signature on a version that is not here.
    pub fn newer(&self) -> Option<&Cosignature> {
        let newer = self.newest.values();
        newer
            .filter(|one| self.agreement(one) == Agreement::Newer)
            .min()
    }

    /// Takes in one entry of a store; `false` if it is none.
    pub(crate) fn load(&mut self, key: &[u8], value: &[u8]) -> bool {
        self.try_load(key, value).is_ok()
    }

    fn try_load(&mut self, key: &[u8], value: &[u8]) -> Result<(), DecodeError> {
        let mut reader = Reader::new(key);
        reader.u8("key space")?;
        match reader.u8("cosignatures")? {
            NEWEST => {
                self.newest
                    .insert(reader.node("cosigner")?, Cosignature::decode(value)?);
            }
            WITNESSED => {
                self.witnessed
                    .insert(reader.u64_be("size")?, Cosignature::decode(value)?);
            }
            OTHER => {
                self.other
                    .insert(reader.node("cosigner")?, Cosignature::decode(value)?);
            }
            PAIR => {
                let key = (reader.node("cosigner")?, reader.node("cosigner")?);
                let mut value = Reader::new(value);
                let pair = [
                    Cosignature::take(&mut value)?,
                    Cosignature::take(&mut value)?,
                ];
                value.finish()?;
                self.pairs.insert(key, pair);
            }
            _ => return Err(DecodeError::Unknown("cosignatures")),
        }
        reader.finish()
    }
}

fn two(one: &Cosignature, other: &Cosignature) -> Two {
    let (one, other) = (one.cosigner, other.cosigner);
    (one.min(other), one.max(other))
}

fn key(part: u8, rest: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.u8(part);
    rest(&mut writer);
    replica::cosignatures_key(&writer.into_bytes())
}

fn node_key(part: u8, node: NodeId) -> Vec<u8> {
    key(part, |writer| {
        writer.node(node);
    })
}

fn witnessed_key(size: u64) -> Vec<u8> {
    key(WITNESSED, |writer| {
        writer.u64_be(size);
    })
}

fn pair_key((one, other): Two) -> Vec<u8> {
    key(PAIR, |writer| {
        writer.node(one).node(other);
    })
}
