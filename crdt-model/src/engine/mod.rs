//! The engine of one node: everything that happens between frames coming in and frames going out.
//!
//! One [`Input`] goes in, any number of [`Output`]s come out, and they are carried out in their
//! order. That is the whole boundary. The driver must keep this contract:
//!
//! * The store that is passed in is the same at every call, and only the engine writes to it.
//! * [`Output::Sync`] asks for everything written so far to be made durable. The driver may gather
//!   several and sync once; it then passes the last token in as [`Input::Durable`]. Until then the
//!   engine acknowledges and announces none of it.
//! * After any input, and when [`Engine::next_timeout`] has passed, the driver calls again with
//!   [`Input::Tick`].
//! * An error means that the store failed. The engine must not be used further.
//!
//! How it is laid out: `intake` takes commits in, `write` makes the node's own, `answer` answers
//! requests without remembering anything, `session` drives the exchange with one peer through
//! `download`, `comparison`, `fetch` and `push`, `flow` decides what a link carries, `adoption`
//! changes charters, `life` numbers the node's own commits, `durable` waits for the disk.

mod adoption;
mod answer;
mod clock;
mod comparison;
mod download;
mod durable;
mod fetch;
mod flow;
mod intake;
mod life;
mod peer;
mod push;
mod session;
mod status;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

use ed25519_dalek::SigningKey;

use crate::charter::{Audience, Charter};
use crate::draft::Draft;
use crate::ids::{CharterDigest, CharterVersion, CommitHash, Epoch, NodeId, Seq};
use crate::judge::{Charters, Fault};
use crate::label::{FacetId, Label};
use crate::limits::ANTI_ENTROPY_INTERVAL_MS;
use crate::quarantine::Quarantine;
use crate::reconcile::Index;
use crate::replica::{self, ReplicaError};
use crate::store::Store;
use crate::time::{Instant, Now};
use crate::wire::{CharterMark, Hello};

use durable::Durability;
pub use flow::{dials, links};
use peer::Peer;
pub use status::{LinkState, PeerStatus, Traffic, Withheld};

/// Who this node is.
#[derive(Clone)]
pub struct Identity {
    /// Its code.
    pub node: NodeId,
    /// Its secret key.
    pub key: SigningKey,
    /// Its first life; the present one is [`Engine::life`].
    pub epoch: Epoch,
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
    /// The charter that was offered has been refused.
    CharterRefused {
        /// Who offered it.
        peer: NodeId,
        /// Its version.
        version: CharterVersion,
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
    /// Rewrite the store: deleted bytes must be gone from the disk.
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
    /// Commits of a facet became durable here.
    Changed {
        /// The facet.
        facet: FacetId,
        /// Its label now.
        label: Label,
        /// The peer it came from; none if it was written here.
        from: Option<NodeId>,
        /// The latest wall time of those commits, by their authors' clocks.
        wall: crate::time::WallTime,
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
pub type FacetName = crate::ids::Name;

impl WriteRefused {
    fn draft(draft: usize, facet: &FacetId, fault: impl Into<Fault>) -> Self {
        Self::Draft {
            draft,
            facet: Box::new(facet.facet),
            fault: Box::new(fault.into()),
        }
    }
}

/// The engine of one node.
pub struct Engine {
    identity: Identity,
    /// The epoch of its next commits.
    life: Epoch,
    charters: Charters,
    index: Index,
    audiences: BTreeMap<Label, Audience>,
    peers: BTreeMap<NodeId, Peer>,
    durability: Durability,
    quarantine: Quarantine,
    next_request: u64,
    /// Facets may be held that this node may no longer hold: they go once this much is durable.
    drop_after: Option<SyncToken>,
    /// The charter version that waits for the disk, or that did so last.
    adopting: Option<CharterVersion>,
    next_anti_entropy: Instant,
    clock: clock::Watch,
}

impl Engine {
    /// Starts from what the store holds. `charters` are the versions that commits are judged by,
    /// the highest in force; `None` if there is none.
    pub fn open(
        identity: Identity,
        charters: impl IntoIterator<Item = Arc<dyn Charter>>,
        store: &dyn Store,
    ) -> Result<Option<Self>, ReplicaError> {
        let Some(charters) = Charters::new(charters) else {
            return Ok(None);
        };
        let mut index = Index::default();
        replica::for_each_facet(store, |facet, entry| {
            index.insert(facet.label(entry.grade), facet.record, entry.digest);
        })?;
        let mut engine = Self {
            life: life::read(identity.epoch, store)?,
            identity,
            charters,
            index,
            audiences: BTreeMap::new(),
            peers: BTreeMap::new(),
            durability: Durability::default(),
            quarantine: Quarantine::load(store)?,
            next_request: 0,
            drop_after: Some(SyncToken(0)),
            adopting: None,
            next_anti_entropy: Instant::default(),
            clock: clock::Watch::default(),
        };
        engine.lay_links();
        Ok(Some(engine))
    }

    /// Takes one input and says what is to be done.
    pub fn handle(
        &mut self,
        input: Input,
        now: Now,
        store: &mut dyn Store,
    ) -> Result<Vec<Output>, ReplicaError> {
        self.watch_clock(now);
        let mut outputs = Vec::new();
        match input {
            Input::Connected { peer } => self.connected(peer, now),
            Input::Disconnected { peer } => self.disconnected(peer, now),
            Input::Request { peer, id, bytes } => {
                self.answer(peer, id, &bytes, now, store, &mut outputs)?;
            }
            Input::Response { peer, id, bytes } => {
                self.answered(peer, id, &bytes, now, store, &mut outputs)?;
            }
            Input::RequestFailed { peer, id } => self.request_failed(peer, id, now),
            Input::Write { ticket, drafts } => {
                self.write(ticket, &drafts, now, store, &mut outputs)?;
            }
            Input::Durable { token } => self.durable(token, &mut outputs),
            Input::CharterAdopted { charter, bundle } => {
                self.adopt(charter, &bundle, store)?;
            }
            Input::CharterRefused { peer, version } => self.charter_refused(peer, version, now),
            Input::Tick => {}
        }
        self.drive(now, store, &mut outputs)?;
        Ok(outputs)
    }

    /// When the driver must call again at the latest.
    pub fn next_timeout(&self) -> Instant {
        let retries = self.peers.values().filter_map(Peer::wakes_at);
        let wakes = retries.chain(self.clock.wakes_at());
        wakes.min().map_or(self.next_anti_entropy, |retry| {
            retry.min(self.next_anti_entropy)
        })
    }

    /// The charter in force.
    pub fn charter(&self) -> &Arc<dyn Charter> {
        self.charters.current()
    }

    /// The charters that commits are judged by.
    pub fn charters(&self) -> &Charters {
        &self.charters
    }

    /// Who this node is.
    pub fn node(&self) -> NodeId {
        self.identity.node
    }

    /// The life that it writes its next commits in.
    pub fn life(&self) -> Epoch {
        self.life
    }

    /// What was refused, and why.
    pub fn quarantine(&self) -> &Quarantine {
        &self.quarantine
    }

    /// The facets this node holds durably, by label.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Whether as much is waiting to become durable as may be.
    pub fn is_busy(&self) -> bool {
        self.durability.full()
    }

    /// Whether the charter lets this node send: it has begun and has not run out.
    fn may_send(&self, now: Now) -> bool {
        let validity = self.charter().validity();
        now.wall >= validity.from && !validity.expired(now.wall)
    }

    fn mark(&self) -> CharterMark {
        let charter = self.charter();
        CharterMark {
            version: charter.version(),
            digest: charter.digest(),
        }
    }

    fn hello(&self, peer: NodeId) -> Hello {
        let fingerprint = self.shared_with(peer).digest();
        Hello {
            charter: self.mark(),
            fingerprint,
        }
    }

    fn anti_entropy_due(&mut self, now: Now) -> bool {
        let due = now.instant >= self.next_anti_entropy;
        if due {
            self.next_anti_entropy = now.instant.after_ms(ANTI_ENTROPY_INTERVAL_MS);
        }
        due
    }
}
