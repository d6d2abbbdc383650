//! Pushing what is new here to a peer that may hold it.

use crate::commit::Commit;
use crate::history::Clock;
use crate::ids::NodeId;
use crate::limits::{PEER_PUSHES_IN_FLIGHT_MAX, PUSH_COMMITS_MAX, REQUEST_BYTES_MAX};
use crate::replica::ReplicaError;
use crate::store::Store;
use crate::time::Now;
use crate::wire::Request;

use super::Engine;
use super::answer::{beyond, covers};
use super::peer::{Peer, Purpose};
use super::session::REQUEST_OVERHEAD;

impl Engine {
    pub(super) fn next_push(
        &mut self,
        peer: NodeId,
        store: &dyn Store,
    ) -> Result<Option<(Purpose, Request)>, ReplicaError> {
        let charter = self.mark();
        // What is written while a push is under way goes together in the next one.
        let pushing = self.peers.get(&peer).map(Peer::pushes_in_flight);
        if pushing.is_none_or(|pushing| pushing >= PEER_PUSHES_IN_FLIGHT_MAX) {
            return Ok(None);
        }
        let mut room = REQUEST_BYTES_MAX - REQUEST_OVERHEAD;
        let mut commits = Vec::new();
        let mut unfinished = false;
        while let Some((facet, has)) = self.peers.get_mut(&peer).and_then(Peer::next_push) {
            let Some((history, until)) = self.servable(peer, &facet, store)? else {
                continue;
            };
            let given = beyond(&history, &has, &until, room);
            let mut then = has.clone();
            for encoded in &given {
                room = room.saturating_sub(encoded.len() + 4);
                note(&mut then, encoded);
            }
            let through = covers(&then, &until);
            unfinished = !through && !given.is_empty();
            commits.extend(given);
            if !through {
                if let Some(known) = self.peers.get_mut(&peer) {
                    known.queue_push(facet, then);
                }
                break;
            }
            if commits.len() >= PUSH_COMMITS_MAX / 2 {
                break;
            }
        }
        if commits.is_empty() {
            return Ok(None);
        }
        let purpose = Purpose::Push {
            commits: commits.len(),
        };
        Ok(Some((
            purpose,
            Request::Push {
                charter,
                unfinished,
                commits,
            },
        )))
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

/// Notes in a clock that it has this commit.
pub(super) fn note(clock: &mut Clock, encoded: &[u8]) {
    if let Ok(commit) = Commit::decode(encoded) {
        let body = commit.body();
        let last = clock.entry((body.author, body.epoch)).or_insert(body.seq);
        *last = (*last).max(body.seq);
    }
}
