//! Plain Cedar: a second way to the same answers, for checking the first. It reads the rules and the
//! roster from the files by itself, builds entities and a request for every question, and asks the
//! authorizer: no cache, no symmetry, no word of the rest of this crate but the label, the node
//! and the question.

use std::collections::BTreeMap;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, Policy,
    PolicyId, PolicySet, Request, RestrictedExpression, Schema,
};
use crdt_model::ids::{Name, NodeId};
use crdt_model::label::Label;
use toml::{Table, Value};

use crate::deciding::question::{Question, State};
use crate::reading::files::CharterFiles;

/// Why plain Cedar has no answer. Never to be taken for a yes.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct PlainError(String);

fn fault(problem: impl ToString) -> PlainError {
    PlainError(problem.to_string())
}

/// Rules, schema and roster, as the files have them.
#[derive(Debug)]
pub struct PlainCedar {
    policies: PolicySet,
    schema: Schema,
    /// Code to standing.
    active: BTreeMap<String, bool>,
    nodes: Vec<Entity>,
}

/// One record's facet among the nodes, ready to be asked about.
#[derive(Debug)]
pub struct PlainFacet<'a> {
    cedar: &'a PlainCedar,
    home: String,
    facet: EntityUid,
    entities: Entities,
}

impl PlainCedar {
    /// Reads the rules of every day, the schema and the roster of a charter. It checks little: that
    /// is the work of [`crate::CedarCharter`].
    ///
    /// # Errors
    /// What cannot be read.
    pub fn open(files: &CharterFiles) -> Result<Self, PlainError> {
        Self::open_in(files, State::Normal)
    }

    /// The same with the rules that count in a state of the county.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn open_in(files: &CharterFiles, state: State) -> Result<Self, PlainError> {
        let schema = Schema::from_cedarschema_str(text(files, "mesh.cedarschema")?)
            .map_err(fault)?
            .0;
        let mut policies = PolicySet::new();
        let counts = |file: &&String| {
            let in_emergency = state == State::Emergency && file.starts_with("emergency/");
            file.starts_with("rules/") || in_emergency
        };
        for file in files.files.keys().filter(counts) {
            let parsed: PolicySet = text(files, file)?.parse().map_err(fault)?;
            for policy in parsed.policies() {
                let id = PolicyId::new(format!("{file} {}", policy.id()));
                let policy: Policy = policy.new_id(id);
                policies.add(policy).map_err(fault)?;
            }
        }
        let roster: Table = text(files, "roster.toml")?.parse().map_err(fault)?;
        let listed = roster
            .get("node")
            .and_then(Value::as_array)
            .ok_or_else(|| fault("no nodes"))?;
        let mut active = BTreeMap::new();
        let mut nodes = Vec::new();
        for node in listed {
            let field = |key: &str| node.get(key).and_then(Value::as_str);
            let code = field("code").ok_or_else(|| fault("a node without a code"))?;
            active.insert(
                code.to_owned(),
                field("state").unwrap_or("active") == "active",
            );
            let tier = field("tier").ok_or_else(|| fault("a node without a tier"))?;
            let mut attributes = vec![("tier", uid("Tier", tier)?)];
            attributes.extend(
                township(code)
                    .map(|code| uid("Node", &code))
                    .transpose()?
                    .map(|uid| ("township", uid)),
            );
            let parent = field("parent").map(|code| uid("Node", code)).transpose()?;
            nodes.push(entity(uid("Node", code)?, attributes, parent)?);
        }
        Ok(Self {
            policies,
            schema,
            active,
            nodes,
        })
    }

    /// Puts one facet among the nodes.
    ///
    /// # Errors
    /// A label that the schema does not allow.
    pub fn facet(&self, label: &Label) -> Result<PlainFacet<'_>, PlainError> {
        let (home, addressee) = (label.home.to_string(), label.addressee.to_string());
        let kind = label.facet.as_str().split('.').next().unwrap_or_default();
        let mut attributes = vec![
            ("kind", uid("Kind", kind)?),
            ("facet", uid("Facet", label.facet.as_str())?),
            ("home", uid("Node", &home)?),
            ("addressee", uid("Node", &addressee)?),
            (
                "sensitivity",
                uid("Sensitivity", label.grade.sensitivity.as_str())?,
            ),
            ("level", uid("Level", label.grade.level.as_str())?),
        ];
        attributes.extend(
            township(&home)
                .map(|code| uid("Node", &code))
                .transpose()?
                .map(|uid| ("township", uid)),
        );
        for node in [&home, &addressee] {
            if !self.active.contains_key(node) {
                return Err(fault(format!("`{node}` is not in the roster")));
            }
        }
        let facet = uid("Label", "asked")?;
        let label = entity(facet.clone(), attributes, Some(uid("Node", &home)?))?;
        let entities = self.nodes.iter().cloned().chain([label]);
        let entities = Entities::from_entities(entities, Some(&self.schema)).map_err(fault)?;
        Ok(PlainFacet {
            cedar: self,
            home,
            facet,
            entities,
        })
    }

    /// One question from scratch. Where many nodes are asked about one facet, use [`Self::facet`].
    ///
    /// # Errors
    /// Whatever keeps Cedar from an answer without errors.
    pub fn decide(&self, ask: Question, label: &Label, node: NodeId) -> Result<bool, PlainError> {
        self.facet(label)?.allowed(ask, node)
    }
}

impl PlainFacet<'_> {
    /// Whether the node, or a person there, may. A person may only see what the node may hold.
    ///
    /// # Errors
    /// Whatever keeps Cedar from an answer without errors.
    pub fn allowed(&self, ask: Question, node: NodeId) -> Result<bool, PlainError> {
        let node = node.to_string();
        if !self.cedar.active.get(&node).copied().unwrap_or(false) {
            return Ok(false);
        }
        let asking = uid("Node", &node)?;
        match ask {
            Question::Flow => self.ask(asking, self.flow(&node), &self.entities),
            Question::Author => self.ask(asking, "author", &self.entities),
            Question::Regrade => self.ask(asking, "regrade", &self.entities),
            Question::Read(role) => self.person(asking, self.flow(&node), "read", role),
            Question::Export(role) => self.person(asking, self.flow(&node), "export", role),
        }
    }

    fn person(
        &self,
        node: EntityUid,
        flow: &str,
        action: &str,
        role: Name,
    ) -> Result<bool, PlainError> {
        if !self.ask(node.clone(), flow, &self.entities)? {
            return Ok(false);
        }
        let seat = uid("Seat", "asking")?;
        let attributes = vec![
            ("role", uid("Role", role.as_str())?),
            ("node", node.clone()),
        ];
        let person = entity(seat.clone(), attributes, Some(node))?;
        let entities = self.entities.clone();
        let entities = entities
            .add_entities([person], Some(&self.cedar.schema))
            .map_err(fault)?;
        self.ask(seat, action, &entities)
    }

    /// The action of a flow, from the digits of the codes: a code begins with its parent's digits.
    fn flow(&self, node: &str) -> &'static str {
        let digits = |code: &str| code.trim_end_matches("000").to_owned();
        if node == self.home {
            "flowHome"
        } else if self.home.starts_with(&digits(node)) {
            "flowUp"
        } else if node.starts_with(&digits(&self.home)) {
            "flowDown"
        } else {
            "flowAcross"
        }
    }

    fn ask(
        &self,
        principal: EntityUid,
        action: &str,
        entities: &Entities,
    ) -> Result<bool, PlainError> {
        let action = uid("Action", action)?;
        let schema = Some(&self.cedar.schema);
        let request = Request::new(
            principal,
            action,
            self.facet.clone(),
            Context::empty(),
            schema,
        );
        let request = request.map_err(fault)?;
        let answer = Authorizer::new().is_authorized(&request, &self.cedar.policies, entities);
        match answer.diagnostics().errors().next() {
            Some(error) => Err(fault(error)),
            None => Ok(answer.decision() == Decision::Allow),
        }
    }
}

fn text<'a>(files: &'a CharterFiles, file: &str) -> Result<&'a str, PlainError> {
    let content = files
        .files
        .get(file)
        .ok_or_else(|| fault(format!("no file `{file}`")))?;
    std::str::from_utf8(content).map_err(fault)
}

fn uid(type_name: &str, id: &str) -> Result<EntityUid, PlainError> {
    let type_name: EntityTypeName = type_name.parse().map_err(fault)?;
    Ok(EntityUid::from_type_name_and_id(
        type_name,
        EntityId::new(id),
    ))
}

/// The township's code, if this is the code of a township or a village.
fn township(code: &str) -> Option<String> {
    let (township, _) = code.split_at_checked(9)?;
    (!township.ends_with("000")).then(|| format!("{township}000"))
}

fn entity(
    uid: EntityUid,
    attributes: Vec<(&str, EntityUid)>,
    parent: Option<EntityUid>,
) -> Result<Entity, PlainError> {
    let value = RestrictedExpression::new_entity_uid;
    let attributes = attributes
        .into_iter()
        .map(|(key, to)| (key.to_owned(), value(to)));
    Entity::new_with_tags(uid, attributes, parent, []).map_err(fault)
}
