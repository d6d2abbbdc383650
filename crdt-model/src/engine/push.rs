//! Pushing what is new here to a peer that may hold it.

use crate::ids::NodeId;
use crate::label::FacetId;
use crate::limits::{PUSH_COMMITS_MAX, REQUEST_BYTES_MAX};
use crate::replica::ReplicaError;
use crate::store::Store;
use crate::time::Now;
use crate::wire::Request;

use super::Engine;
use super::answer::beyond;
use super::peer::{Lacks, Purpose, Turn};
use super::session::REQUEST_OVERHEAD;

impl Engine {
    pub(super) fn next_push(
        &mut self,
        peer: NodeId,
        now: Now,
        store: &mut dyn Store,
    ) -> Result<Option<(Purpose, Request)>, ReplicaError> {
        let charter = self.mark_with(peer);
        // What is written while a push is under way goes together in the next one; what is urgent
        // waits for a push of urgent facets only.
        let pushing: Vec<Turn> = match self.peers.get(&peer) {
            Some(known) => known.pushes_in_flight().collect(),
            None => return Ok(None),
        };
        let mut room = REQUEST_BYTES_MAX - REQUEST_OVERHEAD;
        let mut commits = Vec::new();
        let mut unfinished = false;
        let mut filled = None;
        let mut later = Vec::new();
        while let Some(((turn, facet), lacks)) = self.take_push_for(peer) {
            // A push counts only when it is whole, so what is urgent goes without the rest.
            if pushing.contains(&turn) || filled.is_some_and(|filled| filled != turn) {
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
            let given = beyond(&history, &lacks, until, room);
            let taken = given.commits.iter().map(|commit| commit.len() + 4);
            room = room.saturating_sub(taken.sum());
            unfinished = given.next.is_some() && !given.commits.is_empty();
            filled = filled.or((!given.commits.is_empty()).then_some(turn));
            commits.extend(given.commits);
            if let Some(from) = given.next {
                later.push((facet, Lacks { from, ..lacks }));
                break;
            }
            if commits.len() >= PUSH_COMMITS_MAX / 2 {
                break;
            }
        }
        for (facet, lacks) in later {
            self.queue_push(peer, facet, lacks);
        }
        Ok(filled.map(|turn| {
            let purpose = Purpose::Push {
                commits: commits.len(),
                turn,
            };
            let request = Request::Push {
                charter,
                unfinished,
                commits,
            };
            (purpose, request)
        }))
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
