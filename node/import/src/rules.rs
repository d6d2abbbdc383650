//! What an import asks of the node it runs at: what it holds, and what it may write.

use std::collections::BTreeMap;

use crdt_model::charter::{Charter, Decision};
use crdt_model::document::Written;
use crdt_model::ids::NodeId;
use crdt_model::kind::Kinds;
use crdt_model::label::{FacetId, Grade, Label};
use crdt_model::replica;
use crdt_model::store::Store;
use crdt_model::value::Value;

use crdt_model::text;
use crdt_model::text::Text;

/// What the importing node holds.
pub trait Held {
    /// The fields of a facet, by key, as they are shown; `None` if the node does not hold it.
    fn fields(&self, facet: &FacetId) -> Option<BTreeMap<String, Value>>;
    /// The grade of a facet; `None` if the node does not hold it.
    fn grade(&self, facet: &FacetId) -> Option<Grade>;
}

/// A node's replica.
#[derive(Clone, Copy)]
pub struct HeldIn<'a>(pub &'a dyn Store);

impl Held for HeldIn<'_> {
    fn fields(&self, facet: &FacetId) -> Option<BTreeMap<String, Value>> {
        replica::facet_entry(self.0, facet).ok()??;
        let document = replica::document(self.0, facet).ok()?;
        let latest = |(key, values): (&str, &[Written])| {
            Some((key.to_owned(), values.last()?.value.clone()))
        };
        Some(document.fields().filter_map(latest).collect())
    }

    fn grade(&self, facet: &FacetId) -> Option<Grade> {
        Some(replica::facet_entry(self.0, facet).ok()??.grade)
    }
}

/// What the charter lets the importing node do.
pub trait Rules {
    /// The record kinds.
    fn kinds(&self) -> &Kinds;
    /// All nodes that can be a record's home.
    fn nodes(&self) -> Vec<NodeId>;
    /// Whether a code is a node that can be a record's home.
    fn is_node(&self, code: NodeId) -> bool;
    /// The stricter of two grades, part by part.
    fn join(&self, one: Grade, other: Grade) -> Grade;
    /// Whether the importing node may write facets with this label.
    ///
    /// # Errors
    /// The reason that refuses it, with the rule's name where one does.
    fn may_author(&self, label: &Label) -> Result<(), Text>;
    /// Whether the importing node may take a facet from or to this label.
    ///
    /// # Errors
    /// The reason that refuses it, with the rule's name where one does.
    fn may_regrade(&self, label: &Label) -> Result<(), Text>;
}

/// A charter's rules, asked for one node.
#[derive(Clone, Copy)]
pub struct CharterRules<'a> {
    /// The charter.
    pub charter: &'a dyn Charter,
    /// The importing node.
    pub author: NodeId,
}

impl Rules for CharterRules<'_> {
    fn kinds(&self) -> &Kinds {
        self.charter.kinds()
    }

    fn nodes(&self) -> Vec<NodeId> {
        let members = self.charter.roster().members().iter();
        members
            .map(|member| member.node)
            .filter(|node| self.is_node(*node))
            .collect()
    }

    fn is_node(&self, code: NodeId) -> bool {
        self.charter.roster().active(code).is_some()
    }

    fn join(&self, one: Grade, other: Grade) -> Grade {
        self.charter.join(one, other)
    }

    fn may_author(&self, label: &Label) -> Result<(), Text> {
        let (author, decision) = (self.author, self.charter.author(label, self.author));
        allowed(&decision, || {
            text!("{author} 无权填写该内容", "{author} may not write it")
        })
    }

    fn may_regrade(&self, label: &Label) -> Result<(), Text> {
        let (author, decision) = (self.author, self.charter.regrade(label, self.author));
        allowed(&decision, || {
            text!(
                "{author} 无权调整该内容的敏感级别或办理层级",
                "{author} may not change the sensitivity or handling level"
            )
        })
    }
}

fn allowed(decision: &Decision, refusal: impl FnOnce() -> Text) -> Result<(), Text> {
    if decision.allowed {
        return Ok(());
    }
    let Text { zh, en } = refusal();
    let (named_zh, named_en) = (decision.rules.join("、"), decision.rules.join(", "));
    Err(if decision.rules.is_empty() {
        text!("{zh}：章程未允许", "{en}: no rule allows it")
    } else {
        text!("{zh}（规则 {named_zh}）", "{en} (rule {named_en})")
    })
}
