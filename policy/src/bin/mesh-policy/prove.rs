//! `prove`: the invariants over everything that can be asked, with a chain of steps where one is
//! broken.

use std::path::PathBuf;
use std::time::Duration;

use policy::question::State;
use policy::review::enumeration::Enumeration;
use policy::review::invariant::{self, Proof};
use policy::review::pace::{Clock, Pace};
use policy::review::path::{Step, shortest};
use policy::review::prove::prove;
use policy::review::said;
use policy::{CedarCharter, CharterFiles};
use serde_json::{Value, json};

use crate::output::{Answer, Exit, Failure, Output, open};
use crate::stopwatch::Stopwatch;

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
    let mut text = String::new();
    for proof in &report.invariants {
        text.push_str(&proof_line(proof, output));
    }
    for other in &built_in {
        text.push_str(&format!("\nFAILS: {other}\n"));
    }
    for one in &broken {
        text.push_str(&one.text());
    }
    let counted = Counted {
        cases: report.cases,
        fails: built_in.len(),
        invariants: report.invariants.len(),
        broken: broken.len(),
    };
    text.push_str(&ending(&versions, &counted, taken));
    if let Some(pace) = &compared {
        text.push_str(&pace.text(decisions(&versions), taken));
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
            let message = format!("`--with` names version {version}, which is not before {newest}");
            return Err(Failure::usage(message));
        }
    }
    Ok(())
}

/// Broken classes of one invariant that are searched for the shortest way, at most.
const SEARCHED_MAX: usize = 200;

/// An invariant that does not hold, with the way there.
struct Broken {
    name: String,
    reason_zh: String,
    reason_en: String,
    what: String,
    classes: usize,
    /// Whether what should not be is allowed; what should be is denied otherwise.
    allowed: bool,
    steps: Vec<Step>,
    lines: Vec<String>,
}

/// What does not hold under one version, with how it comes about among all that are in the field.
fn broken(all: &Enumeration<'_>, proofs: &[Proof], versions: &[&Enumeration<'_>]) -> Vec<Broken> {
    let version = all.charter().head().version;
    let of = |proof: &Proof| {
        let (position, state, steps) = nearest(all, proof, versions)?;
        let row = all.rows().get(position)?;
        let (label, node) = (row.example.label, row.example.node);
        let emergency = if state == State::Emergency {
            " in an emergency"
        } else {
            ""
        };
        let what = format!(
            "version {version}: {} of {label} at {node} is {}{emergency}",
            row.question,
            said(&all.decision(row, state))
        );
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
            reason_zh: proof.reason.zh.clone(),
            reason_en: proof.reason.en.clone(),
            what,
            classes: proof.broken.len(),
            allowed: all.allowed(row, state),
            steps,
            lines,
        })
    };
    proofs.iter().filter_map(of).collect()
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
    fn text(&self) -> String {
        let mut text = format!(
            "\nBROKEN: {}\n  {} / {}\n  {}; classes: {}\n",
            self.name, self.reason_zh, self.reason_en, self.what, self.classes
        );
        for (number, step) in self.steps.iter().enumerate() {
            text.push_str(&format!(
                "  {}. version {}: {step}\n",
                number + 1,
                step.version
            ));
        }
        if self.steps.is_empty() && self.allowed {
            text.push_str(
                "  it is allowed, though nothing carries it there under these versions\n",
            );
        }
        for line in &self.lines {
            text.push_str(&format!("  see {line}\n"));
        }
        text
    }

    fn object(&self) -> Value {
        json!({
            "invariant": self.name, "what": self.what, "classes": self.classes,
            "steps": self.steps.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "rules": self.lines,
        })
    }
}

fn proof_line(proof: &Proof, output: &Output) -> String {
    let mark = if proof.broken.is_empty() && proof.classes > 0 {
        "holds "
    } else {
        "BROKEN"
    };
    format!(
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

fn ending(versions: &[&Enumeration<'_>], counted: &Counted, taken: Duration) -> String {
    let named: Vec<_> = versions
        .iter()
        .map(|one| one.charter().head().version.to_string())
        .collect();
    let states = versions.last().map_or(1, |one| one.states().len());
    let Counted {
        cases,
        fails,
        invariants,
        broken,
    } = counted;
    let verdict = match (*broken, *fails) {
        (0, 0) => "all hold".to_owned(),
        (broken, fails) => format!("{broken} invariants BROKEN, {fails} other checks FAIL"),
    };
    format!(
        "\n{verdict}: {invariants} invariants, {cases} cases, and what must hold of any charter\n\
         over every facet, grade, home, addressee, node, action and role, under {} {}, in {states} \
         state{}: {} decisions, by {} classes, in {:.2} s\n",
        if named.len() == 1 {
            "version"
        } else {
            "versions"
        },
        named.join(", "),
        if states == 1 { "" } else { "s" },
        decisions(versions),
        versions.iter().map(|one| one.rows().len()).sum::<usize>(),
        taken.as_secs_f64(),
    )
}
