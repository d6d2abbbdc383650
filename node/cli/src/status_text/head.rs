//! The head of a node's status: the node itself, what it holds and what it takes.

use std::collections::BTreeMap;

use crdt_model::ids::Name;

use super::Page;
use crate::table::table;
use crdt_model::text;
use crdt_model::text::{Language, Problem, Text};
use node_app::use_cases::status::NodeStatus;
use node_machine::time::{shown, shown_length};

impl Page<'_> {
    pub(super) fn head(&self) -> String {
        let NodeStatus { node, name, .. } = self.status;
        let tier = self.say(&tier_word(&self.status.tier));
        let mut rows = vec![
            (text!("运行", "running"), self.running()),
            (text!("章程", "charter"), self.charter()),
            (text!("章程签认", "charter log"), self.log()),
            (text!("留存内容", "holds"), self.facets()),
        ];
        if let Some(count) = self.status.left_out.filter(|count| *count > 0) {
            rows.push((
                text!("未计入", "not counted"),
                text!(
                    "{count} 项填写，列表见 mesh-node record left-out",
                    "{count} values; mesh-node record left-out lists them"
                ),
            ));
        }
        if !self.status.kept_home.is_empty() {
            let kept = names_counted(&self.status.kept_home, self.language);
            rows.push((
                text!("其中不外发", "of these never sent"),
                text!("{kept}", "{kept}"),
            ));
        }
        rows.push((text!("资源占用", "uses"), self.takes()));
        if !self.status.latency_ms.is_empty() {
            rows.push((text!("传到本节点用时", "time to arrive"), self.latency()));
        }
        if !self.status.cut.is_empty() {
            let cut: Vec<String> = self.status.cut.iter().map(ToString::to_string).collect();
            let (zh, en) = (cut.join("、"), cut.join(", "));
            rows.push((text!("人为切断", "cut on purpose"), text!("{zh}", "{en}")));
        }
        let cells = |(title, text): &(Text, Text)| vec![self.say(title), self.say(text)];
        let rows: Vec<Vec<String>> = rows.iter().map(cells).collect();
        let title = self.say(&text!("{name} {node}，{tier}", "{name} {node}, {tier}"));
        format!("{title}\n{}{}", self.warnings(), table(&[], &rows, &[]))
    }

    /// What a person should see to, each with what to do.
    fn warnings(&self) -> String {
        let warnings = self.status.warnings.iter();
        let lines = warnings.map(|Problem { what, next, .. }| {
            let (what, next) = (self.say(what), self.say(next));
            self.say(&text!(
                "【注意】{what}\n  {next}\n",
                "Look at this: {what}\n  {next}\n"
            ))
        });
        lines.collect()
    }

    fn running(&self) -> Text {
        if !self.status.running {
            return text!(
                "未运行（以下是上次保存的情况）",
                "not running (below is what was last saved)"
            );
        }
        let Text { zh, en } = shown_length(self.status.up_ms);
        text!("正在运行，已 {zh}", "running, for {en}")
    }

    fn charter(&self) -> Text {
        let (version, until) = (self.status.charter, shown(self.status.charter_until));
        if self.status.charter_expired {
            return text!(
                "第 {version} 版，已于 {until} 到期：可以照常填写，但暂停发送。请联系审核人签发新\
                 版",
                "version {version} expired at {until}: you can go on writing, but nothing is \
                 sent; ask the reviewers for a new version"
            );
        }
        text!(
            "第 {version} 版，有效至 {until}",
            "version {version}, valid until {until}"
        )
    }

    fn facets(&self) -> Text {
        let total = self.status.facets;
        if self.status.facets_by_name.is_empty() {
            return text!("{total}", "{total}");
        }
        let names = names_counted(&self.status.facets_by_name, self.language);
        text!("{total}：{names}", "{total}: {names}")
    }

    fn takes(&self) -> Text {
        let [memory, disk, traffic] = [
            self.status.resident_bytes,
            self.status.disk_bytes,
            self.status.app_bytes,
        ]
        .map(size);
        text!(
            "内存 {memory}，磁盘 {disk}，收发 {traffic}",
            "{memory} of memory, {disk} of disk, {traffic} sent and received"
        )
    }

    fn latency(&self) -> Text {
        let mut sorted = self.status.latency_ms.clone();
        sorted.sort_unstable();
        let count = sorted.len();
        let median = sorted.get(count / 2).copied().unwrap_or_default();
        let longest = sorted.last().copied().unwrap_or_default();
        text!(
            "一般 {median} 毫秒，最长 {longest} 毫秒（最近 {count} 处改动）",
            "median {median} ms, longest {longest} ms (latest {count} changes)"
        )
    }
}

fn names_counted(counts: &BTreeMap<Name, u64>, language: Language) -> String {
    let counts: Vec<String> = counts
        .iter()
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    counts.join(match language {
        Language::Zh => "，",
        Language::En => ", ",
    })
}

fn tier_word(tier: &str) -> Text {
    match tier {
        "county" => text!("县级节点", "county"),
        "township" => text!("镇级节点", "township"),
        "village" => text!("村（社区）级节点", "village or community"),
        other => text!("{other}", "{other}"),
    }
}

/// Bytes in MiB, with one decimal.
fn size(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10) / (1024 * 1024);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}
