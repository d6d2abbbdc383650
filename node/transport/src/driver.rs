//! The task that owns the swarm: commands in, events out.
//!
//! It has one [`Link`] for each line that is up, one [`Round`] for each node that is being dialled, and an
//! [`Exchange`] for all requests and responses. What it says to the caller goes through [`Reports`].

use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::time::Duration;

use crdt_model::ids::NodeId;
use futures::StreamExt;
use libp2p::core::ConnectedPoint;
use libp2p::request_response;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{ConnectionError, ConnectionId, DialError, ListenError, SwarmEvent};
use libp2p::{Multiaddr, PeerId, Swarm};
use libp2p_connection_limits::Exceeded;
use rand_chacha::ChaCha8Rng;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};

use super::address::{resolve, without_peer};
use super::codec::Frame;
use super::config::{LOOKS_PER_KEEP_ALIVE, Timings};
use super::dialler::Dialler;
use super::directory::Directory;
use super::event::{Allowed, Command, Cut, Event};
use super::exchange::{Exchange, SignOfLife};
use super::fault::{AddressFault, CloseReason, DialFault, Refusal, shortened};
use super::gate::{Denial, Gate};
use super::line::Switchboard;
use super::link::Link;
use super::reports::Reports;
use super::round::{Round, Step, fault_of};
use super::source::Source;
use super::swarm::{Doors, Wire, WireEvent};

/// Events waiting for the channel, past which nothing more is taken from the network.
const WAITING_EVENTS_PAUSE_NETWORK: usize = 64;
/// Events waiting for the channel, past which no more commands are taken either.
const WAITING_EVENTS_PAUSE_COMMANDS: usize = 4096;

/// The time between two reports of what was turned away at the doors.
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
    pub(super) reports: Reports,
    pub(super) dialler: Dialler,
    pub(super) rounds: BTreeMap<NodeId, Round>,
    pub(super) resolving: JoinSet<Resolved>,
    pub(super) links: BTreeMap<NodeId, Link>,
    /// Nodes whose lines a cut took down. They are dialled when the cut is healed.
    pub(super) cut_off: BTreeSet<NodeId>,
    pub(super) exchange: Exchange,
}

/// What the resolver said about a host name, and for which round.
pub(super) struct Resolved {
    node: NodeId,
    /// When the round began.
    begun: Instant,
    found: Result<Vec<Multiaddr>, AddressFault>,
}

impl Driver {
    /// Runs until told to stop, or until nobody holds the other ends of the channels.
    pub(super) async fn run(mut self) {
        let look_every = self.timings.keep_alive / u32::try_from(LOOKS_PER_KEEP_ALIVE).unwrap_or(1);
        let mut looks = interval(look_every);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut turned_away = interval(REPORT_EVERY);
        turned_away.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let due = self.dialler.next_due();
            let backlog = self.reports.waiting();
            tokio::select! {
                open = self.reports.has_room(), if backlog > 0 => {
                    if !open || !self.reports.hand_over() {
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
                _ = turned_away.tick() => self.reports.turned_away(&self.doors.turned_away),
            }
        }
        self.shut_down().await;
    }

    fn on_command(&mut self, command: Command) {
        let now = Instant::now();
        match command {
            Command::SetRoster(roster) => {
                let listed = |node: &NodeId| roster.member(*node).is_some();
                self.reports
                    .count(|stats| stats.peers.retain(|node, _| listed(node)));
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
            Command::Request { node, id, bytes } => {
                let to = (node, self.links.get(&node).map(|link| link.peer));
                let frames = &mut self.swarm.behaviour_mut().frames;
                self.exchange
                    .send_request(to, id, bytes, frames, &mut self.reports);
            }
            Command::Respond { id, bytes } => {
                let frames = &mut self.swarm.behaviour_mut().frames;
                self.exchange
                    .send_response(id, bytes, frames, &self.reports);
            }
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
                self.reports.emit(Event::Listening {
                    address: address.to_string(),
                });
            }
            SwarmEvent::ExpiredListenAddr { address, .. } => {
                self.reports.emit(Event::ListenerLost {
                    address: address.to_string(),
                });
            }
            SwarmEvent::ListenerClosed {
                addresses, reason, ..
            } => {
                tracing::error!(?reason, "a listener closed");
                for address in addresses {
                    self.reports.emit(Event::ListenerLost {
                        address: address.to_string(),
                    });
                }
            }
            SwarmEvent::ListenerError { error, .. } => {
                let cause = shortened(&error.to_string());
                self.reports.emit(Event::AcceptFailed { cause });
            }
            _ => {}
        }
    }

    /// Something happened on a stream.
    fn on_frames(&mut self, event: request_response::Event<Frame, Frame>) {
        match event {
            request_response::Event::Message {
                peer,
                connection_id,
                message,
            } => {
                let Some(node) = self.sender(&peer, connection_id) else {
                    return;
                };
                self.heard(node);
                let frames = &mut self.swarm.behaviour_mut().frames;
                self.exchange
                    .on_message(node, &peer, message, frames, &mut self.reports);
            }
            request_response::Event::OutboundFailure {
                request_id, error, ..
            } => {
                let exchange = &mut self.exchange;
                match exchange.on_request_failure(request_id, &error, &mut self.reports) {
                    Some(SignOfLife::Given(node)) => self.heard(node),
                    Some(SignOfLife::Missing(node)) => self.no_sign_of_life(node),
                    None => {}
                }
            }
            request_response::Event::InboundFailure {
                request_id, error, ..
            } => {
                self.exchange.on_response_failure(request_id, &error);
            }
            request_response::Event::ResponseSent { .. } => {}
        }
    }

    /// The node that sent a message, if it may send messages now and sent it on its current line.
    fn sender(&mut self, peer: &PeerId, connection: ConnectionId) -> Option<NodeId> {
        match self.gate().admit(peer) {
            Ok(node) => {
                let link = self.links.get(&node)?;
                (link.connection == connection).then_some(node)
            }
            Err(denial) => {
                self.reports.denied(Some(peer), denial, None);
                None
            }
        }
    }

    /// A connection came up, and the gate admitted it.
    fn on_line_up(&mut self, peer: PeerId, connection: ConnectionId, endpoint: &ConnectedPoint) {
        let node = match self.gate().admit(&peer) {
            Ok(node) => node,
            Err(denial) => {
                // The roster, the links or a cut changed in between.
                self.switchboard.sever(peer);
                self.gate_mut().forget(&peer);
                let from = endpoint.get_remote_address();
                self.reports.denied(Some(&peer), denial, Some(from));
                return;
            }
        };
        if self.links.contains_key(&node) {
            self.line_down(node, CloseReason::Replaced);
        }
        if let ConnectedPoint::Listener { send_back_addr, .. } = endpoint {
            let source = Source::of(send_back_addr);
            self.doors.members.note(source, Instant::now());
        }
        self.rounds.remove(&node);
        self.cut_off.remove(&node);
        self.dialler.connected(node);
        self.links.insert(node, Link::new(peer, connection));
        let address = without_peer(endpoint.get_remote_address()).to_string();
        let we_dialled = endpoint.is_dialer();
        let lines = self.links.len();
        self.reports.count(|stats| {
            stats.lines = u64::try_from(lines).unwrap_or(u64::MAX);
            let peer = stats.peer(node);
            peer.connected = true;
            peer.address = Some(address.clone());
            peer.lines_up += 1;
        });
        self.reports.emit(Event::Connected {
            node,
            we_dialled,
            address,
        });
    }

    /// A connection closed. Only that of the current line matters.
    fn on_line_closed(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        cause: Option<ConnectionError>,
    ) {
        let of_line =
            |(_, link): &(&NodeId, &Link)| link.peer == peer && link.connection == connection;
        let Some((node, link)) = self.links.iter().find(of_line) else {
            return;
        };
        let why = link.close_reason(cause.as_ref());
        self.line_down(*node, why);
    }

    /// Forgets a line: reports its requests as failed, reports its end, and schedules the next dial.
    fn line_down(&mut self, node: NodeId, why: CloseReason) {
        if self.links.remove(&node).is_none() {
            return;
        }
        self.exchange.drop_line(node, &mut self.reports);
        match &why {
            CloseReason::Replaced => {}
            CloseReason::Cut => {
                self.cut_off.insert(node);
                self.dialler.hold(node);
            }
            _ => {
                self.dialler.failed(node, Instant::now(), &mut self.rng);
            }
        }
        let lines = self.links.len();
        self.reports.count(|stats| {
            stats.lines = u64::try_from(lines).unwrap_or(u64::MAX);
            let peer = stats.peer(node);
            peer.connected = false;
            peer.lines_down += 1;
        });
        self.reports.emit(Event::Disconnected { node, why });
    }

    /// Closes a line in good order.
    fn close_line(&mut self, node: NodeId, why: CloseReason) {
        if let Some(link) = self.links.get(&node) {
            let (peer, connection) = (link.peer, link.connection);
            self.gate_mut().forget(&peer);
            self.swarm.close_connection(connection);
            self.line_down(node, why);
        }
    }

    /// Ends a line at once: no byte passes after this.
    fn sever_line(&mut self, node: NodeId, why: CloseReason) {
        if let Some(link) = self.links.get(&node) {
            let peer = link.peer;
            self.switchboard.sever(peer);
            self.gate_mut().forget(&peer);
            self.line_down(node, why);
        }
    }

    /// Closes the line to a node because the caller wants it.
    fn hang_up(&mut self, node: NodeId) {
        self.abort_round(node);
        self.close_line(node, CloseReason::WeHungUp);
    }

    fn abort_round(&mut self, node: NodeId) {
        if let Some(round) = self.rounds.remove(&node) {
            // This aborts the handshake under way. There is no line yet that it could close, too.
            let _ = self.swarm.disconnect_peer_id(round.peer);
            self.dialler.failed(node, Instant::now(), &mut self.rng);
        }
    }

    /// Ends every line and every handshake that the gate would not admit now, and dials whatever may
    /// be dialled now.
    fn review(&mut self, now: Instant) {
        let gate = self.gate();
        let refusal = |node: NodeId, peer: &PeerId| match gate.admit(peer) {
            Ok(found) if found == node => None,
            Ok(_) => Some(Refusal::NotInRoster),
            Err(Denial::Refused { why, .. }) => Some(why),
            Err(Denial::SecondLine) => None,
        };
        let lines = self.links.iter().map(|(node, link)| (*node, link.peer));
        let rounds = self.rounds.iter().map(|(node, round)| (*node, round.peer));
        let doomed = |(node, peer): (NodeId, PeerId)| Some((node, refusal(node, &peer)?));
        let lines: Vec<_> = lines.filter_map(doomed).collect();
        let rounds: Vec<_> = rounds.filter_map(doomed).collect();
        for (node, why) in lines {
            let why = match why {
                Refusal::Cut => CloseReason::Cut,
                other => CloseReason::NoLongerAdmitted(other),
            };
            self.sever_line(node, why);
        }
        for (node, _) in rounds {
            self.abort_round(node);
        }
        for node in self.dialler.nodes() {
            if self.gate().cut().covers(node) {
                self.dialler.hold(node);
            }
        }
        let gate = &self.swarm.behaviour().gate;
        self.dialler.release(|node| !gate.cut().covers(node), now);
    }

    /// Asks peers that have fallen silent for a sign of life.
    fn look_for_silence(&mut self) {
        let now = Instant::now();
        let keep_alive = self.timings.keep_alive;
        let frames = &mut self.swarm.behaviour_mut().frames;
        for (node, link) in &mut self.links {
            if link.falls_silent(keep_alive, now) {
                self.exchange
                    .ask_for_sign_of_life(*node, link.peer, frames, &self.reports);
            }
        }
    }

    /// The peer said something.
    fn heard(&mut self, node: NodeId) {
        if let Some(link) = self.links.get_mut(&node) {
            link.heard();
            self.dialler.proven(node);
        }
    }

    /// A request for a sign of life timed out. If nothing else came in meanwhile, the line is dead.
    fn no_sign_of_life(&mut self, node: NodeId) {
        let link = self.links.get_mut(&node);
        if let Some(silence) = link.and_then(Link::no_sign_of_life) {
            self.sever_line(node, CloseReason::Silent { silence });
        }
    }

    /// Begins a round, or reports why there is none.
    fn start_round(&mut self, node: NodeId) {
        if self.links.contains_key(&node) {
            self.dialler.connected(node);
            return;
        }
        let gate = self.gate();
        let fault = match gate.directory().active(node) {
            _ if node == self.us => DialFault::Oneself,
            None => DialFault::NotAMember,
            Some(_) if !gate.allows(node) => DialFault::LinkNotAllowed,
            Some(_) if gate.cut().covers(node) => DialFault::Cut,
            Some((member, _)) if member.addresses.is_empty() => DialFault::NoAddress,
            Some((member, peer)) => {
                let round = Round::new(peer, member.addresses.iter().cloned());
                self.rounds.insert(node, round);
                return self.try_next(node);
            }
        };
        self.round_failed(node, fault);
    }

    /// Tries the round's next address; ends the round when none is left.
    fn try_next(&mut self, node: NodeId) {
        while let Some(round) = self.rounds.get_mut(&node) {
            match round.next() {
                Step::Dial(address) => {
                    let options = DialOpts::peer_id(round.peer)
                        .condition(PeerCondition::Always)
                        .addresses(vec![address])
                        .build();
                    round.connection = Some(options.connection_id());
                    match self.swarm.dial(options) {
                        Ok(()) => return,
                        Err(error) => round.note_failure(fault_of(&error)),
                    }
                }
                Step::Resolve(address) => {
                    let begun = round.begun;
                    let patience = self.timings.handshake;
                    self.resolving.spawn(async move {
                        let found = timeout(patience, resolve(address)).await;
                        let found = found.unwrap_or(Err(AddressFault::NameNotFound));
                        Resolved { node, begun, found }
                    });
                    return;
                }
                Step::Over(failed) => {
                    self.rounds.remove(&node);
                    return self.round_failed(node, DialFault::Addresses(failed));
                }
            }
        }
    }

    fn round_failed(&mut self, node: NodeId, why: DialFault) {
        let retry_in = self.dialler.failed(node, Instant::now(), &mut self.rng);
        tracing::debug!(%node, %why, ?retry_in, "dialling failed");
        self.reports.count(|stats| {
            if matches!(why, DialFault::Addresses(_)) {
                stats.peer(node).dials_failed += 1;
            }
        });
        self.reports.emit(Event::DialFailed {
            node,
            why,
            retry_in,
        });
    }

    /// The resolver answered.
    fn on_resolved(&mut self, resolved: Resolved) {
        let Resolved { node, begun, found } = resolved;
        // The round may be over, and another one under way.
        let round = self.rounds.get_mut(&node);
        if let Some(round) = round.filter(|round| round.begun == begun) {
            round.resolved(found);
            self.try_next(node);
        }
    }

    /// A connection that we dialled did not come up.
    fn on_dial_error(&mut self, connection: ConnectionId, error: &DialError) {
        let mut rounds = self.rounds.iter_mut();
        let dialled = |(_, round): &(&NodeId, &mut Round)| round.connection == Some(connection);
        let Some((&node, round)) = rounds.find(dialled) else {
            return;
        };
        if let DialError::Denied { cause } = error
            && let Some(denial) = cause.downcast_ref::<Denial>()
        {
            // The roster, the links or a cut changed while the handshake was under way, or the peer
            // dialled us meanwhile.
            let peer = round.peer;
            self.rounds.remove(&node);
            self.reports.denied(Some(&peer), *denial, None);
            if !self.links.contains_key(&node) {
                self.dialler.failed(node, Instant::now(), &mut self.rng);
            }
            return;
        }
        round.note_failure(fault_of(error));
        self.try_next(node);
    }

    /// An incoming connection did not come up.
    fn on_incoming_error(&mut self, peer: Option<PeerId>, error: &ListenError, from: &Multiaddr) {
        if let ListenError::Denied { cause } = error {
            if let Some(denial) = cause.downcast_ref::<Denial>() {
                self.reports.denied(peer.as_ref(), *denial, Some(from));
            } else if cause.downcast_ref::<Exceeded>().is_some() {
                let known = peer.and_then(|peer| self.gate().directory().node(&peer));
                let node = known.map(|(node, _)| node);
                self.reports
                    .refuse(peer.as_ref(), node, Refusal::TooManyConnections, Some(from));
            }
        } else {
            tracing::debug!(%from, %error, "an incoming connection did not finish its handshake");
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
        self.reports.hand_over_all(close).await;
    }

    fn gate(&self) -> &Gate {
        &self.swarm.behaviour().gate
    }

    fn gate_mut(&mut self) -> &mut Gate {
        &mut self.swarm.behaviour_mut().gate
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => pending().await,
    }
}
