//! What a hostile node does to frames on their way out: it withholds, strips, edits, reorders, lies
//! and goes slow. Most frames it lets pass, or nobody would talk to it.

use crdt_model::checkpoint::ledger::Gossip;
use crdt_model::ids::RootHash;
use crdt_model::wire::{Found, Hello, Request, Response};

use crate::counters::Counters;
use crate::seed::Seed;
use crate::world::{Frame, Tamper};

/// See the module.
pub struct Tampering {
    chance: Seed,
}

impl Tampering {
    /// One node's way of tampering.
    pub fn new(chance: Seed) -> Self {
        Self { chance }
    }

    fn commits(&mut self, commits: &mut Vec<Vec<u8>>, counters: &mut Counters) {
        if commits.is_empty() {
            return;
        }
        match self.chance.below(4) {
            // Withheld.
            0 => {
                let kept = self.chance.below(commits.len());
                commits.truncate(kept);
                counters.count("hostile: withheld");
            }
            // Stripped out of the middle.
            1 => {
                let at = self.chance.below(commits.len());
                commits.remove(at);
                counters.count("hostile: stripped");
            }
            // Edited.
            2 => {
                let at = self.chance.below(commits.len());
                if let Some(commit) = commits.get_mut(at) {
                    let at = self.chance.below(commit.len());
                    if let Some(byte) = commit.get_mut(at) {
                        *byte ^= 1 << self.chance.below(8);
                    }
                }
                counters.count("hostile: edited");
            }
            _ => {
                commits.reverse();
                counters.count("hostile: reordered");
            }
        }
    }

    fn hello(&mut self, hello: &mut Hello) {
        hello.fingerprint = [self.chance.bits() as u8; 32];
        if self.chance.percent(50) {
            hello.gossip = [self.chance.bits() as u8; 16];
        }
    }

    /// Leaves signatures out, or makes them say something else.
    fn gossip(&mut self, gossip: &mut Gossip, counters: &mut Counters) {
        counters.count("hostile: tampered with cosignatures");
        match self.chance.below(3) {
            0 => *gossip = Gossip::default(),
            1 => {
                let newest = gossip.newest.iter_mut();
                newest.for_each(|one| one.root = RootHash([9; 32]));
            }
            _ => {
                let newest = gossip.newest.iter_mut();
                newest.for_each(|one| one.time_s += 3_600);
            }
        }
    }

    fn request(&mut self, request: &mut Request, counters: &mut Counters) {
        match request {
            Request::Hello(hello) => self.hello(hello),
            Request::Gossip(gossip) => self.gossip(gossip, counters),
            Request::Push {
                commits,
                unfinished,
                ..
            } => {
                self.commits(commits, counters);
                *unfinished |= self.chance.percent(20);
            }
            Request::Fetch { facets, .. } => {
                facets.iter_mut().for_each(|wanted| wanted.have.clear());
            }
            Request::Compare { questions, .. } => {
                let at = self.chance.below(questions.len());
                if let Some(byte) = questions.get_mut(at) {
                    *byte = self.chance.bits() as u8;
                }
            }
            Request::Charter { offset, .. } => *offset += 1,
        }
    }

    fn response(&mut self, response: &mut Response, counters: &mut Counters) {
        match response {
            Response::Hello(hello) => self.hello(hello),
            Response::Gossip(gossip) => self.gossip(gossip, counters),
            Response::Charter { total, bytes } => {
                *total += 1;
                bytes.reverse();
            }
            Response::Compared(answer) => {
                let at = self.chance.below(answer.len());
                if let Some(byte) = answer.get_mut(at) {
                    *byte = self.chance.bits() as u8;
                }
            }
            Response::Fetched(found) => {
                for Found { commits, have, .. } in found {
                    self.commits(commits, counters);
                    if self.chance.percent(30) {
                        have.clear();
                    }
                }
            }
            Response::Pushed {
                taken,
                refused,
                gap,
            } => {
                std::mem::swap(taken, refused);
                *gap = !*gap;
            }
            Response::Busy | Response::OtherCharter(_) | Response::Refused => {}
        }
    }
}

impl Tamper for Tampering {
    fn passes(&mut self, frame: &Frame, counters: &mut Counters) -> Option<Vec<u8>> {
        match self.chance.below(100) {
            // It goes slow: never is slow enough.
            0..5 => {
                counters.count("hostile: went slow");
                None
            }
            5..25 if frame.request => {
                let mut request = Request::decode(&frame.bytes).ok()?;
                self.request(&mut request, counters);
                Some(request.encode())
            }
            5..25 => {
                let mut response = Response::decode(&frame.bytes).ok()?;
                self.response(&mut response, counters);
                Some(response.encode())
            }
            _ => Some(frame.bytes.clone()),
        }
    }
}
