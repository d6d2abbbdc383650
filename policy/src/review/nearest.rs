//! Of a refusal, the rule that came nearest to allowing it, and what it would have needed.

use crdt_model::ids::NodeId;
use crdt_model::label::Label;
use serde::Serialize;

use crate::deciding::charter::CedarCharter;
use crate::deciding::question::{Question, State};
use crate::reading::rules::Rule;
use crate::review::parts::{Part, Parts};

/// What stands between a question and a yes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Nearest {
    /// The permit that needs least.
    pub rule: String,
    /// Where it stands.
    pub file: String,
    /// Its conditions that the question does not meet; none where only a forbid is in the way.
    pub missing: Vec<String>,
}

/// More than any rule has conditions.
const OTHER_FACET: usize = 1000;

/// How far a rule is from permitting. One about another facet is further than any that lacks
/// something else: nobody would make it fit.
fn distance(unmet: &[&Part]) -> usize {
    let of = |part: &&Part| {
        if part.text.contains("resource.facet") {
            OTHER_FACET
        } else {
            1
        }
    };
    unmet.iter().map(of).sum()
}

/// The permit that came nearest to allowing a question that is denied: the one with the fewest
/// conditions unmet, among those that are about the action and the facet that are asked.
pub fn nearest(
    charter: &CedarCharter,
    parts: &Parts,
    question: Question,
    label: &Label,
    node: NodeId,
) -> Option<Nearest> {
    let met = parts.met(charter, question, label, node).ok()?;
    let mut nearest: Option<(&Rule, Vec<&Part>)> = None;
    let counts =
        |rule: &&Rule| rule.permits && (!rule.emergency || charter.state() == State::Emergency);
    for rule in charter.rules().filter(counts) {
        let unmet = parts.of_rule(&rule.id).filter(|(id, _)| !met.contains(*id));
        let unmet: Vec<&Part> = unmet.map(|(_, part)| part).collect();
        let nearer = nearest
            .as_ref()
            .is_none_or(|(_, least)| distance(&unmet) < distance(least));
        if nearer && !unmet.iter().any(|part| part.is_action) {
            nearest = Some((rule, unmet));
        }
    }
    let nearest = nearest.filter(|(_, unmet)| distance(unmet) < OTHER_FACET);
    nearest.map(|(rule, unmet)| Nearest {
        rule: rule.id.to_string(),
        file: rule.file.clone(),
        missing: unmet.iter().map(|part| part.text.clone()).collect(),
    })
}
