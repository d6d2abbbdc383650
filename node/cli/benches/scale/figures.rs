//! The table of what was measured, with the exponent that each row grows by.

use std::collections::BTreeMap;

/// Rows: what it is, the figure, and what is wanted of it.
const ROWS: [(&str, &str, &str); 34] = [
    ("facets", "facets", ""),
    ("commits, MB", "commit-bytes", ""),
    ("store, MB", "store-bytes", "≤ 3 × the commits"),
    (
        "the same when rewritten, without what a charter took, MB",
        "scrubbed-store-bytes",
        "",
    ),
    ("read model, MB", "again-read-model-bytes", ""),
    (
        "**node**: ready after a start, ms",
        "again-ready-ms",
        "≤ 1,000 at a year",
    ),
    ("processor until then, ms", "again-ready-cpu-ms", ""),
    (
        "resident then, MiB",
        "again-ready-rss-mib",
        "≤ 128 at a year, ≤ 1,500 at a hundred",
    ),
    (
        "all compared and time limits found, ms",
        "again-settled-ms",
        "",
    ),
    ("processor until then, ms", "again-settled-cpu-ms", ""),
    (
        "resident then, MiB",
        "again-settled-rss-mib",
        "≤ 128 at a year",
    ),
    (
        "first start: read model made, time limits found, s",
        "first-settled-ms",
        "",
    ),
    (
        "resident then, MiB",
        "first-settled-rss-mib",
        "≤ 128 at a year",
    ),
    ("**store and engine alone**: open, ms", "open-ms", ""),
    ("processor until then, ms", "open-cpu-ms", ""),
    (
        "of it the store, counted and checked, ms",
        "store-open-ms",
        "",
    ),
    ("resident then, MiB", "engine-rss-mib", ""),
    ("**equal** nodes meet: messages", "equal-messages", "2"),
    ("bytes of a message", "equal-bytes", "≤ 256"),
    ("processor of the county, ms", "equal-county-cpu-ms", "≤ 2"),
    ("**10 changed**: messages", "ten-messages", ""),
    ("bytes", "ten-bytes", ""),
    ("processor of the county, ms", "ten-county-cpu-ms", ""),
    (
        "**one change**: written at a village to durable at the county, ms",
        "change-ms",
        "",
    ),
    ("processor of the county, ms", "change-county-cpu-ms", ""),
    (
        "**decision**: faster than plain Cedar by",
        "decision-faster",
        "≥ 100",
    ),
    (
        "**charter** that changes nothing: in force, ms",
        "adopt-same-ms",
        "≤ 200 at a year",
    ),
    (
        "charter that closes a flow: in force, ms",
        "adopt-closed-ms",
        "",
    ),
    ("facets that go by it", "adopt-closed-dropped", ""),
    ("store rewritten after it, s", "scrub-ms", ""),
    ("resident at most, MiB", "adopt-hwm-mib", ""),
    ("**village**: resident, MiB", "idle-rss-mib", "≤ 24"),
    (
        "of that its own, not its program's file, MiB",
        "idle-own-mib",
        "",
    ),
    (
        "processor with nothing to do, %",
        "idle-cpu-percent",
        "≤ 0.1",
    ),
];

/// What was measured, by years.
#[derive(Default)]
pub(crate) struct Figures(BTreeMap<u64, BTreeMap<String, f64>>);

impl Figures {
    pub(crate) fn add(&mut self, years: u64, figures: BTreeMap<String, f64>) {
        self.0.insert(years, figures);
    }

    /// Prints the table.
    pub(crate) fn print(&self) {
        let years: Vec<String> = self
            .0
            .keys()
            .map(|years| format!("{years} years"))
            .collect();
        println!("| | {} | grows by n to the | wanted |", years.join(" | "));
        println!("| --- |{} --: | --- |", " --: |".repeat(years.len()));
        for (what, figure, wanted) in ROWS {
            let scale = match what.rsplit_once(", ") {
                Some((_, "MB")) => 1e6,
                Some((_, "s")) => 1e3,
                _ => 1.0,
            };
            let shown = |figures: &BTreeMap<String, f64>| {
                figures
                    .get(figure)
                    .filter(|value| **value != 0.0)
                    .map_or(String::new(), |value| shown(value / scale))
            };
            let values: Vec<String> = self.0.values().map(shown).collect();
            if values.iter().all(String::is_empty) {
                continue;
            }
            let exponent = self
                .exponent(figure)
                .map_or(String::new(), |exponent| format!("{exponent:.2}"));
            println!(
                "| {what} | {} | {exponent} | {wanted} |",
                values.join(" | ")
            );
        }
    }

    /// The slope of least squares through the logarithms of facets and figure.
    fn exponent(&self, figure: &str) -> Option<f64> {
        let point = |figures: &BTreeMap<String, f64>| {
            let (facets, value) = (figures.get("facets")?, figures.get(figure)?);
            (*value > 0.0).then_some((facets.ln(), value.ln()))
        };
        let points: Vec<(f64, f64)> = self.0.values().filter_map(point).collect();
        let count = points.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
        let (mean_x, mean_y) = (mean(|point| point.0), mean(|point| point.1));
        let sum = |of: &dyn Fn(f64, f64) -> f64| -> f64 {
            points.iter().map(|(x, y)| of(x - mean_x, y - mean_y)).sum()
        };
        (points.len() > 1).then(|| sum(&|x, y| x * y) / sum(&|x, _| x * x))
    }
}

fn shown(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 1.0 => format!("{value:.1}"),
        value => format!("{value:.3}"),
    }
}
