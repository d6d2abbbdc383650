//! How far nodes were heard: the latest beat of each.

use std::collections::BTreeMap;

use crdt_model::ids::{Name, NodeId};
use crdt_model::time::WallTime;
use policy::reading::tables::quoted;
use rusqlite::params;

use super::Tables;
use super::access::MayRead;
use crate::error::ReadModelError;

impl Tables {
    /// The latest beat of each home, as far as it may be read. One from a clock that is ahead of
    /// `now` says nothing.
    pub fn heard(
        &self,
        beats: Name,
        now: WallTime,
        may_read: MayRead<'_>,
    ) -> Result<BTreeMap<NodeId, WallTime>, ReadModelError> {
        let mut heard = BTreeMap::new();
        let table = self.place.schema.table(beats);
        let Some((table, growing)) = table.and_then(|one| Some((one, one.growing.first()?))) else {
            return Ok(heard);
        };
        let sql = format!(
            "SELECT home, max(value) FROM {} WHERE value <= ?1 AND facet_id IN \
             (SELECT facet_id FROM {} WHERE label IN (SELECT value FROM json_each(?2))) GROUP BY home",
            quoted(&growing.name),
            quoted(&table.name),
        );
        let mut latest = self.connection.prepare_cached(&sql)?;
        let readable = self.readable(Some(beats), may_read)?.list();
        let now = i64::try_from(now.ms).unwrap_or(i64::MAX);
        let mut rows = latest.query(params![now, readable])?;
        while let Some(row) = rows.next()? {
            let (home, at): (String, i64) = (row.get(0)?, row.get(1)?);
            if let (Ok(home), Ok(ms)) = (home.parse(), u64::try_from(at)) {
                heard.insert(home, WallTime::from_ms(ms));
            }
        }
        Ok(heard)
    }
}
