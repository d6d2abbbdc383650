//! Days as a county counts them: where they begin, which of them are worked. What a charter says of
//! holidays is content that reviewers sign; the core knows the seven days of a week, and no more.

use std::collections::BTreeSet;

use crate::time::WallTime;

const DAY_MS: i64 = 86_400_000;

/// A day: days since 1970-01-01 by the county's clock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Day(pub i32);

impl Day {
    /// This many days later.
    #[must_use]
    pub const fn after(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// Whether it is a Saturday or a Sunday.
    pub const fn is_weekend(self) -> bool {
        // 1970-01-01 was a Thursday.
        self.0.saturating_add(3).rem_euclid(7) >= 5
    }
}

/// Which days there are, and which of them are worked.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Calendar {
    /// How far the county's clock is ahead of UTC.
    pub offset_ms: i64,
    /// Days that are free though they are no weekend, and days of a weekend that belong to a holiday.
    pub free: BTreeSet<Day>,
    /// Days of a weekend that are worked.
    pub worked: BTreeSet<Day>,
    /// The last day whose holidays are known. After it only weekends are free.
    pub known_until: Option<Day>,
}

/// How the days of a time limit are counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Count {
    /// Every day. A limit that would end on a free day ends with the next day that is worked.
    Calendar,
    /// Only days that are worked.
    Working,
}

impl Calendar {
    /// The day that a moment falls on.
    pub fn day_of(&self, time: WallTime) -> Day {
        let ms = i64::try_from(time.ms).unwrap_or(i64::MAX);
        let day = ms.saturating_add(self.offset_ms).div_euclid(DAY_MS);
        Day(i32::try_from(day).unwrap_or(i32::MAX))
    }

    /// The first moment of a day.
    pub fn begin_of(&self, day: Day) -> WallTime {
        let ms = i64::from(day.0) * DAY_MS - self.offset_ms;
        WallTime::from_ms(u64::try_from(ms).unwrap_or(0))
    }

    /// Whether a day is worked.
    pub fn is_worked(&self, day: Day) -> bool {
        self.worked.contains(&day) || !(day.is_weekend() || self.free.contains(&day))
    }

    /// The first moment after a time limit of so many days that began at `since`. The day on which
    /// it begins does not count, and the last one counts to its end.
    pub fn end_of(&self, since: WallTime, days: u16, count: Count) -> WallTime {
        let mut last = self.day_of(since);
        match count {
            Count::Working => {
                for _ in 0..days {
                    last = self.next_worked(last.after(1));
                }
            }
            Count::Calendar => last = self.next_worked(last.after(i32::from(days))),
        }
        self.begin_of(last.after(1))
    }

    /// Whether everything that is known of holidays covers the days before this moment.
    pub fn knows(&self, end: WallTime) -> bool {
        let known_until = self.known_until;
        known_until.is_some_and(|last| end <= self.begin_of(last.after(1)))
    }

    /// The first worked day from this one on. A charter cannot list more free days than there are in
    /// a year, so it is never far.
    fn next_worked(&self, from: Day) -> Day {
        let mut days = (0..=FREE_DAYS_MAX).map(|days| from.after(days));
        days.find(|day| self.is_worked(*day)).unwrap_or(from)
    }
}

/// Free days in a row, at most.
const FREE_DAYS_MAX: i32 = 400;

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-02-13, a Friday; the Saturday after it is worked, and then nine days are free.
    const FRIDAY: Day = Day(20_497);

    fn spring_festival() -> Calendar {
        Calendar {
            offset_ms: 8 * 3_600_000,
            free: (2..=10).map(|days| FRIDAY.after(days)).collect(),
            worked: [FRIDAY.after(1), FRIDAY.after(15)].into(),
            known_until: Some(FRIDAY.after(320)),
        }
    }

    #[test]
    fn days_begin_where_the_county_says() {
        let calendar = spring_festival();
        let midnight = calendar.begin_of(FRIDAY);
        assert_eq!(midnight.ms % 86_400_000, 16 * 3_600_000);
        assert_eq!(calendar.day_of(midnight), FRIDAY);
        let before = WallTime::from_ms(midnight.ms - 1);
        assert_eq!(calendar.day_of(before), FRIDAY.after(-1));
        let week = (0..7).map(|days| FRIDAY.after(days).is_weekend());
        let week: Vec<_> = week.collect();
        assert_eq!(week, [false, true, true, false, false, false, false]);
    }

    #[test]
    fn a_limit_counts_worked_days_and_leaves_out_the_festival() {
        let calendar = spring_festival();
        let noon = WallTime::from_ms(calendar.begin_of(FRIDAY).ms + 12 * 3_600_000);
        let end = |days, count| calendar.day_of(calendar.end_of(noon, days, count)).0 - FRIDAY.0;
        // The first is the worked Saturday, and ends with it; the second comes after the festival.
        assert_eq!(end(1, Count::Working), 2);
        assert_eq!(end(2, Count::Working), 12);
        assert_eq!(end(0, Count::Working), 1);
        // Three days end in the festival, so they last until the first worked day after it has ended.
        assert_eq!(end(3, Count::Calendar), 12);
        assert_eq!(end(15, Count::Calendar), 16);
        assert_eq!(end(16, Count::Calendar), 18);
    }

    #[test]
    fn a_calendar_says_how_far_it_knows() {
        let calendar = spring_festival();
        assert!(calendar.knows(calendar.begin_of(FRIDAY.after(321))));
        assert!(!calendar.knows(calendar.begin_of(FRIDAY.after(322))));
        assert!(!Calendar::default().knows(WallTime::from_ms(0)));
    }
}
