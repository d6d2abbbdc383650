//! Convergence over time as a picture on the terminal: one line for each span of time.

use crdt_model::text;
use crdt_model::text::Language;

use crate::scenarios::chronicle::{Chronicle, Sample};
use crate::scenarios::plan::{DAY, HOUR, MINUTE};

/// Spans of time that one line may stand for.
const SPANS_MS: [u64; 11] = [
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    8 * HOUR,
    DAY,
    7 * DAY,
    14 * DAY,
];
/// Lines, at most.
const LINES_MAX: u64 = 60;
/// Cells of a bar.
const CELLS: usize = 24;
/// A cell that is filled by so many eighths.
const EIGHTHS: [char; 8] = ['·', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// The lines of the picture.
pub(super) fn draw(chronicle: &Chronicle, lang: Language) -> Vec<String> {
    let Some(last) = chronicle.samples.last() else {
        return Vec::new();
    };
    let fits = |span: &&u64| last.at_ms / **span < LINES_MAX;
    let span = SPANS_MS.iter().find(fits).copied().unwrap_or(28 * DAY);
    let columns = [
        text!("一致的线路", "links in sync"),
        text!("待收", "missing"),
        text!("在线节点", "up"),
    ];
    let [in_sync, missing, up] = columns.map(|column| column.into_language(lang));
    let bar = CELLS - wide(&in_sync);
    let gap = 8_usize.saturating_sub(wide(&missing));
    let head = format!(
        "{:>10}  {in_sync}{:bar$}  {:>7}  {:gap$}{missing}  {up}",
        "", "", "", ""
    );
    let mut lines = vec![head];
    let mut from_ms = 0;
    while from_ms <= last.at_ms {
        let end_ms = from_ms + span;
        let within = |at_ms: u64| (from_ms..end_ms).contains(&at_ms);
        let samples: Vec<_> = chronicle
            .samples
            .iter()
            .filter(|one| within(one.at_ms))
            .collect();
        // The worst of the span: what heals within it would not be seen otherwise.
        let worst = samples
            .iter()
            .min_by_key(|one| (one.in_sync, usize::MAX - one.missing));
        let words = words(chronicle, &within, lang);
        if worst.is_some() || !words.is_empty() {
            lines.push(row(&chronicle.clock(from_ms), worst.copied(), &words));
        }
        from_ms = end_ms;
    }
    let end = text!("最后", "end");
    lines.push(row(end.in_language(lang), Some(last), &[]));
    lines
}

/// What happened within a span: moments, and faults that began or ended.
fn words(chronicle: &Chronicle, within: &dyn Fn(u64) -> bool, lang: Language) -> Vec<String> {
    let marks = chronicle.marks.iter().filter(|mark| within(mark.at_ms));
    let mut words: Vec<_> = marks
        .map(|mark| mark.text.in_language(lang).to_owned())
        .collect();
    for band in &chronicle.bands {
        if within(band.from_ms) {
            words.push(format!("[ {}", band.text.in_language(lang)));
        }
        if within(band.until_ms) {
            words.push(format!("] {}", band.text.in_language(lang)));
        }
    }
    words
}

fn row(clock: &str, sample: Option<&Sample>, words: &[String]) -> String {
    let figures = sample.map_or_else(
        || format!("{:<CELLS$}  {:>7}  {:>8}  {:>3}", "", "", "", ""),
        |sample| {
            let (percent, bar) = (sample.percent(), bar(sample.percent()));
            format!(
                "{bar}  {percent:>5.1} %  {:>8}  {:>3}",
                sample.missing, sample.up
            )
        },
    );
    let mut words = words.join("; ");
    if words.chars().count() > 90 {
        words = words.chars().take(89).chain(['…']).collect();
    }
    let before = 10_usize.saturating_sub(wide(clock));
    format!("{:before$}{clock}  {figures}  {words}", "")
        .trim_end()
        .to_owned()
}

fn bar(percent: f64) -> String {
    let eighths = (percent / 100.0 * (CELLS * 8) as f64).round() as usize;
    let (full, part) = (eighths / 8, eighths % 8);
    let mut bar = "█".repeat(full);
    if full < CELLS {
        bar.push(EIGHTHS.get(part).copied().unwrap_or(' '));
        bar.extend(std::iter::repeat_n('·', CELLS - full - 1));
    }
    bar
}

/// Cells of the terminal that a text takes: Chinese characters take two.
fn wide(text: &str) -> usize {
    let cells = text.chars().map(|one| 1 + usize::from(one >= '\u{2e80}'));
    cells.sum()
}

/// Bytes as people read them.
pub(super) fn bytes(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} B"),
        10_000..10_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenarios::both;
    use crate::scenarios::chronicle::Mark;

    #[test]
    fn a_picture_fits_the_terminal_and_tells_what_happened() {
        let mut chronicle = Chronicle {
            begins_at_hour: 7,
            ..Chronicle::default()
        };
        for at in 1..=144 {
            let at_ms = at * 5 * MINUTE;
            let in_sync = at as usize;
            chronicle.samples.push(Sample {
                at_ms,
                in_sync,
                links: 159,
                missing: 7,
                up: 84,
                bytes: 0,
                into_county: 0,
            });
        }
        chronicle.marks.push(Mark {
            at_ms: HOUR,
            text: both("开机", "switched on"),
        });
        let lines = draw(&chronicle, Language::En);
        assert!((24..=62).contains(&lines.len()), "{}", lines.len());
        assert!(
            lines
                .iter()
                .any(|line| line.contains("08:00") && line.ends_with("switched on"))
        );
    }

    #[test]
    fn a_bar_is_as_wide_whatever_it_shows() {
        for percent in [0.0, 0.3, 33.3, 99.9, 100.0] {
            assert_eq!(bar(percent).chars().count(), CELLS, "{percent}");
        }
    }
}
