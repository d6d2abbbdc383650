//! Every decision of a charter: each class of questions with an example, with the number of
//! questions that it stands for, and with every rule that any of them meets.
//!
//! All triples of listed nodes (who asks, home, addressee) are gone through; each has one of a few
//! hundred arrangements, and for each arrangement every facet, grade, action and role is asked
//! once. What is asked is Cedar, twice for a question: which permits it meets and which forbids. So
//! what would be decided without some rule follows from the table, without asking again.

use std::collections::BTreeMap;

use crdt_model::charter::{Audience, Charter, Decision, RuleId};
use crdt_model::ids::{Name, NodeId};
use crdt_model::kind::Facet;
use crdt_model::label::{Grade, Label};
use crdt_model::text;
use crdt_model::text::{Explain, Text};

use crate::deciding::charter::CedarCharter;
use crate::deciding::class::{Arrangement, Example};
use crate::deciding::model::{Alarm, Matching};
use crate::deciding::occurrence::Occurrence;
use crate::deciding::question::{Question, State};
use crate::reading::rules::Rule;

/// Every decision of a charter.
#[derive(Debug)]
pub struct Enumeration<'a> {
    charter: &'a CedarCharter,
    rules: Vec<&'a Rule>,
    rows: Vec<Row>,
    /// Where the rows of a label and a node begin.
    flows: BTreeMap<(Name, Grade, Arrangement), usize>,
    questions: Vec<Question>,
    alarms: Vec<Alarm>,
}

/// One class of questions.
#[derive(Clone, Debug)]
pub struct Row {
    /// What is asked.
    pub question: Question,
    /// How who asks, home and addressee stand to each other.
    pub arrangement: Arrangement,
    /// One question of the class.
    pub example: Example,
    /// How many questions, of a label and a node, it stands for.
    pub questions: u64,
    /// Who asks in them.
    pub nodes: Audience,
    /// Whose records they ask about.
    pub homes: Audience,
    /// Positions of the permits that it meets among the rules.
    pub permits: Vec<usize>,
    /// Positions of the forbids that it meets.
    pub forbids: Vec<usize>,
    /// The row that says whether the node may hold what it is about; itself if that is asked.
    flow: usize,
}

/// Classes of questions that one enumeration may have: some 2 GB of them.
pub const CLASSES_MAX: usize = 4_000_000;

/// Why a charter's decisions are not enumerated.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}", self.text().en)]
pub struct TooMany {
    named: usize,
    labels: usize,
    questions: usize,
}

impl Explain for TooMany {
    fn text(&self) -> Text {
        let Self {
            named,
            labels,
            questions,
        } = self;
        text!(
            "规则把 {named} 个节点与同类节点区别对待，涉及 {labels} 种标签、{questions} 种提问：判定超过 \
             {CLASSES_MAX} 类，没有人能审核",
            "its rules tell {named} nodes from their like, for {labels} kinds of labels and {questions} \
             questions: that is more than {CLASSES_MAX} classes of decisions, and nobody could review \
             them"
        )
    }
}

impl TooMany {
    /// What to do about it.
    pub fn hint() -> Text {
        text!(
            "请写层级、上级和收件单位，不要点名单个节点；或减少分项和岗位",
            "speak of tiers, parents and addressees instead of single nodes, or of fewer facets and \
             roles"
        )
    }
}

impl<'a> Enumeration<'a> {
    /// Asks everything that can be asked of a charter.
    ///
    /// # Errors
    /// That is too much.
    pub fn of(charter: &'a CedarCharter) -> Result<Self, TooMany> {
        let rules: Vec<&Rule> = charter.rules().collect();
        let mut asking = Asking {
            charter,
            positions: rules
                .iter()
                .enumerate()
                .map(|(position, rule)| (rule.id.clone(), position))
                .collect(),
            questions: charter.questions(),
            rows: Vec::new(),
            flows: BTreeMap::new(),
            alarms: Vec::new(),
        };
        let labels = || charter.kinds().iter().flat_map(|kind| &kind.facets);
        let labels: usize = labels().map(|facet| facet.grades().count()).sum();
        let each = labels.saturating_mul(asking.questions.len()).max(1);
        let arrangements = charter.arrangements(CLASSES_MAX / each);
        let arrangements = arrangements.ok_or(TooMany {
            named: charter.named().count(),
            labels,
            questions: asking.questions.len(),
        })?;
        for facet in charter.kinds().iter().flat_map(|kind| &kind.facets) {
            for grade in facet.grades() {
                let asked = arrangements
                    .iter()
                    .filter(|(_, occurrence)| facet.addressed || occurrence.is_for_home());
                for (arrangement, occurrence) in asked {
                    asking.ask_all(facet, grade, *arrangement, occurrence);
                }
            }
        }
        Ok(Self {
            charter,
            rules,
            rows: asking.rows,
            flows: asking.flows,
            questions: asking.questions,
            alarms: asking.alarms,
        })
    }

    /// The charter.
    pub fn charter(&self) -> &'a CedarCharter {
        self.charter
    }

    /// All rules, by position.
    pub fn rules(&self) -> &[&'a Rule] {
        &self.rules
    }

    /// All classes of questions.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Questions that Cedar did not answer cleanly.
    pub fn alarms(&self) -> &[Alarm] {
        &self.alarms
    }

    /// The class of a question about listed nodes and a label that the kinds allow.
    pub fn row(&self, question: Question, label: &Label, node: NodeId) -> Option<&Row> {
        let arrangement = self.charter.arrangement_of(label, node);
        let flow = self.flows.get(&(label.facet, label.grade, arrangement))?;
        let offset = self.questions.iter().position(|one| *one == question)?;
        self.rows.get(flow + offset)
    }

    /// Whether a node that was not revoked may, in this state. An expected node counts as if it had
    /// its key.
    pub fn may(&self, question: Question, label: &Label, node: NodeId, state: State) -> bool {
        let row = self.row(question, label, node);
        self.charter.roster().with_place(node).is_some()
            && row.is_some_and(|row| self.allowed(row, state))
    }

    /// How many questions, of a label and a node, all classes stand for.
    pub fn questions(&self) -> u64 {
        self.rows.iter().map(|row| row.questions).sum()
    }

    /// The states that the county can be in under this charter.
    pub fn states(&self) -> &'static [State] {
        if self.rules.iter().any(|rule| rule.emergency) {
            &[State::Normal, State::Emergency]
        } else {
            &[State::Normal]
        }
    }

    /// The answer to a class.
    pub fn allowed(&self, row: &Row, state: State) -> bool {
        self.allowed_without(row, state, None)
    }

    /// The answer to a class if the rule at this position were not there. A person is first asked
    /// whether the node may hold the facet.
    pub fn allowed_without(&self, row: &Row, state: State, dropped: Option<usize>) -> bool {
        self.answer(row, state, dropped)
            && (row.question.role().is_none() || self.holds(row, state, dropped))
    }

    /// The guards that stop a class, whatever permits it: its own, or for a person those of the flow.
    pub fn forbids<'row>(&'row self, row: &'row Row) -> &'row [usize] {
        match self.rows.get(row.flow) {
            Some(flow) if row.question.role().is_some() && row.forbids.is_empty() => &flow.forbids,
            _ => &row.forbids,
        }
    }

    /// Whether the node may hold the facet that a class is about, whatever is asked; without the
    /// rule at this position, if one is given.
    pub fn holds(&self, row: &Row, state: State, dropped: Option<usize>) -> bool {
        let flow = self.rows.get(row.flow);
        flow.is_some_and(|flow| self.answer(flow, state, dropped))
    }

    /// The decision of a class, with the rules that decide it: for a person at a node that may not
    /// hold the facet, those of the flow.
    pub fn decision(&self, row: &Row, state: State) -> Decision {
        let flow = self.rows.get(row.flow).unwrap_or(row);
        let asked = if row.question.role().is_some() && !self.answer(flow, state, None) {
            flow
        } else {
            row
        };
        let allowed = self.answer(asked, state, None);
        let deciding = if asked.forbids.is_empty() {
            &asked.permits
        } else {
            &asked.forbids
        };
        let rules = deciding
            .iter()
            .filter_map(|position| self.rules.get(*position));
        Decision {
            allowed,
            rules: rules
                .filter(|rule| state == State::Emergency || !rule.emergency)
                .map(|rule| rule.id.clone())
                .collect(),
        }
    }

    /// The answer of the rules to the question itself.
    fn answer(&self, row: &Row, state: State, dropped: Option<usize>) -> bool {
        let counts = |position: &usize| {
            let rule = self.rules.get(*position);
            Some(*position) != dropped
                && rule.is_some_and(|rule| state == State::Emergency || !rule.emergency)
        };
        row.permits.iter().any(counts) && !row.forbids.iter().any(counts)
    }
}

/// The table as it grows.
struct Asking<'a> {
    charter: &'a CedarCharter,
    positions: BTreeMap<RuleId, usize>,
    questions: Vec<Question>,
    rows: Vec<Row>,
    flows: BTreeMap<(Name, Grade, Arrangement), usize>,
    alarms: Vec<Alarm>,
}

impl Asking<'_> {
    fn ask_all(
        &mut self,
        facet: &Facet,
        grade: Grade,
        arrangement: Arrangement,
        occurrence: &Occurrence,
    ) {
        let [node, home, addressee] = occurrence.example;
        let label = Label {
            facet: facet.name,
            home,
            addressee,
            grade,
        };
        // The first question is that of the flow.
        let flow = self.rows.len();
        self.flows.insert((facet.name, grade, arrangement), flow);
        let matching = self.charter.matching(&self.questions, &label, node);
        let matching = matching.unwrap_or_else(|alarm| {
            self.alarms.push(alarm);
            vec![Matching::default(); self.questions.len()]
        });
        for (question, matching) in self.questions.clone().into_iter().zip(matching) {
            self.rows.push(Row {
                question,
                arrangement,
                example: Example { label, node },
                questions: occurrence.triples,
                nodes: occurrence.nodes,
                homes: occurrence.homes,
                permits: self.positions_of(&matching.permits),
                forbids: self.positions_of(&matching.forbids),
                flow,
            });
        }
    }

    fn positions_of(&self, rules: &[RuleId]) -> Vec<usize> {
        let position = |rule: &RuleId| self.positions.get(rule).copied();
        rules.iter().filter_map(position).collect()
    }
}
