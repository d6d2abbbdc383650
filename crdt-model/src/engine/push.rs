//! Pushing what is new here to a peer that may hold it.

use crate::history::History;
use crate::ids::NodeId;
use crate::label::FacetId;
use crate::limits::{PEER_PUSHES_IN_FLIGHT_MAX, PUSH_COMMITS_MAX, REQUEST_BYTES_MAX};
use crate::replica::ReplicaError;
use crate::store::Store;
use crate::time::Now;
use crate::wire::Request;

use super::Engine;
use super::answer::beyond;
use super::peer::{Lacks, Peer, Purpose, Turn};
use super::session::REQUEST_OVERHEAD;

/// A push that is being filled.
struct Filling {
    room: usize,
    turn: Option<Turn>,
    commits: Vec<Vec<u8>>,
    unfinished: bool,
}

impl Filling {
    fn new(bytes: usize) -> Self {
        Self {
            room: bytes.saturating_sub(REQUEST_OVERHEAD),
            turn: None,
            commits: Vec::new(),
            unfinished: false,
        }
    }

    /// Whether facets of this turn go along: what is urgent does not wait until the rest has arrived.
    fn has_room_for(&self, turn: Turn) -> bool {
        self.turn.is_none_or(|filled| filled == turn) && self.commits.len() < PUSH_COMMITS_MAX / 2
    }

    /// Puts in what has room of a facet, and says where to go on if that is not all. The first commit
    /// has room in any push.
    fn put(&mut self, turn: Turn, history: &History, lacks: &Lacks, until: usize) -> Option<usize> {
        let mut given = beyond(history, lacks, until, self.room);
        if self.commits.is_empty() && given.commits.is_empty() && given.next.is_some() {
            given = beyond(history, lacks, until, REQUEST_BYTES_MAX - REQUEST_OVERHEAD);
        }
        let taken = given.commits.iter().map(|commit| commit.len() + 4);
        self.room = self.room.saturating_sub(taken.sum());
        self.unfinished = given.next.is_some() && !given.commits.is_empty();
        self.turn = self.turn.or((!given.commits.is_empty()).then_some(turn));
        self.commits.extend(given.commits);
        given.next
    }
}

impl Engine {
    pub(super) fn next_push(
        &mut self,
        peer: NodeId,
        now: Now,
        store: &mut dyn Store,
    ) -> Result<Option<(Purpose, Request)>, ReplicaError> {
        let charter = self.mark_with(peer);
        // What is written while a push is under way goes together in the next one.
        let pushing = self.peers.get(&peer).map(Peer::pushes_in_flight);
        if pushing.is_none_or(|pushing| pushing >= PEER_PUSHES_IN_FLIGHT_MAX) {
            return Ok(None);
        }
        let mut filling = Filling::new(self.peers.get(&peer).map_or(0, |known| known.push_bytes));
        let mut later = Vec::new();
        while let Some(((turn, facet), lacks)) = self.take_push_for(peer) {
            if !filling.has_room_for(turn) {
                later.push((facet, lacks));
                break;
            }
            let Some((history, until)) = self.servable(peer, &facet, now, store)? else {
                // At another grade that is not durable yet: it is known by neither label just now.
                if self.durability.durable_commits(&facet).is_some() {
                    later.push((facet, lacks));
                }
                continue;
            };
            if let Some(from) = filling.put(turn, &history, &lacks, until) {
                later.push((facet, Lacks { from, ..lacks }));
                break;
            }
        }
        for (facet, lacks) in later {
            self.queue_push(peer, facet, lacks);
        }
        if filling.commits.is_empty() {
            return Ok(None);
        }
        let purpose = Purpose::Push {
            commits: filling.commits.len(),
            asked: now.instant,
        };
        Ok(Some((
            purpose,
            Request::Push {
                charter,
                unfinished: filling.unfinished,
                commits: filling.commits,
            },
        )))
    }

    /// Queues what a peer lacks of a facet.
    pub(super) fn queue_push(&mut self, peer: NodeId, facet: FacetId, lacks: Lacks) {
        let turn = self.turn(&facet);
        if let Some(known) = self.peers.get_mut(&peer) {
            known.queue_push(turn, facet, lacks);
        }
    }

    /// When a facet's turn is, by the charter in force.
    pub(super) fn turn(&self, facet: &FacetId) -> Turn {
        match self.charter().kinds().is_urgent(facet.facet) {
            true => Turn::Urgent,
            false => Turn::Ordinary,
        }
    }

    /// The next facet that is queued for a peer and may be sent to it just now.
    fn take_push_for(&mut self, peer: NodeId) -> Option<((Turn, FacetId), Lacks)> {
        let pass = self.passage(peer);
        let known = self.peers.get_mut(&peer)?;
        known.next_push(|facet| pass.lets(facet))
    }

    pub(super) fn push_answered(
        &mut self,
        peer: NodeId,
        commits: usize,
        taken: usize,
        refused: usize,
        gap: bool,
        now: Now,
    ) {
        let Some(known) = self.peers.get_mut(&peer) else {
            return;
        };
        let refused = refused.min(commits);
        known.traffic.commits_sent += (commits - refused) as u64;
        known.traffic.commits_refused_by_peer += refused as u64;
        if let Some(session) = known.session.as_mut() {
            session.moved |= taken > 0;
        }
        if refused > 0 {
            known.doubt();
            if !gap {
                known.back_off(now);
            }
        }
    }
}
