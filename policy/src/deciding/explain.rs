//! Why an answer is what it is: the rules that decide it, with their reasons in both languages.

use crdt_model::charter::Decision;
use crdt_model::ids::NodeId;
use crdt_model::kind::Title;
use crdt_model::label::Label;
use serde::Serialize;

use crate::deciding::charter::CedarCharter;
use crate::deciding::question::{Action, Question};

/// A rule that decides, with its reason.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Ground {
    /// The rule's id.
    pub rule: String,
    /// Whether it permits; it forbids otherwise.
    pub permits: bool,
    /// Why.
    pub reason: Title,
}

/// An answer with its grounds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Explanation {
    /// What was asked about.
    pub label: Label,
    /// The node that asks, or where the person sits.
    pub node: NodeId,
    /// The Cedar action that the question is. For a person at a node that may not hold the facet,
    /// it is that of the flow, which is what refuses.
    pub action: Action,
    /// The answer.
    pub allowed: bool,
    /// The rules that decide; none where no rule permits it.
    pub grounds: Vec<Ground>,
    /// The answer in a sentence of each language.
    pub text: Title,
}

impl CedarCharter {
    /// Answers a question and says why; for a node that is expected, as if it had its key.
    pub fn explain(&self, question: Question, label: &Label, node: NodeId) -> Explanation {
        let decide = |question| self.decide_in_full(question, label, node);
        let decision = decide(question);
        let held = question.role().is_none() || decide(Question::Flow).allowed;
        let asked = if held { question } else { Question::Flow };
        let grounds = self.grounds(&decision);
        Explanation {
            label: *label,
            node,
            action: Action::of(asked, label.home, node),
            allowed: decision.allowed,
            text: sentence(&decision, &grounds, held),
            grounds,
        }
    }

    /// The rules of a decision, with their reasons.
    pub fn grounds(&self, decision: &Decision) -> Vec<Ground> {
        let ground = |rule: &crate::reading::rules::Rule| Ground {
            rule: rule.id.to_string(),
            permits: rule.permits,
            reason: rule.reason.clone(),
        };
        decision
            .rules
            .iter()
            .filter_map(|id| self.rule(id))
            .map(ground)
            .collect()
    }
}

fn sentence(decision: &Decision, grounds: &[Ground], held: bool) -> Title {
    let reasons = |pick: fn(&Title) -> &String, between: &str| {
        let told = grounds
            .iter()
            .map(|ground| format!("{} [{}]", pick(&ground.reason), ground.rule));
        told.collect::<Vec<_>>().join(between)
    };
    let (zh, en) = (
        reasons(|title| &title.zh, ""),
        reasons(|title| &title.en, " "),
    );
    let (not_held_zh, not_held_en) = if held {
        ("", "")
    } else {
        ("该节点不得留存这项内容。", "the node may not hold it; ")
    };
    match (decision.allowed, grounds.is_empty()) {
        (true, _) => Title {
            zh: format!("允许：{zh}"),
            en: format!("allowed: {en}"),
        },
        (false, true) => Title {
            zh: format!("不允许：{not_held_zh}章程没有允许的规则。"),
            en: format!("denied: {not_held_en}no rule permits it"),
        },
        (false, false) => Title {
            zh: format!("不允许：{not_held_zh}{zh}"),
            en: format!("denied: {not_held_en}{en}"),
        },
    }
}
