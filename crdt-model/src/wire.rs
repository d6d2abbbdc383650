//! The messages between two nodes: requests and the answers to them.
//!
//! ```text
//! request  u8 kind  0 hello, 1 charter, 2 compare, 3 fetch, 4 push, 5 gossip; then its content
//! response u8 kind  0 hello, 1 charter, 2 compared, 3 fetched, 4 pushed, 5 busy, 6 other charter,
//!                   7 refused, 8 gossip
//! hello    u8 protocol, mark of the charter, 32 B fingerprint, 16 B digest of the gossip, 8 B boot,
//!          u8 two machines
//! mark     varint version, 32 B digest, u8 emergency
//! gossip   count, cosignatures by cosigner; count, pairs of cosignatures; bytes of a declaration
//! ```
//!
//! Gossip, emergencies and boots came before any release, so the protocol is still 1. A reader without them
//! would refuse the longer hello (`bytes too many at the end`) and the kinds 5 and 8 (`not known`),
//! and a reader with them refuses the shorter hello (`ends in the middle`): the two would say so and
//! exchange nothing.
//!
//! An answer never depends on what the other side may not hold: "not permitted" and "does not
//! exist" have the same bytes.

use crate::checkpoint::Cosignature;
use crate::checkpoint::ledger::Gossip;
use crate::encoding::{DecodeError, Reader, Writer};
use crate::history::Clock;
use crate::ids::{Boot, CharterDigest, CharterVersion, Epoch, NodeId, RecordId, Seq};
use crate::label::FacetId;
use crate::limits::{
    CHARTER_BYTES_MAX, CHARTER_CHUNK_BYTES_MAX, COMMIT_BYTES_MAX, COSIGNERS_MAX,
    DECLARATION_BYTES_MAX, EVIDENCE_PAIRS_MAX, FACET_COMMITS_MAX, FACET_EPOCHS_MAX,
    FETCH_FACETS_MAX, PUSH_COMMITS_MAX, PUSH_OUTCOME_MAX, REQUEST_BYTES_MAX, RESPONSE_BYTES_MAX,
};

/// The version of this protocol.
pub const PROTOCOL: u8 = 1;

/// Which charter a node has in force.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CharterMark {
    /// Its version.
    pub version: CharterVersion,
    /// Its digest.
    pub digest: CharterDigest,
    /// Whether its rules for emergencies count: in a hello, and where another charter is answered,
    /// at the sender; in all else, over the link, which they do when they count at both its ends.
    pub emergency: bool,
}

impl CharterMark {
    /// Whether two are of the same charter.
    pub fn same_charter(&self, other: &Self) -> bool {
        (self.version, self.digest) == (other.version, other.digest)
    }
}

/// How a node introduces itself, and says what it holds for the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hello {
    /// The charter in force.
    pub charter: CharterMark,
    /// Fingerprint of the facets that both may hold: two nodes with the same charter and the same
    /// fingerprint are equal.
    pub fingerprint: [u8; 32],
    /// Digest of what townships have signed of the log of charters, as far as the node holds it.
    pub gossip: [u8; 16],
    /// This start of the node's program.
    pub boot: Boot,
    /// Whether the sender has heard two starts of the receiver's program take turns: two machines
    /// run with the receiver's key.
    pub two_machines: bool,
}

/// A facet asked for, with what the asker has of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wanted {
    /// The facet.
    pub facet: FacetId,
    /// How far the asker's copy has come.
    pub have: Clock,
    /// Where to go on: what an earlier answer said comes next, 0 at first.
    pub from: usize,
}

/// What a node answers about one facet it was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// How far its copy has come; empty if there is none that the asker may have.
    pub have: Clock,
    /// Commits that the asker lacks, parents first, as many as have room.
    pub commits: Vec<Vec<u8>>,
    /// Where to go on, if there was no room for all: a position in the order in which the
    /// answering node took them.
    pub next: Option<usize>,
}

/// What one node asks another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Request {
    /// Who are you, and are we equal?
    Hello(Hello),
    /// A part of a charter version's bundle.
    Charter {
        /// Which version.
        version: CharterVersion,
        /// From which byte on.
        offset: usize,
    },
    /// One round of reconciliation under this charter.
    Compare {
        /// The charter the asker goes by.
        charter: CharterMark,
        /// The encoded questions: [`crate::reconcile::Request`].
        questions: Vec<u8>,
    },
    /// Commits of these facets.
    Fetch {
        /// The charter the asker goes by.
        charter: CharterMark,
        /// What is asked for.
        facets: Vec<Wanted>,
    },
    /// Take these commits.
    Push {
        /// The charter the sender goes by.
        charter: CharterMark,
        /// Whether the facet of the last commit goes on in another push.
        unfinished: bool,
        /// Encoded commits, parents first.
        commits: Vec<Vec<u8>>,
    },
    /// This is what townships have signed, as far as I know; and you?
    Gossip(Gossip),
}

/// The answer to a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Response {
    /// To a hello.
    Hello(Hello),
    /// To a charter request: `bytes` from `offset` on; empty if this node has no such version.
    Charter {
        /// Bytes of the whole bundle.
        total: usize,
        /// The part.
        bytes: Vec<u8>,
    },
    /// To a comparison: an encoded [`crate::reconcile::Response`].
    Compared(Vec<u8>),
    /// To a fetch: one entry for each facet asked for, in order; fewer if there was no more room.
    Fetched(Vec<Found>),
    /// To a push, once everything taken is durable.
    Pushed {
        /// New here, and taken.
        taken: usize,
        /// Not taken, for whatever reason.
        refused: usize,
        /// Whether commits that they build on are missing.
        gap: bool,
    },
    /// Ask again later.
    Busy,
    /// The answering node goes by another charter.
    OtherCharter(CharterMark),
    /// The request was not one, or has no answer.
    Refused,
    /// To gossip: what this node held before it was asked.
    Gossip(Gossip),
}

fn put_mark(writer: &mut Writer, mark: &CharterMark) {
    writer.varint(mark.version.0).raw(&mark.digest.0);
    writer.u8(u8::from(mark.emergency));
}

fn take_mark(reader: &mut Reader<'_>) -> Result<CharterMark, DecodeError> {
    Ok(CharterMark {
        version: CharterVersion(reader.varint("charter version")?),
        digest: CharterDigest(reader.array("charter digest")?),
        emergency: take_flag(reader, "emergency")?,
    })
}

fn put_hello(writer: &mut Writer, hello: &Hello) {
    writer.u8(PROTOCOL);
    put_mark(writer, &hello.charter);
    writer.raw(&hello.fingerprint).raw(&hello.gossip);
    writer.raw(&hello.boot.0).u8(u8::from(hello.two_machines));
}

fn take_hello(reader: &mut Reader<'_>) -> Result<Hello, DecodeError> {
    if reader.u8("protocol")? != PROTOCOL {
        return Err(DecodeError::Unknown("protocol"));
    }
    Ok(Hello {
        charter: take_mark(reader)?,
        fingerprint: reader.array("fingerprint")?,
        gossip: reader.array("gossip")?,
        boot: Boot(reader.array("boot")?),
        two_machines: take_flag(reader, "two machines")?,
    })
}

fn put_gossip(writer: &mut Writer, gossip: &Gossip) {
    writer.count(gossip.newest.len());
    for one in &gossip.newest {
        one.put(writer);
    }
    writer.count(gossip.pairs.len());
    for one in gossip.pairs.iter().flatten() {
        one.put(writer);
    }
    writer.bytes(&gossip.declaration);
}

fn take_gossip(reader: &mut Reader<'_>) -> Result<Gossip, DecodeError> {
    let mut gossip = Gossip::default();
    for _ in 0..reader.count(COSIGNERS_MAX, "cosignatures")? {
        let one = Cosignature::take(reader)?;
        let last = gossip.newest.last();
        if last.is_some_and(|last: &Cosignature| last.cosigner >= one.cosigner) {
            return Err(DecodeError::NotCanonical("cosignatures"));
        }
        gossip.newest.push(one);
    }
    for _ in 0..reader.count(EVIDENCE_PAIRS_MAX, "pairs of cosignatures")? {
        let pair = [Cosignature::take(reader)?, Cosignature::take(reader)?];
        gossip.pairs.push(pair);
    }
    let declaration = reader.bytes(DECLARATION_BYTES_MAX, "declaration")?;
    gossip.declaration = declaration.to_vec();
    Ok(gossip)
}

fn put_facet(writer: &mut Writer, facet: &FacetId) {
    writer
        .raw(&facet.record.0)
        .name(facet.facet)
        .node(facet.home)
        .node(facet.addressee);
}

fn take_facet(reader: &mut Reader<'_>) -> Result<FacetId, DecodeError> {
    Ok(FacetId {
        record: RecordId(reader.array("record")?),
        facet: reader.name("facet")?,
        home: reader.node("home")?,
        addressee: reader.node("addressee")?,
    })
}

fn put_clock(writer: &mut Writer, clock: &Clock) {
    writer.count(clock.len());
    for ((node, epoch), seq) in clock {
        writer.node(*node).u64_be(epoch.0).varint(seq.0);
    }
}

fn take_clock(reader: &mut Reader<'_>) -> Result<Clock, DecodeError> {
    let mut clock = Clock::new();
    let mut last: Option<(NodeId, Epoch)> = None;
    for _ in 0..reader.count(FACET_EPOCHS_MAX, "author epochs")? {
        let life = (reader.node("author")?, Epoch(reader.u64_be("epoch")?));
        if last.is_some_and(|last| last >= life) {
            return Err(DecodeError::NotCanonical("clock"));
        }
        last = Some(life);
        clock.insert(life, Seq(reader.varint("seq")?));
    }
    Ok(clock)
}

fn take_flag(reader: &mut Reader<'_>, what: &'static str) -> Result<bool, DecodeError> {
    match reader.u8(what)? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(DecodeError::Unknown(what)),
    }
}

fn put_commits(writer: &mut Writer, commits: &[Vec<u8>]) {
    writer.count(commits.len());
    for commit in commits {
        writer.bytes(commit);
    }
}

fn take_commits(reader: &mut Reader<'_>) -> Result<Vec<Vec<u8>>, DecodeError> {
    let mut commits = Vec::new();
    for _ in 0..reader.count(PUSH_COMMITS_MAX, "commits")? {
        commits.push(reader.bytes(COMMIT_BYTES_MAX, "commit")?.to_vec());
    }
    Ok(commits)
}

/// Bytes that one wanted facet takes in a fetch.
pub fn wanted_bytes(wanted: &Wanted) -> usize {
    let mut writer = Writer::new();
    put_facet(&mut writer, &wanted.facet);
    put_clock(&mut writer, &wanted.have);
    writer.count(wanted.from);
    writer.len()
}

/// Bytes that one clock takes.
pub fn clock_bytes(clock: &Clock) -> usize {
    let mut writer = Writer::new();
    put_clock(&mut writer, clock);
    writer.len()
}

impl Request {
    /// The bytes it travels as.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        match self {
            Self::Hello(hello) => put_hello(writer.u8(0), hello),
            Self::Charter { version, offset } => {
                writer.u8(1).varint(version.0).count(*offset);
            }
            Self::Compare { charter, questions } => {
                put_mark(writer.u8(2), charter);
                writer.bytes(questions);
            }
            Self::Fetch { charter, facets } => {
                put_mark(writer.u8(3), charter);
                writer.count(facets.len());
                for wanted in facets {
                    put_facet(&mut writer, &wanted.facet);
                    put_clock(&mut writer, &wanted.have);
                    writer.count(wanted.from);
                }
            }
            Self::Push {
                charter,
                unfinished,
                commits,
            } => {
                put_mark(writer.u8(4), charter);
                writer.u8(u8::from(*unfinished));
                put_commits(&mut writer, commits);
            }
            Self::Gossip(gossip) => put_gossip(writer.u8(5), gossip),
        }
        writer.into_bytes()
    }

    /// Reads a request within its bounds.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        check_size(bytes, REQUEST_BYTES_MAX)?;
        let mut reader = Reader::new(bytes);
        let request = match reader.u8("request")? {
            0 => Self::Hello(take_hello(&mut reader)?),
            1 => Self::Charter {
                version: CharterVersion(reader.varint("charter version")?),
                offset: reader.count(CHARTER_BYTES_MAX, "offset")?,
            },
            2 => Self::Compare {
                charter: take_mark(&mut reader)?,
                questions: reader.bytes(REQUEST_BYTES_MAX, "questions")?.to_vec(),
            },
            3 => {
                let charter = take_mark(&mut reader)?;
                let mut facets = Vec::new();
                for _ in 0..reader.count(FETCH_FACETS_MAX, "facets")? {
                    let facet = take_facet(&mut reader)?;
                    facets.push(Wanted {
                        facet,
                        have: take_clock(&mut reader)?,
                        from: reader.count(FACET_COMMITS_MAX, "position")?,
                    });
                }
                Self::Fetch { charter, facets }
            }
            4 => Self::Push {
                charter: take_mark(&mut reader)?,
                unfinished: take_flag(&mut reader, "unfinished")?,
                commits: take_commits(&mut reader)?,
            },
            5 => Self::Gossip(take_gossip(&mut reader)?),
            _ => return Err(DecodeError::Unknown("request")),
        };
        reader.finish()?;
        Ok(request)
    }
}

impl Response {
    /// The bytes it travels as.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        match self {
            Self::Hello(hello) => put_hello(writer.u8(0), hello),
            Self::Charter { total, bytes } => {
                writer.u8(1).count(*total).bytes(bytes);
            }
            Self::Compared(ranges) => {
                writer.u8(2).bytes(ranges);
            }
            Self::Fetched(found) => {
                writer.u8(3).count(found.len());
                for found in found {
                    put_clock(&mut writer, &found.have);
                    put_commits(&mut writer, &found.commits);
                    writer.count(found.next.unwrap_or(0));
                }
            }
            Self::Pushed {
                taken,
                refused,
                gap,
            } => {
                writer
                    .u8(4)
                    .count(*taken)
                    .count(*refused)
                    .u8(u8::from(*gap));
            }
            Self::Busy => {
                writer.u8(5);
            }
            Self::OtherCharter(mark) => put_mark(writer.u8(6), mark),
            Self::Refused => {
                writer.u8(7);
            }
            Self::Gossip(gossip) => put_gossip(writer.u8(8), gossip),
        }
        writer.into_bytes()
    }

    /// Reads a response within its bounds.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        check_size(bytes, RESPONSE_BYTES_MAX)?;
        let mut reader = Reader::new(bytes);
        let response = match reader.u8("response")? {
            0 => Self::Hello(take_hello(&mut reader)?),
            1 => Self::Charter {
                total: reader.count(CHARTER_BYTES_MAX, "charter bytes")?,
                bytes: reader
                    .bytes(CHARTER_CHUNK_BYTES_MAX, "charter part")?
                    .to_vec(),
            },
            2 => Self::Compared(reader.bytes(RESPONSE_BYTES_MAX, "ranges")?.to_vec()),
            3 => {
                let mut all = Vec::new();
                for _ in 0..reader.count(FETCH_FACETS_MAX, "facets")? {
                    let have = take_clock(&mut reader)?;
                    let commits = take_commits(&mut reader)?;
                    let next = reader.count(FACET_COMMITS_MAX, "position")?;
                    all.push(Found {
                        have,
                        commits,
                        // All begins at 0, so nothing goes on there.
                        next: (next > 0).then_some(next),
                    });
                }
                Self::Fetched(all)
            }
            4 => Self::Pushed {
                taken: reader.count(PUSH_OUTCOME_MAX, "taken commits")?,
                refused: reader.count(PUSH_OUTCOME_MAX, "refused commits")?,
                gap: take_flag(&mut reader, "gap")?,
            },
            5 => Self::Busy,
            6 => Self::OtherCharter(take_mark(&mut reader)?),
            7 => Self::Refused,
            8 => Self::Gossip(take_gossip(&mut reader)?),
            _ => return Err(DecodeError::Unknown("response")),
        };
        reader.finish()?;
        Ok(response)
    }
}

fn check_size(bytes: &[u8], bytes_max: usize) -> Result<(), DecodeError> {
    if bytes.len() > bytes_max {
        let count = bytes.len() as u64;
        return Err(DecodeError::TooMany {
            what: "bytes of a frame",
            count,
            count_max: bytes_max,
        });
    }
    Ok(())
}
