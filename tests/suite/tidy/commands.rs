//! Every command that a message, a comment or a document names exists, with the options that it is
//! given and room for its arguments.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use super::{root, sources};

const PROGRAMS: [&str; 3] = ["mesh-node ", "mesh-policy ", "mesh-netsim "];
/// Words that follow a program's name in a sentence and are no command.
const NO_COMMANDS: [&str; 2] = ["command", "process"];
/// Commands of a build that tests have not made.
const OF_FEATURES: [&str; 1] = ["plants"];
/// Where a command ends in a sentence.
const ENDS_IN_PROSE: &str = "；，。：）);,\"\\\n|`";

/// What `--help` says of a command.
#[derive(Default)]
struct Help {
    commands: BTreeSet<String>,
    /// Options, and whether they take a value.
    options: BTreeMap<String, bool>,
    arguments: usize,
    many: bool,
}

/// What was asked of the programs already.
#[derive(Default)]
struct Programs(BTreeMap<Vec<String>, Help>);

impl Programs {
    fn help(&mut self, line: &[String]) -> &Help {
        let known = self.0.entry(line.to_vec());
        known.or_insert_with(|| {
            let mut words = line.iter();
            let output = Command::new(built(words.next().expect("a program")))
                .args(words)
                .arg("--help")
                .env_remove("LC_ALL")
                .env_remove("COUNTYMESH_LANG")
                .env("LANG", "en_GB.UTF-8")
                .output()
                .expect("it runs");
            read_help(&String::from_utf8(output.stdout).expect("UTF-8"))
        })
    }

    /// What is wrong with a command. In `exact` text all words belong to it; elsewhere it ends where
    /// the sentence goes on.
    fn wrong(&mut self, program: &str, words: &[String], exact: bool) -> Option<String> {
        let mut line = vec![program.to_owned()];
        let mut arguments = 0;
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let help = self.help(&line);
            let shown = line.join(" ");
            if let Some(option) = word.strip_prefix("--") {
                let (name, value) = option.split_once('=').unwrap_or((option, ""));
                match help.options.get(name) {
                    _ if name.is_empty() => {}
                    Some(true) if value.is_empty() => drop(words.next()),
                    Some(_) => {}
                    None => return Some(format!("`{shown}` has no option `{word}`")),
                }
            } else if help.commands.contains(word) {
                line.push(word.clone());
            } else if !help.commands.is_empty() {
                let named = exact || line.len() == 1 && word.is_ascii();
                let known = NO_COMMANDS.contains(&word.as_str()) && !exact;
                let excused = known || OF_FEATURES.contains(&word.as_str());
                return (named && !excused).then(|| format!("`{shown}` has no command `{word}`"));
            } else if exact || is_value(word) {
                arguments += 1;
                if arguments > help.arguments && !help.many {
                    return Some(format!("`{shown}` has no room for `{word}`"));
                }
            } else {
                return None;
            }
        }
        None
    }
}

fn is_value(word: &str) -> bool {
    let capitals = word.len() > 1 && word.chars().all(|one| one.is_ascii_uppercase());
    capitals || word.contains('=') || word.starts_with(['<', '[', '\''])
}

/// A program built beside this one.
fn built(name: &str) -> PathBuf {
    let here = std::env::current_exe().expect("this program");
    let folder = here.parent().and_then(|folder| folder.parent());
    let program = folder.expect("the target folder").join(name);
    assert!(
        program.exists(),
        "run all tests of the workspace: {name} is missing"
    );
    program
}

fn read_help(text: &str) -> Help {
    let mut help = Help::default();
    let mut section = "";
    for line in text.lines() {
        let entry = line.trim_start();
        let indented = line.len() - entry.len();
        if indented == 0 && line.ends_with(':') {
            section = line;
        } else if line.starts_with("Usage:") {
            help.many = line.contains("...");
        } else if section == "Commands:" && indented == 2 {
            help.commands
                .extend(entry.split_whitespace().next().map(str::to_owned));
        } else if section == "Arguments:" && indented == 2 {
            help.arguments += 1;
            help.many |= entry.contains("...");
        } else if section == "Options:" && entry.starts_with('-') {
            let long = entry.find("--").and_then(|at| entry.get(at + 2..));
            let name = |one: char| one.is_ascii_lowercase() || one == '-';
            let long = long.unwrap_or_default();
            let end = long.find(|one| !name(one)).unwrap_or(long.len());
            let (option, rest) = long.split_at(end);
            let value = rest.trim_start_matches([' ', '=', '[']).starts_with('<');
            help.options.insert(
                option.to_owned(),
                value && rest.len() - rest.trim_start().len() < 2,
            );
        }
    }
    help
}

/// The words of a command; what stands in quotes is one.
fn words_of(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for one in text.chars() {
        match quote {
            Some(end) if one == end => quote = None,
            None if one == '\'' || one == '"' => quote = Some(one),
            None if one.is_whitespace() => {
                words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty()));
                continue;
            }
            _ => {}
        }
        word.push(one);
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

/// A command as it stands somewhere.
struct Named {
    program: &'static str,
    words: Vec<String>,
    exact: bool,
}

fn named(text: &str, program: &'static str, ends: &[&str], exact: bool) -> Named {
    let end = ends.iter().filter_map(|end| text.find(end)).min();
    let text = text.get(..end.unwrap_or(text.len())).unwrap_or_default();
    Named {
        program: program.trim_end(),
        words: words_of(text),
        exact,
    }
}

/// The commands in running text: in backticks to their end, elsewhere as far as they are one.
fn in_prose(text: &str, found: &mut Vec<Named>) {
    for program in PROGRAMS {
        for (at, _) in text.match_indices(program) {
            let (before, after) = text.split_at(at);
            let after = after.strip_prefix(program).unwrap_or_default();
            // Of `cargo build --bin NAME` this is no command; of `cargo run` what follows two dashes is.
            if before.ends_with("--bin ") && !after.starts_with("-- ") {
                continue;
            }
            let line = before.rsplit('\n').next().unwrap_or_default();
            if line.matches('`').count() % 2 == 1 {
                found.push(named(after, program, &["`", " | ", "…", " > "], true));
            } else {
                let ends: Vec<String> = ENDS_IN_PROSE.chars().map(String::from).collect();
                let ends: Vec<&str> = ends.iter().map(String::as_str).collect();
                found.push(named(after, program, &ends, false));
            }
        }
    }
}

/// The commands in a block of code: lines that are one.
fn in_code(line: &str, found: &mut Vec<Named>) {
    for part in line.split("&&") {
        let part = part.trim_start();
        let part = part.strip_prefix("target/release/").unwrap_or(part);
        for program in PROGRAMS {
            if let Some(rest) = part.strip_prefix(program) {
                found.push(named(rest, program, &["  #", " > ", " 2>", " | "], true));
            }
        }
    }
}

/// The commands in a document.
fn in_document(text: &str, found: &mut Vec<Named>) {
    let mut code = false;
    let short = text.contains("alias mp=target/release/mesh-policy");
    // A line that ends with a backslash goes on in the next.
    let text = text.replace("\\\n", " ");
    for line in text.lines() {
        let line = match short {
            true => line.replace("`mp ", "`mesh-policy "),
            false => line.to_owned(),
        };
        if line.starts_with("```") {
            code = !code;
        } else if code {
            let full = line.strip_prefix("mp ").filter(|_| short);
            let full = full.map_or_else(|| line.clone(), |rest| format!("mesh-policy {rest}"));
            in_code(&full, found);
        } else {
            in_prose(&line, found);
        }
    }
}

/// Source text with literals and comments that go over several lines put together.
fn joined(lines: impl Iterator<Item = String>) -> String {
    let mut text = String::new();
    for line in lines {
        let trimmed = line.trim_start();
        let comment = trimmed.trim_start_matches(['/', '!']);
        let open = text.ends_with('\\');
        if open {
            text.pop();
            text.push_str(trimmed);
        } else if trimmed.starts_with("//") {
            text.push_str(comment);
        } else {
            text.push('\n');
            text.push_str(&line);
        }
    }
    text
}

#[test]
fn every_command_that_is_named_exists() {
    let mut programs = Programs::default();
    let (mut wrong, mut count) = (Vec::new(), 0);
    let mut judge = |place: &str, found: Vec<Named>| {
        for one in found.iter().filter(|one| !one.words.is_empty()) {
            count += 1;
            let what = programs.wrong(one.program, &one.words, one.exact);
            wrong.extend(what.map(|what| format!("{place}: {what}")));
        }
    };
    for source in sources().iter().filter(|source| !source.test) {
        let lines = source.lines_without_tests();
        let text = joined(lines.map(|(_, line)| line.to_owned()));
        let mut found = Vec::new();
        in_prose(&text, &mut found);
        judge(&source.path, found);
    }
    for path in documents() {
        let text = std::fs::read_to_string(root().join(&path)).expect("a document");
        let mut found = Vec::new();
        in_document(&text, &mut found);
        judge(&path, found);
    }
    assert!(count > 200, "only {count} commands were found");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What users and developers read, but for the list of changes, which speaks of older programs too.
fn documents() -> Vec<String> {
    let mut found: Vec<String> = ["README.md", "README.zh-CN.md", "CONTRIBUTING.md"]
        .map(str::to_owned)
        .to_vec();
    found.extend(
        ["deploy/linze/mappings", "deploy/linze/sample"]
            .map(|folder| format!("{folder}/README.md")),
    );
    for entry in std::fs::read_dir(root().join("docs")).expect("the documents") {
        let name = entry.expect("an entry").file_name();
        let name = name.to_string_lossy();
        found.extend(name.ends_with(".md").then(|| format!("docs/{name}")));
    }
    found
}

#[test]
fn a_command_that_does_not_exist_is_noticed() {
    let mut programs = Programs::default();
    let mut judge = |text: &str| {
        let mut found = Vec::new();
        in_prose(text, &mut found);
        let one = found.first().expect("a command");
        programs.wrong(one.program, &one.words, one.exact)
    };
    for good in [
        "see mesh-node quarantine, then wait",
        "use a mesh-node command of the same version",
        "先启动节点：mesh-node run",
        "`mesh-node record set CODE --field grid.summary.state=merged`",
        "`mesh-node measure grids posts`",
    ] {
        assert_eq!(judge(good), None, "{good}");
    }
    for bad in [
        "see mesh-node quarantaine",
        "run mesh-node record set <second> state=merged",
        "`mesh-node readmodel remake`",
        "mesh-node status --nonsense",
    ] {
        assert!(judge(bad).is_some(), "{bad}");
    }
}
