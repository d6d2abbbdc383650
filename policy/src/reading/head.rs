//! `charter.toml`: which county, which version, from when until when, the words that labels and
//! seats are made of, and whose signatures count.

use std::collections::BTreeMap;

use crdt_model::charter::{Freshness, Validity};
use crdt_model::ids::{CharterVersion, Name, NodeId};
use crdt_model::kind::{Title, Word};
use crdt_model::limits::CHARTER_VERSIONS_MAX;
use crdt_model::text;
use crdt_model::time::WallTime;
use serde::Deserialize;

use crate::reading::document::{Document, Step};
use crate::reading::files::CharterFiles;
use crate::reading::finding::Finding;
use crate::reading::reviewers;
use crate::reading::terms::{self, EmergencyTerms, RawFreshness, Recovery};

/// The path of the file in the charter folder.
pub const FILE: &str = "charter.toml";

/// Words of one list. Every class of questions is asked for every one of them.
const WORDS_MAX: usize = 16;

/// A person whose signature counts for the next version.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reviewer {
    /// What people call them.
    pub name: String,
    /// Their public key, as one line of OpenSSH: `ssh-ed25519 AAAA… comment`.
    pub key: String,
}

/// What `charter.toml` says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Head {
    /// The county node.
    pub county: NodeId,
    /// What people call this charter.
    pub title: Title,
    /// 1, 2, 3 …
    pub version: CharterVersion,
    /// The oldest version whose commits are still judged by that version.
    pub accept_since: CharterVersion,
    /// From when until when it holds.
    pub validity: Validity,
    /// How many reviewers must sign the next version.
    pub threshold: usize,
    /// How old the townships' signatures on the log of charters may be; none where that does not
    /// matter.
    pub freshness: Option<Freshness>,
    /// From the widest audience to the narrowest; two concurrent ones join to the later.
    pub sensitivities: Vec<Word>,
    /// From the lowest tier to the highest; two concurrent ones join to the later.
    pub levels: Vec<Word>,
    /// What persons at a node are there for.
    pub roles: Vec<Word>,
    /// Whose signatures count; empty in a template.
    pub reviewers: Vec<Reviewer>,
    /// Who may replace them when too many keys are lost.
    pub recovery: Option<Recovery>,
    /// On what terms an emergency can be declared.
    pub emergency: Option<EmergencyTerms>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    county: NodeId,
    title: Title,
    version: u64,
    accept_since: u64,
    valid_from: String,
    valid_until: String,
    threshold: usize,
    recovery: Option<Recovery>,
    emergency: Option<EmergencyTerms>,
    freshness: Option<RawFreshness>,
}

const LISTS: [&str; 4] = ["sensitivity", "level", "role", "reviewer"];

/// Reads and checks `charter.toml`.
pub(crate) fn read(files: &CharterFiles, findings: &mut Vec<Finding>) -> Option<Head> {
    let document = Document::parse(files, FILE, findings)?;
    let sensitivities = read_words(&document, "sensitivity", findings);
    let levels = read_words(&document, "level", findings);
    let roles = read_words(&document, "role", findings);
    let reviewers = document.read_array::<Reviewer>("reviewer", findings);
    let raw: Raw = document.read_without(&LISTS, findings)?;
    check_county(&document, raw.county, findings);
    check_title(&document, &raw.title, &[Step::Key("title")], findings);
    check_versions(&document, &raw, findings);
    let validity = read_validity(&document, &raw, findings)?;
    reviewers::check(&document, &reviewers, raw.threshold, findings);
    terms::check_recovery(&document, raw.recovery.as_ref(), &reviewers, findings);
    terms::check_emergency(&document, raw.emergency, raw.threshold, findings);
    Some(Head {
        county: raw.county,
        title: raw.title,
        version: CharterVersion(raw.version),
        accept_since: CharterVersion(raw.accept_since),
        validity,
        threshold: raw.threshold,
        freshness: raw.freshness.map(|raw| raw.read(&document, findings)),
        sensitivities,
        levels,
        roles,
        reviewers: reviewers
            .into_iter()
            .map(|(_, reviewer)| reviewer)
            .collect(),
        recovery: raw.recovery,
        emergency: raw.emergency,
    })
}

fn read_words(document: &Document<'_>, list: &str, findings: &mut Vec<Finding>) -> Vec<Word> {
    let words = document.read_array::<Word>(list, findings);
    if words.is_empty() {
        let message = text!("没有定义 `{list}`", "no `{list}` is declared");
        findings.push(
            Finding::error("charter::empty-list", document.file(), message).hint(text!(
                "请在 `[[{list}]]` 下至少定义一个",
                "declare at least one under `[[{list}]]`"
            )),
        );
    }
    if words.len() > WORDS_MAX {
        let message = text!(
            "`{list}` 有 {0} 个，最多 {WORDS_MAX} 个",
            "{} of `{list}`, where at most {WORDS_MAX} are allowed",
            words.len()
        );
        findings.push(
            Finding::error("charter::too-many", document.file(), message)
                .at(document.span(&[Step::Key(list), Step::Index(WORDS_MAX)])),
        );
    }
    let mut seen = BTreeMap::new();
    for (index, word) in &words {
        let path = [Step::Key(list), Step::Index(*index), Step::Key("id")];
        if seen.insert(word.id, *index).is_some() {
            let message = text!(
                "`{list}` 中的 `{}` 重复定义",
                "`{list}` {} is declared twice",
                word.id
            );
            findings.push(
                Finding::error("charter::twice", document.file(), message).at(document.span(&path)),
            );
        }
        if word.forbidden.is_some() {
            let path = [path[0], path[1], Step::Key("forbidden")];
            let message = text!(
                "`{list}` 中的 `{}` 不能设为禁止",
                "`{}` of `{list}` cannot be forbidden",
                word.id
            );
            findings.push(
                Finding::error("charter::forbidden-word", document.file(), message)
                    .at(document.span(&path))
                    .hint(text!(
                        "请从列表中删去；只有记录中填写的选项才能禁止",
                        "leave it out of the list; only words that a record holds can be forbidden"
                    )),
            );
        }
        let title = word.title();
        check_title(document, &title, &path, findings);
    }
    words.into_iter().map(|(_, word)| word).collect()
}

fn check_county(document: &Document<'_>, county: NodeId, findings: &mut Vec<Finding>) {
    if county != county.county() {
        findings.push(
            Finding::error(
                "charter::county",
                document.file(),
                text!("`{county}` 不是县的代码", "`{county}` is not a county"),
            )
            .at(document.span(&[Step::Key("county")]))
            .hint(text!(
                "县的代码是 `{}`",
                "the county's code is `{}`",
                county.county()
            )),
        );
    }
}

/// Refuses a title with an empty half: everything is shown in both languages.
pub(crate) fn check_title(
    document: &Document<'_>,
    title: &Title,
    path: &[Step<'_>],
    findings: &mut Vec<Finding>,
) {
    for (language, text) in [("zh", &title.zh), ("en", &title.en)] {
        if text.trim().is_empty() || text.chars().any(char::is_control) {
            let message = text!(
                "`{language}` 文字为空，或含有控制字符",
                "the `{language}` text is empty or has control characters"
            );
            findings.push(
                Finding::error("charter::title", document.file(), message)
                    .at(document.span(path))
                    .hint(text!(
                        "请同时给出中文（`zh`）和英文（`en`）",
                        "give it in Chinese (`zh`) and in English (`en`)"
                    )),
            );
        }
    }
}

fn check_versions(document: &Document<'_>, raw: &Raw, findings: &mut Vec<Finding>) {
    if raw.version == 0 || raw.version > CHARTER_VERSIONS_MAX as u64 {
        let message = text!(
            "版本号须在 1 至 {CHARTER_VERSIONS_MAX} 之间",
            "versions count from 1 to {CHARTER_VERSIONS_MAX}"
        );
        findings.push(
            Finding::error("charter::version", document.file(), message)
                .at(document.span(&[Step::Key("version")]))
                .hint(text!(
                    "它比上一版的版本号大 1",
                    "it is one more than that of the version before"
                )),
        );
    }
    if raw.accept_since == 0 || raw.accept_since > raw.version {
        let message = text!(
            "`accept_since` 须在 1 与 `version`（{}）之间",
            "`accept_since` is not between 1 and `version`, which is {}",
            raw.version
        );
        findings.push(
            Finding::error("charter::accept-since", document.file(), message)
                .at(document.span(&[Step::Key("accept_since")])),
        );
    }
}

fn read_validity(
    document: &Document<'_>,
    raw: &Raw,
    findings: &mut Vec<Finding>,
) -> Option<Validity> {
    let mut read = |key, text: &str| {
        let at = text.parse::<jiff::Timestamp>().ok();
        let at = at.and_then(|at| u64::try_from(at.as_millisecond()).ok());
        if at.is_none() {
            findings.push(
                Finding::error(
                    "charter::time",
                    document.file(),
                    text!("`{text}` 不是时间", "`{text}` is not a time"),
                )
                .at(document.span(&[Step::Key(key)]))
                .hint(text!(
                    "请写作 `2026-12-01T00:00:00+08:00`（RFC 3339）",
                    "write it as in `2026-12-01T00:00:00+08:00` (RFC 3339)"
                )),
            );
        }
        at.map(WallTime::from_ms)
    };
    let from = read("valid_from", &raw.valid_from);
    let until = read("valid_until", &raw.valid_until);
    let (from, until) = (from?, until?);
    if from >= until {
        findings.push(
            Finding::error(
                "charter::validity",
                document.file(),
                text!("结束时间早于开始时间", "it ends before it begins"),
            )
            .at(document.span(&[Step::Key("valid_until")])),
        );
    }
    Some(Validity { from, until })
}

/// Position of a word in its list, which is its rank in the lattice.
pub(crate) fn rank(words: &[Word], id: Name) -> Option<usize> {
    words.iter().position(|word| word.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
county = "620723000000"
title = { zh = "章程", en = "Charter" }
version = 2
accept_since = 1
valid_from = "2026-01-01T00:00:00+08:00"
valid_until = "2027-01-01T00:00:00+08:00"
threshold = 2
[[sensitivity]]
id = "normal"
zh = "一般"
en = "normal"
[[level]]
id = "village"
zh = "村级"
en = "village"
[[role]]
id = "clerk"
zh = "专干"
en = "clerk"
"#;

    fn read_text(text: &str) -> (Option<Head>, Vec<Finding>) {
        let mut files = CharterFiles::default();
        files.files.insert(FILE.into(), text.into());
        let mut findings = Vec::new();
        let head = read(&files, &mut findings);
        (head, findings)
    }

    #[test]
    fn a_template_without_reviewers_is_read() {
        let (head, findings) = read_text(GOOD);
        assert_eq!(findings, []);
        let head = head.expect("it is good");
        assert_eq!(head.version, CharterVersion(2));
        assert!(!head.validity.expired(WallTime::from_ms(1_770_000_000_000)));
    }

    #[test]
    fn hours_of_freshness_are_read() {
        let section = "[freshness]\ncosigners=4\nfresh_hours=168\nnarrow_hours=720\n";
        let (head, findings) = read_text(&format!("{GOOD}{section}"));
        assert_eq!(findings, []);
        let freshness = head.and_then(|head| head.freshness).expect("there");
        let week_ms = 7 * 24 * 3_600_000;
        assert_eq!((freshness.cosigners, freshness.fresh_ms), (4, week_ms));
        assert_eq!(freshness.narrow_ms, 30 * 24 * 3_600_000);
    }

    #[test]
    fn each_mistake_is_found_at_its_line() {
        for (from, to, code) in [
            ("620723000000", "620723101000", "charter::county"),
            ("version = 2", "version = 0", "charter::version"),
            (
                "accept_since = 1",
                "accept_since = 3",
                "charter::accept-since",
            ),
            ("2026-01-01T00:00:00+08:00", "2026-01-01", "charter::time"),
            ("2027-01-01", "2025-01-01", "charter::validity"),
            ("threshold = 2", "threshold = 0", "charter::threshold"),
            (
                "[[role]]",
                "[freshness]\ncosigners=0\nfresh_hours=1\nnarrow_hours=2\n[[role]]",
                "charter::freshness",
            ),
            (
                "[[role]]",
                "[freshness]\ncosigners=4\nfresh_hours=2\nnarrow_hours=2\n[[role]]",
                "charter::freshness",
            ),
            (
                "[[role]]",
                "[freshness]\ncosigners=4\nfresh_hours=1\nnarrow_hours=2\nhold=3\n[[role]]",
                "toml::content",
            ),
            (
                "[[role]]",
                "[freshness]\ncosigners=4\n[[role]]",
                "toml::content",
            ),
            ("zh = \"一般\"", "zh = \" \"", "charter::title"),
            (
                "threshold = 2",
                "threshold = 2\nquorum = 3",
                "toml::content",
            ),
            ("[[role]]", "[[rolle]]", "toml::content"),
            (
                "[[role]]",
                "[[role]]\nid='x'\nzh='x'\nen='x'\n[[role]]\nid='x'\nzh='x'\nen='x'\n[[role]]",
                "charter::twice",
            ),
            (
                "threshold = 2",
                "threshold = 2\n[[reviewer]]\nname='a'\nkey='ssh-rsa AAAA'",
                "charter::reviewer-key",
            ),
        ] {
            let (_, findings) = read_text(&GOOD.replacen(from, to, 1));
            assert!(
                findings.iter().any(|finding| finding.code == code),
                "{to}: {findings:#?}"
            );
        }
    }

    #[test]
    fn one_key_under_two_names_is_not_two_reviewers() {
        let key =
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMDoOK+pwCTpWjvEHMeJ/WJbjkMSTUMGTYL9PjTPlmlI";
        let reviewers = format!(
            "[[reviewer]]\nname='a'\nkey='{key} a'\n[[reviewer]]\nname='b'\nkey='{key} b'\n"
        );
        let (_, findings) = read_text(&format!("{GOOD}{reviewers}"));
        let codes: Vec<_> = findings.iter().map(|finding| finding.code).collect();
        assert_eq!(
            codes,
            ["charter::reviewer-key", "charter::threshold"],
            "{findings:#?}"
        );
    }
}
