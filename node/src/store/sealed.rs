//! Checksums, long values and the stamp, over any engine.
//!
//! # Keys and values in the engine
//!
//! ```text
//! 00                                        tag  stamp (48 bytes, see `stamp`)
//! 01 key                                    tag  00  value                     at most 3072 bytes
//! 01 key                                    tag  01  length u32  SHA-256       a longer value
//! 02 key length u16  key  piece number u32  the piece's bytes, 3072 but for the last
//! ```
//!
//! Integers are big-endian. A tag is the first 8 bytes of SHA-256 over a domain, the length of the
//! engine's key, that key and everything after the tag, so that a value which was changed, cut off
//! or moved to another key does not pass. A piece carries no tag of its own: the SHA-256 of the
//! whole value stands beside its length, under the tag.

use std::ops::{Bound, ControlFlow};

use crdt_model::store::{Batch, Entry, StoreError};
use sha2::{Digest, Sha256};

use super::engine::{Changes, Engine, Visit};
use super::stamp::{Content, Mark, Stamp, take};

/// Bytes of a key.
pub const KEY_BYTES_MAX: usize = 256;
/// Bytes of a value.
pub const VALUE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bytes of a value, or of a piece of one, that the engine is given in one.
pub const PIECE_BYTES_MAX: usize = 3072;

// A leaf of sled holds at most 17 entries and 10 changes, and spills to a file of its own, which
// sled never syncs, when it passes a quarter of its 512 KiB segment.
const _: () = assert!(27 * (PIECE_BYTES_MAX + KEY_BYTES_MAX + 64) < 512 * 1024 / 4 - 1024);
const _: () = assert!(VALUE_BYTES_MAX <= u32::MAX as usize);

const VALUE_DOMAIN: &[u8] = b"countymesh store value\0";
const STAMP_KEY: &[u8] = &[0];
const ENTRY_KEYS: u8 = 1;
const PIECE_KEYS: u8 = 2;
const SHORT: u8 = 0;
const LONG: u8 = 1;

/// An engine whose values are checked.
#[derive(Debug)]
pub(super) struct Sealed<E> {
    engine: E,
    stamp: Stamp,
}

/// What reading every entry found.
#[derive(Debug, Default)]
pub(super) struct Census {
    /// The entries that are whole.
    pub(super) content: Content,
    /// The keys of those that are not.
    pub(super) damaged: Vec<Vec<u8>>,
}

impl<E: Engine> Sealed<E> {
    /// Stamps an empty engine.
    pub(super) fn create(engine: E, mark: Mark) -> Result<Self, StoreError> {
        let mut new = Self {
            engine,
            stamp: Stamp::empty(mark),
        };
        new.apply(Changes::new(), Stamp::empty(mark))?;
        Ok(new)
    }

    /// Reads the stamp of an engine; `None` if it has none.
    pub(super) fn load(engine: E) -> Result<Option<Self>, StoreError> {
        let Some(sealed) = engine.get(STAMP_KEY)? else {
            return Ok(None);
        };
        let body = unseal(STAMP_KEY, &sealed)?;
        let stamp =
            Stamp::decode(body).ok_or_else(|| damaged(STAMP_KEY, "it has a wrong length"))?;
        Ok(Some(Self { engine, stamp }))
    }

    pub(super) fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// The value at a key.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let name = entry_key(key);
        match self.piece(&name)? {
            Some(sealed) => self.open_value(&name, &sealed).map(Some),
            None => Ok(None),
        }
    }

    /// At most `limit` entries whose key begins with `prefix` and lies after `after`, in order.
    pub(super) fn scan(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let mut entries = Vec::new();
        if limit == 0 {
            return Ok(entries);
        }
        let prefix_name = entry_key(prefix);
        let after_name = after.filter(|after| *after >= prefix).map(entry_key);
        let from = match &after_name {
            Some(after) => Bound::Excluded(after.as_slice()),
            None => Bound::Included(prefix_name.as_slice()),
        };
        self.visit(&prefix_name, from, &mut |name, sealed| {
            entries.push((user_key(name).to_vec(), self.open_value(name, sealed)?));
            Ok(if entries.len() < limit {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            })
        })?;
        Ok(entries)
    }

    /// Applies a batch as one, with the stamp that counts it.
    pub(super) fn write(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let mut stamp = self.stamp;
        stamp.mark.batches += 1;
        let mut changes = Changes::new();
        for (key, change) in &batch.changes {
            check_lengths(key, change.as_deref())?;
            let name = entry_key(key);
            if let Some(old) = self.piece(&name)? {
                stamp.content.remove(tag_of(&name, &old)?);
                changes.extend(piece_names(&name, &old)?.map(|piece| (piece, None)));
                changes.insert(name.clone(), None);
            }
            if let Some(value) = change {
                let sealed = seal_value(&name, value, &mut changes);
                stamp.content.add(tag_of(&name, &sealed)?);
                changes.insert(name, Some(sealed));
            }
        }
        self.apply(changes, stamp)
    }

    /// Puts another mark on the engine, and what was counted anew.
    pub(super) fn restamp(&mut self, mark: Mark, content: Content) -> Result<(), StoreError> {
        self.apply(Changes::new(), Stamp { mark, content })
    }

    /// Makes everything written so far durable.
    pub(super) fn sync(&mut self) -> Result<(), StoreError> {
        self.engine.sync()
    }

    /// Reads every entry.
    pub(super) fn census(&self) -> Result<Census, StoreError> {
        let mut census = Census::default();
        self.visit(
            &[ENTRY_KEYS],
            Bound::Included(&[ENTRY_KEYS]),
            &mut |name, sealed| {
                match self
                    .open_value(name, sealed)
                    .and_then(|_| tag_of(name, sealed))
                {
                    Ok(tag) => census.content.add(tag),
                    Err(StoreError::Damaged { .. }) => census.damaged.push(user_key(name).to_vec()),
                    Err(error) => return Err(error),
                }
                Ok(ControlFlow::Continue(()))
            },
        )?;
        Ok(census)
    }

    /// Removes entries as they stand, without reading them. The stamp is wrong until `restamp`.
    pub(super) fn remove_unread(&mut self, keys: &[Vec<u8>]) -> Result<(), StoreError> {
        for key in keys {
            let mut changes = Changes::from([(entry_key(key), None)]);
            let pieces = piece_prefix(key);
            self.visit(&pieces, Bound::Included(&pieces), &mut |name, _| {
                changes.insert(name.to_vec(), None);
                Ok(ControlFlow::Continue(()))
            })?;
            self.engine.write(&changes)?;
        }
        Ok(())
    }

    /// Copies every live entry to an empty engine, checks them, and leaves there a stamp with
    /// another mark. Nothing else of this engine gets there.
    pub(super) fn copy_to(&self, engine: E, mark: Mark) -> Result<Self, StoreError> {
        let mut copy = Self {
            engine,
            stamp: Stamp::empty(mark),
        };
        let mut stamp = Stamp::empty(mark);
        let mut changes = Changes::new();
        let mut bytes = 0;
        self.visit(
            &[ENTRY_KEYS],
            Bound::Included(&[ENTRY_KEYS]),
            &mut |name, sealed| {
                let value = self.open_value(name, sealed)?;
                bytes += name.len() + value.len();
                let sealed = seal_value(name, &value, &mut changes);
                stamp.content.add(tag_of(name, &sealed)?);
                changes.insert(name.to_vec(), Some(sealed));
                if bytes >= COPY_BATCH_BYTES {
                    copy.engine.write(&std::mem::take(&mut changes))?;
                    bytes = 0;
                }
                Ok(ControlFlow::Continue(()))
            },
        )?;
        if stamp.content != self.stamp.content {
            return Err(damaged(
                STAMP_KEY,
                &content_problem(self.stamp.content, stamp.content),
            ));
        }
        copy.apply(changes, stamp)?;
        Ok(copy)
    }

    /// What the engine has at one of its keys. An engine that cannot read it does not know the
    /// user's key, and says so with an empty one.
    fn piece(&self, name: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.engine.get(name).map_err(|error| match error {
            StoreError::Damaged { key, problem } if key.is_empty() => damaged(name, &problem),
            other => other,
        })
    }

    /// Visits what the engine has from a key on, as far as its keys begin with `prefix`.
    fn visit(
        &self,
        prefix: &[u8],
        from: Bound<&[u8]>,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        let mut last = prefix.to_vec();
        let result = self.engine.scan(from, &mut |name, value| {
            if !name.starts_with(prefix) {
                return Ok(ControlFlow::Break(()));
            }
            last.clear();
            last.extend(name);
            visit(name, value)
        });
        result.map_err(|error| match error {
            StoreError::Damaged { key, problem } if key.is_empty() => damaged(
                &last,
                &format!("it or the next one cannot be read: {problem}"),
            ),
            other => other,
        })
    }

    fn apply(&mut self, mut changes: Changes, stamp: Stamp) -> Result<(), StoreError> {
        changes.insert(STAMP_KEY.to_vec(), Some(seal(STAMP_KEY, &stamp.encode())));
        self.engine.write(&changes)?;
        self.stamp = stamp;
        Ok(())
    }

    fn open_value(&self, name: &[u8], sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        let body = unseal(name, sealed)?;
        let long = match body.split_first() {
            Some((&SHORT, value)) => return Ok(value.to_vec()),
            Some((&LONG, long)) => {
                Long::decode(long).ok_or_else(|| damaged(name, "it has a wrong length"))?
            }
            _ => return Err(damaged(name, "it is of an unknown kind")),
        };
        let mut value = Vec::with_capacity(long.length.min(VALUE_BYTES_MAX));
        for piece in long.piece_names(name) {
            let bytes = self.piece(&piece)?;
            value.extend(bytes.ok_or_else(|| damaged(name, "a piece of it is missing"))?);
        }
        if value.len() != long.length || digest_of(&value) != long.digest {
            return Err(damaged(name, "its pieces do not make up what was written"));
        }
        Ok(value)
    }
}

/// Bytes after which copying syncs and starts another batch. Without the sync the engine's writing
/// falls behind, and what it has yet to write piles up in memory.
const COPY_BATCH_BYTES: usize = 1024 * 1024;

/// What stands in the engine for a value in pieces.
struct Long {
    length: usize,
    digest: [u8; 32],
}

impl Long {
    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let length = u32::from_be_bytes(take(&mut rest)?) as usize;
        let digest = take(&mut rest)?;
        (rest.is_empty() && length <= VALUE_BYTES_MAX).then_some(Self { length, digest })
    }

    fn piece_names(&self, name: &[u8]) -> impl Iterator<Item = Vec<u8>> + use<> {
        let prefix = piece_prefix(user_key(name));
        (0..self.length.div_ceil(PIECE_BYTES_MAX)).map(move |number| piece_key(&prefix, number))
    }
}

/// How two contents differ, in words.
pub(super) fn content_problem(stamped: Content, found: Content) -> String {
    if stamped.entries == found.entries {
        return "an entry is not the one that was written last".to_owned();
    }
    format!(
        "{} entries were written and {} are there",
        stamped.entries, found.entries
    )
}

/// Puts the pieces of a value, if it is long, into `changes`, and returns what stands at its key.
fn seal_value(name: &[u8], value: &[u8], changes: &mut Changes) -> Vec<u8> {
    let mut body = Vec::with_capacity(1 + value.len().min(PIECE_BYTES_MAX));
    if value.len() <= PIECE_BYTES_MAX {
        body.push(SHORT);
        body.extend(value);
        return seal(name, &body);
    }
    let prefix = piece_prefix(user_key(name));
    for (number, piece) in value.chunks(PIECE_BYTES_MAX).enumerate() {
        changes.insert(piece_key(&prefix, number), Some(piece.to_vec()));
    }
    body.push(LONG);
    body.extend((value.len() as u32).to_be_bytes());
    body.extend(digest_of(value));
    seal(name, &body)
}

/// The pieces that belong to what stands at a key.
fn piece_names(
    name: &[u8],
    sealed: &[u8],
) -> Result<impl Iterator<Item = Vec<u8>> + use<>, StoreError> {
    let long = match sealed.get(8..).and_then(|body| body.split_first()) {
        Some((&LONG, _)) => match unseal(name, sealed)?.split_first() {
            Some((_, long)) => Long::decode(long),
            None => None,
        },
        _ => None,
    };
    Ok(long
        .map(|long| long.piece_names(name))
        .into_iter()
        .flatten())
}

fn entry_key(key: &[u8]) -> Vec<u8> {
    [&[ENTRY_KEYS], key].concat()
}

/// The user's key of an entry's name.
fn user_key(name: &[u8]) -> &[u8] {
    name.get(1..).unwrap_or_default()
}

fn piece_prefix(key: &[u8]) -> Vec<u8> {
    let length = (key.len() as u16).to_be_bytes();
    [&[PIECE_KEYS], length.as_slice(), key].concat()
}

fn piece_key(prefix: &[u8], number: usize) -> Vec<u8> {
    [prefix, (number as u32).to_be_bytes().as_slice()].concat()
}

fn check_lengths(key: &[u8], value: Option<&[u8]>) -> Result<(), StoreError> {
    if key.len() > KEY_BYTES_MAX {
        return Err(StoreError::Failed(format!(
            "a key has {} bytes, and at most {KEY_BYTES_MAX} are allowed",
            key.len()
        )));
    }
    match value {
        Some(value) if value.len() > VALUE_BYTES_MAX => Err(StoreError::Failed(format!(
            "a value has {} bytes, and at most {VALUE_BYTES_MAX} are allowed",
            value.len()
        ))),
        _ => Ok(()),
    }
}

fn seal(name: &[u8], body: &[u8]) -> Vec<u8> {
    [tag(name, body).as_slice(), body].concat()
}

fn unseal<'a>(name: &[u8], sealed: &'a [u8]) -> Result<&'a [u8], StoreError> {
    let mut body = sealed;
    let found: [u8; 8] = take(&mut body).ok_or_else(|| damaged(name, "it is cut off"))?;
    if found != tag(name, body) {
        return Err(damaged(name, "its checksum does not match"));
    }
    Ok(body)
}

/// The tag that stands before a sealed value, unchecked.
fn tag_of(name: &[u8], sealed: &[u8]) -> Result<[u8; 8], StoreError> {
    sealed
        .first_chunk::<8>()
        .copied()
        .ok_or_else(|| damaged(name, "it is cut off"))
}

fn tag(name: &[u8], body: &[u8]) -> [u8; 8] {
    let digest: [u8; 32] = Sha256::new()
        .chain_update(VALUE_DOMAIN)
        .chain_update((name.len() as u32).to_be_bytes())
        .chain_update(name)
        .chain_update(body)
        .finalize()
        .into();
    digest.first_chunk::<8>().copied().unwrap_or_default()
}

fn digest_of(value: &[u8]) -> [u8; 32] {
    Sha256::digest(value).into()
}

fn damaged(name: &[u8], problem: &str) -> StoreError {
    let hex = user_key(name)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    StoreError::Damaged {
        key: hex,
        problem: problem.to_owned(),
    }
}
