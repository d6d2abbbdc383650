//! Running a charter's checks: its cases one by one, its invariants over every class of questions,
//! and what must hold of any charter, whatever its reviewers want:
//!
//! * nobody writes, or grades, what they may not hold;
//! * whoever may hold a facet can be reached from home through others who may, over the links there
//!   are: village to township, township to county, village to county;
//! * no question ends in an evaluation error.

use std::collections::BTreeMap;

use crdt_model::charter::Charter;
use crdt_model::text;
use crdt_model::text::{Explain, Text};

use crate::deciding::charter::CedarCharter;
use crate::deciding::question::Question;
use crate::reading::checks::{Case, Expect, Placed};
use crate::reading::finding::Finding;
use crate::reading::head;
use crate::reading::rules::{self, Rule};
use crate::reading::translation::of_cedar;
use crate::review::enumeration::{Enumeration, TooMany};
use crate::review::invariant::{self, Proof};
use crate::review::{reach, words};

/// What running the checks showed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CheckReport {
    /// What is wrong; empty if all is well.
    pub findings: Vec<Finding>,
    /// Cases asked.
    pub cases: usize,
    /// Each invariant, held against every class.
    pub invariants: Vec<Proof>,
    /// Classes of questions, over all questions; together they stand for every question there is.
    pub classes: usize,
    /// How many of them are allowed, outside an emergency.
    pub allowed: usize,
    /// Questions, of a label and a node, that the classes stand for.
    pub questions: u64,
}

/// Runs all checks of a charter and gives what is wrong; empty if all is well.
pub fn run_checks(charter: &CedarCharter) -> Vec<Finding> {
    match Enumeration::of(charter) {
        Ok(all) => prove(&all).findings,
        Err(why) => vec![too_many(&why)],
    }
}

/// That nobody can review a charter.
pub fn too_many(why: &TooMany) -> Finding {
    Finding::error("rules::too-many-classes", head::FILE, why.text()).hint(TooMany::hint())
}

/// Runs all checks of a charter.
pub fn prove(all: &Enumeration<'_>) -> CheckReport {
    let checks = all.charter().checks();
    let normal = crate::deciding::question::State::Normal;
    let allowed = all.rows().iter().filter(|row| all.allowed(row, normal));
    let mut report = CheckReport {
        findings: Vec::new(),
        cases: checks.cases.len(),
        invariants: Vec::new(),
        classes: all.rows().len(),
        allowed: allowed.count(),
        questions: all.questions(),
    };
    report.findings.extend(no_alarm(all));
    for case in &checks.cases {
        report.findings.extend(run_case(all.charter(), case));
    }
    for invariant in &checks.invariants {
        let proof = invariant::hold(invariant, all);
        let finding = invariant::finding(invariant, &proof, all);
        report.findings.extend(finding);
        report.invariants.push(proof);
    }
    report.findings.extend(writers_hold(all));
    report.findings.extend(reach::audiences_are_connected(all));
    report
}

/// An error at a rule, or at all of them.
pub(crate) fn at_rule(code: &'static str, rule: Option<&Rule>, message: Text) -> Finding {
    match rule {
        Some(rule) => Finding::error(code, &rule.file, message).at(Some(rule.span.clone())),
        None => Finding::error(code, rules::FOLDER, message),
    }
}

fn no_alarm(all: &Enumeration<'_>) -> Option<Finding> {
    let last = all.alarms().last()?;
    let (count, said) = (all.alarms().len(), of_cedar(&last.0));
    let message = text!(
        said;
        "有 {count} 项提问出错，最后一项：{said}",
        "{count} questions ended in an error; the last: {said}"
    );
    let about = |rule: &&&Rule| last.to_string().contains(&format!("`{}`", rule.id));
    let finding = at_rule(
        "checks::alarm",
        all.rules().iter().find(about).copied(),
        message,
    );
    Some(finding.hint(text!(
        "出错的一律按不允许处理，并在各节点发出警报；请改正规则",
        "what errors is refused, and raises an alarm on every node; mend the rule"
    )))
}

/// Asks one case, and says what is wrong with the answer.
pub fn run_case(charter: &CedarCharter, placed: &Placed<Case>) -> Option<Finding> {
    let case = &placed.check;
    // Checked when the charter was opened.
    let label = case.label(charter.kinds())?;
    let question = case.ask.question(case.role)?;
    let decision = charter.decide_in_full(question, &label, case.node);
    if decision.allowed != (case.expect == Expect::Allow) {
        let revoked = charter.roster().with_place(case.node).is_none();
        let said = if revoked {
            text!(
                "不允许，因为节点已撤销",
                "denied, since the node is revoked"
            )
        } else {
            words::decision(&decision)
        };
        let (asked, node) = (
            words::question(charter, question),
            words::node(charter, case.node),
        );
        let label = words::label(charter, &label);
        let message = text!(
            said, asked, node, label;
            "用例“{}”未通过：{node}对“{label}”的“{asked}”，结果是{said}",
            "case `{}`: {asked} of {label} at {node} is {said}",
            case.name
        );
        let finding = placed.finding("checks::case-fails", message);
        return Some(finding.hint(text!(
            "请改规则；如果用例已不符合本意，请改用例",
            "mend the rule; or the case, if it no longer says what is wanted"
        )));
    }
    let named = case.rule.as_ref()?;
    if charter.rule(named).is_none() {
        let message = text!(
            "用例“{}”：没有规则 `{named}`",
            "case `{}`: there is no rule `{named}`",
            case.name
        );
        return Some(placed.finding("checks::case-rule", message));
    }
    let decides = decision.rules.iter().any(|rule| **rule == **named);
    let said = words::decision(&decision);
    let message = text!(
        said;
        "用例“{}”：起决定作用的不是 `{named}`；结果是{said}",
        "case `{}`: `{named}` is not what decides, it is {said}",
        case.name
    );
    (!decides).then(|| placed.finding("checks::case-rule", message))
}

/// One finding for each facet that somebody may write, or grade, without being allowed to hold it.
fn writers_hold(all: &Enumeration<'_>) -> Vec<Finding> {
    let mut found = BTreeMap::new();
    let writes = |question| matches!(question, Question::Author | Question::Regrade);
    for row in all.rows().iter().filter(|row| writes(row.question)) {
        let state = all
            .states()
            .iter()
            .find(|state| all.allowed(row, **state) && !all.holds(row, **state, None));
        let Some(state) = state else { continue };
        let (label, node) = (row.example.label, row.example.node);
        found.entry((label.facet, row.question)).or_insert_with(|| {
            let decision = all.decision(row, *state);
            let charter = all.charter();
            let (asked, node) = (
                words::question(charter, row.question),
                words::node(charter, node),
            );
            let (label, said) = (words::label(charter, &label), words::decision(&decision));
            let message = text!(
                asked, node, label, said;
                "{node}对“{label}”的“{asked}”，结果是{said}，但该节点不得留存这项内容",
                "{asked} of {label} at {node} is {said}, but the node may not hold it"
            );
            let rule = decision.rules.first().and_then(|id| all.charter().rule(id));
            at_rule("checks::writes-without-holding", rule, message).hint(text!(
                "请收窄规则，或允许这项内容传到该节点",
                "narrow the rule, or let the facet flow there"
            ))
        });
    }
    found.into_values().collect()
}
