//! Running a charter's checks: its cases one by one, its invariants over every class of questions,
//! and what must hold of any charter, whatever its reviewers want:
//!
//! * nobody writes, or grades, what they may not hold;
//! * whoever may hold a facet can be reached from home through others who may, over the links there
//!   are: village to township, township to county, village to county;
//! * no question ends in an evaluation error.

use std::collections::{BTreeMap, BTreeSet};

use crdt_model::charter::{Decision, RuleId, Tier};
use crdt_model::ids::NodeId;
use crdt_model::label::Label;

use crate::charter::CedarCharter;
use crate::checks::{Ask, Case, Expect, Invariant, Pattern, Placed};
use crate::class::Example;
use crate::finding::Finding;
use crate::question::Question;
use crate::roster::tier_by_code;
use crate::rules;

/// What running the checks showed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CheckReport {
    /// What is wrong; empty if all is well.
    pub findings: Vec<Finding>,
    /// Cases asked.
    pub cases: usize,
    /// Invariants held against every class.
    pub invariants: usize,
    /// Classes of questions, over all questions; together they stand for every question there is.
    pub classes: usize,
    /// How many of them are allowed.
    pub allowed: usize,
}

/// One class with its example and its answer.
struct Answered {
    question: Question,
    example: Example,
    decision: std::sync::Arc<Decision>,
    holds: bool,
}

/// Runs all checks of a charter and gives what is wrong; empty if all is well.
pub fn run_checks(charter: &CedarCharter) -> Vec<Finding> {
    prove(charter).findings
}

/// Runs all checks of a charter.
pub fn prove(charter: &CedarCharter) -> CheckReport {
    let answered = answer_all(charter);
    let mut report = CheckReport {
        findings: Vec::new(),
        cases: charter.checks().cases.len(),
        invariants: charter.checks().invariants.len(),
        classes: answered.len(),
        allowed: answered.iter().filter(|one| one.decision.allowed).count(),
    };
    for case in &charter.checks().cases {
        report.findings.extend(run_case(charter, case));
    }
    for invariant in &charter.checks().invariants {
        report.findings.extend(run_invariant(invariant, &answered));
    }
    report.findings.extend(writers_hold(&answered));
    report.findings.extend(audiences_are_connected(&answered));
    if charter.alarms() > 0 {
        let alarm = charter
            .last_alarm()
            .map(|alarm| alarm.to_string())
            .unwrap_or_default();
        let message = format!(
            "{} questions ended in an error; the last: {alarm}",
            charter.alarms()
        );
        report
            .findings
            .push(Finding::error("checks::alarm", rules::FOLDER, message));
    }
    report
}

fn answer_all(charter: &CedarCharter) -> Vec<Answered> {
    let mut answered = Vec::new();
    for question in charter.questions() {
        for (_, example) in charter.classes(question) {
            let Example { label, node } = example;
            answered.push(Answered {
                question,
                example,
                decision: charter.answer(question, &label, node),
                holds: charter.answer(Question::Flow, &label, node).allowed,
            });
        }
    }
    answered
}

fn run_case(charter: &CedarCharter, placed: &Placed<Case>) -> Option<Finding> {
    let case = &placed.check;
    // Checked when the charter was opened.
    let label = case.label(crdt_model::charter::Charter::kinds(charter))?;
    let question = case.ask.question(case.role)?;
    let decision = charter.decide(question, &label, case.node);
    if decision.allowed != (case.expect == Expect::Allow) {
        let said = said(&decision);
        let message = format!(
            "case `{}`: {question} of {label} at {} is {said}",
            case.name, case.node
        );
        return Some(placed.finding("checks::case-fails", message));
    }
    let named = case.rule.as_ref()?;
    let decides = decision.rules.iter().any(|rule| **rule == **named);
    let message = format!(
        "case `{}`: `{named}` is not what decides, it is {}",
        case.name,
        said(&decision)
    );
    (!decides).then(|| placed.finding("checks::case-rule", message))
}

/// A decision in words.
fn said(decision: &Decision) -> String {
    let quoted = |rule: &RuleId| format!("`{rule}`");
    let rules = decision
        .rules
        .iter()
        .map(quoted)
        .collect::<Vec<_>>()
        .join(", ");
    match (decision.allowed, decision.rules.is_empty()) {
        (true, _) => format!("allowed by {rules}"),
        (false, false) => format!("denied by {rules}"),
        (false, true) => "denied, since no rule permits it".to_owned(),
    }
}

fn run_invariant(placed: &Placed<Invariant>, answered: &[Answered]) -> Option<Finding> {
    let invariant = &placed.check;
    let (pattern, wanted) = match (&invariant.never, &invariant.always) {
        (Some(never), _) => (never, false),
        (None, Some(always)) => (always, true),
        (None, None) => return None,
    };
    let fits = |one: &&Answered| asks(&invariant.asks, one.question) && fits(pattern, one);
    let fitting: Vec<&Answered> = answered.iter().filter(fits).collect();
    if fitting.is_empty() {
        let message = format!("invariant `{}` is about no question at all", invariant.name);
        let finding = placed.finding("checks::vacuous", message);
        return Some(finding.hint("a pattern that nothing fits protects nothing"));
    }
    let broken: Vec<_> = fitting
        .iter()
        .filter(|one| one.decision.allowed != wanted)
        .collect();
    let first = broken.first()?;
    let Answered {
        question,
        example: Example { label, node },
        decision,
        ..
    } = first;
    let message = format!(
        "invariant `{}` is broken in {} of {} classes; for one, {question} of {label} at {node} is {}",
        invariant.name,
        broken.len(),
        fitting.len(),
        said(decision),
    );
    let finding = placed.finding("checks::invariant-broken", message);
    Some(finding.hint(format!("{} / {}", invariant.reason_en, invariant.reason_zh)))
}

fn asks(asks: &[Ask], question: Question) -> bool {
    asks.iter()
        .any(|ask| ask.question(question.role()) == Some(question))
}

fn fits(pattern: &Pattern, one: &Answered) -> bool {
    let Example { label, node } = one.example;
    let relation = |relation: &crate::relation::Relation| relation.holds(&label, node);
    let kind = |kind: &crdt_model::ids::Name| {
        let rest = label.facet.as_str().strip_prefix(kind.as_str());
        rest.is_some_and(|rest| rest.starts_with('.'))
    };
    let role = |role: &crdt_model::ids::Name| one.question.role() == Some(*role);
    listed(&pattern.relations, relation)
        && !pattern.not_relations.iter().flatten().any(relation)
        && listed(&pattern.tiers, |tier| *tier == tier_by_code(node))
        && listed(&pattern.home_tiers, |tier| {
            *tier == tier_by_code(label.home)
        })
        && listed(&pattern.addressee_tiers, |tier| {
            *tier == tier_by_code(label.addressee)
        })
        && listed(&pattern.kinds, kind)
        && listed(&pattern.facets, |facet| *facet == label.facet)
        && listed(&pattern.sensitivities, |word| {
            *word == label.grade.sensitivity
        })
        && listed(&pattern.levels, |word| *word == label.grade.level)
        && listed(&pattern.roles, role)
        && pattern
            .addressed
            .is_none_or(|wanted| wanted == (label.addressee != label.home))
        && pattern.holds.is_none_or(|wanted| wanted == one.holds)
}

fn listed<T>(list: &Option<Vec<T>>, fits: impl Fn(&T) -> bool) -> bool {
    list.as_ref().is_none_or(|list| list.iter().any(fits))
}

/// One finding for each facet that somebody may write, or grade, without being allowed to hold it.
fn writers_hold(answered: &[Answered]) -> Vec<Finding> {
    let writes = |one: &&Answered| matches!(one.question, Question::Author | Question::Regrade);
    let mut found = BTreeMap::new();
    for one in answered
        .iter()
        .filter(writes)
        .filter(|one| one.decision.allowed && !one.holds)
    {
        let Example { label, node } = one.example;
        found.entry((label.facet, one.question)).or_insert_with(|| {
            let message = format!(
                "{} of {label} at {node} is {}, but the node may not hold it",
                one.question,
                said(&one.decision)
            );
            Finding::error("checks::writes-without-holding", rules::FOLDER, message)
                .hint("narrow the rule, or let the facet flow there")
        });
    }
    found.into_values().collect()
}

/// One finding for each facet that somebody may hold who cannot be reached.
fn audiences_are_connected(answered: &[Answered]) -> Vec<Finding> {
    let mut audiences: BTreeMap<Label, BTreeSet<NodeId>> = BTreeMap::new();
    let flows = answered
        .iter()
        .filter(|one| one.question == Question::Flow && one.holds);
    for one in flows {
        audiences
            .entry(one.example.label)
            .or_default()
            .insert(one.example.node);
    }
    let mut found = BTreeMap::new();
    for (label, audience) in audiences {
        if let Some(node) = unreached(&label, &audience) {
            found.entry(label.facet).or_insert_with(|| {
                let message = format!("{node} may hold {label}, but no line of nodes that may hold it leads there from home");
                Finding::error("checks::unreachable", rules::FOLDER, message)
                    .hint("let a township or the county on the way hold it, or narrow the rule")
            });
        }
    }
    found.into_values().collect()
}

fn unreached(label: &Label, audience: &BTreeSet<NodeId>) -> Option<NodeId> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<NodeId> = audience
        .contains(&label.home)
        .then_some(label.home)
        .into_iter()
        .collect();
    while let Some(node) = open.pop() {
        if reached.insert(node) {
            open.extend(audience.iter().filter(|other| linked(node, **other)));
        }
    }
    audience.difference(&reached).next().copied()
}

/// Whether there is a link between two nodes.
fn linked(one: NodeId, other: NodeId) -> bool {
    let upward = |below: NodeId, above: NodeId| {
        below.parent() == Some(above)
            || (tier_by_code(below) == Tier::Village && above == below.county())
    };
    upward(one, other) || upward(other, one)
}
