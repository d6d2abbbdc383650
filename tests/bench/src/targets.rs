//! What is aimed at, beside what was measured.

use std::fmt::Write;

use crate::System;
use crate::figures::Figures;
use crate::measure::{Phase, Sample, Scene};
use crate::records::CHANGED;
use crate::table::bytes;

/// Times the raw limit that a transfer of everything may take.
const OF_RAW_MAX: f64 = 3.0;
/// Times faster than iroh-docs.
const OF_IROH_MIN: f64 = 5.0;
/// Times faster than samod.
const OF_SAMOD_MIN: f64 = 100.0;
/// Bytes for each byte of commits.
const OF_COMMITS_MAX: f64 = 1.3;
/// Bytes over the commits themselves when some have changed.
const CHANGED_BYTES_MAX: f64 = 8_000.0;
/// Bytes of messages, both ways together, when nothing has changed.
const EQUAL_BYTES_MAX: f64 = 256.0;
/// Milliseconds of both ends' processors when nothing has changed.
const EQUAL_CPU_MS_MAX: f64 = 2.0;

/// The targets, for the largest number of facets that was measured.
pub(crate) fn of(figures: &Figures, scene: &Scene) -> String {
    let mut text = String::new();
    let Some((facets, _)) = figures.measured().pop_last() else {
        return text;
    };
    for system in [System::Ours, System::OursPushed] {
        let lines = lines(figures, scene, facets, system);
        if !lines.is_empty() {
            // Writing to a string does not fail.
            let _ = writeln!(text, "\nTargets, {} with {facets} facets\n", system.name());
            text.push_str("| target | measured | |\n| --- | --- | --- |\n");
            text.push_str(&lines);
        }
    }
    text
}

fn lines(figures: &Figures, scene: &Scene, facets: usize, ours: System) -> String {
    let all = cold(figures, scene, facets, ours);
    all + &again(figures, scene, facets, ours)
}

fn cold(figures: &Figures, scene: &Scene, facets: usize, ours: System) -> String {
    let median = |system, quantity: fn(&Sample) -> f64| {
        figures.median(facets, system, Phase::Cold, quantity)
    };
    let seconds = |system| median(system, |sample| sample.seconds);
    let times = |other: Option<f64>, by: Option<f64>| Some(other? / by?);
    let wire = median(ours, |sample| sample.wire_bytes as f64);
    let factor = |value: f64| format!("{value:.1} ×");
    [
        line(
            &format!("cold ≤ {OF_RAW_MAX} × raw"),
            times(seconds(ours), seconds(System::Raw)),
            |value| value <= OF_RAW_MAX,
            &factor,
        ),
        line(
            &format!("cold ≥ {OF_IROH_MIN} × faster than iroh-docs"),
            times(seconds(System::IrohDocs), seconds(ours)),
            |value| value >= OF_IROH_MIN,
            &factor,
        ),
        line(
            &format!("cold ≥ {OF_SAMOD_MIN} × faster than samod"),
            times(seconds(System::Samod), seconds(ours)),
            |value| value >= OF_SAMOD_MIN,
            &factor,
        ),
        line(
            &format!("cold, bytes ≤ {OF_COMMITS_MAX} × the commits"),
            times(wire, Some(scene.commit_bytes(facets) as f64)),
            |value| value <= OF_COMMITS_MAX,
            &|value| format!("{value:.2} ×"),
        ),
    ]
    .concat()
}

fn again(figures: &Figures, scene: &Scene, facets: usize, ours: System) -> String {
    let median =
        |phase, quantity: fn(&Sample) -> f64| figures.median(facets, ours, phase, quantity);
    let changed = median(Phase::Changed, |sample| sample.wire_bytes as f64);
    let over = bytes(CHANGED_BYTES_MAX);
    // Who asks counts the answers; who answers does not.
    let messages = median(Phase::Equal, |sample| sample.message_bytes as f64);
    [
        line(
            &format!("nothing changed, messages ≤ {EQUAL_BYTES_MAX} B"),
            messages.filter(|_| ours == System::Ours),
            |value| value <= EQUAL_BYTES_MAX,
            &bytes,
        ),
        line(
            &format!("nothing changed, processor ≤ {EQUAL_CPU_MS_MAX} ms, connection included"),
            median(Phase::Equal, |sample| sample.cpu_ms),
            |value| value <= EQUAL_CPU_MS_MAX,
            &|value| format!("{value:.1} ms"),
        ),
        line(
            &format!("10 changed, ≤ {over} over the commits, connection included"),
            changed.map(|wire| wire - scene.commit_bytes(CHANGED) as f64),
            |value| value <= CHANGED_BYTES_MAX,
            &bytes,
        ),
    ]
    .concat()
}

/// A row, if there is anything to say.
fn line(
    what: &str,
    value: Option<f64>,
    met: impl Fn(f64) -> bool,
    shown: &dyn Fn(f64) -> String,
) -> String {
    value.map_or_else(String::new, |value| {
        let met = if met(value) { "met" } else { "missed" };
        format!("| {what} | {} | {met} |\n", shown(value))
    })
}
