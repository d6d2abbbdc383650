//! `quarantine`: the commits that were refused, and why.

use super::Ended;
use super::asking::{Context, unexpected};
use super::help::Words;
use super::output::Answer;
use super::reason_words::reason;
use super::table::table;
use crate::control::protocol::{RefusedCommit, Reply, Request};
use crate::text;
use crate::text::{Language, Text};
use crate::time::shown;

/// Digits of a commit's name that people are shown; programs get all of them.
const HASH_DIGITS: usize = 12;

pub(super) fn words() -> Words {
    Words::new(text!(
        "列出隔离区：被拒收的提交、来源和原因，最新的在最后。",
        "List the quarantine: refused commits, who sent them and why, newest last."
    ))
}

pub(super) fn run(context: &Context) -> Ended {
    let reply = context.ask(&Request::Quarantine)?;
    match &reply {
        Reply::Quarantine { refused } => {
            let text = quarantine_text(refused, context.output.language);
            Ok(Answer::of_reply(text, &reply))
        }
        _ => Err(unexpected(&reply)),
    }
}

fn quarantine_text(refused: &[RefusedCommit], language: Language) -> String {
    let say = |text: Text| text.in_language(language).to_owned();
    if refused.is_empty() {
        return say(text!("隔离区为空\n", "the quarantine is empty\n"));
    }
    let row = |entry: &RefusedCommit| {
        let from = entry.peer.map_or_else(
            || say(text!("本节点", "this node")),
            |node| node.to_string(),
        );
        let kept = match entry.kept {
            true => text!("已留存", "kept"),
            false => text!("仅计数", "counted only"),
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
        Language::Zh => ["时间", "来源", "提交", "原文", "原因"],
        Language::En => ["time", "from", "commit", "bytes", "reason"],
    };
    table(&header, &refused.iter().map(row).collect::<Vec<_>>(), &[])
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
        let zh = quarantine_text(std::slice::from_ref(&refused), Language::Zh);
        for part in [
            "2026-11-03 09:30:00",
            "620723101201",
            "070707070707",
            "无权",
            "case-authors",
        ] {
            assert!(zh.contains(part), "{part} in {zh}");
        }
        assert!(quarantine_text(&[], Language::En).contains("empty"));
    }
}
