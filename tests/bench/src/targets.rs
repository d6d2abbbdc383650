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
    let median = |system, phase, quantity: fn(&Sample) -> f64| {
        figures.median(facets, system, phase, quantity)
    };
    let seconds = |system| median(system, Phase::Cold, |sample| sample.seconds);
    let wire = |phase| median(ours, phase, |sample| sample.wire_bytes as f64);
    let times = |other: Option<f64>, by: Option<f64>| Some(other? / by?);
    let of_raw = times(seconds(ours), seconds(System::Raw));
    let of_iroh = times(seconds(System::IrohDocs), seconds(ours));
    let of_samod = times(seconds(System::Samod), seconds(ours));
    let of_commits = times(wire(Phase::Cold), Some(scene.commit_bytes(facets) as f64));
    let changed = wire(Phase::Changed).map(|wire| wire - scene.commit_bytes(CHANGED) as f64);
    let cpu = median(ours, Phase::Equal, |sample| sample.cpu_ms);
    // Who asks counts the answers; who answers does not.
    let messages = median(ours, Phase::Equal, |sample| sample.message_bytes as f64)
        .filter(|_| ours == System::Ours);
    let over = bytes(CHANGED_BYTES_MAX);
    let factor = |value: f64| format!("{value:.1} ×");
    let mut text = String::new();
    let mut line =
        |what: String, value: Option<f64>, met: fn(f64) -> bool, shown: &dyn Fn(f64) -> String| {
            if let Some(value) = value {
                let met = if met(value) { "met" } else { "missed" };
                text.push_str(&format!("| {what} | {} | {met} |\n", shown(value)));
            }
        };
    line(
        format!("cold ≤ {OF_RAW_MAX} × raw"),
        of_raw,
        |value| value <= OF_RAW_MAX,
        &factor,
    );
    line(
        format!("cold ≥ {OF_IROH_MIN} × faster than iroh-docs"),
        of_iroh,
        |value| value >= OF_IROH_MIN,
        &factor,
    );
    line(
        format!("cold ≥ {OF_SAMOD_MIN} × faster than samod"),
        of_samod,
        |value| value >= OF_SAMOD_MIN,
        &factor,
    );
    line(
        format!("cold, bytes ≤ {OF_COMMITS_MAX} × the commits"),
        of_commits,
        |value| value <= OF_COMMITS_MAX,
        &|value| format!("{value:.2} ×"),
    );
    line(
        format!("nothing changed, messages ≤ {EQUAL_BYTES_MAX} B"),
        messages,
        |value| value <= EQUAL_BYTES_MAX,
        &bytes,
    );
    line(
        format!("nothing changed, processor ≤ {EQUAL_CPU_MS_MAX} ms, connection included"),
        cpu,
        |value| value <= EQUAL_CPU_MS_MAX,
        &|value| format!("{value:.1} ms"),
    );
    line(
        format!("10 changed, ≤ {over} over the commits, connection included"),
        changed,
        |value| value <= CHANGED_BYTES_MAX,
        &bytes,
    );
    text
}
