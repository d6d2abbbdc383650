//! Fetching what a peer has and this node lacks.

use std::collections::BTreeSet;

use crate::history::Clock;
use crate::ids::NodeId;
use crate::label::FacetId;
use crate::limits::{FETCH_FACETS_MAX, REQUEST_BYTES_MAX};
use crate::replica::{self, ReplicaError};
use crate::store::Store;
use crate::time::Now;
use crate::wire::{Found, Request, Wanted, wanted_bytes};

use super::answer::covers;
use super::peer::Purpose;
use super::push::note;
use super::session::REQUEST_OVERHEAD;
use super::{Engine, Output};

impl Engine {
    pub(super) fn next_fetch(
        &mut self,
        peer: NodeId,
        store: &dyn Store,
    ) -> Result<Option<(Purpose, Request)>, ReplicaError> {
        let charter = self.mark();
        if self.durability.full() {
            return Ok(None);
        }
        let mut room = REQUEST_BYTES_MAX - REQUEST_OVERHEAD;
        let mut wanted: Vec<Wanted> = Vec::new();
        while let Some(facet) = self.next_wanted(peer) {
            let have = match self.is_thorough(peer, &facet) {
                true => Clock::new(),
                false => self.has_come(peer, &facet, store)?,
            };
            let one = Wanted { facet, have };
            let bytes = wanted_bytes(&one);
            if bytes > room || wanted.len() >= FETCH_FACETS_MAX {
                if let Some(session) = self.session(peer) {
                    session.fetch.push_front(facet);
                }
                break;
            }
            room -= bytes;
            wanted.push(one);
        }
        if wanted.is_empty() {
            return Ok(None);
        }
        let facets = wanted.iter().map(|wanted| wanted.facet).collect();
        Ok(Some((
            Purpose::Fetch { facets },
            Request::Fetch {
                charter,
                facets: wanted,
            },
        )))
    }

    fn next_wanted(&mut self, peer: NodeId) -> Option<FacetId> {
        self.session(peer)?.fetch.pop_front()
    }

    fn is_thorough(&mut self, peer: NodeId, facet: &FacetId) -> bool {
        self.session(peer)
            .is_some_and(|session| session.thorough(facet))
    }

    /// How far this node has come with a facet, with what it keeps aside of it for a peer.
    fn has_come(
        &self,
        peer: NodeId,
        facet: &FacetId,
        store: &dyn Store,
    ) -> Result<Clock, ReplicaError> {
        let mut clock = replica::history(store, facet)?.clock();
        if let Some(known) = self.peers.get(&peer) {
            known
                .staged
                .of(facet)
                .iter()
                .for_each(|encoded| note(&mut clock, encoded));
        }
        Ok(clock)
    }

    pub(super) fn fetch_answered(
        &mut self,
        peer: NodeId,
        facets: Vec<FacetId>,
        found: Vec<Found>,
        now: Now,
        store: &mut dyn Store,
        outputs: &mut Vec<Output>,
    ) -> Result<(), ReplicaError> {
        if found.len() > facets.len() || found.is_empty() {
            self.start_over(peer, now);
            return Ok(());
        }
        let commits: Vec<Vec<u8>> = found
            .iter()
            .flat_map(|found| found.commits.iter().cloned())
            .collect();
        let mut unfinished = BTreeSet::new();
        for (facet, found) in facets.iter().zip(&found) {
            let mut then = self.has_come(peer, facet, store)?;
            found
                .commits
                .iter()
                .for_each(|encoded| note(&mut then, encoded));
            if !covers(&then, &found.have) {
                unfinished.insert(*facet);
            }
        }
        let taken = self.take(peer, &commits, &unfinished, now, store, outputs)?;
        let settled_at = self.durability.token_written();
        let mut again: Vec<FacetId> = facets.get(found.len()..).unwrap_or(&[]).to_vec();
        let mut offers = Vec::new();
        for (facet, found) in facets.iter().zip(&found) {
            let ours = self.has_come(peer, facet, store)?;
            let came_further = taken.taken + taken.staged > 0 && taken.refused == 0;
            if !covers(&ours, &found.have) && !found.commits.is_empty() && came_further {
                again.push(*facet);
            }
            let thorough = self.is_thorough(peer, facet);
            if thorough {
                offers.push((*facet, Clock::new()));
            } else if !covers(&found.have, &ours) {
                offers.push((*facet, found.have.clone()));
            }
        }
        let Some(known) = self.peers.get_mut(&peer) else {
            return Ok(());
        };
        known.traffic.commits_received += taken.taken as u64;
        known.settled_at = settled_at;
        if taken.refused > 0 {
            known.back_off(now);
        }
        if let Some(session) = known.session.as_mut() {
            session.moved |= taken.taken > 0;
            session.fetch.extend(again);
            session.offers.extend(offers);
        }
        Ok(())
    }
}
