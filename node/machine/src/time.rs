//! Times as people read and write them: Beijing time (UTC+8), which all of the country keeps, in the
//! order of ISO 8601 in both languages.

use crdt_model::time::WallTime;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{self, Offset};

use crdt_model::text;
use crdt_model::text::Text;

const BEIJING: Offset = tz::offset(8);

/// A moment, such as `2026-11-03 09:30:12`.
pub fn shown(wall: WallTime) -> String {
    let moment = i64::try_from(wall.ms)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok());
    match moment {
        Some(moment) => BEIJING
            .to_datetime(moment)
            .strftime("%Y-%m-%d %H:%M:%S")
            .to_string(),
        None => wall.to_string(),
    }
}

/// The day that a moment is on.
pub fn beijing_date(wall: WallTime) -> Date {
    let moment = i64::try_from(wall.ms).unwrap_or(i64::MAX);
    let moment = Timestamp::from_millisecond(moment).unwrap_or(Timestamp::MAX);
    BEIJING.to_datetime(moment).date()
}

/// When a day begins, in milliseconds since 1970-01-01T00:00:00Z.
pub fn beijing_midnight(day: Date) -> i64 {
    let begins = BEIJING.to_timestamp(day.at(0, 0, 0, 0));
    begins.unwrap_or(Timestamp::MAX).as_millisecond()
}

/// A length of time, in its two largest units.
pub fn shown_length(ms: u64) -> Text {
    let (seconds, minutes, hours) = (ms / 1_000, ms / 60_000, ms / 3_600_000);
    let (days, h, m, s) = (hours / 24, hours % 24, minutes % 60, seconds % 60);
    match () {
        () if days > 0 => text!("{days} 天 {h} 小时", "{days} d {h} h"),
        () if hours > 0 => text!("{h} 小时 {m} 分钟", "{h} h {m} min"),
        () if minutes > 0 => text!("{m} 分钟 {s} 秒", "{m} min {s} s"),
        () => text!("{s} 秒", "{s} s"),
    }
}

/// Reads a moment, to milliseconds since 1970-01-01T00:00:00Z. Without an offset it is Beijing time;
/// without a time of day it is midnight.
pub fn read(text: &str) -> Result<i64, Text> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment.as_millisecond());
    }
    let local = text.parse::<DateTime>().ok();
    let moment = local.and_then(|local| BEIJING.to_timestamp(local).ok());
    moment.map(|moment| moment.as_millisecond()).ok_or_else(|| {
        text!(
            "“{text}”不是时间，应写作 2026-11-03、2026-11-03T09:30 或带时区的 2026-11-03T09:30+08:00",
            "`{text}` is not a time, such as 2026-11-03, 2026-11-03T09:30 or 2026-11-03T09:30+08:00"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_beijing_time_both_ways() {
        let ms = read("2026-11-03T09:30").expect("a time");
        assert_eq!(ms, read("2026-11-03T01:30:00Z").expect("a time"));
        let wall = WallTime::from_ms(ms.try_into().expect("after 1970"));
        assert_eq!(shown(wall), "2026-11-03 09:30:00");
        assert_eq!(
            read("2026-11-03").expect("a day") + 9 * 3_600_000 + 30 * 60_000,
            ms
        );
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "tomorrow",
            "2026-13-01",
            "2026-11-03T25:00",
            "1793000000000",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lengths_have_two_units() {
        assert_eq!(shown_length(90_061_000).en, "1 d 1 h");
        assert_eq!(shown_length(3_723_000).zh, "1 小时 2 分钟");
        assert_eq!(shown_length(999).en, "0 s");
    }
}
