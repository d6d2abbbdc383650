//! The year as what people do: at each node, record by record, from the sample's files and requests
//! by the code with which a node reads them.

use std::collections::{BTreeMap, VecDeque};

use crdt_model::draft::Draft;
use crdt_model::ids::{NodeId, RecordId};
use crdt_model::replica;
use crdt_model::store::Store;
use node_app::drafts;
use node_app::use_cases::record_add::AddRequest;
use node_app::use_cases::record_set::SetRequest;
use node_demo::members::Members;
use node_demo::options::Scale;
use node_demo::sample::{self, Counts, Write};
use node_import::CharterRules;
use policy::CedarCharter;

use super::standing::Standing;

/// The nodes that the sample's figures are spread over.
const VILLAGES: usize = 76;

/// One thing that somebody does to a record.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    /// What an import writes.
    Import(Vec<Draft>),
    /// What a person asks for.
    Ask(Write),
}

/// What one node does to one record, in this order.
pub(super) struct Course {
    pub(super) node: NodeId,
    /// What home did last, which those above wait for before they begin.
    pub(super) after: Option<Deed>,
    pub(super) deeds: VecDeque<Deed>,
}

/// A whole year, or a part of it.
pub(super) struct Year {
    pub(super) courses: Vec<Course>,
    /// What all of it comes to.
    pub(super) standing: Standing,
}

impl Deed {
    /// What the deed writes at a node that holds this; `None` while the node lacks what it is about.
    pub(super) fn drafts(
        &self,
        charter: &CedarCharter,
        node: NodeId,
        store: &dyn Store,
    ) -> Option<Vec<Draft>> {
        match self {
            Self::Import(drafts) => Some(drafts.clone()),
            Self::Ask(Write::Add(AddRequest {
                record,
                home,
                facets,
            })) => {
                let (record, home) = (record.expect("given"), home.unwrap_or(node));
                let added = drafts::added(kinds(charter), record, home, facets.clone());
                Some(added.expect("something to write"))
            }
            Self::Ask(Write::Set(SetRequest { record, facets }, role)) => {
                let role = role.unwrap_or(charter.head().roles[0].id);
                let changed = drafts::changed(store, *record, facets.clone()).ok()?;
                let for_role = drafts::for_role(kinds(charter), store, changed, role);
                Some(for_role.expect("a step for this role"))
            }
        }
    }

    /// Whether a node's replica says what the deed writes.
    pub(super) fn stands(&self, charter: &CedarCharter, node: NodeId, store: &dyn Store) -> bool {
        let Some(drafts) = self.drafts(charter, node, store) else {
            return false;
        };
        drafts.iter().all(|draft| draft_stands(draft, store))
    }

    fn record(&self) -> RecordId {
        match self {
            Self::Import(drafts) => drafts[0].facet.record,
            Self::Ask(Write::Add(add)) => add.record.expect("given"),
            Self::Ask(Write::Set(set, _)) => set.record,
        }
    }
}

fn draft_stands(draft: &Draft, store: &dyn Store) -> bool {
    let entry = replica::facet_entry(store, &draft.facet).expect("a sound store");
    let graded = |entry: replica::FacetEntry| draft.grade.is_none_or(|to| to == entry.grade);
    if !entry.is_some_and(graded) {
        return false;
    }
    let document = replica::document(store, &draft.facet).expect("a sound store");
    let mut fields = draft.fields.iter();
    fields.all(|(key, value)| document.settled(key) == value.as_ref())
}

fn kinds(charter: &CedarCharter) -> &crdt_model::kind::Kinds {
    crdt_model::charter::Charter::kinds(charter)
}

/// So much of the year, as the nodes of this charter bring it in.
pub(super) fn year(charter: &CedarCharter, members: &Members, scale: f64) -> Year {
    let counts = Counts::at(Scale::new(scale).expect("a scale"), VILLAGES);
    let sample = sample::sample(members, &Counts::default(), &counts).expect("a sample");
    let mut standing = Standing::default();
    let mut courses: BTreeMap<(NodeId, RecordId), VecDeque<Deed>> = BTreeMap::new();
    for (node, brings) in &sample {
        for file in &brings.files {
            let rules = CharterRules {
                charter,
                author: *node,
            };
            let mut preview = file.preview(&rules, &standing).expect("readable");
            for drafts in preview.take_records() {
                standing.write(kinds(charter), &drafts);
                let key = (*node, drafts[0].facet.record);
                courses
                    .entry(key)
                    .or_default()
                    .push_back(Deed::Import(drafts));
            }
        }
        for request in brings.courses.iter().flat_map(|course| &course.requests) {
            standing.ask(kinds(charter), *node, request);
            let deed = Deed::Ask(request.clone());
            courses
                .entry((*node, deed.record()))
                .or_default()
                .push_back(deed);
        }
    }
    let last: BTreeMap<RecordId, Deed> = courses
        .iter()
        .filter_map(|((_, record), deeds)| Some((*record, deeds.back()?.clone())))
        .collect();
    let course = |((node, _), deeds)| Course {
        node,
        after: None,
        deeds,
    };
    let mut courses: Vec<Course> = courses.into_iter().map(course).collect();
    for (node, brings) in &sample {
        for above in &brings.above {
            let ask = |request: &Write| Deed::Ask(request.clone());
            let deeds: VecDeque<Deed> = above.requests.iter().map(ask).collect();
            let after = last.get(&deeds[0].record()).cloned();
            above
                .requests
                .iter()
                .for_each(|request| standing.ask(kinds(charter), *node, request));
            courses.push(Course {
                node: *node,
                after: Some(after.expect("home has registered it")),
                deeds,
            });
        }
    }
    Year { courses, standing }
}
