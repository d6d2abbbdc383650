//! What was written and does not count, because two machines wrote as one node: every such value that
//! somebody may read, the latest first.

use crdt_model::ids::{Name, NodeId};
use crdt_model::kind::FieldType;
use crdt_model::label::FacetId;
use crdt_model::value::Value;

use super::Tables;
use super::access::MayRead;
use super::find::value_in;
use crate::error::{ReadModelError, unreadable};
use crate::rows::facet_in;

/// One value that does not count.
#[derive(Clone, PartialEq, Debug)]
pub struct LeftOut {
    /// The facet.
    pub facet: FacetId,
    /// The key of the field.
    pub key: String,
    /// The value; `None` where the field was cleared.
    pub value: Option<Value>,
    /// The node that wrote it.
    pub author: NodeId,
    /// What its clock showed, in milliseconds.
    pub wall_ms: u64,
}

impl Tables {
    /// How many values do not count, whoever may read them.
    pub fn left_out_count(&self) -> Result<u64, ReadModelError> {
        let count = "SELECT count(*) FROM left_out";
        let mut count = self.connection.prepare_cached(count)?;
        Ok(count.query_row([], |row| row.get(0))?)
    }

    /// How many there are of one facet that somebody may read.
    pub(super) fn left_out_of(
        &self,
        facet: Name,
        may_read: MayRead<'_>,
    ) -> Result<u64, ReadModelError> {
        let mut labels = self.connection.prepare_cached(
            "SELECT facet.label FROM left_out CROSS JOIN facet ON facet.id = left_out.facet_id \
             WHERE left_out.facet = ?1",
        )?;
        let readable = self.readable(Some(facet), may_read)?;
        let mut rows = labels.query([facet.as_str()])?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            count += u64::from(readable.has(row.get(0)?));
        }
        Ok(count)
    }

    /// A page of those that somebody may read, and how many there are on all pages.
    pub fn left_out(
        &self,
        offset: usize,
        limit: usize,
        may_read: MayRead<'_>,
    ) -> Result<(Vec<LeftOut>, u64), ReadModelError> {
        let readable = self.readable(None, may_read)?;
        let mut all = self.connection.prepare_cached(
            "SELECT facet.label, facet.record, facet.facet, facet.home, facet.addressee, \
             left_out.key, left_out.value, left_out.author, left_out.wall_ms FROM left_out \
             CROSS JOIN facet ON facet.id = left_out.facet_id \
             ORDER BY left_out.wall_ms DESC, facet.record, left_out.key, left_out.rowid",
        )?;
        let mut rows = all.query([])?;
        let (mut page, mut total) = (Vec::new(), 0_usize);
        while let Some(row) = rows.next()? {
            if !readable.has(row.get(0)?) {
                continue;
            }
            total += 1;
            if total > offset && page.len() < limit {
                page.push(LeftOut {
                    facet: facet_in(row, 1)?.ok_or_else(unreadable)?,
                    key: row.get(5)?,
                    value: value_in(row.get_ref(6)?, FieldType::Text),
                    author: parsed(&row.get::<_, String>(7)?)?,
                    wall_ms: row.get(8)?,
                });
            }
        }
        Ok((page, total as u64))
    }
}

fn parsed(node: &str) -> Result<NodeId, ReadModelError> {
    node.parse().map_err(|_| unreadable())
}
