//! The part of a status that is about the log of charters: who has signed it, and what is wrong.

use crdt_model::checkpoint::ledger::Agreement;
use crdt_model::engine::{Cosigned, Rung};

use super::Page;
use crate::table::table;
use crdt_model::text;
use crdt_model::text::Text;
use node_machine::time::shown;

/// Digits of a root that people are shown.
const ROOT_DIGITS: usize = 12;

impl Page<'_> {
    /// How many townships have signed this node's log, and what that lets it send.
    pub(super) fn log(&self) -> Text {
        let log = &self.status.log;
        let same = |one: &&Cosigned| one.agreement == Agreement::Same;
        let signed = log.cosigned.iter().filter(same).count();
        let Some(needed) = log.needed else {
            return text!("{signed} 个乡镇签认", "signed by {signed} townships");
        };
        let when = log.confirmed.map(shown);
        let Text { zh, en } = match (log.rung, when) {
            (Rung::Fresh, Some(when)) => text!("最近签认 {when}", "last confirmed {when}"),
            (Rung::Fresh, None) => text!("尚未签认", "not confirmed yet"),
            (Rung::Narrowed, when) => {
                let since = since(when);
                let (zh, en) = (since.zh, since.en);
                text!(
                    "{zh}。现在只向上级发送本节点自己的内容",
                    "{en}; now only its own content goes up"
                )
            }
            (Rung::Holding, when) => {
                let since = since(when);
                let (zh, en) = (since.zh, since.en);
                text!(
                    "{zh}。现在暂停发送：内容照常保存，重新签认后自动补发",
                    "{en}; nothing is sent now: it is saved, and sent once the charter is \
                     confirmed again"
                )
            }
        };
        text!(
            "{signed} 个乡镇签认，需要 {needed} 个；{zh}",
            "signed by {signed} townships, {needed} needed; {en}"
        )
    }

    /// Two histories of the charter, and a charter that does not arrive.
    pub(super) fn log_alarms(&self) -> String {
        let log = &self.status.log;
        let mut rows = Vec::new();
        for split in &log.splits {
            let own = self.say(&text!("本节点章程", "this node's own"));
            let other = split.other.as_ref();
            rows.push(vec![
                self.say(&text!("有两份不同的同版章程", "two charters of one number")),
                split.one.size.to_string(),
                signature(&split.one),
                other.map_or(own, signature),
            ]);
        }
        if let Some(newer) = log.newer.as_ref().filter(|newer| newer.frozen) {
            let seen = shown(newer.seen);
            rows.push(vec![
                self.say(&text!("新版章程尚未收到", "new charter not received")),
                newer.size.to_string(),
                newer.cosigner.to_string(),
                self.say(&text!("本节点获知于 {seen}", "heard of here at {seen}")),
            ]);
        }
        if rows.is_empty() {
            return String::new();
        }
        let title = self.say(&text!(
            "警报：发现两份不同的章程。请不要改动本机，立即联系审核人（证据：mesh-node checkpoint）",
            "ALARM: two different charters. Change nothing here and tell the reviewers now \
             (evidence: mesh-node checkpoint)"
        ));
        format!("{title}\n{}", table(&[], &rows, &[]))
    }
}

fn since(when: Option<String>) -> Text {
    match when {
        Some(when) => text!("自 {when} 起没有签认", "not confirmed since {when}"),
        None => text!("从来没有签认", "never confirmed"),
    }
}

/// Who signed which root, and when.
fn signature(one: &Cosigned) -> String {
    let root: String = one.root.to_string().chars().take(ROOT_DIGITS).collect();
    format!("{} {root} {}", one.node, shown(one.at))
}

#[cfg(test)]
mod tests {
    use crdt_model::engine::{LogStatus, Newer, SplitView};
    use crdt_model::ids::RootHash;
    use crdt_model::time::WallTime;

    use super::super::status_text;
    use super::super::tests::{a_log, a_township};
    use super::*;
    use crdt_model::text::Language;
    use node_app::use_cases::status::NodeStatus;

    fn with(log: LogStatus, language: Language) -> String {
        let status = NodeStatus {
            log,
            ..a_township()
        };
        status_text(&status, language)
    }

    #[test]
    fn the_status_says_who_has_signed_and_what_that_lets_the_node_send() {
        let text = with(a_log(), Language::En);
        let expected = "signed by 2 townships, 2 needed; last confirmed 2026-11-03 09:30:00";
        assert!(text.contains(expected), "{text}");
        assert!(!text.contains("ALARM"), "{text}");
        let rung = |rung| LogStatus { rung, ..a_log() };
        assert!(with(rung(Rung::Narrowed), Language::Zh).contains("只向上级发送"));
        assert!(with(rung(Rung::Holding), Language::En).contains("nothing is sent now"));
        let free = LogStatus {
            needed: None,
            ..a_log()
        };
        assert!(with(free, Language::En).contains("signed by 2 townships\n"));
    }

    #[test]
    fn two_charters_and_a_withheld_one_are_alarms() {
        let mut log = a_log();
        let mut one = log.cosigned[0].clone();
        one.root = RootHash([8; 32]);
        log.splits = vec![SplitView { one, other: None }];
        log.newer = Some(Newer {
            cosigner: log.cosigned[1].node,
            size: 3,
            seen: WallTime::from_ms(1_793_669_400_000),
            frozen: true,
        });
        let text = with(log.clone(), Language::En);
        assert!(text.contains("ALARM"), "{text}");
        assert!(
            text.contains("620723101000 080808080808 2026-11-03 09:30:00"),
            "{text}"
        );
        assert!(text.contains("this node's own"), "{text}");
        assert!(
            text.contains("new charter not received    3  620723102000"),
            "{text}"
        );
        let heard = "heard of here at 2026-11-03 09:30:00";
        assert!(text.contains(heard), "{text}");
        assert!(with(log, Language::Zh).contains("新版章程尚未收到"));
    }
}
