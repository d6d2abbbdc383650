//! Rules that never decide anything, that others make needless, or that allow everything.

use std::collections::{BTreeMap, BTreeSet};

use crate::deciding::question::{Action, Question, State};
use crate::reading::finding::Finding;
use crate::reading::rules::Rule;
use crate::review::enumeration::{Enumeration, Row};
use crdt_model::text;
use crdt_model::text::Text;

fn guard_hint() -> Text {
    text!(
        "可以留作以后版本的保护，但不要算作现在有效的保护",
        "keep it as a guard for later versions, but do not count it among what protects now"
    )
}

pub(super) fn lint(all: &Enumeration<'_>) -> Vec<Finding> {
    let met: Vec<BTreeSet<usize>> = (0..all.rules().len())
        .map(|position| rows_of(all, position))
        .collect();
    let mut findings = Vec::new();
    for (position, rule) in all.rules().iter().enumerate() {
        let Some(rows) = met.get(position) else {
            continue;
        };
        let finding = if rows.is_empty() {
            Some(never_applies(rule))
        } else if rule.permits {
            overridden(all, rule, rows)
                .or_else(|| unheld(all, rule, rows))
                .or_else(|| shadowed(all, position, &met))
                .or_else(|| allows_all(all, rule, rows))
        } else {
            bites_nowhere(all, position, rows)
        };
        findings.extend(finding);
        findings.extend(wide_emergency(all, rule, rows));
        findings.extend(names_a_node(all, rule));
    }
    findings
}

/// The classes that meet a rule's conditions.
fn rows_of(all: &Enumeration<'_>, position: usize) -> BTreeSet<usize> {
    let meets = |row: &Row| row.permits.contains(&position) || row.forbids.contains(&position);
    let rows = all.rows().iter().enumerate();
    rows.filter(|(_, row)| meets(row))
        .map(|(number, _)| number)
        .collect()
}

fn warning(rule: &Rule, code: &'static str, message: Text) -> Finding {
    Finding::warning(code, &rule.file, message).at(Some(rule.span.clone()))
}

fn never_applies(rule: &Rule) -> Finding {
    let message = text!(
        "规则 `{}` 对任何情形都不适用",
        "`{}` applies to no question that can be asked",
        rule.id
    );
    if rule.permits {
        warning(rule, "rules::never-applies", message).hint(text!(
            "各条件互相排斥，或没有哪类数据符合；请改正或删去",
            "its conditions exclude each other, or no kind has such labels; mend or remove it"
        ))
    } else {
        Finding::note("rules::bites-nowhere", &rule.file, message)
            .at(Some(rule.span.clone()))
            .hint(guard_hint())
    }
}

/// A permit, all or one action of which guards stop wherever its conditions are met. What a node may
/// not hold, nobody reads there either.
fn overridden(all: &Enumeration<'_>, rule: &Rule, rows: &BTreeSet<usize>) -> Option<Finding> {
    let mut stopped: BTreeMap<Action, BTreeSet<usize>> = BTreeMap::new();
    let mut permitted = BTreeSet::new();
    for row in rows.iter().filter_map(|row| all.rows().get(*row)) {
        let action = Action::of(row.question, row.example.label.home, row.example.node);
        let forbids = all.forbids(row);
        if forbids.is_empty() {
            permitted.insert(action);
        } else {
            let guards = stopped.entry(action).or_default();
            guards.extend(forbids.first().copied());
        }
    }
    stopped.retain(|action, _| !permitted.contains(action));
    let guards = quoted(all, stopped.values().flatten().copied().collect());
    let message = if stopped.is_empty() {
        return None;
    } else if permitted.is_empty() {
        text!(
            "规则 `{}` 实际上什么也没有允许：它允许的都被 {guards} 禁止",
            "`{}` permits nothing: everything that it permits is forbidden by {guards}",
            rule.id
        )
    } else {
        let actions: Vec<_> = stopped.keys().map(|action| action.name()).collect();
        text!(
            "规则 `{}` 实际上没有允许 `{}`：凡它允许的，都被 {guards} 禁止",
            "`{}` permits no `{}`: wherever it would, {guards} forbids it",
            rule.id,
            actions.join("`, `")
        )
    };
    Some(warning(rule, "rules::overridden", message).hint(text!(
        "请删去它，或收窄禁止的规则，并在 `checks/` 写明本意",
        "remove it, or narrow what forbids, and say in `checks/` which is meant"
    )))
}

/// A permit for persons at nodes none of which may hold what it is about.
fn unheld(all: &Enumeration<'_>, rule: &Rule, rows: &BTreeSet<usize>) -> Option<Finding> {
    let mut rows = rows.iter().filter_map(|row| all.rows().get(*row));
    if rows.any(|row| all.allowed(row, State::Emergency)) {
        return None;
    }
    let message = text!(
        "规则 `{}` 实际上什么也没有允许：没有规则让节点留存它所说的内容",
        "`{}` permits nothing: no rule lets a node hold what it is about",
        rule.id
    );
    Some(warning(rule, "rules::unheld", message).hint(text!(
        "只有在可以留存的节点上才能查看和导出；请改正或删去",
        "persons read and export only where the node may hold it; mend or remove it"
    )))
}

fn shadowed(all: &Enumeration<'_>, position: usize, met: &[BTreeSet<usize>]) -> Option<Finding> {
    let rule = all.rules().get(position)?;
    let rows = met.get(position)?;
    let (_, other) = all.rules().iter().enumerate().find(|(other, shadow)| {
        let wider = met.get(*other);
        let covers = wider.is_some_and(|wider| rows.is_subset(wider));
        // Of two that permit the same, the later one is told.
        let same = wider.is_some_and(|wider| wider.len() == rows.len());
        let counts_always = !shadow.emergency || rule.emergency;
        *other != position
            && shadow.permits
            && counts_always
            && covers
            && (!same || *other < position || rule.emergency && !shadow.emergency)
    })?;
    let message = text!(
        "规则 `{}` 没有作用：它允许的，`{}` 都已允许",
        "`{}` adds nothing: whatever it permits, `{}` permits too",
        rule.id,
        other.id
    );
    Some(warning(rule, "rules::shadowed", message).hint(text!(
        "请删去；如果不是本意，请收窄范围更大的那条规则",
        "remove it, or narrow the wider rule if that was not meant"
    )))
}

fn allows_all(all: &Enumeration<'_>, rule: &Rule, rows: &BTreeSet<usize>) -> Option<Finding> {
    let mut asked: BTreeMap<Action, usize> = BTreeMap::new();
    let mut permitted: BTreeMap<Action, usize> = BTreeMap::new();
    for (number, row) in all.rows().iter().enumerate() {
        let action = Action::of(row.question, row.example.label.home, row.example.node);
        *asked.entry(action).or_default() += 1;
        if rows.contains(&number) {
            *permitted.entry(action).or_default() += 1;
        }
    }
    let (action, _) = permitted.iter().find(|(action, count)| {
        **action != Action::FlowHome && asked.get(action) == Some(*count)
    })?;
    let message = text!(
        "规则 `{}` 对 `{}` 全部放开，没有任何条件",
        "`{}` permits every `{}` there is",
        rule.id,
        action.name()
    );
    Some(warning(rule, "rules::allows-all", message).hint(text!(
        "请写明适用于哪些分项、级别或节点；否则以后删去一条禁止规则就会全部放开",
        "say for which facets, grades or nodes; a guard that is removed later leaves it open"
    )))
}

/// A forbid that changes no answer. That may be meant, for it binds later versions; but a reviewer
/// who counts on it should know that it protects nothing today.
fn bites_nowhere(
    all: &Enumeration<'_>,
    position: usize,
    rows: &BTreeSet<usize>,
) -> Option<Finding> {
    let rule = all.rules().get(position)?;
    let rows: Vec<&Row> = rows.iter().filter_map(|row| all.rows().get(*row)).collect();
    let bites = |row: &&Row| {
        let allowed = all.allowed_without(row, State::Emergency, Some(position));
        allowed != all.allowed(row, State::Emergency)
    };
    if rows.iter().any(bites) {
        return None;
    }
    let others: BTreeSet<usize> = rows
        .iter()
        .filter(|row| !row.permits.is_empty())
        .flat_map(|row| row.forbids.iter().copied())
        .filter(|other| *other != position)
        .collect();
    let why = if others.is_empty() {
        text!(
            "它禁止的事本来就没有规则允许",
            "no rule permits what it forbids"
        )
    } else {
        let others = quoted(all, others);
        text!(
            "它禁止的事，{others} 也禁止",
            "what it forbids is forbidden by {others} too"
        )
    };
    let message = text!(
        why;
        "规则 `{}` 目前不起作用：{why}",
        "`{}` bites nowhere today: {why}",
        rule.id
    );
    Some(
        Finding::note("rules::bites-nowhere", &rule.file, message)
            .at(Some(rule.span.clone()))
            .hint(guard_hint()),
    )
}

/// A rule that is about one node and not about its like.
fn names_a_node(all: &Enumeration<'_>, rule: &Rule) -> Option<Finding> {
    let named: Vec<String> = all
        .charter()
        .named_by(rule)
        .map(|node| node.to_string())
        .collect();
    let message = text!(
        "规则 `{}` 对 {} 与同类节点区别对待",
        "`{}` treats {} other than their like",
        rule.id,
        named.join(", ")
    );
    (!named.is_empty()).then(|| {
        Finding::note("rules::names-nodes", &rule.file, message)
            .at(Some(rule.span.clone()))
            .hint(text!(
                "请问清原因；规则应写节点与所属节点的关系，不应点名",
                "ask why; a rule says how a node stands to home, not which one it is"
            ))
    })
}

/// A rule for emergencies may let facets flow and be read, and nothing else.
fn wide_emergency(all: &Enumeration<'_>, rule: &Rule, rows: &BTreeSet<usize>) -> Option<Finding> {
    let beyond = |row: &&usize| {
        let question = all.rows().get(**row).map(|row| row.question);
        !matches!(question, Some(Question::Flow | Question::Read(_)))
    };
    let row = rows.iter().filter(|_| rule.emergency).find(beyond)?;
    let question = all.rows().get(*row)?.question;
    let message = text!(
        "规则 `{}` 在应急共享期间允许 `{}`",
        "`{}` permits `{}` in an emergency",
        rule.id,
        question.name()
    );
    Some(
        Finding::error("emergency::beyond-flow-and-read", &rule.file, message)
            .at(Some(rule.span.clone()))
            .hint(text!(
                "应急共享期间可以多看，但不应多填、多导出",
                "in an emergency more may be seen, but nobody writes or exports more than else"
            )),
    )
}

fn quoted(all: &Enumeration<'_>, positions: BTreeSet<usize>) -> String {
    let rules = positions
        .into_iter()
        .filter_map(|position| all.rules().get(position));
    let quoted: Vec<_> = rules.map(|rule| format!("`{}`", rule.id)).collect();
    quoted.join(", ")
}
