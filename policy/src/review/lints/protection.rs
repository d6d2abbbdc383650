//! Rules that nobody would miss: each is dropped in turn, and one of the charter's checks should
//! notice. Where none does, a later version can lose the rule and stay green.

use crdt_model::charter::Charter;
use crdt_model::text;

use crate::deciding::question::{Question, State};
use crate::reading::checks::{Case, Expect, Placed};
use crate::reading::finding::Finding;
use crate::review::enumeration::{Enumeration, Row};
use crate::review::invariant;

pub(super) fn lint(all: &Enumeration<'_>) -> Vec<Finding> {
    let unprotected = (0..all.rules().len()).filter_map(|position| {
        let touched = touched(all, position);
        if touched.is_empty() {
            // It decides nothing, which is said of the rule itself.
            return None;
        }
        let checks = all.charter().checks();
        let invariant = checks
            .invariants
            .iter()
            .any(|placed| invariant::notices(&placed.check, all, position, &touched));
        if invariant || others_need_it(all, position, &touched) {
            return None;
        }
        let case = checks
            .cases
            .iter()
            .find(|case| case_notices(all, case, position));
        finding(all, position, case)
    });
    unprotected.collect()
}

/// The classes for which something would be another without the rule.
fn touched<'a>(all: &'a Enumeration<'_>, position: usize) -> Vec<&'a Row> {
    let dropped = Some(position);
    let touches = |row: &&Row, state: State| {
        all.allowed_without(row, state, dropped) != all.allowed(row, state)
            || all.holds(row, state, dropped) != all.holds(row, state, None)
    };
    let rows = all.rows().iter();
    rows.filter(|row| all.states().iter().any(|state| touches(row, *state)))
        .collect()
}

/// Without the rule, somebody could write what they may not hold: that refuses any charter.
fn others_need_it(all: &Enumeration<'_>, position: usize, touched: &[&Row]) -> bool {
    touched.iter().any(|row| {
        matches!(row.question, Question::Author | Question::Regrade)
            && all.allowed_without(row, State::Normal, Some(position))
            && !all.holds(row, State::Normal, Some(position))
    })
}

fn case_notices(all: &Enumeration<'_>, placed: &Placed<Case>, position: usize) -> bool {
    let case = &placed.check;
    let asked = case
        .label(all.charter().kinds())
        .zip(case.ask.question(case.role));
    let row = asked.and_then(|(label, question)| all.row(question, &label, case.node));
    row.is_some_and(|row| {
        // A case that fails anyhow notices nothing.
        let wanted = case.expect == Expect::Allow;
        all.allowed(row, State::Normal) == wanted
            && all.allowed_without(row, State::Normal, Some(position)) != wanted
    })
}

fn finding(all: &Enumeration<'_>, position: usize, case: Option<&Placed<Case>>) -> Option<Finding> {
    let rule = all.rules().get(position)?;
    let finding = match case {
        Some(case) => {
            let message = text!(
                "如果删去规则 `{}`，没有底线要求会发现，只有用例（如“{}”）会发现",
                "no invariant notices when `{}` is gone, only cases do, as \"{}\"",
                rule.id,
                case.check.name
            );
            Finding::note("rules::protected-by-case", &rule.file, message)
        }
        None => {
            let message = text!(
                "如果删去规则 `{}`，没有任何检查会发现",
                "no check notices when `{}` is gone",
                rule.id
            );
            Finding::warning("rules::unprotected", &rule.file, message)
        }
    };
    let does = if rule.permits { "always" } else { "never" };
    Some(finding.at(Some(rule.span.clone())).hint(text!(
        "请补一条含 `{does}` 的底线要求，写明它保护什么",
        "add an invariant with `{does}` that says what it is for"
    )))
}
