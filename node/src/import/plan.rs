//! From rows to drafts: which record a row is, what of it is new, and what may be written.
//!
//! A row that names the same thing in the same source is the same record, wherever and however
//! often it is imported. Fields that a file does not have are never cleared, and records that it
//! does not have are never deleted.

use std::collections::BTreeMap;
use std::mem;

use crdt_model::draft::Draft;
use crdt_model::ids::{Name, NodeId, RecordId};
use crdt_model::kind::{Facet, Kind};
use crdt_model::label::{FacetId, Grade};
use crdt_model::value::Value;
use sha2::{Digest, Sha256};

use crate::import::Import;
use crate::import::fields::{self, Mapped, value_problem};
use crate::import::limits::{DRAFT_BYTES_MAX, OPERATION_OVERHEAD_BYTES};
use crate::import::place::{Placed, catalogue_code, column_code};
use crate::import::preview::{Outcome, RowOutcome, Withheld};
use crate::import::source::{Columns, Row};
use crate::text;
use crate::text::Text;

/// Separates the hash of imported records' ids from every other use of SHA-256.
const RECORD_DOMAIN: &[u8] = b"countymesh imported record v1";

/// The record that a row of a source becomes: the first 16 bytes of SHA-256 over the domain, kind,
/// home, source and key, each preceded by its length, so that importing one file twice, or at two
/// nodes, meets the same record.
pub fn record_id(kind: Name, home: NodeId, source: &str, key: &str) -> RecordId {
    let mut hasher = Sha256::new();
    let home = home.to_string();
    let parts = [
        RECORD_DOMAIN,
        kind.as_str().as_bytes(),
        home.as_bytes(),
        source.as_bytes(),
    ];
    for part in parts.into_iter().chain([key.as_bytes()]) {
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        hasher.update(length.to_be_bytes());
        hasher.update(part);
    }
    let mut id = [0; 16];
    id.iter_mut()
        .zip(hasher.finalize())
        .for_each(|(to, from)| *to = from);
    RecordId(id)
}

/// What was planned, row by row.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) rows: Vec<RowOutcome>,
    pub(super) drafts: Vec<Draft>,
}

/// A row that has a key, a place and a record.
struct Located<'a> {
    row: &'a Row,
    key: String,
    placed: Placed,
    record: RecordId,
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
    let mut by_record: BTreeMap<RecordId, Vec<usize>> = BTreeMap::new();
    for (index, found) in located.iter().enumerate() {
        by_record.entry(found.record).or_default().push(index);
    }
    for (index, found) in located.iter().enumerate() {
        let group = by_record.get(&found.record).map_or(&[][..], Vec::as_slice);
        let others = group.iter().filter_map(|other| located.get(*other));
        if let Some(outcome) = repeated(found, index, group, others) {
            let mut row =
                RowOutcome::new(found.row.place.clone(), Some(shown(&found.key)), outcome);
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

fn repeated<'a>(
    found: &Located<'_>,
    index: usize,
    group: &[usize],
    others: impl Iterator<Item = &'a Located<'a>>,
) -> Option<Outcome> {
    let mut lines = Vec::new();
    let mut all_same = true;
    for other in others {
        lines.push(other.row.place.line.to_string());
        all_same &= other.row.same_cells(found.row);
    }
    if group.len() < 2 || (all_same && group.first() == Some(&index)) {
        return None;
    }
    let lines = lines.join(", ");
    Some(if all_same {
        Outcome::Skipped {
            reason: text!(
                "与其他行完全相同(第 {lines} 行)",
                "lines {lines} say the same"
            ),
        }
    } else {
        Outcome::Refused {
            reason: text!(
                "第 {lines} 行编号相同但内容不同,均未导入",
                "lines {lines} have one key and differ, so none of them was taken"
            ),
        }
    })
}

/// A key as people read it.
fn shown(key: &str) -> String {
    key.replace('\u{1F}', " ")
}

fn locate<'a>(
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
            "文件中没有所属节点,也没有指定(--home)",
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
    let mut mapped = match fields::map(import.mapping, kind, columns, row) {
        Ok(mapped) => mapped,
        Err(reason) => {
            let mut refused = RowOutcome::new(place, Some(shown(key)), Outcome::Refused { reason });
            refused.home = Some(placed.home);
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
    let mut changes = Changes::default();
    let mut refused = None;
    for facet in &kind.facets {
        let Some(fields) = mapped.facets.remove(&facet.name) else {
            continue;
        };
        let id = FacetId {
            record: *record,
            facet: facet.name,
            home: placed.home,
            addressee: placed.home,
        };
        if let Err(reason) = changes.facet(import, kind, facet, id, fields, &mapped) {
            refused.get_or_insert(reason);
        }
    }
    let outcome = match refused {
        Some(reason) => {
            changes.drafts.clear();
            Outcome::Refused { reason }
        }
        None => changes.outcome(),
    };
    let mut outcome = RowOutcome::new(place, Some(shown(key)), outcome);
    outcome.record = Some(*record);
    outcome.home = Some(placed.home);
    outcome.notes = row.notes.clone();
    outcome.notes.extend(placed.note.clone());
    outcome.notes.append(&mut mapped.notes);
    outcome.notes.append(&mut changes.notes);
    if !matches!(outcome.outcome, Outcome::Refused { .. }) {
        outcome.withheld = mem::take(&mut changes.withheld);
    }
    plan.rows.push(outcome);
    plan.drafts.append(&mut changes.drafts);
}

/// What one row changes.
#[derive(Default)]
struct Changes {
    drafts: Vec<Draft>,
    created: Vec<Name>,
    updated: BTreeMap<Name, Vec<String>>,
    regraded: Vec<Name>,
    withheld: Vec<Withheld>,
    held: bool,
    notes: Vec<Text>,
}

impl Changes {
    /// Plans one facet. An error refuses the whole row.
    fn facet(
        &mut self,
        import: &Import<'_>,
        kind: &Kind,
        facet: &Facet,
        id: FacetId,
        fields: BTreeMap<String, Value>,
        mapped: &Mapped,
    ) -> Result<(), Text> {
        let held = import.held.fields(&id);
        self.held |= held.is_some();
        let Some(default) = facet.default_grade() else {
            return Ok(());
        };
        let wanted = match wanted_grade(facet, default, mapped) {
            Ok(wanted) => wanted,
            Err(reason) => {
                self.withheld.push(Withheld {
                    facet: facet.name,
                    reason,
                });
                return Ok(());
            }
        };
        let current = held.as_ref().and_then(|_| import.held.grade(&id));
        let grade = current.map_or(wanted, |current| import.rules.join(current, wanted));
        let rises = current.is_some_and(|current| current != grade);
        let changed: BTreeMap<String, Value> = match &held {
            None => fields,
            Some(held) => fields
                .into_iter()
                .filter(|(key, value)| held.get(key) != Some(value))
                .collect(),
        };
        if changed.is_empty() && !rises {
            return Ok(());
        }
        check(kind, facet, &changed, held.is_none())?;
        if let Err(reason) = may_write(import, id, current, grade) {
            self.withheld.push(Withheld {
                facet: facet.name,
                reason,
            });
            return Ok(());
        }
        if held.is_none() {
            self.created.push(facet.name);
        }
        if rises {
            self.regraded.push(facet.name);
        }
        self.updated
            .insert(facet.name, changed.keys().cloned().collect());
        let fields = changed
            .into_iter()
            .map(|(key, value)| (key, Some(value)))
            .collect();
        let grade = (held.is_none() || rises).then_some(grade);
        self.drafts.push(Draft {
            facet: id,
            grade,
            fields,
        });
        Ok(())
    }

    fn outcome(&mut self) -> Outcome {
        if self.drafts.is_empty() {
            return match self.withheld.first() {
                Some(withheld) if !self.held => Outcome::Refused {
                    reason: withheld.reason.clone(),
                },
                _ => Outcome::Unchanged,
            };
        }
        if self.held {
            let fields = mem::take(&mut self.updated);
            Outcome::Update {
                fields,
                regraded: mem::take(&mut self.regraded),
            }
        } else {
            Outcome::Create {
                facets: mem::take(&mut self.created),
            }
        }
    }
}

/// The grade a row asks of a facet. A sensitivity that the facet cannot have is not weakened: the
/// facet is withheld. A level that it does not know means nothing to it.
fn wanted_grade(facet: &Facet, default: Grade, mapped: &Mapped) -> Result<Grade, Text> {
    let sensitivity = match mapped.sensitivity {
        None => default.sensitivity,
        Some(wanted) if facet.sensitivities.contains(&wanted) => wanted,
        Some(wanted) => {
            return Err(text!(
                "该分面不能标为“{wanted}”",
                "the facet cannot be graded `{wanted}`"
            ));
        }
    };
    let level = mapped.level.filter(|wanted| facet.levels.contains(wanted));
    Ok(Grade {
        sensitivity,
        level: level.unwrap_or(default.level),
    })
}

/// Whether the rules let the importing node write the facet, and raise its grade if it rises.
fn may_write(
    import: &Import<'_>,
    id: FacetId,
    current: Option<Grade>,
    grade: Grade,
) -> Result<(), Text> {
    match current {
        Some(current) if current != grade => {
            import.rules.may_author(&id.label(current))?;
            import.rules.may_regrade(&id.label(current))?;
            import.rules.may_regrade(&id.label(grade))
        }
        _ => import.rules.may_author(&id.label(grade)),
    }
}

/// Checks what would be written as the core will, so that a preview promises nothing that writing
/// refuses.
fn check(
    kind: &Kind,
    facet: &Facet,
    fields: &BTreeMap<String, Value>,
    is_new: bool,
) -> Result<(), Text> {
    let bytes: usize = fields
        .iter()
        .map(|(key, value)| {
            let value = if let Value::Text(text) = value {
                text.len()
            } else {
                8
            };
            key.len() + value + OPERATION_OVERHEAD_BYTES
        })
        .sum();
    if bytes > DRAFT_BYTES_MAX {
        let name = facet.name;
        return Err(text!(
            "{name} 的内容共 {bytes} 字节,超过上限 {DRAFT_BYTES_MAX}",
            "{name} has {bytes} bytes in all, where {DRAFT_BYTES_MAX} are allowed"
        ));
    }
    for (key, value) in fields {
        let Some(field) = facet.field(key) else {
            continue;
        };
        field.check(kind, value).map_err(|problem| {
            let Text { zh, en } = value_problem(&problem);
            text!("字段 {key}:{zh}", "field `{key}`: {en}")
        })?;
    }
    let missing = facet
        .fields
        .iter()
        .find(|field| is_new && field.required && !fields.keys().any(|key| field.has_key(key)));
    match missing {
        None => Ok(()),
        Some(field) => {
            let (name, zh, en) = (facet.name, &field.title.zh, &field.title.en);
            Err(text!(
                "新建 {name} 缺少“{zh}”",
                "a new {name} needs its {en}"
            ))
        }
    }
}
