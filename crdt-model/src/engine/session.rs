//! Driving the exchange with each peer: hello, then, where the two differ, compare, fetch and push,
//! then hello again to see that they are equal.

use crate::history::Clock;
use crate::ids::NodeId;
use crate::label::FacetId;
use crate::limits::{
    CHARTER_BYTES_MAX, FETCH_FACETS_MAX, PEER_PUSHES_IN_FLIGHT_MAX, PUSH_COMMITS_MAX, REQUEST_BYTES_MAX,
};
use crate::reconcile::{self, Bound, Initiator, Position, ReconcileFault};
use crate::replica::{self, ReplicaError};
use crate::store::Store;
use crate::time::Now;
use crate::wire::{Found, Hello, Request, Response, Wanted, wanted_bytes};

use super::answer::{beyond, covers};
use super::peer::{CharterDownload, Peer, Purpose, Session};
use super::{Alarm, Engine, Output, RequestId};

/// Bytes of a request that are not commits or facets, at most.
const REQUEST_OVERHEAD: usize = 64;

impl Engine {
    pub(super) fn connected(&mut self, peer: NodeId, now: Now) {
        let drives = self.drives(peer);
        if let Some(known) = self.peers.get_mut(&peer) {
            known.connected = true;
            known.since = Some(now.wall);
            known.reset();
            known.went_well();
            known.refused_charter = None;
            known.hello_due = drives;
        }
    }

    pub(super) fn disconnected(&mut self, peer: NodeId, now: Now) {
        if let Some(known) = self.peers.get_mut(&peer) {
            known.connected = false;
            known.since = Some(now.wall);
            known.reset();
        }
    }

    pub(super) fn request_failed(&mut self, peer: NodeId, id: RequestId, now: Now) {
        if let Some(known) = self.peers.get_mut(&peer)
            && known.in_flight.remove(&id).is_some()
        {
            known.session = None;
            known.download = None;
            known.doubt();
            known.back_off(now);
        }
    }

    /// Sends whatever is due: called after every input.
    pub(super) fn drive(
        &mut self,
        now: Now,
        store: &mut dyn Store,
        outputs: &mut Vec<Output>,
    ) -> Result<(), ReplicaError> {
        self.drop_what_is_not_ours(store, outputs)?;
        let anti_entropy = self.anti_entropy_due(now);
        for peer in self.peers.keys().copied().collect::<Vec<_>>() {
            let drives = self.drives(peer);
            if let Some(known) = self.peers.get_mut(&peer) {
                known.hello_due |= anti_entropy && known.connected && drives;
            }
            while let Some((purpose, request)) = self.next_request(peer, now, store)? {
                self.ask(peer, purpose, &request, outputs);
            }
        }
        if let Some(token) = self.durability.request() {
            outputs.push(Output::Sync { token });
        } else if self.durability.all_durable() {
            // Answers that had nothing to wait for.
            self.durable(self.durability.token(), outputs);
        }
        Ok(())
    }

    fn ask(&mut self, peer: NodeId, purpose: Purpose, request: &Request, outputs: &mut Vec<Output>) {
        self.next_request += 1;
        let id = RequestId(self.next_request);
        let bytes = request.encode();
        if let Some(known) = self.peers.get_mut(&peer) {
            known.traffic.frames_sent += 1;
            known.traffic.bytes_sent += bytes.len() as u64;
            known.in_flight.insert(id, purpose);
            outputs.push(Output::Request { peer, id, bytes });
        }
    }

    /// The next thing to ask of a peer, if anything is due.
    fn next_request(
        &mut self,
        peer: NodeId,
        now: Now,
        store: &dyn Store,
    ) -> Result<Option<(Purpose, Request)>, ReplicaError> {
        let Some(known) = self.peers.get(&peer) else {
            return Ok(None);
        };
        if !known.connected || !known.has_room() {
            return Ok(None);
        }
        if let Some(request) = self.next_charter_part(peer, now) {
            return Ok(Some(request));
        }
        if !self.may_send(now) || !self.same_charter(peer) {
            return Ok(self.next_hello(peer, now));
        }
        if let Some(request) = self.next_comparison(peer) {
            return Ok(Some(request));
        }
        if let Some(request) = self.next_fetch(peer, store)? {
            return Ok(Some(request));
        }
        if let Some(request) = self.next_push(peer, store)? {
            return Ok(Some(request));
        }
        self.finish_session(peer, now);
        Ok(self.next_hello(peer, now))
    }

    fn same_charter(&self, peer: NodeId) -> bool {
        let hello = self.peers.get(&peer).and_then(|known| known.hello);
        hello.is_some_and(|hello| hello.charter == self.mark())
    }

    fn next_hello(&mut self, peer: NodeId, now: Now) -> Option<(Purpose, Request)> {
        let known = self.peers.get_mut(&peer)?;
        let asking = known.session.is_some() || !known.in_flight.is_empty();
        if !known.hello_due || asking || known.waits(now) {
            return None;
        }
        known.hello_due = false;
        Some((Purpose::Hello, Request::Hello(self.hello(peer))))
    }

    fn next_charter_part(&mut self, peer: NodeId, now: Now) -> Option<(Purpose, Request)> {
        let known = self.peers.get_mut(&peer).filter(|known| !known.waits(now))?;
        let download = known.download.as_ref()?;
        let asking = known.in_flight.values().any(|one| matches!(one, Purpose::Charter { .. }));
        let (version, offset) = (download.version, download.bytes.len());
        (!asking).then_some((Purpose::Charter { version }, Request::Charter { version, offset }))
    }

    fn next_comparison(&mut self, peer: NodeId) -> Option<(Purpose, Request)> {
        let charter = self.mark();
        let known = self.peers.get(&peer)?;
        let asking = known.in_flight.values().any(|one| matches!(one, Purpose::Compare));
        if asking {
            return None;
        }
        let mut initiator = self.peers.get_mut(&peer)?.session.as_mut()?.comparing.take()?;
        let questions = initiator.request(&self.shared_with(peer));
        let known = self.peers.get_mut(&peer)?;
        let session = known.session.as_mut()?;
        match questions {
            Some(questions) => {
                session.comparing = Some(initiator);
                let questions = questions.encode();
                Some((Purpose::Compare, Request::Compare { charter, questions }))
            }
            None => {
                let found = initiator.finish();
                let fetch = found.need.iter().chain(&found.differ).map(Position::facet);
                session.fetch.extend(fetch);
                session.offers.extend(found.offer.iter().map(|at| (at.facet(), Clock::new())));
                known.resume = found.resume;
                None
            }
        }
    }

    fn next_fetch(
        &mut self,
        peer: NodeId,
        store: &dyn Store,
    ) -> Result<Option<(Purpose, Request)>, ReplicaError> {
        let charter = self.mark();
        if self.durability.full() {
            return Ok(None);
        }
        let Some(session) = self.peers.get_mut(&peer).and_then(|known| known.session.as_mut())
        else {
            return Ok(None);
        };
        let mut room = REQUEST_BYTES_MAX - REQUEST_OVERHEAD;
        let mut wanted = Vec::new();
        while let Some(facet) = session.fetch.pop_front() {
            let have = replica::history(store, &facet)?.clock();
            let one = Wanted { facet, have };
            let bytes = wanted_bytes(&one);
            if bytes > room || wanted.len() >= FETCH_FACETS_MAX {
                session.fetch.push_front(facet);
                break;
            }
            room -= bytes;
            wanted.push(one);
        }
        if wanted.is_empty() {
            return Ok(None);
        }
        let facets = wanted.iter().map(|wanted| wanted.facet).collect();
        Ok(Some((Purpose::Fetch { facets }, Request::Fetch { charter, facets: wanted })))
    }

    fn next_push(
        &mut self,
        peer: NodeId,
        store: &dyn Store,
    ) -> Result<Option<(Purpose, Request)>, ReplicaError> {
        let charter = self.mark();
        let pushing = |known: &Peer| {
            known.in_flight.values().filter(|one| matches!(one, Purpose::Push { .. })).count()
        };
        // What is written while a push is under way goes together in the next one.
        if self.peers.get(&peer).is_none_or(|known| pushing(known) >= PEER_PUSHES_IN_FLIGHT_MAX) {
            return Ok(None);
        }
        let mut room = REQUEST_BYTES_MAX - REQUEST_OVERHEAD;
        let mut commits = Vec::new();
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
        let purpose = Purpose::Push { commits: commits.len() };
        Ok(Some((purpose, Request::Push { charter, commits })))
    }

    /// Ends a comparison that has nothing left to do: a hello shows whether the two are equal.
    fn finish_session(&mut self, peer: NodeId, now: Now) {
        let durable = self.durability.token();
        let Some(known) = self.peers.get_mut(&peer) else {
            return;
        };
        let through = known.session.as_ref().is_some_and(|session| {
            session.comparing.is_none() && session.fetch.is_empty() && session.offers.is_empty()
        });
        if through && known.in_flight.is_empty() && known.settled_at <= durable {
            let moved = known.session.take().is_some_and(|session| session.moved);
            known.hello_due = true;
            // One that found nothing it could move would find the same again at once.
            if !moved {
                known.back_off(now);
            }
        }
    }

    pub(super) fn answered(
        &mut self,
        peer: NodeId,
        id: RequestId,
        bytes: &[u8],
        now: Now,
        store: &mut dyn Store,
        outputs: &mut Vec<Output>,
    ) -> Result<(), ReplicaError> {
        let Some(known) = self.peers.get_mut(&peer) else {
            return Ok(());
        };
        known.traffic.frames_received += 1;
        known.traffic.bytes_received += bytes.len() as u64;
        // An answer to a request of an earlier connection, or to none, means nothing.
        let Some(purpose) = known.in_flight.remove(&id) else {
            return Ok(());
        };
        let response = match Response::decode(bytes) {
            Ok(response) => response,
            Err(error) => {
                self.misbehaved(peer, "malformed-frame", error.to_string(), outputs);
                Response::Refused
            }
        };
        match (purpose, response) {
            (Purpose::Hello, Response::Hello(hello)) => {
                self.compare_hellos(peer, hello, outputs);
            }
            (Purpose::Charter { version }, Response::Charter { total, bytes }) => {
                self.downloaded(peer, version, total, &bytes, now, outputs);
            }
            (Purpose::Compare, Response::Compared(answer)) => {
                self.compared(peer, &answer, now, outputs);
            }
            (Purpose::Fetch { facets }, Response::Fetched(found)) => {
                self.fetch_answered(peer, facets, found, now, store, outputs)?;
            }
            (Purpose::Push { commits }, Response::Pushed { refused, gap }) => {
                self.push_answered(peer, commits, refused, gap, now);
            }
            (_, Response::OtherCharter(_)) => {
                if let Some(known) = self.peers.get_mut(&peer) {
                    known.session = None;
                    known.doubt();
                }
            }
            (_, _) => self.start_over(peer, now),
        }
        Ok(())
    }

    fn start_over(&mut self, peer: NodeId, now: Now) {
        if let Some(known) = self.peers.get_mut(&peer) {
            known.session = None;
            known.download = None;
            known.doubt();
            known.back_off(now);
        }
    }

    /// Learns from a peer's hello whether the two differ, and in what.
    pub(super) fn compare_hellos(
        &mut self,
        peer: NodeId,
        theirs: Hello,
        outputs: &mut Vec<Output>,
    ) {
        let ours = self.hello(peer);
        let drives = self.drives(peer);
        let Some(known) = self.peers.get_mut(&peer) else {
            return;
        };
        known.hello = Some(theirs);
        if theirs.charter != ours.charter {
            known.in_sync = false;
        }
        if theirs.charter.version > ours.charter.version {
            let next = crate::ids::CharterVersion(ours.charter.version.0 + 1);
            if known.download.is_none() && known.refused_charter != Some(next) {
                known.download = Some(CharterDownload { version: next, bytes: Vec::new() });
            }
            return;
        }
        if theirs.charter.version < ours.charter.version {
            return;
        }
        if theirs.charter.digest != ours.charter.digest {
            let version = ours.charter.version;
            let theirs = theirs.charter.digest;
            outputs.push(Output::Alarm(Alarm::CharterFork { peer, version, theirs }));
            self.quarantine.count(Some(peer), "charter-fork");
            return;
        }
        let equal = theirs.fingerprint == ours.fingerprint;
        if equal {
            known.in_sync = true;
            known.went_well();
        } else if drives && known.session.is_none() {
            known.in_sync = false;
            let from = known.resume.take().unwrap_or(Bound::Start);
            let comparing = Some(Initiator::new(from));
            known.session = Some(Session { comparing, ..Session::default() });
        } else if !drives {
            known.in_sync = false;
        }
    }

    fn compared(&mut self, peer: NodeId, answer: &[u8], now: Now, outputs: &mut Vec<Output>) {
        let outcome = match reconcile::Response::decode(answer) {
            Ok(answer) => self.take_comparison(peer, &answer).map_err(|fault| fault.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(fault) = outcome {
            self.start_over(peer, now);
            self.misbehaved(peer, "bad-comparison", fault, outputs);
        }
    }

    fn take_comparison(
        &mut self,
        peer: NodeId,
        answer: &reconcile::Response,
    ) -> Result<(), ReconcileFault> {
        // A label that is new here may be one that the link carries.
        for label in answer.labels() {
            self.learn_label(peer, label);
        }
        let session = self.peers.get_mut(&peer).and_then(|known| known.session.as_mut());
        let Some(mut initiator) = session.and_then(|session| session.comparing.take()) else {
            return Ok(());
        };
        initiator.receive(&self.shared_with(peer), answer)?;
        if let Some(session) = self.peers.get_mut(&peer).and_then(|known| known.session.as_mut()) {
            session.comparing = Some(initiator);
        }
        Ok(())
    }

    fn fetch_answered(
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
        let commits: Vec<Vec<u8>> =
            found.iter().flat_map(|found| found.commits.iter().cloned()).collect();
        let taken = self.take(peer, &commits, now, store, outputs)?;
        let settled_at = self.durability.token_written();
        let mut again: Vec<FacetId> = facets.get(found.len()..).unwrap_or(&[]).to_vec();
        let mut offers = Vec::new();
        for (facet, found) in facets.iter().zip(&found) {
            let ours = replica::history(store, facet)?.clock();
            if !covers(&ours, &found.have) && !found.commits.is_empty() && taken.refused == 0 {
                again.push(*facet);
            }
            if !covers(&found.have, &ours) {
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

    fn push_answered(&mut self, peer: NodeId, commits: usize, refused: usize, gap: bool, now: Now) {
        let Some(known) = self.peers.get_mut(&peer) else {
            return;
        };
        let refused = refused.min(commits);
        known.traffic.commits_sent += (commits - refused) as u64;
        known.traffic.commits_refused_by_peer += refused as u64;
        if let Some(session) = known.session.as_mut() {
            session.moved |= refused < commits;
        }
        if refused > 0 {
            known.doubt();
            if !gap {
                known.back_off(now);
            }
        }
    }

    fn downloaded(
        &mut self,
        peer: NodeId,
        version: crate::ids::CharterVersion,
        total: usize,
        part: &[u8],
        now: Now,
        outputs: &mut Vec<Output>,
    ) {
        let Some(known) = self.peers.get_mut(&peer) else {
            return;
        };
        let Some(download) = known.download.as_mut().filter(|one| one.version == version) else {
            return;
        };
        download.bytes.extend_from_slice(part);
        let overlong = total > CHARTER_BYTES_MAX || download.bytes.len() > total;
        if part.is_empty() || overlong {
            known.download = None;
            known.back_off(now);
            known.doubt();
        } else if download.bytes.len() == total {
            let bundle = std::mem::take(&mut download.bytes);
            known.download = None;
            outputs.push(Output::CharterOffered { peer, bundle });
        }
    }
}

/// Notes in a clock that it has this commit.
fn note(clock: &mut Clock, encoded: &[u8]) {
    if let Ok(commit) = crate::commit::Commit::decode(encoded) {
        let body = commit.body();
        clock.insert((body.author, body.epoch), body.seq);
    }
}
