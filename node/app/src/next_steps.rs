//! The steps of a record that may be taken next.

use crdt_model::charter::Tier;
use crdt_model::document::Document;
use crdt_model::ids::Name;
use crdt_model::kind::{Facet, Kind, Title};
use node_runtime::view::View;
use serde::{Deserialize, Serialize};

/// A step that may be taken.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct NextStep {
    /// The field that says the step.
    pub field: Name,
    /// The word that it leads to.
    pub to: Name,
    /// What people call that.
    pub title: Title,
    /// The fields that must have a value by then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Name>,
    /// The roles that take it; any if none is listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<Name>,
}

/// The steps that may be taken at this node from where a facet is.
pub(crate) fn next(
    view: &View<'_>,
    kind: &Kind,
    facet: &Facet,
    document: &Document,
) -> Vec<NextStep> {
    let (Some(steps), Some(tier)) = (&facet.steps, tier(view)) else {
        return Vec::new();
    };
    let field = facet.field(steps.field.as_str());
    let mut told: Vec<NextStep> = Vec::new();
    let here = steps.here(document);
    for step in here.iter().flat_map(|from| steps.next(*from, tier)) {
        let title = field.and_then(|field| field.word(kind, step.to));
        if let Some(title) = title.filter(|_| told.iter().all(|one| one.to != step.to)) {
            told.push(NextStep {
                field: steps.field,
                to: step.to,
                title,
                needs: step.needs.clone(),
                roles: step.roles.clone(),
            });
        }
    }
    told
}

fn tier(view: &View<'_>) -> Option<Tier> {
    let member = view.charter.roster().member(view.node);
    member.map(|member| member.tier)
}
