//! From rows to drafts: which record a row is, what of it is new, and what may be written.
//!
//! A row that names the same thing in the same source is the same record, wherever and however
//! often it is imported. Fields that a file does not have are never cleared, and records that it
//! does not have are never deleted.

use std::collections::BTreeMap;
use std::mem;

use crdt_model::draft::Draft;
use crdt_model::ids::RecordId;
use crdt_model::kind::{Facet, Kind};
use crdt_model::label::FacetId;
use crdt_model::value::Value;

use crate::changes::Changes;
use crate::fields;
use crate::import::Import;
use crate::locate::{Located, locate, shown};
use crate::outcome::{Outcome, RowOutcome};
use crate::row::{Columns, Row};
use crdt_model::text;

/// Lines that a reason lists by number.
const LINES_SHOWN_MAX: usize = 8;

/// What was planned, row by row.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) rows: Vec<RowOutcome>,
    pub(super) drafts: Vec<Draft>,
}

/// Plans all rows. Rows that name one record must say the same, or all of them are refused.
pub(super) fn plan(import: &Import<'_>, kind: &Kind, columns: &Columns, rows: &[Row]) -> Plan {
    let mut plan = Plan::default();
    let mut located = Vec::new();
    for row in rows {
        match locate(import, kind, columns, row) {
            Ok(found) => located.push(found),
            Err((key, reason)) => {
                let outcome = Outcome::Refused { reason };
                plan.rows
                    .push(RowOutcome::new(row.place.clone(), key, outcome));
            }
        }
    }
    let mut groups: BTreeMap<RecordId, Group> = BTreeMap::new();
    for (index, found) in located.iter().enumerate() {
        let line = found.row.place.line;
        match groups.get_mut(&found.record) {
            None => {
                groups.insert(
                    found.record,
                    Group {
                        first: index,
                        lines: vec![line],
                        same: true,
                    },
                );
            }
            Some(group) => {
                let first = located.get(group.first);
                group.same &= first.is_some_and(|first| first.row.same_cells(found.row));
                group.lines.push(line);
            }
        }
    }
    for (index, found) in located.iter().enumerate() {
        let repeated = groups
            .get(&found.record)
            .and_then(|group| group.repeated(index));
        if let Some(outcome) = repeated {
            let place = found.row.place.clone();
            let mut row = RowOutcome::new(place, Some(shown(&found.key)), outcome);
            row.home = Some(found.placed.home);
            plan.rows.push(row);
            continue;
        }
        plan_row(import, kind, columns, found, &mut plan);
    }
    plan.rows
        .sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
    plan
}

/// The rows that name one record.
struct Group {
    first: usize,
    lines: Vec<u64>,
    same: bool,
}

impl Group {
    /// What becomes of one of its rows, unless it is planned like any other.
    fn repeated(&self, index: usize) -> Option<Outcome> {
        if self.lines.len() < 2 || (self.same && self.first == index) {
            return None;
        }
        let shown = self.lines.iter().take(LINES_SHOWN_MAX);
        let shown: Vec<String> = shown.map(u64::to_string).collect();
        let (mut zh, mut en) = (shown.join("、"), shown.join(", "));
        if self.lines.len() > LINES_SHOWN_MAX {
            zh.push_str("……");
            en.push_str(", …");
        }
        Some(if self.same {
            Outcome::Skipped {
                reason: text!("与其他行完全相同（第 {zh} 行）", "lines {en} say the same"),
            }
        } else {
            Outcome::Refused {
                reason: text!(
                    "第 {zh} 行编号相同但内容不同，均未导入",
                    "lines {en} have the same key and differ, so none was imported"
                ),
            }
        })
    }
}

fn plan_row(
    import: &Import<'_>,
    kind: &Kind,
    columns: &Columns,
    found: &Located<'_>,
    plan: &mut Plan,
) {
    let Located {
        row,
        key,
        placed,
        record,
    } = found;
    let place = row.place.clone();
    let mut mapped = match fields::map(import.mapping, kind, placed.home, columns, row) {
        Ok(mapped) => mapped,
        Err(reason) => {
            let mut refused = RowOutcome::new(place, Some(shown(key)), Outcome::Refused { reason });
            refused.home = Some(placed.home);
            refused.notes.clone_from(&row.notes);
            plan.rows.push(refused);
            return;
        }
    };
    if let Some(area) = &import.mapping.area
        && let Some(fields) = mapped.facets.get_mut(&area.facet)
    {
        fields.insert(
            area.field.name.to_string(),
            Value::Text(placed.area.to_string()),
        );
    }
    let facets = mem::take(&mut mapped.facets);
    let mut changes = Changes::new(import, kind, &mapped);
    let id_of = |facet: &Facet| FacetId {
        record: *record,
        facet: facet.name,
        home: placed.home,
        addressee: placed.home,
    };
    let planned = changes.record(&facets, id_of);
    let outcome = match planned {
        Ok(()) => changes.outcome(),
        Err(reason) => {
            changes.drafts.clear();
            Outcome::Refused { reason }
        }
    };
    let Changes {
        mut drafts,
        withheld,
        ..
    } = changes;
    let mut outcome = RowOutcome::new(place, Some(shown(key)), outcome);
    outcome.record = Some(*record);
    outcome.home = Some(placed.home);
    outcome.notes = row.notes.clone();
    outcome.notes.extend(placed.note.clone());
    outcome.notes.append(&mut mapped.notes);
    if !matches!(outcome.outcome, Outcome::Refused { .. }) {
        outcome.withheld = withheld;
    }
    plan.rows.push(outcome);
    plan.drafts.append(&mut drafts);
}
