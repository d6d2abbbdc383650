//! Bars as SVG; colours come from the page.

use std::fmt::Write as _;

use askama::filters::{Html, escape};

use super::laid_out::Chart;
use crdt_model::text::Language;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 170.0;
const LEFT: f64 = 36.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 22.0;
/// Labels under the bars, at most.
const LABELS_MAX: usize = 16;

pub(super) fn draw(chart: &Chart, language: Language) -> String {
    let most = chart
        .bars
        .iter()
        .map(|(_, count)| *count)
        .max()
        .unwrap_or(0)
        .max(1);
    let wide = (WIDTH - LEFT) / chart.bars.len().max(1) as f64;
    let high = HEIGHT - TOP - BOTTOM;
    let ground = HEIGHT - BOTTOM;
    let title = escaped(chart.title.in_language(language));
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\">\n\
         <path class=\"grid\" d=\"M{LEFT} {TOP}H{WIDTH}M{LEFT} {ground}H{WIDTH}\"/>\n\
         <text class=\"end\" x=\"{0}\" y=\"{1}\">{most}</text>\n\
         <text class=\"end\" x=\"{0}\" y=\"{ground}\">0</text>\n",
        LEFT - 5.0,
        TOP + 4.0,
    );
    let every = chart.bars.len().div_ceil(LABELS_MAX).max(1);
    for (at, (label, count)) in chart.bars.iter().enumerate() {
        let (left, label) = (LEFT + wide * at as f64, escaped(label));
        let tall = high * *count as f64 / most as f64;
        // Writing to a string cannot fail.
        let _ = writeln!(
            svg,
            "<rect class=\"bar\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{tall:.1}\">\
             <title>{label}: {count}</title></rect>",
            left + wide * 0.12,
            ground - tall,
            wide * 0.76,
        );
        if at % every == 0 {
            let (middle, below) = (left + wide / 2.0, HEIGHT - 6.0);
            let _ = writeln!(
                svg,
                "<text class=\"middle\" x=\"{middle:.1}\" y=\"{below}\">{label}</text>"
            );
        }
    }
    svg.push_str("</svg>");
    svg
}

fn escaped(text: &str) -> String {
    escape(text, Html)
        .map(|text| text.to_string())
        .unwrap_or_default()
}
