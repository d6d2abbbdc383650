//! `record receipts`: who has what was meant for many? The receipts that have come in, held against the
//! roster.

use std::collections::BTreeMap;

use crdt_model::code::RecordCode;
use crdt_model::ids::{Name, NodeId, RecordId};
use crdt_model::kind::receipts::Receipts as Declared;
use crdt_model::label::FacetId;
use crdt_model::replica;
use crdt_model::text;
use crdt_model::text::Problem;
use crdt_model::value::Value;
use node_readmodel::find::{Comparison, Condition, Find, FoundRow, Key};
use node_runtime::view::{Unanswered, View};
use serde::{Deserialize, Serialize};

use crate::door::caller::{Caller, Capability};
use crate::door::use_case::{Does, Source, UseCase};
use crate::readable::may_read;
use crate::refusals::{no_such_record, unreadable};

/// Of which record, and who asks.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptsRequest {
    /// The record.
    pub record: RecordId,
}

/// Who has it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Receipts {
    /// The record's code.
    pub code: String,
    /// The nodes that it is meant for, as far as this node hears of them, by their codes.
    pub nodes: Vec<ReceiptLine>,
    /// Whether the read model is still catching up.
    pub catching_up: bool,
}

/// How it stands at one node.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ReceiptLine {
    /// The node.
    pub node: NodeId,
    /// What people call it.
    pub name: String,
    /// How far it has got there.
    pub has: Has,
    /// How many of its devices showed it, of how many; none where it did not say.
    pub shown: Option<(i64, i64)>,
}

/// How far something has got at a node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Has {
    /// Nothing has been heard.
    Nothing,
    /// The node has it.
    Received,
    /// A person there has confirmed it.
    Confirmed,
}

impl UseCase for ReceiptsRequest {
    const NEEDS: Capability = Capability::Person;
    type Answer = Receipts;

    fn begin(self) -> Does<Receipts> {
        Does::question(Source::ReadModel, move |view, caller| {
            receipts(view, caller, &self)
        })
    }

    fn about(&self) -> String {
        self.record.to_string()
    }
}

/// More receipts of one record are not looked at: a roster has 512 nodes.
const RECEIPTS_MAX: usize = 10_000;

fn receipts(
    view: &View<'_>,
    caller: &Caller,
    request: &ReceiptsRequest,
) -> Result<Receipts, Unanswered> {
    let role = caller.role_in(&view.adopted)?;
    let notices = acknowledged(view, request.record, role)?;
    let kinds = view.charter.kinds();
    let first = notices.first();
    let declared = first.and_then(|notice| kinds.facet(notice.facet)?.1.receipts.as_ref());
    let (Some(first), Some(declared)) = (first, declared) else {
        return Err(none_given(request.record).into());
    };
    let find = Find {
        facet: declared.by,
        conditions: vec![Condition {
            key: Key::Field(declared.refers),
            is: Comparison::Equal,
            value: Some(Value::Text(request.record.to_string())),
        }],
        sort: None,
        offset: 0,
        limit: RECEIPTS_MAX,
    };
    let (model, catching_up) = view.read_model()?;
    let page = model.find(&find, &|label| may_read(view, label, role))?;
    let mut lines = meant(view, &notices);
    for row in &page.rows {
        if let Some(line) = lines.get_mut(&row.home) {
            line.has = line.has.max(has(declared, row));
            line.shown = line.shown.max(shown(declared, row));
        }
    }
    Ok(Receipts {
        code: RecordCode::of(first.home, first.record).to_string(),
        nodes: lines.into_values().collect(),
        catching_up: catching_up.is_some(),
    })
}

/// The facets of a record whose arrival is acknowledged and that may be read here.
fn acknowledged(view: &View<'_>, record: RecordId, role: Name) -> Result<Vec<FacetId>, Problem> {
    let held = replica::facets_of(&view.store, record).map_err(|error| unreadable(&error))?;
    let kinds = view.charter.kinds();
    let readable = held.into_iter().filter(|(facet, entry)| {
        let declared = kinds.facet(facet.facet);
        declared.is_some_and(|(_, declared)| declared.receipts.is_some())
            && may_read(view, &facet.label(entry.grade), role)
    });
    let readable: Vec<FacetId> = readable.map(|(facet, _)| facet).collect();
    match readable.is_empty() {
        true => Err(no_such_record(record)),
        false => Ok(readable),
    }
}

/// The nodes that these are meant for and whose receipts come to or through this one.
fn meant(view: &View<'_>, notices: &[FacetId]) -> BTreeMap<NodeId, ReceiptLine> {
    let (roster, own) = (view.charter.roster(), view.node);
    let members = roster.members().iter().filter(|member| {
        let node = member.node;
        let mut notices = notices.iter();
        roster.is_within(node, own)
            && notices.any(|one| node != one.home && roster.is_within(node, one.addressee))
    });
    let line = |member: &crdt_model::charter::Member| ReceiptLine {
        node: member.node,
        name: member.name.clone(),
        has: Has::Nothing,
        shown: None,
    };
    members.map(|member| (member.node, line(member))).collect()
}

/// A receipt that still says what a node writes by itself has been looked at by nobody.
fn has(declared: &Declared, row: &FoundRow) -> Has {
    let said =
        |(field, text): (&Name, &String)| row.fields.get(field) == Some(&Value::Text(text.clone()));
    match declared.says.iter().all(said) {
        true => Has::Received,
        false => Has::Confirmed,
    }
}

fn shown(declared: &Declared, row: &FoundRow) -> Option<(i64, i64)> {
    let number = |field: Name| match row.fields.get(&field) {
        Some(Value::Integer(number)) => Some(*number),
        _ => None,
    };
    let shown = declared.shown.as_ref()?;
    Some((number(shown.value)?, number(shown.of)?))
}

fn none_given(record: RecordId) -> Problem {
    Problem::new(
        "no-receipts",
        text!(
            "记录 {record} 不需要签收",
            "nobody acknowledges record {record}"
        ),
        text!(
            "章程规定哪些通知由节点自动签收（`[facet.receipts]`）",
            "the charter says what nodes acknowledge ([facet.receipts])"
        ),
    )
}
