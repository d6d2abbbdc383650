//! `diff`: what a new version changes, in its text and in effect.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crdt_model::charter::{Charter, RuleId};
use crdt_model::ids::{Name, NodeId};
use crdt_model::label::Grade;
use crdt_model::text;
use crdt_model::text::{Language, Text};
use policy::command_line::help::Words;
use policy::deciding::question::State;
use policy::review::difference::{Change, Difference, RosterChange, difference};
use policy::review::enumeration::Enumeration;
use policy::review::inventory::{Inventory, Numbers};
use policy::review::matrix::Place;
use policy::review::powers::PowerChange;
use policy::review::practice::PracticeChange;
use policy::signing::manifest::MANIFEST_PATH;
use policy::{CedarCharter, CharterFiles, Question};
use serde_json::{Value, json};
use similar::TextDiff;

use crate::input::{LIST_BYTES_MAX, read_text};
use crate::output::{Answer, Exit, Failure, Output, open};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    old: PathBuf,
    new: PathBuf,
    #[arg(long, value_name = "FILE")]
    inventory: Vec<PathBuf>,
    #[arg(long)]
    no_text: bool,
}

pub(crate) fn words() -> Words {
    Words::new(text!(
        "比较两版：放开了什么、收紧了什么、依据哪条规则",
        "Compare two versions: what opens, what closes, by which rule"
    ))
    .argument(
        "old",
        text!("现行版的目录", "the folder of the version in force"),
    )
    .argument(
        "new",
        text!("要比较的版本的目录", "the folder of the version to compare"),
    )
    .argument(
        "inventory",
        text!(
            "节点的数据清点表（由 `mesh-node inventory` 生成），可多次给出",
            "what a node holds, as `mesh-node inventory` writes it; may be given again"
        ),
    )
    .argument(
        "no_text",
        text!(
            "不显示文件文字的改动",
            "leave out how the text of files changed"
        ),
    )
    .after(text!(
        "先列由谁决定（审核人和须签名人数、备用密钥、应急共享、乡镇签认、有效期），再列放开的内\
         容，级别越窄越在前，然后是时限、函、节假日、统计指标和不得收录的选项。\n退出码 0：没有\
         放开。2：有放开的，有新加入的，或有人能决定更多、所需人数更少。",
        "Who decides comes first (reviewers and how many must sign, recovery, emergencies, \
         confirmation by townships, dates), then what opens, the narrowest facets before \
         others, then time limits, letters, free days, figures and what may not be recorded.\n\
         Exit code 0: nothing widened. 2: something opened, somebody joined, or somebody can \
         decide more or with fewer others."
    ))
}

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Answer, Failure> {
    let (mut old, old_files) = open_folder(&arguments.old)?;
    let (mut new, new_files) = open_folder(&arguments.new)?;
    if old.county() != new.county() {
        return Err(Failure::usage(text!(
            "两份章程不属于同一个县",
            "the two charters are of different counties"
        )));
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
        text.push_str(&output.say(text!(
            "! `{rule}` 的条件改了，理由没有改，请核对理由是否仍然成立\n",
            "! the condition of `{rule}` changed and its reason did not: check that the reason is still true\n"
        )));
    }
    if let Some(numbers) = &numbers {
        text.push_str(&numbers_text(numbers, &inventory, output));
    }
    if !arguments.no_text {
        text.push_str(&files_text(&old_files, &new_files));
    }
    let object = json!({
        "widens": widened,
        "opened": changed.opened.iter().map(change_object).collect::<Vec<_>>(),
        "closed": changed.closed.iter().map(change_object).collect::<Vec<_>>(),
        "powers": changed.powers,
        "practice": changed.practice,
        "roster": changed.roster.iter().map(|one| roster_text(*one, &new).en).collect::<Vec<_>>(),
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
        let text = read_text(path, LIST_BYTES_MAX)?;
        inventory.add(&text).map_err(|problem| {
            let path = path.display();
            Failure::usage(text!(problem; "`{path}` {problem}", "`{path}`: {problem}"))
        })?;
    }
    Ok(inventory)
}

fn effect_text(changed: &Difference, new: &CedarCharter, output: &Output) -> String {
    let Difference {
        opened,
        closed,
        roster,
        powers,
        practice,
    } = changed;
    let mut text = String::new();
    if !powers.is_empty() {
        let count = powers.len();
        text.push_str(&output.say(text!("由谁决定：{count}\n", "who decides: {count}\n")));
        for PowerChange { what, widens } in powers {
            let sign = if *widens { '+' } else { '-' };
            text.push_str(&format!("  {sign} {}\n", output.title(what)));
        }
    }
    let (opens, closes) = (opened.len(), closed.len());
    text.push_str(&output.say(text!("放开：{opens}\n", "opened: {opens}\n")));
    text.extend(opened.iter().map(|change| change_text('+', change, output)));
    text.push_str(&output.say(text!("收紧：{closes}\n", "closed: {closes}\n")));
    text.extend(closed.iter().map(|change| change_text('-', change, output)));
    if !roster.is_empty() {
        let count = roster.len();
        text.push_str(&output.say(text!("节点：{count}\n", "nodes: {count}\n")));
        let lines = roster
            .iter()
            .map(|one| format!("  {}\n", output.title(&roster_text(*one, new))));
        text.extend(lines);
    }
    if opened.is_empty() && closed.is_empty() {
        text.push_str(&output.say(text!(
            "对每项判定的结果都没有影响\n",
            "every decision stays the same\n"
        )));
    }
    text.push_str(&practice_text(practice, output));
    text
}

fn practice_text(practice: &[PracticeChange], output: &Output) -> String {
    let mut text = String::new();
    let mut section = None;
    for change in practice {
        if section.replace(change.section) != Some(change.section) {
            text.push_str(&format!("{}\n", output.title(&change.section.title())));
        }
        let (of, side) = (&change.of, output.title(&change.side));
        let said = match (&change.before, &change.after) {
            (Some(before), Some(after)) => {
                let (before, after) = (output.title(before), output.title(after));
                output.say(text!(
                    "{after}（原为 {before}）",
                    "{after} (it was {before})"
                ))
            }
            (None, Some(after)) => {
                let after = output.title(after);
                output.say(text!("{after}（新增）", "{after} (new)"))
            }
            (Some(before), None) => {
                let before = output.title(before);
                output.say(text!("取消（原为 {before}）", "no more (it was {before})"))
            }
            (None, None) => continue,
        };
        text.push_str(&output.say(text!(
            "  `{of}` {side}：{said}\n",
            "  `{of}`, {side}: {said}\n"
        )));
    }
    text
}

fn change_text(sign: char, change: &Change, output: &Output) -> String {
    let places = |places: &mut dyn Iterator<Item = &Place>| {
        let titles: Vec<_> = places
            .map(|place| output.title(&place.title()).to_owned())
            .collect();
        titles.join(&between(output))
    };
    let homes = places(&mut change.homes.iter());
    let addressees = places(&mut change.addressees.iter().flatten());
    let to = match addressees.is_empty() {
        true => String::new(),
        false => output.say(text!("发给{addressees}", " for {addressees}")),
    };
    let emergency = match change.state == State::Emergency {
        true => output.say(text!("（应急共享期间）", " in an emergency")),
        false => String::new(),
    };
    let roles: Vec<_> = change.roles.iter().map(ToString::to_string).collect();
    let roles = roles.join(&between(output));
    let who = match roles.is_empty() {
        true => String::new(),
        false => output.say(text!("（{roles}）", " as {roles}")),
    };
    let asked = match output.language() {
        Language::Zh => asked(change.question),
        Language::En => change.question.name(),
    };
    let what = output.say(text!(
        "{asked}{who} {homes}{to}的 {facet}：{column}{emergency}",
        "{asked}{who} {facet} of a {homes}{to}: {column}{emergency}",
        facet = change.facet,
        column = output.title(&change.column.title()),
    ));
    let questions = output.say(text!("{} 项提问", "{} questions", change.questions));
    format!(
        "  {sign} {what}\n      {}\n      {} ({questions})\n",
        grades(&change.grades),
        by(change, sign == '+', output),
    )
}

fn between(output: &Output) -> String {
    output.say(text!("、", ", "))
}

/// What is asked, in Chinese and whatever the role.
fn asked(question: Question) -> &'static str {
    match question {
        Question::Flow => "留存",
        Question::Author => "填写",
        Question::Regrade => "调整级别",
        Question::Read(_) => "查看",
        Question::Export(_) => "导出",
    }
}

fn grades(grades: &BTreeSet<Grade>) -> String {
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

fn by(change: &Change, opened: bool, output: &Output) -> String {
    let quoted = |rules: &BTreeSet<RuleId>| {
        let quoted: Vec<_> = rules.iter().map(|rule| format!("`{rule}`")).collect();
        quoted.join(&between(output))
    };
    let (now, before) = (quoted(&change.rules), quoted(&change.before));
    match (opened, change.rules.is_empty(), change.before.is_empty()) {
        (true, _, true) => output.say(text!("依据 {now} 允许", "allowed by {now}")),
        (true, _, false) => output.say(text!(
            "依据 {now} 允许，{before} 不再禁止",
            "allowed by {now}, and no longer forbidden by {before}"
        )),
        (false, true, _) => output.say(text!("原依据 {before} 允许", "was allowed by {before}")),
        (false, false, _) => output.say(text!(
            "现由 {now} 禁止；原依据 {before} 允许",
            "forbidden by {now}; was allowed by {before}"
        )),
    }
}

fn roster_text(change: RosterChange, new: &CedarCharter) -> Text {
    let named = |node: NodeId| {
        let member = new.roster().member(node);
        member.map_or(node.to_string(), |member| format!("{node} {}", member.name))
    };
    match change {
        RosterChange::Joins(node) => text!("+ {} 加入", "+ {} joins", named(node)),
        RosterChange::Leaves(node) => text!("- {} 退出", "- {} leaves", named(node)),
        RosterChange::Expected(node) => {
            text!(
                "· {} 尚无密钥，待加入",
                "· {} has no key yet and is expected",
                named(node)
            )
        }
        RosterChange::Revoked(node) => text!("- {} 已撤销", "- {} is revoked", named(node)),
        RosterChange::Restored(node) => {
            text!("+ {} 恢复信任", "+ {} is trusted again", named(node))
        }
        RosterChange::Rekeyed(node) => {
            text!("+ {} 换了密钥", "+ {} has another key", named(node))
        }
    }
}

fn numbers_text(
    numbers: &BTreeMap<Name, (Numbers, Numbers)>,
    inventory: &Inventory,
    output: &Output,
) -> String {
    let facets = inventory.facets();
    let mut text = output.say(text!(
        "按数据清点表，现有 {facets} 项内容：\n",
        "of {facets} facets in the inventory:\n"
    ));
    let mut nothing = true;
    for (facet, (more, fewer)) in numbers {
        let (wider, narrower) = (
            output.say(text!("多", "more")),
            output.say(text!("少", "fewer")),
        );
        for (sign, one, words) in [('+', more, wider), ('-', fewer, narrower)] {
            if one.facets > 0 {
                nothing = false;
                text.push_str(&output.say(text!("  {sign} `{facet}` {count} 项：每项{words}传到{each}；涉及 {nodes} 个节点，共 {copies} 份\n",
                    "  {sign} {count} facets of {facet}: each reaches {each} {words}; {nodes} different nodes, \
                     {copies} copies\n",
                    count = one.facets,
                    each = each(one, output),
                    nodes = one.nodes.len(),
                    copies = one.copies,)));
            }
        }
    }
    if nothing {
        text.push_str(&output.say(text!(
            "  没有内容因此多传到或少传到任何节点\n",
            "  nothing reaches more or fewer nodes\n"
        )));
    }
    text
}

fn each(numbers: &Numbers, output: &Output) -> String {
    match numbers.each {
        Some((1, 1)) => output.say(text!(" 1 个节点", "1 node")),
        Some((least, most)) if least == most => {
            output.say(text!(" {least} 个节点", "{least} nodes"))
        }
        Some((least, most)) => output.say(text!(
            " {least} 至 {most} 个节点",
            "{least} to {most} nodes"
        )),
        None => output.say(text!(" 0 个节点", "no node")),
    }
}

/// Rules that say something else and give the same reason for it.
fn unreasoned(old: &CedarCharter, new: &CedarCharter) -> Vec<String> {
    let same_reason = |rule: &&policy::reading::rules::Rule| {
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
    let paths: BTreeSet<&String> = old.files.keys().chain(new.files.keys()).collect();
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
