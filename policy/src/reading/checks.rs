//! `checks/*.toml`: the charter's own tests. A case is one question with its expected answer; an
//! invariant says what is never, or always, allowed, over every class of questions.

use std::collections::BTreeSet;
use std::ops::Range;

use crdt_model::charter::{Roster, Tier};
use crdt_model::ids::{Name, NodeId};
use crdt_model::kind::{KindError, Kinds};
use crdt_model::label::{Grade, Label};
use crdt_model::text;
use crdt_model::text::Text;
use serde::{Deserialize, Serialize};

use crate::deciding::question::{Question, State};
use crate::deciding::relation::Relation;
use crate::reading::document::{Document, Step};
use crate::reading::files::CharterFiles;
use crate::reading::finding::Finding;
use crate::reading::head::{Head, rank};
use crate::reading::layout::files_in;

/// The folder of the files in the charter folder.
pub const FOLDER: &str = "checks/";

/// What a case or an invariant asks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ask {
    /// May the node hold it?
    Flow,
    /// May the node write it?
    Author,
    /// May the node change its grade?
    Regrade,
    /// May a person read it at the node?
    Read,
    /// May a person take it out at the node?
    Export,
}

impl Ask {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Author => "author",
            Self::Regrade => "regrade",
            Self::Read => "read",
            Self::Export => "export",
        }
    }

    /// The question, for a role where a person asks.
    pub fn question(self, role: Option<Name>) -> Option<Question> {
        match (self, role) {
            (Self::Flow, None) => Some(Question::Flow),
            (Self::Author, None) => Some(Question::Author),
            (Self::Regrade, None) => Some(Question::Regrade),
            (Self::Read, Some(role)) => Some(Question::Read(role)),
            (Self::Export, Some(role)) => Some(Question::Export(role)),
            _ => None,
        }
    }
}

/// The answer that a case expects.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Expect {
    /// Yes.
    Allow,
    /// No.
    Deny,
}

/// One question with its expected answer.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it shows.
    pub name: String,
    /// What is asked.
    pub ask: Ask,
    /// About which node.
    pub node: NodeId,
    /// In which role, where a person asks.
    pub role: Option<Name>,
    /// About which facet.
    pub facet: Name,
    /// Whose it is.
    pub home: NodeId,
    /// Whom it is meant for; home if nobody else.
    pub addressee: Option<NodeId>,
    /// Its sensitivity; the facet's first if not given.
    pub sensitivity: Option<Name>,
    /// Its level; the facet's first if not given.
    pub level: Option<Name>,
    /// The expected answer.
    pub expect: Expect,
    /// A rule that must be among those that decide.
    pub rule: Option<String>,
}

impl Case {
    /// The label it asks about.
    pub fn label(&self, kinds: &Kinds) -> Option<Label> {
        let grade = kinds.facet(self.facet)?.1.default_grade()?;
        Some(Label {
            facet: self.facet,
            home: self.home,
            addressee: self.addressee.unwrap_or(self.home),
            grade: Grade {
                sensitivity: self.sensitivity.unwrap_or(grade.sensitivity),
                level: self.level.unwrap_or(grade.level),
            },
        })
    }
}

/// What is never, or always, allowed.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invariant {
    /// What it promises.
    pub name: String,
    /// Which questions it is about; `flow` if not given.
    #[serde(default = "only_flow")]
    pub asks: Vec<Ask>,
    /// In which states of the county it holds; in all if not given.
    pub states: Option<Vec<State>>,
    /// What no question may be allowed that fits this.
    pub never: Option<Pattern>,
    /// What every question must be allowed that fits this.
    pub always: Option<Pattern>,
    /// Why, in Chinese.
    pub reason_zh: String,
    /// Why, in English.
    pub reason_en: String,
}

fn only_flow() -> Vec<Ask> {
    vec![Ask::Flow]
}

/// Which questions an invariant is about. A question fits if it fits every key that is given; a
/// list fits what any of its words fits.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pattern {
    /// How the node stands to the label.
    pub relations: Option<Vec<Relation>>,
    /// How it does not stand: none of these.
    pub not_relations: Option<Vec<Relation>>,
    /// The node's tier.
    pub tiers: Option<Vec<Tier>>,
    /// Home's tier.
    pub home_tiers: Option<Vec<Tier>>,
    /// The addressee's tier.
    pub addressee_tiers: Option<Vec<Tier>>,
    /// The kind.
    pub kinds: Option<Vec<Name>>,
    /// The facet.
    pub facets: Option<Vec<Name>>,
    /// The sensitivity.
    pub sensitivities: Option<Vec<Name>>,
    /// The handling level.
    pub levels: Option<Vec<Name>>,
    /// The person's role.
    pub roles: Option<Vec<Name>>,
    /// Whether it is meant for somebody else than home.
    pub addressed: Option<bool>,
    /// Whether the node may hold it.
    pub holds: Option<bool>,
}

/// A check with its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Placed<T> {
    /// The check.
    pub check: T,
    /// Its file.
    pub file: String,
    /// Its bytes in the file.
    pub span: Option<Range<usize>>,
}

impl<T> Placed<T> {
    pub(crate) fn finding(&self, code: &'static str, message: Text) -> Finding {
        Finding::error(code, &self.file, message).at(self.span.clone())
    }
}

/// All checks of a charter.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Checks {
    /// Its cases.
    pub cases: Vec<Placed<Case>>,
    /// Its invariants.
    pub invariants: Vec<Placed<Invariant>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Reads every file under `checks/`.
pub(crate) fn read(files: &CharterFiles, findings: &mut Vec<Finding>) -> Checks {
    let mut checks = Checks::default();
    for file in files_in(files, FOLDER) {
        let Some(document) = Document::parse(files, file, findings) else {
            continue;
        };
        let _: Option<Nothing> = document.read_without(&["case", "invariant"], findings);
        for (index, check) in document.read_array("case", findings) {
            checks.cases.push(place(&document, "case", index, check));
        }
        for (index, check) in document.read_array("invariant", findings) {
            checks
                .invariants
                .push(place(&document, "invariant", index, check));
        }
    }
    checks
}

fn place<T>(document: &Document<'_>, list: &str, index: usize, check: T) -> Placed<T> {
    let path = [Step::Key(list), Step::Index(index), Step::Key("name")];
    Placed {
        check,
        file: document.file().to_owned(),
        span: document.span(&path),
    }
}

/// Refuses checks that use words the charter does not have: a check that asks about nothing would
/// pass for ever.
pub(crate) fn check_words(
    checks: &Checks,
    head: &Head,
    kinds: &Kinds,
    roster: &Roster,
    findings: &mut Vec<Finding>,
) {
    let words = Words {
        head,
        kinds,
        roster,
    };
    let mut names = BTreeSet::new();
    for placed in &checks.cases {
        let unique = names.insert(placed.check.name.as_str());
        let problems = words
            .of_case(&placed.check)
            .into_iter()
            .chain((!unique).then(twice));
        findings.extend(problems.map(|problem| placed.finding("checks::case", problem)));
    }
    for placed in &checks.invariants {
        let unique = names.insert(placed.check.name.as_str());
        let problems = words
            .of_invariant(&placed.check)
            .into_iter()
            .chain((!unique).then(twice));
        findings.extend(problems.map(|problem| placed.finding("checks::invariant", problem)));
    }
}

fn twice() -> Text {
    text!("另一项检查也叫这个名称", "another check has this name")
}

struct Words<'a> {
    head: &'a Head,
    kinds: &'a Kinds,
    roster: &'a Roster,
}

impl Words<'_> {
    fn of_case(&self, case: &Case) -> Vec<Text> {
        let mut problems = Vec::new();
        for node in [Some(case.node), Some(case.home), case.addressee]
            .into_iter()
            .flatten()
        {
            if self.roster.member(node).is_none() {
                problems.push(text!(
                    "节点 `{node}` 不在名册中",
                    "node `{node}` is not in the roster"
                ));
            }
        }
        if case.ask.question(case.role).is_none() {
            problems.push(text!(
                "`role` 用于 `read` 和 `export`，也只用于它们",
                "`role` goes with `read` and `export`, and only with them"
            ));
        }
        if case
            .role
            .is_some_and(|role| rank(&self.head.roles, role).is_none())
        {
            problems.push(text!(
                "`role` 不在 `charter.toml` 的岗位中",
                "`role` is not among the roles of `charter.toml`"
            ));
        }
        match case.label(self.kinds) {
            None => problems.push(text!(
                "没有分项 `{}`",
                "no kind declares a facet `{}`",
                case.facet
            )),
            Some(label) => problems.extend(
                self.kinds
                    .check_label(&label)
                    .err()
                    .map(|problem| of_label(&problem)),
            ),
        }
        problems
    }

    fn of_invariant(&self, invariant: &Invariant) -> Vec<Text> {
        let patterns: Vec<&Pattern> = invariant.never.iter().chain(&invariant.always).collect();
        let [pattern] = patterns.as_slice() else {
            return vec![text!(
                "`never` 和 `always` 须写其中一个，不能都写",
                "it needs one of `never` and `always`, and not both"
            )];
        };
        let mut problems = Vec::new();
        if invariant.reason_zh.trim().is_empty() || invariant.reason_en.trim().is_empty() {
            problems.push(text!(
                "请用 `reason_zh` 和 `reason_en` 写明理由",
                "`reason_zh` and `reason_en` say why it must hold"
            ));
        }
        if invariant.asks.is_empty() {
            problems.push(text!("`asks` 为空", "`asks` is empty"));
        }
        let persons = |ask: &Ask| matches!(ask, Ask::Read | Ask::Export);
        if pattern.roles.is_some() && !invariant.asks.iter().all(persons) {
            problems.push(text!(
                "`roles` 只用于 `read` 和 `export`",
                "`roles` goes with `read` and `export` only"
            ));
        }
        let facet = |name: Name| self.kinds.facet(name).is_some();
        let kind = |name: Name| self.kinds.kind(name).is_some();
        unknown(
            text!("分项", "facet"),
            &pattern.facets,
            facet,
            &mut problems,
        );
        unknown(
            text!("记录类型", "kind"),
            &pattern.kinds,
            kind,
            &mut problems,
        );
        let Head {
            sensitivities,
            levels,
            roles,
            ..
        } = self.head;
        unknown(
            text!("敏感级别", "sensitivity"),
            &pattern.sensitivities,
            |name| rank(sensitivities, name).is_some(),
            &mut problems,
        );
        unknown(
            text!("办理层级", "level"),
            &pattern.levels,
            |name| rank(levels, name).is_some(),
            &mut problems,
        );
        unknown(
            text!("岗位", "role"),
            &pattern.roles,
            |name| rank(roles, name).is_some(),
            &mut problems,
        );
        problems
    }
}

/// What is wrong with a label.
pub fn of_label(problem: &KindError) -> Text {
    match problem {
        KindError::UnknownFacet(facet) => {
            text!("没有分项 `{facet}`", "no kind declares a facet `{facet}`")
        }
        KindError::Sensitivity { facet, sensitivity } => text!(
            "分项 `{facet}` 不能用敏感级别 `{sensitivity}`",
            "`{facet}` cannot have sensitivity `{sensitivity}`"
        ),
        KindError::Level { facet, level } => text!(
            "分项 `{facet}` 不能用办理层级 `{level}`",
            "`{facet}` cannot have handling level `{level}`"
        ),
        KindError::Addressed { facet } => text!(
            "分项 `{facet}` 不能有收件单位",
            "`{facet}` cannot have an addressee"
        ),
        other => Text {
            zh: "标签与章程不符".to_owned(),
            en: other.to_string(),
        },
    }
}

fn unknown(
    what: Text,
    used: &Option<Vec<Name>>,
    known: impl Fn(Name) -> bool,
    problems: &mut Vec<Text>,
) {
    let used = used.iter().flatten();
    problems.extend(
        used.filter(|name| !known(**name))
            .map(|name| text!(what; "没有{what} `{name}`", "unknown {what} `{name}`")),
    );
}
