//! What a charter's cases try: for each part of each rule, whether some case meets it and whether
//! some case does not. A part that only ever went one way could say anything.

use std::collections::BTreeMap;

use crdt_model::charter::{Charter, RuleId};

use crate::deciding::charter::CedarCharter;
use crate::deciding::model::Alarm;
use crate::review::parts::Parts;

/// How often cases went either way at one part of a rule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tried {
    /// The part, as Cedar text.
    pub part: String,
    /// Cases that met it.
    pub met: usize,
    /// Cases that did not, while all other parts of the rule were met: then this part alone kept
    /// the rule from applying.
    pub missed_alone: usize,
    /// Cases that did not meet it.
    pub missed: usize,
}

/// What the cases try of one rule.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Coverage {
    /// Cases in which it is among the rules that decide.
    pub decided: usize,
    /// Each of its parts.
    pub parts: Vec<Tried>,
}

impl Coverage {
    /// Parts that went both ways.
    pub fn both_ways(&self) -> usize {
        let both = |tried: &&Tried| tried.met > 0 && tried.missed > 0;
        self.parts.iter().filter(both).count()
    }
}

/// What the charter's cases try, by rule.
///
/// # Errors
/// A question cannot be put to Cedar.
pub fn coverage(charter: &CedarCharter) -> Result<BTreeMap<RuleId, Coverage>, Alarm> {
    let parts = Parts::of(charter);
    let mut coverage: BTreeMap<RuleId, Coverage> = BTreeMap::new();
    for rule in charter.rules() {
        let tried = parts.of_rule(&rule.id).map(|(_, part)| Tried {
            part: part.text.clone(),
            met: 0,
            missed_alone: 0,
            missed: 0,
        });
        let tried = tried.collect();
        coverage.entry(rule.id.clone()).or_default().parts = tried;
    }
    for placed in &charter.checks().cases {
        let case = &placed.check;
        let asked = case
            .label(charter.kinds())
            .zip(case.ask.question(case.role));
        let Some((label, question)) = asked else {
            continue;
        };
        let met = parts.met(charter, question, &label, case.node)?;
        let decision = charter.decide_in_full(question, &label, case.node);
        for (rule, covered) in &mut coverage {
            covered.decided += usize::from(decision.rules.contains(rule));
            let missed = parts
                .of_rule(rule)
                .filter(|(id, _)| !met.contains(*id))
                .count();
            for (tried, (id, _)) in covered.parts.iter_mut().zip(parts.of_rule(rule)) {
                if met.contains(id) {
                    tried.met += 1;
                } else {
                    tried.missed += 1;
                    tried.missed_alone += usize::from(missed == 1);
                }
            }
        }
    }
    Ok(coverage)
}
