//! Nodes that take no part: nothing of others reaches them, and nothing of theirs reaches others.

use crdt_model::charter::{Audience, Charter, Member, Standing, Tier};
use crdt_model::text;

use super::place;
use crate::deciding::question::{Question, State};
use crate::reading::files::CharterFiles;
use crate::reading::finding::Finding;
use crate::reading::roster;
use crate::review::enumeration::Enumeration;

pub(super) fn lint(all: &Enumeration<'_>, files: &CharterFiles) -> Vec<Finding> {
    let (mut receive, mut send) = (Audience::default(), Audience::default());
    for row in all
        .rows()
        .iter()
        .filter(|row| row.question == Question::Flow)
    {
        if row.example.node != row.example.label.home && all.allowed(row, State::Normal) {
            receive.extend(&row.nodes);
            send.extend(&row.homes);
        }
    }
    let mut findings = Vec::new();
    for (index, member) in all.charter().roster().members().iter().enumerate() {
        let takes_part = receive.contains(index) || send.contains(index);
        if member.standing == Standing::Revoked {
            findings.extend(cut_off(all, member, files));
        }
        if takes_part || member.standing == Standing::Revoked {
            continue;
        }
        let message = text!(
            "没有规则让{1}（{0}）与其他节点收发任何内容",
            "no rule lets anything flow to or from {} {}",
            member.node,
            member.name
        );
        findings.push(
            Finding::warning("nodes::out-of-reach", roster::FILE, message)
                .at(place(files, roster::FILE, &format!("\"{}\"", member.node)))
                .hint(text!(
                    "不共享任何内容的节点不必列入名册",
                    "a node that shares nothing needs no place in the roster"
                )),
        );
    }
    findings
}

/// A township that is revoked takes its villages' way to the county with it.
fn cut_off(all: &Enumeration<'_>, revoked: &Member, files: &CharterFiles) -> Option<Finding> {
    let members = all.charter().roster().members().iter();
    let below = members.filter(|member| {
        member.parent == Some(revoked.node) && member.standing == Standing::Active
    });
    let count = below.count();
    let message = text!(
        "{1}（{0}）已撤销，而有 {count} 个村（社区）经它收发",
        "{} {} is revoked, and {count} villages send through it",
        revoked.node,
        revoked.name
    );
    (count > 0 && revoked.tier == Tier::Township).then(|| {
        Finding::note("nodes::cut-off", roster::FILE, message)
            .at(place(files, roster::FILE, &format!("\"{}\"", revoked.node)))
            .hint(text!(
                "这些村（社区）填写的内容会一直等在本地，直到该乡镇有新密钥",
                "what they write waits with them until it has a key again"
            ))
    })
}
