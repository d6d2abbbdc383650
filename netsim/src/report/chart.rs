//! Convergence over virtual time, drawn as SVG: links in sync, facets missing, nodes up, one above
//! the other over one axis of time, with what was wrong behind them. Colours come from the page.

use std::fmt::Write as _;

use askama::filters::{Html, escape};

use crate::scenarios::chronicle::{Chronicle, Sample};

const WIDTH: f64 = 1000.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 34.0;
const PANEL: f64 = 110.0;
const GAP: f64 = 34.0;
const PANELS: usize = 3;
const HOUR_MS: u64 = 3_600_000;
/// Pixels that two numbers of marks need between them.
const APART: f64 = 16.0;

/// One panel: its title, what it shows, and the most that it can show.
struct Panel<'a> {
    title: &'a str,
    class: &'a str,
    unit: &'a str,
    most: f64,
    value: &'a dyn Fn(&Sample) -> f64,
}

/// The drawing of one story.
pub(super) fn draw(chronicle: &Chronicle, nodes: usize) -> String {
    let Some(last) = chronicle.samples.last() else {
        return String::new();
    };
    let ends = chronicle.bands.iter().map(|band| band.until_ms);
    let end_ms = ends.chain([last.at_ms]).max().unwrap_or(1).max(1);
    let x = |at_ms: u64| LEFT + (WIDTH - LEFT - RIGHT) * at_ms as f64 / end_ms as f64;
    let height = TOP + PANELS as f64 * (PANEL + GAP) + 8.0;
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" \
         aria-label=\"趋于一致的过程 / convergence over time\">\n"
    );
    draw_bands(&mut svg, chronicle, &x, height);
    draw_time(&mut svg, chronicle, end_ms, &x, height);
    let most_missing = chronicle
        .samples
        .iter()
        .map(|one| one.missing)
        .max()
        .unwrap_or(0);
    let panels = [
        Panel {
            title: "一致的线路 links in sync",
            class: "sync",
            unit: " %",
            most: 100.0,
            value: &Sample::percent,
        },
        Panel {
            title: "尚缺的分项 facets missing",
            class: "missing",
            unit: "",
            most: nice(most_missing as f64),
            value: &|one| one.missing as f64,
        },
        Panel {
            title: "在线节点 nodes up",
            class: "up",
            unit: "",
            most: nodes as f64,
            value: &|one| one.up as f64,
        },
    ];
    for (at, panel) in panels.iter().enumerate() {
        let top = TOP + at as f64 * (PANEL + GAP);
        draw_panel(&mut svg, panel, top, &chronicle.samples, &x);
    }
    draw_marks(&mut svg, chronicle, &x, height);
    svg.push_str("</svg>");
    svg
}

fn draw_panel(
    svg: &mut String,
    panel: &Panel<'_>,
    top: f64,
    samples: &[Sample],
    x: &dyn Fn(u64) -> f64,
) {
    let Panel {
        title,
        class,
        unit,
        most,
        value,
    } = panel;
    let bottom = top + PANEL;
    let y = |value: f64| bottom - PANEL * (value / most.max(1.0)).clamp(0.0, 1.0);
    for part in [0.0, 0.5, 1.0] {
        let (at, label) = (y(part * most), part * most);
        put(
            svg,
            &format!(
                "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{:.1}\"/>",
                WIDTH - RIGHT
            ),
        );
        let (from, below) = (LEFT - 6.0, at + 4.0);
        put(
            svg,
            &format!("<text class=\"end\" x=\"{from}\" y=\"{below:.1}\">{label:.0}{unit}</text>"),
        );
    }
    put(
        svg,
        &format!(
            "<text class=\"title\" x=\"{LEFT}\" y=\"{:.1}\">{title}</text>",
            top - 7.0
        ),
    );
    let mut line = String::new();
    for sample in samples {
        // Writing to a string cannot fail.
        let _ = write!(line, "{:.1},{:.1} ", x(sample.at_ms), y(value(sample)));
    }
    let (first, last) = (samples.first(), samples.last());
    let (from, to) = (
        first.map_or(LEFT, |one| x(one.at_ms)),
        last.map_or(LEFT, |one| x(one.at_ms)),
    );
    let area = format!("{from:.1},{bottom:.1} {line}{to:.1},{bottom:.1}");
    put(
        svg,
        &format!("<polygon class=\"{class} area\" points=\"{area}\"/>"),
    );
    put(
        svg,
        &format!(
            "<polyline class=\"{class} line\" points=\"{}\"/>",
            line.trim_end()
        ),
    );
}

/// What was wrong for a while, behind all panels.
fn draw_bands(svg: &mut String, chronicle: &Chronicle, x: &dyn Fn(u64) -> f64, height: f64) {
    for (at, band) in chronicle.bands.iter().enumerate() {
        let (from, until) = (x(band.from_ms), x(band.until_ms));
        let (wide, high) = ((until - from).max(2.0), height - TOP - GAP);
        let words = escaped(&format!("{} {}", band.text.zh, band.text.en));
        put(
            svg,
            &format!(
                "<rect class=\"band\" x=\"{from:.1}\" y=\"{TOP}\" width=\"{wide:.1}\" \
                 height=\"{high:.1}\"><title>{words}</title></rect>"
            ),
        );
        let (middle, below) = (from + wide / 2.0, height - GAP + 4.0);
        let letter = letter(at);
        put(
            svg,
            &format!("<text class=\"number\" x=\"{middle:.1}\" y=\"{below:.1}\">{letter}</text>"),
        );
    }
}

/// What happened at one moment, by the number it has in the list below.
fn draw_marks(svg: &mut String, chronicle: &Chronicle, x: &dyn Fn(u64) -> f64, height: f64) {
    let mut free = 0.0_f64;
    for (at, mark) in chronicle.marks.iter().enumerate() {
        let (at_x, number) = (x(mark.at_ms), at + 1);
        let words = escaped(&format!("{} {}", mark.text.zh, mark.text.en));
        let end = height - GAP - 8.0;
        put(
            svg,
            &format!(
                "<path class=\"mark\" d=\"M{at_x:.1} {:.1}V{end:.1}\"><title>{words}</title></path>",
                TOP - 18.0
            ),
        );
        let label = at_x.max(free);
        free = label + APART;
        put(
            svg,
            &format!(
                "<text class=\"number\" x=\"{label:.1}\" y=\"{:.1}\">{number}</text>",
                TOP - 21.0
            ),
        );
    }
}

/// The axis of time, under the last panel.
fn draw_time(
    svg: &mut String,
    chronicle: &Chronicle,
    end_ms: u64,
    x: &dyn Fn(u64) -> f64,
    height: f64,
) {
    let steps = [1, 2, 6, 12, 24, 48, 168, 336, 720, 1440].map(|hours| hours * HOUR_MS);
    let step = steps
        .into_iter()
        .find(|step| end_ms / step <= 14)
        .unwrap_or(end_ms);
    let mut at_ms = 0;
    while at_ms <= end_ms {
        let (at_x, y) = (x(at_ms), height - 8.0);
        let clock = chronicle.clock(at_ms);
        let words = match step >= 24 * HOUR_MS {
            true => format!("第 {} 天", at_ms / (24 * HOUR_MS) + 1),
            false => clock.trim().to_owned(),
        };
        put(
            svg,
            &format!(
                "<path class=\"grid\" d=\"M{at_x:.1} {TOP}V{:.1}\"/>",
                height - GAP - 8.0
            ),
        );
        put(
            svg,
            &format!("<text class=\"middle\" x=\"{at_x:.1}\" y=\"{y:.1}\">{words}</text>"),
        );
        at_ms += step;
    }
}

/// What a band is called in the chart: a, b, … z, a2, b2, …
pub(super) fn letter(at: usize) -> String {
    let letter = char::from(b'a' + (at % 26) as u8);
    match at / 26 {
        0 => letter.to_string(),
        round => format!("{letter}{}", round + 1),
    }
}

/// The next number with one digit that is not 0: 10, 20, 50, 100, …
fn nice(most: f64) -> f64 {
    let mut step = 10.0;
    loop {
        for factor in [1.0, 2.0, 5.0] {
            if most <= step * factor {
                return step * factor;
            }
        }
        step *= 10.0;
    }
}

fn escaped(text: &str) -> String {
    escape(text, Html)
        .map(|text| text.to_string())
        .unwrap_or_default()
}

fn put(svg: &mut String, element: &str) {
    svg.push_str(element);
    svg.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenarios::both;
    use crate::scenarios::chronicle::{Band, Mark};

    #[test]
    fn a_chart_shows_every_sample_and_escapes_what_it_is_told() {
        let mut chronicle = Chronicle::default();
        for at in 1..=10_u64 {
            let (missing, up) = (5, 84);
            let at_ms = at * HOUR_MS;
            chronicle.samples.push(Sample {
                at_ms,
                in_sync: 1,
                links: 2,
                missing,
                up,
                bytes: 0,
                into_county: 0,
            });
        }
        chronicle.marks.push(Mark {
            at_ms: 0,
            text: both("<甲>", "a & b"),
        });
        let text = both("乙", "b");
        chronicle.bands.push(Band {
            from_ms: HOUR_MS,
            until_ms: 2 * HOUR_MS,
            text,
        });
        let svg = draw(&chronicle, 84);
        assert_eq!(svg.matches("<polyline").count(), PANELS);
        let line = svg
            .split("<polyline")
            .nth(1)
            .and_then(|rest| rest.split("/>").next());
        assert_eq!(line.map(|line| line.matches(',').count()), Some(10));
        assert!(!svg.contains("<甲>") && !svg.contains("a & b"), "{svg}");
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }

    #[test]
    fn the_top_of_a_panel_is_a_number_that_reads_well() {
        for (most, top) in [
            (0.0, 10.0),
            (10.0, 10.0),
            (11.0, 20.0),
            (43.0, 50.0),
            (501.0, 1000.0),
        ] {
            assert!((nice(most) - top).abs() < f64::EPSILON, "{most}");
        }
    }
}
