//! What the asker may read. Labels alone decide that, so the charter is asked once for each label that is
//! here, and rows are then filtered by the number of their label.

use crdt_model::ids::Name;
use crdt_model::label::Label;
use rusqlite::params;

use super::Tables;
use crate::error::ReadModelError;
use crate::rows::label_in;

/// Decides whether the asker may read facets with this label.
pub type MayRead<'a> = &'a dyn Fn(&Label) -> bool;

/// The labels that the asker may read, of one facet or of all facets.
pub(super) struct Readable {
    /// The labels' numbers, in ascending order.
    pub(super) labels: Vec<i64>,
    /// Whether the asker may read all labels that are here.
    pub(super) everything: bool,
}

impl Readable {
    /// Whether rows with this label may be read.
    pub(super) fn has(&self, label: i64) -> bool {
        self.labels.binary_search(&label).is_ok()
    }

    /// Their numbers as JSON, for `json_each`.
    pub(super) fn list(&self) -> String {
        let labels: Vec<String> = self.labels.iter().map(ToString::to_string).collect();
        format!("[{}]", labels.join(","))
    }
}

impl Tables {
    /// The labels that the asker may read, of one facet or of all facets.
    pub(super) fn readable(
        &self,
        facet: Option<Name>,
        may_read: MayRead<'_>,
    ) -> Result<Readable, ReadModelError> {
        let mut all = self.connection.prepare_cached(
            "SELECT id, facet, home, addressee, sensitivity, level FROM label \
             WHERE ?1 IS NULL OR facet = ?1 ORDER BY id",
        )?;
        let mut rows = all.query(params![facet.map(|facet| facet.to_string())])?;
        let mut readable = Readable {
            labels: Vec::new(),
            everything: true,
        };
        while let Some(row) = rows.next()? {
            // What cannot be read as a label may not be read.
            match label_in(row)?.is_some_and(|label| may_read(&label)) {
                true => readable.labels.push(row.get(0)?),
                false => readable.everything = false,
            }
        }
        Ok(readable)
    }
}
