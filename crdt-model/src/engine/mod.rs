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
//! * An error means that the store failed. The engine must not be used further. Damage to the
//!   commits of one facet is no such error: it is mended (`mending`), and an alarm says so.
//!
//! How it is laid out: `boundary` is what goes in and comes out, `intake` takes commits in, `write`
//! makes the node's own, `answer` answers requests without remembering anything, `session` drives
//! the exchange with one peer through `download`, `comparison`, `fetch` and `push`, `flow` decides
//! what a link carries, `adoption` changes charters, `life` numbers the node's own commits,
//! `checkpoints` signs the log of charters and watches what others sign, `gossip` exchanges that,
//! `freshness` narrows what is sent where nobody confirms the charter, `emergency` widens what flows
//! while one is declared, `mending` keeps what is whole of a damaged facet, `durable` waits for the
//! disk, `room` holds back while the disk is full, `load` says how full everything is, `machines`
//! notices two that run with one key.

mod adoption;
mod answer;
mod boundary;
mod checkpoints;
mod clock;
mod comparison;
mod download;
mod durable;
mod emergency;
mod emergency_report;
mod fetch;
mod flow;
mod freshness;
mod gossip;
mod intake;
mod life;
mod load;
mod log_status;
mod machines;
mod mending;
mod peer;
mod push;
mod raise;
mod room;
mod scrub;
mod session;
mod status;
mod write;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::charter::Charter;
use crate::ids::{CharterVersion, Epoch, NodeId};
use crate::judge::{Ahead, Charters};
use crate::label::Label;
use crate::limits::ANTI_ENTROPY_INTERVAL_MS;
use crate::planted::{self, Plant};
use crate::quarantine::Quarantine;
use crate::reconcile::Index;
use crate::replica::{self, ReplicaError};
use crate::store::Store;
use crate::time::{Instant, Now};
use crate::wire::{CharterMark, Hello};

pub use boundary::{
    Alarm, FacetName, Identity, InboundId, Input, Output, RequestId, SyncToken, Ticket,
    WriteRefused,
};
pub use clock::{ClockAhead, ClockStatus};
use durable::Durability;
pub use emergency::EmergencyStatus;
pub use emergency_report::{EmergencyReport, Flowed};
pub use flow::{carries, dials, links};
pub use freshness::Rung;
pub use load::{Load, PeerLoad};
pub use log_status::{Cosigned, LogStatus, Newer, SplitView};
use mending::Mending;
use peer::Peer;
pub use room::Room;
pub use status::{LinkState, PeerStatus, Traffic, Withheld};

/// The engine of one node.
pub struct Engine {
    identity: Identity,
    lives: life::Lives,
    charters: Charters,
    index: Index,
    audiences: BTreeMap<Label, flow::Audiences>,
    peers: BTreeMap<NodeId, Peer>,
    durability: Durability,
    quarantine: Quarantine,
    next_request: u64,
    /// Facets may be held that this node may no longer hold: they go once this much is durable.
    drop_after: Option<SyncToken>,
    mending: Mending,
    /// The charter version that waits for the disk, or that did so last.
    adopting: Option<CharterVersion>,
    next_anti_entropy: Instant,
    clock: clock::Watch,
    checkpoints: checkpoints::Checkpoints,
    emergencies: emergency::Emergencies,
    scrubbing: scrub::Scrubbing,
    /// Over how many threads signatures are checked.
    threads_max: NonZeroUsize,
    room: Room,
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
        let mut identity = identity;
        if planted::is(Plant::SameLifeAfterRestore) {
            identity.epoch = Epoch(1);
        }
        let mut index = Index::default();
        let mut mending = Mending::default();
        replica::for_each_facet_or_damage(store, |facet, entry| match entry {
            Ok(entry) => {
                index.insert(facet.label(entry.grade), facet.record, entry.digest);
            }
            Err(_) => mending.facets.push(facet),
        })?;
        let quarantine = Quarantine::load(store, &mut mending.dropped)?;
        let checkpoints = checkpoints::Checkpoints::read(store, &mut mending.dropped)?;
        let emergencies = emergency::Emergencies::read(store, &charters, &mut mending.dropped)?;
        let mut engine = Self {
            lives: life::Lives::read(identity.epoch, store)?,
            identity,
            charters,
            index,
            audiences: BTreeMap::new(),
            peers: BTreeMap::new(),
            durability: Durability::default(),
            quarantine,
            next_request: 0,
            drop_after: Some(SyncToken(0)),
            mending,
            adopting: None,
            next_anti_entropy: Instant::default(),
            clock: clock::Watch::default(),
            checkpoints,
            emergencies,
            scrubbing: scrub::Scrubbing::read(store)?,
            threads_max: NonZeroUsize::MIN,
            room: Room::Enough,
        };
        engine.tell_gossip();
        engine.lay_links();
        Ok(Some(engine))
    }

    /// Lets signatures be checked over so many threads; over one before.
    pub fn check_over(&mut self, threads_max: NonZeroUsize) {
        self.threads_max = threads_max;
    }

    /// Reads commits before their turn, on other threads.
    pub fn ahead(&self) -> &Ahead {
        self.charters.ahead()
    }

    /// Takes one input and says what is to be done.
    pub fn handle(
        &mut self,
        input: Input,
        now: Now,
        store: &mut dyn Store,
    ) -> Result<Vec<Output>, ReplicaError> {
        self.watch_clock(now);
        // Whatever is answered now is answered by the rules that count now.
        self.see_to_emergency(now, store)?;
        let mut outputs = Vec::new();
        self.mend_what_was_found(now, store)?;
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
            Input::CharterRecalled { charter, bundle } => self.recall(charter, &bundle, store)?,
            Input::EmergencyDeclared { declaration } => {
                self.take_declaration(&declaration, store)?;
            }
            Input::CharterRefused { peer, version } => self.charter_refused(peer, version, now),
            Input::Damaged { facet } => {
                self.look_for_damage(&facet, now, store)?;
            }
            Input::Tick => {}
        }
        self.drive(now, store, &mut outputs)?;
        outputs.extend(self.mending.alarms.drain(..).map(Output::Alarm));
        outputs.extend(self.clock.take_alarms().into_iter().map(Output::Alarm));
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
        let wall = self.floored(now.wall);
        wall >= validity.from && !validity.expired(wall)
    }

    fn mark(&self) -> CharterMark {
        let charter = self.charter();
        CharterMark {
            version: charter.version(),
            digest: charter.digest(),
            emergency: self.in_emergency(),
        }
    }

    /// What requests over the link with a peer are made under.
    fn mark_with(&self, peer: NodeId) -> CharterMark {
        CharterMark {
            emergency: self.emergency_over(peer),
            ..self.mark()
        }
    }

    fn hello(&self, peer: NodeId) -> Hello {
        let mut fingerprint = self.shared_with(peer).digest();
        if planted::is(Plant::GreetingCountsAll) {
            fingerprint[0] ^= self.index.len() as u8;
        }
        Hello {
            charter: self.mark(),
            fingerprint,
            gossip: self.checkpoints.digest,
            boot: self.identity.boot,
            two_machines: self
                .peers
                .get(&peer)
                .is_some_and(|known| known.machines.take_turns()),
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
