//! From a cell's text to a field's value: dates as people write them, degrees, yes and no, and
//! numbers that a spreadsheet has mangled.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use crdt_model::text;
use crdt_model::text::Text;

/// Decimal places of a coordinate that is stored as a whole number: 1e-7 degrees, about a
/// centimetre.
pub const DEGREE_DECIMALS: usize = 7;
/// Decimal places that a number can be scaled by.
pub const DECIMALS_MAX: usize = 9;
/// Digits of a whole number that a spreadsheet keeps; the rest become zeros.
const SPREADSHEET_DIGITS: usize = 15;

/// A decimal number times 10 to the power of `decimals`, rounded half away from zero: degrees
/// become 1e-7 degrees without passing through a float. `None` if the text is not a plain decimal
/// number of at most nine digits before the point.
pub fn scaled(text: &str, decimals: usize) -> Option<i64> {
    let (sign, digits) = match text.trim().strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.trim()),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let numeric = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let plain = numeric(whole) && numeric(fraction) && (1..=9).contains(&whole.len());
    if !plain || decimals > DECIMALS_MAX {
        return None;
    }
    let zeros = std::iter::repeat('0');
    let kept: String = fraction.chars().chain(zeros).take(decimals).collect();
    let up = fraction
        .chars()
        .nth(decimals)
        .is_some_and(|digit| digit >= '5');
    let scaled = format!("{whole}{kept}").parse::<i64>().ok()? + i64::from(up);
    Some(sign * scaled)
}

/// A whole number; one decimal point with only zeros after it is allowed, as spreadsheets add it.
pub fn integer(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.bytes().any(|byte| byte != b'0') {
        return None;
    }
    whole.parse().ok()
}

/// Yes or no, as forms and devices write them.
pub fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "是" | "有" | "对" | "√" | "1" | "y" | "yes" | "true" => Some(true),
        "否" | "无" | "没有" | "×" | "0" | "n" | "no" | "false" => Some(false),
        _ => None,
    }
}

/// A time as milliseconds since 1970-01-01T00:00:00Z. A time without an offset is read at
/// `utc_offset_h` hours east of UTC.
///
/// Forms: `2026-01-02`, `2026/1/2 13:04`, `2026.1.2`, `2026年1月2日13时04分05秒`, `20260102`,
/// `2026-01-02T13:04:05`, the same with `Z` or `+08:00`.
pub fn time_ms(text: &str, utc_offset_h: i8) -> Result<i64, Text> {
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Ok(timestamp.as_millisecond());
    }
    if text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(text!(
            "这是 Excel 的日期序号，请把该列设为日期格式后另存",
            "this is a spreadsheet's day number: format the column as a date and save again"
        ));
    }
    let civil = civil(text).ok_or_else(|| {
        text!(
            "不是可识别的日期时间（例：2026-01-02 13:04 或 2026年1月2日）",
            "not a date that can be read, such as 2026-01-02 13:04 or 2026年1月2日"
        )
    })?;
    Offset::from_hours(utc_offset_h)
        .and_then(|offset| offset.to_timestamp(civil))
        .map(Timestamp::as_millisecond)
        .map_err(|_| text!("日期超出范围", "the date is out of range"))
}

fn civil(text: &str) -> Option<DateTime> {
    let mut plain = String::with_capacity(text.len());
    let mut in_time = false;
    for c in text.trim().chars() {
        match c {
            '年' | '月' | '/' => plain.push('-'),
            '.' if !in_time => plain.push('-'),
            '日' | '号' | 'T' | ' ' | '\u{3000}' => {
                in_time = true;
                plain.push(' ');
            }
            '时' | '点' | '分' | ':' => plain.push(':'),
            '秒' => {}
            other => plain.push(other),
        }
    }
    let mut parts = plain.split_whitespace();
    let (date, time) = (parts.next()?, parts.next().unwrap_or("0"));
    if parts.next().is_some() {
        return None;
    }
    let [year, month, day] = date_parts(date)?;
    let [hour, minute, second] = time_parts(time)?;
    let narrow = |number: i16| i8::try_from(number).ok();
    DateTime::new(
        year,
        narrow(month)?,
        narrow(day)?,
        narrow(hour)?,
        narrow(minute)?,
        narrow(second)?,
        0,
    )
    .ok()
}

fn date_parts(date: &str) -> Option<[i16; 3]> {
    if date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit()) {
        let part = |range: std::ops::Range<usize>| date.get(range)?.parse().ok();
        return Some([part(0..4)?, part(4..6)?, part(6..8)?]);
    }
    let mut parts = date.split('-');
    let year = parts.next().filter(|year| year.len() == 4)?.parse().ok()?;
    let parts = [year, number(parts.next()?)?, number(parts.next()?)?]
        .into_iter()
        .chain(parts.next().map(|_| 0))
        .collect::<Vec<i16>>();
    parts.try_into().ok()
}

fn time_parts(time: &str) -> Option<[i16; 3]> {
    let time = time.split_once('.').map_or(time, |(whole, _)| whole);
    let mut parts = time.trim_end_matches(':').split(':');
    let found = [
        number(parts.next()?)?,
        parts.next().map_or(Some(0), number)?,
        parts.next().map_or(Some(0), number)?,
    ];
    parts.next().is_none().then_some(found)
}

fn number(text: &str) -> Option<i16> {
    let digits = text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

/// Why a cell cannot be what was once typed into it: a spreadsheet has turned a long number into
/// another.
pub fn mangled(text: &str) -> Option<Text> {
    let upper = text.to_ascii_uppercase();
    if let Some((mantissa, exponent)) = upper.split_once("E+") {
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if digits(&mantissa.replacen('.', "", 1)) && digits(exponent) {
            return Some(text!(
                "长编号被表格软件变成了科学计数法（{upper}），原值已丢失；请把该列设为“文本”格式，\
                 从原系统重新导出",
                "a spreadsheet has turned a long number into {upper} and lost the rest: format the \
                 column as text and export it again from where it came from"
            ));
        }
    }
    let digits = upper.len() > SPREADSHEET_DIGITS && upper.bytes().all(|b| b.is_ascii_digit());
    let tail = upper.get(SPREADSHEET_DIGITS..).unwrap_or("");
    if digits && tail.len() >= 5 && tail.bytes().all(|byte| byte == b'0') {
        return Some(text!(
            "编号第 15 位以后全是 0，应是表格软件按数字保存造成的；请把该列设为“文本”格式重新导出",
            "every digit after the 15th is 0, as when a spreadsheet saves a long number: format the \
             column as text and export it again"
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_scaled_exactly() {
        let degrees = |text| scaled(text, DEGREE_DECIMALS);
        assert_eq!(degrees("-2.2880219999999998"), Some(-22_880_220));
        assert_eq!(degrees("53.461151"), Some(534_611_510));
        assert_eq!(degrees("100.00000005"), Some(1_000_000_001));
        assert_eq!(degrees("0"), Some(0));
        assert_eq!(scaled("62.5", 2), Some(6_250));
        for text in [
            "",
            "-",
            "1e2",
            "121.47.2",
            "N39",
            "12,5",
            "+1",
            "1234567890",
        ] {
            assert_eq!(degrees(text), None, "{text}");
        }
    }

    #[test]
    fn dates_are_read_as_people_write_them() {
        let noon = time_ms("2026-01-02T12:00:00+08:00", 0).expect("RFC 3339");
        for text in [
            "2026-01-02 12:00",
            "2026/1/2 12:00:00",
            "2026年1月2日12时00分",
            "2026年1月2日 12时0分0秒",
            "2026.1.2 12:00",
            "2026-01-02T12:00:00",
            "2026-01-02T04:00:00Z",
            "20260102 12:00:00.000",
        ] {
            assert_eq!(time_ms(text, 8), Ok(noon), "{text}");
        }
        let midnight = noon - 12 * 3_600_000;
        for text in ["2026-01-02", "2026年1月2日", "2026/01/02", "20260102"] {
            assert_eq!(time_ms(text, 8), Ok(midnight), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_date_is_refused() {
        for text in [
            "",
            "今天",
            "2026-02-30",
            "2026-13-01",
            "01/02/2026",
            "26-1-2",
            "2026-1-2-3",
            "45293",
            "2026-01-02 25:00",
            "2026-01-02 1 2",
            "-2026-01-02",
            "2026-01-+2",
        ] {
            assert!(time_ms(text, 8).is_err(), "{text}");
        }
        let serial = time_ms("45293", 8).expect_err("a day number");
        assert!(serial.zh.contains("Excel"));
    }

    #[test]
    fn numbers_that_a_spreadsheet_mangled_are_known() {
        for text in ["6.2E+19", "6.20723E+19", "6e+19", "62072300001320000000"] {
            assert!(mangled(text).is_some(), "{text}");
        }
        for text in [
            "62072300001320000001",
            "E+1",
            "A.1E+19",
            "1000000",
            "620723000000",
        ] {
            assert!(mangled(text).is_none(), "{text}");
        }
    }

    #[test]
    fn yes_and_no_have_many_spellings() {
        assert_eq!(boolean("是"), Some(true));
        assert_eq!(boolean("否"), Some(false));
        assert_eq!(boolean("也许"), None);
        assert_eq!(integer("12.00"), Some(12));
        assert_eq!(integer("12.5"), None);
    }
}
