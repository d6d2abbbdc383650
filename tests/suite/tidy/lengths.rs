//! Lengths: a file does one job, a function fits a screen. A file is never split by length alone, so
//! its bound is a wide one.

use super::sources;

/// Lines of a file, tests and documentation included.
const FILE_LINES_MAX: usize = 800;
/// Lines of a function, from its first line to its closing brace.
const FUNCTION_LINES_MAX: usize = 70;

#[test]
fn files_do_one_job() {
    let mut found = Vec::new();
    for source in sources() {
        let lines = source.text.lines().count();
        if lines > FILE_LINES_MAX {
            found.push(format!(
                "{}: {lines} lines, where {FILE_LINES_MAX} are allowed",
                source.path
            ));
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn functions_fit_a_screen() {
    let mut found = Vec::new();
    for source in sources() {
        let lines: Vec<&str> = source.text.lines().collect();
        for (start, line) in lines.iter().enumerate() {
            let indent = line.len() - line.trim_start().len();
            if !is_function(line.trim_start()) {
                continue;
            }
            // The formatter puts the closing brace where the function began. A declaration of
            // several lines has none: it ends with its parameters.
            let closing = format!("{}}}", " ".repeat(indent));
            let declared = format!("{})", " ".repeat(indent));
            let ends = |line: &&str| {
                **line == closing || line.starts_with(&declared) && line.ends_with(';')
            };
            let end = lines[start..].iter().position(ends);
            let length = end.map_or(1, |end| end + 1);
            if length > FUNCTION_LINES_MAX {
                found.push(format!("{}:{}: {length} lines", source.path, start + 1));
            }
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

fn is_function(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().take(4).collect();
    let before = [
        "pub",
        "pub(super)",
        "pub(crate)",
        "const",
        "async",
        "unsafe",
    ];
    let first = words.iter().position(|word| !before.contains(word));
    first.is_some_and(|first| words[first] == "fn") && !line.ends_with(';')
}
