//! What one row changes: for each facet, the fields whose values are new, whether the rules let this
//! node write them, and whether the core would take them.

use std::collections::BTreeMap;
use std::mem;

use crdt_model::draft::Draft;
use crdt_model::ids::Name;
use crdt_model::kind::{Facet, Kind};
use crdt_model::label::{FacetId, Grade};
use crdt_model::value::Value;

use crate::fields::Mapped;
use crate::import::Import;
use crate::limits::{DRAFT_BYTES_MAX, OPERATION_OVERHEAD_BYTES};
use crate::outcome::{Outcome, Withheld};
use crate::value_problem::value_problem;
use crdt_model::text;
use crdt_model::text::Text;

/// What one row changes.
pub(super) struct Changes<'a> {
    pub(super) drafts: Vec<Draft>,
    pub(super) withheld: Vec<Withheld>,
    import: &'a Import<'a>,
    kind: &'a Kind,
    mapped: &'a Mapped,
    created: Vec<Name>,
    updated: BTreeMap<Name, Vec<String>>,
    regraded: Vec<Name>,
    held: bool,
    up_to_date: bool,
}

impl<'a> Changes<'a> {
    pub(super) fn new(import: &'a Import<'a>, kind: &'a Kind, mapped: &'a Mapped) -> Self {
        Self {
            drafts: Vec::new(),
            withheld: Vec::new(),
            import,
            kind,
            mapped,
            created: Vec::new(),
            updated: BTreeMap::new(),
            regraded: Vec::new(),
            held: false,
            up_to_date: false,
        }
    }

    /// Plans all facets of a record. An error refuses the whole row.
    ///
    /// A sensitivity that the row asks for holds for the whole record, so it also reaches facets
    /// of which the row says nothing; and a facet that the record gets now is as sensitive as any
    /// that it has. A level opens, so it reaches only the facets that the row speaks of.
    pub(super) fn record(
        &mut self,
        facets: &BTreeMap<Name, BTreeMap<String, Value>>,
        id_of: impl Fn(&Facet) -> FacetId,
    ) -> Result<(), Text> {
        let rules = self.import.rules;
        let grades = self
            .kind
            .facets
            .iter()
            .filter_map(|facet| self.import.held.grade(&id_of(facet)));
        let record = grades.reduce(|one, other| rules.join(one, other));
        let none = BTreeMap::new();
        let mut refused = Ok(());
        for facet in &self.kind.facets {
            let fields = facets.get(&facet.name).unwrap_or(&none);
            let planned = self.facet(facet, id_of(facet), fields, record);
            refused = refused.and(planned);
        }
        refused
    }

    fn facet(
        &mut self,
        facet: &Facet,
        id: FacetId,
        fields: &BTreeMap<String, Value>,
        record: Option<Grade>,
    ) -> Result<(), Text> {
        let held = self.import.held.fields(&id);
        self.held |= held.is_some();
        if fields.is_empty() && held.is_none() {
            return Ok(());
        }
        let current = held.as_ref().and_then(|_| self.import.held.grade(&id));
        let grade = match self.grade(facet, fields.is_empty(), current, record) {
            Ok(Some(grade)) => grade,
            Ok(None) => return Ok(()),
            Err(reason) => {
                self.withheld.push(Withheld {
                    facet: facet.name,
                    reason,
                });
                return Ok(());
            }
        };
        let rises = current.is_some_and(|current| current != grade);
        let new_value = |(key, value): &(&String, &Value)| {
            held.as_ref()
                .is_none_or(|held| held.get(*key) != Some(*value))
        };
        let changed: BTreeMap<String, Value> = fields
            .iter()
            .filter(new_value)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        if changed.is_empty() && !rises {
            self.up_to_date |= !fields.is_empty();
            return Ok(());
        }
        check(self.kind, facet, id, &changed, held.is_none())?;
        if let Err(reason) = may_write(self.import, id, current, grade) {
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
        if !changed.is_empty() {
            self.updated
                .insert(facet.name, changed.keys().cloned().collect());
        }
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

    /// The grade that a facet is to have; `None` where it has none to choose from. It never falls.
    /// A sensitivity that the facet cannot have is not weakened: the facet is withheld. A level
    /// that it does not know means nothing to it.
    fn grade(
        &self,
        facet: &Facet,
        only_held: bool,
        current: Option<Grade>,
        record: Option<Grade>,
    ) -> Result<Option<Grade>, Text> {
        let Some(default) = facet.default_grade() else {
            return Ok(None);
        };
        let sensitivity = self.mapped.sensitivity.unwrap_or(default.sensitivity);
        let level = self
            .mapped
            .level
            .filter(|wanted| !only_held && facet.levels.contains(wanted))
            .unwrap_or(default.level);
        let wanted = Grade { sensitivity, level };
        let grade = match (current, record) {
            (Some(current), _) => self.import.rules.join(current, wanted),
            (None, Some(record)) => {
                let stricter = self.import.rules.join(record, wanted).sensitivity;
                Grade {
                    sensitivity: stricter,
                    level,
                }
            }
            (None, None) => wanted,
        };
        if facet.sensitivities.contains(&grade.sensitivity) {
            return Ok(Some(grade));
        }
        let sensitivity = grade.sensitivity;
        Err(text!(
            "该分项不能标为“{sensitivity}”",
            "the facet cannot be graded `{sensitivity}`"
        ))
    }

    /// What becomes of the row. Call it once, after every facet.
    pub(super) fn outcome(&mut self) -> Outcome {
        if self.drafts.is_empty() {
            return match self.withheld.first() {
                Some(withheld) if !self.up_to_date => Outcome::Refused {
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

/// Checks first what the file alone shows, in its own words. The engine judges all of it again.
fn check(
    kind: &Kind,
    facet: &Facet,
    id: FacetId,
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
            "{name} 的内容共 {bytes} 字节，超过上限 {DRAFT_BYTES_MAX}",
            "{name} has {bytes} bytes in all, where {DRAFT_BYTES_MAX} are allowed"
        ));
    }
    for (key, value) in fields {
        let Some(field) = facet.field(key) else {
            continue;
        };
        let checked = facet.check_value(kind, Some(id.home), field, value);
        checked.map_err(|problem| {
            let Text { zh, en } = value_problem(&problem);
            text!("字段 {key}：{zh}", "field `{key}`: {en}")
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
