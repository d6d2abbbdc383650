//! Full-text search: the texts of all facets that somebody may read, the latest first.

use std::cmp::Reverse;

use crdt_model::ids::Name;
use crdt_model::label::FacetId;

use super::Tables;
use super::access::MayRead;
use crate::error::{ReadModelError, unreadable};
use crate::rows::facet_in;
use crate::text;

/// What is looked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Search<'a> {
    /// Words that blanks part; each must be in the same facet.
    pub text: &'a str,
    /// Only in these facets; in all if none is listed.
    pub facets: &'a [Name],
    /// How many to leave out.
    pub offset: usize,
    /// How many to give, at most.
    pub limit: usize,
}

/// One facet in which it was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hit {
    /// The facet.
    pub facet: FacetId,
    /// The latest wall time of its values in force.
    pub changed_ms: u64,
    /// The key in which it was found first.
    pub key: String,
    /// What stands before it, cut.
    pub before: String,
    /// What was found, as it stands there.
    pub found: String,
    /// What stands after it, cut.
    pub after: String,
}

/// A page of hits.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Hits {
    /// The hits.
    pub hits: Vec<Hit>,
    /// How many there are on all pages.
    pub total: u64,
}

impl Tables {
    /// Searches what somebody may read; `None` if there is no word in what is looked for.
    pub fn search(
        &self,
        search: &Search<'_>,
        may_read: MayRead<'_>,
    ) -> Result<Option<Hits>, ReadModelError> {
        let Some(phrases) = text::phrases(search.text) else {
            return Ok(None);
        };
        let wanted = |facet: Name| search.facets.is_empty() || search.facets.contains(&facet);
        let readable = self.readable(None, &|label| wanted(label.facet) && may_read(label))?;
        if readable.labels.is_empty() {
            return Ok(Some(Hits::default()));
        }
        // Only numbers are looked at here: texts are read of those on the page alone.
        let mut all = self.connection.prepare_cached(
            "SELECT facet.id, facet.label, facet.changed_ms FROM search \
             CROSS JOIN facet ON facet.id = search.rowid WHERE search MATCH ?1",
        )?;
        let mut rows = all.query([&phrases])?;
        let mut found: Vec<(Reverse<u64>, i64)> = Vec::new();
        while let Some(row) = rows.next()? {
            if readable.has(row.get(1)?) {
                found.push((Reverse(row.get(2)?), row.get(0)?));
            }
        }
        let total = found.len() as u64;
        let last = search.offset.saturating_add(search.limit);
        if last < found.len() {
            found.select_nth_unstable(last);
            found.truncate(last);
        }
        found.sort_unstable();
        let page = found.iter().skip(search.offset).take(search.limit);
        let hits = page.map(|(_, id)| self.hit(search.text, *id));
        Ok(Some(Hits {
            hits: hits.collect::<Result<_, _>>()?,
            total,
        }))
    }

    fn hit(&self, wanted: &str, id: i64) -> Result<Hit, ReadModelError> {
        let mut one = self
            .connection
            .prepare_cached("SELECT text, fields FROM search WHERE rowid = ?1")?;
        let texts = one.query_row([id], |row| Ok((row.get(0)?, row.get(1)?)));
        let (text, keys): (String, String) = texts?;
        let mut facet = self.connection.prepare_cached(
            "SELECT changed_ms, record, facet, home, addressee FROM facet WHERE id = ?1",
        )?;
        let (changed_ms, facet) =
            facet.query_row([id], |row| Ok((row.get(0)?, facet_in(row, 1)?)))?;
        let excerpt = text::excerpt(&text, wanted);
        let key = keys.lines().nth(excerpt.field).unwrap_or_default();
        Ok(Hit {
            facet: facet.ok_or_else(unreadable)?,
            changed_ms,
            key: key.to_owned(),
            before: excerpt.before,
            found: excerpt.found,
            after: excerpt.after,
        })
    }
}
