//! What the core asks of a charter. `policy` answers with Cedar; tests may answer with a table.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{CharterDigest, CharterVersion, Name, NodeId, PublicKey};
use crate::kind::Kinds;
use crate::label::{Grade, Label};
use crate::limits::ROSTER_NODES_MAX;
use crate::time::WallTime;

/// A node's tier.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// The county.
    County,
    /// A township.
    Township,
    /// A village or community.
    Village,
}

/// Whether a node is trusted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It is a member.
    #[default]
    Active,
    /// It has no key yet: it signs, holds and sends nothing, and nobody connects to it.
    Expected,
    /// It was one; its key is trusted no more.
    Revoked,
}

/// One node as the roster lists it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// Its division code.
    pub node: NodeId,
    /// What people call it.
    pub name: String,
    /// Its tier.
    pub tier: Tier,
    /// The node above it; none for the county.
    pub parent: Option<NodeId>,
    /// Its ed25519 public key; of an expected node, bytes that nobody has the secret half of.
    pub key: PublicKey,
    /// Where it can be dialled, as multiaddresses; empty for nodes that only dial out.
    pub addresses: Vec<String>,
    /// Whether it is trusted.
    pub standing: Standing,
}

impl Member {
    /// Whether the county counts on this node: it is a member, or will be.
    pub fn has_place(&self) -> bool {
        matches!(self.standing, Standing::Active | Standing::Expected)
    }
}

/// The nodes of one charter version, sorted by code.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Roster {
    members: Vec<Member>,
}

/// Why a list of members is not a roster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RosterError {
    /// More nodes than an audience has room for.
    #[error("{0} nodes, where at most {ROSTER_NODES_MAX} are allowed")]
    TooMany(usize),
    /// The same code twice.
    #[error("node {0} is listed twice")]
    Twice(NodeId),
    /// Two nodes with one key.
    #[error("nodes {0} and {1} have the same key")]
    SameKey(NodeId, NodeId),
    /// A parent that is not the node's prefix or is not listed one tier above.
    #[error("node {0} has no listed parent one tier above it that its code begins with")]
    Parent(NodeId),
}

impl Roster {
    /// The roster of these members, if codes and keys are unique and parents form the tree.
    pub fn new(mut members: Vec<Member>) -> Result<Self, RosterError> {
        if members.len() > ROSTER_NODES_MAX {
            return Err(RosterError::TooMany(members.len()));
        }
        members.sort_by_key(|member| member.node);
        for pair in members.windows(2) {
            if let [one, two] = pair
                && one.node == two.node
            {
                return Err(RosterError::Twice(one.node));
            }
        }
        let mut keys: Vec<_> = members
            .iter()
            .map(|member| (member.key, member.node))
            .collect();
        keys.sort();
        for pair in keys.windows(2) {
            if let [one, two] = pair
                && one.0 == two.0
            {
                return Err(RosterError::SameKey(one.1, two.1));
            }
        }
        let roster = Self { members };
        match roster
            .members
            .iter()
            .find(|member| !roster.well_placed(member))
        {
            Some(member) => Err(RosterError::Parent(member.node)),
            None => Ok(roster),
        }
    }

    fn well_placed(&self, member: &Member) -> bool {
        let by_code = member.node.parent();
        match (member.tier, member.parent) {
            (Tier::County, None) => by_code.is_none(),
            (Tier::County, Some(_)) | (_, None) => false,
            (tier, Some(parent)) => {
                let above = if tier == Tier::Township {
                    Tier::County
                } else {
                    Tier::Township
                };
                by_code == Some(parent)
                    && self.member(parent).is_some_and(|found| found.tier == above)
            }
        }
    }

    /// All members, sorted by code.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The member with this code, revoked ones included.
    pub fn member(&self, node: NodeId) -> Option<&Member> {
        self.index(node).and_then(|index| self.members.get(index))
    }

    /// The member with this code, if it is trusted.
    pub fn active(&self, node: NodeId) -> Option<&Member> {
        self.member(node)
            .filter(|member| member.standing == Standing::Active)
    }

    /// The member with this code if it was not revoked: active, or expected.
    pub fn with_place(&self, node: NodeId) -> Option<&Member> {
        self.member(node).filter(|member| member.has_place())
    }

    /// How many townships are trusted: as many can confirm the log of charters.
    pub fn active_townships(&self) -> usize {
        let members = self.members.iter();
        members
            .filter(|one| one.tier == Tier::Township && one.standing == Standing::Active)
            .count()
    }

    /// Position of a node among the sorted members.
    pub fn index(&self, node: NodeId) -> Option<usize> {
        self.members
            .binary_search_by_key(&node, |member| member.node)
            .ok()
    }

    /// The trusted member with this key.
    pub fn by_key(&self, key: &PublicKey) -> Option<&Member> {
        self.members
            .iter()
            .find(|member| member.key == *key && member.standing == Standing::Active)
    }

    /// The trusted member above this one.
    pub fn parent(&self, node: NodeId) -> Option<&Member> {
        self.active(self.member(node)?.parent?)
    }

    /// A trusted member and those above it.
    fn way_up(&self, node: NodeId) -> impl Iterator<Item = &Member> {
        let above = |member: &&Member| self.parent(member.node);
        std::iter::successors(self.active(node), above)
    }

    /// The trusted node of a tier that is this one or above it.
    pub fn on_the_way_up(&self, node: NodeId, tier: Tier) -> Option<NodeId> {
        let mut way = self.way_up(node);
        Some(way.find(|member| member.tier == tier)?.node)
    }

    /// Whether a trusted node is another, or below it.
    pub fn is_within(&self, node: NodeId, of: NodeId) -> bool {
        self.way_up(node).any(|member| member.node == of)
    }
}

/// A set of nodes of one roster: one bit a member, in roster order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Audience {
    bits: [u64; ROSTER_NODES_MAX / 64],
}

impl Audience {
    /// Adds the member at this position.
    pub fn insert(&mut self, index: usize) {
        if let Some(word) = self.bits.get_mut(index / 64) {
            *word |= 1 << (index % 64);
        }
    }

    /// Whether the member at this position belongs to it.
    pub fn contains(&self, index: usize) -> bool {
        self.bits
            .get(index / 64)
            .is_some_and(|word| word & (1 << (index % 64)) != 0)
    }

    /// Adds all nodes of another.
    pub fn extend(&mut self, other: &Self) {
        for (word, more) in self.bits.iter_mut().zip(other.bits) {
            *word |= more;
        }
    }

    /// How many nodes it has.
    pub fn len(&self) -> usize {
        self.bits
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.bits.iter().all(|word| *word == 0)
    }
}

impl fmt::Debug for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries((0..ROSTER_NODES_MAX).filter(|index| self.contains(*index)))
            .finish()
    }
}

/// The id of one rule, as its `@id` says.
pub type RuleId = Arc<str>;

/// The answer to one question, with the rules that decided it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Decision {
    /// Whether it is allowed. Unknown nodes, labels and errors are never allowed.
    pub allowed: bool,
    /// The permits that allowed it, or the forbids that refused it; empty where no rule allows it.
    pub rules: Vec<RuleId>,
}

impl Decision {
    /// The refusal that no rule had to pronounce: nothing allows it.
    pub fn default_deny() -> Self {
        Self::default()
    }
}

/// From when until when something holds: a charter, or an emergency.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Validity {
    /// First moment.
    pub from: WallTime,
    /// Last moment.
    pub until: WallTime,
}

impl Validity {
    /// Whether the charter has run out.
    pub fn expired(&self, now: WallTime) -> bool {
        now > self.until
    }
}

/// How old the townships' signatures on the log of charters may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Freshness {
    /// How many townships must have signed.
    pub cosigners: usize,
    /// Milliseconds for which a node sends all that the charter allows.
    pub fresh_ms: u64,
    /// Milliseconds after which it sends nothing any more.
    pub narrow_ms: u64,
}

/// An emergency as reviewers declared it, for a while and under one charter.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Declared {
    /// The charter whose rules for emergencies it calls up.
    pub charter: CharterDigest,
    /// 1, 2, 3 … under one charter: the highest counts.
    pub number: u32,
    /// From when until when; an empty span ends the one before.
    pub holds: Validity,
    /// Why, in one line.
    pub reason: String,
    /// Who signed it.
    pub signers: Vec<String>,
    /// SHA-256 of what they signed: of two with one number, the greater counts.
    pub digest: CharterDigest,
}

impl Declared {
    /// Whether it counts where `other` was taken before.
    pub fn follows(&self, other: &Self) -> bool {
        let order = |one: &Self| (one.number, one.digest.0);
        self.charter != other.charter || order(self) > order(other)
    }

    /// Whether it ends what was declared before.
    pub fn ends(&self) -> bool {
        self.holds.from == self.holds.until
    }

    /// Whether it holds at this moment.
    pub fn holds_at(&self, now: WallTime) -> bool {
        !self.ends() && self.holds.from <= now && now <= self.holds.until
    }
}

/// One version of the charter, as the core needs it: parsed, verified, and able to decide.
///
/// Every question is answered from the label and the nodes alone, so equal questions get equal
/// answers on every node that holds this version.
pub trait Charter: Send + Sync {
    /// Its version number.
    fn version(&self) -> CharterVersion;
    /// SHA-256 of its manifest: what makes it this charter and no other.
    fn digest(&self) -> CharterDigest;
    /// The digests of all versions up to its own, the oldest first; the last is its own.
    fn log(&self) -> Vec<CharterDigest>;
    /// From when until when it holds.
    fn validity(&self) -> Validity;
    /// How old the townships' signatures on the log may be; none where that does not matter.
    fn freshness(&self) -> Option<Freshness> {
        None
    }
    /// What a declaration of an emergency says, if this charter has terms for one and enough of its
    /// reviewers signed it. The bytes are those that nodes pass on.
    fn declared(&self, _declaration: &[u8]) -> Option<Declared> {
        None
    }
    /// The same version as it decides while an emergency is declared; none if it has no rules for
    /// that. Only what flows and who reads is asked of it.
    fn in_emergency(&self) -> Option<Arc<dyn Charter>> {
        None
    }
    /// The oldest version whose commits are still judged by that version.
    fn accept_since(&self) -> CharterVersion;
    /// Its nodes.
    fn roster(&self) -> &Roster;
    /// Its record kinds.
    fn kinds(&self) -> &Kinds;
    /// The lattice join of two concurrent grades: for each part, the later in the charter's list.
    fn join(&self, one: Grade, other: Grade) -> Grade;

    /// Whether `receiver` may hold facets with this label (`flowHome`, `flowUp`, `flowDown`,
    /// `flowAcross`, by where home and receiver stand).
    fn flow(&self, label: &Label, receiver: NodeId) -> Arc<Decision>;
    /// Whether `author` may write facets with this label.
    fn author(&self, label: &Label, author: NodeId) -> Arc<Decision>;
    /// Whether `author` may take a facet from or to this label.
    fn regrade(&self, label: &Label, author: NodeId) -> Arc<Decision>;
    /// Whether a person in this role at `node` may read facets with this label there.
    fn read(&self, label: &Label, node: NodeId, role: Name) -> Arc<Decision>;

    /// The nodes that may hold facets with this label. Revoked nodes never do.
    fn audience(&self, label: &Label) -> Audience {
        let mut audience = Audience::default();
        for (index, member) in self.roster().members().iter().enumerate() {
            if member.standing == Standing::Active && self.flow(label, member.node).allowed {
                audience.insert(index);
            }
        }
        audience
    }
}
