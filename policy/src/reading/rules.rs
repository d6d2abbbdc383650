//! `rules/*.cedar`: what flows, who may write, who may read. `emergency/*.cedar`: what more may flow
//! and be read while an emergency is declared; permits only, so that every guard still holds. Cedar
//! text only, strictly valid against the schema without a warning, every rule with an id and with its
//! reason in both languages.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use cedar_policy::{
    Effect, EntityUid, Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator,
};
use crdt_model::charter::{Roster, RuleId};
use crdt_model::ids::NodeId;
use crdt_model::kind::Title;
use crdt_model::text;
use crdt_model::text::Text;
use miette::Diagnostic;

use crate::reading::document::text;
use crate::reading::files::CharterFiles;
use crate::reading::finding::Finding;
use crate::reading::layout::files_in;
use crate::reading::nesting::{Statement, statements};
use crate::reading::schema::DEREFERENCES_MAX;
use crate::reading::translation;
use crate::reading::wording;

/// The folder of the files in the charter folder.
pub const FOLDER: &str = "rules/";

/// The folder of the rules that count in an emergency only.
pub const EMERGENCY_FOLDER: &str = "emergency/";

/// Rules that a charter may have; each costs every decision about a microsecond.
pub const RULES_MAX: usize = 200;
/// Nodes that the rules of a charter may name. Each is a case of its own among all others, so they
/// multiply what a reviewer, and every proof, has to go through.
pub const NAMED_NODES_MAX: usize = 8;
/// Bytes of a rule's id.
const ID_BYTES_MAX: usize = 64;

/// One rule, for people: its id, what it does and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rule {
    /// Its `@id`.
    pub id: RuleId,
    /// Whether it permits; it forbids otherwise.
    pub permits: bool,
    /// Whether it counts in an emergency only.
    pub emergency: bool,
    /// Its `@reason_zh` and `@reason`.
    pub reason: Title,
    /// Its file.
    pub file: String,
    /// Its first line there, from 1.
    pub line: usize,
    /// Its bytes in that file.
    pub span: Range<usize>,
}

/// All rules of a charter, ready to be asked.
#[derive(Debug)]
pub(crate) struct Rules {
    /// The rules of every day.
    pub(crate) policies: PolicySet,
    /// Those, and the ones that count in an emergency only.
    pub(crate) in_emergency: PolicySet,
    /// All permits.
    pub(crate) permits: PolicySet,
    /// All forbids.
    pub(crate) forbids: PolicySet,
    pub(crate) rules: BTreeMap<RuleId, Rule>,
    /// Nodes that a rule names: they keep their identity where other nodes are alike.
    pub(crate) named: BTreeSet<NodeId>,
}

impl Rules {
    /// Puts a rule's policy into every set that it belongs to.
    fn add(&mut self, policy: &Policy, rule: &Rule) -> Result<(), Text> {
        let half = if rule.permits {
            &mut self.permits
        } else {
            &mut self.forbids
        };
        let mut sets = vec![half, &mut self.in_emergency];
        if !rule.emergency {
            sets.push(&mut self.policies);
        }
        sets.into_iter().try_for_each(|set| {
            let added = set.add(policy.clone());
            added.map_err(|problem| translation::of_cedar(&problem.to_string()))
        })
    }
}

/// Reads and checks every file under `rules/`.
pub(crate) fn read(
    files: &CharterFiles,
    schema: &Schema,
    roster: &Roster,
    findings: &mut Vec<Finding>,
) -> Option<Rules> {
    let before = findings.len();
    let mut rules = Rules {
        policies: PolicySet::new(),
        in_emergency: PolicySet::new(),
        permits: PolicySet::new(),
        forbids: PolicySet::new(),
        rules: BTreeMap::new(),
        named: BTreeSet::new(),
    };
    let mut texts = Vec::new();
    let of_rules = files_in(files, FOLDER).chain(files_in(files, EMERGENCY_FOLDER));
    for file in of_rules {
        texts.extend(text(files, file, findings).map(|text| (file, text, statements(text))));
    }
    let count = texts
        .iter()
        .map(|(_, _, statements)| statements.len())
        .sum();
    too_many(count, findings);
    if findings.len() > before {
        return None;
    }
    for (file, text, statements) in &texts {
        read_file(file, text, statements, roster, &mut rules, findings);
    }
    if rules.rules.is_empty() && findings.len() == before {
        let finding = Finding::error(
            "rules::none",
            FOLDER,
            text!("没有定义任何规则", "no rule is declared"),
        );
        findings.push(finding.hint(text!(
            "没有规则，什么也不传送，连所属节点也收不到",
            "without a rule nothing flows, not even to home"
        )));
    }
    if rules.named.len() > NAMED_NODES_MAX {
        let message = text!(
            "规则点名了 {} 个节点，最多 {NAMED_NODES_MAX} 个",
            "the rules name {} nodes, where at most {NAMED_NODES_MAX} are allowed",
            rules.named.len()
        );
        findings.push(
            Finding::error("rules::too-many-named", FOLDER, message).hint(text!(
                "请写节点与所属节点的关系，不要点名",
                "say how the node stands to home, not which one it is"
            )),
        );
    }
    validate(&rules, schema, findings);
    (findings.len() == before).then_some(rules)
}

/// Whether this is the path of a file of rules.
pub(crate) fn is_rules(file: &str) -> bool {
    file.starts_with(FOLDER) || file.starts_with(EMERGENCY_FOLDER)
}

fn too_many(count: usize, findings: &mut Vec<Finding>) {
    if count > RULES_MAX {
        let message = text!(
            "{count} 条规则，最多 {RULES_MAX} 条",
            "{count} rules, where at most {RULES_MAX} are allowed"
        );
        findings.push(
            Finding::error("rules::too-many", FOLDER, message).hint(text!(
                "这么多没有人能审核；请把相同的合为一条",
                "nobody can review so many; say what they have in common in one"
            )),
        );
    }
}

fn read_file(
    file: &str,
    text: &str,
    statements: &[Statement],
    roster: &Roster,
    rules: &mut Rules,
    findings: &mut Vec<Finding>,
) {
    let parsed: PolicySet = match text.parse() {
        Ok(parsed) => parsed,
        Err(problem) => {
            let problem: &dyn Diagnostic = &problem;
            let related = problem.related().into_iter().flatten();
            findings.extend(
                std::iter::once(problem)
                    .chain(related)
                    .map(|problem| Finding::from_diagnostic("rules::syntax", file, problem))
                    .map(|finding| wording::of_syntax(finding, text)),
            );
            return;
        }
    };
    for template in parsed.templates() {
        let id = template.annotation("id").unwrap_or("a rule");
        let message = text!("`{id}` 是模板", "`{id}` is a template");
        findings.push(
            Finding::error("rules::template", file, message)
                .at(place(statements, template.id()))
                .hint(text!(
                    "请写出整条规则；留空的位置看不出指谁",
                    "write the rule out; a slot hides who is meant"
                )),
        );
    }
    let mut policies: Vec<&Policy> = parsed.policies().collect();
    policies.sort_by_key(|policy| position(policy.id()));
    for policy in policies {
        let span = place(statements, policy.id()).unwrap_or(0..0);
        literals(file, &span, policy, roster, rules, findings);
        let Some(mut rule) = annotations(file, &span, policy, findings) else {
            continue;
        };
        rule.line = 1 + text.get(..span.start).unwrap_or("").matches('\n').count();
        if let Some(other) = rules.rules.get(&rule.id) {
            let message = text!(
                "规则 `{}` 在 `{}` 第 {} 行也有",
                "rule `{}` is also in `{}`, line {}",
                rule.id,
                other.file,
                other.line
            );
            findings.push(
                Finding::error("rules::twice", file, message)
                    .at(Some(span))
                    .hint(text!(
                        "每条规则须有自己的代号，登记和检查都用它指称",
                        "each rule has an id of its own, by which logs and checks name it"
                    )),
            );
            continue;
        }
        let added = rules.add(&policy.new_id(PolicyId::new(&*rule.id)), &rule);
        if let Err(problem) = added {
            findings.push(Finding::error("rules::refused", file, problem).at(Some(span)));
        }
        rules.rules.insert(rule.id.clone(), rule);
    }
}

/// Where a rule stands in its file. Its text may stand there twice, or in a comment too, so it is
/// counted and not looked for.
fn place(statements: &[Statement], id: &PolicyId) -> Option<Range<usize>> {
    let statement = statements.get(position(id)?)?;
    Some(statement.span.clone())
}

/// The number of a rule in its file, from 0: Cedar calls them `policy0`, `policy1` …
fn position(id: &PolicyId) -> Option<usize> {
    let id: &str = id.as_ref();
    id.strip_prefix("policy")?.parse().ok()
}

fn annotations(
    file: &str,
    span: &Range<usize>,
    policy: &Policy,
    findings: &mut Vec<Finding>,
) -> Option<Rule> {
    let before = findings.len();
    let mut needed = |key: &str| {
        let value = policy.annotation(key).unwrap_or("").trim();
        if value.is_empty() {
            let rule = policy.annotation("id").filter(|_| key != "id");
            let rule = rule.map_or_else(
                || text!("有一条规则", "a rule"),
                |id| text!("规则 `{id}`", "`{id}`"),
            );
            findings.push(
                Finding::error(
                    "rules::annotation",
                    file,
                    text!(rule; "{rule}没有 `@{key}`", "{rule} has no `@{key}`"),
                )
                .at(Some(span.clone()))
                .hint(text!(
                    "每条规则以 `@id(\"…\")`、`@reason(\"…\")`、`@reason_zh(\"…\")` 开头",
                    "every rule begins with `@id(\"…\")`, `@reason(\"…\")`, `@reason_zh(\"…\")`"
                )),
            );
        }
        value.to_owned()
    };
    let (id, en, zh) = (needed("id"), needed("reason"), needed("reason_zh"));
    let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-');
    if id.len() > ID_BYTES_MAX || !id.bytes().all(plain) {
        let message = text!(
            "`{id}` 不能作规则的代号：1 至 {ID_BYTES_MAX} 个字符，只用 `a-z`、`0-9`、`.`、`-`",
            "`{id}` is not a rule's id: 1 to {ID_BYTES_MAX} of a-z, 0-9, `.`, `-`"
        );
        findings.push(Finding::error("rules::id", file, message).at(Some(span.clone())));
    }
    let known = ["id", "reason", "reason_zh"];
    for (key, _) in policy.annotations().filter(|(key, _)| !known.contains(key)) {
        let message = text!("没有 `@{key}` 这个注解", "unknown annotation `@{key}`");
        findings.push(
            Finding::error("rules::annotation", file, message)
                .at(Some(span.clone()))
                .hint(text!(
                    "规则只有 `@id`、`@reason`、`@reason_zh`；其余请写在注释里",
                    "a rule has `@id`, `@reason` and `@reason_zh`; say the rest in a comment"
                )),
        );
    }
    let permits = policy.effect() == Effect::Permit;
    if !permits {
        forbids_in_emergency(file, span, &id, findings);
    }
    (findings.len() == before).then(|| Rule {
        id: Arc::from(id),
        permits,
        emergency: file.starts_with(EMERGENCY_FOLDER),
        reason: Title { zh, en },
        file: file.to_owned(),
        line: 1,
        span: span.clone(),
    })
}

/// What an emergency may not do: forbid.
fn forbids_in_emergency(file: &str, span: &Range<usize>, id: &str, findings: &mut Vec<Finding>) {
    if file.starts_with(EMERGENCY_FOLDER) {
        let message = text!(
            "规则 `{id}` 是禁止规则，却只在应急共享期间有效",
            "`{id}` forbids, and counts in an emergency only"
        );
        findings.push(
            Finding::error("emergency::forbids", file, message)
                .at(Some(span.clone()))
                .hint(text!(
                    "禁止的事请写在 `rules/`，在那里始终有效",
                    "what must never be belongs in `rules/`, where it always counts"
                )),
        );
    }
}

/// A rule may name nodes of the roster and words of the charter. A label or a seat has no name that
/// a rule could know.
fn literals(
    file: &str,
    span: &Range<usize>,
    policy: &Policy,
    roster: &Roster,
    rules: &mut Rules,
    findings: &mut Vec<Finding>,
) {
    for literal in policy.entity_literals() {
        match literal.type_name().basename() {
            "Node" => match node_of(&literal).filter(|node| roster.member(*node).is_some()) {
                Some(node) => {
                    rules.named.insert(node);
                }
                None => findings.push(
                    Finding::error(
                        "rules::unknown-node",
                        file,
                        text!("`{literal}` 不在名册中", "`{literal}` is not in the roster"),
                    )
                    .at(Some(span.clone()))
                    .hint(text!(
                        "请列入名册，或写节点与所属节点的关系",
                        "list it there, or say how a node stands to home"
                    )),
                ),
            },
            "Label" | "Seat" => findings.push(
                Finding::error(
                    "rules::literal",
                    file,
                    text!("规则不能点名 `{literal}`", "a rule cannot name `{literal}`"),
                )
                .at(Some(span.clone()))
                .hint(text!("请判断它的属性", "test its attributes")),
            ),
            _ => {}
        }
    }
}

pub(crate) fn node_of(uid: &EntityUid) -> Option<NodeId> {
    let id: &str = uid.id().as_ref();
    id.parse().ok()
}

fn validate(rules: &Rules, schema: &Schema, findings: &mut Vec<Finding>) {
    let validator = Validator::new(schema.clone());
    let result = validator.validate_with_level(
        &rules.in_emergency,
        ValidationMode::Strict,
        DEREFERENCES_MAX,
    );
    let errors = result
        .validation_errors()
        .map(|error| (error.policy_id(), error as &dyn Diagnostic));
    let errors: Vec<_> = errors.collect();
    let warnings = result.validation_warnings();
    let warnings = warnings.map(|warning| (warning.policy_id(), warning as &dyn Diagnostic));
    // That a rule can never apply follows where something in it is wrong.
    let follows = |id: &PolicyId, problem: &dyn Diagnostic| {
        wording::says_impossible(problem) && errors.iter().any(|(other, _)| *other == id)
    };
    let mut found: Vec<Finding> = errors
        .iter()
        .map(|(id, problem)| (*id, *problem, "rules::invalid"))
        .chain(
            warnings
                .filter(|(id, problem)| !follows(id, *problem))
                .map(|(id, problem)| (id, problem, "rules::warning")),
        )
        .map(|(id, problem, code)| {
            let id: &str = id.as_ref();
            let file = rules.rules.get(id).map_or(FOLDER, |rule| &rule.file);
            let whole = rules.rules.get(id).map(|rule| rule.span.clone());
            let finding = wording::of_validator(Finding::from_diagnostic(code, file, problem));
            let span = finding.span.clone().or(whole);
            finding.at(span)
        })
        .collect();
    found.sort_by(|one, other| {
        let key = |f: &Finding| {
            (
                f.file.clone(),
                f.span.as_ref().map(|span| span.start),
                f.message.en.clone(),
            )
        };
        key(one).cmp(&key(other))
    });
    found.dedup();
    findings.append(&mut found);
}
