//! Nodes, labels, questions and decisions in words: in Chinese by their titles, in English as rules and
//! programs name them.

use crdt_model::charter::{Charter, Decision, RuleId};
use crdt_model::ids::{Name, NodeId};
use crdt_model::kind::Word;
use crdt_model::label::{Grade, Label};
use crdt_model::text;
use crdt_model::text::Text;

use crate::deciding::charter::CedarCharter;
use crate::deciding::question::{Action, Question};

/// A node: the place's name, or its code where the roster has none.
pub fn node(charter: &CedarCharter, node: NodeId) -> Text {
    let member = charter.roster().member(node);
    let zh = member.map_or_else(|| node.to_string(), |member| member.name.clone());
    text!("{zh}", "{node}")
}

/// A node with its code, as technicians need it.
pub fn node_with_code(charter: &CedarCharter, node: NodeId) -> Text {
    match charter.roster().member(node) {
        Some(member) => {
            let name = &member.name;
            text!("{name}（{node}）", "{node} {name}")
        }
        None => text!("{node}", "{node}"),
    }
}

fn titled(words: &[Word], id: Name) -> String {
    let word = words.iter().find(|word| word.id == id);
    word.map_or_else(|| id.to_string(), |word| word.zh.clone())
}

/// A facet.
pub fn facet(charter: &CedarCharter, facet: Name) -> Text {
    let declared = charter.kinds().facet(facet);
    let zh = declared.map_or_else(|| facet.to_string(), |(_, facet)| facet.title.zh.clone());
    text!("{zh}", "{facet}")
}

/// A facet with its name, as reviewers need it.
pub fn facet_with_name(charter: &CedarCharter, name: Name) -> Text {
    let title = facet(charter, name).zh;
    text!("{title}（`{name}`）", "{name}")
}

/// A grade.
pub fn grade(charter: &CedarCharter, grade: Grade) -> Text {
    let head = charter.head();
    let Grade { sensitivity, level } = grade;
    let sensitivity_zh = titled(&head.sensitivities, sensitivity);
    let level_zh = titled(&head.levels, level);
    text!("{sensitivity_zh}，{level_zh}", "{sensitivity}, {level}")
}

/// A role.
pub fn role(charter: &CedarCharter, role: Name) -> Text {
    let zh = titled(&charter.head().roles, role);
    text!("{zh}", "{role}")
}

/// A label.
pub fn label(charter: &CedarCharter, label: &Label) -> Text {
    let home = node(charter, label.home).zh;
    let facet = facet(charter, label.facet).zh;
    let grade = grade(charter, label.grade).zh;
    let to = match label.addressee == label.home {
        true => String::new(),
        false => format!("发给{}", node(charter, label.addressee).zh),
    };
    text!("{home}{to}的{facet}（{grade}）", "{label}")
}

/// A question.
pub fn question(charter: &CedarCharter, question: Question) -> Text {
    let zh = match question {
        Question::Flow => "留存".to_owned(),
        Question::Author => "填写".to_owned(),
        Question::Regrade => "调整级别".to_owned(),
        Question::Read(role) => format!("{}查看", titled(&charter.head().roles, role)),
        Question::Export(role) => format!("{}导出", titled(&charter.head().roles, role)),
    };
    text!("{zh}", "{question}")
}

/// An action: which way a facet flows, or what somebody does with it.
pub fn action(action: Action) -> Text {
    let zh = match action {
        Action::FlowHome => "留在所属节点",
        Action::FlowUp => "向上传送",
        Action::FlowDown => "向下传送",
        Action::FlowAcross => "横向传送",
        Action::Author => "填写",
        Action::Regrade => "调整级别",
        Action::Read => "查看",
        Action::Export => "导出",
    };
    let en = action.name();
    text!("{zh}", "{en}")
}

/// A decision, with the rules that decide.
pub fn decision(decision: &Decision) -> Text {
    let quoted = |rule: &RuleId| format!("`{rule}`");
    let rules: Vec<_> = decision.rules.iter().map(quoted).collect();
    let (rules_zh, rules) = (rules.join("、"), rules.join(", "));
    match (decision.allowed, decision.rules.is_empty()) {
        (true, _) => text!("允许，依据规则 {rules_zh}", "allowed by {rules}"),
        (false, false) => text!("不允许，依据规则 {rules_zh}", "denied by {rules}"),
        (false, true) => text!("不允许，章程未允许", "denied, since no rule permits it"),
    }
}
