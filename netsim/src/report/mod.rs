//! A page about one story: one file that opens from the disk, without anything from elsewhere.
//!
//! * `chart`: convergence over time, drawn as SVG.
//! * `promises`: what each checker promises, and what the faults are called.

mod chart;
mod promises;

use askama::Template;
use crdt_model::kind::Title;

use crate::run::Verdict;
use crate::scenarios::chronicle::{Chronicle, WAYS};
use crate::scenarios::{Account, both};
use promises::PROMISES;
pub(crate) use promises::fault;

/// One row of a table: what it is about, and its figures.
struct Row {
    about: Title,
    figures: Vec<String>,
}

/// What became of one promise.
struct Kept {
    name: Title,
    promise: Title,
    /// The first finding against it.
    broken: Option<String>,
}

/// What the template is filled with.
#[derive(Template)]
#[template(path = "scenario.html")]
struct Page {
    title: Title,
    about: Title,
    verdict: Title,
    good: bool,
    hash: String,
    command: String,
    key_figures: Vec<Row>,
    /// Drawn from numbers and texts that are escaped already.
    chart: String,
    moments: Vec<Moment>,
    faults: Vec<Row>,
    traffic: Vec<Row>,
    healings: Vec<Row>,
    promises: Vec<Kept>,
    findings: Vec<String>,
}

/// A numbered moment of the chart, or something that was wrong for a while.
struct Moment {
    number: String,
    when: String,
    text: Title,
}

/// The page about one story.
///
/// # Errors
/// Where the template does not fit its values, which the compiler has seen to.
pub fn page(account: &Account) -> Result<String, askama::Error> {
    let [zh, en] = account.scenario.title;
    let [about_zh, about_en] = account.scenario.about;
    let options = &account.options;
    let page = Page {
        title: both(zh, en),
        about: both(about_zh, about_en),
        verdict: verdict(account.verdict),
        good: account.verdict == Verdict::Converged,
        hash: format!("{:016x}", account.hash),
        command: format!(
            "mesh-netsim run --scenario {} --seed {} --nodes {} --scale {}",
            account.scenario.name, options.seed, options.nodes, options.scale
        ),
        key_figures: key_figures(account),
        chart: chart::draw(&account.chronicle, options.nodes),
        moments: moments(&account.chronicle),
        faults: faults(account),
        traffic: traffic(account),
        healings: healings(&account.chronicle),
        promises: PROMISES
            .iter()
            .map(|promise| kept(promise, account))
            .collect(),
        findings: account
            .broken
            .iter()
            .take(20)
            .map(ToString::to_string)
            .collect(),
    };
    page.render()
}

/// A verdict in the words of those who read it.
pub(crate) fn verdict(verdict: Verdict) -> Title {
    match verdict {
        Verdict::Converged => both(
            "全部守住，各节点最终一致",
            "Everything held, and all are equal",
        ),
        Verdict::SafetyBroken => both("安全承诺未守住", "A promise was broken"),
        Verdict::LivenessBroken => both("未能按时一致", "Not all became equal in time"),
    }
}

fn key_figures(account: &Account) -> Vec<Row> {
    let chronicle = &account.chronicle;
    let row = |zh, en, figure: String| Row {
        about: both(zh, en),
        figures: vec![figure],
    };
    let hours = account.took_ms as f64 / 3_600_000.0;
    let worst = chronicle
        .worst_healing()
        .map_or_else(|| "–".to_owned(), |worst| seconds(worst.took_ms));
    vec![
        row("模拟时长", "virtual time", format!("{hours:.1} h")),
        row("事件", "events", grouped(account.events)),
        row("分项", "facets", grouped(account.facets as u64)),
        row(
            "线路字节",
            "bytes on lines",
            grouped(chronicle.traffic.bytes()),
        ),
        row("恢复同步最慢", "worst healing", worst),
        row(
            "最后达到一致",
            "settled at last in",
            seconds(chronicle.settled_in_ms),
        ),
    ]
}

fn moments(chronicle: &Chronicle) -> Vec<Moment> {
    let marks = chronicle.marks.iter().enumerate().map(|(at, mark)| Moment {
        number: (at + 1).to_string(),
        when: chronicle.clock(mark.at_ms),
        text: mark.text.clone(),
    });
    let bands = chronicle.bands.iter().enumerate().map(|(at, band)| Moment {
        number: chart::letter(at),
        when: format!(
            "{} – {}",
            chronicle.clock(band.from_ms),
            chronicle.clock(band.until_ms)
        ),
        text: band.text.clone(),
    });
    marks.chain(bands).collect()
}

fn faults(account: &Account) -> Vec<Row> {
    let counted = account.counters.iter().filter(|(_, count)| *count > 0);
    let row = |(what, count): (&'static str, u64)| Row {
        about: both(fault(what), what),
        figures: vec![grouped(count)],
    };
    counted.map(row).collect()
}

fn traffic(account: &Account) -> Vec<Row> {
    let ways = WAYS.iter().zip(account.chronicle.traffic.ways);
    let row = |([zh, en], carried): (&[&str; 2], crate::scenarios::chronicle::Carried)| Row {
        about: both(*zh, *en),
        figures: vec![grouped(carried.frames), grouped(carried.bytes)],
    };
    ways.map(row).collect()
}

/// The nodes that took longest to catch up.
fn healings(chronicle: &Chronicle) -> Vec<Row> {
    let mut slowest: Vec<_> = chronicle.healings.iter().collect();
    slowest.sort_by_key(|healing| {
        (
            std::cmp::Reverse(healing.took_ms),
            healing.at_ms,
            healing.node,
        )
    });
    let row = |healing: &&crate::scenarios::chronicle::Healing| Row {
        about: both(chronicle.name(healing.node), ""),
        figures: vec![chronicle.clock(healing.at_ms), seconds(healing.took_ms)],
    };
    slowest.iter().take(8).map(row).collect()
}

fn kept(promise: &promises::Promise, account: &Account) -> Kept {
    let mut against = account
        .broken
        .iter()
        .filter(|broken| broken.checker == promise.checker);
    Kept {
        name: both(promise.name[0], promise.name[1]),
        promise: both(promise.holds[0], promise.holds[1]),
        broken: against.next().map(ToString::to_string),
    }
}

fn seconds(ms: u64) -> String {
    format!("{:.1} s", ms as f64 / 1000.0)
}

/// A number in groups of three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push('\u{202f}');
        }
        grouped.push(digit);
    }
    grouped
}
