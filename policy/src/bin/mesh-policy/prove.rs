//! `prove`: the invariants over everything that can be asked, with a chain of steps where one is
//! broken.

use std::path::PathBuf;
use std::time::Duration;

use crdt_model::kind::Title;
use crdt_model::label::Grade;
use policy::deciding::question::State;
use policy::review::enumeration::{Enumeration, Row};
use policy::review::invariant::{self, Proof};
use policy::review::pace::{Clock, Pace};
use policy::review::path::{Act, Step, shortest};
use policy::review::prove::prove;
use policy::{CedarCharter, CharterFiles};
use serde_json::{Value, json};

use crate::output::{Answer, Exit, Failure, Language, Output, open};
use crate::stopwatch::Stopwatch;
use crate::text::{self, both, say};

/// Prove the charter's invariants over all labels, nodes, roles and states.
///
/// Nothing is sampled. Where an invariant is broken, the shortest chain of steps that leads there is
/// shown: who writes, over which links it goes, who changes its grade, who adopts which version.
/// Exit code 0: all hold. 3: some do not.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The charter's folder.
    dir: PathBuf,
    /// An older version that nodes may still go by; may be given again, in any order. Invariants are
    /// held against it too.
    #[arg(long, value_name = "DIR")]
    with: Vec<PathBuf>,
    /// Ask plain Cedar this many of the questions too, evenly spread, and say how long all of them
    /// would take.
    #[arg(long, value_name = "N")]
    compare: Option<usize>,
}

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Answer, Failure> {
    let watch = Stopwatch::start();
    let (charter, files) = open_folder(&arguments.dir)?;
    let mut older = Vec::new();
    for dir in &arguments.with {
        older.push(open_folder(dir)?.0);
    }
    check_versions(&charter, &older, output)?;
    older.sort_by_key(|one| one.head().version);
    let all = Enumeration::of(&charter)?;
    let others = enumerations(&older)?;
    let report = prove(&all);
    let versions: Vec<&Enumeration<'_>> = others.iter().chain([&all]).collect();
    let mut broken = broken(&all, &report.invariants, &versions);
    for other in &others {
        let held = charter.checks().invariants.iter();
        let proofs: Vec<Proof> = held.map(|placed| invariant::hold(placed, other)).collect();
        broken.extend(self::broken(other, &proofs, &versions));
    }
    let taken = watch.elapsed();
    let compared = arguments
        .compare
        .map(|questions| Pace::measure(&all, &files, questions, &watch))
        .transpose()
        .map_err(|problem| Failure::new(Exit::Internal, "plain-cedar", problem))?;
    let built_in: Vec<String> = report
        .findings
        .iter()
        .filter(|finding| finding.code != "checks::invariant-broken")
        .map(|finding| match finding.position(&files) {
            Some((line, _)) => format!("{}:{line}: {}", finding.file, finding.message),
            None => finding.to_string(),
        })
        .collect();
    let exit = if broken.is_empty() && built_in.is_empty() {
        Exit::Clean
    } else {
        Exit::CheckBroken
    };
    let proofs = report.invariants.iter();
    let mut text: String = proofs.map(|proof| proof_line(proof, output)).collect();
    for other in &built_in {
        text.push_str(&say!(output, "\n未通过：{other}\n", "\nFAILS: {other}\n"));
    }
    text.extend(broken.iter().map(|one| one.text(output)));
    let counted = Counted {
        cases: report.cases,
        fails: built_in.len(),
        invariants: report.invariants.len(),
        broken: broken.len(),
    };
    text.push_str(&ending(&versions, &counted, taken, output));
    if let Some(pace) = &compared {
        text.push_str(&text::pace(pace, decisions(&versions), taken, output));
    }
    let object = json!({
        "decisions": decisions(&versions),
        "classes": versions.iter().map(|one| one.rows().len()).sum::<usize>(),
        "seconds": taken.as_secs_f64(),
        "plain": compared.map(|pace| pace.object(decisions(&versions), taken)),
        "invariants": report.invariants.iter().map(proof_object).collect::<Vec<_>>(),
        "broken": broken.iter().map(Broken::object).collect::<Vec<_>>(),
        "other_findings": built_in,
    });
    Ok(Answer::new(exit, text, object))
}

fn enumerations(charters: &[CedarCharter]) -> Result<Vec<Enumeration<'_>>, Failure> {
    let all = charters.iter().map(Enumeration::of);
    Ok(all.collect::<Result<_, _>>()?)
}

fn open_folder(dir: &std::path::Path) -> Result<(CedarCharter, CharterFiles), Failure> {
    let files = CharterFiles::read(dir)?;
    Ok((open(&files)?, files))
}

fn check_versions(
    charter: &CedarCharter,
    older: &[CedarCharter],
    output: &Output,
) -> Result<(), Failure> {
    let newest = charter.head().version;
    for other in older {
        let version = other.head().version;
        if version >= newest {
            return Err(Failure::usage(say!(
                output,
                "`--with` 给出的是第 {version} 版，不早于第 {newest} 版",
                "`--with` names version {version}, which is not before {newest}"
            )));
        }
    }
    Ok(())
}

/// Broken classes of one invariant that are searched for the shortest way, at most.
const SEARCHED_MAX: usize = 200;

/// An invariant that does not hold, with the way there.
struct Broken {
    name: String,
    reason: Title,
    what: Title,
    classes: usize,
    /// Whether what should not be is allowed; what should be is denied otherwise.
    allowed: bool,
    steps: Vec<Step>,
    lines: Vec<String>,
}

/// What does not hold under one version, with how it comes about among all that are in the field.
fn broken(all: &Enumeration<'_>, proofs: &[Proof], versions: &[&Enumeration<'_>]) -> Vec<Broken> {
    let of = |proof: &Proof| {
        let (position, state, steps) = nearest(all, proof, versions)?;
        let row = all.rows().get(position)?;
        let decided = all.decision(row, state).rules;
        let stepped = steps.iter().flat_map(|step| step.rules.iter().cloned());
        let mut lines: Vec<String> = Vec::new();
        for rule in stepped.chain(decided) {
            let line = rule_line(versions, &rule);
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        Some(Broken {
            name: proof.name.clone(),
            reason: proof.reason.clone(),
            what: what(all, row, state),
            classes: proof.broken.len(),
            allowed: all.allowed(row, state),
            steps,
            lines,
        })
    };
    proofs.iter().filter_map(of).collect()
}

/// What is decided of a class under one version.
fn what(all: &Enumeration<'_>, row: &Row, state: State) -> Title {
    let version = all.charter().head().version;
    let node = row.example.node;
    let (zh, en) = (Language::Zh, Language::En);
    let emergency = match state {
        State::Emergency => both!("（应急期间）", " in an emergency"),
        State::Normal => both!("", ""),
    };
    let decision = all.decision(row, state);
    Title {
        zh: format!(
            "第 {version} 版{}：{node} {} {}：{}",
            emergency.zh,
            text::question(row.question, zh),
            text::label(&row.example.label, zh),
            text::decision(&decision, zh)
        ),
        en: format!(
            "version {version}: {} of {} at {node} is {}{}",
            text::question(row.question, en),
            text::label(&row.example.label, en),
            text::decision(&decision, en),
            emergency.en
        ),
    }
}

/// The broken class that is reached in the fewest steps, with the steps; the first of them, and no
/// steps, where none is reached. What should be allowed and is not has no way there.
fn nearest(
    all: &Enumeration<'_>,
    proof: &Proof,
    versions: &[&Enumeration<'_>],
) -> Option<(usize, State, Vec<Step>)> {
    let mut nearest: Option<(usize, State, Vec<Step>)> = None;
    for (position, state) in proof.broken.iter().take(SEARCHED_MAX) {
        let row = all.rows().get(*position)?;
        let (label, node) = (row.example.label, row.example.node);
        let allowed = all.allowed(row, *state);
        let steps = allowed.then(|| shortest(versions, &label, node, *state));
        if let Some(steps) = steps.flatten()
            && nearest
                .as_ref()
                .is_none_or(|(_, _, known)| steps.len() < known.len())
        {
            nearest = Some((*position, *state, steps));
        }
    }
    let first = proof.broken.first()?;
    Some(nearest.unwrap_or_else(|| (first.0, first.1, Vec::new())))
}

/// Where a rule stands: its file and line, in the newest version that has it.
fn rule_line(versions: &[&Enumeration<'_>], rule: &str) -> String {
    let found = versions
        .iter()
        .rev()
        .find_map(|one| one.charter().rule(rule));
    match found {
        Some(found) => format!("{}:{} `{rule}`", found.file, found.line),
        None => format!("`{rule}`"),
    }
}

impl Broken {
    fn text(&self, output: &Output) -> String {
        let mut text = say!(
            output,
            "\n不成立：{name}\n  {reason}\n  {what}；共 {classes} 类\n",
            "\nBROKEN: {name}\n  {reason}\n  {what}; classes: {classes}\n",
            name = self.name,
            reason = output.title(&self.reason),
            what = output.title(&self.what),
            classes = self.classes
        );
        for (number, step) in self.steps.iter().enumerate() {
            let (number, version) = (number + 1, step.version);
            let step = step_text(step, output.language());
            text.push_str(&say!(
                output,
                "  {number}. 第 {version} 版：{step}\n",
                "  {number}. version {version}: {step}\n"
            ));
        }
        if self.steps.is_empty() && self.allowed {
            text.push_str(&say!(
                output,
                "  虽然允许，但按这些版本没有途径传到那里\n",
                "  it is allowed, though nothing carries it there under these versions\n"
            ));
        }
        for line in &self.lines {
            text.push_str(&say!(output, "  参见 {line}\n", "  see {line}\n"));
        }
        text
    }

    fn object(&self) -> Value {
        json!({
            "invariant": self.name, "what": self.what.en, "classes": self.classes,
            "steps": self.steps.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "rules": self.lines,
        })
    }
}

fn step_text(step: &Step, language: Language) -> String {
    if language == Language::En {
        return step.to_string();
    }
    let graded = |Grade { sensitivity, level }: Grade| format!("（{sensitivity}，{level}）");
    let told = match step.act {
        Act::Writes { node, grade } => format!("{node} 填写{}", graded(grade)),
        Act::Flows { from, to } => format!("{from} 传给 {to}"),
        Act::Regrades { node, grade } => format!("{node} 调整级别为{}", graded(grade)),
        Act::Adopts { node } => format!("{node} 采纳第 {} 版", step.version),
    };
    match step.rules.as_slice() {
        [] => told,
        rules => format!("{told}，依据 {}", rules.join("、")),
    }
}

fn proof_line(proof: &Proof, output: &Output) -> String {
    let mark = if proof.broken.is_empty() && proof.classes > 0 {
        say!(output, "成立  ", "holds ")
    } else {
        say!(output, "不成立", "BROKEN")
    };
    say!(
        output,
        "{mark}  {:>9} 项判定  {}  {}\n",
        "{mark}  {:>9} decisions  {}  {}\n",
        proof.questions,
        proof.name,
        output.title(&proof.reason)
    )
}

fn proof_object(proof: &Proof) -> Value {
    json!({
        "name": proof.name, "reason": proof.reason, "classes": proof.classes,
        "decisions": proof.questions, "holds": proof.broken.is_empty() && proof.classes > 0,
    })
}

fn decisions(versions: &[&Enumeration<'_>]) -> u64 {
    let of = |one: &&Enumeration<'_>| one.questions() * one.states().len() as u64;
    versions.iter().map(of).sum()
}

/// How much was held, and how much of it does not hold.
struct Counted {
    cases: usize,
    fails: usize,
    invariants: usize,
    broken: usize,
}

fn ending(
    versions: &[&Enumeration<'_>],
    counted: &Counted,
    taken: Duration,
    output: &Output,
) -> String {
    let named = versions
        .iter()
        .map(|one| one.charter().head().version.to_string());
    let named: Vec<_> = named.collect();
    let states = versions.last().map_or(1, |one| one.states().len());
    let Counted {
        cases,
        fails,
        invariants,
        broken,
    } = counted;
    let verdict = match (*broken, *fails) {
        (0, 0) => say!(output, "全部成立", "all hold"),
        (broken, fails) => say!(
            output,
            "{broken} 条约束不成立，{fails} 项其他检查未通过",
            "{broken} invariants BROKEN, {fails} other checks FAIL"
        ),
    };
    let version = if named.len() == 1 {
        "version"
    } else {
        "versions"
    };
    let state = if states == 1 { "state" } else { "states" };
    say!(
        output,
        "\n{verdict}：{invariants} 条约束、{cases} 个用例，以及任何章程都须满足的要求\n\
         遍历全部分面、级别、所属节点、收件单位、节点、操作和岗位，依第 {named} 版，{states} 种状态：\
         {decisions} 项判定，归为 {classes} 类，用时 {seconds:.2} 秒\n",
        "\n{verdict}: {invariants} invariants, {cases} cases, and what must hold of any charter\n\
         over every facet, grade, home, addressee, node, action and role, under {version} {named}, in \
         {states} {state}: {decisions} decisions, by {classes} classes, in {seconds:.2} s\n",
        named = named.join(&say!(output, "、", ", ")),
        decisions = decisions(versions),
        classes = versions.iter().map(|one| one.rows().len()).sum::<usize>(),
        seconds = taken.as_secs_f64(),
    )
}
