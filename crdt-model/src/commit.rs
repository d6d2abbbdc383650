//! Commits: one author's signed set of operations on one facet. The truth, and the only thing on
//! the wire.
//!
//! ```text
//! u8      format, 1
//! 16 B    record            name   facet        node  home      node  addressee
//! node    author            u64    epoch        varint seq
//! varint  start counter     varint wall time    varint charter version
//! count   parents (≤ 16)    32 B each, sorted
//! u8      grade given?      name sensitivity, name level
//! count   operations (≤ 256), sorted by key, each
//!           bytes key
//!           u8 value: 0 delete, 1 false, 2 true, 3 integer (signed), 4 text (bytes)
//!           count overwritten operations, sorted, each: varint counter, 16 B actor
//! 64 B    ed25519 signature over "countymesh commit 1\0" and everything before it
//! ```

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::encoding::{DecodeError, Reader, Writer};
use crate::ids::{ActorId, CharterVersion, CommitHash, Epoch, NodeId, PublicKey, RecordId, Seq};
use crate::label::{FacetId, Grade};
use crate::limits::{
    COMMIT_BYTES_MAX, COMMIT_OPERATIONS_MAX, COMMIT_PARENTS_MAX, FIELD_KEY_BYTES_MAX,
    OPERATION_OVERWRITES_MAX, VALUE_TEXT_BYTES_MAX,
};
use crate::time::WallTime;
use crate::value::{Operation, OperationId, Value};

const FORMAT: u8 = 1;
const SIGNATURE_BYTES: usize = 64;
/// Bytes that a commit has room for at first while it is encoded: most have fewer.
const ENCODED_BYTES: usize = 512;
const SIGNATURE_DOMAIN: &[u8] = b"countymesh commit 1\0";
const ACTOR_DOMAIN: &[u8] = b"countymesh actor 1\0";

/// What an author signs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommitBody {
    /// The facet it writes to.
    pub facet: FacetId,
    /// The node that wrote it.
    pub author: NodeId,
    /// Which of the author's lives wrote it.
    pub epoch: Epoch,
    /// Position among the author's commits on this facet in this epoch, from 1.
    pub seq: Seq,
    /// Counter of the first operation; the others follow in order.
    pub start: u64,
    /// What the author's clock showed. For people, never for ordering.
    pub wall: WallTime,
    /// The charter version it was written under, and is judged by.
    pub charter: CharterVersion,
    /// The commits it builds on, sorted; none for the first of a facet.
    pub parents: Vec<CommitHash>,
    /// The grade the facet takes; always given in the first commit of a facet.
    pub grade: Option<Grade>,
    /// What it does, sorted by key, no key twice.
    pub operations: Vec<Operation>,
}

/// A commit as it travels: well-formed, canonical, and not yet trusted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Commit {
    body: CommitBody,
    encoded: Vec<u8>,
    hash: CommitHash,
}

/// Why bytes are not a commit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// More bytes than a commit may have.
    #[error("{0} bytes, where a commit has at most {COMMIT_BYTES_MAX}")]
    TooLarge(usize),
    /// Not a canonical encoding.
    #[error("not a canonical commit: {0}")]
    Encoding(#[from] DecodeError),
    /// Parents, operations or overwritten operations out of order or repeated.
    #[error("{0} are not sorted and distinct")]
    Order(&'static str),
    /// Neither operations nor a grade.
    #[error("changes nothing")]
    Empty,
    /// A sequence number or counter of zero, or counters past the largest.
    #[error("{0} is out of range")]
    Range(&'static str),
}

impl CommitBody {
    /// Signs it.
    pub fn sign(self, key: &SigningKey) -> Result<Commit, CommitError> {
        let mut encoded = self.encode();
        let signature = key.sign(&signed_bytes(&encoded));
        encoded.extend_from_slice(&signature.to_bytes());
        // The one parser also judges what this node itself writes.
        Commit::decode(&encoded)
    }

    fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::with_room(ENCODED_BYTES);
        writer
            .u8(FORMAT)
            .raw(&self.facet.record.0)
            .name(self.facet.facet);
        writer.node(self.facet.home).node(self.facet.addressee);
        writer
            .node(self.author)
            .u64_be(self.epoch.0)
            .varint(self.seq.0);
        writer
            .varint(self.start)
            .varint(self.wall.ms)
            .varint(self.charter.0);
        writer.count(self.parents.len());
        for parent in &self.parents {
            writer.raw(&parent.0);
        }
        match self.grade {
            Some(grade) => writer.u8(1).name(grade.sensitivity).name(grade.level),
            None => writer.u8(0),
        };
        writer.count(self.operations.len());
        for operation in &self.operations {
            encode_operation(operation, &mut writer);
        }
        writer.into_bytes()
    }

    fn decode(bytes: &[u8]) -> Result<Self, CommitError> {
        let mut reader = Reader::new(bytes);
        if reader.u8("format")? != FORMAT {
            return Err(DecodeError::Unknown("format").into());
        }
        let facet = FacetId {
            record: RecordId(reader.array("record")?),
            facet: reader.name("facet")?,
            home: reader.node("home")?,
            addressee: reader.node("addressee")?,
        };
        let author = reader.node("author")?;
        let epoch = Epoch(reader.u64_be("epoch")?);
        let seq = Seq(reader.varint("seq")?);
        let start = reader.varint("start counter")?;
        let wall = WallTime::from_ms(reader.varint("wall time")?);
        let charter = CharterVersion(reader.varint("charter version")?);
        let mut parents = Vec::new();
        for _ in 0..reader.count(COMMIT_PARENTS_MAX, "parents")? {
            parents.push(CommitHash(reader.array("parent")?));
        }
        let grade = match reader.u8("grade")? {
            0 => None,
            1 => Some(Grade {
                sensitivity: reader.name("sensitivity")?,
                level: reader.name("level")?,
            }),
            _ => return Err(DecodeError::Unknown("grade").into()),
        };
        let mut operations = Vec::new();
        for _ in 0..reader.count(COMMIT_OPERATIONS_MAX, "operations")? {
            operations.push(decode_operation(&mut reader)?);
        }
        reader.finish()?;
        let body = Self {
            facet,
            author,
            epoch,
            seq,
            start,
            wall,
            charter,
            parents,
            grade,
            operations,
        };
        body.check_form()?;
        Ok(body)
    }

    /// What every commit must satisfy, whoever wrote it and whatever came before.
    fn check_form(&self) -> Result<(), CommitError> {
        if !sorted_and_distinct(&self.parents, |parent| *parent) {
            return Err(CommitError::Order("parents"));
        }
        if !sorted_and_distinct(&self.operations, |operation| &operation.key) {
            return Err(CommitError::Order("operations"));
        }
        if self.operations.is_empty() && self.grade.is_none() {
            return Err(CommitError::Empty);
        }
        if self.seq.0 == 0 {
            return Err(CommitError::Range("seq"));
        }
        // Automerge keeps counters in 32 bits here and there: stay well inside.
        if self.start == 0 || self.start > u64::from(u32::MAX) / 2 {
            return Err(CommitError::Range("start counter"));
        }
        if i64::try_from(self.wall.ms).is_err() {
            return Err(CommitError::Range("wall time"));
        }
        for operation in &self.operations {
            if !sorted_and_distinct(&operation.overwrites, |overwritten| *overwritten) {
                return Err(CommitError::Order("overwritten operations"));
            }
            if operation
                .overwrites
                .iter()
                .any(|id| id.counter == 0 || id.counter >= self.start)
            {
                return Err(CommitError::Range("counter of an overwritten operation"));
            }
        }
        Ok(())
    }

    /// The Automerge actor that this author has on this facet.
    pub fn actor(&self, key: &PublicKey) -> ActorId {
        actor_of(key, &self.facet, self.epoch)
    }
}

/// The Automerge actor of one author, in one epoch, on one facet: the first 16 bytes of SHA-256
/// over domain, author key, facet id, author epoch.
pub fn actor_of(key: &PublicKey, facet: &FacetId, epoch: Epoch) -> ActorId {
    let mut writer = Writer::new();
    writer
        .raw(ACTOR_DOMAIN)
        .raw(&key.0)
        .raw(&facet.record.0)
        .name(facet.facet);
    writer
        .node(facet.home)
        .node(facet.addressee)
        .u64_be(epoch.0);
    let digest: [u8; 32] = Sha256::digest(writer.into_bytes()).into();
    let mut actor = [0; 16];
    actor
        .iter_mut()
        .zip(digest)
        .for_each(|(to, from)| *to = from);
    ActorId(actor)
}

impl Commit {
    /// Reads a commit: bounded, canonical (decoded, encoded again and compared), well-formed. Says
    /// nothing about its signature, its author's rights or its place in history.
    pub fn decode(encoded: &[u8]) -> Result<Self, CommitError> {
        if encoded.len() > COMMIT_BYTES_MAX {
            return Err(CommitError::TooLarge(encoded.len()));
        }
        let split = encoded.len().checked_sub(SIGNATURE_BYTES);
        let (body, _) = split
            .and_then(|split| encoded.split_at_checked(split))
            .ok_or(DecodeError::Truncated("signature"))?;
        let decoded = CommitBody::decode(body)?;
        if decoded.encode() != body {
            return Err(DecodeError::NotCanonical("commit").into());
        }
        Ok(Self {
            body: decoded,
            encoded: encoded.to_vec(),
            hash: CommitHash::of(encoded),
        })
    }

    /// What was signed.
    pub fn body(&self) -> &CommitBody {
        &self.body
    }

    /// The bytes it travels and is stored as.
    pub fn encoded(&self) -> &[u8] {
        &self.encoded
    }

    /// Its name.
    pub fn hash(&self) -> CommitHash {
        self.hash
    }

    /// Whether `key` signed it.
    pub fn signed_by(&self, key: &PublicKey) -> bool {
        VerifyingKey::from_bytes(&key.0).is_ok_and(|key| self.verified_by(&key))
    }

    /// The same with a key that has been read, by the strict check that all implementations agree on.
    pub fn verified_by(&self, key: &VerifyingKey) -> bool {
        let split = self.encoded.len().saturating_sub(SIGNATURE_BYTES);
        let Some((body, signature)) = self.encoded.split_at_checked(split) else {
            return false;
        };
        let signature = Signature::from_slice(signature);
        signature.is_ok_and(|signature| key.verify_strict(&signed_bytes(body), &signature).is_ok())
    }

    /// Each operation with its counter.
    pub fn counted_operations(&self) -> impl Iterator<Item = (u64, &Operation)> {
        (self.body.start..).zip(&self.body.operations)
    }

    /// The largest counter this commit has used; the one before its start if it has no operations.
    pub fn last_counter(&self) -> u64 {
        (self.body.start + self.body.operations.len() as u64).saturating_sub(1)
    }
}

fn signed_bytes(body: &[u8]) -> Vec<u8> {
    [SIGNATURE_DOMAIN, body].concat()
}

fn sorted_and_distinct<'a, T, K: Ord>(items: &'a [T], key: impl Fn(&'a T) -> K) -> bool {
    items.windows(2).all(|pair| match pair {
        [one, two] => key(one) < key(two),
        _ => true,
    })
}

fn encode_operation(operation: &Operation, writer: &mut Writer) {
    writer.bytes(operation.key.as_bytes());
    match &operation.value {
        None => writer.u8(0),
        Some(Value::Boolean(value)) => writer.u8(1 + u8::from(*value)),
        Some(Value::Integer(value)) => writer.u8(3).signed(*value),
        Some(Value::Text(value)) => writer.u8(4).bytes(value.as_bytes()),
    };
    writer.count(operation.overwrites.len());
    for overwritten in &operation.overwrites {
        writer.varint(overwritten.counter).raw(&overwritten.actor.0);
    }
}

fn decode_operation(reader: &mut Reader<'_>) -> Result<Operation, DecodeError> {
    let key = reader.text(FIELD_KEY_BYTES_MAX, "key")?.to_owned();
    let value = match reader.u8("value")? {
        0 => None,
        1 => Some(Value::Boolean(false)),
        2 => Some(Value::Boolean(true)),
        3 => Some(Value::Integer(reader.signed("value")?)),
        4 => Some(Value::Text(
            reader.text(VALUE_TEXT_BYTES_MAX, "value")?.to_owned(),
        )),
        _ => return Err(DecodeError::Unknown("value")),
    };
    let mut overwrites = Vec::new();
    for _ in 0..reader.count(OPERATION_OVERWRITES_MAX, "overwritten operations")? {
        overwrites.push(OperationId {
            counter: reader.varint("counter")?,
            actor: ActorId(reader.array("actor")?),
        });
    }
    Ok(Operation {
        key,
        value,
        overwrites,
    })
}
