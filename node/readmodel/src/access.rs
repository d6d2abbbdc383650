//! What somebody may read. A decision rests on nothing but a label, so it is asked once for each
//! label that is here, and rows are told apart by the number of their label alone.

use crdt_model::ids::Name;
use crdt_model::label::{Grade, Label};
use rusqlite::{Row, params};

use super::{ReadModelError, Tables};

/// Says whether facets with this label may be read.
pub type MayRead<'a> = &'a dyn Fn(&Label) -> bool;

/// The labels that may be read, of one facet or of all.
pub(super) struct Readable {
    /// Their numbers, in order.
    pub(super) labels: Vec<i64>,
    /// Whether no label here may not be read.
    pub(super) everything: bool,
}

impl Readable {
    /// Whether rows with this label may be read.
    pub(super) fn has(&self, label: i64) -> bool {
        self.labels.binary_search(&label).is_ok()
    }

    /// Their numbers as a list that SQL can look into.
    pub(super) fn list(&self) -> String {
        let labels: Vec<String> = self.labels.iter().map(ToString::to_string).collect();
        format!("[{}]", labels.join(","))
    }
}

impl Tables {
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

pub(super) fn label_in(row: &Row<'_>) -> rusqlite::Result<Option<Label>> {
    let part = |at: usize| row.get::<_, String>(at);
    let [facet, home, addressee] = [part(1)?, part(2)?, part(3)?];
    let [sensitivity, level] = [part(4)?, part(5)?];
    let parsed = || {
        Some(Label {
            facet: facet.parse().ok()?,
            home: home.parse().ok()?,
            addressee: addressee.parse().ok()?,
            grade: Grade {
                sensitivity: sensitivity.parse().ok()?,
                level: level.parse().ok()?,
            },
        })
    };
    Ok(parsed())
}
