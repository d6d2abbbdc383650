//! The reviewers that `charter.toml` lists, whose signatures count for the next version.

use std::collections::{BTreeMap, BTreeSet};

use crdt_model::ids::PublicKey;

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
        let mut refuse = |message: String, hint: &str| {
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
                    format!(
                        "a private key stands where that of `{}` should",
                        reviewer.name
                    ),
                    "take it out and make a new pair: this one is no secret any more",
                );
                continue;
            }
            Err(problem) => {
                refuse(
                    format!("the key of `{}` cannot be used: {problem}", reviewer.name),
                    "copy the one line of the `.pub` file that `ssh-keygen -t ed25519` wrote",
                );
                continue;
            }
        };
        if let Some(other) = keys.insert(key.point(), &reviewer.name) {
            refuse(
                format!("`{other}` and `{}` have the same key", reviewer.name),
                "signatures are counted by key, so each reviewer needs a key of their own",
            );
        }
    }
    let enough = reviewers.is_empty() || threshold <= keys.len();
    if threshold == 0 || !enough {
        let message = format!(
            "threshold {threshold} does not fit {} reviewers",
            keys.len()
        );
        findings.push(
            Finding::error("charter::threshold", document.file(), message)
                .at(document.span(&[Step::Key("threshold")]))
                .hint("it is at least 1 and at most the number of reviewers"),
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
        format!("the name of reviewer `{name}` is empty, too long or padded")
    } else if !names.insert(name) {
        format!("two reviewers are called `{name}`")
    } else {
        return;
    };
    let path = [Step::Key("reviewer"), Step::Index(index), Step::Key("name")];
    findings.push(
        Finding::error("charter::reviewer-name", document.file(), problem)
            .at(document.span(&path))
            .hint("give each reviewer a name that says who they are"),
    );
}
