//! For whom a new facet is meant, where the person who writes it does not say.
//!
//! A facet that must name a record, such as a reply or a view of a statement, is an answer: it is meant
//! for whoever wrote that record, its home. Of other facets, one that only an addressee would ever get
//! is refused: saved without one, it would stay here, and nobody would notice.

use crdt_model::charter::Charter;
use crdt_model::ids::{Name, NodeId, RecordId};
use crdt_model::kind::{Facet, FieldType, Kind};
use crdt_model::label::{FacetId, Grade};
use crdt_model::replica;
use crdt_model::store::Store;
use crdt_model::value::Value;

use crate::drafts::NewFacet;
use crate::refusals::unreadable;
use crdt_model::text;
use crdt_model::text::{Problem, Text};

/// Fills in the addressee of a new facet whose home is `home`, where it has none and one follows.
///
/// # Errors
/// What it answers is not here; only an addressee would ever get it.
pub(super) fn address(
    charter: &dyn Charter,
    store: &dyn Store,
    home: NodeId,
    facet: &mut NewFacet,
) -> Result<(), Problem> {
    let declared = charter.kinds().facet(facet.facet);
    let Some((kind, declared)) = declared.filter(|(_, declared)| declared.addressed) else {
        return Ok(());
    };
    if facet.addressee.is_some() {
        return Ok(());
    }
    let Some(field) = answers(declared) else {
        return match for_an_addressee_alone(charter, home, facet, declared) {
            true => Err(no_addressee(&declared.title.zh, &declared.title.en)),
            false => Ok(()),
        };
    };
    let asked = facet.fields.get(field.as_str());
    let asked = asked.and_then(|value| match value {
        Value::Text(text) => text.parse::<RecordId>().ok(),
        Value::Boolean(_) | Value::Integer(_) => None,
    });
    // Without it, or with something else in its place, the facet is refused with a reason of its own.
    if let Some(asked) = asked {
        facet.addressee = Some(asker(store, kind, facet.facet, asked)?);
    }
    Ok(())
}

/// The field that says what a facet answers, if it must say that.
fn answers(facet: &Facet) -> Option<Name> {
    let mut fields = facet.fields.iter();
    let record =
        |field: &&crdt_model::kind::Field| field.required && field.holds == FieldType::Record;
    fields.find(record).map(|field| field.name)
}

/// The home of the record that is answered. Of records with facets of several homes, the home of those
/// of the answer's own kind, and of facets other than answers.
fn asker(store: &dyn Store, kind: &Kind, answer: Name, asked: RecordId) -> Result<NodeId, Problem> {
    let held = replica::facets_of(store, asked).map_err(|error| unreadable(&error))?;
    let held = held.iter().map(|(facet, _)| facet);
    let of_kind = |facet: &&FacetId| {
        facet.facet != answer && kind.facets.iter().any(|own| own.name == facet.facet)
    };
    let best = held.clone().find(of_kind).or_else(|| held.clone().next());
    best.map(|facet| facet.home).ok_or_else(|| {
        Problem::new(
            "asked-not-here",
            text!(
                "没有保存：本节点没有所回复的记录 {asked}，不能确定收件单位",
                "not saved: the record {asked} that this answers is not at this node, so the addressee is not known"
            ),
            text!(
                "核对记录编号；如果没有写错，用 --addressee 写明收件单位的代码",
                "check the record's id; if it is right, give the addressee's code with --addressee"
            ),
        )
    })
}

/// Whether nobody would get a facet that is meant for its own home, and a node above would get it if
/// it were meant for that node.
fn for_an_addressee_alone(
    charter: &dyn Charter,
    home: NodeId,
    facet: &NewFacet,
    declared: &Facet,
) -> bool {
    let Some(default) = declared.default_grade() else {
        return false;
    };
    let grade = Grade {
        sensitivity: facet.sensitivity.unwrap_or(default.sensitivity),
        level: facet.level.unwrap_or(default.level),
    };
    let label = |addressee| {
        let id = FacetId {
            record: RecordId([0; 16]),
            facet: facet.facet,
            home,
            addressee,
        };
        id.label(grade)
    };
    let members = charter.roster().members().iter();
    let anybody = members
        .filter(|member| member.node != home)
        .any(|member| charter.flow(&label(home), member.node).allowed);
    let above = std::iter::successors(home.parent(), |node| node.parent());
    !anybody
        && above
            .into_iter()
            .any(|node| charter.flow(&label(node), node).allowed)
}

fn no_addressee(zh: &str, en: &str) -> Problem {
    Problem::new(
        "no-addressee",
        Text {
            zh: format!("没有保存：“{zh}”没有写明收件单位，保存后不会送到任何节点"),
            en: format!("not saved: `{en}` names no addressee and would reach no other node"),
        },
        text!(
            "用 --addressee 写明收件单位的代码；只想留在本节点的，写本节点的代码",
            "give the addressee's code with --addressee; to keep it here, give this node's code"
        ),
    )
}
