//! The replica: all facets a node holds, as they lie in its store.
//!
//! ```text
//! key                        value
//! c FACET position(u32 be)   16 B actor, then the encoded commit; positions count from 0
//! e …                        the newest declaration of an emergency, and reports on earlier ones, see
//!                            [`crate::engine`]
//! f FACET                    name sensitivity, name level, 32 B digest of the heads, varint commits
//! l FACET                    8 B that the node's life on this facet follows from, if it moved on
//! m name                     the node's own marks, such as its author epoch; `life`: 8 B that its
//!                            present life follows from; `life-due`: it is to move on
//! k version(u64 be)          one signed charter as a bundle
//! q number(u64 be)           one entry of the quarantine
//! s …                        what townships have signed of the log of charters, see
//!                            [`crate::checkpoint::ledger`]
//!
//! FACET = 16 B record, name facet, node home, node addressee
//! ```

mod damage;

use sha2::{Digest, Sha256};

use crate::commit::Commit;
use crate::document::{Document, DocumentError};
use crate::encoding::{DecodeError, Reader, Writer};
use crate::history::History;
use crate::ids::{ActorId, CharterVersion, RecordId};
use crate::label::{FacetId, Grade, Label};
use crate::limits::FACET_COMMITS_MAX;
use crate::store::{Batch, Store, StoreError};

pub use damage::{damaged_facet, facet_of_entry};
pub(crate) use damage::{for_each_entry, for_each_facet_or_damage, rescue};

/// Digest of a facet's heads: equal on two nodes exactly when they hold the same commits of it.
pub type HeadsDigest = [u8; 32];

/// What the replica keeps about one facet beside its commits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FacetEntry {
    /// The grade its commits come to.
    pub grade: Grade,
    /// Digest of its heads.
    pub digest: HeadsDigest,
    /// How many commits it has.
    pub commits: u32,
}

/// A facet as the replica holds it.
#[derive(Clone, Debug)]
pub struct Held {
    /// What is kept beside its commits.
    pub entry: FacetEntry,
    /// Its commits.
    pub history: History,
    /// What they come to.
    pub document: Document,
}

/// Why the replica could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReplicaError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What the store holds of a facet is not what was written.
    #[error("{} of record {} is damaged: {problem}", facet.facet, facet.record)]
    Damaged {
        /// The facet.
        facet: FacetId,
        /// What is wrong.
        problem: String,
    },
    /// An entry is not what this program writes.
    #[error("the replica's entry for {what} is damaged: {problem}")]
    Entry {
        /// What it stands for.
        what: String,
        /// What is wrong.
        problem: String,
    },
    /// A document did not come together.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

impl ReplicaError {
    fn damaged(facet: &FacetId, problem: impl ToString) -> Self {
        Self::Damaged {
            facet: *facet,
            problem: problem.to_string(),
        }
    }

    /// Of an error that reading something of a facet gave.
    fn of_facet(facet: &FacetId, error: StoreError) -> Self {
        match error {
            StoreError::Damaged { problem, .. } => Self::damaged(facet, problem),
            other => other.into(),
        }
    }

    pub(crate) fn entry(what: impl ToString, problem: impl ToString) -> Self {
        Self::Entry {
            what: what.to_string(),
            problem: problem.to_string(),
        }
    }
}

const COMMITS: u8 = b'c';
const EMERGENCIES: u8 = b'e';
const FACETS: u8 = b'f';
const LIVES: u8 = b'l';
const MARKS: u8 = b'm';
const CHARTERS: u8 = b'k';
const QUARANTINE: u8 = b'q';
const COSIGNATURES: u8 = b's';
const SCAN_AT_ONCE: usize = 1024;
/// Bytes of a facet's key, and of what is kept at it: most have fewer.
const KEY_BYTES: usize = 64;
const ENTRY_BYTES: usize = 96;

/// The key part that names a facet.
fn facet_key(space: u8, facet: &FacetId) -> Vec<u8> {
    let mut writer = Writer::with_room(KEY_BYTES);
    writer.u8(space).raw(&facet.record.0).name(facet.facet);
    writer.node(facet.home).node(facet.addressee);
    writer.into_bytes()
}

fn take_facet(reader: &mut Reader<'_>) -> Result<FacetId, DecodeError> {
    Ok(FacetId {
        record: RecordId(reader.array("record")?),
        facet: reader.name("facet")?,
        home: reader.node("home")?,
        addressee: reader.node("addressee")?,
    })
}

/// What a key of the store stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Key {
    /// The commit of a facet at this position.
    Commit(FacetId, u32),
    /// What the replica keeps about a facet.
    Facet(FacetId),
    /// What tells the node's life on this facet from its life on others.
    Life(FacetId),
    /// One of the node's own marks, by its name.
    Mark(Vec<u8>),
    /// The bundle of a charter version.
    Charter(CharterVersion),
    /// The entry of the quarantine with this number.
    Quarantine(u64),
    /// Something about emergencies: which part of it.
    Emergency(Vec<u8>),
    /// What townships have signed: which part of it.
    Cosignatures(Vec<u8>),
}

impl Key {
    /// Reads a key; every key that this program writes is one of these.
    pub fn decode(key: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(key);
        let key = match reader.u8("key space")? {
            COMMITS => Self::Commit(
                take_facet(&mut reader)?,
                u32::from_be_bytes(reader.array("position")?),
            ),
            FACETS => Self::Facet(take_facet(&mut reader)?),
            LIVES => Self::Life(take_facet(&mut reader)?),
            MARKS => Self::Mark(reader.slice(reader.remaining(), "mark")?.to_vec()),
            CHARTERS => Self::Charter(CharterVersion(reader.u64_be("version")?)),
            QUARANTINE => Self::Quarantine(reader.u64_be("number")?),
            EMERGENCIES => {
                Self::Emergency(reader.slice(reader.remaining(), "emergencies")?.to_vec())
            }
            COSIGNATURES => {
                Self::Cosignatures(reader.slice(reader.remaining(), "cosignatures")?.to_vec())
            }
            _ => return Err(DecodeError::Unknown("key space")),
        };
        reader.finish()?;
        Ok(key)
    }
}

fn facet_of_key(key: &[u8]) -> Result<FacetId, DecodeError> {
    match Key::decode(key)? {
        Key::Facet(facet) => Ok(facet),
        _ => Err(DecodeError::Unknown("key space")),
    }
}

fn commit_key(facet: &FacetId, position: usize) -> Vec<u8> {
    let mut key = facet_key(COMMITS, facet);
    key.extend_from_slice(&(position as u32).to_be_bytes());
    key
}

/// Digest of the heads of a history.
pub fn heads_digest(history: &History) -> HeadsDigest {
    let mut hasher = Sha256::new();
    hasher.update(b"countymesh heads 1\0");
    for head in history.heads() {
        hasher.update(head.0);
    }
    hasher.finalize().into()
}

/// What the replica keeps about one facet, if it holds it.
pub fn facet_entry(store: &dyn Store, facet: &FacetId) -> Result<Option<FacetEntry>, ReplicaError> {
    let value = store.get(&facet_key(FACETS, facet));
    let Some(value) = value.map_err(|error| ReplicaError::of_facet(facet, error))? else {
        return Ok(None);
    };
    FacetEntry::decode(&value)
        .map(Some)
        .map_err(|problem| ReplicaError::damaged(facet, problem))
}

impl FacetEntry {
    /// Reads the value that stands at a facet's key.
    pub fn decode(value: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(value);
        let grade = Grade {
            sensitivity: reader.name("sensitivity")?,
            level: reader.name("level")?,
        };
        let digest = reader.array("digest")?;
        let commits = reader.count(FACET_COMMITS_MAX, "commits")? as u32;
        reader.finish()?;
        Ok(Self {
            grade,
            digest,
            commits,
        })
    }
}

/// The commits of one facet in their order; an empty history if the replica does not hold it.
pub fn history(store: &dyn Store, facet: &FacetId) -> Result<History, ReplicaError> {
    let mut history = History::new(*facet);
    let prefix = facet_key(COMMITS, facet);
    let mut after = None;
    loop {
        let entries = store.scan(&prefix, after.as_deref(), SCAN_AT_ONCE);
        let entries = entries.map_err(|error| ReplicaError::of_facet(facet, error))?;
        for (key, value) in &entries {
            add_stored(&mut history, key, value)
                .map_err(|problem| ReplicaError::damaged(facet, problem))?;
        }
        if entries.len() < SCAN_AT_ONCE {
            return Ok(history);
        }
        after = entries.last().map(|(key, _)| key.clone());
    }
}

/// Adds to a history what the store holds at a key; or says what is wrong with it.
fn add_stored(history: &mut History, key: &[u8], value: &[u8]) -> Result<(), String> {
    if key != commit_key(history.facet(), history.len()) {
        return Err("a commit is missing".to_owned());
    }
    let (actor, encoded) = value.split_first_chunk::<16>().ok_or("no actor")?;
    let commit = Commit::decode(encoded).map_err(|problem| problem.to_string())?;
    history
        .insert(commit, ActorId(*actor))
        .map_err(|problem| problem.to_string())
}

/// All of one facet, if the replica holds it.
pub fn held(store: &dyn Store, facet: &FacetId) -> Result<Option<Held>, ReplicaError> {
    let Some(entry) = facet_entry(store, facet)? else {
        return Ok(None);
    };
    let history = history(store, facet)?;
    let document = Document::build(&history)?;
    Ok(Some(Held {
        entry,
        history,
        document,
    }))
}

/// The document of one facet; an empty one if the replica does not hold it.
pub fn document(store: &dyn Store, facet: &FacetId) -> Result<Document, ReplicaError> {
    Ok(Document::build(&history(store, facet)?)?)
}

/// The facets of one record that the replica holds, with what it keeps about each.
pub fn facets_of(
    store: &dyn Store,
    record: RecordId,
) -> Result<Vec<(FacetId, FacetEntry)>, ReplicaError> {
    let mut found = Vec::new();
    let prefix = [&[FACETS][..], &record.0].concat();
    scan_facets(store, &prefix, |facet, entry| found.push((facet, entry)))?;
    Ok(found)
}

/// The facets of all records whose ids begin with these bytes.
pub fn facets_beginning(store: &dyn Store, id: &[u8]) -> Result<Vec<FacetId>, ReplicaError> {
    let mut found = Vec::new();
    let prefix = [&[FACETS][..], id].concat();
    scan_facets(store, &prefix, |facet, _| found.push(facet))?;
    Ok(found)
}

/// At most `limit` facets after this one, in the order of records.
pub fn facets_after(
    store: &dyn Store,
    after: Option<&FacetId>,
    limit: usize,
) -> Result<Vec<(FacetId, FacetEntry)>, ReplicaError> {
    let after = after.map(|facet| facet_key(FACETS, facet));
    let entries = store.scan(&[FACETS], after.as_deref(), limit)?;
    entries
        .iter()
        .map(|(key, value)| read_facet(key, value))
        .collect()
}

/// The first record after this one of which the replica holds anything.
pub fn record_after(
    store: &dyn Store,
    after: Option<RecordId>,
) -> Result<Option<RecordId>, ReplicaError> {
    // No facet's key is as long as this: it lies after all facets of the record.
    let after = after.map(|record| [&[FACETS][..], &record.0, &[0xff; 1]].concat());
    let entries = store.scan(&[FACETS], after.as_deref(), 1)?;
    match entries.first() {
        Some((key, value)) => Ok(Some(read_facet(key, value)?.0.record)),
        None => Ok(None),
    }
}

fn read_facet(key: &[u8], value: &[u8]) -> Result<(FacetId, FacetEntry), ReplicaError> {
    let facet = facet_of_key(key).map_err(|problem| ReplicaError::entry("a facet", problem))?;
    let entry = FacetEntry::decode(value);
    Ok((
        facet,
        entry.map_err(|problem| ReplicaError::damaged(&facet, problem))?,
    ))
}

/// Calls `visit` for every facet of the replica, in the order of records.
pub fn for_each_facet(
    store: &dyn Store,
    visit: impl FnMut(FacetId, FacetEntry),
) -> Result<(), ReplicaError> {
    scan_facets(store, &[FACETS], visit)
}

fn scan_facets(
    store: &dyn Store,
    prefix: &[u8],
    mut visit: impl FnMut(FacetId, FacetEntry),
) -> Result<(), ReplicaError> {
    let mut after = None;
    loop {
        let entries = store.scan(prefix, after.as_deref(), SCAN_AT_ONCE)?;
        for (key, value) in &entries {
            let (facet, entry) = read_facet(key, value)?;
            visit(facet, entry);
        }
        if entries.len() < SCAN_AT_ONCE {
            return Ok(());
        }
        after = entries.last().map(|(key, _)| key.clone());
    }
}

/// Adds to `batch` what makes the replica hold `history` from `position` on, at this grade.
pub fn put_commits(batch: &mut Batch, history: &History, position: usize, grade: Grade) {
    let facet = history.facet();
    for (index, (commit, actor)) in history.commits().enumerate().skip(position) {
        let key = commit_key(facet, index);
        batch.put(key, [&actor.0[..], commit.encoded()].concat());
    }
    let mut writer = Writer::with_room(ENTRY_BYTES);
    writer.name(grade.sensitivity).name(grade.level);
    writer.raw(&heads_digest(history)).count(history.len());
    batch.put(facet_key(FACETS, facet), writer.into_bytes());
}

/// Adds to `batch` what makes the replica hold nothing of a facet that has so many commits.
pub fn delete_facet(batch: &mut Batch, facet: &FacetId, commits: usize) {
    for position in 0..commits {
        batch.delete(commit_key(facet, position));
    }
    batch.delete(facet_key(FACETS, facet));
}

/// Key of what tells the node's life on a facet from its life on others.
pub(crate) fn life_key(facet: &FacetId) -> Vec<u8> {
    facet_key(LIVES, facet)
}

/// What all of those begin with.
pub(crate) fn lives_prefix() -> Vec<u8> {
    vec![LIVES]
}

/// Key of one of the node's own marks.
pub fn mark_key(name: &str) -> Vec<u8> {
    [&[MARKS], name.as_bytes()].concat()
}

/// Key of one charter version's bundle.
pub fn charter_key(version: CharterVersion) -> Vec<u8> {
    [&[CHARTERS][..], &version.0.to_be_bytes()].concat()
}

/// What the keys of all charters begin with; they are ordered by version.
pub fn charters_prefix() -> Vec<u8> {
    vec![CHARTERS]
}

/// Key of one entry of the quarantine.
pub fn quarantine_key(number: u64) -> Vec<u8> {
    [&quarantine_prefix(), &number.to_be_bytes()[..]].concat()
}

/// What the keys of all entries of the quarantine begin with.
pub fn quarantine_prefix() -> Vec<u8> {
    vec![QUARANTINE]
}

/// The key of something about emergencies.
pub(crate) fn emergencies_key(part: &[u8]) -> Vec<u8> {
    [&[EMERGENCIES], part].concat()
}

/// What the keys about emergencies begin with.
pub(crate) fn emergencies_prefix() -> Vec<u8> {
    vec![EMERGENCIES]
}

/// Whether a key is one about emergencies.
pub fn is_emergency(key: &[u8]) -> bool {
    key.first() == Some(&EMERGENCIES)
}

/// Whether a key is one of what townships have signed.
pub fn is_cosignature(key: &[u8]) -> bool {
    key.first() == Some(&COSIGNATURES)
}

/// Key of one part of what townships have signed.
pub(crate) fn cosignatures_key(part: &[u8]) -> Vec<u8> {
    [&[COSIGNATURES], part].concat()
}

/// What the keys of all parts begin with.
pub(crate) fn cosignatures_prefix() -> Vec<u8> {
    vec![COSIGNATURES]
}

/// The label a facet has in the replica.
pub fn label_of(facet: &FacetId, entry: &FacetEntry) -> Label {
    facet.label(entry.grade)
}
