//! Waiting for the disk: what is announced, acknowledged and answered only once it is durable.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::charter::Charter;
use crate::checkpoint::ledger::Gossip;
use crate::ids::{CharterDigest, CommitHash, NodeId};
use crate::label::{FacetId, Grade, Label};
use crate::limits::{UNDURABLE_COMMITS_MAX, UNDURABLE_ENTRIES_MAX};
use crate::planted::{self, Plant};
use crate::replica::HeadsDigest;
use crate::time::WallTime;

use super::peer::{Lacks, Peer};
use super::{Alarm, Engine, InboundId, Output, SyncToken, Ticket};

/// Something that waits until what was written before it is durable.
pub(super) enum Waiting {
    /// A facet has new commits.
    Facet {
        facet: FacetId,
        /// The label it had, if it was held before.
        before: Option<Grade>,
        after: Grade,
        digest: HeadsDigest,
        /// How many commits it had before: peers that had those need only the rest.
        position: usize,
        from: Option<NodeId>,
        /// The latest wall time of the new commits.
        wall: WallTime,
        commits: usize,
    },
    /// A facet was damaged, and what was left of it has been kept.
    Mended {
        facet: FacetId,
        held: Option<(Grade, HeadsDigest)>,
        /// The peers that compare it with this node.
        peers: BTreeSet<NodeId>,
    },
    /// A peer that sent what waits has connected again. It may have been set back since and have
    /// lost it, and a comparison made now says nothing of it.
    Sender(NodeId),
    /// A peer waits for its answer.
    Answer {
        peer: NodeId,
        id: InboundId,
        bytes: Vec<u8>,
    },
    /// A person waits.
    Ticket {
        ticket: Ticket,
        commits: Vec<CommitHash>,
    },
    /// A charter is to be put in force.
    Charter(Arc<dyn Charter>),
    /// Commits are to be judged by an older charter too.
    OlderCharter(Arc<dyn Charter>),
    /// A declaration of an emergency is to count, and to be told to everybody.
    Declaration(CharterDigest),
    /// Signatures on the log of charters are to be told to everybody.
    Gossip {
        gossip: Box<Gossip>,
        alarms: Vec<Alarm>,
    },
}

/// What waits, in the order it was written.
#[derive(Default)]
pub(super) struct Durability {
    written: u64,
    requested: u64,
    durable: u64,
    waiting: VecDeque<(u64, Waiting)>,
    commits: usize,
    /// For each facet that has commits waiting: how many it had before each of its waiting entries.
    facets: BTreeMap<FacetId, VecDeque<usize>>,
}

impl Durability {
    /// Whether more is waiting than may be.
    pub(super) fn full(&self) -> bool {
        self.commits >= UNDURABLE_COMMITS_MAX || self.waiting.len() >= UNDURABLE_ENTRIES_MAX
    }

    /// How many commits wait, and how many entries.
    pub(super) fn waits(&self) -> (usize, usize) {
        (self.commits, self.waiting.len())
    }

    /// Lets something wait for all that has been written.
    pub(super) fn wait(&mut self, waiting: Waiting) {
        if let Waiting::Facet {
            facet,
            commits,
            position,
            ..
        } = &waiting
        {
            self.commits += commits;
            self.facets.entry(*facet).or_default().push_back(*position);
        }
        self.waiting.push_back((self.written, waiting));
    }

    /// Notes that a batch was written.
    pub(super) fn wrote(&mut self) {
        self.written += 1;
    }

    /// The sync to ask for, if one is needed that was not asked for.
    pub(super) fn request(&mut self) -> Option<SyncToken> {
        (self.requested < self.written).then(|| {
            self.requested = self.written;
            SyncToken(self.written)
        })
    }

    /// Whether something waits that this peer sent.
    pub(super) fn awaits(&self, peer: NodeId) -> bool {
        let sent = |waiting: &Waiting| matches!(waiting, Waiting::Facet { from: Some(from), .. } if *from == peer);
        self.waiting.iter().any(|(_, waiting)| sent(waiting))
    }

    fn release(&mut self, token: SyncToken) -> Option<Waiting> {
        let (written, _) = self.waiting.front()?;
        if *written > token.0 {
            return None;
        }
        let (_, waiting) = self.waiting.pop_front()?;
        if let Waiting::Facet { facet, commits, .. } = &waiting {
            self.commits -= commits;
            if let Some(positions) = self.facets.get_mut(facet) {
                positions.pop_front();
                if positions.is_empty() {
                    self.facets.remove(facet);
                }
            }
        }
        Some(waiting)
    }

    /// Lets nothing wait any more that was written to a facet: it is gone.
    pub(super) fn forget(&mut self, facet: &FacetId) {
        self.facets.remove(facet);
        let commits = &mut self.commits;
        self.waiting.retain(|(_, waiting)| match waiting {
            Waiting::Facet {
                facet: of,
                commits: gone,
                ..
            } if of == facet => {
                *commits -= gone;
                false
            }
            _ => true,
        });
    }

    /// How many commits of a facet are durable for certain, if it has some that are not.
    pub(super) fn durable_commits(&self, facet: &FacetId) -> Option<usize> {
        if planted::is(Plant::AnnouncesBeforeDurable) {
            return None;
        }
        self.facets.get(facet)?.front().copied()
    }

    /// Whether everything written is durable.
    pub(super) fn all_durable(&self) -> bool {
        self.durable == self.written
    }

    /// Everything that is durable.
    pub(super) fn token(&self) -> SyncToken {
        SyncToken(self.durable)
    }

    /// Everything that has been written.
    pub(super) fn token_written(&self) -> SyncToken {
        SyncToken(self.written)
    }
}

impl Engine {
    pub(super) fn durable(&mut self, token: SyncToken, outputs: &mut Vec<Output>) {
        self.durability.durable = self.durability.durable.max(token.0);
        while let Some(waiting) = self.durability.release(token) {
            match waiting {
                Waiting::Facet {
                    facet,
                    before,
                    after,
                    digest,
                    position,
                    from,
                    wall,
                    ..
                } => {
                    if let Some(before) = before.filter(|before| *before != after)
                        && !planted::is(Plant::OldLabelStays)
                    {
                        self.index.remove(&facet.label(before), &facet.record);
                    }
                    let label = facet.label(after);
                    self.index.insert(label, facet.record, digest);
                    self.announce(&facet, before, &label, position, from);
                    outputs.push(Output::Changed {
                        facet,
                        label,
                        from,
                        wall,
                    });
                }
                Waiting::Answer { peer, id, bytes } => {
                    outputs.push(Output::Respond { peer, id, bytes });
                }
                Waiting::Sender(peer) => {
                    if let Some(known) = self.peers.get_mut(&peer) {
                        known.doubt();
                    }
                }
                Waiting::Mended { facet, held, peers } => self.mended(&facet, held, &peers),
                Waiting::Charter(charter) => self.put_in_force(charter),
                Waiting::OlderCharter(charter) => self.judge_by(charter),
                Waiting::Declaration(digest) => self.declaration_durable(&digest),
                Waiting::Gossip { gossip, alarms } => self.publish(*gossip, alarms, outputs),
                Waiting::Ticket { ticket, commits } => {
                    outputs.push(Output::Written {
                        ticket,
                        outcome: Ok(commits),
                    });
                }
            }
        }
    }

    /// Compares what is left of a facet with the peers that may have the rest.
    fn mended(
        &mut self,
        facet: &FacetId,
        held: Option<(Grade, HeadsDigest)>,
        peers: &BTreeSet<NodeId>,
    ) {
        if let Some((grade, digest)) = held
            && !planted::is(Plant::DamageLeftInIndex)
        {
            let label = facet.label(grade);
            self.audience(&label);
            self.index.insert(label, facet.record, digest);
        }
        for peer in peers {
            if let Some(known) = self.peers.get_mut(peer) {
                known.doubt();
            }
        }
        if planted::is(Plant::DamageWakesAll) {
            self.peers.values_mut().for_each(Peer::doubt);
        }
    }

    /// Queues new commits for the peers that may hold them.
    pub(super) fn announce(
        &mut self,
        facet: &FacetId,
        before: Option<Grade>,
        label: &Label,
        position: usize,
        from: Option<NodeId>,
    ) {
        let connected = self.peers.iter().filter(|(_, known)| known.connected);
        let peers: Vec<_> = connected.map(|(peer, _)| *peer).collect();
        let now_carried = self.audiences(label);
        let carried_before = before.map(|before| match facet.label(before) {
            same if same == *label => now_carried,
            other => self.audiences(&other),
        });
        let turn = self.turn(facet);
        for peer in peers {
            if !self.carries_with(peer, now_carried) && !planted::is(Plant::AnnouncesToAll) {
                continue;
            }
            let held = carried_before.is_some_and(|before| self.carries_with(peer, before));
            let Some(known) = self.peers.get_mut(&peer) else {
                continue;
            };
            if Some(peer) != from {
                known.queue_push(turn, *facet, Lacks::from(if held { position } else { 0 }));
            } else if before.is_some() && !held {
                // It brought what opens the facet to it, and may lack what was written here before.
                known.doubt();
            }
        }
    }
}
