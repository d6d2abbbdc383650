//! Devices that a catalogue may have renumbered: one that is new, while another of the same node, kind
//! and name is held and no longer listed. A person decides; an import joins nothing by itself.

use std::collections::BTreeSet;

use crdt_model::draft::Draft;
use crdt_model::ids::RecordId;
use crdt_model::value::Value;

use crate::door::caller::first_role;
use crate::readable::reader;
use crate::report::named;
use crdt_model::text;
use crdt_model::text::{Problem, Text};
use node_import::{Outcome, Preview};
use node_readmodel::find::{Comparison, Condition, Find, Key, Page};
use node_runtime::view::View;

/// Devices that are named, at most.
const NAMED_MAX: usize = 50;

/// What a person should know of them. A part of a catalogue says of nothing that it is gone.
pub(crate) fn notes(view: &View<'_>, preview: &Preview) -> Result<Vec<Text>, Problem> {
    let new = preview.rows.iter();
    let new = new.filter(|row| matches!(row.outcome, Outcome::Create { .. }));
    let new: BTreeSet<RecordId> = new.filter_map(|row| row.record).collect();
    let drafts = preview.drafts.iter().filter(|draft| {
        draft.facet.facet == named("device.public") && new.contains(&draft.facet.record)
    });
    let mut notes = Vec::new();
    if preview.partial || new.is_empty() {
        return Ok(notes);
    }
    let Ok((model, _)) = view.read_model() else {
        // Importing needs no read model; only this does.
        notes.push(text!(
            "查询库暂不可用，未核对设备是否改了编码",
            "the read model cannot be used now, so nobody looked for renumbered devices"
        ));
        return Ok(notes);
    };
    let role = first_role(&view.adopted)?;
    let reads = reader(view, role);
    let listed: BTreeSet<RecordId> = preview.rows.iter().filter_map(|row| row.record).collect();
    for draft in drafts {
        let find = like(draft);
        // What cannot be read cannot be compared; lists and searches say so.
        let page = model.find(&find, &reads).unwrap_or_default();
        for old in unlisted(&page, &listed) {
            let (name, new) = (said(draft, "name"), said(draft, "device-id"));
            notes.push(text!(
                "“{name}”可能换了设备编码：目录中是 {new}，本节点登记的是 {old}，且目录中已没有 {old}。请核实，导入不会自动合并",
                "`{name}` may have been renumbered: the catalogue has {new} and no \
                 longer {old}, which is held here; check it, nothing is merged by itself"
            ));
            if notes.len() == NAMED_MAX {
                return Ok(notes);
            }
        }
    }
    Ok(notes)
}

/// The devices that have a new one's home, kind and name.
fn like(draft: &Draft) -> Find {
    let same = |key: Key, value: &str| Condition {
        key,
        is: Comparison::Equal,
        value: Some(Value::Text(value.to_owned())),
    };
    let field = |field: &str| same(Key::Field(named(field)), said(draft, field));
    Find {
        facet: draft.facet.facet,
        conditions: vec![
            same(Key::Home, &draft.facet.home.to_string()),
            field("kind"),
            field("name"),
        ],
        sort: None,
        offset: 0,
        limit: NAMED_MAX,
    }
}

/// The ids of those that are not listed.
fn unlisted(page: &Page, listed: &BTreeSet<RecordId>) -> Vec<String> {
    let id = named("device-id");
    let gone = page.rows.iter().filter(|row| !listed.contains(&row.record));
    let ids = gone.filter_map(|row| match row.fields.get(&id) {
        Some(Value::Text(id)) => Some(id.clone()),
        _ => None,
    });
    ids.collect()
}

/// The text that a draft gives a field.
fn said<'a>(draft: &'a Draft, field: &str) -> &'a str {
    match draft.fields.get(field) {
        Some(Some(Value::Text(text))) => text,
        _ => "",
    }
}
