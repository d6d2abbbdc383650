//! What the task reports: events that wait for the caller, and the counters.

use std::collections::VecDeque;
use std::time::Duration;

use crdt_model::ids::NodeId;
use libp2p::{Multiaddr, PeerId};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::address::without_peer;
use super::directory::key_of;
use super::event::{Event, RequestId};
use super::fault::{Refusal, RequestFault};
use super::gate::Denial;
use super::stats::Stats;
use super::turned_away::TurnedAway;

/// The task's ends of the channels to the caller. Events wait here while the channel is full.
pub(super) struct Reports {
    events: mpsc::Sender<Event>,
    waiting: VecDeque<Event>,
    stats: watch::Sender<Stats>,
}

impl Reports {
    pub(super) fn new(events: mpsc::Sender<Event>, stats: watch::Sender<Stats>) -> Self {
        Self {
            events,
            waiting: VecDeque::new(),
            stats,
        }
    }

    /// How many events wait for the channel.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Waits until the channel has room. Returns whether the caller is still there.
    pub(super) async fn has_room(&self) -> bool {
        self.events.reserve().await.is_ok()
    }

    /// Hands the oldest waiting event to the caller, if the channel has room. Returns whether the caller
    /// is still there.
    pub(super) fn hand_over(&mut self) -> bool {
        let Some(event) = self.waiting.pop_front() else {
            return true;
        };
        match self.events.try_send(event) {
            Ok(()) => true,
            Err(TrySendError::Full(event)) => {
                self.waiting.push_front(event);
                true
            }
            Err(TrySendError::Closed(_)) => false,
        }
    }

    /// Hands over all events that wait, unless the caller takes one of them too late.
    pub(super) async fn hand_over_all(self, patience: Duration) {
        for event in self.waiting {
            let sent = timeout(patience, self.events.send(event)).await;
            if !matches!(sent, Ok(Ok(()))) {
                break;
            }
        }
    }

    /// Reports an event.
    pub(super) fn emit(&mut self, event: Event) {
        self.waiting.push_back(event);
    }

    /// Changes the counters.
    pub(super) fn count(&self, change: impl FnOnce(&mut Stats)) {
        self.stats.send_modify(change);
    }

    /// Counts and reports that a request of the caller will not be answered.
    pub(super) fn request_failed(&mut self, node: NodeId, id: RequestId, why: RequestFault) {
        self.count(|stats| stats.peer(node).requests_failed += 1);
        self.emit(Event::RequestFailed { node, id, why });
    }

    /// Counts and reports a refusal.
    pub(super) fn refuse(
        &mut self,
        peer: Option<&PeerId>,
        node: Option<NodeId>,
        why: Refusal,
        from: Option<&Multiaddr>,
    ) {
        let key = peer.and_then(key_of);
        tracing::debug!(?key, ?node, %why, "refused");
        self.count(|stats| stats.count_refusal(node, why));
        let from = from.map(|from| without_peer(from).to_string());
        self.emit(Event::Refused {
            key,
            node,
            from,
            why,
        });
    }

    /// Counts and reports what the gate denied. A second line of one pair is no offence.
    pub(super) fn denied(
        &mut self,
        peer: Option<&PeerId>,
        denial: Denial,
        from: Option<&Multiaddr>,
    ) {
        if let Denial::Refused { node, why } = denial {
            self.refuse(peer, node, why, from);
        }
    }

    /// Counts and reports what was turned away at the doors since the last time.
    pub(super) fn turned_away(&mut self, turned_away: &TurnedAway) {
        for (why, count) in turned_away.take() {
            self.count(|stats| stats.count_turned_away(why, count.all));
            let from = count.from.into_iter();
            self.emit(Event::TurnedAway {
                why,
                count: count.all,
                from: from
                    .map(|(source, count)| (source.to_string(), count))
                    .collect(),
            });
        }
    }
}
