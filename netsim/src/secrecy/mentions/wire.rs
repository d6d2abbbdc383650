//! What frames mention.

use crdt_model::checkpoint::Cosignature;
use crdt_model::checkpoint::ledger::Gossip;
use crdt_model::commit::{Commit, CommitBody, CommitError};
use crdt_model::encoding::DecodeError;
use crdt_model::history::Clock;
use crdt_model::ids::{CharterDigest, CharterVersion, Epoch, Seq};
use crdt_model::reconcile::{
    self, Bound, Fingerprint, Item, Position, Question, Range, RangeContent, ShortDigest, Span,
};
use crdt_model::value::{Operation, OperationId, Value};
use crdt_model::wire::{CharterMark, Found, Hello, Request, Response, Wanted};

use super::{Mention, Mentions, counted, text};

pub(super) fn request(frame: &[u8]) -> Result<Vec<Mention>, DecodeError> {
    let mut to = Vec::new();
    match Request::decode(frame)? {
        Request::Hello(hello) => hello.list(&mut to),
        Request::Charter { version, offset } => {
            version.list(&mut to);
            to.push(counted("bytes of a charter", offset));
        }
        Request::Compare { charter, questions } => {
            charter.list(&mut to);
            reconcile::Request::decode(&questions)?.list(&mut to);
        }
        Request::Fetch { charter, facets } => {
            charter.list(&mut to);
            facets.list(&mut to);
        }
        Request::Push {
            charter,
            unfinished: _,
            commits,
        } => {
            charter.list(&mut to);
            list_commits(&commits, &mut to)?;
        }
        Request::Gossip(gossip) => gossip.list(&mut to),
    }
    Ok(to)
}

pub(super) fn response(frame: &[u8]) -> Result<Vec<Mention>, DecodeError> {
    let mut to = Vec::new();
    match Response::decode(frame)? {
        Response::Hello(hello) => hello.list(&mut to),
        Response::Charter { total, bytes } => {
            to.push(counted("bytes of a charter", total));
            to.push(Mention::Free(bytes));
        }
        Response::Compared(answer) => reconcile::Response::decode(&answer)?.list(&mut to),
        Response::Fetched(found) => {
            for Found {
                have,
                commits,
                next,
            } in &found
            {
                to.push(counted("commits of one facet", next.unwrap_or(0)));
                list_clock(have, &mut to);
                list_commits(commits, &mut to)?;
            }
        }
        Response::Pushed {
            taken,
            refused,
            gap: _,
        } => {
            to.push(counted("commits taken", taken));
            to.push(counted("commits refused", refused));
        }
        Response::OtherCharter(mark) => mark.list(&mut to),
        Response::Busy | Response::Refused => {}
        Response::Gossip(gossip) => gossip.list(&mut to),
    }
    Ok(to)
}

pub(super) fn answer(request: &[u8], response: &[u8]) -> Result<Vec<Mention>, DecodeError> {
    let (Request::Fetch { charter: _, facets }, Response::Fetched(found)) =
        (Request::decode(request)?, Response::decode(response)?)
    else {
        return Ok(Vec::new());
    };
    let given = facets.iter().zip(&found).filter(|(_, found)| {
        let Found {
            have,
            commits,
            next: _,
        } = found;
        !have.is_empty() || !commits.is_empty()
    });
    Ok(given
        .map(|(wanted, _)| Mention::Facet {
            facet: wanted.facet,
            grade: None,
        })
        .collect())
}

fn list_commits(commits: &[Vec<u8>], to: &mut Vec<Mention>) -> Result<(), DecodeError> {
    commits
        .iter()
        .try_for_each(|encoded| commit(encoded).map(|commit| commit.list(to)))
}

/// A commit, or why its bytes are none.
pub(super) fn commit(encoded: &[u8]) -> Result<Commit, DecodeError> {
    Commit::decode(encoded).map_err(|error| match error {
        CommitError::Encoding(error) => error,
        CommitError::TooLarge(_)
        | CommitError::Order(_)
        | CommitError::Empty
        | CommitError::Range(_) => DecodeError::NotCanonical("commit"),
    })
}

/// A clock names no facet. Whoever lists one knows which it is about.
fn list_clock(clock: &Clock, to: &mut Vec<Mention>) {
    for ((author, Epoch(_)), Seq(seq)) in clock {
        author.list(to);
        to.push(counted("commits of an author on one facet", *seq));
    }
}

impl Mentions for CharterMark {
    fn list(&self, to: &mut Vec<Mention>) {
        let Self {
            version,
            digest,
            emergency: _,
        } = self;
        version.list(to);
        digest.list(to);
    }
}

impl Mentions for CharterDigest {
    fn list(&self, to: &mut Vec<Mention>) {
        let Self(hash) = self;
        to.push(Mention::Fingerprint {
            what: "a charter",
            hash: hash.to_vec(),
        });
    }
}

impl Mentions for Hello {
    fn list(&self, to: &mut Vec<Mention>) {
        let Self {
            charter,
            fingerprint,
            gossip,
            // Drawn at every start.
            boot: _,
            two_machines: _,
        } = self;
        charter.list(to);
        to.push(Mention::Fingerprint {
            what: "the townships' signatures",
            hash: gossip.to_vec(),
        });
        to.push(Mention::Fingerprint {
            what: "all that two nodes share",
            hash: fingerprint.to_vec(),
        });
    }
}

impl Mentions for Gossip {
    fn list(&self, to: &mut Vec<Mention>) {
        let Self {
            newest,
            pairs,
            declaration,
        } = self;
        newest.list(to);
        pairs.iter().flatten().for_each(|one| one.list(to));
        to.push(Mention::Free(declaration.clone()));
    }
}

impl Mentions for Cosignature {
    fn list(&self, to: &mut Vec<Mention>) {
        let Self {
            time_s: _,
            size,
            root,
            cosigner,
            signature: _,
        } = self;
        cosigner.list(to);
        CharterVersion(*size).list(to);
        to.push(Mention::Fingerprint {
            what: "charters",
            hash: root.0.to_vec(),
        });
    }
}

impl Mentions for Wanted {
    fn list(&self, to: &mut Vec<Mention>) {
        let Self { facet, have, from } = self;
        to.push(counted("commits of one facet", *from));
        to.push(Mention::Facet {
            facet: *facet,
            grade: None,
        });
        list_clock(have, to);
    }
}

impl Mentions for Commit {
    fn list(&self, to: &mut Vec<Mention>) {
        let CommitBody {
            facet,
            author,
            epoch: Epoch(_),
            seq: Seq(seq),
            start,
            wall: _,
            charter,
            parents,
            // Whoever may hold a facet may know the grades it had before: the one in force decides.
            grade: _,
            operations,
        } = self.body();
        to.push(Mention::Commit {
            facet: *facet,
            commit: self.hash(),
            author: *author,
        });
        to.push(counted("commits of an author on one facet", *seq));
        to.push(counted("operations on one facet", *start));
        charter.list(to);
        parents.list(to);
        operations.list(to);
    }
}

impl Mentions for Operation {
    fn list(&self, to: &mut Vec<Mention>) {
        let Self {
            key,
            value,
            overwrites,
        } = self;
        to.push(text(key));
        value.list(to);
        overwrites.list(to);
    }
}

impl Mentions for Value {
    fn list(&self, to: &mut Vec<Mention>) {
        match self {
            Self::Boolean(_) | Self::Integer(_) => {}
            Self::Text(value) => to.push(text(value)),
        }
    }
}

impl Mentions for OperationId {
    fn list(&self, to: &mut Vec<Mention>) {
        let Self { counter, actor } = self;
        to.push(counted("operations on one facet", *counter));
        to.push(Mention::Fingerprint {
            what: "an author on one facet",
            hash: actor.0.to_vec(),
        });
    }
}

impl Mentions for reconcile::Request {
    fn list(&self, to: &mut Vec<Mention>) {
        let Self { questions } = self;
        questions.list(to);
    }
}

impl Mentions for Question {
    fn list(&self, to: &mut Vec<Mention>) {
        let Self { span, fingerprint } = self;
        span.list(to);
        fingerprint.list(to);
    }
}

impl Mentions for reconcile::Response {
    fn list(&self, to: &mut Vec<Mention>) {
        let Self { answered, ranges } = self;
        answered.list(to);
        ranges.list(to);
    }
}

impl Mentions for Range {
    fn list(&self, to: &mut Vec<Mention>) {
        let Self { span, content } = self;
        span.list(to);
        match content {
            RangeContent::Fingerprint(fingerprint) => fingerprint.list(to),
            RangeContent::Items(items) => items.list(to),
        }
    }
}

impl Mentions for Span {
    fn list(&self, to: &mut Vec<Mention>) {
        let Self { lower, upper } = self;
        lower.list(to);
        upper.list(to);
    }
}

impl Mentions for Bound {
    fn list(&self, to: &mut Vec<Mention>) {
        match self {
            Self::Start | Self::End => {}
            Self::At(position) => position.list(to),
        }
    }
}

impl Mentions for Position {
    /// A bound may be cut to the first bytes of a record's id. It then names no record, and its
    /// label says all there is to judge.
    fn list(&self, to: &mut Vec<Mention>) {
        let Self { label, record: _ } = self;
        label.list(to);
        to.push(Mention::Facet {
            facet: self.facet(),
            grade: Some(label.grade),
        });
    }
}

impl Mentions for Fingerprint {
    fn list(&self, to: &mut Vec<Mention>) {
        let Self { count, hash } = self;
        to.push(counted("facets of a span", *count));
        to.push(Mention::Fingerprint {
            what: "the facets of a span",
            hash: hash.to_vec(),
        });
    }
}

impl Mentions for Item {
    fn list(&self, to: &mut Vec<Mention>) {
        let Self {
            position,
            digest: ShortDigest(digest),
        } = self;
        position.list(to);
        to.push(Mention::Fingerprint {
            what: "the commits of one facet",
            hash: digest.to_vec(),
        });
    }
}
