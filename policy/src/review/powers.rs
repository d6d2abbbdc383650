//! What a new version changes in who decides: reviewers and how many of them must sign, recovery,
//! emergencies, how long a node goes on unconfirmed, dates. No rule says any of it, so no decision
//! shows it; whoever can change it can change every rule next.

use std::collections::BTreeMap;

use crdt_model::charter::Freshness;
use crdt_model::kind::Title;

use crate::reading::head::{Head, Reviewer};
use crate::reading::terms::{EmergencyTerms, Recovery};
use crate::signing::manifest::date;
use crate::signing::sshsig::SshKey;

/// One change.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct PowerChange {
    /// In words.
    pub what: Title,
    /// Whether somebody can do more than before, or with fewer others.
    pub widens: bool,
}

/// Everything that changes.
pub fn powers(old: &Head, new: &Head) -> Vec<PowerChange> {
    let mut changes = Changes::default();
    changes.people(("审核人", "reviewer"), &old.reviewers, &new.reviewers);
    changes.fewer(
        (
            "名审核人签名才能签发下一版",
            "reviewers must sign the next version",
        ),
        old.threshold,
        new.threshold,
    );
    changes.recovery(old.recovery.as_ref(), new.recovery.as_ref());
    changes.emergency(old.emergency, new.emergency);
    changes.freshness(old.freshness, new.freshness);
    let until = |head: &Head| date(head.validity.until).unwrap_or_default();
    let from = |head: &Head| date(head.validity.from).unwrap_or_default();
    if until(old) != until(new) {
        changes.add(
            false,
            format!("有效期至 {}（原为 {}）", until(new), until(old)),
            format!("valid until {} (it was {})", until(new), until(old)),
        );
    }
    if from(old) != from(new) {
        changes.add(
            false,
            format!("有效期自 {}（原为 {}）", from(new), from(old)),
            format!("valid from {} (it was {})", from(new), from(old)),
        );
    }
    let (before, after) = (old.accept_since, new.accept_since);
    if before != after {
        changes.add(
            after < before,
            format!("第 {after} 版起填写的内容有效（原为第 {before} 版起）"),
            format!("what was written under version {after} or later counts (it was {before})"),
        );
    }
    changes.0
}

/// Words in both languages: Simplified Chinese, English.
type Words = (&'static str, &'static str);

#[derive(Default)]
struct Changes(Vec<PowerChange>);

impl Changes {
    fn add(&mut self, widens: bool, zh: impl Into<String>, en: impl Into<String>) {
        let (zh, en) = (zh.into(), en.into());
        let what = Title { zh, en };
        self.0.push(PowerChange { what, widens });
    }

    /// How many of something it takes: fewer is more power for each.
    fn fewer(&mut self, (zh, en): Words, old: usize, new: usize) {
        if old != new {
            let zh = format!("{new} {zh}（原为 {old}）");
            self.add(new < old, zh, format!("{new} {en} (it was {old})"));
        }
    }

    /// A time that somebody has: more is more.
    fn longer(&mut self, (zh, en): Words, old: u64, new: u64) {
        if old != new {
            let zh = format!("{zh}：{new} 小时（原为 {old}）");
            self.add(new > old, zh, format!("{en}: {new} hours (it was {old})"));
        }
    }

    fn people(&mut self, (zh, en): Words, old: &[Reviewer], new: &[Reviewer]) {
        let by_name = |list: &[Reviewer]| -> BTreeMap<String, String> {
            let listed = list.iter();
            listed
                .map(|one| (one.name.clone(), fingerprint(&one.key)))
                .collect()
        };
        let (old, new) = (by_name(old), by_name(new));
        for (name, key) in &new {
            match old.get(name) {
                Some(before) if before == key => {}
                Some(before) => {
                    self.add(
                        true,
                        format!("{zh} {name} 换了密钥：{key}（原为 {before}）"),
                        format!("{en} {name} has another key: {key} (it was {before})"),
                    );
                }
                None => self.add(
                    true,
                    format!("{zh} {name} 加入，密钥 {key}"),
                    format!("{en} {name} joins, with key {key}"),
                ),
            }
        }
        for name in old.keys().filter(|name| !new.contains_key(*name)) {
            self.add(
                false,
                format!("{zh} {name} 退出"),
                format!("{en} {name} leaves"),
            );
        }
    }

    fn recovery(&mut self, old: Option<&Recovery>, new: Option<&Recovery>) {
        let holders = |recovery: Option<&Recovery>| {
            recovery.map_or_else(Vec::new, |recovery| recovery.holder.clone())
        };
        self.people(
            ("备用密钥持有人", "holder of a sealed key"),
            &holders(old),
            &holders(new),
        );
        match (old, new) {
            (Some(old), Some(new)) => {
                let what = (
                    "名备用密钥持有人须签名才能更换审核人",
                    "holders of sealed keys must sign for other reviewers",
                );
                self.fewer(what, old.threshold, new.threshold);
            }
            (Some(_), None) => self.add(
                false,
                "密钥丢失后不再有人可以补救",
                "nobody can replace lost keys any more",
            ),
            _ => {}
        }
    }

    fn emergency(&mut self, old: Option<EmergencyTerms>, new: Option<EmergencyTerms>) {
        match (old, new) {
            (Some(old), Some(new)) => {
                self.fewer(
                    (
                        "名审核人签名即可启动应急共享",
                        "reviewers can declare an emergency",
                    ),
                    old.threshold,
                    new.threshold,
                );
                let (old, new) = (u64::from(old.hours_max), u64::from(new.hours_max));
                self.longer(("应急共享最长", "the longest emergency"), old, new);
            }
            (None, Some(new)) => {
                let (threshold, hours) = (new.threshold, new.hours_max);
                self.add(
                    true,
                    format!("{threshold} 名审核人签名可以启动最长 {hours} 小时的应急共享"),
                    format!("{threshold} reviewers can declare emergencies of {hours} hours"),
                );
            }
            (Some(_), None) => self.add(
                false,
                "不再有人可以启动应急共享",
                "nobody can declare an emergency any more",
            ),
            (None, None) => {}
        }
    }

    fn freshness(&mut self, old: Option<Freshness>, new: Option<Freshness>) {
        const HOUR_MS: u64 = 3_600_000;
        match (old, new) {
            (Some(old), Some(new)) => {
                self.fewer(
                    ("个乡镇须签认章程", "townships must confirm the charter"),
                    old.cosigners,
                    new.cosigners,
                );
                let hours = |ms: u64| ms / HOUR_MS;
                let (before, after) = (hours(old.fresh_ms), hours(new.fresh_ms));
                let all = (
                    "没有新的签认仍照常发送",
                    "a node sends all without confirmation for",
                );
                self.longer(all, before, after);
                let (before, after) = (hours(old.narrow_ms), hours(new.narrow_ms));
                self.longer(("此后只发送本节点的内容", "and its own for"), before, after);
            }
            (Some(_), None) => {
                self.add(
                    true,
                    "不再需要任何乡镇签认章程",
                    "no township has to confirm the charter any more",
                );
            }
            (None, Some(new)) => {
                let needed = new.cosigners;
                self.add(
                    false,
                    format!("须有 {needed} 个乡镇签认章程"),
                    format!("{needed} townships must confirm the charter"),
                );
            }
            (None, None) => {}
        }
    }
}

fn fingerprint(key: &str) -> String {
    SshKey::parse(key).map_or_else(|_| key.to_owned(), |key| key.fingerprint())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CedarCharter;
    use crate::making::template;

    fn head(changes: &[(&str, &str)]) -> Head {
        let mut files = template::linze();
        let text = files
            .files
            .get_mut(crate::reading::head::FILE)
            .expect("there");
        let mut changed = String::from_utf8(text.clone()).expect("text");
        for (from, to) in changes {
            assert!(changed.contains(from), "{from}");
            changed = changed.replacen(from, to, 1);
        }
        *text = changed.into_bytes();
        CedarCharter::open(&files).expect("it opens").head().clone()
    }

    fn said(changes: &[(&str, &str)]) -> Vec<(bool, String)> {
        let found = powers(&head(&[]), &head(changes)).into_iter();
        found.map(|one| (one.widens, one.what.en)).collect()
    }

    #[test]
    fn the_same_head_changes_nothing() {
        assert_eq!(said(&[]), []);
    }

    #[test]
    fn longer_emergencies_and_fewer_confirmations_widen() {
        let found = said(&[
            ("hours_max = 24", "hours_max = 72"),
            ("cosigners = 4", "cosigners = 1"),
            ("fresh_hours = 168", "fresh_hours = 700"),
            ("threshold = 2\n", "threshold = 1\n"),
            ("2028-11-01", "2029-11-01"),
        ]);
        let words: Vec<_> = found.iter().map(|(_, what)| what.as_str()).collect();
        assert_eq!(
            words,
            [
                "1 reviewers must sign the next version (it was 2)",
                "the longest emergency: 72 hours (it was 24)",
                "1 townships must confirm the charter (it was 4)",
                "a node sends all without confirmation for: 700 hours (it was 168)",
                "valid until 2029-10-31T16:00:00Z (it was 2028-10-31T16:00:00Z)",
            ]
        );
        let widens: Vec<_> = found.iter().map(|(widens, _)| *widens).collect();
        assert_eq!(widens, [true, true, true, true, false]);
    }

    #[test]
    fn whoever_joins_or_has_another_key_widens_and_whoever_leaves_does_not() {
        let person = |name: &str, key: &str| Reviewer {
            name: name.to_owned(),
            key: key.to_owned(),
        };
        let (mut old, mut new) = (head(&[]), head(&[]));
        old.reviewers = vec![person("li", "a"), person("wang", "b"), person("zhao", "c")];
        new.reviewers = vec![
            person("li", "a"),
            person("wang", "x"),
            person("stranger", "d"),
        ];
        let found: Vec<_> = powers(&old, &new)
            .into_iter()
            .map(|one| (one.widens, one.what.en))
            .collect();
        assert_eq!(
            found,
            [
                (true, "reviewer stranger joins, with key d".to_owned()),
                (
                    true,
                    "reviewer wang has another key: x (it was b)".to_owned()
                ),
                (false, "reviewer zhao leaves".to_owned()),
            ]
        );
    }
}
