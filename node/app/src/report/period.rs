//! Periods of the county's reviews: a day, a week from Monday to Sunday, a month, a quarter, by the
//! days of Beijing.

use crdt_model::time::WallTime;
use jiff::civil::Date;
use jiff::{Span, ToSpan as _};
use serde::{Deserialize, Serialize};

use crdt_model::text;
use crdt_model::text::Text;
use node_machine::time::{beijing_date, beijing_midnight};

/// How long a period is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cadence {
    /// A day.
    Day,
    /// Monday to Sunday.
    Week,
    /// A month of the calendar.
    Month,
    /// Three months from January, April, July or October on.
    Quarter,
}

/// A period, whole days.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Period {
    /// How long it is.
    pub cadence: Cadence,
    /// Its first day.
    pub first: Date,
    /// Its last.
    pub last: Date,
}

impl Cadence {
    /// All of them, with the words of the command line.
    pub const ALL: [(&'static str, Self); 4] = [
        ("day", Self::Day),
        ("week", Self::Week),
        ("month", Self::Month),
        ("quarter", Self::Quarter),
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
        }
    }

    /// What a period and the one before it are called in tables.
    pub(super) fn this_and_before(self) -> [Text; 2] {
        match self {
            Self::Day => [text!("当日", "this day"), text!("前一日", "the day before")],
            Self::Week => [text!("本周", "this week"), text!("上周", "the week before")],
            Self::Month => [
                text!("本月", "this month"),
                text!("上月", "the month before"),
            ],
            Self::Quarter => [
                text!("本季", "this quarter"),
                text!("上季", "the quarter before"),
            ],
        }
    }
}

impl Period {
    /// The period that a day is in.
    pub fn with(cadence: Cadence, day: Date) -> Self {
        let month = |month: i8| day.with().month(month).day(1).build().unwrap_or(day);
        let first = match cadence {
            Cadence::Day => day,
            Cadence::Week => moved(
                day,
                -i32::from(day.weekday().to_monday_zero_offset()).days(),
            ),
            Cadence::Month => day.first_of_month(),
            Cadence::Quarter => month((day.month() - 1) / 3 * 3 + 1),
        };
        let last = match cadence {
            Cadence::Day => first,
            Cadence::Week => moved(first, 6.days()),
            Cadence::Month => first.last_of_month(),
            Cadence::Quarter => moved(first, 2.months()).last_of_month(),
        };
        Self {
            cadence,
            first,
            last,
        }
    }

    /// The period that a moment is in.
    pub fn at(cadence: Cadence, moment: WallTime) -> Self {
        Self::with(cadence, beijing_date(moment))
    }

    /// The one before.
    pub fn before(&self) -> Self {
        Self::with(self.cadence, moved(self.first, -1.days()))
    }

    /// Its first millisecond.
    pub fn from_ms(&self) -> i64 {
        beijing_midnight(self.first)
    }

    /// The first millisecond after it.
    pub fn until_ms(&self) -> i64 {
        beijing_midnight(moved(self.last, 1.days()))
    }

    /// Whether it is over at this moment.
    pub fn is_over(&self, now: WallTime) -> bool {
        i64::try_from(now.ms).is_ok_and(|now| now >= self.until_ms())
    }

    /// Its parts for a chart, each by its first day: days, or weeks of a quarter; none of a day.
    pub fn parts(&self) -> Vec<Date> {
        let mut parts = Vec::new();
        let mut day = self.first;
        while day <= self.last && self.cadence != Cadence::Day {
            let begins = self.cadence != Cadence::Quarter
                || day == self.first
                || day.weekday().to_monday_zero_offset() == 0;
            if begins {
                parts.push(day);
            }
            day = moved(day, 1.days());
        }
        parts
    }

    /// How people write it.
    pub fn title(&self) -> Text {
        let (first, last) = (self.first, self.last);
        let (year, month, day) = (first.year(), first.month(), first.day());
        match self.cadence {
            Cadence::Day => text!("{year}年{month}月{day}日", "{first}"),
            Cadence::Week => {
                let (to_month, to_day) = (last.month(), last.day());
                let to_year = match last.year() == year {
                    true => String::new(),
                    false => format!("{}年", last.year()),
                };
                text!(
                    "{year}年{month}月{day}日至{to_year}{to_month}月{to_day}日",
                    "{first} to {last}"
                )
            }
            Cadence::Month => text!("{year}年{month}月", "{year}-{month:02}"),
            Cadence::Quarter => {
                let quarter = (month - 1) / 3 + 1;
                text!("{year}年第{quarter}季度", "{year}, quarter {quarter}")
            }
        }
    }

    /// What names of files say for it.
    pub fn in_file_name(&self) -> String {
        let (year, month) = (self.first.year(), self.first.month());
        match self.cadence {
            Cadence::Day | Cadence::Week => self.first.to_string(),
            Cadence::Month => format!("{year}-{month:02}"),
            Cadence::Quarter => format!("{year}-q{}", (month - 1) / 3 + 1),
        }
    }
}

/// The last day that can be written, where there is none.
fn moved(day: Date, by: Span) -> Date {
    day.saturating_add(by)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().expect("a day")
    }

    fn period(cadence: Cadence, text: &str) -> [String; 2] {
        let Period { first, last, .. } = Period::with(cadence, day(text));
        [first.to_string(), last.to_string()]
    }

    #[test]
    fn periods_begin_and_end_where_people_say_they_do() {
        use Cadence::{Day, Month, Quarter, Week};
        for (cadence, within, first, last) in [
            (Day, "2026-12-31", "2026-12-31", "2026-12-31"),
            (Week, "2026-11-29", "2026-11-23", "2026-11-29"),
            (Week, "2026-11-30", "2026-11-30", "2026-12-06"),
            (Week, "2027-01-01", "2026-12-28", "2027-01-03"),
            (Month, "2028-02-29", "2028-02-01", "2028-02-29"),
            (Month, "2026-11-30", "2026-11-01", "2026-11-30"),
            (Quarter, "2026-12-31", "2026-10-01", "2026-12-31"),
            (Quarter, "2026-05-17", "2026-04-01", "2026-06-30"),
        ] {
            assert_eq!(period(cadence, within), [first, last], "{within}");
        }
    }

    #[test]
    fn the_period_before_touches_the_period() {
        for (_, cadence) in Cadence::ALL {
            let period = Period::with(cadence, day("2027-01-01"));
            assert_eq!(period.before().until_ms(), period.from_ms(), "{cadence:?}");
        }
    }

    #[test]
    fn a_day_begins_at_midnight_in_beijing() {
        let sixteen_utc = "2026-11-30T16:00:00Z"
            .parse::<jiff::Timestamp>()
            .expect("a time");
        let ms = sixteen_utc.as_millisecond();
        assert_eq!(Period::with(Cadence::Day, day("2026-12-01")).from_ms(), ms);
        let at = |ms: i64| WallTime::from_ms(ms.try_into().expect("after 1970"));
        let month = |ms| Period::at(Cadence::Month, at(ms)).in_file_name();
        assert_eq!([month(ms - 1), month(ms)], ["2026-11", "2026-12"]);
        let november = Period::at(Cadence::Month, at(ms - 1));
        assert!(november.is_over(at(ms)) && !november.is_over(at(ms - 1)));
    }

    #[test]
    fn a_quarter_is_drawn_by_weeks_and_a_month_by_days() {
        let quarter = Period::with(Cadence::Quarter, day("2026-11-27"));
        let parts: Vec<String> = quarter.parts().iter().map(ToString::to_string).collect();
        assert_eq!(parts[..3], ["2026-10-01", "2026-10-05", "2026-10-12"]);
        assert_eq!(parts.len(), 14);
        assert_eq!(
            Period::with(Cadence::Month, day("2026-11-27"))
                .parts()
                .len(),
            30
        );
    }
}
