//! The task that owns the swarm: commands in, events out.
//!
//! Its work is spread over files by what it is about: [`super::dialling`] for rounds of addresses,
//! [`super::links`] for lines that come and go, [`super::exchange`] for requests and responses.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::pending;
use std::time::Duration;

use crdt_model::ids::NodeId;
use futures::StreamExt;
use libp2p::swarm::SwarmEvent;
use libp2p::{Multiaddr, Swarm};
use rand_chacha::ChaCha8Rng;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};

use super::address::without_peer;
use super::config::{LOOKS_PER_KEEP_ALIVE, Timings};
use super::dialler::Dialler;
use super::dialling::{Resolved, Round, shortened};
use super::directory::Directory;
use super::event::{Allowed, Command, Cut, Event};
use super::exchange::Exchange;
use super::fault::{CloseReason, Refusal};
use super::gate::Denial;
use super::line::Switchboard;
use super::links::Link;
use super::stats::Stats;
use super::swarm::{Doors, Wire, WireEvent};

/// Events waiting for the channel, past which nothing more is taken from the network.
const WAITING_EVENTS_PAUSE_NETWORK: usize = 64;
/// Events waiting for the channel, past which no more commands are taken either.
const WAITING_EVENTS_PAUSE_COMMANDS: usize = 4096;

/// How often it is reported what was turned away at the doors.
const REPORT_EVERY: Duration = Duration::from_secs(1);

const _: () = assert!(WAITING_EVENTS_PAUSE_NETWORK < WAITING_EVENTS_PAUSE_COMMANDS);

/// The state of the task.
pub(super) struct Driver {
    pub(super) us: NodeId,
    pub(super) swarm: Swarm<Wire>,
    pub(super) switchboard: Switchboard,
    pub(super) doors: Doors,
    pub(super) timings: Timings,
    pub(super) rng: ChaCha8Rng,
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) events: mpsc::Sender<Event>,
    pub(super) waiting: VecDeque<Event>,
    pub(super) stats: watch::Sender<Stats>,
    pub(super) dialler: Dialler,
    pub(super) rounds: BTreeMap<NodeId, Round>,
    pub(super) resolving: JoinSet<Resolved>,
    pub(super) links: BTreeMap<NodeId, Link>,
    // Nodes whose lines a cut took down, to be dialled when it is healed.
    pub(super) cut_off: BTreeSet<NodeId>,
    pub(super) exchange: Exchange,
}

impl Driver {
    /// Runs until told to stop, or until nobody holds the other ends of the channels.
    pub(super) async fn run(mut self) {
        let look_every = self.timings.keep_alive / u32::try_from(LOOKS_PER_KEEP_ALIVE).unwrap_or(1);
        let mut looks = interval(look_every);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut reports = interval(REPORT_EVERY);
        reports.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let due = self.dialler.next_due();
            let backlog = self.waiting.len();
            tokio::select! {
                open = has_room(&self.events), if backlog > 0 => {
                    if !open || !self.hand_over() {
                        break;
                    }
                }
                command = self.commands.recv(), if backlog < WAITING_EVENTS_PAUSE_COMMANDS => {
                    match command {
                        None | Some(Command::Stop) => break,
                        Some(command) => self.on_command(command),
                    }
                }
                event = self.swarm.select_next_some(),
                    if backlog < WAITING_EVENTS_PAUSE_NETWORK => self.on_swarm_event(event),
                Some(resolved) = self.resolving.join_next() => {
                    if let Ok(resolved) = resolved {
                        self.on_resolved(resolved);
                    }
                }
                () = until(due) => {
                    for node in self.dialler.take_due(Instant::now()) {
                        self.start_round(node);
                    }
                }
                _ = looks.tick() => self.look_for_silence(),
                _ = reports.tick() => self.report_turned_away(),
            }
        }
        self.shut_down().await;
    }

    /// Hands the oldest waiting event to the caller, if the channel has room. Says whether the
    /// caller is still there.
    fn hand_over(&mut self) -> bool {
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

    fn on_command(&mut self, command: Command) {
        let now = Instant::now();
        match command {
            Command::SetRoster(roster) => {
                let listed = |node: &NodeId| roster.member(*node).is_some();
                self.stats
                    .send_modify(|stats| stats.peers.retain(|node, _| listed(node)));
                self.gate_mut().set_directory(Directory::new(roster));
                self.review(now);
            }
            Command::SetAllowed(allowed) => self.set_allowed(allowed, now),
            Command::SetCut(cut) => self.set_cut(cut, now),
            Command::SetLinks(nodes) => {
                let us = self.us;
                let nodes: Vec<_> = nodes.into_iter().filter(|node| *node != us).collect();
                self.dialler
                    .keep(&nodes, |node| self.links.contains_key(&node), now);
            }
            Command::Dial { node } if !self.links.contains_key(&node) => {
                self.dialler.dial_now(node, now);
            }
            Command::Dial { .. } => {}
            Command::HangUp { node } => self.hang_up(node),
            Command::Request { node, id, bytes } => self.send_request(node, id, bytes),
            Command::Respond { id, bytes } => self.send_response(id, bytes),
            // The loop ends on it.
            Command::Stop => {}
        }
    }

    fn set_allowed(&mut self, allowed: Allowed, now: Instant) {
        self.gate_mut().set_allowed(allowed);
        self.review(now);
    }

    fn set_cut(&mut self, cut: Cut, now: Instant) {
        tracing::info!(?cut, "lines are cut or healed");
        self.gate_mut().set_cut(cut);
        self.review(now);
        let cut_off = std::mem::take(&mut self.cut_off);
        let (still, healed) = cut_off
            .into_iter()
            .partition(|node| self.gate().cut().covers(*node));
        self.cut_off = still;
        let healed: BTreeSet<NodeId> = healed;
        for node in healed {
            let member = self.gate().directory().active(node);
            if member.is_some_and(|(member, _)| !member.addresses.is_empty()) {
                self.dialler.dial_now(node, now);
            }
        }
    }

    fn on_swarm_event(&mut self, event: SwarmEvent<WireEvent>) {
        match event {
            SwarmEvent::Behaviour(WireEvent::Frames(event)) => self.on_frames(event),
            SwarmEvent::ConnectionEstablished {
                peer_id,
                connection_id,
                endpoint,
                ..
            } => {
                self.on_line_up(peer_id, connection_id, &endpoint);
            }
            SwarmEvent::ConnectionClosed {
                peer_id,
                connection_id,
                cause,
                ..
            } => {
                self.on_line_closed(peer_id, connection_id, cause);
            }
            SwarmEvent::IncomingConnectionError {
                peer_id,
                error,
                send_back_addr,
                ..
            } => {
                self.on_incoming_error(peer_id, &error, &send_back_addr);
            }
            SwarmEvent::OutgoingConnectionError {
                connection_id,
                error,
                ..
            } => {
                self.on_dial_error(connection_id, &error);
            }
            SwarmEvent::NewListenAddr { address, .. } => {
                self.emit(Event::Listening {
                    address: address.to_string(),
                });
            }
            SwarmEvent::ExpiredListenAddr { address, .. } => {
                self.emit(Event::ListenerLost {
                    address: address.to_string(),
                });
            }
            SwarmEvent::ListenerClosed {
                addresses, reason, ..
            } => {
                tracing::error!(?reason, "a listener closed");
                for address in addresses {
                    self.emit(Event::ListenerLost {
                        address: address.to_string(),
                    });
                }
            }
            SwarmEvent::ListenerError { error, .. } => {
                let cause = shortened(&error.to_string());
                self.emit(Event::AcceptFailed { cause });
            }
            _ => {}
        }
    }

    /// Closes every line in good order, as far as that is quick, and hands over what was reported.
    async fn shut_down(mut self) {
        for node in self.links.keys().copied().collect::<Vec<_>>() {
            self.close_line(node, CloseReason::Stopped);
        }
        let closed = async {
            while self
                .swarm
                .network_info()
                .connection_counters()
                .num_established()
                > 0
            {
                self.swarm.select_next_some().await;
            }
        };
        let close = self.timings.close;
        // What is not closed by then is dropped, which closes it too.
        let _ = timeout(close, closed).await;
        drop(self.swarm);
        for event in self.waiting {
            if !matches!(timeout(close, self.events.send(event)).await, Ok(Ok(()))) {
                break;
            }
        }
    }

    /// Reports something.
    pub(super) fn emit(&mut self, event: Event) {
        self.waiting.push_back(event);
    }

    /// Counts and reports a refusal.
    pub(super) fn refuse(
        &mut self,
        peer: Option<&libp2p::PeerId>,
        node: Option<NodeId>,
        why: Refusal,
        from: Option<&Multiaddr>,
    ) {
        let key = peer.and_then(super::directory::key_of);
        tracing::debug!(?key, ?node, %why, "refused");
        self.stats
            .send_modify(|stats| stats.count_refusal(node, why));
        let from = from.map(|from| without_peer(from).to_string());
        self.emit(Event::Refused {
            key,
            node,
            from,
            why,
        });
    }

    /// Counts and reports what was turned away at the doors.
    fn report_turned_away(&mut self) {
        for (why, count) in self.doors.turned_away.take() {
            self.stats
                .send_modify(|stats| stats.count_turned_away(why, count.all));
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

    /// Counts and reports what the gate denied. A second line of one pair is no offence.
    pub(super) fn on_denial(
        &mut self,
        peer: Option<&libp2p::PeerId>,
        denial: Denial,
        from: Option<&Multiaddr>,
    ) {
        if let Denial::Refused { node, why } = denial {
            self.refuse(peer, node, why, from);
        }
    }

    pub(super) fn gate(&self) -> &super::gate::Gate {
        &self.swarm.behaviour().gate
    }

    pub(super) fn gate_mut(&mut self) -> &mut super::gate::Gate {
        &mut self.swarm.behaviour_mut().gate
    }
}

/// Waits until the channel has room. Says whether the caller is still there.
async fn has_room(events: &mpsc::Sender<Event>) -> bool {
    events.reserve().await.is_ok()
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => pending().await,
    }
}
