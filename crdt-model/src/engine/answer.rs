//! Answering a peer. Nothing is remembered between two requests of a peer but its hello and its
//! allowance: whatever it asks, in whatever order, the answer comes from what is held now.

use crate::commit::Commit;
use crate::history::{Clock, History};
use crate::ids::{CharterVersion, NodeId};
use crate::label::FacetId;
use crate::limits::{CHARTER_CHUNK_BYTES_MAX, FETCHED_BYTES_MAX, PUSH_COMMITS_MAX};
use crate::planted::{self, Plant};
use crate::reconcile::{self, Position};
use crate::replica::{self, ReplicaError};
use crate::store::Store;
use crate::time::Now;
use crate::wire::{Found, Hello, Request, Response, Wanted, clock_bytes};

use super::durable::Waiting;
use super::peer::Lacks;
use super::{Alarm, Engine, InboundId, Output};

/// Bytes of what is found of one facet that are not commits or a clock, at most.
const FOUND_OVERHEAD: usize = 8;
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
            }) if charter == self.mark_with(peer) => {
                self.take_push(peer, id, commits, unfinished, now, store, outputs)
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
        store: &mut dyn Store,
        outputs: &mut Vec<Output>,
    ) -> Result<Response, ReplicaError> {
        let asked_under = match &request {
            Request::Hello(hello) => return Ok(self.greeted(peer, *hello, now, outputs)),
            Request::Charter { version, offset } => return charter_part(store, *version, *offset),
            Request::Gossip(gossip) => return self.answer_gossip(peer, gossip, now, store),
            Request::Compare { charter, .. }
            | Request::Fetch { charter, .. }
            | Request::Push { charter, .. } => *charter,
        };
        if asked_under != self.mark_with(peer) {
            return Ok(Response::OtherCharter(self.mark()));
        }
        if !self.exchanges(now) {
            return Ok(Response::Busy);
        }
        match request {
            Request::Compare { questions, .. } => Ok(self.compare(peer, &questions, outputs)),
            Request::Fetch { facets, .. } => self.fetched(peer, &facets, now, store),
            Request::Hello(_)
            | Request::Charter { .. }
            | Request::Push { .. }
            | Request::Gossip(_) => Ok(Response::Refused),
        }
    }

    fn greeted(
        &mut self,
        peer: NodeId,
        hello: Hello,
        now: Now,
        outputs: &mut Vec<Output>,
    ) -> Response {
        self.hear(peer, hello, now, outputs);
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
        now: Now,
        store: &mut dyn Store,
    ) -> Result<Response, ReplicaError> {
        let mut room = FETCHED_BYTES_MAX - RESPONSE_OVERHEAD;
        let mut answers = Vec::new();
        for wanted in wanted {
            let mut found = Found {
                have: Clock::new(),
                commits: Vec::new(),
                next: None,
            };
            let servable = self.servable(peer, &wanted.facet, now, store)?;
            let tells = [Plant::DeniedIsNotMissing, Plant::HeadsOfHidden].map(planted::is);
            if tells != [false; 2]
                && servable.is_none()
                && let Some((_, history)) = self.history_of(&wanted.facet, now, store)?
            {
                if tells[0] {
                    return Ok(Response::Refused);
                }
                found.have = history.clock();
            }
            if let Some((history, until)) = servable {
                let lacks = Lacks {
                    beyond: wanted.have.clone(),
                    from: wanted.from,
                };
                found.have = history.clock_of(until);
                let room = room.saturating_sub(clock_bytes(&found.have) + FOUND_OVERHEAD);
                let given = beyond(&history, &lacks, until, room);
                (found.commits, found.next) = (given.commits, given.next);
            }
            let commits = found.commits.iter().map(|commit| commit.len() + 4);
            let bytes = clock_bytes(&found.have) + FOUND_OVERHEAD + commits.sum::<usize>();
            let fewer = planted::is(Plant::LengthCountsAll) && self.index.len() % 2 == 1;
            if fewer && !answers.is_empty() {
                break;
            }
            let cut_short = found.commits.is_empty() && found.next.is_some();
            if bytes > room || cut_short {
                break;
            }
            room -= bytes;
            answers.push(found);
        }
        Ok(Response::Fetched(answers))
    }

    /// What of a facet can be given to a peer, if the link carries it: its first commits, as many as
    /// are durable.
    pub(super) fn servable(
        &mut self,
        peer: NodeId,
        facet: &FacetId,
        now: Now,
        store: &mut dyn Store,
    ) -> Result<Option<(History, usize)>, ReplicaError> {
        let Some(entry) = self.entry_of(facet, now, store)? else {
            return Ok(None);
        };
        let label = facet.label(entry.grade);
        let position = Position {
            label,
            record: facet.record,
        };
        let indexed = |engine: &Self| engine.index.get(&position).is_some();
        let passes = self.passage(peer).lets(facet);
        let carried = self.link_carries(peer, &label)
            || planted::is(Plant::ServesAnyone)
            || planted::is(Plant::AnnouncesToAll);
        if !indexed(self) || !carried || !passes {
            return Ok(None);
        }
        let held = self.history_of(facet, now, store)?;
        // What was found damaged just now has to become durable first.
        let Some((_, history)) = held.filter(|_| indexed(self)) else {
            return Ok(None);
        };
        let durable = self.durability.durable_commits(facet);
        let until = durable.unwrap_or(history.len());
        Ok(Some((history, until)))
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one push with where it came from"
    )]
    fn take_push(
        &mut self,
        peer: NodeId,
        id: InboundId,
        commits: Vec<Vec<u8>>,
        unfinished: bool,
        now: Now,
        store: &mut dyn Store,
        outputs: &mut Vec<Output>,
    ) -> Result<(), ReplicaError> {
        if self.takes_no_more() || !self.exchanges(now) {
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
        // A refusal waits for nothing: that the disk is busy, and with what, is nobody's business.
        if taken.taken + taken.again == 0 {
            outputs.push(Output::Respond { peer, id, bytes });
        } else {
            self.durability.wait(Waiting::Answer { peer, id, bytes });
        }
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

/// Commits that are given to a peer.
pub(super) struct Given {
    /// Parents first.
    pub(super) commits: Vec<Vec<u8>>,
    /// Where to go on, if there was no room for all.
    pub(super) next: Option<usize>,
}

/// What a peer lacks of the first `until` commits, as much as has room. Of a life that is forked it
/// gets everything from the fork on, for which clocks cannot speak.
pub(super) fn beyond(history: &History, lacks: &Lacks, until: usize, room: usize) -> Given {
    let mut room = room;
    let mut commits = Vec::new();
    let durable = history.commits().enumerate().take(until);
    for (position, (commit, _)) in durable.skip(lacks.from) {
        let body = commit.body();
        let last = lacks.beyond.get(&(body.author, body.epoch));
        if last.is_some_and(|last| *last >= body.seq) && !history.is_frozen(commit) {
            continue;
        }
        let bytes = commit.encoded().len() + 4;
        if bytes > room || commits.len() >= PUSH_COMMITS_MAX {
            let next = Some(position);
            return Given { commits, next };
        }
        room -= bytes;
        commits.push(commit.encoded().to_vec());
    }
    Given {
        commits,
        next: None,
    }
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
