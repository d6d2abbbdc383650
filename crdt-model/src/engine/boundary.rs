//! What goes into the engine of a node, and what comes out of it.

use std::sync::Arc;

use ed25519_dalek::SigningKey;

use crate::charter::Charter;
use crate::draft::Draft;
use crate::ids::{Boot, CharterDigest, CharterVersion, CommitHash, Epoch, Name, NodeId, Seq};
use crate::judge::Fault;
use crate::kind::{KindError, ValueProblem};
use crate::label::{FacetId, Label};
use crate::time::WallTime;

/// Who this node is.
#[derive(Clone)]
pub struct Identity {
    /// Its code.
    pub node: NodeId,
    /// Its secret key.
    pub key: SigningKey,
    /// Its first life; the present one is [`super::Engine::life_on`].
    pub epoch: Epoch,
    /// This start of its program.
    pub boot: Boot,
}

/// A request that this node made; chosen by the engine.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RequestId(pub u64);

/// A request that a peer made; chosen by the driver.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct InboundId(pub u64);

/// Something a person or program asked to be written; chosen by the driver.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ticket(pub u64);

/// Everything written up to some moment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SyncToken(pub u64);

/// What can happen to a node.
pub enum Input {
    /// A connection to a peer stands.
    Connected {
        /// The peer.
        peer: NodeId,
    },
    /// The connection to a peer is gone.
    Disconnected {
        /// The peer.
        peer: NodeId,
    },
    /// A peer asks something.
    Request {
        /// The peer.
        peer: NodeId,
        /// To be given back with the answer.
        id: InboundId,
        /// The frame.
        bytes: Vec<u8>,
    },
    /// A peer answers.
    Response {
        /// The peer.
        peer: NodeId,
        /// Which request.
        id: RequestId,
        /// The frame.
        bytes: Vec<u8>,
    },
    /// No answer will come.
    RequestFailed {
        /// The peer.
        peer: NodeId,
        /// Which request.
        id: RequestId,
    },
    /// Somebody at this node wants something written: all of it or nothing.
    Write {
        /// To be given back with the outcome.
        ticket: Ticket,
        /// What.
        drafts: Vec<Draft>,
    },
    /// Everything written up to this token is durable.
    Durable {
        /// The token of an [`Output::Sync`].
        token: SyncToken,
    },
    /// The charter that was offered has been verified, and is to be put in force.
    CharterAdopted {
        /// The charter.
        charter: Arc<dyn Charter>,
        /// Its bundle, for the store and for other nodes.
        bundle: Vec<u8>,
    },
    /// The older charter that was found is the one that its successor names.
    CharterRecalled {
        /// The charter.
        charter: Arc<dyn Charter>,
        /// Its bundle, for the store and for other nodes.
        bundle: Vec<u8>,
    },
    /// A person brought a declaration of an emergency, which the charter in force bears out.
    EmergencyDeclared {
        /// As nodes pass it on.
        declaration: Vec<u8>,
    },
    /// The charter that was offered has been refused.
    CharterRefused {
        /// Who offered it.
        peer: NodeId,
        /// Its version.
        version: CharterVersion,
    },
    /// A read of the driver's found a facet damaged: look at it, and mend it.
    Damaged {
        /// The facet.
        facet: FacetId,
    },
    /// Time has passed.
    Tick,
}

/// What a node wants done.
#[derive(Debug)]
pub enum Output {
    /// Ask a peer.
    Request {
        /// The peer.
        peer: NodeId,
        /// To be given back with the answer.
        id: RequestId,
        /// The frame.
        bytes: Vec<u8>,
    },
    /// Answer a peer.
    Respond {
        /// The peer.
        peer: NodeId,
        /// Which request of the peer's.
        id: InboundId,
        /// The frame.
        bytes: Vec<u8>,
    },
    /// Make durable what has been written so far.
    Sync {
        /// To be given back when it is done.
        token: SyncToken,
    },
    /// Rewrite the store with the next sync: deleted bytes must be gone from the disk before that is
    /// reported as durable.
    Scrub,
    /// What was asked to be written is durable, or was refused.
    Written {
        /// Which.
        ticket: Ticket,
        /// The commits, one for each draft that changed something; or why nothing was written.
        outcome: Result<Vec<CommitHash>, WriteRefused>,
    },
    /// A peer has a later charter: verify it, and say whether it is adopted.
    CharterOffered {
        /// The peer.
        peer: NodeId,
        /// Its bundle.
        bundle: Vec<u8>,
    },
    /// A peer has an older charter that commits name and this node lacks: say whether it is the one
    /// that the version after it names.
    CharterFound {
        /// The peer.
        peer: NodeId,
        /// The version that was asked for.
        version: CharterVersion,
        /// Its bundle.
        bundle: Vec<u8>,
    },
    /// Commits of a facet became durable here.
    Changed {
        /// The facet.
        facet: FacetId,
        /// Its label now.
        label: Label,
        /// The peer it came from; none if it was written here.
        from: Option<NodeId>,
        /// The latest wall time of those commits, by their authors' clocks.
        wall: WallTime,
    },
    /// Facets were dropped because this node may no longer hold them.
    Dropped {
        /// How many.
        facets: usize,
    },
    /// Something a person should know.
    Alarm(Alarm),
}

/// What a person should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alarm {
    /// A peer has another charter under the number of ours.
    CharterFork {
        /// The peer.
        peer: NodeId,
        /// The number.
        version: CharterVersion,
        /// The peer's digest.
        theirs: CharterDigest,
    },
    /// A commit was refused.
    Refused {
        /// Who sent it.
        peer: NodeId,
        /// Its name.
        commit: CommitHash,
        /// Why.
        fault: Fault,
        /// Whether its words may quote the commit: this node may hold it.
        quotable: bool,
    },
    /// An author signed two commits with one number, as a clone of its disk would: what that life
    /// wrote from there on does not count. Told once for each life and facet.
    Equivocated {
        /// Who sent the second one.
        peer: Option<NodeId>,
        /// The facet.
        facet: FacetId,
        /// Whose life it is.
        author: NodeId,
        /// Which of its lives.
        epoch: Epoch,
        /// The number.
        seq: Seq,
        /// Two commits that have it.
        commits: [CommitHash; 2],
    },
    /// Two machines run with the key of one node: two starts of its program take turns. Told once
    /// an hour at most.
    TwoMachines {
        /// The node whose key it is.
        node: NodeId,
        /// The peer that says so, where it is this node's own key.
        told_by: Option<NodeId>,
    },
    /// A facet was damaged in the store. What was whole is kept, and peers give the rest back.
    Damaged {
        /// The facet.
        facet: FacetId,
        /// How many of its first commits are left.
        kept: usize,
    },
    /// Townships have signed two histories of the charter: reviewers signed two charters with one
    /// number, or somebody's key is not theirs alone. Told once for each two townships.
    SplitView {
        /// The number of the versions that differ, or that come after those.
        size: u64,
        /// Who signed the one.
        one: NodeId,
        /// Who signed the other; none where it is this node's own.
        other: Option<NodeId>,
    },
    /// A township has signed a newer charter than this node's, and it has not arrived in a day.
    Frozen {
        /// Who signed it.
        cosigner: NodeId,
        /// Its number.
        size: u64,
        /// When this node first heard of it, by its own clock.
        seen: WallTime,
    },
    /// The time that townships have confirmed leads this node's wall clock by more than a day: one of
    /// the two is wrong, and nothing moves by itself. Told once, until they agree again.
    ClockApart {
        /// The confirmed time.
        confirmed: WallTime,
        /// What the wall clock shows.
        shows: WallTime,
    },
    /// Another node's clock is ahead of this one's by more than a day.
    ClockAhead {
        /// The node.
        node: NodeId,
        /// By how many milliseconds, at least.
        ahead_ms: u64,
    },
    /// Rules for emergencies count from now on.
    EmergencyBegins {
        /// The number of the declaration.
        number: u32,
        /// Until when, at the latest.
        until: WallTime,
    },
    /// They count no more.
    EmergencyEnds {
        /// The number of the declaration.
        number: u32,
        /// How many facets came here by them, and go now.
        facets: u64,
    },
    /// A peer broke the protocol.
    Misbehaved {
        /// The peer.
        peer: NodeId,
        /// A stable word.
        code: &'static str,
        /// What it did.
        what: String,
    },
}

/// Why nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteRefused {
    /// A draft is not allowed, or not what the kinds allow.
    #[error("draft {draft} for `{facet}`: {fault}")]
    Draft {
        /// Position of the draft, from 0.
        draft: usize,
        /// The facet it would write.
        facet: Box<FacetName>,
        /// Why.
        fault: Box<Fault>,
    },
    /// More is waiting for the disk than may be.
    #[error("too much is waiting to become durable; try again in a moment")]
    Busy,
    /// There is no room on the disk.
    #[error("there is no room on the disk")]
    Full,
    /// The grade would take the facet away from nodes that hold it.
    #[error(
        "draft {draft}: this grade would narrow who may hold the facet, which cannot be done yet"
    )]
    Narrows {
        /// Position of the draft, from 0.
        draft: usize,
    },
}

/// The name of a facet, for messages.
pub type FacetName = Name;

impl WriteRefused {
    /// What it is counted as, if a person tried to record what must not be recorded.
    pub(super) fn counted_as(&self) -> Option<&'static str> {
        let Self::Draft { fault, .. } = self else {
            return None;
        };
        let Fault::Kind(KindError::Value { problem, .. }) = &**fault else {
            return None;
        };
        match problem {
            ValueProblem::Personal(_) => Some("personal-data"),
            ValueProblem::Forbidden { .. } => Some("forbidden-item"),
            _ => None,
        }
    }

    pub(super) fn draft(draft: usize, facet: &FacetId, fault: impl Into<Fault>) -> Self {
        Self::Draft {
            draft,
            facet: Box::new(facet.facet),
            fault: Box::new(fault.into()),
        }
    }
}
