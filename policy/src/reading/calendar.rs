//! `calendar.toml`: where the county's day begins, and which days are free or worked other than weeks
//! have it. Time limits are counted by it.

use std::collections::BTreeSet;

use crdt_model::calendar::{Calendar, Day};
use crdt_model::kind::Title;
use crdt_model::text;
use crdt_model::text::Text;
use jiff::civil::Date;
use serde::Deserialize;

use crate::reading::document::{Document, Step};
use crate::reading::files::CharterFiles;
use crate::reading::finding::Finding;
use crate::reading::head::check_title;

/// The file in the charter folder.
pub const FILE: &str = "calendar.toml";

/// Free days of all holidays together.
const FREE_DAYS_MAX: usize = 2_000;
/// Days of one holiday.
const HOLIDAY_DAYS_MAX: i32 = 31;
const HOUR_MS: i64 = 3_600_000;
const CODE: &str = "calendar::days";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    utc_offset_hours: i8,
    known_until: Date,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Holiday {
    zh: String,
    en: String,
    from: Date,
    until: Date,
    #[serde(default)]
    worked: Vec<Date>,
}

/// Reads and checks `calendar.toml`; nothing if there is none.
pub(crate) fn read(files: &CharterFiles, findings: &mut Vec<Finding>) -> Option<Calendar> {
    if !files.files.contains_key(FILE) {
        return None;
    }
    let document = Document::parse(files, FILE, findings)?;
    let holidays = document.read_array::<Holiday>("holiday", findings);
    let raw: Raw = document.read_without(&["holiday"], findings)?;
    let mut days = Days {
        document: &document,
        findings,
        known_until: raw.known_until,
        free: BTreeSet::new(),
        worked: BTreeSet::new(),
    };
    if !(-12..=14).contains(&raw.utc_offset_hours) {
        let message = text!(
            "没有哪里的时间与 UTC 相差 {} 小时",
            "no clock is {} hours from UTC",
            raw.utc_offset_hours
        );
        days.refuse(
            &[Step::Key("utc_offset_hours")],
            message,
            text!("中国是 8", "8 in China"),
        );
    }
    for (index, holiday) in &holidays {
        days.add(*index, holiday);
    }
    days.check();
    Some(Calendar {
        offset_ms: i64::from(raw.utc_offset_hours) * HOUR_MS,
        free: days.free,
        worked: days.worked,
        known_until: Some(day(raw.known_until)),
    })
}

/// The days of all holidays, as they are read.
struct Days<'a, 'i> {
    document: &'a Document<'i>,
    findings: &'a mut Vec<Finding>,
    known_until: Date,
    free: BTreeSet<Day>,
    worked: BTreeSet<Day>,
}

impl Days<'_, '_> {
    fn refuse(&mut self, path: &[Step<'_>], message: Text, hint: Text) {
        let finding = Finding::error(CODE, FILE, message).at(self.document.span(path));
        self.findings.push(finding.hint(hint));
    }

    fn add(&mut self, index: usize, holiday: &Holiday) {
        let at = |key| [Step::Key("holiday"), Step::Index(index), Step::Key(key)];
        let title = Title {
            zh: holiday.zh.clone(),
            en: holiday.en.clone(),
        };
        check_title(self.document, &title, &at("zh"), self.findings);
        let (first, last) = (day(holiday.from), day(holiday.until));
        if !(0..HOLIDAY_DAYS_MAX).contains(&(last.0 - first.0)) {
            let message = text!(
                "`{}` 的天数不在 1 至 {HOLIDAY_DAYS_MAX} 之间",
                "`{}` is not 1 to {HOLIDAY_DAYS_MAX} days",
                holiday.en
            );
            self.refuse(
                &at("until"),
                message,
                text!("`until` 是最后一个休息日", "`until` is its last free day"),
            );
            return;
        }
        if holiday.until > self.known_until {
            let message = text!(
                "`{}` 在 `known_until` 之后",
                "`{}` is after `known_until`",
                holiday.en
            );
            let hint = text!(
                "请写明节假日已知到哪一天",
                "say until when all holidays are known"
            );
            self.refuse(&at("until"), message, hint);
        }
        self.free.extend((first.0..=last.0).map(Day));
        for extra in &holiday.worked {
            if !day(*extra).is_weekend() || !self.worked.insert(day(*extra)) {
                let message = text!(
                    "{extra} 不是周六或周日，或重复列出",
                    "{extra} is no Saturday or Sunday, or is named twice"
                );
                let hint = text!(
                    "只有周末才能调为工作日",
                    "only a day of a weekend can be worked for another"
                );
                self.refuse(&at("worked"), message, hint);
            }
        }
    }

    fn check(&mut self) {
        if let Some(both) = self.free.intersection(&self.worked).next() {
            let message = text!(
                "1970 年起第 {} 天既是休息日又是工作日",
                "day {} since 1970 is both free and worked",
                both.0
            );
            self.refuse(
                &[Step::Key("holiday")],
                message,
                text!("一天只能是其中一种", "a day is one of the two"),
            );
        }
        if self.free.len() > FREE_DAYS_MAX {
            let message = text!(
                "休息日超过 {FREE_DAYS_MAX} 天",
                "more than {FREE_DAYS_MAX} free days"
            );
            let hint = text!(
                "请删去已经过去的年份",
                "leave out the years that have passed"
            );
            self.refuse(&[Step::Key("holiday")], message, hint);
        }
    }
}

fn day(date: Date) -> Day {
    let epoch = Date::constant(1970, 1, 1);
    Day(epoch.duration_until(date).as_hours().div_euclid(24) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
utc_offset_hours = 8
known_until = "2026-12-31"
[[holiday]]
zh = "春节"
en = "Spring Festival"
from = "2026-02-15"
until = "2026-02-23"
worked = ["2026-02-14", "2026-02-28"]
"#;

    fn read_text(text: &str) -> (Option<Calendar>, Vec<&'static str>) {
        let mut files = CharterFiles::default();
        files.files.insert(FILE.into(), text.into());
        let mut findings = Vec::new();
        let calendar = read(&files, &mut findings);
        (calendar, findings.iter().map(|one| one.code).collect())
    }

    #[test]
    fn a_holiday_is_free_and_its_weekends_are_worked() {
        let (calendar, findings) = read_text(GOOD);
        assert_eq!(findings, [""; 0]);
        let calendar = calendar.expect("read");
        let worked = |text: &str| calendar.is_worked(day(text.parse().expect("a date")));
        assert!(worked("2026-02-13") && worked("2026-02-14") && worked("2026-02-24"));
        assert!(!worked("2026-02-15") && !worked("2026-02-23") && !worked("2026-03-01"));
        assert!(worked("2026-02-28"));
        assert_eq!(day("1970-01-01".parse().expect("a date")), Day(0));
    }

    #[test]
    fn each_mistake_is_found() {
        for (from, to, code) in [
            ("= 8", "= 30", CODE),
            ("until = \"2026-02-23\"", "until = \"2026-02-13\"", CODE),
            ("until = \"2026-02-23\"", "until = \"2026-05-23\"", CODE),
            ("until = \"2026-12-31\"", "until = \"2026-02-01\"", CODE),
            ("\"2026-02-14\"", "\"2026-02-13\"", CODE),
            ("\"2026-02-14\"", "\"2026-02-15\"", CODE),
            ("2026-02-15", "2026-02-30", "toml::content"),
            ("春节", "", "charter::title"),
            ("worked", "busy", "toml::content"),
        ] {
            let (_, found) = read_text(&GOOD.replacen(from, to, 1));
            assert!(found.contains(&code), "{to}: {found:?}");
        }
    }
}
