//! `diff`: what a new version changes, in its text and in effect.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crdt_model::charter::Charter;
use crdt_model::ids::{Name, NodeId};
use crdt_model::label::Grade;
use policy::manifest::MANIFEST_PATH;
use policy::question::State;
use policy::review::difference::{Change, Difference, RosterChange, difference};
use policy::review::enumeration::Enumeration;
use policy::review::inventory::{Inventory, Numbers};
use policy::review::powers::PowerChange;
use policy::{CedarCharter, CharterFiles};
use serde_json::{Value, json};
use similar::TextDiff;

use crate::output::{Answer, Exit, Failure, Output, open};

/// Compare two versions of a charter: what opens, what closes, by which rule.
///
/// Who decides comes first (reviewers and how many must sign, recovery, emergencies, confirmation by
/// townships, dates), then what opens, the narrowest facets before others. Exit code 0: nothing
/// widened. 2: something opened, somebody joined, or somebody can decide more or with fewer others.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The folder of the version in force.
    old: PathBuf,
    /// The folder of the version to compare.
    new: PathBuf,
    /// What a node holds, as `mesh-node inventory` writes it; may be given again.
    #[arg(long, value_name = "FILE")]
    inventory: Vec<PathBuf>,
    /// Leave out how the text of files changed.
    #[arg(long)]
    no_text: bool,
}

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Answer, Failure> {
    let (mut old, old_files) = open_folder(&arguments.old)?;
    let (mut new, new_files) = open_folder(&arguments.new)?;
    if old.county() != new.county() {
        return Err(Failure::usage("the two charters are of different counties"));
    }
    let inventory = read_inventory(&arguments.inventory)?;
    let named: Vec<NodeId> = old.named().chain(new.named()).collect();
    old.distinguish(named.iter().copied());
    new.distinguish(named);
    let changed = difference(&Enumeration::of(&old)?, &Enumeration::of(&new)?);
    let widened = changed.widens();
    let numbers = (!arguments.inventory.is_empty()).then(|| inventory.compare(&old, &new));
    let mut text = String::new();
    text.push_str(&effect_text(&changed, &new, output));
    let unreasoned = unreasoned(&old, &new);
    for rule in &unreasoned {
        text.push_str(&format!(
            "! `{rule}` says something else, and its reason is the same\n"
        ));
    }
    if let Some(numbers) = &numbers {
        text.push_str(&numbers_text(numbers, &inventory));
    }
    if !arguments.no_text {
        text.push_str(&files_text(&old_files, &new_files));
    }
    let object = json!({
        "widens": widened,
        "opened": changed.opened.iter().map(change_object).collect::<Vec<_>>(),
        "closed": changed.closed.iter().map(change_object).collect::<Vec<_>>(),
        "powers": changed.powers,
        "roster": changed.roster.iter().map(|one| roster_text(*one, &new)).collect::<Vec<_>>(),
        "same_reason": unreasoned,
        "inventory": numbers.map(|numbers| numbers_object(&numbers)),
    });
    let exit = if widened { Exit::Wider } else { Exit::Clean };
    Ok(Answer::new(exit, text, object))
}

fn open_folder(dir: &std::path::Path) -> Result<(CedarCharter, CharterFiles), Failure> {
    let files = CharterFiles::read(dir)?;
    Ok((open(&files)?, files))
}

fn read_inventory(paths: &[PathBuf]) -> Result<Inventory, Failure> {
    let mut inventory = Inventory::default();
    for path in paths {
        let fault = |problem: String| Failure::usage(format!("`{}`: {problem}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|problem| fault(problem.to_string()))?;
        inventory
            .add(&text)
            .map_err(|problem| fault(problem.to_string()))?;
    }
    Ok(inventory)
}

fn effect_text(changed: &Difference, new: &CedarCharter, output: &Output) -> String {
    let Difference {
        opened,
        closed,
        roster,
        powers,
    } = changed;
    let mut text = String::new();
    if !powers.is_empty() {
        text.push_str(&format!("who decides: {}\n", powers.len()));
        for PowerChange { what, widens } in powers {
            let sign = if *widens { '+' } else { '-' };
            text.push_str(&format!("  {sign} {what}\n"));
        }
    }
    text.push_str(&format!("opened: {}\n", opened.len()));
    text.extend(opened.iter().map(|change| change_text('+', change, output)));
    text.push_str(&format!("closed: {}\n", closed.len()));
    text.extend(closed.iter().map(|change| change_text('-', change, output)));
    if !roster.is_empty() {
        text.push_str(&format!("nodes: {}\n", roster.len()));
        let lines = roster
            .iter()
            .map(|one| format!("  {}\n", roster_text(*one, new)));
        text.extend(lines);
    }
    if opened.is_empty() && closed.is_empty() {
        text.push_str("every decision is the same\n");
    }
    text
}

fn change_text(sign: char, change: &Change, output: &Output) -> String {
    let title = change.column.title();
    let homes: Vec<_> = change.homes.iter().map(ToString::to_string).collect();
    let addressees: Vec<_> = change
        .addressees
        .iter()
        .flatten()
        .map(ToString::to_string)
        .collect();
    let to = if addressees.is_empty() {
        String::new()
    } else {
        format!(" for {}", addressees.join(", "))
    };
    let emergency = if change.state == State::Emergency {
        " in an emergency"
    } else {
        ""
    };
    let roles: Vec<_> = change.roles.iter().map(ToString::to_string).collect();
    let who = if roles.is_empty() {
        String::new()
    } else {
        format!(" as {}", roles.join(", "))
    };
    format!(
        "  {sign} {}{who} {} of a {}{to}: {}{emergency}\n      {}\n      {} ({} questions)\n",
        change.question.name(),
        change.facet,
        homes.join(", "),
        output.title(&title),
        grades(&change.grades),
        by(change, sign == '+'),
        change.questions,
    )
}

fn grades(grades: &std::collections::BTreeSet<Grade>) -> String {
    let mut by_sensitivity: BTreeMap<Name, Vec<String>> = BTreeMap::new();
    for Grade { sensitivity, level } in grades {
        let levels = by_sensitivity.entry(*sensitivity).or_default();
        levels.push(level.to_string());
    }
    let told = by_sensitivity
        .iter()
        .map(|(sensitivity, levels)| format!("{sensitivity}: {}", levels.join(", ")));
    told.collect::<Vec<_>>().join("; ")
}

fn by(change: &Change, opened: bool) -> String {
    let quoted = |rules: &std::collections::BTreeSet<crdt_model::charter::RuleId>| {
        let quoted: Vec<_> = rules.iter().map(|rule| format!("`{rule}`")).collect();
        quoted.join(", ")
    };
    let (now, before) = (quoted(&change.rules), quoted(&change.before));
    match (opened, change.rules.is_empty(), change.before.is_empty()) {
        (true, _, true) => format!("permitted by {now}"),
        (true, _, false) => format!("permitted by {now}, and no longer forbidden by {before}"),
        (false, true, _) => format!("was permitted by {before}"),
        (false, false, _) => format!("forbidden by {now}; was permitted by {before}"),
    }
}

fn roster_text(change: RosterChange, new: &CedarCharter) -> String {
    let named = |node: NodeId| {
        let member = new.roster().member(node);
        member.map_or(node.to_string(), |member| format!("{node} {}", member.name))
    };
    match change {
        RosterChange::Joins(node) => format!("+ {} joins", named(node)),
        RosterChange::Leaves(node) => format!("- {} leaves", named(node)),
        RosterChange::Revoked(node) => format!("- {} is revoked", named(node)),
        RosterChange::Restored(node) => format!("+ {} is trusted again", named(node)),
        RosterChange::Rekeyed(node) => format!("+ {} has another key", named(node)),
    }
}

fn numbers_text(numbers: &BTreeMap<Name, (Numbers, Numbers)>, inventory: &Inventory) -> String {
    let mut text = format!("of {} facets in the inventory:\n", inventory.facets());
    let mut nothing = true;
    for (facet, (more, fewer)) in numbers {
        for (sign, one, words) in [('+', more, "more"), ('-', fewer, "fewer")] {
            if one.facets > 0 {
                nothing = false;
                text.push_str(&format!(
                    "  {sign} {} facets of {facet}: each reaches {} {words}; {} different nodes, {} \
                     copies\n",
                    one.facets,
                    each(one),
                    one.nodes.len(),
                    one.copies,
                ));
            }
        }
    }
    if nothing {
        text.push_str("  none reaches more or fewer nodes\n");
    }
    text
}

fn each(numbers: &Numbers) -> String {
    match numbers.each {
        Some((1, 1)) => "1 node".to_owned(),
        Some((least, most)) if least == most => format!("{least} nodes"),
        Some((least, most)) => format!("{least} to {most} nodes"),
        None => "no node".to_owned(),
    }
}

/// Rules that say something else and give the same reason for it.
fn unreasoned(old: &CedarCharter, new: &CedarCharter) -> Vec<String> {
    let same_reason = |rule: &&policy::rules::Rule| {
        let before = old.rule(&rule.id);
        before.is_some_and(|before| {
            before.reason == rule.reason && old.condition_of(before) != new.condition_of(rule)
        })
    };
    let rules = new.rules().filter(same_reason);
    rules.map(|rule| rule.id.to_string()).collect()
}

fn files_text(old: &CharterFiles, new: &CharterFiles) -> String {
    let mut text = String::new();
    let paths: std::collections::BTreeSet<&String> =
        old.files.keys().chain(new.files.keys()).collect();
    for path in paths {
        // What is signed, and that it is, `verify` says.
        if path == MANIFEST_PATH || path.starts_with("signatures/") {
            continue;
        }
        let content = |files: &CharterFiles| {
            let bytes = files.files.get(path);
            String::from_utf8_lossy(bytes.map_or(&[], Vec::as_slice)).into_owned()
        };
        let (before, after) = (content(old), content(new));
        if before != after {
            let diff = TextDiff::from_lines(&before, &after);
            let unified = diff
                .unified_diff()
                .context_radius(2)
                .header(path, path)
                .to_string();
            text.push_str(&format!("\n{unified}"));
        }
    }
    text
}

fn change_object(change: &Change) -> Value {
    json!({
        "question": change.question.name(), "roles": change.roles,
        "state": change.state, "facet": change.facet, "grades": change.grades,
        "homes": change.homes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "addressees": change.addressees.iter().flatten().map(ToString::to_string).collect::<Vec<_>>(),
        "relation": change.column.title().en, "rules": change.rules, "before": change.before,
        "questions": change.questions,
    })
}

fn numbers_object(numbers: &BTreeMap<Name, (Numbers, Numbers)>) -> Value {
    let one = |numbers: &Numbers| json!({ "facets": numbers.facets, "copies": numbers.copies, "nodes": numbers.nodes });
    let facets = numbers.iter().map(
        |(facet, (more, fewer))| json!({ "facet": facet, "more": one(more), "fewer": one(fewer) }),
    );
    facets.collect()
}
