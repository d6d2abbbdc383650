//! The read model: opens the tables in its folder, or makes them anew if they are not what this program
//! would make, and keeps them as the replica has it.
//!
//! Facets that changed are updated as they change. After a start, a purge or damage, all facets are
//! compared by the digest of their heads. Both run in transactions of bounded size.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crdt_model::kind::Kinds;
use crdt_model::label::{FacetId, Label};
use crdt_model::replica::{self, FacetEntry, Held};
use crdt_model::store::Store;
use crdt_model::time::Now;
use policy::reading::tables::Schema;
use rusqlite::{Connection, OptionalExtension, params};

use super::catalogue::{self, Owner};
use super::error::{ReadModelError, unreadable};
use super::file::{self, BUSY_WAIT, FILE_NAME};
use super::pages::Pages;
use super::rows::{self, Key, Rows, facet_in, label_in};
use super::tables::{Place, Tables};

/// Facets that are looked at in one go: the engine's other work waits that long. The more there are, the
/// more of them share the pages that change.
pub const SLICE_FACETS: usize = 1024;
/// Pages that are written ahead before they go to their places. Pages that change often, such as those of
/// indexes, go there once for many changes.
const WRITTEN_AHEAD_PAGES: usize = 4_096;

/// Called with every facet that is read from the replica, so that others learn of it without reading it
/// again; `None` stands for a facet that is not held any more.
pub type Seen<'a> = &'a mut dyn FnMut(&FacetId, Option<&Held>);

/// The read model of one node.
pub struct ReadModel {
    tables: Tables,
    // Dropped after the connection.
    pages: Pages,
    folder: PathBuf,
    /// A cache of the labels' numbers.
    labels: BTreeMap<Label, i64>,
    catching_up: Option<CatchUp>,
    /// Whether something was deleted that may still be in the file that SQLite writes ahead.
    truncate_due: bool,
}

impl Deref for ReadModel {
    type Target = Tables;
    fn deref(&self) -> &Tables {
        &self.tables
    }
}

/// What became of the tables that were in the folder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Opened {
    /// They are in use.
    Kept,
    /// There were none, so new ones were made.
    Made,
    /// They were thrown away, for this reason, and new ones were made.
    MadeAnew(String),
}

/// How far catching up has come.
#[derive(Clone, Debug, Default)]
struct CatchUp {
    at: At,
    /// Facets of the replica that were compared.
    looked_at: u64,
    /// Whether facets were written meanwhile, so that equal counts prove nothing.
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

/// How far catching up has come, as people see it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Progress {
    /// Facets that were compared.
    pub done: u64,
    /// Facets that the node holds.
    pub all: u64,
}

impl ReadModel {
    /// Opens the read model in this folder. It is made anew if it was made for other kinds or by another
    /// version of this program, or if it cannot be read. In any case it has to catch up.
    pub fn open(
        folder: &Path,
        kinds: &Kinds,
        owner: Owner,
    ) -> Result<(Self, Opened), ReadModelError> {
        let schema = Schema::new(kinds);
        let found = folder.join(FILE_NAME).exists();
        let opened = match found {
            true => Pages::open(folder).and_then(|pages| Ok((pages, file::open(folder, &schema)?))),
            false => Err(ReadModelError::Damaged("it is not there".to_owned())),
        };
        let why = match opened {
            Ok((pages, connection)) => match file::written_schema(&connection) {
                Ok(Some(written)) if written == schema.digest() => {
                    let model = Self::over(connection, pages, folder, schema);
                    match model.write_catalogue(kinds, owner) {
                        Ok(()) => return Ok((model, Opened::Kept)),
                        Err(error) if error.is_full() => return Err(error),
                        Err(error) => error.to_string(),
                    }
                }
                Ok(_) => "it was made for other tables".to_owned(),
                Err(error) => error.to_string(),
            },
            Err(error) if error.is_busy() || error.is_full() => return Err(error),
            Err(error) => error.to_string(),
        };
        let model = Self::make(folder, kinds, owner)?;
        let opened = match found {
            true => Opened::MadeAnew(why),
            false => Opened::Made,
        };
        Ok((model, opened))
    }

    /// Makes an empty read model in place of what is in the folder.
    pub fn make(folder: &Path, kinds: &Kinds, owner: Owner) -> Result<Self, ReadModelError> {
        file::remove(folder)?;
        let schema = Schema::new(kinds);
        let mut connection = file::open(folder, &schema)?;
        let all = connection.transaction()?;
        for statement in schema.statements() {
            all.execute_batch(statement)?;
        }
        all.commit()?;
        let pages = Pages::of_new(folder, &connection)?;
        let model = Self::over(connection, pages, folder, schema);
        model.write_catalogue(kinds, owner)?;
        Ok(model)
    }

    fn over(connection: Connection, pages: Pages, folder: &Path, schema: Schema) -> Self {
        let schema = Arc::new(schema);
        Self {
            tables: Tables {
                connection,
                place: Place {
                    path: folder.join(FILE_NAME),
                    schema,
                    found: pages.found(),
                },
                call_offs: Vec::new(),
            },
            pages,
            folder: folder.to_owned(),
            labels: BTreeMap::new(),
            catching_up: Some(CatchUp::default()),
            // A crash may have come between a purge and this.
            truncate_due: true,
        }
    }

    /// Throws everything away and makes an empty read model for these kinds.
    pub fn start_over(self, kinds: &Kinds, owner: Owner) -> Result<Self, ReadModelError> {
        let folder = self.folder.clone();
        // Its files must not be written any more.
        drop(self);
        Self::make(&folder, kinds, owner)
    }

    /// Follows a change of charter. The rows stay if the new charter has the same tables; otherwise the
    /// read model is made anew and has to catch up. Returns whether it was made anew.
    pub fn change_kinds(self, kinds: &Kinds, owner: Owner) -> Result<(Self, bool), ReadModelError> {
        if Schema::new(kinds).digest() == self.tables.place.schema.digest() {
            self.write_catalogue(kinds, owner)?;
            return Ok((self, false));
        }
        Ok((self.start_over(kinds, owner)?, true))
    }

    /// Bytes that the read model takes on disk.
    pub fn disk_bytes(&self) -> u64 {
        file::disk_bytes(&self.folder)
    }

    fn write_catalogue(&self, kinds: &Kinds, owner: Owner) -> Result<(), ReadModelError> {
        let Tables {
            connection, place, ..
        } = &self.tables;
        Ok(catalogue::write(connection, &place.schema, kinds, owner)?)
    }

    /// Updates these facets from the replica, in one transaction.
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

    /// Begins to compare all facets with the replica.
    pub fn begin_catching_up(&mut self) {
        self.catching_up = Some(CatchUp::default());
    }

    /// Deletes at once everything that the replica does not have any more.
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

    /// Compares some more facets with the replica. Returns whether there is more to do.
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

    /// How far catching up has come, if it is under way. `all` is the number of facets that the engine
    /// counts.
    pub fn progress(&self, all: u64) -> Option<Progress> {
        let catching_up = self.catching_up.as_ref()?;
        let done = catching_up.looked_at.min(all);
        Some(Progress { done, all })
    }

    /// Whether a program that reads the file keeps deleted bytes on the disk.
    pub fn is_hindered(&self) -> bool {
        self.truncate_due
    }

    /// Checks the checksum of every page, unless that was done just before.
    ///
    /// # Errors
    /// A page is damaged, so no answer can be relied on.
    pub fn verify(&mut self, now: Now) -> Result<(), ReadModelError> {
        self.pages.verify(&self.tables.connection, now)
    }

    /// The label of a facet, if the read model has the facet.
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
        // Every facet of the replica is here by now. If the counts are equal, there is nothing else here.
        let same = !now.disturbed && self.facets()? == now.looked_at;
        Ok((!same).then_some(At::Rest(0)))
    }

    /// Whether the read model has a facet with the label and the heads that the replica has.
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

    /// Looks at some facets after this number, and removes those that the replica does not have. Returns
    /// the number to go on after; `None` when all were looked at.
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

    /// Removes labels that no facet has: they would tell what was here.
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

    /// Does some work in one transaction.
    fn together<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, ReadModelError>,
    ) -> Result<T, ReadModelError> {
        self.pages.writes()?;
        if let Err(error) = self.tables.connection.execute_batch("BEGIN IMMEDIATE") {
            self.pages.wrote_nothing();
            return Err(error.into());
        }
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

    /// Empties the file that SQLite writes ahead, if something was deleted or the file has become long.
    /// A reader can prevent that; then it is tried again later.
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

impl Drop for ReadModel {
    fn drop(&mut self) {
        // What stays written ahead is brought to its places after the next start.
        let _ = self.pages.write_back(&self.tables.connection);
    }
}
