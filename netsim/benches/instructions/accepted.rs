//! Comparing with what was accepted.

use std::collections::BTreeMap;
use std::fmt::Write;

/// Where the accepted counts stand.
const FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/benches/instructions/accepted.txt"
);
/// Percent by which a path may take more or fewer instructions than was accepted.
const TOLERANCE_PERCENT: f64 = 5.0;
/// How new counts are accepted.
const ACCEPT: &str =
    "cargo bench --profile release --locked -p netsim --bench instructions -- --accept";

/// Writes the counts down.
pub(crate) fn accept(counts: &[(String, u64)]) -> (String, bool) {
    let lines: Vec<String> = counts
        .iter()
        .map(|(name, count)| format!("{count:>12} {name}\n"))
        .collect();
    let text = lines.concat();
    std::fs::write(FILE, &text).expect("the file can be written");
    (text, true)
}

/// A line for each path, and whether all are as they were.
pub(crate) fn compare(counts: &[(String, u64)]) -> (String, bool) {
    let accepted = read();
    let mut text = String::new();
    let mut well = counts.len() == accepted.len();
    for (name, count) in counts {
        let Some(before) = accepted.get(name).copied() else {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{count:>12} {name:<40} new");
            well = false;
            continue;
        };
        let percent = (*count as f64 / before as f64 - 1.0) * 100.0;
        let verdict = match percent {
            _ if percent > TOLERANCE_PERCENT => "GREW",
            _ if percent < -TOLERANCE_PERCENT => "SHRANK",
            _ => "",
        };
        well &= verdict.is_empty();
        let _ = writeln!(text, "{count:>12} {name:<40} {percent:>+6.1} % {verdict}");
    }
    if !well {
        let _ = writeln!(
            text,
            "more than {TOLERANCE_PERCENT} % from {FILE}, or other paths; if that is meant: {ACCEPT}"
        );
    }
    (text, well)
}

fn read() -> BTreeMap<String, u64> {
    let text = std::fs::read_to_string(FILE).unwrap_or_default();
    let lines = text.lines().filter_map(|line| {
        let (count, name) = line.trim().split_once(' ')?;
        Some((name.to_owned(), count.parse().ok()?))
    });
    lines.collect()
}
