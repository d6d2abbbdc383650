//! What `charter.toml` agrees for bad days: who may replace reviewers whose keys are lost
//! (`[recovery]`), on what terms an emergency can be declared (`[emergency]`), and how long a node
//! goes on without a fresh word on the log of charters (`[freshness]`).

use std::collections::BTreeMap;

use crdt_model::charter::Freshness;
use crdt_model::ids::PublicKey;
use crdt_model::text;
use crdt_model::text::Text;
use serde::Deserialize;

use crate::reading::document::{Document, Step};
use crate::reading::finding::Finding;
use crate::reading::head::{FILE, Head, Reviewer};
use crate::reading::rules::Rules;
use crate::signing::sshsig::SshKey;

/// Who may put other reviewers in place when too many keys are lost. Their keys are kept sealed, and
/// can change nothing else: see [`crate::signing::recovery`].
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recovery {
    /// How many of them must sign.
    pub threshold: usize,
    /// They and their keys.
    pub holder: Vec<Reviewer>,
}

/// On what terms an emergency can be declared: see [`crate::signing::emergency`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmergencyTerms {
    /// How many reviewers must sign.
    pub threshold: usize,
    /// How long one declaration may hold, in hours.
    pub hours_max: u32,
}

/// The longest that one declaration of an emergency may hold.
pub const EMERGENCY_HOURS_MAX: u32 = 72;

/// How old the townships' signatures on the log of charters may be, as written.
#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawFreshness {
    cosigners: usize,
    fresh_hours: u32,
    narrow_hours: u32,
}

const HOUR_MS: u64 = 3_600_000;

impl RawFreshness {
    /// Checks it, in the units of the engine.
    pub(crate) fn read(self, document: &Document<'_>, findings: &mut Vec<Finding>) -> Freshness {
        let raw = self;
        let mut refuse = |key, message: Text| {
            let path = [Step::Key("freshness"), Step::Key(key)];
            findings.push(
                Finding::error("charter::freshness", document.file(), message)
                    .at(document.span(&path)),
            );
        };
        if raw.cosigners == 0 {
            refuse(
                "cosigners",
                text!(
                    "至少须有一个乡镇签认章程",
                    "at least one township must confirm the charter"
                ),
            );
        }
        if raw.fresh_hours == 0 || raw.fresh_hours >= raw.narrow_hours {
            refuse(
                "narrow_hours",
                text!(
                    "`fresh_hours` 至少为 1，`narrow_hours` 须大于它",
                    "`fresh_hours` is at least 1, and `narrow_hours` is more than that"
                ),
            );
        }
        Freshness {
            cosigners: raw.cosigners,
            fresh_ms: u64::from(raw.fresh_hours) * HOUR_MS,
            narrow_ms: u64::from(raw.narrow_hours) * HOUR_MS,
        }
    }
}

/// Keys for recovery are nobody's everyday keys: whoever loses the one must not lose the other.
pub(crate) fn check_recovery(
    document: &Document<'_>,
    recovery: Option<&Recovery>,
    reviewers: &[(usize, Reviewer)],
    findings: &mut Vec<Finding>,
) {
    let Some(recovery) = recovery else { return };
    let mut refuse = |message: Text, hint: Text| {
        findings.push(
            Finding::error("charter::recovery", document.file(), message)
                .at(document.span(&[Step::Key("recovery")]))
                .hint(hint),
        );
    };
    let mut keys: BTreeMap<PublicKey, &str> = BTreeMap::new();
    let everyday = reviewers.iter().filter_map(|(_, reviewer)| {
        let key = SshKey::parse(&reviewer.key).ok()?;
        Some((key.point(), reviewer.name.as_str()))
    });
    keys.extend(everyday);
    for holder in &recovery.holder {
        match SshKey::parse(&holder.key) {
            Ok(key) => {
                if let Some(other) = keys.insert(key.point(), &holder.name) {
                    let message = text!(
                        "`{other}` 与 `{}` 的公钥相同",
                        "`{other}` and `{}` have the same key",
                        holder.name
                    );
                    refuse(
                        message,
                        text!(
                            "备用密钥不得另作他用",
                            "a key for recovery is used for nothing else"
                        ),
                    );
                }
            }
            Err(problem) => refuse(
                text!(
                    problem;
                    "`{}` 的公钥不能用：{problem}",
                    "the key of `{}` cannot be used: {problem}",
                    holder.name
                ),
                text!(
                    "请复制 `.pub` 文件中的那一行",
                    "copy the one line of its `.pub` file"
                ),
            ),
        }
    }
    let holders = recovery.holder.len();
    if recovery.threshold < 2 || recovery.threshold > holders {
        let message = text!(
            "备用密钥须 {} 人签名，与持有人 {holders} 名不符",
            "recovery by {} of {holders} holders cannot be",
            recovery.threshold
        );
        refuse(
            message,
            text!(
                "至少 2 人，最多不超过持有人数",
                "at least 2, and at most as many as there are, must sign"
            ),
        );
    }
}

pub(crate) fn check_emergency(
    document: &Document<'_>,
    terms: Option<EmergencyTerms>,
    threshold: usize,
    findings: &mut Vec<Finding>,
) {
    let Some(terms) = terms else { return };
    let mut refuse = |key, message: Text| {
        findings.push(
            Finding::error("charter::emergency", document.file(), message)
                .at(document.span(&[Step::Key("emergency"), Step::Key(key)])),
        );
    };
    if terms.threshold == 0 || terms.threshold > threshold {
        let message = text!(
            "启动应急共享须 {} 人签名，而章程须 {} 人签名：前者至少 1 人，且不多于后者",
            "an emergency that {} reviewers declare, where {} sign a charter",
            terms.threshold,
            threshold
        );
        refuse("threshold", message);
    }
    if terms.hours_max == 0 || terms.hours_max > EMERGENCY_HOURS_MAX {
        let message = text!(
            "{} 小时不在 1 至 {EMERGENCY_HOURS_MAX} 之间",
            "{} hours is not 1 to {EMERGENCY_HOURS_MAX}",
            terms.hours_max
        );
        refuse("hours_max", message);
    }
}

/// Terms without rules, or rules without terms, would be an emergency that nobody agreed on.
pub(crate) fn check_emergency_rules(head: &Head, rules: &Rules, findings: &mut Vec<Finding>) {
    let has_rules = rules.rules.values().any(|rule| rule.emergency);
    match (&head.emergency, has_rules) {
        (Some(_), false) => findings.push(
            Finding::error(
                "emergency::no-rules",
                FILE,
                text!(
                    "`[emergency]` 约定了应急共享，但 `emergency/` 中没有规则",
                    "`[emergency]` gives terms, and `emergency/` has no rules"
                ),
            )
            .hint(text!(
                "请补充届时可以传送和查看的内容，或删去约定",
                "add what may flow and be read then, or leave the terms out"
            )),
        ),
        (None, true) => findings.push(
            Finding::error(
                "emergency::no-terms",
                FILE,
                text!(
                    "`emergency/` 中有规则，但 `[emergency]` 没有约定应急共享",
                    "`emergency/` has rules, and `[emergency]` gives no terms"
                ),
            )
            .hint(text!(
                "请写明 `threshold` 和 `hours_max`，或删去规则",
                "say `threshold` and `hours_max`, or leave the rules out"
            )),
        ),
        _ => {}
    }
}
