//! Keeping up with the replica: facets that changed, as they change; and all of them, compared by the
//! digest of their heads, after a start, a purge or damage. Both in transactions of bounded size.

use std::collections::BTreeSet;
use std::time::Duration;

use crdt_model::label::{FacetId, Label};
use crdt_model::replica::{self, FacetEntry, Held};
use crdt_model::store::Store;
use crdt_model::time::Now;
use rusqlite::{OptionalExtension, params};

use super::access::label_in;
use super::file::{BUSY_WAIT, WRITTEN_AHEAD_PAGES};
use super::pages::Pages;
use super::rows::{self, Key, Rows};
use super::{ReadModel, ReadModelError, Tables};

/// Facets that are looked at in one go: the engine's other work waits that long. The more there are, the
/// more of them share the pages that change.
pub const SLICE_FACETS: usize = 1024;

/// Is shown every facet that is read from the replica, for whoever else wants to know of it; `None` is
/// one that is not held any more.
pub type Seen<'a> = &'a mut dyn FnMut(&FacetId, Option<&Held>);

/// Where catching up has come to.
#[derive(Clone, Debug, Default)]
pub(super) struct CatchUp {
    at: At,
    /// Facets of the replica that were looked at.
    looked_at: u64,
    /// Others were written meanwhile, so that counting tells nothing.
    disturbed: bool,
}

#[derive(Clone, Copy, Debug)]
enum At {
    /// Comparing what the replica has, up to this facet.
    Replica(Option<FacetId>),
    /// Looking for what only the read model has, up to this number.
    Rest(i64),
}

impl Default for At {
    fn default() -> Self {
        Self::Replica(None)
    }
}

/// How far it has caught up.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Progress {
    /// Facets that were compared.
    pub done: u64,
    /// Facets that the node holds.
    pub all: u64,
}

impl Tables {
    /// How many facets it has.
    pub fn facets(&self) -> Result<u64, ReadModelError> {
        let count = "SELECT count(*) FROM facet";
        Ok(self.connection.query_row(count, [], |row| row.get(0))?)
    }
}

impl ReadModel {
    /// Brings these facets to what the replica has of them, together.
    pub fn follow(
        &mut self,
        store: &dyn Store,
        facets: &BTreeSet<FacetId>,
        seen: Seen<'_>,
    ) -> Result<(), ReadModelError> {
        if let Some(catching_up) = &mut self.catching_up {
            catching_up.disturbed = true;
        }
        self.together(|model| {
            facets
                .iter()
                .try_for_each(|facet| model.update(store, facet, seen))
        })?;
        self.truncate()
    }

    /// Begins to compare everything.
    pub fn begin_catching_up(&mut self) {
        self.catching_up = Some(CatchUp::default());
    }

    /// Takes away, in one go, whatever the replica does not have any more.
    pub fn purge(&mut self, store: &dyn Store) -> Result<(), ReadModelError> {
        if let Some(catching_up) = &mut self.catching_up {
            catching_up.disturbed = true;
        }
        let mut after = Some(0);
        while let Some(from) = after {
            after = self.together(|model| model.drop_rest(store, from))?;
        }
        self.truncate()
    }

    /// Compares some more facets with the replica. Whether there is more to do.
    pub fn catch_up(&mut self, store: &dyn Store, seen: Seen<'_>) -> Result<bool, ReadModelError> {
        let Some(mut now) = self.catching_up.clone() else {
            self.truncate()?;
            return Ok(false);
        };
        let next = self.together(|model| match now.at {
            At::Replica(after) => model.compare(store, after, &mut now, seen),
            At::Rest(after) => Ok(model.drop_rest(store, after)?.map(At::Rest)),
        })?;
        self.catching_up = next.map(|at| CatchUp { at, ..now });
        self.truncate()?;
        Ok(self.catching_up.is_some())
    }

    /// How far it has come, if it is catching up; `all` is what the engine counts.
    pub fn progress(&self, all: u64) -> Option<Progress> {
        let catching_up = self.catching_up.as_ref()?;
        let done = catching_up.looked_at.min(all);
        Some(Progress { done, all })
    }

    /// Whether a program that reads keeps what was taken away from leaving the disk.
    pub fn is_hindered(&self) -> bool {
        self.truncate_due
    }

    /// Whether each page of the file is what was written, as far as that was not looked at just before.
    ///
    /// # Errors
    /// Something is damaged; nothing that it says can be relied on.
    pub fn verify(&mut self, now: Now) -> Result<(), ReadModelError> {
        self.pages.verify(&self.tables.connection, now)
    }

    /// The label that a facet has here, if it is here.
    pub fn label_of(&self, facet: &FacetId) -> Result<Option<Label>, ReadModelError> {
        let mut found = self.tables.connection.prepare_cached(
            "SELECT label.id, label.facet, label.home, label.addressee, label.sensitivity, label.level \
             FROM facet JOIN label ON label.id = facet.label \
             WHERE facet.record = ?1 AND facet.facet = ?2 AND facet.home = ?3 AND facet.addressee = ?4",
        )?;
        let key = Key::of(facet);
        let keys = params![key.record, key.facet.as_str(), key.home, key.addressee];
        let found = found.query_row(keys, label_in).optional()?;
        match found {
            Some(label) => Ok(Some(label.ok_or_else(unreadable)?)),
            None => Ok(None),
        }
    }

    fn compare(
        &mut self,
        store: &dyn Store,
        after: Option<FacetId>,
        now: &mut CatchUp,
        seen: Seen<'_>,
    ) -> Result<Option<At>, ReadModelError> {
        let entries = replica::facets_after(store, after.as_ref(), SLICE_FACETS)?;
        for (facet, entry) in &entries {
            if !self.has(facet, entry)? {
                self.update(store, facet, seen)?;
            }
        }
        now.looked_at += entries.len() as u64;
        let last = entries.last().map(|(facet, _)| *facet);
        if entries.len() == SLICE_FACETS {
            return Ok(Some(At::Replica(last)));
        }
        // It has all that the replica has; if it has as many, it has nothing else.
        let same = !now.disturbed && self.facets()? == now.looked_at;
        Ok((!same).then_some(At::Rest(0)))
    }

    /// Whether a facet is here as the replica has it.
    fn has(&mut self, facet: &FacetId, entry: &FacetEntry) -> Result<bool, ReadModelError> {
        let Some(label) = self.known_label(&facet.label(entry.grade))? else {
            return Ok(false);
        };
        // `+` keeps SQLite from looking through all that has the label.
        let mut found = self.tables.connection.prepare_cached(
            "SELECT 1 FROM facet WHERE record = ?1 AND facet = ?2 AND home = ?3 AND addressee = ?4 \
             AND +label = ?5 AND heads = ?6",
        )?;
        let key = Key::of(facet);
        Ok(found.exists(params![
            key.record,
            key.facet.as_str(),
            key.home,
            key.addressee,
            label,
            entry.digest.as_slice(),
        ])?)
    }

    fn update(
        &mut self,
        store: &dyn Store,
        facet: &FacetId,
        seen: Seen<'_>,
    ) -> Result<(), ReadModelError> {
        let held = replica::held(store, facet)?;
        seen(facet, held.as_ref());
        let Some(Held {
            entry, document, ..
        }) = held
        else {
            return self.remove(facet);
        };
        let label = self.label(&facet.label(entry.grade))?;
        let rows = Rows {
            key: Key::of(facet),
            entry: &entry,
            label,
            table: self.tables.place.schema.table(facet.facet),
            document: &document,
        };
        Ok(rows.put(&self.tables.connection)?)
    }

    fn remove(&mut self, facet: &FacetId) -> Result<(), ReadModelError> {
        let table = self.tables.place.schema.table(facet.facet);
        self.truncate_due |= rows::remove(&self.tables.connection, table, facet)?;
        Ok(())
    }

    /// Removes, of some facets after this number, those that the replica does not have. The number
    /// to go on after.
    fn drop_rest(&mut self, store: &dyn Store, after: i64) -> Result<Option<i64>, ReadModelError> {
        let some = "SELECT id, record, facet, home, addressee FROM facet WHERE id > ?1 \
                    ORDER BY id LIMIT ?2";
        let found: Vec<(i64, Option<FacetId>)> = {
            let mut some = self.tables.connection.prepare_cached(some)?;
            let rows = some.query_map(params![after, SLICE_FACETS], |row| {
                Ok((row.get(0)?, facet_in(row, 1)?))
            })?;
            rows.collect::<Result<_, _>>()?
        };
        for (_, facet) in &found {
            let facet = facet.ok_or_else(unreadable)?;
            if replica::facet_entry(store, &facet)?.is_none() {
                self.remove(&facet)?;
            }
        }
        let last = found.last().map(|(id, _)| *id);
        if found.len() < SLICE_FACETS {
            self.drop_unused_labels()?;
            return Ok(None);
        }
        Ok(last)
    }

    /// Labels tell what was here.
    fn drop_unused_labels(&mut self) -> Result<(), ReadModelError> {
        let drop = "DELETE FROM label \
                    WHERE NOT EXISTS (SELECT 1 FROM facet WHERE facet.label = label.id)";
        if self.tables.connection.execute(drop, [])? > 0 {
            self.labels.clear();
        }
        Ok(())
    }

    /// The number of a label, if it has one.
    fn known_label(&mut self, label: &Label) -> Result<Option<i64>, ReadModelError> {
        if let Some(id) = self.labels.get(label) {
            return Ok(Some(*id));
        }
        let mut found = self.tables.connection.prepare_cached(
            "SELECT id FROM label WHERE facet = ?1 AND home = ?2 AND addressee = ?3 \
             AND sensitivity = ?4 AND level = ?5",
        )?;
        let id = found
            .query_row(label_params(label), |row| row.get(0))
            .optional()?;
        if let Some(id) = id {
            self.labels.insert(*label, id);
        }
        Ok(id)
    }

    fn label(&mut self, label: &Label) -> Result<i64, ReadModelError> {
        if let Some(id) = self.known_label(label)? {
            return Ok(id);
        }
        let mut put = self.tables.connection.prepare_cached(
            "INSERT INTO label(facet, home, addressee, sensitivity, level) \
             VALUES(?1, ?2, ?3, ?4, ?5)",
        )?;
        let id = put.insert(label_params(label))?;
        self.labels.insert(*label, id);
        Ok(id)
    }

    /// All of it or nothing.
    fn together<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, ReadModelError>,
    ) -> Result<T, ReadModelError> {
        self.pages.writes()?;
        self.tables.connection.execute_batch("BEGIN IMMEDIATE")?;
        let done = work(self).and_then(|done| {
            self.tables.connection.execute_batch("COMMIT")?;
            Ok(done)
        });
        if done.is_err() {
            // The numbers of labels that were given are not there any more.
            self.labels.clear();
            if !self.tables.connection.is_autocommit() {
                // It has failed for a reason that is reported.
                let _ = self.tables.connection.execute_batch("ROLLBACK");
            }
        }
        let noted = self.pages.wrote();
        let done = done?;
        noted?;
        Ok(done)
    }

    /// Empties the file that is written ahead, if something was taken away or it has become long.
    /// Whoever reads just now stops that; then it is done later.
    fn truncate(&mut self) -> Result<(), ReadModelError> {
        if self.truncate_due || Pages::ahead(&self.tables.connection)? >= WRITTEN_AHEAD_PAGES {
            // It would wait for readers with everything else of the node.
            self.tables.connection.busy_timeout(Duration::ZERO)?;
            let busy = self.pages.write_back(&self.tables.connection);
            self.tables.connection.busy_timeout(BUSY_WAIT)?;
            self.truncate_due &= busy?;
        }
        Ok(())
    }
}

fn label_params(label: &Label) -> [String; 5] {
    [
        label.facet.to_string(),
        label.home.to_string(),
        label.addressee.to_string(),
        label.grade.sensitivity.to_string(),
        label.grade.level.to_string(),
    ]
}

/// The facet in four columns from this one on; `None` if they are not one.
pub(super) fn facet_in(row: &rusqlite::Row<'_>, from: usize) -> rusqlite::Result<Option<FacetId>> {
    let part = |at: usize| row.get::<_, String>(from + at);
    let [record, facet, home, addressee] = [part(0)?, part(1)?, part(2)?, part(3)?];
    let parsed = || {
        Some(FacetId {
            record: record.parse().ok()?,
            facet: facet.parse().ok()?,
            home: home.parse().ok()?,
            addressee: addressee.parse().ok()?,
        })
    };
    Ok(parsed())
}

/// A row is not what this program writes.
pub(super) fn unreadable() -> ReadModelError {
    rusqlite::Error::InvalidQuery.into()
}
