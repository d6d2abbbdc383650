//! The tables, as they stand in `docs/performance.md`.

use std::fmt::Write;

use crate::System;
use crate::figures::{Figures, Spread};
use crate::measure::{Phase, Sample, Scene};

/// A table for each number of facets and each phase.
pub(crate) fn of(figures: &Figures, scene: &Scene) -> String {
    let mut text = String::new();
    for (facets, systems) in figures.measured() {
        let commits = bytes(scene.commit_bytes(facets) as f64);
        let changed = bytes(scene.commit_bytes(crate::records::CHANGED.min(facets)) as f64);
        for phase in Phase::ALL {
            let title = match phase {
                Phase::Cold => format!("{facets} facets, cold; {commits} of commits"),
                Phase::Equal => format!("{facets} facets, reconnected, nothing changed"),
                Phase::Changed => {
                    format!("{facets} facets, reconnected, 10 changed; {changed} of commits")
                }
            };
            // Writing to a string does not fail.
            let _ = writeln!(text, "\n{title}\n");
            text.push_str("| system | seconds, median (least–most) | raw × | bytes on the wire | processor, both ends | memory, taker |\n");
            text.push_str("| --- | --- | --- | --- | --- | --- |\n");
            for system in &systems {
                text.push_str(&row(figures, facets, *system, phase));
            }
        }
    }
    text
}

fn row(figures: &Figures, facets: usize, system: System, phase: Phase) -> String {
    let name = system.name();
    let unfinished = figures.unfinished(facets, system, phase);
    let late = unfinished.map(|(times, came)| format!("{times} not finished, at most {came} came"));
    let one = |quantity: fn(&Sample) -> f64| figures.median(facets, system, phase, quantity);
    let seconds = figures.spread(facets, system, phase, |sample| sample.seconds);
    let (Some(seconds), Some(wire), Some(cpu), Some(memory)) = (
        seconds,
        one(|sample| sample.wire_bytes as f64),
        one(|sample| sample.cpu_ms),
        one(|sample| sample.peak_mib),
    ) else {
        let why = late.unwrap_or_else(|| "not reached".to_owned());
        return format!("| {name} | {why} | | | | |\n");
    };
    let raw = figures.median(facets, System::Raw, phase, |sample| sample.seconds);
    let ratio = raw.map_or_else(String::new, |raw| format!("{:.1}", seconds.median / raw));
    let late = late.map_or_else(String::new, |late| format!("; {late}"));
    format!(
        "| {name} | {}{late} | {ratio} | {} | {cpu:.1} ms | {memory:.0} MiB |\n",
        spread(seconds),
        bytes(wire),
    )
}

fn spread(seconds: Spread) -> String {
    let Spread {
        least,
        median,
        most,
    } = seconds;
    format!("{median:.4} ({least:.4}–{most:.4})")
}

/// Bytes with the unit that suits them.
pub(crate) fn bytes(count: f64) -> String {
    match count {
        0.0..10_000.0 => format!("{count:.0} B"),
        10_000.0..1_000_000.0 => format!("{:.1} kB", count / 1e3),
        _ => format!("{:.2} MB", count / 1e6),
    }
}
