//! What every record says once the year is over: the sample laid down in its own order, with no
//! commit, no node and no network.

use std::collections::BTreeMap;

use crdt_model::draft::Draft;
use crdt_model::ids::{Name, NodeId, RecordId};
use crdt_model::kind::Kinds;
use crdt_model::label::{FacetId, Grade, Label};
use crdt_model::value::Value;
use node_app::use_cases::record_add::AddRequest;
use node_app::use_cases::record_set::SetRequest;
use node_demo::sample::Write;
use node_import::Held;

/// See the module.
#[derive(Default)]
pub(super) struct Standing {
    facets: BTreeMap<FacetId, Row>,
}

/// What one facet says.
pub(super) struct Row {
    pub(super) record: RecordId,
    pub(super) home: NodeId,
    grade: Grade,
    fields: BTreeMap<String, Value>,
}

impl Row {
    /// A field's text; empty if it has none.
    pub(super) fn word(&self, field: &str) -> &str {
        match self.fields.get(field) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }

    /// A field's number or time.
    pub(super) fn number(&self, field: &str) -> Option<i64> {
        match self.fields.get(field) {
            Some(Value::Integer(number)) => Some(*number),
            _ => None,
        }
    }
}

impl Standing {
    /// Every facet with its label and what it says.
    pub(super) fn rows(&self) -> impl Iterator<Item = (Label, &Row)> {
        let facets = self.facets.iter();
        facets.map(|(facet, row)| (facet.label(row.grade), row))
    }

    /// What an import writes.
    pub(super) fn write(&mut self, kinds: &Kinds, drafts: &[Draft]) {
        for draft in drafts {
            let grade = draft
                .grade
                .or_else(|| default_grade(kinds, draft.facet.facet));
            let row = self.row(draft.facet, grade.expect("a grade"));
            row.grade = draft.grade.unwrap_or(row.grade);
            for (key, value) in &draft.fields {
                match value {
                    Some(value) => row.fields.insert(key.clone(), value.clone()),
                    None => row.fields.remove(key),
                };
            }
        }
    }

    /// What a person at a node asks for.
    pub(super) fn ask(&mut self, kinds: &Kinds, node: NodeId, request: &Write) {
        match request {
            Write::Add(AddRequest {
                record,
                home,
                facets,
            }) => {
                for new in facets {
                    let home = home.unwrap_or(node);
                    let facet = FacetId {
                        record: record.expect("given"),
                        facet: new.facet,
                        home,
                        addressee: new.addressee.unwrap_or(home),
                    };
                    let default = default_grade(kinds, new.facet).expect("a known facet");
                    let row = self.row(facet, default);
                    row.regrade(new.sensitivity, new.level);
                    row.fields.extend(new.fields.clone());
                }
            }
            Write::Set(SetRequest { record, facets }, _) => {
                for change in facets {
                    // The county's code comes before those of all other nodes.
                    let first = FacetId {
                        record: *record,
                        facet: change.facet,
                        home: node.county(),
                        addressee: node.county(),
                    };
                    let (id, row) = self.facets.range_mut(first..).next().expect("it is there");
                    assert_eq!((id.record, id.facet), (first.record, first.facet));
                    row.regrade(change.sensitivity, change.level);
                    for (key, value) in &change.fields {
                        let value = value.clone().expect("the sample clears nothing");
                        row.fields.insert(key.clone(), value);
                    }
                }
            }
        }
    }

    fn row(&mut self, facet: FacetId, grade: Grade) -> &mut Row {
        self.facets.entry(facet).or_insert_with(|| Row {
            record: facet.record,
            home: facet.home,
            grade,
            fields: BTreeMap::new(),
        })
    }
}

impl Row {
    fn regrade(&mut self, sensitivity: Option<Name>, level: Option<Name>) {
        self.grade = Grade {
            sensitivity: sensitivity.unwrap_or(self.grade.sensitivity),
            level: level.unwrap_or(self.grade.level),
        };
    }
}

fn default_grade(kinds: &Kinds, facet: Name) -> Option<Grade> {
    kinds.facet(facet)?.1.default_grade()
}

/// As an import finds it.
impl Held for Standing {
    fn fields(&self, facet: &FacetId) -> Option<BTreeMap<String, Value>> {
        Some(self.facets.get(facet)?.fields.clone())
    }

    fn grade(&self, facet: &FacetId) -> Option<Grade> {
        Some(self.facets.get(facet)?.grade)
    }
}
