//! How it stands with the log of charters: who has signed it, when, and what is wrong with it.

use serde::{Deserialize, Serialize};

use crate::checkpoint::ledger::Agreement;
use crate::checkpoint::{Cosignature, note};
use crate::ids::{CharterVersion, NodeId, PublicKey, RootHash};
use crate::time::WallTime;

use super::{Engine, Rung};

/// How it stands with the log of charters.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct LogStatus {
    /// How many versions this node's own log has: the number of the charter in force.
    pub size: u64,
    /// The root over them.
    pub root: Option<RootHash>,
    /// What this node still sends.
    pub rung: Rung,
    /// How many townships must have signed, where the charter says so.
    pub needed: Option<usize>,
    /// The time that so many have confirmed.
    pub confirmed: Option<WallTime>,
    /// Each township's newest signature.
    pub cosigned: Vec<Cosigned>,
    /// Evidence of two histories.
    pub splits: Vec<SplitView>,
    /// A newer charter that a township has signed and that is not here.
    pub newer: Option<Newer>,
}

/// A township's signature.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Cosigned {
    /// The township.
    pub node: NodeId,
    /// When, by its clock.
    pub at: WallTime,
    /// How many versions its log has.
    pub size: u64,
    /// The root over them.
    pub root: RootHash,
    /// How that stands to this node's own log.
    pub agreement: Agreement,
}

/// Two signatures, or one and this node's own log, that cannot both be of one history.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SplitView {
    /// The one.
    pub one: Cosigned,
    /// The other; none where it is this node's own log.
    pub other: Option<Cosigned>,
}

/// A charter that has not arrived.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Newer {
    /// Who has signed it.
    pub cosigner: NodeId,
    /// Its number.
    pub size: u64,
    /// When this node first heard of it, by its own clock.
    pub seen: WallTime,
    /// Whether it should have arrived by now.
    pub frozen: bool,
}

impl Engine {
    /// How it stands with the log of charters.
    pub fn log_status(&self) -> LogStatus {
        let checkpoints = &self.checkpoints;
        let ledger = &checkpoints.ledger;
        let size = ledger.roots().size();
        LogStatus {
            size,
            root: ledger.roots().at(size),
            rung: self.rung(),
            needed: self.charter().freshness().map(|one| one.cosigners),
            confirmed: checkpoints.confirmed,
            cosigned: ledger.newest().map(|one| self.cosigned(one)).collect(),
            splits: ledger
                .splits()
                .map(|split| SplitView {
                    one: self.cosigned(&split.one),
                    other: split.other.map(|other| self.cosigned(&other)),
                })
                .collect(),
            newer: checkpoints.ahead.map(|ahead| Newer {
                cosigner: ahead.cosignature.cosigner,
                size: ahead.cosignature.size,
                seen: ahead.seen,
                frozen: ahead.told,
            }),
        }
    }

    /// Every township's signature that this node holds, evidence among them.
    pub fn cosignatures(&self) -> impl Iterator<Item = &Cosignature> {
        self.checkpoints.ledger.all()
    }

    fn cosigned(&self, one: &Cosignature) -> Cosigned {
        Cosigned {
            node: one.cosigner,
            at: one.time(),
            size: one.size,
            root: one.root,
            agreement: self.checkpoints.ledger.agreement(one),
        }
    }

    /// All signatures held, evidence among them, as notes: one for each size and root. Two notes of
    /// one size are evidence of two histories.
    pub fn checkpoint_notes(&self) -> String {
        // All signatures of one node in one note are under one key: that of the charter which has
        // that size.
        let key_of = |size, node| -> Option<PublicKey> {
            let charter = self.charters.get(CharterVersion(size));
            let roster = charter.unwrap_or(self.charter()).roster();
            roster.member(node).map(|member| member.key)
        };
        note::print(self.checkpoints.ledger.all(), key_of)
    }
}
