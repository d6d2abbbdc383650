//! How nodes, labels and seats look to Cedar, and how one question is put to it.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use cedar_policy::{
    Authorizer, Context, Decision as Verdict, Entities, Entity, EntityId, EntityTypeName,
    EntityUid, PolicyId, PolicySet, Request, RestrictedExpression, Schema,
};
use crdt_model::charter::{Decision, Member, Roster, RuleId};
use crdt_model::ids::{Name, NodeId};
use crdt_model::kind::Kinds;
use crdt_model::label::Label;

use crate::deciding::question::{Action, Question, State};
use crate::reading::roster::tier_name;
use crate::reading::rules::Rules;

/// Why a question could not be put or was not answered cleanly. The decision is a refusal, and
/// somebody has to look.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Alarm(pub String);

impl Alarm {
    fn from_display(problem: impl ToString) -> Self {
        Self(problem.to_string())
    }
}

/// The rules whose conditions a question meets.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Matching {
    pub(crate) permits: Vec<RuleId>,
    pub(crate) forbids: Vec<RuleId>,
}

/// The parts of a charter that Cedar is asked with.
#[derive(Debug)]
pub(crate) struct Model {
    authorizer: Authorizer,
    schema: Schema,
    rules: Rules,
    /// Every node of the roster.
    nodes: BTreeMap<NodeId, Entity>,
    /// What every question needs: the actions, and the nodes that rules name, with those above.
    base: Entities,
}

impl Model {
    pub(crate) fn new(schema: Schema, rules: Rules, roster: &Roster) -> Result<Self, Alarm> {
        let mut nodes = BTreeMap::new();
        for member in roster.members() {
            nodes.insert(member.node, node_entity(member)?);
        }
        let named = lines(rules.named.iter().copied());
        let named = named.iter().filter_map(|node| nodes.get(node)).cloned();
        let base = Entities::from_entities(named, Some(&schema)).map_err(Alarm::from_display)?;
        Ok(Self {
            authorizer: Authorizer::new(),
            schema,
            rules,
            nodes,
            base,
        })
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Puts one question to Cedar. The label must be one that the kinds allow, over listed nodes.
    pub(crate) fn ask(
        &self,
        kinds: &Kinds,
        question: Question,
        label: &Label,
        node: NodeId,
        state: State,
    ) -> Result<Decision, Alarm> {
        let (request, entities) = self.asked(kinds, question, label, node)?;
        let policies = match state {
            State::Normal => &self.rules.policies,
            State::Emergency => &self.rules.in_emergency,
        };
        self.authorize(policies, &request, &entities)
    }

    /// For each of these questions about one label and one node, every rule whose conditions it
    /// meets, whether it decides or not: an answer names only the forbids where there are any. The
    /// entities are made once for all.
    pub(crate) fn matching(
        &self,
        kinds: &Kinds,
        questions: &[Question],
        label: &Label,
        node: NodeId,
    ) -> Result<Vec<Matching>, Alarm> {
        let roles: BTreeSet<Name> = questions.iter().filter_map(|one| one.role()).collect();
        let (label_uid, entities) = self.entities(kinds, &roles, label, node)?;
        let of = |question: &Question| {
            let request = self.request(*question, label, node, label_uid.clone(), &entities)?;
            let met = |policies| self.authorize(policies, &request, &entities);
            Ok(Matching {
                permits: met(&self.rules.permits)?.rules,
                forbids: met(&self.rules.forbids)?.rules,
            })
        };
        questions.iter().map(of).collect()
    }

    /// Which of these policies a question meets: parts of rules, say. One that errors, as a part
    /// does that stands behind a `has`, is not met.
    pub(crate) fn met(
        &self,
        policies: &PolicySet,
        kinds: &Kinds,
        question: Question,
        label: &Label,
        node: NodeId,
    ) -> Result<BTreeSet<RuleId>, Alarm> {
        let (request, entities) = self.asked(kinds, question, label, node)?;
        let response = self.authorizer.is_authorized(&request, policies, &entities);
        Ok(response.diagnostics().reason().map(rule_id).collect())
    }

    /// Everything that one question is asked with.
    fn asked(
        &self,
        kinds: &Kinds,
        question: Question,
        label: &Label,
        node: NodeId,
    ) -> Result<(Request, Entities), Alarm> {
        let roles = question.role().into_iter().collect();
        let (label_uid, entities) = self.entities(kinds, &roles, label, node)?;
        let request = self.request(question, label, node, label_uid, &entities)?;
        Ok((request, entities))
    }

    /// A label among the nodes that matter to it, with a seat for each role at the asking node.
    fn entities(
        &self,
        kinds: &Kinds,
        roles: &BTreeSet<Name>,
        label: &Label,
        node: NodeId,
    ) -> Result<(EntityUid, Entities), Alarm> {
        let label_uid = uid("Label", &label.to_string())?;
        let mut added = vec![label_entity(kinds, label, &label_uid)?];
        for role in roles {
            added.push(seat_entity(&seat_uid(*role, node)?, *role, node)?);
        }
        let asked = lines([node, label.home, label.addressee]);
        let asked = asked.iter().filter_map(|node| self.nodes.get(node));
        added.extend(
            asked
                .filter(|node| self.base.get(&node.uid()).is_none())
                .cloned(),
        );
        let entities = self.base.clone();
        let entities = entities
            .add_entities(added, Some(&self.schema))
            .map_err(Alarm::from_display)?;
        Ok((label_uid, entities))
    }

    fn request(
        &self,
        question: Question,
        label: &Label,
        node: NodeId,
        label_uid: EntityUid,
        entities: &Entities,
    ) -> Result<Request, Alarm> {
        let principal = match question.role() {
            Some(role) => seat_uid(role, node)?,
            None => node_uid(node)?,
        };
        for needed in [&principal, &label_uid] {
            if entities.get(needed).is_none() {
                return Err(Alarm(format!("`{needed}` is not in the entity store")));
            }
        }
        let action = uid("Action", Action::of(question, label.home, node).name())?;
        let schema = Some(&self.schema);
        Request::new(principal, action, label_uid, Context::empty(), schema)
            .map_err(Alarm::from_display)
    }

    fn authorize(
        &self,
        policies: &PolicySet,
        request: &Request,
        entities: &Entities,
    ) -> Result<Decision, Alarm> {
        let response = self.authorizer.is_authorized(request, policies, entities);
        let diagnostics = response.diagnostics();
        if let Some(error) = diagnostics.errors().next() {
            // Cedar leaves out a rule that errors, which can turn a forbid into an allow.
            return Err(Alarm::from_display(error));
        }
        let mut rules: Vec<RuleId> = diagnostics.reason().map(rule_id).collect();
        rules.sort();
        Ok(Decision {
            allowed: response.decision() == Verdict::Allow,
            rules,
        })
    }
}

fn rule_id(id: &PolicyId) -> RuleId {
    RuleId::from(AsRef::<str>::as_ref(id))
}

/// These nodes with all above them.
fn lines(nodes: impl IntoIterator<Item = NodeId>) -> BTreeSet<NodeId> {
    let line = |node| std::iter::successors(Some(node), |node: &NodeId| node.parent());
    nodes.into_iter().flat_map(line).collect()
}

fn uid(type_name: &str, id: &str) -> Result<EntityUid, Alarm> {
    let type_name = EntityTypeName::from_str(type_name).map_err(Alarm::from_display)?;
    Ok(EntityUid::from_type_name_and_id(
        type_name,
        EntityId::new(id),
    ))
}

fn node_uid(node: NodeId) -> Result<EntityUid, Alarm> {
    uid("Node", &node.to_string())
}

fn seat_uid(role: Name, node: NodeId) -> Result<EntityUid, Alarm> {
    uid("Seat", &format!("{role} at {node}"))
}

fn expression(uid: EntityUid) -> RestrictedExpression {
    RestrictedExpression::new_entity_uid(uid)
}

fn entity(
    uid: EntityUid,
    attributes: Vec<(&str, EntityUid)>,
    parent: Option<EntityUid>,
) -> Result<Entity, Alarm> {
    let attributes = attributes
        .into_iter()
        .map(|(key, to)| (key.to_owned(), expression(to)));
    Entity::new_with_tags(uid, attributes, parent, []).map_err(Alarm::from_display)
}

fn node_entity(member: &Member) -> Result<Entity, Alarm> {
    let mut attributes = vec![("tier", uid("Tier", tier_name(member.tier))?)];
    if let Some(township) = member.node.township() {
        attributes.push(("township", node_uid(township)?));
    }
    entity(
        node_uid(member.node)?,
        attributes,
        member.parent.map(node_uid).transpose()?,
    )
}

fn label_entity(kinds: &Kinds, label: &Label, label_uid: &EntityUid) -> Result<Entity, Alarm> {
    let (kind, _) = kinds
        .facet(label.facet)
        .ok_or_else(|| Alarm(format!("no kind declares a facet `{}`", label.facet)))?;
    let mut attributes = vec![
        ("kind", uid("Kind", kind.kind.as_str())?),
        ("facet", uid("Facet", label.facet.as_str())?),
        ("home", node_uid(label.home)?),
        ("addressee", node_uid(label.addressee)?),
        (
            "sensitivity",
            uid("Sensitivity", label.grade.sensitivity.as_str())?,
        ),
        ("level", uid("Level", label.grade.level.as_str())?),
    ];
    if let Some(township) = label.home.township() {
        attributes.push(("township", node_uid(township)?));
    }
    entity(label_uid.clone(), attributes, Some(node_uid(label.home)?))
}

fn seat_entity(seat: &EntityUid, role: Name, node: NodeId) -> Result<Entity, Alarm> {
    let attributes = vec![
        ("role", uid("Role", role.as_str())?),
        ("node", node_uid(node)?),
    ];
    entity(seat.clone(), attributes, Some(node_uid(node)?))
}
