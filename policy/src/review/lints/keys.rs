//! Keys that prove nothing, or that stand in two places.

use std::collections::BTreeMap;

use crdt_model::charter::{Charter, Member, Standing};
use crdt_model::ids::PublicKey;
use crdt_model::text;
use ed25519_dalek::VerifyingKey;

use super::place;
use crate::deciding::charter::CedarCharter;
use crate::reading::files::CharterFiles;
use crate::reading::finding::Finding;
use crate::reading::head;
use crate::reading::roster;
use crate::signing::sshsig::SshKey;

pub(super) fn lint(charter: &CedarCharter, files: &CharterFiles) -> Vec<Finding> {
    let mut findings = Vec::new();
    let members = charter.roster().members().iter();
    let mut nodes: BTreeMap<PublicKey, String> = BTreeMap::new();
    let keyed = |member: &&Member| charter.has_keys() && member.standing != Standing::Expected;
    for member in members.filter(keyed) {
        let at = || place(files, roster::FILE, &member.key.to_string());
        if is_weak(&member.key) {
            let message = text!(
                "节点 {} 的密钥强度不足，或不是密钥",
                "the key of node {} is weak, or no key at all",
                member.node
            );
            findings.push(
                Finding::warning("keys::weak", roster::FILE, message)
                    .at(at())
                    .hint(text!(
                        "它什么也证明不了；请用 `mesh-node init` 重新生成",
                        "it proves nothing; `mesh-node init` makes a good one"
                    )),
            );
        }
        nodes.insert(member.key, member.node.to_string());
    }
    for reviewer in charter.reviewers() {
        let Ok(key) = SshKey::parse(&reviewer.key) else {
            continue;
        };
        let at = || place(files, head::FILE, &reviewer.key);
        if is_weak(&key.point()) {
            let message = text!(
                "审核人 `{}` 的密钥强度不足",
                "the key of reviewer `{}` is weak",
                reviewer.name
            );
            findings.push(
                Finding::warning("keys::weak", head::FILE, message)
                    .at(at())
                    .hint(text!(
                        "任何人都能用它签名；请用 `mesh-policy keys` 重新生成",
                        "anybody can sign with it; `mesh-policy keys` makes a good one"
                    )),
            );
        }
        if let Some(node) = nodes.get(&key.point()) {
            let message = text!(
                "审核人 `{}` 使用的是节点 {node} 的密钥",
                "reviewer `{}` signs with the key of node {node}",
                reviewer.name
            );
            findings.push(
                Finding::warning("keys::used-twice", head::FILE, message)
                    .at(at())
                    .hint(text!(
                        "谁侵入那台电脑，谁就能签章程",
                        "whoever breaks into that machine could sign charters"
                    )),
            );
        }
    }
    findings.extend(no_reviewers(charter));
    findings.extend(one_signer(charter).map(|finding| finding.at(threshold(files))));
    findings.extend(few_spares(charter).map(|finding| finding.at(threshold(files))));
    findings
}

fn threshold(files: &CharterFiles) -> Option<std::ops::Range<usize>> {
    place(files, head::FILE, "\nthreshold").map(|span| span.start + 1..span.end)
}

/// A template has neither keys nor reviewers; where the keys are there, the reviewers were forgotten.
fn no_reviewers(charter: &CedarCharter) -> Option<Finding> {
    let forgotten = charter.has_keys() && charter.reviewers().is_empty();
    forgotten.then(|| {
        Finding::note(
            "keys::no-reviewers",
            head::FILE,
            text!("没有列出审核人", "no reviewer is listed"),
        )
        .hint(text!(
            "请用 `mesh-policy reviewer add` 列出；没有审核人，章程不能签署",
            "`mesh-policy reviewer add` lists one; without, the charter cannot be signed"
        ))
    })
}

/// One signature is one stolen key, or one person's mind.
fn one_signer(charter: &CedarCharter) -> Option<Finding> {
    let message = text!(
        "一名审核人就能单独签发下一版",
        "one reviewer alone can sign the next version"
    );
    let hint = text!(
        "请至少要求两人签名：否则偷走一把密钥就能改全部规则",
        "let at least two sign: whoever steals one key decides everything"
    );
    (charter.threshold() == 1 && !charter.reviewers().is_empty())
        .then(|| Finding::warning("keys::one-signer", head::FILE, message).hint(hint))
}

/// With n reviewers of whom m must sign, n ≥ m + 2 leaves room for a lost key and one on leave.
fn few_spares(charter: &CedarCharter) -> Option<Finding> {
    let (listed, needed) = (charter.reviewers().len(), charter.threshold());
    let message = text!(
        "审核人 {listed} 名、须 {needed} 人签名，没有余量",
        "{listed} reviewers of whom {needed} must sign leave no spare"
    );
    let hint = text!(
        "审核人至少比须签名人数多两名，并封存一把离线备用密钥",
        "list at least two more than must sign, and keep a spare key sealed and offline"
    );
    (listed > 0 && listed < needed + 2)
        .then(|| Finding::note("keys::few-spares", head::FILE, message).hint(hint))
}

fn is_weak(key: &PublicKey) -> bool {
    VerifyingKey::from_bytes(&key.0).map_or(true, |key| key.is_weak())
}
