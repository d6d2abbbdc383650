//! The steps of a record: which may be taken next, and in which role.

use crdt_model::charter::Tier;
use crdt_model::document::Document;
use crdt_model::draft::Draft;
use crdt_model::ids::Name;
use crdt_model::kind::steps::Step;
use crdt_model::kind::{Facet, Kind, Title};
use crdt_model::replica;

use super::records::role_of;
use super::unreadable;
use crate::control::protocol::NextStep;
use crate::member::keeper::Keeper;
use crate::text;
use crate::text::{Problem, Text};

/// The steps that may be taken at this node from where a facet is.
pub(super) fn next(
    keeper: &Keeper,
    kind: &Kind,
    facet: &Facet,
    document: &Document,
) -> Vec<NextStep> {
    let (Some(steps), Some(tier)) = (&facet.steps, tier(keeper)) else {
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

/// The same drafts, if a person in this role takes the steps that are in them. Whether there are such
/// steps at all is judged with the commit.
pub(super) fn for_role(
    keeper: &Keeper,
    drafts: Vec<Draft>,
    role: Option<Name>,
) -> Result<Vec<Draft>, Problem> {
    let role = role_of(keeper, role)?;
    for draft in &drafts {
        let Some((kind, facet)) = keeper.engine.charter().kinds().facet(draft.facet.facet) else {
            continue;
        };
        let taken = facet.steps.as_ref().and_then(|steps| {
            let value = draft.fields.get(steps.field.as_str())?.as_ref()?;
            Some((steps, value.word()?))
        });
        let Some((steps, to)) = taken else {
            continue;
        };
        let document = replica::document(&keeper.store, &draft.facet);
        let here = steps.here(&document.map_err(|error| unreadable(&error))?);
        let mut ways = here.iter().flat_map(|from| steps.between(*from, to));
        let for_role = |step: &Step| step.roles.is_empty() || step.roles.contains(&role);
        if let Some(first) = ways.next()
            && !for_role(first)
            && !ways.any(for_role)
            && !here.contains(&to)
        {
            let title = facet
                .field(steps.field.as_str())
                .and_then(|field| field.word(kind, to));
            return Err(not_for_role(to, title, &first.roles));
        }
    }
    Ok(drafts)
}

fn not_for_role(to: Name, title: Option<Title>, roles: &[Name]) -> Problem {
    let roles: Vec<_> = roles.iter().map(ToString::to_string).collect();
    let (zh, en) = title.map_or_else(
        || (to.to_string(), to.to_string()),
        |title| (title.zh, title.en),
    );
    let roles = roles.join(", ");
    Problem::new(
        "not-for-role",
        Text {
            zh: format!("“{zh}”须由以下岗位办理：{roles}"),
            en: format!("`{en}` is for these roles: {roles}"),
        },
        text!(
            "由该岗位人员办理，用 --role 注明岗位",
            "let a person in that role do it, and give --role"
        ),
    )
}

fn tier(keeper: &Keeper) -> Option<Tier> {
    let member = keeper.engine.charter().roster().member(keeper.node());
    member.map(|member| member.tier)
}
