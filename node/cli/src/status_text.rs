//! A node's status as people read it: what stands below its head.

mod emergency;
mod head;
mod log;

use crdt_model::engine::LinkState;

use super::reason_words::counted;
use super::table::table;
use crdt_model::text;
use crdt_model::text::{Language, Text};
use node_app::use_cases::status::{NodeStatus, PeerLine};
use node_machine::time::shown;

/// The whole status: the node, its neighbours, what was refused, what is withheld.
pub(super) fn status_text(status: &NodeStatus, language: Language) -> String {
    let page = Page { status, language };
    let parts = [
        page.emergency_alarm(),
        page.head(),
        page.log_alarms(),
        page.neighbours(),
        page.troubles(),
        page.refused(),
        page.withheld(),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("\n")
}

/// A status on its way to being read.
pub(super) struct Page<'a> {
    pub(super) status: &'a NodeStatus,
    pub(super) language: Language,
}

impl Page<'_> {
    pub(super) fn say(&self, text: &Text) -> String {
        text.in_language(self.language).to_owned()
    }

    fn neighbours(&self) -> String {
        if self.status.peers.is_empty() {
            return self.say(&text!("没有相邻节点\n", "no neighbours\n"));
        }
        let row = |peer: &PeerLine| {
            let status = &peer.status;
            let numbers = [status.have, status.missing as u64].map(|number| number.to_string());
            let mut row = vec![called(peer), self.link(peer), self.sync(peer)];
            row.extend(numbers);
            row.push(to_send(peer));
            row.push(format!(
                "{} / {}",
                status.commits_received, status.commits_sent
            ));
            row.push(status.refused.values().sum::<u64>().to_string());
            row.push(status.commits_refused_by_peer.to_string());
            row
        };
        let header = match self.language {
            Language::Zh => [
                "相邻节点",
                "连接",
                "同步",
                "双方共有",
                "待收",
                "待发",
                "收到 / 发出",
                "本节点拒收",
                "对方拒收",
            ],
            Language::En => [
                "neighbour",
                "line",
                "sync",
                "have",
                "missing",
                "to send",
                "commits in / out",
                "refused",
                "refused by it",
            ],
        };
        let rows: Vec<Vec<String>> = self.status.peers.iter().map(row).collect();
        table(&header, &rows, &[3, 4, 5, 6, 7, 8])
    }

    fn link(&self, line: &PeerLine) -> String {
        let peer = &line.status;
        let connected = peer.link != LinkState::Disconnected;
        let cut = self
            .status
            .cut
            .iter()
            .any(|cut| [peer.node, self.status.node].contains(cut));
        self.say(&match (connected, peer.since.map(shown)) {
            _ if !self.status.running => text!("未运行", "not running"),
            (true, Some(since)) => text!("已连接（自 {since}）", "connected (since {since})"),
            (true, None) => text!("已连接", "connected"),
            (false, _) if cut => text!("人为切断", "cut on purpose"),
            (false, Some(since)) => text!("已断开（自 {since}）", "down (since {since})"),
            (false, None) if line.last_equal.is_some() => text!("断开", "not connected"),
            (false, None) => text!("启动后尚未连上", "not connected since the start"),
        })
    }

    fn sync(&self, line: &PeerLine) -> String {
        let peer = &line.status;
        let behind = peer.missing;
        let ahead = to_send(line);
        let version = peer
            .charter
            .map_or_else(|| "?".to_owned(), |version| version.to_string());
        self.say(&match peer.link {
            LinkState::InSync => text!("一致", "in sync"),
            LinkState::TwoMachines => text!(
                "有两台电脑使用同一节点的密钥，不能判断是否一致",
                "two machines run with one node's key: nobody can say whether they are equal"
            ),
            LinkState::Disconnected | LinkState::Greeting => match line.last_equal.map(shown) {
                Some(equal) => text!(
                    "待发 {ahead} 项，上次一致：{equal}",
                    "{ahead} to send, last in sync at {equal}"
                ),
                None => text!(
                    "待发 {ahead} 项，还没有一致过",
                    "{ahead} to send, never in sync"
                ),
            },
            LinkState::Syncing => text!(
                "待收 {behind} 项，待发 {ahead} 项",
                "{behind} to receive, {ahead} to send"
            ),
            LinkState::PeerAdopting => text!(
                "对方章程为第 {version} 版，正在更新",
                "the neighbour has version {version} and is adopting ours"
            ),
            LinkState::Adopting => {
                text!(
                    "正在采用对方第 {version} 版章程",
                    "adopting the neighbour's charter, version {version}"
                )
            }
            LinkState::Narrowed => text!(
                "章程待签认：只向上级发送本节点的内容（待发 {ahead} 项）",
                "charter unconfirmed: only this node's own content goes up ({ahead} to send)"
            ),
            LinkState::Holding => text!(
                "章程长期无人签认：暂停发送（待发 {ahead} 项）。请联系镇或县技术员",
                "charter long unconfirmed: nothing is sent ({ahead} to send); ask the township or \
                 county"
            ),
            LinkState::CharterFork => {
                text!(
                    "有两份不同的同版章程：已停止收发，请立即联系审核人",
                    "two different charters of one number: nothing is exchanged; tell the reviewers now"
                )
            }
        })
    }

    /// Why neighbours are not connected.
    fn troubles(&self) -> String {
        let away = |peer: &&PeerLine| peer.status.link == LinkState::Disconnected;
        let rows: Vec<Vec<String>> = self
            .status
            .peers
            .iter()
            .filter(away)
            .filter_map(|peer| Some(vec![called(peer), self.say(peer.last_failure.as_ref()?)]))
            .collect();
        self.section(
            &text!("没有连上的原因", "why lines are down"),
            &[],
            &rows,
            &[],
        )
    }

    fn refused(&self) -> String {
        let of_peers = self.status.peers.iter();
        let of_peers = of_peers.map(|peer| (called(peer), &peer.status.refused));
        let elsewhere = self.say(&text!("名册以外的来源", "from outside the roster"));
        let rows: Vec<Vec<String>> = of_peers
            .chain([(elsewhere, &self.status.refused)])
            .filter(|(_, refused)| !refused.is_empty())
            .map(|(from, refused)| vec![from, self.say(&counted(refused))])
            .collect();
        let title = text!(
            "启动以来拒收的内容（查看：mesh-node quarantine）",
            "refused since the start (see mesh-node quarantine)"
        );
        self.section(&title, &[], &rows, &[])
    }

    fn withheld(&self) -> String {
        let nothing = self.say(&text!("章程未允许", "no rule allows it"));
        let rows: Vec<Vec<String>> = self
            .status
            .peers
            .iter()
            .flat_map(|peer| {
                peer.status
                    .withheld
                    .iter()
                    .map(move |withheld| (peer, withheld))
            })
            .map(|(peer, withheld)| {
                let rules = match withheld.rules.is_empty() {
                    true => nothing.clone(),
                    false => withheld.rules.join(self.between()),
                };
                vec![
                    called(peer),
                    withheld.facet.to_string(),
                    withheld.facets.to_string(),
                    rules,
                ]
            })
            .collect();
        let header = match self.language {
            Language::Zh => ["相邻节点", "分项", "项数", "规则"],
            Language::En => ["neighbour", "facet", "facets", "rule"],
        };
        let title = text!(
            "按规则不发送的内容（对方不知道有这些内容）",
            "not sent, by rule (the neighbour never learns of it)"
        );
        self.section(&title, &header, &rows, &[2])
    }

    /// What stands between the words of a list.
    fn between(&self) -> &'static str {
        match self.language {
            Language::Zh => "、",
            Language::En => ", ",
        }
    }

    fn section(
        &self,
        title: &Text,
        header: &[&str],
        rows: &[Vec<String>],
        numbers: &[usize],
    ) -> String {
        if rows.is_empty() {
            return String::new();
        }
        format!("{}\n{}", self.say(title), table(header, rows, numbers))
    }
}

/// How many facets wait for a neighbour.
fn to_send(peer: &PeerLine) -> String {
    let more = if peer.more_to_send { "+" } else { "" };
    format!("{}{more}", peer.status.to_send)
}

fn called(peer: &PeerLine) -> String {
    format!("{} {}", peer.name, peer.status.node)
        .trim_start()
        .to_owned()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crdt_model::checkpoint::ledger::Agreement;
    use crdt_model::engine::{Cosigned, LogStatus, PeerStatus, Rung, Withheld};
    use crdt_model::ids::{CharterVersion, Name, NodeId, RootHash};
    use crdt_model::time::WallTime;

    fn node(code: &str) -> NodeId {
        code.parse().expect("a node code")
    }

    fn peer(name: &str, code: &str, link: LinkState) -> PeerLine {
        PeerLine {
            name: name.to_owned(),
            last_failure: None,
            last_equal: Some(WallTime::from_ms(1_793_669_400_000)),
            more_to_send: false,
            status: PeerStatus {
                node: node(code),
                link,
                two_machines: None,
                emergency: false,
                since: Some(WallTime::from_ms(1_793_669_400_000)),
                charter: Some(CharterVersion(1)),
                have: 120,
                missing: 0,
                to_send: 0,
                refused: [].into(),
                withheld: Vec::new(),
                commits_received: 30,
                commits_sent: 40,
                commits_refused_by_peer: 0,
                bytes_received: 0,
                bytes_sent: 0,
            },
        }
    }

    /// A township with the county beside it, and a village that is away.
    pub(crate) fn a_township() -> NodeStatus {
        let mut county = peer("临泽县", "620723000000", LinkState::InSync);
        county.status.withheld = vec![
            Withheld {
                facet: Name::new("case.parties").expect("a name"),
                rules: vec!["parties-stay".to_owned()],
                facets: 7,
            },
            Withheld {
                facet: Name::new("grid.people").expect("a name"),
                rules: vec![],
                facets: 2,
            },
        ];
        let mut village = peer("花园村", "620723101201", LinkState::Disconnected);
        village.status.missing = 3;
        village.status.to_send = 5;
        village.status.refused = [("replayed".to_owned(), 4)].into();
        village.last_failure = Some(text!("连接被拒绝", "connection refused"));
        NodeStatus {
            node: node("620723101000"),
            name: "沙河镇".to_owned(),
            tier: "township".to_owned(),
            running: true,
            charter: CharterVersion(2),
            charter_until: WallTime::from_ms(1_793_669_400_000),
            charter_expired: false,
            warnings: Vec::new(),
            emergency: Default::default(),
            log: a_log(),
            left_out: None,
            facets: 1_234,
            facets_by_name: [(Name::new("case.summary").expect("a name"), 1_234)].into(),
            kept_home: [(Name::new("device.access").expect("a name"), 6)].into(),
            peers: vec![county, village],
            refused: [("not-in-roster".to_owned(), 2)].into(),
            cut: Vec::new(),
            app_bytes: 3 << 20,
            disk_bytes: 108 << 20,
            disk: Default::default(),
            resident_bytes: (31 << 20) + (1 << 19),
            up_ms: 3_723_000,
            age_ms: 0,
            latency_ms: vec![80, 20, 900],
        }
    }

    /// A log of two versions that two townships have signed.
    pub(crate) fn a_log() -> LogStatus {
        let cosigned = |code, at_ms| Cosigned {
            node: node(code),
            at: WallTime::from_ms(at_ms),
            size: 2,
            root: RootHash([7; 32]),
            agreement: Agreement::Same,
        };
        LogStatus {
            size: 2,
            root: Some(RootHash([7; 32])),
            rung: Rung::Fresh,
            needed: Some(2),
            confirmed: Some(WallTime::from_ms(1_793_669_400_000)),
            cosigned: vec![
                cosigned("620723101000", 1_793_669_400_000),
                cosigned("620723102000", 1_793_673_000_000),
            ],
            splits: Vec::new(),
            newer: None,
        }
    }

    fn line<'a>(text: &'a str, with: &str) -> &'a str {
        let found = text.lines().find(|line| line.contains(with));
        found.unwrap_or_else(|| panic!("no line with {with} in:\n{text}"))
    }

    #[test]
    fn every_neighbour_has_its_line_in_chinese() {
        let text = status_text(&a_township(), Language::Zh);
        assert!(
            text.starts_with("沙河镇 620723101000，镇级节点\n"),
            "{text}"
        );
        assert!(line(&text, "章程").contains("第 2 版，有效至 2026-11-03 09:30:00"));
        assert!(line(&text, "资源占用").contains("内存 31.5 MiB，磁盘 108.0 MiB"));
        assert!(line(&text, "传到本节点用时").contains("一般 80 毫秒，最长 900 毫秒"));
        assert!(line(&text, "其中不外发").contains("device.access 6"));
        let county = line(&text, "临泽县 620723000000  已连接");
        assert!(
            county.contains("自 2026-11-03 09:30:00") && county.contains("一致"),
            "{county}"
        );
        let village = line(&text, "花园村 620723101201  已断开");
        let waits = "待发 5 项，上次一致：2026-11-03 09:30:00";
        assert!(village.contains(waits), "{village}");
        assert!(text.contains("花园村 620723101201  连接被拒绝"), "{text}");
        assert!(text.contains("花园村 620723101201  重复收到 4"), "{text}");
        assert!(line(&text, "名册以外的来源").contains("不在名册中 2"));
        assert!(line(&text, "case.parties").ends_with("7  parties-stay"));
        assert!(line(&text, "grid.people").ends_with("章程未允许"));
    }

    #[test]
    fn after_a_mere_restart_nobody_was_never_connected() {
        let mut status = a_township();
        let village = status.peers.last_mut().expect("a village");
        village.status.since = None;
        village.more_to_send = true;
        let text = status_text(&status, Language::En);
        let village = line(&text, "620723101201  not connected");
        assert!(village.contains("5+ to send, last in sync at"), "{village}");
        status.peers.last_mut().expect("a village").last_equal = None;
        let text = status_text(&status, Language::En);
        let village = line(&text, "620723101201  not connected since the start");
        assert!(village.contains("never in sync"), "{village}");
    }

    #[test]
    fn every_neighbour_has_its_line_in_english() {
        let text = status_text(&a_township(), Language::En);
        assert!(line(&text, "charter").contains("version 2, valid until 2026-11-03 09:30:00"));
        assert!(line(&text, "620723000000  connected").contains("in sync"));
        let waits = "5 to send, last in sync at 2026-11-03 09:30:00";
        assert!(line(&text, "620723101201  down (since").contains(waits));
        assert!(text.contains("620723101201  connection refused"));
        assert!(line(&text, "from outside the roster").contains("not in the roster 2"));
        assert!(line(&text, "grid.people").ends_with("no rule allows it"));
    }

    #[test]
    fn an_expired_charter_and_a_node_that_does_not_run_say_so() {
        let status = NodeStatus {
            running: false,
            charter_expired: true,
            ..a_township()
        };
        let text = status_text(&status, Language::Zh);
        assert!(line(&text, "章程").contains("到期"));
        assert!(line(&text, "临泽县 620723000000").contains("未运行"));
        let cut = NodeStatus {
            cut: vec![node("620723101201")],
            ..a_township()
        };
        assert!(line(&status_text(&cut, Language::En), "花园村").contains("cut on purpose"));
    }
}
