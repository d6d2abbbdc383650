//! `quarantine`: the commits that were refused, and why.

use std::collections::BTreeMap;

use super::asking::Context;
use super::help::Words;
use super::output::Answer;
use super::output::Ended;
use super::reason_words::{counted, reason};
use super::table::table;
use crdt_model::text;
use crdt_model::text::{Language, Text};
use node_app::use_cases::quarantine::{Quarantine, QuarantineRequest, RefusedCommit};
use node_machine::time::shown;

/// Digits of a commit's name that people are shown; programs get all of them.
const HASH_DIGITS: usize = 12;

pub(super) fn words() -> Words {
    Words::new(text!(
        "查看隔离区：本节点拒收的改动、来自哪里、为什么拒收；最新的在最后。",
        "Show the quarantine: changes this node refused, from whom and why; newest last."
    ))
}

pub(super) fn run(context: &Context) -> Ended {
    let held = context.ask(QuarantineRequest {})?;
    let Quarantine { refused, counts } = &held;
    let text = quarantine_text(refused, counts, context.output.language);
    Ok(Answer::of::<QuarantineRequest>(text, &held))
}

fn quarantine_text(
    refused: &[RefusedCommit],
    counts: &BTreeMap<String, u64>,
    language: Language,
) -> String {
    let say = |text: Text| text.in_language(language).to_owned();
    let since = match counts.is_empty() {
        true => String::new(),
        false => {
            let Text { zh, en } = counted(counts);
            say(text!(
                "启动以来拒收（有的只计数，没有保存原文）：{zh}\n",
                "refused since the start (some of it leaves no commit and is only counted): {en}\n"
            ))
        }
    };
    if refused.is_empty() {
        return say(text!("隔离区为空\n", "the quarantine is empty\n")) + &since;
    }
    let row = |entry: &RefusedCommit| {
        let from = entry.peer.map_or_else(
            || say(text!("本节点", "this node")),
            |node| node.to_string(),
        );
        let kept = match entry.kept {
            true => text!("已保存原文", "kept"),
            false => text!("只计数，未保存原文", "counted, not kept"),
        };
        vec![
            shown(entry.wall),
            from,
            entry.commit.to_string().chars().take(HASH_DIGITS).collect(),
            say(kept),
            format!(
                "{} [{}] {}",
                say(reason(&entry.code)),
                entry.code,
                entry.reason
            ),
        ]
    };
    let header = match language {
        Language::Zh => ["时间", "来源", "改动", "原文", "原因"],
        Language::En => ["time", "from", "change", "bytes", "reason"],
    };
    let rows: Vec<_> = refused.iter().map(row).collect();
    table(&header, &rows, &[]) + &since
}

#[cfg(test)]
mod tests {
    use super::*;
    use crdt_model::ids::CommitHash;
    use crdt_model::time::WallTime;

    #[test]
    fn a_refused_commit_shows_its_sender_and_reason() {
        let refused = RefusedCommit {
            peer: "620723101201".parse().ok(),
            commit: CommitHash([7; 32]),
            wall: WallTime::from_ms(1_793_669_400_000),
            code: "may-not-author".to_owned(),
            reason: "rule case-authors".to_owned(),
            kept: true,
        };
        let zh = quarantine_text(
            std::slice::from_ref(&refused),
            &BTreeMap::new(),
            Language::Zh,
        );
        for part in [
            "2026-11-03 09:30:00",
            "620723101201",
            "070707070707",
            "无权",
            "case-authors",
        ] {
            assert!(zh.contains(part), "{part} in {zh}");
        }
        assert!(quarantine_text(&[], &BTreeMap::new(), Language::En).contains("empty"));
    }

    #[test]
    fn what_was_refused_and_left_no_commit_is_counted() {
        let counts = [("forbidden-item".to_owned(), 2)].into();
        let shown = quarantine_text(&[], &counts, Language::En);
        assert!(shown.contains("empty") && shown.contains(" 2\n"), "{shown}");
    }
}
