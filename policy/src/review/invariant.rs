//! Holding an invariant against every class of questions, in every state of the county.

use crdt_model::ids::Name;
use crdt_model::kind::Title;
use crdt_model::text;
use crdt_model::text::Text;

use crate::deciding::question::{Question, State};
use crate::deciding::relation::Relation;
use crate::reading::checks::{Ask, Invariant, Pattern, Placed};
use crate::reading::finding::Finding;
use crate::reading::roster::tier_by_code;
use crate::review::enumeration::{Enumeration, Row};
use crate::review::words;

/// What an invariant covers, and where it is broken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proof {
    /// Its name.
    pub name: String,
    /// Why it must hold.
    pub reason: Title,
    /// Classes of questions that it is about.
    pub classes: usize,
    /// Questions, of a label and a node, that they stand for.
    pub questions: u64,
    /// Positions of the classes, in the enumeration, in which it is broken, each with the first
    /// state in which it is.
    pub broken: Vec<(usize, State)>,
}

/// Holds an invariant against every class.
pub fn hold(placed: &Placed<Invariant>, all: &Enumeration<'_>) -> Proof {
    let invariant = &placed.check;
    let mut proof = Proof {
        name: invariant.name.clone(),
        reason: Title {
            zh: invariant.reason_zh.clone(),
            en: invariant.reason_en.clone(),
        },
        classes: 0,
        questions: 0,
        broken: Vec::new(),
    };
    for (position, row) in all.rows().iter().enumerate() {
        let covering = |state: &&State| covers(invariant, row, all, **state, None);
        let mut covered = all.states().iter().filter(covering).peekable();
        if covered.peek().is_none() {
            continue;
        }
        proof.classes += 1;
        proof.questions += row.questions;
        let broken = covered.find(|state| all.allowed(row, **state) != wanted(invariant));
        proof.broken.extend(broken.map(|state| (position, *state)));
    }
    proof
}

/// Whether an invariant notices, by one of these classes, that the rule at this position is gone.
pub fn notices(
    invariant: &Invariant,
    all: &Enumeration<'_>,
    dropped: usize,
    classes: &[&Row],
) -> bool {
    all.states().iter().any(|state| {
        classes.iter().any(|row| {
            covers(invariant, row, all, *state, Some(dropped))
                && all.allowed_without(row, *state, Some(dropped)) != wanted(invariant)
        })
    })
}

fn wanted(invariant: &Invariant) -> bool {
    invariant.always.is_some()
}

/// What an invariant that does not hold, or is about nothing, has to say.
pub fn finding(
    placed: &Placed<Invariant>,
    proof: &Proof,
    all: &Enumeration<'_>,
) -> Option<Finding> {
    let invariant = &placed.check;
    if proof.classes == 0 {
        let message = text!(
            "底线要求“{}”没有对应任何情形",
            "invariant `{}` is about no question at all",
            invariant.name
        );
        let finding = placed.finding("checks::vacuous", message);
        return Some(finding.hint(text!(
            "什么都不符合的条件，什么也保护不了",
            "a pattern that nothing fits protects nothing"
        )));
    }
    let (position, state) = proof.broken.first()?;
    let row = all.rows().get(*position)?;
    let charter = all.charter();
    let (asked, label, node, said, emergency) = (
        words::question(charter, row.question),
        words::label(charter, &row.example.label),
        words::node(charter, row.example.node),
        words::decision(&all.decision(row, *state)),
        match *state {
            State::Emergency => text!("（应急共享期间）", " in an emergency"),
            State::Normal => Text::default(),
        },
    );
    let (broken, classes) = (proof.broken.len(), proof.classes);
    let message = text!(
        asked, label, node, said, emergency;
        "底线要求“{}”被突破（{classes} 类中有 {broken} 类）；例如：{node}对“{label}”的“{asked}”，结果是{said}{emergency}",
        "invariant `{}` is broken in {broken} of {classes} classes; for one, {asked} of {label} at {node} \
         is {said}{emergency}",
        invariant.name
    );
    let finding = placed.finding("checks::invariant-broken", message);
    Some(finding.hint(proof.reason.clone()))
}

/// Whether an invariant is about a class.
fn covers(
    invariant: &Invariant,
    row: &Row,
    all: &Enumeration<'_>,
    state: State,
    dropped: Option<usize>,
) -> bool {
    let Some(pattern) = invariant.never.as_ref().or(invariant.always.as_ref()) else {
        return false;
    };
    listed(&invariant.states, |of| *of == state)
        && asks(&invariant.asks, row.question)
        && fits(pattern, row)
        && pattern
            .holds
            .is_none_or(|wanted| wanted == all.holds(row, state, dropped))
}

fn asks(asks: &[Ask], question: Question) -> bool {
    asks.iter()
        .any(|ask| ask.question(question.role()) == Some(question))
}

fn fits(pattern: &Pattern, row: &Row) -> bool {
    let (label, node) = (row.example.label, row.example.node);
    let relation = |relation: &Relation| relation.holds(&label, node);
    let kind = |kind: &Name| {
        let rest = label.facet.as_str().strip_prefix(kind.as_str());
        rest.is_some_and(|rest| rest.starts_with('.'))
    };
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
        && listed(&pattern.roles, |role| row.question.role() == Some(*role))
        && pattern
            .addressed
            .is_none_or(|wanted| wanted == (label.addressee != label.home))
}

fn listed<T>(list: &Option<Vec<T>>, fits: impl Fn(&T) -> bool) -> bool {
    list.as_ref().is_none_or(|list| list.iter().any(fits))
}
