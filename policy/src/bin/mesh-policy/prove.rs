//! `prove`: the invariants over everything that can be asked, with a chain of steps where one is
//! broken.

use std::path::PathBuf;
use std::time::Duration;

use crdt_model::text;
use crdt_model::text::{Explain, Text};
use policy::command_line::help::Words;
use policy::command_line::values;
use policy::deciding::question::State;
use policy::review::enumeration::{Enumeration, Row};
use policy::review::invariant::{self, Proof};
use policy::review::pace::{Clock, Pace};
use policy::review::path::{Act, Step, shortest};
use policy::review::prove::prove;
use policy::review::words;
use policy::{CedarCharter, CharterFiles};
use serde_json::{Value, json};

use crate::output::{Answer, Exit, Failure, Output, open};
use crate::pace;
use crate::stopwatch::Stopwatch;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    dir: PathBuf,
    #[arg(long, value_name = "DIR")]
    with: Vec<PathBuf>,
    #[arg(long, value_name = "N", value_parser = values::number::<usize>)]
    compare: Option<usize>,
}

pub(crate) fn words() -> Words {
    Words::new(text!(
        "对全部情形逐一证明各条底线要求",
        "Prove the charter's invariants over everything that can be asked"
    ))
    .argument("dir", text!("章程目录", "the charter's folder"))
    .argument(
        "with",
        text!(
            "可能还有节点在用的旧版，可多次给出；底线要求也按它核对",
            "an older version that nodes may still go by; may be given again, in any order. \
             Invariants are held against it too"
        ),
    )
    .argument(
        "compare",
        text!(
            "另用原生 Cedar 均匀抽问这么多项，并推算全部需要多久",
            "ask plain Cedar this many of the questions too, evenly spread, and say how long \
             all of them would take"
        ),
    )
    .after(text!(
        "不抽样。底线被突破时，给出最短的一步步途径：谁填写、经哪条线路、谁调整级别、谁采用哪一\
         版。\n退出码 0：全部守住。3：有被突破的。",
        "Nothing is sampled. Where an invariant is broken, the shortest chain of steps that \
         leads there is shown: who writes, over which links it goes, who changes its grade, who \
         adopts which version.\nExit code 0: all hold. 3: some do not."
    ))
}

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Answer, Failure> {
    let watch = Stopwatch::start();
    let (charter, files) = open_folder(&arguments.dir)?;
    let mut older = Vec::new();
    for dir in &arguments.with {
        older.push(open_folder(dir)?.0);
    }
    check_versions(&charter, &older)?;
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
        .map_err(|problem| Failure::internal("plain-cedar", &problem))?;
    let built_in: Vec<Text> = report
        .findings
        .iter()
        .filter(|finding| finding.code != "checks::invariant-broken")
        .map(|finding| match finding.position(&files) {
            Some((line, _)) => {
                let (file, message) = (&finding.file, &finding.message);
                text!(message; "{file}:{line}：{message}", "{file}:{line}: {message}")
            }
            None => finding.text(),
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
        text.push_str(&output.say(text!(other; "\n未通过：{other}\n", "\nFAILS: {other}\n")));
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
        text.push_str(&output.say(pace::text(pace, decisions(&versions), taken)));
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

fn check_versions(charter: &CedarCharter, older: &[CedarCharter]) -> Result<(), Failure> {
    let newest = charter.head().version;
    for other in older {
        let version = other.head().version;
        if version >= newest {
            return Err(Failure::usage(text!(
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
    reason: Text,
    what: Text,
    classes: usize,
    /// Whether what should not be is allowed; what should be is denied otherwise.
    allowed: bool,
    steps: Vec<Step>,
    /// The steps in words.
    told: Vec<Text>,
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
            told: steps
                .iter()
                .map(|step| step_text(all.charter(), step))
                .collect(),
            steps,
            lines,
        })
    };
    proofs.iter().filter_map(of).collect()
}

/// What is decided of a class under one version.
fn what(all: &Enumeration<'_>, row: &Row, state: State) -> Text {
    let charter = all.charter();
    let version = charter.head().version;
    let emergency = match state {
        State::Emergency => text!("（应急共享期间）", " in an emergency"),
        State::Normal => Text::default(),
    };
    let (node, asked, label, said) = (
        words::node(charter, row.example.node),
        words::question(charter, row.question),
        words::label(charter, &row.example.label),
        words::decision(&all.decision(row, state)),
    );
    text!(
        node, asked, label, said, emergency;
        "第 {version} 版{emergency}：{node}对“{label}”的“{asked}”，结果是{said}",
        "version {version}: {asked} of {label} at {node} is {said}{emergency}"
    )
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
        let mut text = output.say(text!(
            "\n底线被突破：{name}\n  要求：{reason}\n  问题：{what}（共 {classes} 类）\n",
            "\nBROKEN: {name}\n  required: {reason}\n  {what}; classes: {classes}\n",
            name = self.name,
            reason = output.title(&self.reason),
            what = output.title(&self.what),
            classes = self.classes
        ));
        for (number, (step, told)) in self.steps.iter().zip(&self.told).enumerate() {
            let (number, version) = (number + 1, step.version);
            text.push_str(&output.say(text!(
                told;"  {number}. 第 {version} 版：{told}\n",
                "  {number}. version {version}: {told}\n")));
        }
        if self.steps.is_empty() && self.allowed {
            text.push_str(&output.say(text!(
                "  虽然允许，但按这些版本没有途径传到那里\n",
                "  it is allowed, though nothing carries it there under these versions\n"
            )));
        }
        for line in &self.lines {
            text.push_str(&output.say(text!("  参见 {line}\n", "  see {line}\n")));
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

fn step_text(charter: &CedarCharter, step: &Step) -> Text {
    let place = |node| words::node(charter, node).zh;
    let grade = |grade| words::grade(charter, grade).zh;
    let told = match step.act {
        Act::Writes { node, grade: to } => format!("{}填写（{}）", place(node), grade(to)),
        Act::Flows { from, to } => format!("{}传给{}", place(from), place(to)),
        Act::Regrades { node, grade: to } => {
            format!("{}调整级别为“{}”", place(node), grade(to))
        }
        Act::Adopts { node } => format!("{}采用第 {} 版", place(node), step.version),
    };
    let rules: Vec<_> = step.rules.iter().map(|rule| format!("`{rule}`")).collect();
    let by = match rules.is_empty() {
        true => String::new(),
        false => format!("，依据 {}", rules.join("、")),
    };
    Text {
        zh: format!("{told}{by}"),
        en: step.to_string(),
    }
}

fn proof_line(proof: &Proof, output: &Output) -> String {
    let mark = if proof.broken.is_empty() && proof.classes > 0 {
        output.say(text!("守住      ", "holds "))
    } else {
        output.say(text!("底线被突破", "BROKEN"))
    };
    output.say(text!(
        "{mark}  {:>9} 项判定  {}  {}\n",
        "{mark}  {:>9} decisions  {}  {}\n",
        proof.questions,
        proof.name,
        output.title(&proof.reason)
    ))
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
        (0, 0) => output.say(text!("全部守住", "all hold")),
        (broken, fails) => output.say(text!(
            "{broken} 条底线要求被突破，{fails} 项其他检查未通过",
            "{broken} invariants BROKEN, {fails} other checks FAIL"
        )),
    };
    let version = if named.len() == 1 {
        "version"
    } else {
        "versions"
    };
    let state = if states == 1 { "state" } else { "states" };
    output.say(text!("\n{verdict}：底线要求 {invariants} 条、用例 {cases} 个，以及任何章程都须满足的基本要求\n\
         已逐项核对全部分项、级别、所属节点、收件单位、节点、操作和岗位（第 {named} 版，{states} 种状态）：\
         {decisions} 项判定，归为 {classes} 类，用时 {seconds:.2} 秒\n",
        "\n{verdict}: {invariants} invariants, {cases} cases, and what must hold of any charter\n\
         over every facet, grade, home, addressee, node, action and role, under {version} {named}, in \
         {states} {state}: {decisions} decisions, by {classes} classes, in {seconds:.2} s\n",
        named = named.join(&output.say(text!("、", ", "))),
        decisions = decisions(versions),
        classes = versions.iter().map(|one| one.rows().len()).sum::<usize>(),
        seconds = taken.as_secs_f64(),))
}
