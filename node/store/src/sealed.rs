//! Checksums, long values and the stamp, over any engine.

use std::ops::{Bound, ControlFlow};

use crdt_model::store::{Batch, Entry, StoreError};

use super::engine::{Changes, Engine, Take, Visit};
use super::layout::{
    ENTRY_KEYS, STAMP_KEY, check_lengths, damaged, entry_key, open_value, piece_names, seal,
    seal_value, tag_of, unseal, user_key, value_bytes,
};
use super::stamp::{Content, Mark, Stamp};

/// An engine whose values are checked.
#[derive(Debug)]
pub(super) struct Sealed<E> {
    engine: E,
    stamp: Stamp,
    /// Bytes of the entries' keys and values, once a census has counted them.
    live_bytes: u64,
}

/// What reading every entry found.
#[derive(Debug, Default)]
pub(super) struct Census {
    /// The entries that are whole.
    pub(super) content: Content,
    /// The keys of those that are not.
    pub(super) damaged: Vec<Vec<u8>>,
    /// Bytes of the keys and values that are whole.
    bytes: u64,
}

impl<E: Engine> Sealed<E> {
    /// Reads the stamp of an engine; `None` if it has none.
    pub(super) fn load(engine: E) -> Result<Option<Self>, StoreError> {
        let Some(sealed) = engine.get(STAMP_KEY)? else {
            return Ok(None);
        };
        let body = unseal(STAMP_KEY, &sealed)?;
        let stamp =
            Stamp::decode(body).ok_or_else(|| damaged(STAMP_KEY, "it has a wrong length"))?;
        Ok(Some(Self {
            engine,
            stamp,
            live_bytes: 0,
        }))
    }

    pub(super) fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// Bytes of all keys and values. They are right once a census or a copy has counted them.
    pub(super) fn live_bytes(&self) -> u64 {
        self.live_bytes
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
        let mut live_bytes = self.live_bytes;
        stamp.mark.batches += 1;
        let mut changes = Changes::new();
        for (key, change) in &batch.changes {
            check_lengths(key, change.as_deref())?;
            let name = entry_key(key);
            let old = self.engine.get_to_write(&name);
            if let Some(old) = old.map_err(|error| at_piece(&name, error))? {
                stamp.content.remove(tag_of(&name, &old)?);
                live_bytes = live_bytes.saturating_sub(entry_bytes(key, value_bytes(&old)));
                changes.extend(piece_names(&name, &old)?.map(|piece| (piece, None)));
                changes.insert(name.clone(), None);
            }
            if let Some(value) = change {
                let sealed = seal_value(&name, value, &mut changes);
                stamp.content.add(tag_of(&name, &sealed)?);
                live_bytes += entry_bytes(key, value.len());
                changes.insert(name, Some(sealed));
            }
        }
        self.apply(changes, stamp)?;
        self.live_bytes = live_bytes;
        Ok(())
    }

    /// Makes everything written so far durable.
    pub(super) fn sync(&mut self) -> Result<(), StoreError> {
        self.engine.sync()
    }

    /// Reads every entry.
    pub(super) fn census(&mut self) -> Result<Census, StoreError> {
        let mut census = Census::default();
        self.visit(
            &[ENTRY_KEYS],
            Bound::Included(&[ENTRY_KEYS]),
            &mut |name, sealed| {
                let opened = self.open_value(name, sealed);
                match opened.and_then(|value| Ok((tag_of(name, sealed)?, value.len()))) {
                    Ok((tag, length)) => {
                        census.content.add(tag);
                        census.bytes += entry_bytes(user_key(name), length);
                    }
                    Err(StoreError::Damaged { .. }) => census.damaged.push(user_key(name).to_vec()),
                    Err(error) => return Err(error),
                }
                Ok(ControlFlow::Continue(()))
            },
        )?;
        self.live_bytes = census.bytes;
        Ok(census)
    }

    /// Calls `visit` with every entry, in order.
    pub(super) fn each(&self, visit: &mut Take<'_>) -> Result<(), StoreError> {
        self.visit(
            &[ENTRY_KEYS],
            Bound::Included(&[ENTRY_KEYS]),
            &mut |name, sealed| {
                visit(user_key(name), &self.open_value(name, sealed)?)?;
                Ok(ControlFlow::Continue(()))
            },
        )
    }

    /// Fills an empty engine with the entries that `fill` gives, and stamps it.
    pub(super) fn filled(
        engine: E,
        mark: Mark,
        fill: impl FnOnce(&mut Take<'_>) -> Result<(), StoreError>,
    ) -> Result<Self, StoreError> {
        let mut stamp = Stamp::empty(mark);
        let mut new = Self {
            engine,
            stamp,
            live_bytes: 0,
        };
        let mut changes = Changes::new();
        let mut bytes = 0;
        fill(&mut |key, value| {
            let name = entry_key(key);
            bytes += name.len() + value.len();
            let sealed = seal_value(&name, value, &mut changes);
            stamp.content.add(tag_of(&name, &sealed)?);
            new.live_bytes += entry_bytes(key, value.len());
            changes.insert(name, Some(sealed));
            if bytes >= COPY_BATCH_BYTES {
                new.engine.write(&std::mem::take(&mut changes))?;
                bytes = 0;
            }
            Ok(())
        })?;
        new.apply(changes, stamp)?;
        Ok(new)
    }

    /// What the engine has at one of its keys.
    fn piece(&self, name: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.engine.get(name).map_err(|error| at_piece(name, error))
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
        open_value(name, sealed, &|piece| self.piece(piece))
    }
}

fn entry_bytes(key: &[u8], value_bytes: usize) -> u64 {
    (key.len() + value_bytes) as u64
}

/// An engine that cannot read a key does not know the user's, and says so with an empty one.
fn at_piece(name: &[u8], error: StoreError) -> StoreError {
    match error {
        StoreError::Damaged { key, problem } if key.is_empty() => damaged(name, &problem),
        other => other,
    }
}

/// Bytes after which copying writes them and starts another batch.
const COPY_BATCH_BYTES: usize = 1024 * 1024;

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
