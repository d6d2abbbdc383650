//! The reviewers that `charter.toml` lists, whose signatures count for the next version.

use std::collections::{BTreeMap, BTreeSet};

use crdt_model::ids::PublicKey;
use crdt_model::text;
use crdt_model::text::Text;

use crate::reading::document::{Document, Step};
use crate::reading::finding::Finding;
use crate::reading::head::Reviewer;
use crate::signing::sshsig::SshKey;

/// Characters of a reviewer's name.
const NAME_CHARACTERS_MAX: usize = 64;

/// Refuses reviewers who cannot be told apart, keys that cannot sign, and a threshold that does not
/// fit them.
pub(crate) fn check(
    document: &Document<'_>,
    reviewers: &[(usize, Reviewer)],
    threshold: usize,
    findings: &mut Vec<Finding>,
) {
    let mut keys: BTreeMap<PublicKey, &str> = BTreeMap::new();
    let mut names = BTreeSet::new();
    for (index, reviewer) in reviewers {
        check_name(document, *index, &reviewer.name, &mut names, findings);
        let path = [Step::Key("reviewer"), Step::Index(*index), Step::Key("key")];
        let mut refuse = |message: Text, hint: Text| {
            findings.push(
                Finding::error("charter::reviewer-key", document.file(), message)
                    .at(document.span(&path))
                    .hint(hint),
            );
        };
        let key = match SshKey::parse(&reviewer.key) {
            Ok(key) => key,
            Err(_) if reviewer.key.contains("PRIVATE KEY") => {
                refuse(
                    text!(
                        "审核人 `{}` 处写的是私钥，应写公钥",
                        "a private key stands where that of `{}` should",
                        reviewer.name
                    ),
                    text!(
                        "请立即删去并重新生成密钥：这把私钥已经泄露",
                        "take it out and make a new pair: this one is no secret any more"
                    ),
                );
                continue;
            }
            Err(problem) => {
                refuse(
                    text!(
                        problem;
                        "审核人 `{}` 的公钥不能用：{problem}",
                        "the key of `{}` cannot be used: {problem}",
                        reviewer.name
                    ),
                    text!(
                        "请复制 `ssh-keygen -t ed25519` 生成的 `.pub` 文件中的那一行",
                        "copy the one line of the `.pub` file that `ssh-keygen -t ed25519` wrote"
                    ),
                );
                continue;
            }
        };
        if let Some(other) = keys.insert(key.point(), &reviewer.name) {
            refuse(
                text!(
                    "`{other}` 与 `{}` 的公钥相同",
                    "`{other}` and `{}` have the same key",
                    reviewer.name
                ),
                text!(
                    "签名按密钥计数，每名审核人须有自己的密钥",
                    "signatures are counted by key, so each reviewer needs a key of their own"
                ),
            );
        }
    }
    check_threshold(document, reviewers.len(), keys.len(), threshold, findings);
}

fn check_threshold(
    document: &Document<'_>,
    listed: usize,
    keys: usize,
    threshold: usize,
    findings: &mut Vec<Finding>,
) {
    let enough = listed == 0 || threshold <= keys;
    if threshold == 0 || !enough {
        let message = text!(
            "须签名人数 {threshold} 与审核人 {} 名不符",
            "threshold {threshold} does not fit {} reviewers",
            keys
        );
        findings.push(
            Finding::error("charter::threshold", document.file(), message)
                .at(document.span(&[Step::Key("threshold")]))
                .hint(text!(
                    "至少 1 人，最多不超过审核人数",
                    "it is at least 1 and at most the number of reviewers"
                )),
        );
    }
}

/// A reviewer's name stands in what nodes and tools say about signatures: it must say who it is.
fn check_name<'a>(
    document: &Document<'_>,
    index: usize,
    name: &'a str,
    names: &mut BTreeSet<&'a str>,
    findings: &mut Vec<Finding>,
) {
    let length = name.chars().count();
    let named = (1..=NAME_CHARACTERS_MAX).contains(&length) && name.trim() == name;
    let problem = if !named {
        text!(
            "审核人 `{name}` 的姓名为空、过长，或前后有空格",
            "the name of reviewer `{name}` is empty, too long or padded"
        )
    } else if !names.insert(name) {
        text!(
            "有两名审核人都叫 `{name}`",
            "two reviewers are called `{name}`"
        )
    } else {
        return;
    };
    let path = [Step::Key("reviewer"), Step::Index(index), Step::Key("name")];
    findings.push(
        Finding::error("charter::reviewer-name", document.file(), problem)
            .at(document.span(&path))
            .hint(text!(
                "请为每名审核人写明姓名",
                "give each reviewer a name that says who they are"
            )),
    );
}
