//! Checksums, long values and the stamp, over any engine.

use std::ops::{Bound, ControlFlow};

use crdt_model::store::{Batch, Entry, StoreError};

use super::engine::{Changes, Engine, Visit};
use super::layout::{
    ENTRY_KEYS, LONG, Long, SHORT, STAMP_KEY, VALUE_BYTES_MAX, check_lengths, damaged, digest_of,
    entry_key, piece_names, piece_prefix, seal, seal_value, tag_of, unseal, user_key,
};
use super::stamp::{Content, Mark, Stamp};

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
            let old = self.engine.get_to_write(&name);
            if let Some(old) = old.map_err(|error| at_piece(&name, error))? {
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
