//! A rule taken apart: its scope and each of its conditions, asked one at a time. The parts are
//! Cedar policies themselves, so there is no second reading of what a condition means.
//!
//! `when { a && b }` has the parts `a` and `b`; `unless { a || b }` has `unless a` and `unless b`.
//! A rule applies exactly where all of its parts are met.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{Policy, PolicyId, PolicySet};
use crdt_model::charter::RuleId;
use crdt_model::ids::NodeId;
use crdt_model::label::Label;
use serde_json::{Value, json};

use crate::deciding::charter::CedarCharter;
use crate::deciding::model::Alarm;
use crate::deciding::question::Question;
use crate::reading::rules::Rule;

/// One part of a rule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// The rule it belongs to.
    pub rule: RuleId,
    /// What it says, as Cedar text.
    pub text: String,
    /// Whether it says which action is asked.
    pub is_action: bool,
}

/// The parts of all rules of a charter.
#[derive(Debug)]
pub struct Parts {
    parts: BTreeMap<RuleId, Part>,
    policies: PolicySet,
}

impl Parts {
    /// Takes all rules of a charter apart.
    pub fn of(charter: &CedarCharter) -> Self {
        let mut taken = Self {
            parts: BTreeMap::new(),
            policies: PolicySet::new(),
        };
        for rule in charter.rules() {
            let json = charter
                .policy(rule)
                .and_then(|policy| policy.to_json().ok());
            for (number, part) in json.iter().flat_map(parts_of).enumerate() {
                taken.add(rule, number, &part);
            }
        }
        taken
    }

    fn add(&mut self, rule: &Rule, number: usize, part: &Raw) {
        let id = format!("{}#{number:03}", rule.id);
        let policy = Policy::from_json(Some(PolicyId::new(&id)), part.policy.clone());
        let Ok(policy) = policy else {
            return;
        };
        let text = policy.to_cedar().unwrap_or_default();
        let part = Part {
            rule: rule.id.clone(),
            text: inner(&text, part.kind),
            is_action: part.kind == Kind::Action,
        };
        if self.policies.add(policy).is_ok() {
            self.parts.insert(id.into(), part);
        }
    }

    /// All parts, in the order of rules and of their text, by id.
    pub fn iter(&self) -> impl Iterator<Item = (&RuleId, &Part)> {
        self.parts.iter()
    }

    /// The parts of one rule.
    pub fn of_rule<'a>(&'a self, rule: &'a RuleId) -> impl Iterator<Item = (&'a RuleId, &'a Part)> {
        self.parts
            .iter()
            .filter(move |(_, part)| part.rule == *rule)
    }

    /// The ids of the parts that a question meets.
    ///
    /// # Errors
    /// The question cannot be put to Cedar.
    pub fn met(
        &self,
        charter: &CedarCharter,
        question: Question,
        label: &Label,
        node: NodeId,
    ) -> Result<BTreeSet<RuleId>, Alarm> {
        charter.met(&self.policies, question, label, node)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Principal,
    Action,
    Resource,
    When,
    Unless,
}

/// A part as a policy that permits where the part is met.
struct Raw {
    kind: Kind,
    policy: Value,
}

/// The parts of a policy in Cedar's JSON form.
fn parts_of(policy: &Value) -> Vec<Raw> {
    let mut parts = Vec::new();
    for (key, kind) in [
        ("principal", Kind::Principal),
        ("action", Kind::Action),
        ("resource", Kind::Resource),
    ] {
        let scope = policy.get(key).cloned().unwrap_or(Value::Null);
        let everything = scope.get("op").and_then(Value::as_str) == Some("All");
        if !everything {
            let mut part = permit(&[]);
            if let Some(slot) = part.get_mut(key) {
                *slot = scope;
            }
            parts.push(Raw { kind, policy: part });
        }
    }
    let conditions = policy.get("conditions").and_then(Value::as_array);
    for condition in conditions.into_iter().flatten() {
        let body = condition.get("body").cloned().unwrap_or(Value::Null);
        let unless = condition.get("kind").and_then(Value::as_str) == Some("unless");
        let (kind, name, operator) = if unless {
            (Kind::Unless, "unless", "||")
        } else {
            (Kind::When, "when", "&&")
        };
        for body in split(&body, operator) {
            let policy = permit(&[json!({ "kind": name, "body": body })]);
            parts.push(Raw { kind, policy });
        }
    }
    parts
}

fn permit(conditions: &[Value]) -> Value {
    json!({
        "effect": "permit",
        "principal": { "op": "All" },
        "action": { "op": "All" },
        "resource": { "op": "All" },
        "conditions": conditions,
    })
}

/// The operands of a chain of one operator, from left to right.
fn split(body: &Value, operator: &str) -> Vec<Value> {
    let side = |name| body.get(operator).and_then(|chain| chain.get(name));
    match (side("left"), side("right")) {
        (Some(left), Some(right)) => {
            let mut parts = split(left, operator);
            parts.extend(split(right, operator));
            parts
        }
        _ => vec![body.clone()],
    }
}

/// What a part's policy says, without what it says of everything.
fn inner(text: &str, kind: Kind) -> String {
    let between = |from: &str, to: &str| {
        let rest = text.split_once(from).map_or(text, |(_, rest)| rest);
        rest.rsplit_once(to).map_or(rest, |(inner, _)| inner)
    };
    let text = match kind {
        // Cedar writes an `unless` that was taken apart as a `when` of its negation.
        Kind::Unless if text.contains("unless {") => between("unless {", "};"),
        Kind::When | Kind::Unless => between("when {", "};"),
        Kind::Principal | Kind::Action | Kind::Resource => between("(", ")"),
    };
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match kind {
        Kind::When => text,
        Kind::Unless if text.starts_with('!') => text,
        Kind::Unless => format!("unless {text}"),
        Kind::Principal => text.trim_end_matches(", action, resource").to_owned(),
        Kind::Resource => text.trim_start_matches("principal, action, ").to_owned(),
        Kind::Action => text
            .trim_start_matches("principal, ")
            .trim_end_matches(", resource")
            .to_owned(),
    }
}
