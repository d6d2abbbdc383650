//! Driving the exchange with each peer: hello, then, where the two differ, compare, fetch and push,
//! then hello again to see that they are equal.

use crate::ids::NodeId;
use crate::limits::GREETING_WAIT_MS;
use crate::planted::{self, Plant};
use crate::reconcile::{Bound, Initiator};
use crate::replica::ReplicaError;
use crate::store::Store;
use crate::time::Now;
use crate::wire::{Hello, Request, Response};

use super::durable::Waiting;
use super::peer::{Purpose, Session};
use super::{Alarm, Engine, Output, RequestId, Rung};

/// Bytes of a request that are not commits or facets, at most.
pub(super) const REQUEST_OVERHEAD: usize = 64;

impl Engine {
    pub(super) fn connected(&mut self, peer: NodeId, now: Now) {
        let drives = self.drives(peer);
        if self.durability.awaits(peer) {
            self.durability.wait(Waiting::Sender(peer));
        }
        if let Some(known) = self.peers.get_mut(&peer) {
            known.connected = true;
            known.since = Some(now.wall);
            known.reset();
            known.went_well();
            known.refused_charter = None;
            known.hello_due = drives && !planted::is(Plant::GreetingForgotten);
            if !drives && !planted::is(Plant::GreetingForgotten) {
                // The peer greets; if it does not, this node does.
                known.greet_at = Some(now.instant.after_ms(GREETING_WAIT_MS));
            }
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
            && let Some(purpose) = known.in_flight.remove(&id)
        {
            if let Purpose::Fetch { .. } = purpose {
                known.fetch_failed();
            }
            known.end_session();
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
        self.see_to_checkpoints(now, store)?;
        self.see_to_emergency(now, store)?;
        self.drop_what_is_not_ours(now, store, outputs)?;
        self.see_to_scrubbing(store, outputs)?;
        let anti_entropy = self.anti_entropy_due(now);
        for peer in self.peers.keys().copied().collect::<Vec<_>>() {
            let drives = self.drives(peer);
            if let Some(known) = self.peers.get_mut(&peer) {
                known.end_waits(now);
                known.machines.forget_late(now);
                known.hello_due |= anti_entropy && known.connected && drives;
                if anti_entropy {
                    known.gossiped = None;
                    known.refused_charter = None;
                }
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

    fn ask(
        &mut self,
        peer: NodeId,
        purpose: Purpose,
        request: &Request,
        outputs: &mut Vec<Output>,
    ) {
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
        store: &mut dyn Store,
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
        if let Some(request) = self.next_gossip(peer) {
            return Ok(Some(request));
        }
        if !self.exchanges(now) || !self.same_charter(peer) {
            return Ok(self.next_hello(peer, now));
        }
        if let Some(request) = self.next_comparison(peer) {
            return Ok(Some(request));
        }
        if let Some(request) = self.next_fetch(peer, now, store)? {
            return Ok(Some(request));
        }
        if let Some(request) = self.next_push(peer, now, store)? {
            return Ok(Some(request));
        }
        self.finish_session(peer, now);
        Ok(self.next_hello(peer, now))
    }

    pub(super) fn same_charter(&self, peer: NodeId) -> bool {
        let hello = self.peers.get(&peer).and_then(|known| known.hello);
        hello.is_some_and(|hello| hello.charter.same_charter(&self.mark()))
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

    /// Ends a comparison that has nothing left to do: a hello shows whether the two are equal.
    fn finish_session(&mut self, peer: NodeId, now: Now) {
        let durable = self.durability.token();
        let rests = self.rung() != Rung::Fresh;
        let Some(known) = self.peers.get_mut(&peer) else {
            return;
        };
        let through = known.session.as_ref().is_some_and(|session| {
            session.comparing.is_none() && session.fetch.is_empty() && session.offers.is_empty()
        });
        if through && known.in_flight.is_empty() && known.settled_at <= durable {
            let moved = known.session.take().is_some_and(|session| session.moved);
            known.hello_due = true;
            known.stuck = !moved;
            if moved {
                known.gets_on();
            } else if rests {
                known.rest(now);
            } else {
                // It would find the same again at once.
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
                self.compare_gossip(peer, &hello);
                self.compare_hellos(peer, hello, now, outputs);
            }
            (Purpose::Gossip, Response::Gossip(gossip)) => {
                self.gossip_answered(peer, &gossip, now, store)?;
            }
            (Purpose::Charter { version }, Response::Charter { total, bytes }) => {
                self.downloaded(peer, version, total, &bytes, now, outputs);
            }
            (Purpose::Compare, Response::Compared(answer)) => {
                self.compared(peer, &answer, now, outputs);
            }
            (Purpose::Fetch { facets, asked }, Response::Fetched(found)) => {
                let took_ms = now.instant.since_ms(asked);
                if let Some(known) = self.peers.get_mut(&peer) {
                    known.fetch_took(took_ms, facets.len(), found.len());
                }
                self.fetch_answered(peer, facets, found, now, store, outputs)?;
            }
            (
                Purpose::Push { commits, .. },
                Response::Pushed {
                    taken,
                    refused,
                    gap,
                },
            ) => {
                self.push_answered(peer, commits, taken, refused, gap, now);
            }
            (_, Response::OtherCharter(theirs)) => {
                if let Some(known) = self.peers.get_mut(&peer) {
                    known.end_session();
                    known.doubt();
                    // It said so before: asking again at once would hear the same.
                    if known.hello.is_some_and(|hello| hello.charter == theirs) {
                        known.back_off(now);
                    }
                }
            }
            (_, _) => self.start_over(peer, now),
        }
        Ok(())
    }

    pub(super) fn start_over(&mut self, peer: NodeId, now: Now) {
        if let Some(known) = self.peers.get_mut(&peer) {
            known.end_session();
            known.download = None;
            known.doubt();
            known.back_off(now);
        }
    }

    /// The comparison under way with a peer.
    pub(super) fn session(&mut self, peer: NodeId) -> Option<&mut Session> {
        self.peers.get_mut(&peer)?.session.as_mut()
    }

    /// Takes a peer's hello, and finds anew what the link carries where an emergency begins or ends at
    /// its other end.
    pub(super) fn hear(&mut self, peer: NodeId, hello: Hello, now: Now, outputs: &mut Vec<Output>) {
        self.watch_machines(peer, &hello, now, outputs);
        let emergency = hello.charter.emergency || planted::is(Plant::EmergencyToAll);
        let Some(known) = self.peers.get_mut(&peer) else {
            return;
        };
        known.hello = Some(hello);
        if std::mem::replace(&mut known.emergency, emergency) != emergency {
            known.in_sync = false;
            known.end_session();
            self.lay_link(peer);
        }
    }

    /// Learns from a peer's hello whether the two differ, and in what.
    pub(super) fn compare_hellos(
        &mut self,
        peer: NodeId,
        theirs: Hello,
        now: Now,
        outputs: &mut Vec<Output>,
    ) {
        self.hear(peer, theirs, now, outputs);
        let ours = self.hello(peer);
        let drives = self.drives(peer);
        let rung = self.rung();
        let Some(known) = self.peers.get_mut(&peer) else {
            return;
        };
        if !theirs.charter.same_charter(&ours.charter) {
            known.in_sync = false;
            known.end_session();
        }
        if theirs.charter.version > ours.charter.version {
            self.fetch_charter(peer);
            return;
        }
        if theirs.charter.version < ours.charter.version {
            // It fetches ours. An older hello of its may also have come late: ask again.
            known.greet_at = Some(now.instant.after_ms(GREETING_WAIT_MS));
            return;
        }
        if theirs.charter.digest != ours.charter.digest {
            let version = ours.charter.version;
            let theirs = theirs.charter.digest;
            outputs.push(Output::Alarm(Alarm::CharterFork {
                peer,
                version,
                theirs,
            }));
            self.quarantine.count(Some(peer), "charter-fork");
            return;
        }
        self.fetch_missing_charter(peer);
        let Some(known) = self.peers.get_mut(&peer) else {
            return;
        };
        let equal = theirs.fingerprint == ours.fingerprint;
        if equal {
            known.in_sync = true;
            known.went_well();
            return;
        }
        known.in_sync = false;
        if !drives {
            // The peer compares. Should it have come to be equal in the meantime, nobody would
            // say so. What is held back stays unequal for days, and waits for no greeting.
            let greets_again = rung == Rung::Fresh;
            known.greet_at = greets_again.then(|| now.instant.after_ms(GREETING_WAIT_MS));
        } else if known.waits(now) {
            known.hello_due = true;
        } else if known.session.is_none() && !known.rests(now) && rung != Rung::Holding {
            let from = known.resume.take().unwrap_or(Bound::Start);
            let comparing = Some(Initiator::new(from));
            let thorough = known.stuck.then(Vec::new);
            known.session = Some(Session {
                comparing,
                thorough,
                ..Session::default()
            });
        }
    }
}
