//! A peer with a valid key that keeps to no rule: it speaks raw messages, signs whatever it likes,
//! and sees exactly what the node it speaks to answers.

use crdt_model::commit::{Commit, CommitBody, CommitError};
use crdt_model::engine::Identity;
use crdt_model::ids::{NodeId, Seq};
use crdt_model::label::{FacetId, Grade};
use crdt_model::time::WallTime;
use crdt_model::value::{Operation, Value};
use crdt_model::wire::{CharterMark, Hello, Request, Response};

use crate::world::World;

/// See the module.
#[derive(Clone)]
pub struct HostilePeer {
    /// Who it says it is, and the key that it signs with.
    pub identity: Identity,
}

impl HostilePeer {
    /// The charter that a node has in force.
    pub fn mark_of(world: &World, node: NodeId) -> Option<CharterMark> {
        let charter = world.node(node)?.engine.charter();
        Some(CharterMark {
            version: charter.version(),
            emergency: false,
            digest: charter.digest(),
        })
    }

    /// Gives a node these bytes as a request; the bytes of its answer, if one comes.
    pub fn ask_raw(&self, world: &mut World, node: NodeId, bytes: &[u8]) -> Option<Vec<u8>> {
        world.ask_from_outside(self.identity.node, node, bytes)
    }

    /// Asks a node something; its answer, if one comes that is well-formed.
    pub fn ask(&self, world: &mut World, node: NodeId, request: &Request) -> Option<Response> {
        let answer = self.ask_raw(world, node, &request.encode());
        answer.and_then(|bytes| Response::decode(&bytes).ok())
    }

    /// Greets a node, claiming to go by its charter and to hold what this fingerprint says.
    pub fn greet(
        &self,
        world: &mut World,
        node: NodeId,
        fingerprint: [u8; 32],
    ) -> Option<Response> {
        match Self::mark_of(world, node) {
            Some(charter) => self.ask(
                world,
                node,
                &Request::Hello(Hello {
                    charter,
                    fingerprint,
                    gossip: [0; 16],
                    boot: self.identity.boot,
                    two_machines: false,
                }),
            ),
            None => None,
        }
    }

    /// Pushes these bytes as commits, under the node's own charter.
    pub fn push(&self, world: &mut World, node: NodeId, commits: Vec<Vec<u8>>) -> Option<Response> {
        match Self::mark_of(world, node) {
            Some(charter) => self.ask(
                world,
                node,
                &Request::Push {
                    charter,
                    unfinished: false,
                    commits,
                },
            ),
            None => None,
        }
    }

    /// The body of a first commit on a facet, which sets one text field.
    pub fn first(&self, world: &World, facet: FacetId, grade: Grade, text: &str) -> CommitBody {
        let charter = Self::mark_of(world, facet.home.county());
        CommitBody {
            facet,
            author: self.identity.node,
            epoch: self.identity.epoch,
            seq: Seq(1),
            start: 1,
            wall: WallTime::from_ms(1_782_864_000_000),
            charter: charter.map_or(crdt_model::ids::CharterVersion(1), |mark| mark.version),
            parents: Vec::new(),
            grade: Some(grade),
            operations: vec![set("text", text)],
        }
    }

    /// A body that follows on this commit of its own, and sets one text field.
    pub fn next(&self, last: &Commit, key: &str, text: &str) -> CommitBody {
        let body = last.body();
        CommitBody {
            seq: Seq(body.seq.0 + 1),
            start: last.last_counter() + 1,
            parents: vec![last.hash()],
            grade: None,
            operations: vec![set(key, text)],
            ..body.clone()
        }
    }

    /// Signs a body with its own key, whoever the body says wrote it.
    pub fn sign(&self, body: CommitBody) -> Result<Commit, CommitError> {
        body.sign(&self.identity.key)
    }
}

/// Sets a text field without overwriting anything.
pub fn set(key: &str, text: &str) -> Operation {
    let value = Some(Value::Text(text.to_owned()));
    Operation {
        key: key.to_owned(),
        value,
        overwrites: Vec::new(),
    }
}
