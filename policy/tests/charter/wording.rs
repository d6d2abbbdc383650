//! How the Chinese of the charter's tools is written: no English in it but what has to be typed and
//! what is called so, and no half-width punctuation behind a Chinese character.

use std::path::{Path, PathBuf};

/// What is called so in Chinese too.
const NAMES: [&str; 17] = [
    "BOM", "CSV", "Cedar", "DIR", "FILE", "JSON", "Linze", "OpenSSH", "RFC", "SARIF", "SHA", "SQL",
    "SSH", "TOML", "UTC", "UTF", "ed25519",
];
/// What the system says before its number.
const OF_THE_SYSTEM: &str = "os error";
/// Pages with both languages beside each other, words that are looked for, and what the library of
/// command lines writes.
const OF_BOTH: [&str; 7] = [
    "command_line/usage.rs",
    "review/page.rs",
    "review/report.rs",
    "review/sheet.rs",
    "reading/forbidden.rs",
    "reading/forbidden/words.rs",
    "making/template.rs",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && name != "linze" {
            sources(&path, found);
        } else if name.ends_with(".rs") && name != "tests.rs" && name != "linze.rs" {
            found.push(path);
        }
    }
}

/// The text literals of a source, before its tests, as they are printed.
fn literals(source: &str) -> Vec<String> {
    let source = source.split("\n#[cfg(test)]\nmod tests").next();
    let mut found = Vec::new();
    let mut rest = source.unwrap_or_default();
    while let Some(at) = rest.find(['"', '/', '\'']) {
        let (mark, after) = (rest.as_bytes()[at], &rest[at + 1..]);
        rest = match mark {
            b'/' if after.starts_with('/') => after.split_once('\n').map_or("", |(_, next)| next),
            b'\'' if after.starts_with("\"'") => &after[2..],
            b'\'' if after.starts_with("\\\"'") => &after[3..],
            b'"' => {
                let end = end_of_literal(after);
                found.push(printed(&after[..end]));
                after.get(end + 1..).unwrap_or_default()
            }
            _ => after,
        };
    }
    found
}

fn end_of_literal(text: &str) -> usize {
    let mut escaped = false;
    let end = text.find(|one| match (escaped, one) {
        (true, _) => {
            escaped = false;
            false
        }
        (false, '\\') => {
            escaped = true;
            false
        }
        (false, one) => one == '"',
    });
    end.unwrap_or(text.len())
}

fn printed(literal: &str) -> String {
    let mut lines = literal.split("\\\n");
    let first = lines.next().unwrap_or_default().to_owned();
    let whole = lines.fold(first, |text, line| text + line.trim_start());
    whole.replace("\\n", "\n").replace("\\\"", "\"")
}

fn is_chinese(one: char) -> bool {
    matches!(one, '\u{4e00}'..='\u{9fff}')
}

/// A text without what stands in backticks, what is filled in, and lines with a command to type.
fn without_typed(text: &str) -> String {
    let is_command = |line: &&str| {
        let line = line.trim_start();
        !line.starts_with("mesh-policy ")
            && !line.starts_with("ssh-keygen ")
            && !line.contains(" = \"")
            && line != "[[reviewer]]"
    };
    let lines: Vec<&str> = text.lines().filter(is_command).collect();
    let mut text = String::new();
    let (mut typed, mut filled) = (false, 0usize);
    for one in lines.join("\n").chars() {
        match one {
            '`' => typed = !typed,
            '{' => filled += 1,
            '}' => filled = filled.saturating_sub(1),
            _ if !typed && filled == 0 => text.push(one),
            _ => {}
        }
    }
    text.replace(OF_THE_SYSTEM, "")
}

/// What is wrong with a Chinese text.
fn faults(text: &str) -> Vec<String> {
    let text = without_typed(text);
    let mut faults = Vec::new();
    let words = text.split(|one: char| !one.is_ascii_alphanumeric());
    let english = |word: &&str| {
        let letters = word.chars().filter(char::is_ascii_alphabetic).count();
        letters > 1 && !NAMES.contains(word)
    };
    faults.extend(words.filter(english).map(str::to_owned));
    for pair in text.chars().collect::<Vec<_>>().windows(2) {
        if let [before, mark] = pair
            && is_chinese(*before)
            && ",;:!?()[]".contains(*mark)
        {
            faults.push(format!("{before}{mark}"));
        }
    }
    faults
}

#[test]
fn chinese_has_no_english_and_no_half_width_marks_in_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    sources(&root, &mut paths);
    let (mut wrong, mut count) = (Vec::new(), 0);
    for path in paths {
        let shown = path
            .strip_prefix(&root)
            .expect("within")
            .to_string_lossy()
            .into_owned();
        if OF_BOTH.contains(&shown.as_str()) {
            continue;
        }
        let source = std::fs::read_to_string(&path).expect("UTF-8");
        for text in literals(&source) {
            if text.chars().any(is_chinese) {
                count += 1;
                let faults = faults(&text);
                if !faults.is_empty() {
                    wrong.push(format!("{shown}: {faults:?} in {text}"));
                }
            }
        }
    }
    assert!(count > 500, "only {count} texts were found");
    assert!(
        wrong.is_empty(),
        "{} of {count}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn what_is_wrong_is_noticed() {
    for good in [
        "读不了 `{path}`：{problem}",
        "规则不合 Cedar 的写法",
        "找不到文件（os error 2）",
        "下一步：\n  mesh-policy check {dir}\n",
    ] {
        assert_eq!(faults(good), Vec::<String>::new(), "{good}");
    }
    for bad in [
        "读不了 the file",
        "读不了,请重试",
        "原因:没有权限",
        "有问题(2)",
    ] {
        assert_ne!(faults(bad), Vec::<String>::new(), "{bad}");
    }
}
