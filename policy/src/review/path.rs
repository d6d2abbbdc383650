//! How a node comes to hold what it should not: the shortest chain of steps that every rule on the
//! way allows, over links, changes of grade and charter versions that are still in the field.
//!
//! A facet begins with a commit of home, at any grade at which home may write it. Whoever holds it
//! may pass it to a linked node that may hold it under the same version, may change the grade where
//! `regrade` lets it, and may adopt the next version, keeping what that lets it hold. That is all
//! that honest nodes do, so a chain that is not found does not exist.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use crdt_model::charter::{Charter, RuleId};
use crdt_model::ids::{CharterVersion, NodeId};
use crdt_model::label::{Grade, Label};

use crate::deciding::question::{Question, State};
use crate::review::enumeration::Enumeration;
use crate::review::reach::linked;

/// One step, with the rules that allow it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// What happens.
    pub act: Act,
    /// Under which version.
    pub version: CharterVersion,
    /// The rules that allow it.
    pub rules: Vec<RuleId>,
}

/// What can happen to a facet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    /// Home writes it.
    Writes {
        /// Home.
        node: NodeId,
        /// At which grade.
        grade: Grade,
    },
    /// It goes over a link.
    Flows {
        /// From here.
        from: NodeId,
        /// To here.
        to: NodeId,
    },
    /// A holder changes its grade.
    Regrades {
        /// The holder.
        node: NodeId,
        /// To this grade.
        grade: Grade,
    },
    /// A holder adopts the next version and may keep the facet.
    Adopts {
        /// The holder.
        node: NodeId,
    },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.act {
            Act::Writes { node, grade } => {
                let Grade { sensitivity, level } = grade;
                write!(f, "{node} writes it ({sensitivity}, {level})")?;
            }
            Act::Flows { from, to } => write!(f, "{from} gives it to {to}")?,
            Act::Regrades { node, grade } => {
                let Grade { sensitivity, level } = grade;
                write!(f, "{node} makes it ({sensitivity}, {level})")?;
            }
            Act::Adopts { node } => write!(f, "{node} adopts version {}", self.version)?,
        }
        match self.rules.as_slice() {
            [] => Ok(()),
            rules => write!(f, " [{}]", rules.join(", ")),
        }
    }
}

/// A holder of the facet: where it is, by which version it goes, what the grade is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Holding {
    node: NodeId,
    version: usize,
    grade: Grade,
}

/// The shortest chain by which `node` comes to hold a facet with this label, under any of these
/// versions, oldest first. None if there is no such chain.
pub fn shortest(
    versions: &[&Enumeration<'_>],
    label: &Label,
    node: NodeId,
    state: State,
) -> Option<Vec<Step>> {
    let search = Search {
        versions,
        label,
        state,
    };
    let mut reached: BTreeMap<Holding, Option<(Holding, Step)>> = BTreeMap::new();
    let mut open = VecDeque::new();
    let mut first = BTreeMap::new();
    for (holding, step) in search.beginnings() {
        reached.entry(holding).or_insert(None);
        first.insert(holding, step);
        open.push_back(holding);
    }
    while let Some(holding) = open.pop_front() {
        if holding.node == node && holding.grade == label.grade {
            return Some(trace(holding, &reached, &first));
        }
        for (next, step) in search.next(holding) {
            reached.entry(next).or_insert_with(|| {
                open.push_back(next);
                Some((holding, step))
            });
        }
    }
    None
}

fn trace(
    end: Holding,
    reached: &BTreeMap<Holding, Option<(Holding, Step)>>,
    first: &BTreeMap<Holding, Step>,
) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut at = end;
    while let Some(Some((before, step))) = reached.get(&at) {
        steps.push(step.clone());
        at = *before;
    }
    steps.extend(first.get(&at).cloned());
    steps.reverse();
    steps
}

struct Search<'a> {
    versions: &'a [&'a Enumeration<'a>],
    label: &'a Label,
    state: State,
}

impl Search<'_> {
    /// Home writes the facet, under any version and at any grade that it may. The newest version
    /// and the grade that is asked about come first, so that a chain begins with them if it can.
    fn beginnings(&self) -> Vec<(Holding, Step)> {
        let mut beginnings = Vec::new();
        for (version, all) in self.versions.iter().enumerate().rev() {
            for grade in self.grades(all) {
                let label = Label {
                    grade,
                    ..*self.label
                };
                let home = label.home;
                let writes = self.rules(all, Question::Author, &label, home);
                if let Some(rules) = writes.filter(|_| self.holds(all, &label, home)) {
                    let act = Act::Writes { node: home, grade };
                    let holding = Holding {
                        node: home,
                        version,
                        grade,
                    };
                    beginnings.push((holding, step(all, act, rules)));
                }
            }
        }
        beginnings
    }

    /// The facet's grades, the one that is asked about first.
    fn grades(&self, all: &Enumeration<'_>) -> Vec<Grade> {
        let facet = all.charter().kinds().facet(self.label.facet);
        let mut grades: Vec<_> = facet
            .into_iter()
            .flat_map(|(_, facet)| facet.grades().collect::<Vec<_>>())
            .collect();
        grades.sort_by_key(|grade| *grade != self.label.grade);
        grades
    }

    fn next(&self, at: Holding) -> Vec<(Holding, Step)> {
        let Some(all) = self.versions.get(at.version) else {
            return Vec::new();
        };
        let label = Label {
            grade: at.grade,
            ..*self.label
        };
        let mut next = Vec::new();
        for member in all.charter().roster().members() {
            let to = member.node;
            if linked(at.node, to)
                && let Some(rules) = self.rules(all, Question::Flow, &label, to)
            {
                let act = Act::Flows { from: at.node, to };
                next.push((Holding { node: to, ..at }, step(all, act, rules)));
            }
        }
        next.extend(self.regrades(at, all, &label));
        let newer = at.version + 1;
        if let Some(adopted) = self.versions.get(newer)
            && let Some(rules) = self.rules(adopted, Question::Flow, &label, at.node)
        {
            let act = Act::Adopts { node: at.node };
            let holding = Holding {
                version: newer,
                ..at
            };
            next.push((holding, step(adopted, act, rules)));
        }
        next
    }

    fn regrades(&self, at: Holding, all: &Enumeration<'_>, label: &Label) -> Vec<(Holding, Step)> {
        let Some(from) = self.rules(all, Question::Regrade, label, at.node) else {
            return Vec::new();
        };
        let others = self.grades(all).into_iter();
        let others = others.filter(|grade| *grade != at.grade);
        others
            .filter_map(|grade| {
                let to = Label { grade, ..*label };
                let mut rules = self.rules(all, Question::Regrade, &to, at.node)?;
                rules.extend(from.iter().cloned());
                rules.sort();
                rules.dedup();
                let act = Act::Regrades {
                    node: at.node,
                    grade,
                };
                let held = self.holds(all, &to, at.node);
                held.then(|| (Holding { grade, ..at }, step(all, act, rules)))
            })
            .collect()
    }

    fn holds(&self, all: &Enumeration<'_>, label: &Label, node: NodeId) -> bool {
        all.may(Question::Flow, label, node, self.state)
    }

    /// The rules that allow something; none if it is not allowed.
    fn rules(
        &self,
        all: &Enumeration<'_>,
        question: Question,
        label: &Label,
        node: NodeId,
    ) -> Option<Vec<RuleId>> {
        let allowed = all.may(question, label, node, self.state);
        let row = all.row(question, label, node).filter(|_| allowed)?;
        Some(all.decision(row, self.state).rules)
    }
}

fn step(all: &Enumeration<'_>, act: Act, rules: Vec<RuleId>) -> Step {
    Step {
        act,
        version: all.charter().version(),
        rules,
    }
}
