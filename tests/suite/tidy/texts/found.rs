//! Where the texts stand that persons read.

use std::path::Path;
use std::sync::LazyLock;

use super::super::lexer::{Token, tokens, without_tests};
use super::super::{root, sources};
use super::is_chinese;

/// One text, as it stands in its file.
pub(in super::super) struct Told {
    /// File and line.
    pub(in super::super) place: String,
    pub(in super::super) zh: String,
    pub(in super::super) en: String,
    pub(in super::super) stands: Where,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub(in super::super) enum Where {
    /// In a `text!`.
    Macro,
    /// In Chinese alone, in other code: a table's head, a sample, what another text is made of.
    Alone,
    /// In the charter or in a mapping.
    Charter,
    /// In the template of a page.
    Page,
}

/// All of them, in the order of their files.
pub(in super::super) fn told() -> &'static [Told] {
    static TOLD: LazyLock<Vec<Told>> = LazyLock::new(collected);
    &TOLD
}

fn collected() -> Vec<Told> {
    let mut found = Vec::new();
    for source in sources().into_iter().filter(|source| !source.test) {
        of_code(&source.path, &source.text, &mut found);
    }
    for folder in [
        "deploy",
        "node/app/templates",
        "policy/templates",
        "netsim/templates",
    ] {
        of_folder(&root().join(folder), &mut found);
    }
    found
}

fn at(path: &str, text: &str, at: usize) -> String {
    let line = text[..at].matches('\n').count() + 1;
    format!("{path}:{line}")
}

/// The texts of a Rust file: each `text!`, and what else is said in Chinese.
fn of_code(path: &str, text: &str, found: &mut Vec<Told>) {
    let tokens = without_tests(&tokens(text));
    let mut paired = Vec::new();
    for index in 0..tokens.len() {
        let begins = tokens[index..].iter().take(3).map(|token| token.text);
        if !begins.eq(["text", "!", "("]) {
            continue;
        }
        let halves = halves(&tokens[index + 2..]);
        let [Some(zh), Some(en)] = [0, 1].map(|half| halves.get(half)) else {
            continue;
        };
        paired.extend([zh.at, en.at]);
        found.push(Told {
            place: at(path, text, tokens[index].at),
            zh: zh.said().unwrap_or_default(),
            en: en.said().unwrap_or_default(),
            stands: Where::Macro,
        });
    }
    let others = tokens.iter().filter(|token| !paired.contains(&token.at));
    for (place, zh) in others.filter_map(|token| Some((token.at, token.said()?))) {
        if zh.contains(is_chinese) {
            found.push(Told {
                place: at(path, text, place),
                zh,
                en: String::new(),
                stands: Where::Alone,
            });
        }
    }
}

/// The literals directly between the brackets that begin here.
fn halves<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut halves = Vec::new();
    let mut open = 0;
    for token in tokens {
        match token.code() {
            Some("(" | "[" | "{") => open += 1,
            Some(")" | "]" | "}") => open -= 1,
            Some(_) => {}
            None if open == 1 => halves.push(*token),
            None => {}
        }
        if open == 0 {
            break;
        }
    }
    halves
}

fn of_folder(folder: &Path, found: &mut Vec<Told>) {
    let entries = std::fs::read_dir(folder).expect("a folder of the project");
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            of_folder(&path, found);
            continue;
        }
        let shown = path.strip_prefix(root()).expect("within the project");
        let shown = shown.to_string_lossy();
        let read = || std::fs::read_to_string(&path).expect("UTF-8");
        match path.extension().and_then(|kind| kind.to_str()) {
            Some("toml") => of_pairs(&shown, &read(), ["zh = \"", "en = \""], found),
            Some("cedar") => of_pairs(&shown, &read(), ["@reason_zh(\"", "@reason(\""], found),
            Some("html") => of_page(&shown, &read(), found),
            _ => {}
        }
    }
}

/// Texts that stand behind these words, in Chinese and English, on one line or beside each other.
fn of_pairs(path: &str, text: &str, words: [&str; 2], found: &mut Vec<Told>) {
    let lines: Vec<&str> = text.lines().collect();
    let behind =
        |line: &str, word: &str| -> Vec<String> { line.split(word).skip(1).map(quoted).collect() };
    for (number, line) in lines.iter().enumerate() {
        let chinese = behind(line, words[0]);
        let mut english = behind(line, words[1]);
        if english.is_empty() {
            // The other half is the line before, or the one behind.
            let beside = [number.wrapping_sub(1), number + 1].map(|beside| lines.get(beside));
            let half = |line: &&&str| line.contains(words[1]) && !line.contains(words[0]);
            let beside = beside.into_iter().flatten().find(half);
            english = beside
                .map(|line| behind(line, words[1]))
                .unwrap_or_default();
        }
        let english = english.into_iter().chain(std::iter::repeat(String::new()));
        for (zh, en) in chinese.into_iter().zip(english) {
            let place = format!("{path}:{}", number + 1);
            let stands = Where::Charter;
            found.push(Told {
                place,
                zh,
                en,
                stands,
            });
        }
    }
}

/// What stands up to the quote that ends it.
fn quoted(text: &str) -> String {
    let mut said = String::new();
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => said.extend(chars.next()),
            '"' => break,
            other => said.push(other),
        }
    }
    said
}

/// The texts of a page: `{% if zh %}…{% else %}…{% endif %}`, or Chinese with English in `<small>` or
/// `<span lang="en">` behind it.
fn of_page(path: &str, text: &str, found: &mut Vec<Told>) {
    for (number, line) in text.lines().enumerate() {
        let mut push = |zh: &str, en: &str| {
            let (zh, en) = (shown(zh), shown(en));
            let place = format!("{path}:{}", number + 1);
            if zh.contains(is_chinese) {
                let stands = Where::Page;
                found.push(Told {
                    place,
                    zh,
                    en,
                    stands,
                });
            }
        };
        let mut rest = String::new();
        for (index, part) in line.split("{% if zh %}").enumerate() {
            let halves = part.split_once("{% endif %}");
            match halves.and_then(|(both, after)| Some((both.split_once("{% else %}")?, after))) {
                Some(((zh, en), after)) if index > 0 => {
                    push(zh, en);
                    rest.push_str(after);
                }
                _ => rest.push_str(part),
            }
        }
        for part in rest
            .replace("<span lang=\"en\">", "<small>")
            .split("<small>")
            .collect::<Vec<_>>()
            .windows(2)
        {
            let zh = part[0].rsplit(['>', '}']).next().unwrap_or_default();
            let en = part[1].split("</").next().unwrap_or_default();
            push(zh, en);
        }
    }
}

/// A text of a page without its tags and marks.
fn shown(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(['<', '{']) {
        kept.push_str(&rest[..start]);
        let ends = if rest[start..].starts_with('<') {
            ">"
        } else {
            "}}"
        };
        let tag = rest[start..].find(ends).or_else(|| rest[start..].find('}'));
        rest = tag.map_or("", |end| rest[start + end..].trim_start_matches(['>', '}']));
        kept.push_str("{}");
    }
    kept.push_str(rest);
    kept.trim_matches(['{', '}', ' ']).to_owned()
}
