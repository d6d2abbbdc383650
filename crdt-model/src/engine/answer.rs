//! Answering a peer. Nothing is remembered between two requests of a peer but its hello and its
//! allowance: whatever it asks, in whatever order, the answer comes from what is held now.

use crate::commit::Commit;
use crate::history::{Clock, History};
use crate::ids::{CharterVersion, NodeId};
use crate::label::FacetId;
use crate::limits::{CHARTER_CHUNK_BYTES_MAX, PUSH_COMMITS_MAX, RESPONSE_BYTES_MAX};
use crate::reconcile::{self, Position};
use crate::replica::{self, ReplicaError};
use crate::store::Store;
use crate::time::Now;
use crate::wire::{Found, Hello, Request, Response, Wanted, clock_bytes};

use super::durable::Waiting;
use super::{Alarm, Engine, InboundId, Output};

/// Bytes of a response that are not commits or clocks, at most.
const RESPONSE_OVERHEAD: usize = 64;

impl Engine {
    pub(super) fn answer(
        &mut self,
        peer: NodeId,
        id: InboundId,
        bytes: &[u8],
        now: Now,
        store: &mut dyn Store,
        outputs: &mut Vec<Output>,
    ) -> Result<(), ReplicaError> {
        let respond = |response: &Response, outputs: &mut Vec<Output>| {
            outputs.push(Output::Respond {
                peer,
                id,
                bytes: response.encode(),
            });
        };
        let Some(known) = self.peers.get_mut(&peer) else {
            self.quarantine.count(Some(peer), "not-a-neighbour");
            respond(&Response::Refused, outputs);
            return Ok(());
        };
        known.traffic.frames_received += 1;
        known.traffic.bytes_received += bytes.len() as u64;
        if !known.may_ask(now) {
            self.quarantine.count(Some(peer), "too-many-requests");
            respond(&Response::Busy, outputs);
            return Ok(());
        }
        match Request::decode(bytes) {
            Ok(Request::Push {
                charter,
                unfinished,
                commits,
            }) if charter == self.mark() => {
                self.take_push(peer, id, &commits, unfinished, now, store, outputs)
            }
            Ok(request) => {
                let response = self.answer_to(peer, request, now, store, outputs)?;
                respond(&response, outputs);
                Ok(())
            }
            Err(error) => {
                self.misbehaved(peer, "malformed-frame", error.to_string(), outputs);
                respond(&Response::Refused, outputs);
                Ok(())
            }
        }
    }

    fn answer_to(
        &mut self,
        peer: NodeId,
        request: Request,
        now: Now,
        store: &dyn Store,
        outputs: &mut Vec<Output>,
    ) -> Result<Response, ReplicaError> {
        let asked_under = match &request {
            Request::Hello(hello) => return Ok(self.greeted(peer, *hello, now, outputs)),
            Request::Charter { version, offset } => return charter_part(store, *version, *offset),
            Request::Compare { charter, .. }
            | Request::Fetch { charter, .. }
            | Request::Push { charter, .. } => *charter,
        };
        if asked_under != self.mark() {
            return Ok(Response::OtherCharter(self.mark()));
        }
        if !self.may_send(now) {
            return Ok(Response::Busy);
        }
        match request {
            Request::Compare { questions, .. } => Ok(self.compare(peer, &questions, outputs)),
            Request::Fetch { facets, .. } => self.fetched(peer, &facets, store),
            Request::Hello(_) | Request::Charter { .. } | Request::Push { .. } => {
                Ok(Response::Refused)
            }
        }
    }

    fn greeted(
        &mut self,
        peer: NodeId,
        hello: Hello,
        now: Now,
        outputs: &mut Vec<Output>,
    ) -> Response {
        let ours = self.hello(peer);
        if let Some(known) = self.peers.get_mut(&peer) {
            // The answer says all that a hello of our own would.
            known.hello_due = false;
            known.greet_at = None;
        }
        self.compare_hellos(peer, hello, now, outputs);
        Response::Hello(ours)
    }

    fn compare(&mut self, peer: NodeId, questions: &[u8], outputs: &mut Vec<Output>) -> Response {
        let fault = match reconcile::Request::decode(questions) {
            Ok(questions) => match reconcile::respond(&self.shared_with(peer), &questions) {
                Ok(answer) => return Response::Compared(answer.encode()),
                Err(fault) => fault.to_string(),
            },
            Err(error) => error.to_string(),
        };
        self.misbehaved(peer, "bad-comparison", fault, outputs);
        Response::Refused
    }

    fn fetched(
        &mut self,
        peer: NodeId,
        wanted: &[Wanted],
        store: &dyn Store,
    ) -> Result<Response, ReplicaError> {
        let mut room = RESPONSE_BYTES_MAX - RESPONSE_OVERHEAD;
        let mut answers = Vec::new();
        for wanted in wanted {
            let nothing = Found {
                have: Clock::new(),
                commits: Vec::new(),
            };
            let found = match self.servable(peer, &wanted.facet, store)? {
                Some((history, have)) => {
                    let room = room.saturating_sub(clock_bytes(&have) + 4);
                    let commits = beyond(&history, &wanted.have, &have, room);
                    Found { have, commits }
                }
                None => nothing,
            };
            let bytes = clock_bytes(&found.have)
                + 4
                + found
                    .commits
                    .iter()
                    .map(|commit| commit.len() + 4)
                    .sum::<usize>();
            if bytes > room {
                break;
            }
            room -= bytes;
            let cut_short = found.commits.is_empty() && !covers(&wanted.have, &found.have);
            if cut_short {
                break;
            }
            answers.push(found);
        }
        Ok(Response::Fetched(answers))
    }

    /// What of a facet can be given to a peer: all that is durable, if the link carries it.
    pub(super) fn servable(
        &mut self,
        peer: NodeId,
        facet: &FacetId,
        store: &dyn Store,
    ) -> Result<Option<(History, Clock)>, ReplicaError> {
        let Some(entry) = replica::facet_entry(store, facet)? else {
            return Ok(None);
        };
        let label = facet.label(entry.grade);
        let audience = self.audience(&label);
        let held = self
            .index
            .get(&Position {
                label,
                record: facet.record,
            })
            .is_some();
        if !held || !self.carries(self.node(), peer, &audience) {
            return Ok(None);
        }
        let history = replica::history(store, facet)?;
        let clock = self
            .durability
            .durable_clock(facet)
            .unwrap_or_else(|| history.clock());
        Ok(Some((history, clock)))
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one push with where it came from"
    )]
    fn take_push(
        &mut self,
        peer: NodeId,
        id: InboundId,
        commits: &[Vec<u8>],
        unfinished: bool,
        now: Now,
        store: &mut dyn Store,
        outputs: &mut Vec<Output>,
    ) -> Result<(), ReplicaError> {
        if self.durability.full() || !self.may_send(now) {
            let bytes = Response::Busy.encode();
            outputs.push(Output::Respond { peer, id, bytes });
            return Ok(());
        }
        let last = commits.last().filter(|_| unfinished);
        let goes_on = last.and_then(|last| Commit::decode(last).ok());
        let unfinished = goes_on.iter().map(|commit| commit.body().facet).collect();
        let taken = self.take(peer, commits, &unfinished, now, store, outputs)?;
        if let Some(known) = self.peers.get_mut(&peer) {
            known.traffic.commits_received += taken.taken as u64;
        }
        let response = Response::Pushed {
            taken: taken.taken,
            refused: taken.refused,
            gap: taken.gap,
        };
        let bytes = response.encode();
        self.durability.wait(Waiting::Answer { peer, id, bytes });
        Ok(())
    }

    pub(super) fn misbehaved(
        &mut self,
        peer: NodeId,
        code: &'static str,
        what: String,
        outputs: &mut Vec<Output>,
    ) {
        self.quarantine.count(Some(peer), code);
        outputs.push(Output::Alarm(Alarm::Misbehaved { peer, code, what }));
    }
}

/// The commits beyond what one clock has and within another, parents first, as many as have room.
pub(super) fn beyond(history: &History, have: &Clock, until: &Clock, room: usize) -> Vec<Vec<u8>> {
    let mut room = room;
    let mut commits = Vec::new();
    for (commit, _) in history.commits() {
        let life = (commit.body().author, commit.body().epoch);
        let seq = commit.body().seq;
        let lacking = have.get(&life).is_none_or(|last| *last < seq);
        let given = until.get(&life).is_some_and(|last| *last >= seq);
        if !lacking || !given {
            continue;
        }
        let bytes = commit.encoded().len() + 4;
        if bytes > room || commits.len() >= PUSH_COMMITS_MAX {
            break;
        }
        room -= bytes;
        commits.push(commit.encoded().to_vec());
    }
    commits
}

/// Whether everything in `other` is in `clock` too.
pub(super) fn covers(clock: &Clock, other: &Clock) -> bool {
    other
        .iter()
        .all(|(life, seq)| clock.get(life).is_some_and(|last| last >= seq))
}

fn charter_part(
    store: &dyn Store,
    version: CharterVersion,
    offset: usize,
) -> Result<Response, ReplicaError> {
    let bundle = store
        .get(&replica::charter_key(version))?
        .unwrap_or_default();
    let rest = bundle.get(offset..).unwrap_or(&[]);
    let bytes = rest.get(..CHARTER_CHUNK_BYTES_MAX).unwrap_or(rest).to_vec();
    Ok(Response::Charter {
        total: bundle.len(),
        bytes,
    })
}
