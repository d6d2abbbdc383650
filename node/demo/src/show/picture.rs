//! The table that is redrawn: what every tier holds against what it is to hold, lines, latency,
//! memory.

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, Table};
use crdt_model::charter::Tier;

use super::screen::Screen;
use crate::lines::{Statuses, count};
use crate::members::{TIERS, tier_name};
use crate::report::{ByTier, app_bytes, county_latency, memory, sum_by_tier};
use crate::running::County;
use crdt_model::text;
use crdt_model::text::Text;

/// What the picture shows besides how the nodes stand.
pub(super) struct Seen<'a> {
    pub(super) county: &'a County,
    pub(super) statuses: &'a Statuses,
    pub(super) expected: Option<&'a ByTier<u64>>,
    pub(super) notice: &'a str,
}

/// The whole picture.
pub(super) fn picture(screen: &Screen, seen: &Seen<'_>) -> String {
    let mut lines = vec![tiers(screen, seen).to_string()];
    lines.extend(facts(seen).iter().map(|text| screen.say(text).to_owned()));
    lines.push(String::new());
    lines.push(
        screen
            .say(&text!(
                "输入后回车：c 切断一个镇  h 恢复  k 随机断电一个节点  q 退出",
                "type and press Enter: c cut a township  h heal  k kill a random node  q quit"
            ))
            .to_owned(),
    );
    lines.push(seen.notice.to_owned());
    lines.join("\n")
}

/// The same in one line, for what is no terminal.
pub(super) fn summary(screen: &Screen, seen: &Seen<'_>) -> String {
    let held = held(seen);
    let tiers = TIERS.iter().map(|tier| {
        let name = tier_name(*tier);
        let held = held.get(name).copied().unwrap_or(0);
        let title = tier_title(*tier);
        format!("{} {held}/{}", screen.say(&title), expected_of(seen, name))
    });
    let tiers: Vec<String> = tiers.collect();
    let facts = facts(seen);
    let facts: Vec<&str> = facts.iter().map(|text| screen.say(text)).collect();
    format!("{}  {}", tiers.join("  "), facts.join("  "))
}

/// What a tier is called.
pub(super) fn tier_title(tier: Tier) -> Text {
    match tier {
        Tier::County => text!("县", "county"),
        Tier::Township => text!("乡镇", "townships"),
        Tier::Village => text!("村（社区）", "villages"),
    }
}

fn held(seen: &Seen<'_>) -> ByTier<u64> {
    let facets = |node| {
        seen.statuses
            .get(&node)
            .and_then(Option::as_ref)
            .map_or(0, |one| one.facets)
    };
    sum_by_tier(seen.county.members(), facets)
}

fn expected_of(seen: &Seen<'_>, tier: &str) -> String {
    let expected = seen.expected.and_then(|expected| expected.get(tier));
    expected.map_or_else(|| "—".to_owned(), u64::to_string)
}

fn tiers(screen: &Screen, seen: &Seen<'_>) -> Table {
    let (held, memory) = (held(seen), memory(seen.county.members(), seen.statuses));
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY);
    let titles = [
        text!("层级", "tier"),
        text!("节点", "nodes"),
        text!("在线节点", "up"),
        text!("留存", "held"),
        text!("应留存", "expected"),
        text!("内存 MiB（平均 / 最大）", "memory MiB (mean / max)"),
    ];
    table.set_header(titles.iter().map(|title| screen.say(title)));
    for tier in TIERS {
        let name = tier_name(tier);
        let nodes = seen.county.members().of_tier(tier);
        let up = nodes
            .iter()
            .filter(|node| seen.statuses.get(node).is_some_and(Option::is_some));
        let memory = memory.get(name).copied().unwrap_or_default();
        table.add_row([
            screen.say(&tier_title(tier)).to_owned(),
            nodes.len().to_string(),
            up.count().to_string(),
            held.get(name).copied().unwrap_or(0).to_string(),
            expected_of(seen, name),
            format!("{:.1} / {:.1}", memory.mean, memory.max),
        ]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn facts(seen: &Seen<'_>) -> [Text; 4] {
    let lines = count(seen.statuses);
    let (up, all) = (lines.up, lines.all);
    let peers = || {
        seen.statuses
            .values()
            .flatten()
            .flat_map(|status| &status.peers)
    };
    let withheld: u64 = peers()
        .flat_map(|peer| &peer.status.withheld)
        .map(|withheld| withheld.facets)
        .sum();
    let latency = county_latency(seen.county.members(), seen.statuses);
    let ms = |ms: Option<u64>| ms.map_or_else(|| "—".to_owned(), |ms| ms.to_string());
    let (half, most) = (ms(latency.p50), ms(latency.p99));
    let restarts = seen.county.restarts();
    let kib = app_bytes(seen.statuses) / 1024;
    let cut = seen
        .statuses
        .values()
        .flatten()
        .filter(|status| !status.cut.is_empty());
    let cut: Vec<&str> = cut.map(|status| status.name.as_str()).collect();
    let (cut_zh, cut_en) = match cut.join("、") {
        none if none.is_empty() => ("无".to_owned(), "none".to_owned()),
        cut => (cut.clone(), cut),
    };
    [
        text!(
            "线路 {up}/{all}，切断：{cut_zh}",
            "lines {up}/{all}, cut: {cut_en}"
        ),
        text!(
            "村到县延迟 {half} 毫秒（中位）、{most} 毫秒（99%）",
            "latency village to county {half} ms (p50), {most} ms (p99)"
        ),
        text!("按规则不发送 {withheld} 项", "{withheld} not sent, by rule"),
        text!(
            "已传输 {kib} KiB，进程重启 {restarts} 次",
            "{kib} KiB sent, {restarts} restarts"
        ),
    ]
}
