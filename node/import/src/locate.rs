//! Which record a row is: its key, its home, and the id that follows from both.

use crdt_model::ids::{Name, NodeId, RecordId};
use crdt_model::kind::Kind;
use crdt_model::label::FacetId;

use crate::fields;
use crate::import::Import;
use crate::place::{Placed, catalogue_code, column_code};
use crate::row::{Columns, Row};
use crdt_model::text;
use crdt_model::text::Text;

/// Separates the hash of imported records' ids from every other use of SHA-256.
const RECORD_DOMAIN: &[u8] = b"countymesh imported record v1";

/// The record that a row of a source becomes: the first 16 bytes of SHA-256 over the domain, kind,
/// home, source and key, each preceded by its length, so that importing one file twice, or at two
/// nodes, meets the same record.
pub fn record_id(kind: Name, home: NodeId, source: &str, key: &str) -> RecordId {
    let home = home.to_string();
    let mut of = Vec::new();
    for part in [
        RECORD_DOMAIN,
        kind.as_str().as_bytes(),
        home.as_bytes(),
        source.as_bytes(),
        key.as_bytes(),
    ] {
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        of.extend(length.to_be_bytes());
        of.extend(part);
    }
    RecordId::of_digest(&of)
}

/// A row that has a key, a place and a record.
pub(super) struct Located<'a> {
    pub(super) row: &'a Row,
    pub(super) key: String,
    pub(super) placed: Placed,
    pub(super) record: RecordId,
}

/// A key as people read it.
pub(super) fn shown(key: &str) -> String {
    key.replace('\u{1F}', " ")
}

/// Finds a row's record, or says with its key, if it has one, why it has none.
pub(super) fn locate<'a>(
    import: &Import<'_>,
    kind: &Kind,
    columns: &Columns,
    row: &'a Row,
) -> Result<Located<'a>, (Option<String>, Text)> {
    let mapping = import.mapping;
    let key = fields::key(mapping, columns, row).map_err(|reason| (None, reason))?;
    let cell = |name: &Option<String>| {
        name.as_deref()
            .and_then(|name| columns.find(name))
            .and_then(|column| row.cell(column))
    };
    let home = &mapping.home;
    let code = if let Some(fixed) = home.fixed {
        Ok(fixed)
    } else if let Some(column) = &home.column {
        column_code(column, cell(&home.column))
    } else if home.civil.is_some() {
        catalogue_code(cell(&home.civil), cell(&home.grassroots))
    } else {
        Err(text!(
            "文件中没有所属节点，也没有指定（--home）",
            "the file does not say whose it is, and no `--home` was given"
        ))
    };
    let is_node = |node| import.rules.is_node(node);
    let placed = import
        .placement
        .place(&key, code, is_node, None)
        .or_else(|reason| held_under(import, kind, &key).ok_or(reason))
        .or_else(|reason| {
            import
                .placement
                .place(&key, Err(reason), is_node, import.fallback_home)
        });
    let placed = placed.map_err(|reason| (Some(shown(&key)), reason))?;
    let record = record_id(kind.kind, placed.home, &mapping.source, &key);
    Ok(Located {
        row,
        key,
        placed,
        record,
    })
}

/// The one node under which the importing node already holds this thing: news about a device need
/// not repeat where it stands.
fn held_under(import: &Import<'_>, kind: &Kind, key: &str) -> Option<Placed> {
    let holds = |home: &NodeId| {
        let record = record_id(kind.kind, *home, &import.mapping.source, key);
        kind.facets.iter().any(|facet| {
            let id = FacetId {
                record,
                facet: facet.name,
                home: *home,
                addressee: *home,
            };
            import.held.fields(&id).is_some()
        })
    };
    let homes: Vec<NodeId> = import.rules.nodes().into_iter().filter(holds).collect();
    match homes.as_slice() {
        [home] => Some(Placed {
            home: *home,
            area: *home,
            note: None,
        }),
        _ => None,
    }
}
