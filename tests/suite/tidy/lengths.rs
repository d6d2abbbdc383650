//! Lengths: a function fits a screen. Files have no bound of length: what belongs into one follows from
//! which names what (`structure`).

use super::sources;

/// Lines of a function, from its first line to its closing brace.
const FUNCTION_LINES_MAX: usize = 70;

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
