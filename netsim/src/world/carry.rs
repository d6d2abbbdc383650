//! What an engine wants done, done; and what then happens.

use std::collections::BTreeSet;

use crdt_model::engine::{Alarm, InboundId, Input, Output, RequestId, SyncToken};
use crdt_model::ids::{CharterVersion, NodeId};
use crdt_model::limits::REQUEST_TIMEOUT_MS;
use crdt_model::replica;
use crdt_model::store::{Store, StoreError};

use super::log::What;
use super::watch::Seen;
use super::{Event, Frame, Happening, SYNC_MS, World, pair};
use crate::truth::Rules;

impl World {
    pub(super) fn carry_out(&mut self, node: NodeId, output: Output) -> Option<Input> {
        match output {
            Output::Request { peer, id, bytes } => {
                if let Some(state) = self.nodes.get_mut(&node) {
                    state.open.insert(id);
                    let start = state.start;
                    let timed_out = Event::TimedOut {
                        node,
                        start,
                        peer,
                        id,
                    };
                    self.plan(self.now_ms + REQUEST_TIMEOUT_MS, timed_out);
                }
                self.transmit(node, peer, true, id, bytes);
            }
            Output::Respond { peer, id, bytes } => self.respond(node, peer, id, bytes),
            Output::Sync { token } => {
                let state = self.nodes.get(&node)?;
                let (start, takes) = (state.start, SYNC_MS + state.slow_sync_ms);
                self.plan(self.now_ms + takes, Event::Durable { node, start, token });
            }
            Output::Scrub => self.nodes.get_mut(&node)?.scrub_due = true,
            Output::Written { ticket, outcome } => {
                let happening = match outcome {
                    Ok(commits) => Happening::Acknowledged { ticket, commits },
                    Err(why) => Happening::Refused { ticket, why },
                };
                self.befell(node, happening);
            }
            Output::CharterOffered { peer, bundle } => return self.consider(node, peer, bundle),
            Output::CharterFound {
                peer,
                version,
                bundle,
            } => return self.recall(node, peer, version, bundle),
            Output::Changed {
                facet, label, from, ..
            } => {
                let at_ms = self.now_ms;
                let changed = Happening::Changed {
                    facet,
                    label,
                    from,
                    at_ms,
                };
                self.befell(node, changed);
            }
            Output::Dropped { facets } => {
                self.befell(node, Happening::Dropped(facets));
            }
            Output::Alarm(alarm) => {
                match &alarm {
                    Alarm::SplitView { .. } => self.counters.count("split view seen"),
                    Alarm::Frozen { .. } => self.counters.count("frozen seen"),
                    Alarm::EmergencyBegins { .. } => self.counters.count("emergency began"),
                    Alarm::EmergencyEnds { facets, .. } => {
                        self.counters.count("emergency ended");
                        self.counters.add("flowed in an emergency", *facets);
                    }
                    _ => {}
                }
                self.tell(node, format!("alarm: {alarm:?}"));
                self.befell(node, Happening::Alarm(alarm));
            }
        }
        None
    }

    fn consider(&mut self, node: NodeId, peer: NodeId, bundle: Vec<u8>) -> Option<Input> {
        let state = self.nodes.get(&node)?;
        let wall = state.now(self.now_ms, self.wall_start_ms).wall;
        let wall = state.engine.floored(wall);
        let current = std::sync::Arc::clone(state.engine.charter());
        Some(match self.verifier.next(&*current, &bundle, wall) {
            Ok(charter) => Input::CharterAdopted { charter, bundle },
            Err(why) => {
                self.tell(node, format!("a charter is refused: {why}"));
                self.befell(node, Happening::CharterRefused(why));
                let version = CharterVersion(current.version().0 + 1);
                Input::CharterRefused { peer, version }
            }
        })
    }

    fn recall(
        &mut self,
        node: NodeId,
        peer: NodeId,
        version: CharterVersion,
        bundle: Vec<u8>,
    ) -> Option<Input> {
        let charters = self.nodes.get(&node)?.engine.charters();
        let successor = charters.get(CharterVersion(version.0 + 1)).cloned()?;
        Some(match self.verifier.before(&*successor, &bundle) {
            Ok(charter) => Input::CharterRecalled { charter, bundle },
            Err(why) => {
                self.tell(node, format!("an older charter is refused: {why}"));
                Input::CharterRefused { peer, version }
            }
        })
    }

    fn respond(&mut self, node: NodeId, peer: NodeId, id: InboundId, bytes: Vec<u8>) {
        if let Some(answer) = self.outside.get_mut(&id) {
            *answer = Some(bytes);
            return;
        }
        let state = self.nodes.get_mut(&node);
        let asked = state.and_then(|state| state.inbound.remove(&id));
        let connection = self
            .lines
            .get(&pair(node, peer))
            .map(|line| line.connection);
        if let Some((_, id, over)) = asked
            && connection == Some(over)
        {
            self.transmit(node, peer, false, id, bytes);
        }
    }

    /// Whether a response is not let through: it is a part of a charter, the second kind of them, for
    /// a node that is given none.
    fn is_withheld(&mut self, to: NodeId, bytes: &[u8]) -> bool {
        let withheld = self.withheld_from.contains(&to) && bytes.first() == Some(&1);
        if withheld {
            self.counters.count("charter withheld");
        }
        withheld
    }

    /// What a sender goes by: every day's rules if no emergency ever counted at the other end. A
    /// hostile node may say that one counts; it may then hold what any may at which one counts.
    fn rules_towards(&self, from: NodeId, to: NodeId) -> Option<Rules> {
        let mut rules = self.nodes.get(&from)?.rules();
        rules.emergency &=
            self.emergencies.contains(&(to, rules.digest)) || self.tampers.contains_key(&to);
        Some(rules)
    }

    /// Puts a frame on a line, if the line is up.
    pub(super) fn transmit(
        &mut self,
        from: NodeId,
        to: NodeId,
        request: bool,
        id: RequestId,
        bytes: Vec<u8>,
    ) {
        let up = self.lines.get(&pair(from, to)).is_some_and(|line| line.up);
        if !up || !request && self.is_withheld(to, &bytes) {
            return;
        }
        let at_ms = self.now_ms;
        let Some(rules) = self.rules_towards(from, to) else {
            return;
        };
        let mut frame = Frame {
            at_ms,
            from,
            to,
            rules,
            request,
            bytes,
        };
        if let Some(tamper) = self.tampers.get_mut(&from) {
            match tamper.passes(&frame, &mut self.counters) {
                Some(bytes) => frame.bytes = bytes,
                None => return,
            }
        }
        if self.is_watched(from) {
            self.see(
                from,
                Seen::Sent {
                    to,
                    request,
                    bytes: frame.bytes.clone(),
                },
            );
        }
        let Some(line) = self.lines.get_mut(&pair(from, to)) else {
            return;
        };
        let (connection, quality) = (line.connection, line.quality);
        let direction = line.direction(from < to);
        let passage = direction.pass(&quality, frame.bytes.len(), at_ms);
        let mute = direction.mute;
        let arrival = |bytes| Event::Frame {
            connection,
            request,
            from,
            to,
            id,
            bytes,
        };
        match passage.at_ms {
            Some(at) => self.plan(at, arrival(frame.bytes.clone())),
            None if mute => self.counters.count("asymmetric"),
            None => self.counters.count("loss"),
        }
        if let Some(at) = passage.again_at_ms {
            self.counters.count("duplication");
            self.plan(at, arrival(frame.bytes.clone()));
        }
        if passage.overtakes {
            self.counters.count("reorder");
        }
        self.frames.push(frame);
    }

    pub(super) fn happen(&mut self, event: Event) {
        match event {
            Event::Frame {
                connection,
                request,
                from,
                to,
                id,
                bytes,
            } => {
                self.arrive(connection, request, (from, to), id, bytes);
            }
            Event::TimedOut {
                node,
                start,
                peer,
                id,
            } => {
                let state = self
                    .nodes
                    .get_mut(&node)
                    .filter(|state| state.start == start);
                if state.is_some_and(|state| state.open.remove(&id)) {
                    self.log
                        .note(self.now_ms, node, What::TimedOut { peer }, &[]);
                    self.input(node, Input::RequestFailed { peer, id });
                }
            }
            Event::Durable { node, start, token } => self.make_durable(node, start, token),
            Event::Wake { node, start } => {
                // An earlier wake may have been planned since: the later one is let go.
                let now_ms = self.now_ms;
                let state = self
                    .nodes
                    .get_mut(&node)
                    .filter(|state| state.start == start);
                if let Some(state) = state.filter(|state| state.wakes_at == Some(now_ms)) {
                    state.wakes_at = None;
                    if self.is_awake(node) {
                        self.input(node, Input::Tick);
                    } else {
                        self.plan_wake(node);
                    }
                }
            }
            Event::Redial { one, other } => self.redial(one, other),
        }
    }

    fn is_awake(&self, node: NodeId) -> bool {
        let until = self
            .nodes
            .get(&node)
            .and_then(|state| state.asleep_until_ms);
        until.is_none_or(|until| until <= self.now_ms)
    }

    fn arrive(
        &mut self,
        connection: u64,
        request: bool,
        (from, to): (NodeId, NodeId),
        id: RequestId,
        bytes: Vec<u8>,
    ) {
        let line = self.lines.get(&pair(from, to));
        if !line.is_some_and(|line| line.up && line.connection == connection) || !self.is_awake(to)
        {
            return;
        }
        let size = bytes.len();
        let what = match request {
            true => What::Request { from, bytes: size },
            false => What::Response { from, bytes: size },
        };
        self.log.note(self.now_ms, to, what, &bytes);
        if self.is_watched(to) {
            self.see(
                to,
                Seen::Arrived {
                    from,
                    request,
                    bytes: bytes.clone(),
                },
            );
        }
        if !request {
            if let Some(state) = self.nodes.get_mut(&to) {
                state.open.remove(&id);
            }
            self.input(
                to,
                Input::Response {
                    peer: from,
                    id,
                    bytes,
                },
            );
            return;
        }
        self.inbound += 1;
        let inbound = InboundId(self.inbound);
        if let Some(state) = self.nodes.get_mut(&to) {
            state.inbound.insert(inbound, (from, id, connection));
        }
        self.input(
            to,
            Input::Request {
                peer: from,
                id: inbound,
                bytes,
            },
        );
    }

    fn make_durable(&mut self, node: NodeId, start: u64, token: SyncToken) {
        let Some(state) = self
            .nodes
            .get_mut(&node)
            .filter(|state| state.start == start)
        else {
            return;
        };
        if let Some(until) = state.asleep_until_ms.filter(|until| *until > self.now_ms) {
            self.plan(until, Event::Durable { node, start, token });
            return;
        }
        let scrub = std::mem::take(&mut state.scrub_due);
        let done = match scrub {
            true => self.scrub(node),
            false => state.store.sync(),
        };
        match done {
            Ok(()) => {
                self.log
                    .note(self.now_ms, node, What::Durable, &token.0.to_be_bytes());
                self.input(node, Input::Durable { token });
            }
            Err(error) => self.stop(node, &error.to_string()),
        }
    }

    /// Rewrites a node's store; what the rewrite finds damaged is mended on the way.
    fn scrub(&mut self, node: NodeId) -> Result<(), StoreError> {
        let mut mended = BTreeSet::new();
        loop {
            let Some(state) = self.nodes.get_mut(&node) else {
                return Ok(());
            };
            let Err(error) = state.store.scrub() else {
                return Ok(());
            };
            match replica::damaged_facet(&error).filter(|facet| mended.insert(*facet)) {
                Some(facet) => self.input(node, Input::Damaged { facet }),
                None => return Err(error),
            }
        }
    }
}
