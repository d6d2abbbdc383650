//! The reviewer's page: everything about one version in one file, to be read, printed and kept.

use std::collections::BTreeSet;

use askama::Template;
use crdt_model::charter::{Charter, RuleId, Standing};
use crdt_model::kind::Title;
use crdt_model::label::Grade;
use crdt_model::text::Text;
use crdt_model::time::WallTime;

use crate::deciding::question::State;
use crate::reading::files::CharterFiles;
use crate::reading::finding::{Finding, Severity};
use crate::reading::roster::tier_name;
use crate::review::difference::{Change, difference};
use crate::review::enumeration::Enumeration;
use crate::review::invariant::Proof;
use crate::review::lints::lint;
use crate::review::matrix::tables;
use crate::review::page::{TableView, rendered, table_view};
use crate::review::powers::PowerChange;
use crate::review::prove::prove;
use crate::review::words;
use crate::signing::board::{read_signatures, signature_path};
use crate::signing::manifest::{MANIFEST_PATH, Sha256Sum, digest_of};
use crate::signing::manifest_text::moment;
use crate::signing::sshsig::SshKey;

#[derive(Template)]
#[template(path = "report.html")]
struct Report {
    title: Title,
    county: String,
    version: String,
    valid: String,
    digest: String,
    decisions: String,
    decided: u64,
    findings: Vec<FindingView>,
    threshold: usize,
    reviewers: Vec<ReviewerView>,
    changes: Option<Vec<ChangeView>>,
    rules: Vec<RuleView>,
    proofs: Vec<ProofView>,
    tables: Vec<TableView>,
    roster: Vec<MemberView>,
}

struct FindingView {
    class: &'static str,
    severity: &'static str,
    place: String,
    message: Text,
    hint: Text,
}

struct ReviewerView {
    name: String,
    fingerprint: String,
    signed: bool,
}

struct ChangeView {
    class: &'static str,
    opens: bool,
    what: Title,
    who: Title,
    grades: String,
    rules: String,
}

struct RuleView {
    id: String,
    permits: bool,
    emergency: bool,
    reason: Title,
    questions: u64,
}

struct ProofView {
    name: String,
    reason: Title,
    holds: bool,
    questions: u64,
}

struct MemberView {
    code: String,
    name: String,
    tier: &'static str,
    active: bool,
    expected: bool,
}

/// The page of one version, against the one before where that is given. Both must distinguish the
/// same nodes, as for [`difference`].
pub fn page(
    all: &Enumeration<'_>,
    before: Option<&Enumeration<'_>>,
    files: &CharterFiles,
    now: WallTime,
) -> (String, Vec<Finding>) {
    let charter = all.charter();
    let report = prove(all);
    let mut findings = report.findings;
    findings.extend(lint(all, files, now));
    let manifest = files.files.get(MANIFEST_PATH);
    let validity = charter.validity();
    let page = Report {
        title: charter.head().title.clone(),
        county: words::node_with_code(charter, charter.county()).zh,
        version: charter.version().to_string(),
        valid: valid(validity.from, validity.until),
        digest: manifest.map_or("—".to_owned(), |bytes| digest_of(bytes).to_string()),
        decisions: Sha256Sum(charter.decision_digest()).to_string(),
        decided: all.questions() * all.states().len() as u64,
        findings: findings
            .iter()
            .map(|finding| finding_view(finding, files))
            .collect(),
        threshold: charter.threshold(),
        reviewers: reviewers(all, files),
        changes: before.map(|before| changes(before, all)),
        rules: rules(all),
        proofs: report.invariants.iter().map(proof_view).collect(),
        tables: tables(all, State::Normal).iter().map(table_view).collect(),
        roster: roster(all),
    };
    (rendered(&page), findings)
}

/// From when until when, by Beijing's clock.
fn valid(from: WallTime, until: WallTime) -> String {
    let (from, until) = (moment(from).zh, moment(until).zh);
    format!("{from} – {until}")
}

fn finding_view(finding: &Finding, files: &CharterFiles) -> FindingView {
    let (class, severity) = match finding.severity {
        Severity::Error => ("bad", "错误 error"),
        Severity::Warning => ("bad", "警告 warning"),
        Severity::Note => ("small", "提示 note"),
    };
    let place = match finding.position(files) {
        Some((line, _)) => format!("{}:{line}", finding.file),
        None => finding.file.clone(),
    };
    FindingView {
        class,
        severity,
        place,
        message: finding.message.clone(),
        hint: finding.hint.clone().unwrap_or_default(),
    }
}

fn reviewers(all: &Enumeration<'_>, files: &CharterFiles) -> Vec<ReviewerView> {
    let manifest = files.files.get(MANIFEST_PATH);
    let signatures = manifest.map_or(Vec::new(), |bytes| read_signatures(files, bytes));
    let good: Vec<_> = signatures.into_iter().flatten().collect();
    let view = |reviewer: &crate::reading::head::Reviewer| {
        let key = SshKey::parse(&reviewer.key).ok();
        let signed = key.as_ref().is_some_and(|key| {
            let path = signature_path(&reviewer.name, key);
            good.iter().any(|one| one.key == *key && one.path == path)
        });
        ReviewerView {
            name: reviewer.name.clone(),
            fingerprint: key.map_or("—".to_owned(), |key| key.fingerprint()),
            signed,
        }
    };
    all.charter().reviewers().iter().map(view).collect()
}

fn changes(before: &Enumeration<'_>, after: &Enumeration<'_>) -> Vec<ChangeView> {
    let changed = difference(before, after);
    let opened = changed
        .opened
        .iter()
        .map(|change| change_view(change, true));
    let closed = changed
        .closed
        .iter()
        .map(|change| change_view(change, false));
    let powers = changed.powers.iter().map(power_view);
    powers.chain(opened).chain(closed).collect()
}

fn power_view(change: &PowerChange) -> ChangeView {
    ChangeView {
        class: if change.widens { "open" } else { "close" },
        opens: change.widens,
        what: change.what.clone(),
        who: Title {
            zh: "由谁决定".to_owned(),
            en: "who decides".to_owned(),
        },
        grades: String::new(),
        rules: String::new(),
    }
}

fn change_view(change: &Change, opens: bool) -> ChangeView {
    let roles: Vec<_> = change.roles.iter().map(ToString::to_string).collect();
    let grade = |Grade { sensitivity, level }: &Grade| format!("{sensitivity}/{level}");
    let grades: Vec<_> = change.grades.iter().map(grade).collect();
    let homes: Vec<_> = change.homes.iter().map(ToString::to_string).collect();
    let joined = |rules: &BTreeSet<RuleId>| {
        let rules: Vec<_> = rules.iter().map(|rule| rule.to_string()).collect();
        rules.join(", ")
    };
    let what = format!(
        "{} {} {} ({})",
        change.question.name(),
        roles.join(" "),
        change.facet,
        homes.join(", ")
    );
    ChangeView {
        class: if opens { "open" } else { "close" },
        opens,
        what: Title {
            zh: what.clone(),
            en: what,
        },
        who: change.column.title(),
        grades: grades.join(" · "),
        rules: match (opens, joined(&change.rules), joined(&change.before)) {
            (true, now, guards) if guards.is_empty() => now,
            (false, now, lost) if now.is_empty() => format!("− {lost}"),
            (_, now, before) => format!("{now} · − {before}"),
        },
    }
}

fn rules(all: &Enumeration<'_>) -> Vec<RuleView> {
    let questions = |position: usize| -> u64 {
        let meets = all
            .rows()
            .iter()
            .filter(|row| row.permits.contains(&position) || row.forbids.contains(&position));
        meets.map(|row| row.questions).sum()
    };
    let rules = all.rules().iter().enumerate();
    rules
        .map(|(position, rule)| RuleView {
            id: rule.id.to_string(),
            permits: rule.permits,
            emergency: rule.emergency,
            reason: rule.reason.clone(),
            questions: questions(position),
        })
        .collect()
}

fn proof_view(proof: &Proof) -> ProofView {
    ProofView {
        name: proof.name.clone(),
        reason: proof.reason.clone(),
        holds: proof.broken.is_empty() && proof.classes > 0,
        questions: proof.questions,
    }
}

fn roster(all: &Enumeration<'_>) -> Vec<MemberView> {
    let members = all.charter().roster().members().iter();
    members
        .map(|member| MemberView {
            code: member.node.to_string(),
            name: member.name.clone(),
            tier: tier_name(member.tier),
            active: member.standing == Standing::Active,
            expected: member.standing == Standing::Expected,
        })
        .collect()
}
