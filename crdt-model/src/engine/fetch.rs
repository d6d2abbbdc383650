//! Fetching what a peer has and this node lacks.

use std::collections::BTreeSet;

use crate::commit::Commit;
use crate::history::{Clock, History};
use crate::ids::NodeId;
use crate::label::FacetId;
use crate::limits::{PEER_FETCHES_IN_FLIGHT_MAX, REQUEST_BYTES_MAX};
use crate::replica::ReplicaError;
use crate::store::Store;
use crate::time::Now;
use crate::wire::{Found, Request, Wanted, wanted_bytes};

use super::answer::covers;
use super::peer::{Lacks, Purpose};
use super::session::REQUEST_OVERHEAD;
use super::{Engine, Output};

impl Engine {
    pub(super) fn next_fetch(
        &mut self,
        peer: NodeId,
        now: Now,
        store: &mut dyn Store,
    ) -> Result<Option<(Purpose, Request)>, ReplicaError> {
        let charter = self.mark_with(peer);
        let Some(known) = self.peers.get(&peer) else {
            return Ok(None);
        };
        if self.takes_no_more() || known.fetches_in_flight() >= PEER_FETCHES_IN_FLIGHT_MAX {
            return Ok(None);
        }
        let facets_max = known.fetch_facets;
        let mut room = REQUEST_BYTES_MAX - REQUEST_OVERHEAD;
        let mut wanted: Vec<Wanted> = Vec::new();
        while wanted.len() < facets_max
            && let Some((facet, from)) = self.next_wanted(peer, &wanted)
        {
            let have = match self.is_thorough(peer, &facet) {
                true => Clock::new(),
                false => self.has_come(peer, &facet, now, store)?,
            };
            let one = Wanted { facet, have, from };
            let bytes = wanted_bytes(&one);
            if bytes > room {
                self.want(peer, [(facet, from)]);
                break;
            }
            room -= bytes;
            wanted.push(one);
        }
        if wanted.is_empty() {
            return Ok(None);
        }
        let facets = wanted.iter().map(|one| (one.facet, one.from)).collect();
        Ok(Some((
            Purpose::Fetch {
                facets,
                asked: now.instant,
            },
            Request::Fetch {
                charter,
                facets: wanted,
            },
        )))
    }

    /// The next facet to ask for beside others: what is urgent is asked for alone.
    fn next_wanted(&mut self, peer: NodeId, beside: &[Wanted]) -> Option<(FacetId, usize)> {
        let first = beside.first().map(|wanted| self.turn(&wanted.facet));
        let next = self.session(peer)?.fetch.first_entry()?;
        if first.is_some_and(|first| first != next.key().0) {
            return None;
        }
        let ((_, facet), from) = next.remove_entry();
        Some((facet, from))
    }

    /// Queues facets to be fetched, each from a position on.
    fn want(&mut self, peer: NodeId, facets: impl IntoIterator<Item = (FacetId, usize)>) {
        for (facet, from) in facets {
            let turn = self.turn(&facet);
            if let Some(session) = self.session(peer) {
                session.fetch.insert((turn, facet), from);
            }
        }
    }

    fn is_thorough(&mut self, peer: NodeId, facet: &FacetId) -> bool {
        self.session(peer)
            .is_some_and(|session| session.thorough(facet))
    }

    /// How far this node has come with a facet, with what it keeps aside of it for a peer.
    fn has_come(
        &mut self,
        peer: NodeId,
        facet: &FacetId,
        now: Now,
        store: &mut dyn Store,
    ) -> Result<Clock, ReplicaError> {
        let held = self.history_of(facet, now, store)?;
        let history = held.map_or_else(|| History::new(*facet), |(_, history)| history);
        let mut clock = history.clock();
        let staged = self.peers.get(&peer).map(|known| known.staged.of(facet));
        for encoded in staged.unwrap_or_default() {
            if let Ok(commit) = Commit::decode(encoded)
                && !history.is_frozen(&commit)
            {
                let body = commit.body();
                let last = clock.entry((body.author, body.epoch)).or_insert(body.seq);
                *last = (*last).max(body.seq);
            }
        }
        Ok(clock)
    }

    pub(super) fn fetch_answered(
        &mut self,
        peer: NodeId,
        facets: Vec<(FacetId, usize)>,
        mut found: Vec<Found>,
        now: Now,
        store: &mut dyn Store,
        outputs: &mut Vec<Output>,
    ) -> Result<(), ReplicaError> {
        if self.takes_no_more() {
            // Asked before the disk fell behind: it is asked for again when the disk has caught up.
            self.want(peer, facets);
            return Ok(());
        }
        // Whoever has more for us gives some of it, and goes on further behind.
        let moves_on = |((_, from), found): (&(FacetId, usize), &Found)| {
            found
                .next
                .is_none_or(|next| next > *from && !found.commits.is_empty())
        };
        let in_order = found.len() <= facets.len() && facets.iter().zip(&found).all(moves_on);
        if found.is_empty() || !in_order {
            self.start_over(peer, now);
            return Ok(());
        }
        let commits = found
            .iter_mut()
            .flat_map(|found| std::mem::take(&mut found.commits));
        let commits: Vec<Vec<u8>> = commits.collect();
        let answered = || facets.iter().zip(&found);
        let unfinished = answered().filter(|(_, found)| found.next.is_some());
        let unfinished: BTreeSet<_> = unfinished.map(|((facet, _), _)| *facet).collect();
        let taken = self.take(peer, commits, &unfinished, now, store, outputs)?;
        let settled_at = self.durability.token_written();
        let mut again: Vec<_> = facets.get(found.len()..).unwrap_or(&[]).to_vec();
        let mut offers = Vec::new();
        for ((facet, _), found) in answered() {
            match found.next.filter(|_| !taken.refused_of.contains(facet)) {
                Some(next) => again.push((*facet, next)),
                None => {
                    let come = taken.come.get(facet);
                    let lacks = self.offer(peer, facet, &found.have, come, now, store)?;
                    offers.extend(lacks.map(|lacks| ((self.turn(facet), *facet), lacks)));
                }
            }
        }
        self.want(peer, again);
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
            session.offers.extend(offers);
        }
        Ok(())
    }

    /// What a peer that has come this far lacks of a facet, if it may lack anything. How far this node
    /// has come is read where `come` does not say it.
    fn offer(
        &mut self,
        peer: NodeId,
        facet: &FacetId,
        theirs: &Clock,
        come: Option<&Clock>,
        now: Now,
        store: &mut dyn Store,
    ) -> Result<Option<Lacks>, ReplicaError> {
        if self.is_thorough(peer, facet) {
            return Ok(Some(Lacks::default()));
        }
        if come.is_some_and(|ours| covers(theirs, ours)) {
            return Ok(None);
        }
        let Some((_, history)) = self.history_of(facet, now, store)? else {
            return Ok(None);
        };
        let lacks = !history.forks().is_empty() || !covers(theirs, &history.clock());
        Ok(lacks.then(|| Lacks::beyond(theirs.clone())))
    }
}
