//! What a value mentions, for every type that reaches a node, its disk, its log or its status.
//!
//! Every struct and enum is taken apart without `..`: a field or variant that is new does not
//! compile here until somebody has said what it mentions. A part that mentions nothing is bound to
//! `_` by its name.

mod disk;
mod faults;
mod status;
mod wire;

use crdt_model::encoding::DecodeError;
use crdt_model::engine::{Alarm, Output, PeerStatus};
use crdt_model::ids::{CharterVersion, CommitHash, Name, NodeId};
use crdt_model::label::{FacetId, Grade, Label};
use crdt_model::quarantine::Quarantine;
use crdt_model::store::Store;

pub use disk::{DiskError, OnDisk};

/// One thing that is mentioned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Mention {
    /// That this facet exists; with its grade, where it is said to have one.
    Facet {
        /// The facet.
        facet: FacetId,
        /// The grade in force that it is said to have.
        grade: Option<Grade>,
    },
    /// That this commit exists, in this facet.
    Commit {
        /// The facet.
        facet: FacetId,
        /// The commit's name.
        commit: CommitHash,
        /// Who wrote it.
        author: NodeId,
    },
    /// A commit's name, without a word about where it belongs.
    CommitName(CommitHash),
    /// That facets with this label exist, or may.
    Label(Label),
    /// How many there are of something.
    Counted {
        /// Of what, in words.
        what: &'static str,
        /// Which facets it is about, by name, where that is said.
        facet: Option<Name>,
        /// How many.
        count: u64,
    },
    /// A hash that stands for something without naming it.
    Fingerprint {
        /// For what, in words.
        what: &'static str,
        /// The hash.
        hash: Vec<u8>,
    },
    /// A charter's version.
    Charter(CharterVersion),
    /// A node of the roster.
    Node(NodeId),
    /// Text, or bytes of another format, in which anything may stand: to be searched.
    Free(Vec<u8>),
}

/// A value that can list what it mentions.
pub trait Mentions {
    /// Adds what it mentions.
    fn list(&self, to: &mut Vec<Mention>);

    /// What it mentions.
    fn mentions(&self) -> Vec<Mention> {
        let mut list = Vec::new();
        self.list(&mut list);
        list
    }
}

/// What a request mentions to the node that is asked.
pub fn request(frame: &[u8]) -> Result<Vec<Mention>, DecodeError> {
    wire::request(frame)
}

/// What a response mentions to the node that asked, taken by itself.
pub fn response(frame: &[u8]) -> Result<Vec<Mention>, DecodeError> {
    wire::response(frame)
}

/// What a response mentions beyond [`response`] to a node that knows what it asked: the answer to a
/// fetch says by its place which facet it is about.
pub fn answer(request: &[u8], response: &[u8]) -> Result<Vec<Mention>, DecodeError> {
    wire::answer(request, response)
}

/// What a whole store mentions to the node that keeps it.
///
/// # Errors
/// If the store fails, or has an entry that is none this program writes.
pub fn disk(store: &dyn Store) -> Result<OnDisk, DiskError> {
    disk::disk(store)
}

/// What one entry of a store mentions to the node that keeps it.
pub fn disk_entry(key: &[u8], value: &[u8]) -> Result<Vec<Mention>, DecodeError> {
    disk::entry(key, value)
}

/// What an alarm mentions to the node that raises it.
pub fn alarm(alarm: &Alarm) -> Vec<Mention> {
    alarm.mentions()
}

/// What an output mentions to the node that makes it. Frames are for others: [`request`] and
/// [`response`] list those.
pub fn output(output: &Output) -> Vec<Mention> {
    output.mentions()
}

/// What a node's view of a peer mentions to the node.
pub fn peer_status(status: &PeerStatus) -> Vec<Mention> {
    status.mentions()
}

/// What the quarantine mentions to the node that keeps it.
pub fn quarantine(quarantine: &Quarantine) -> Vec<Mention> {
    quarantine.mentions()
}

/// The texts and bytes in a list that have to be searched.
pub fn free(mentions: &[Mention]) -> impl Iterator<Item = &[u8]> {
    mentions.iter().filter_map(|mention| match mention {
        Mention::Free(bytes) => Some(bytes.as_slice()),
        _ => None,
    })
}

fn counted(what: &'static str, count: impl TryInto<u64>) -> Mention {
    Mention::Counted {
        what,
        facet: None,
        count: count.try_into().unwrap_or(u64::MAX),
    }
}

fn text(text: impl AsRef<[u8]>) -> Mention {
    Mention::Free(text.as_ref().to_vec())
}

impl<T: Mentions + ?Sized> Mentions for &T {
    fn list(&self, to: &mut Vec<Mention>) {
        (**self).list(to);
    }
}

impl<T: Mentions + ?Sized> Mentions for Box<T> {
    fn list(&self, to: &mut Vec<Mention>) {
        (**self).list(to);
    }
}

impl<T: Mentions> Mentions for Option<T> {
    fn list(&self, to: &mut Vec<Mention>) {
        self.iter().for_each(|one| one.list(to));
    }
}

impl<T: Mentions> Mentions for [T] {
    fn list(&self, to: &mut Vec<Mention>) {
        self.iter().for_each(|one| one.list(to));
    }
}

impl<T: Mentions> Mentions for Vec<T> {
    fn list(&self, to: &mut Vec<Mention>) {
        self.as_slice().list(to);
    }
}

impl Mentions for NodeId {
    fn list(&self, to: &mut Vec<Mention>) {
        to.push(Mention::Node(*self));
    }
}

impl Mentions for CharterVersion {
    fn list(&self, to: &mut Vec<Mention>) {
        to.push(Mention::Charter(*self));
    }
}

impl Mentions for CommitHash {
    fn list(&self, to: &mut Vec<Mention>) {
        to.push(Mention::CommitName(*self));
    }
}

impl Mentions for Label {
    fn list(&self, to: &mut Vec<Mention>) {
        to.push(Mention::Label(*self));
    }
}
