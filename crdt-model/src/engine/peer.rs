//! What the engine knows about one peer: its connection, the comparison under way, what is queued
//! for it, and how often it may ask.

use std::collections::BTreeMap;

use crate::history::Clock;
use crate::ids::CharterVersion;
use crate::label::{FacetId, Label};
use crate::limits::{
    FETCH_FACETS_FIRST, FETCH_FACETS_MAX, FETCH_PACE_MS, LADDER_REST_MS, PEER_PUSH_QUEUE_MAX,
    PEER_REQUEST_BURST_MAX, PEER_REQUESTS_IN_FLIGHT_MAX, PEER_REQUESTS_PER_S_MAX, RETRY_FIRST_MS,
    RETRY_LAST_MS, STAGED_BYTES_MAX, THOROUGH_FACETS_MAX,
};
use crate::planted::{self, Plant};
use crate::reconcile::{Bound, Initiator};
use crate::time::{Instant, Now, WallTime};
use crate::wire::Hello;

use super::machines::Machines;
use super::{RequestId, SyncToken};

/// Why a request was made.
pub(super) enum Purpose {
    Hello,
    Charter {
        version: CharterVersion,
    },
    Compare,
    Fetch {
        facets: Vec<(FacetId, usize)>,
        asked: Instant,
    },
    Push {
        commits: usize,
        turn: Turn,
    },
    Gossip,
}

/// Whether a facet goes first. That follows from its name, so the order says nothing of other facets.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Turn {
    Urgent,
    Ordinary,
}

/// Facets in the order in which they are exchanged.
pub(super) type Queue<T> = BTreeMap<(Turn, FacetId), T>;

/// What a peer lacks of a facet: what lies beyond a clock, and from a position in this node's own
/// order on.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Lacks {
    pub(super) beyond: Clock,
    pub(super) from: usize,
}

impl Lacks {
    pub(super) fn from(position: usize) -> Self {
        Self {
            beyond: Clock::new(),
            from: position,
        }
    }

    pub(super) fn beyond(clock: Clock) -> Self {
        Self {
            beyond: clock,
            from: 0,
        }
    }
}

/// A comparison that this node drives.
#[derive(Default)]
pub(super) struct Session {
    /// The comparison proper, until it is through.
    pub(super) comparing: Option<Initiator>,
    /// What is to be fetched, and from where on.
    pub(super) fetch: Queue<usize>,
    /// What is to be pushed.
    pub(super) offers: Queue<Lacks>,
    /// Whether it moved anything: one that did not must not be repeated at once.
    pub(super) moved: bool,
    /// The facets that are exchanged whole, where the comparison before moved nothing: clocks that
    /// are equal over different commits would hide a fork that neither side knows.
    pub(super) thorough: Option<Vec<FacetId>>,
}

impl Session {
    /// Whether a facet is exchanged whole; the first few of a thorough comparison are.
    pub(super) fn thorough(&mut self, facet: &FacetId) -> bool {
        let Some(whole) = self.thorough.as_mut() else {
            return false;
        };
        if !whole.contains(facet) && whole.len() < THOROUGH_FACETS_MAX {
            whole.push(*facet);
        }
        whole.contains(facet)
    }
}

/// Parts of facets whose rest is still to come: at its present grade this node may not hold them,
/// and at the grade that the rest gives them it may. Kept in memory only.
#[derive(Default)]
pub(super) struct Staged {
    facets: BTreeMap<FacetId, Vec<Vec<u8>>>,
    bytes: usize,
}

impl Staged {
    /// What is kept of a facet.
    pub(super) fn of(&self, facet: &FacetId) -> &[Vec<u8>] {
        self.facets.get(facet).map_or(&[], Vec::as_slice)
    }

    /// Bytes of all that is kept.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Hands over what is kept of a facet.
    pub(super) fn take(&mut self, facet: &FacetId) -> Vec<Vec<u8>> {
        let commits = self.facets.remove(facet).unwrap_or_default();
        self.bytes -= commits.iter().map(Vec::len).sum::<usize>();
        commits
    }

    /// Keeps these commits of a facet, if there is room.
    pub(super) fn keep(&mut self, facet: FacetId, commits: &[Vec<u8>]) -> bool {
        let bytes = commits.iter().map(Vec::len).sum::<usize>();
        let room = self.bytes + bytes <= STAGED_BYTES_MAX;
        if room {
            self.bytes += bytes;
            self.facets
                .entry(facet)
                .or_default()
                .extend(commits.iter().cloned());
        }
        room
    }
}

/// A charter that is being fetched.
pub(super) struct CharterDownload {
    pub(super) version: CharterVersion,
    pub(super) bytes: Vec<u8>,
}

/// What has passed between this node and a peer since the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Traffic {
    /// Commits taken from it.
    pub commits_received: u64,
    /// Commits it has acknowledged.
    pub commits_sent: u64,
    /// Commits of ours it did not take.
    pub commits_refused_by_peer: u64,
    /// Frames received, requests and responses.
    pub frames_received: u64,
    /// Frames sent, requests and responses.
    pub frames_sent: u64,
    /// Bytes of the frames received.
    pub bytes_received: u64,
    /// Bytes of the frames sent.
    pub bytes_sent: u64,
}

/// One peer.
pub(super) struct Peer {
    pub(super) connected: bool,
    /// Since when it is connected or not.
    pub(super) since: Option<WallTime>,
    /// Of the peer, so it outlasts the connection.
    pub(super) machines: Machines,
    /// Its last hello on this connection.
    pub(super) hello: Option<Hello>,
    pub(super) hello_due: bool,
    /// When this node sends a hello, if the peer has not sent one by then.
    pub(super) greet_at: Option<Instant>,
    pub(super) in_sync: bool,
    /// Whether an emergency counts at its end too, as far as is known: by its last hello, and before
    /// that if it counts at this node's.
    pub(super) emergency: bool,
    pub(super) session: Option<Session>,
    /// Where the next comparison begins, if the last one did not reach the end.
    pub(super) resume: Option<Bound>,
    pub(super) download: Option<CharterDownload>,
    /// Charter versions of it that were refused: not asked for again on this connection.
    pub(super) refused_charter: Option<CharterVersion>,
    pub(super) in_flight: BTreeMap<RequestId, Purpose>,
    /// The last exchange moved nothing, and the two are not equal.
    pub(super) stuck: bool,
    pub(super) staged: Staged,
    /// What was taken from it and is not yet known to be durable.
    pub(super) settled_at: SyncToken,
    pub(super) traffic: Traffic,
    /// It holds other signatures on the log of charters than this node.
    pub(super) gossip_due: bool,
    /// The digests of both sides after the last exchange of those.
    pub(super) gossiped: Option<([u8; 16], [u8; 16])>,
    /// It has given signatures that are of the future by this node's clock.
    pub(super) gave_early: bool,
    /// Facets that the next fetch asks for. Of the line, so it outlasts the connection.
    pub(super) fetch_facets: usize,
    labels: Vec<Label>,
    push: Queue<Lacks>,
    retry: Option<Instant>,
    retry_delay_ms: u64,
    rests_until: Option<Instant>,
    requests_left: u32,
    requests_refilled: Instant,
}

impl Peer {
    pub(super) fn new() -> Self {
        Self {
            connected: false,
            since: None,
            machines: Machines::default(),
            hello: None,
            hello_due: false,
            greet_at: None,
            in_sync: false,
            emergency: false,
            session: None,
            resume: None,
            download: None,
            refused_charter: None,
            in_flight: BTreeMap::new(),
            stuck: false,
            staged: Staged::default(),
            settled_at: SyncToken(0),
            traffic: Traffic::default(),
            gossip_due: false,
            gossiped: None,
            gave_early: false,
            fetch_facets: FETCH_FACETS_FIRST,
            labels: Vec::new(),
            push: Queue::new(),
            retry: None,
            retry_delay_ms: RETRY_FIRST_MS,
            rests_until: None,
            requests_left: PEER_REQUEST_BURST_MAX,
            requests_refilled: Instant::default(),
        }
    }

    /// Forgets everything that belongs to one connection or one charter.
    pub(super) fn reset(&mut self) {
        self.hello = None;
        self.in_sync = false;
        self.session = None;
        self.resume = None;
        self.download = None;
        self.in_flight.clear();
        self.stuck = false;
        self.staged = Staged::default();
        self.push.clear();
        self.gossip_due = false;
        self.gossiped = None;
        self.retry = None;
        self.rests_until = None;
        self.greet_at = None;
        self.hello_due = self.connected;
    }

    /// The labels that the link with it carries, sorted.
    pub(super) fn labels(&self) -> &[Label] {
        &self.labels
    }

    pub(super) fn share(&mut self, label: Label) {
        if let Err(index) = self.labels.binary_search(&label) {
            self.labels.insert(index, label);
        }
    }

    pub(super) fn clear_labels(&mut self) {
        self.labels.clear();
    }

    /// Queues what the peer lacks of a facet. A queue that is full is replaced by a comparison.
    pub(super) fn queue_push(&mut self, turn: Turn, facet: FacetId, lacks: Lacks) {
        if !self.connected || self.hello.is_none() {
            return;
        }
        let place = (turn, facet);
        if self.push.len() >= PEER_PUSH_QUEUE_MAX && !self.push.contains_key(&place) {
            self.push.clear();
            self.doubt();
            return;
        }
        // What was queued before reaches further back.
        self.push.entry(place).or_insert(lacks);
    }

    /// The next facet to push that may pass just now. Of those that may not, what was queued stays,
    /// and what a comparison offered is offered again by a later one.
    pub(super) fn next_push(
        &mut self,
        passes: impl Fn(&FacetId) -> bool,
    ) -> Option<((Turn, FacetId), Lacks)> {
        let mut queued = self.push.keys();
        if let Some(place) = queued.find(|(_, facet)| passes(facet)).copied() {
            return self.push.remove_entry(&place);
        }
        let offers = &mut self.session.as_mut()?.offers;
        while let Some(offer) = offers.pop_first() {
            if passes(&offer.0.1) {
                return Some(offer);
            }
        }
        None
    }

    /// How many facets are queued for it as they changed.
    pub(super) fn pushes_queued(&self) -> usize {
        self.push.len()
    }

    /// How many facets are queued for it in all.
    pub(super) fn push_len(&self) -> usize {
        let offers = self
            .session
            .as_ref()
            .map_or(0, |session| session.offers.len());
        self.push.len() + offers
    }

    /// Ends the comparison under way: answers to what it asked mean nothing any more.
    pub(super) fn end_session(&mut self) {
        self.session = None;
        self.in_flight
            .retain(|_, purpose| !matches!(purpose, Purpose::Compare | Purpose::Fetch { .. }));
    }

    /// How many fetches it has not answered yet.
    pub(super) fn fetches_in_flight(&self) -> usize {
        self.in_flight
            .values()
            .filter(|one| matches!(one, Purpose::Fetch { .. }))
            .count()
    }

    /// An answer to a fetch of so many facets spoke of so many: the next ask for as many as the line
    /// carries within [`FETCH_PACE_MS`].
    pub(super) fn fetch_took(&mut self, ms: u64, asked: usize, answered: usize) {
        self.fetch_facets = match ms {
            _ if answered < asked => answered.max(1),
            ms if ms > FETCH_PACE_MS => (asked * 2 / 3).max(1),
            ms if ms < FETCH_PACE_MS / 2 => (asked + asked / 2 + 1).min(FETCH_FACETS_MAX),
            _ => self.fetch_facets,
        };
    }

    /// A fetch has not been answered: the line may be thinner than was thought.
    pub(super) fn fetch_failed(&mut self) {
        self.fetch_facets = (self.fetch_facets / 4).max(1);
    }

    /// The turns of the pushes that it has not answered yet.
    pub(super) fn pushes_in_flight(&self) -> impl Iterator<Item = Turn> {
        self.in_flight.values().filter_map(|one| match one {
            Purpose::Push { turn, .. } => Some(*turn),
            _ => None,
        })
    }

    /// Whether all that was queued for it has been acknowledged.
    pub(super) fn owes_nothing(&self) -> bool {
        self.push_len() == 0 && self.pushes_in_flight().next().is_none()
    }

    /// The two may differ: compare again.
    pub(super) fn doubt(&mut self) {
        self.in_sync = false;
        self.hello_due = true;
    }

    pub(super) fn has_room(&self) -> bool {
        self.in_flight.len() < PEER_REQUESTS_IN_FLIGHT_MAX
    }

    /// Waits before the next attempt, each time twice as long. Failures that come while it waits
    /// are one with the first.
    pub(super) fn back_off(&mut self, now: Now) {
        if !self.waits(now) {
            let forever = planted::is(Plant::RetryForgotten);
            let delay_ms = if forever {
                u64::MAX / 4
            } else {
                self.retry_delay_ms
            };
            self.retry = Some(now.instant.after_ms(delay_ms));
            self.retry_delay_ms = (self.retry_delay_ms * 2).min(RETRY_LAST_MS);
        }
    }

    /// Compares with it no more for a while: what is held back now would be held back again. It is
    /// greeted and pushed to as before.
    pub(super) fn rest(&mut self, now: Now) {
        self.rests_until = Some(now.instant.after_ms(LADDER_REST_MS));
    }

    pub(super) fn rests(&self, now: Now) -> bool {
        self.rests_until.is_some_and(|until| now.instant < until)
    }

    /// Ends the waits that are over, so that nobody is woken for them again.
    pub(super) fn end_waits(&mut self, now: Now) {
        self.retry = self.retry.filter(|retry| now.instant < *retry);
        if self
            .greet_at
            .is_some_and(|greet_at| greet_at <= now.instant)
        {
            self.greet_at = None;
            self.hello_due = self.connected;
        }
    }

    /// Something was exchanged: the next wait is a short one again.
    pub(super) fn gets_on(&mut self) {
        self.retry_delay_ms = RETRY_FIRST_MS;
    }

    pub(super) fn went_well(&mut self) {
        self.retry = None;
        self.rests_until = None;
        self.retry_delay_ms = RETRY_FIRST_MS;
        self.stuck = false;
    }

    /// When something is to be tried with it, if it is waiting for that.
    pub(super) fn wakes_at(&self) -> Option<Instant> {
        let waits = [self.retry, self.greet_at].into_iter().flatten();
        waits.min().filter(|_| self.connected)
    }

    pub(super) fn waits(&self, now: Now) -> bool {
        self.retry.is_some_and(|retry| now.instant < retry)
    }

    /// Takes one request out of the peer's allowance; `false` if it has used it up.
    pub(super) fn may_ask(&mut self, now: Now) -> bool {
        let passed_ms = now.instant.since_ms(self.requests_refilled);
        let refill = passed_ms.saturating_mul(u64::from(PEER_REQUESTS_PER_S_MAX)) / 1000;
        if refill > 0 {
            let refill = u32::try_from(refill).unwrap_or(u32::MAX);
            self.requests_left = self
                .requests_left
                .saturating_add(refill)
                .min(PEER_REQUEST_BURST_MAX);
            self.requests_refilled = now.instant;
        }
        let left = self.requests_left.checked_sub(1);
        self.requests_left = left.unwrap_or(0);
        left.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fetch_asks_for_as_many_facets_as_the_line_carries_in_time() {
        let mut peer = Peer::new();
        let took = |peer: &mut Peer, ms, answered: Option<usize>| {
            let asked = peer.fetch_facets;
            peer.fetch_took(ms, asked, answered.unwrap_or(asked));
            peer.fetch_facets
        };
        for _ in 0..20 {
            took(&mut peer, 100, None);
        }
        assert_eq!(peer.fetch_facets, FETCH_FACETS_MAX, "a good line");
        assert_eq!(
            took(&mut peer, 100, Some(90)),
            90,
            "it had room for no more"
        );
        assert_eq!(took(&mut peer, FETCH_PACE_MS, None), 90, "just right");
        for _ in 0..20 {
            took(&mut peer, FETCH_PACE_MS + 1, None);
        }
        assert_eq!(peer.fetch_facets, 1, "a thin line");
        assert_eq!(took(&mut peer, 100, None), 2, "it has become better");
    }
}
