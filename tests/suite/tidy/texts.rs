//! The texts that persons read: all of them are written to one file for a proof-reader, and what a
//! program can judge of them is judged here. What only a reader can judge (is it said plainly, does
//! the English say the same) is why there is the file.

mod found;
mod known;

use std::collections::BTreeMap;
use std::fmt::Write as _;

pub(super) use found::{Where, told};
use known::{COMMANDS_AT_THE_DOOR, TYPED};

/// Marks that have a form of their own in Chinese.
const HALF_WIDTH: [char; 8] = [',', '.', ';', ':', '?', '!', '(', ')'];
/// What stands where a placeholder, or code between backticks, was.
const LEFT_OUT: char = '□';
/// Crates of the door and below it, which say what happened and leave commands to the command line.
const DOOR: [&str; 8] = [
    "crdt-model/",
    "node/app/",
    "node/import/",
    "node/machine/",
    "node/readmodel/",
    "node/runtime/",
    "node/store/",
    "node/transport/",
];

#[test]
fn every_text_is_in_one_file_for_proof_readers() {
    let mut file = "place\tzh\ten\n".to_owned();
    for one in told() {
        let line = |text: &str| text.replace('\t', " ").replace('\n', "⏎");
        let (zh, en) = (line(&one.zh), line(&one.en));
        writeln!(file, "{}\t{zh}\t{en}", one.place).expect("into memory");
    }
    let path = concat!(env!("CARGO_TARGET_TMPDIR"), "/texts.tsv");
    std::fs::write(path, &file).expect("the file");
    let of = |place: Where| told().iter().filter(|one| one.stands == place).count();
    assert!(of(Where::Macro) > 1_500 && of(Where::Charter) > 500 && of(Where::Page) > 50);
}

#[test]
fn every_text_is_in_both_languages() {
    let missing = told().iter().filter(|one| one.stands != Where::Alone);
    let missing = missing.filter(|one| one.zh.trim().is_empty() || one.en.trim().is_empty());
    fail_with(missing.map(|one| format!("{}: {:?}, {:?}", one.place, one.zh, one.en)));
}

#[test]
fn chinese_has_the_marks_of_chinese() {
    fail_with(told().iter().filter_map(|one| {
        let wrong = half_width(&without_code(&one.zh))?;
        let checked = one.stands != Where::Alone;
        checked.then(|| format!("{}: `{wrong}` in {}", one.place, one.zh))
    }));
}

#[test]
fn chinese_has_no_english_in_it_but_what_is_typed() {
    fail_with(told().iter().filter_map(|one| {
        let words = english(&without_code(&one.zh));
        let checked = one.stands != Where::Alone;
        (checked && !words.is_empty()).then(|| format!("{}: {words:?} in {}", one.place, one.zh))
    }));
}

/// Whoever reads a page cannot type a command. The list holds how many such texts each file has; it
/// only gets shorter.
#[test]
fn what_the_door_says_names_no_command() {
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for one in told() {
        let file = one.place.split(':').next().unwrap_or_default();
        let command = |text: &str| {
            ["mesh-node ", "mesh-policy "]
                .iter()
                .any(|program| text.contains(program))
        };
        let at_the_door = DOOR.iter().any(|folder| file.starts_with(folder));
        if at_the_door && (command(&one.zh) || command(&one.en)) {
            *found.entry(file).or_default() += 1;
        }
    }
    let known: BTreeMap<&str, usize> = COMMANDS_AT_THE_DOOR.iter().copied().collect();
    let files = found.keys().chain(known.keys());
    let differ = files.filter(|file| found.get(*file) != known.get(*file));
    fail_with(differ.map(|file| {
        let count = |counts: &BTreeMap<&str, usize>| counts.get(file).copied().unwrap_or(0);
        format!("{file}: {}, listed {}", count(&found), count(&known))
    }));
}

pub(super) fn fail_with(found: impl Iterator<Item = String>) {
    let mut found: Vec<String> = found.collect();
    found.sort();
    found.dedup();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

fn is_chinese(char: char) -> bool {
    ('\u{3400}'..='\u{9fff}').contains(&char)
}

/// A text of which one sign stands for each placeholder and for what is between backticks.
fn without_code(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(char) = rest.chars().next() {
        let mark = match char {
            '{' if rest.starts_with("{{") => None,
            '{' => Some('}'),
            '`' => Some('`'),
            _ => None,
        };
        let end = mark.and_then(|mark| rest[1..].find(mark));
        rest = match end {
            Some(end) => {
                kept.push(LEFT_OUT);
                &rest[end + 2..]
            }
            None => {
                kept.push(char);
                &rest[char.len_utf8()..]
            }
        };
    }
    kept
}

/// A mark of half width, with the sign before it: after Chinese, before it, or after what was left
/// out of a Chinese text.
fn half_width(text: &str) -> Option<String> {
    if !text.contains(is_chinese) {
        return None;
    }
    let chars: Vec<char> = text.chars().chain([' ']).collect();
    let wrong = chars.windows(3).find(|three| {
        let [before, mark, after] = [three[0], three[1], three[2]];
        let pause = [',', ';', ':', '?', '!'].contains(&mark);
        let ends = after.is_whitespace() || is_chinese(after) || after == LEFT_OUT;
        HALF_WIDTH.contains(&mark) && (is_chinese(before) || "”）」】".contains(before))
            || pause && (is_chinese(after) || before == LEFT_OUT && ends)
    });
    wrong.map(|three| three.iter().collect())
}

/// English words of a text, without what is typed as it stands: a line of its own without Chinese or
/// that begins with a command, a command up to the next Chinese sign, flags, paths, file names,
/// numbers, and names that have no Chinese form.
fn english(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let alone = text.lines().count() == 1;
    let begins = |line: &str| line.split_whitespace().next().is_some_and(is_program);
    let spoken = |line: &&str| alone || line.contains(is_chinese) && !begins(line);
    for line in text.lines().filter(spoken) {
        let ascii = |char: char| char.is_ascii_graphic() && !"<>,;()[]\"'|".contains(char);
        let mut rest = line;
        while let Some(start) = rest.find(ascii) {
            let run = &rest[start..];
            let end = run.find(|char| !ascii(char)).unwrap_or(run.len());
            let word = run[..end].trim_matches([':', '.', '…']);
            let end = match is_program(word) {
                true => run.find(|char: char| !char.is_ascii()).unwrap_or(run.len()),
                false => end,
            };
            if !is_typed(word) {
                found.push(word.to_owned());
            }
            rest = &run[end..];
        }
    }
    found
}

fn is_program(word: &str) -> bool {
    ["mesh-node", "mesh-policy", "mesh-netsim", "ssh-keygen"].contains(&word)
}

fn is_typed(word: &str) -> bool {
    let letters = word.chars().filter(char::is_ascii_alphabetic).count();
    let place = word.contains('/') || word.starts_with("--");
    let file = word.rsplit_once('.').is_some_and(|(name, kind)| {
        !name.is_empty() && ["toml", "csv", "key", "cedarschema"].contains(&kind)
    });
    let number = word.starts_with(|first: char| first.is_ascii_digit()) || word.starts_with("U+");
    letters < 2 || place || file || number || is_program(word) || TYPED.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_judged_by_what_stands_around_them() {
        let judged = |text: &str| half_width(&without_code(text)).is_some();
        for wrong in [
            "没有保存:原因",
            "是吗?",
            "甲,乙",
            "{a}，{b}: 丙",
            "`a`; 乙",
            "a,乙",
            "）.",
        ] {
            assert!(judged(&format!("字{wrong}")), "{wrong}");
        }
        for right in [
            "没有保存：a: b",
            "`甲:乙`。",
            "21:06 到",
            "{a:?}，乙",
            "见 a.toml、b",
        ] {
            assert!(!judged(right), "{right}");
        }
    }

    #[test]
    fn english_is_told_from_what_is_typed() {
        let judged = |text: &str| english(&without_code(text));
        assert_eq!(judged("错误 error，见 note"), ["error", "note"]);
        let typed =
            "用 mesh-node record show 查看 node.toml、`anything` 或 --json，如 /ip4/x、{name}";
        assert!(judged(typed).is_empty());
    }
}
