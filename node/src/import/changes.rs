//! What one row changes: for each facet, the fields whose values are new, whether the rules let this
//! node write them, and whether the core would take them.

use std::collections::BTreeMap;
use std::mem;

use crdt_model::draft::Draft;
use crdt_model::ids::Name;
use crdt_model::kind::{Facet, Kind};
use crdt_model::label::{FacetId, Grade};
use crdt_model::value::Value;

use crate::import::Import;
use crate::import::fields::{Mapped, value_problem};
use crate::import::limits::{DRAFT_BYTES_MAX, OPERATION_OVERHEAD_BYTES};
use crate::import::preview::{Outcome, Withheld};
use crate::text;
use crate::text::Text;

/// What one row changes.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) drafts: Vec<Draft>,
    created: Vec<Name>,
    updated: BTreeMap<Name, Vec<String>>,
    regraded: Vec<Name>,
    pub(super) withheld: Vec<Withheld>,
    held: bool,
}

impl Changes {
    /// Plans one facet. An error refuses the whole row.
    pub(super) fn facet(
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

    /// What becomes of the row. Call it once, after every facet.
    pub(super) fn outcome(&mut self) -> Outcome {
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
