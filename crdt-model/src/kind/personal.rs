//! Numbers that belong to a person, found in texts that are not meant for them. Which facet refuses
//! which is content of the charter; how one is told from another number is here.
//!
//! A number stands by itself: no ASCII letter or digit is next to it. Full-width digits count, and one
//! blank or hyphen between two digits is read over.
//!
//! Every node judges the same values, so the answer depends on the text and on the facet's home alone.

use serde::{Deserialize, Serialize};

use crate::ids::NodeId;

/// What a facet can refuse.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Detector {
    /// A citizen's identity number: 18 characters with a date and the check character of GB 11643.
    IdentityNumber,
    /// A mobile number: 11 digits from 13 to 19, with or without 86 before it.
    PhoneNumber,
    /// A bank card: 16 to 19 digits from 4, 5 or 62, with the check digit of ISO/IEC 7812. Numbers that
    /// begin with a division code of home's are no bank cards: 62 is also Gansu's code.
    BankCard,
}

impl Detector {
    /// Its name in a charter.
    pub fn name(self) -> &'static str {
        match self {
            Self::IdentityNumber => "identity-number",
            Self::PhoneNumber => "phone-number",
            Self::BankCard => "bank-card",
        }
    }

    /// The first of these whose number a text has. `home` is that of its facet; without one, the
    /// county's own numbers are not known.
    pub fn first_in(refused: &[Self], home: Option<NodeId>, text: &str) -> Option<Self> {
        let numbers = text.chars().map(narrow).filter(char::is_ascii_digit);
        if refused.is_empty() || numbers.count() < DIGITS_MIN {
            return None;
        }
        let rows = rows(text);
        let found = |detector: &&Self| {
            rows.iter().any(|row| {
                let mut windows = (1..=GROUPS_MAX).flat_map(|count| row.windows(count));
                windows.any(|groups| detector.is(groups, home))
            })
        };
        refused.iter().find(found).copied()
    }

    /// Whether groups of digits are such a number, parted as people part it.
    fn is(self, groups: &[String], home: Option<NodeId>) -> bool {
        let number = groups.concat();
        let lengths: Vec<usize> = groups.iter().map(String::len).collect();
        match (self, lengths.as_slice()) {
            (Self::IdentityNumber, [18] | [6, 8, 4]) => is_identity_number(&number),
            (Self::PhoneNumber, [11 | 13] | [2, 11] | [3, 4, 4] | [2, 3, 4, 4]) => {
                is_phone_number(&number)
            }
            (Self::BankCard, [16..=19] | [4, 4, 4, 4] | [4, 4, 4, 4, 1..=3]) => {
                is_bank_card(&number)
                    && !home.is_some_and(|home| begins_with_division(&number, home))
            }
            _ => false,
        }
    }
}

/// The digits that any of the numbers has, at least.
const DIGITS_MIN: usize = 11;
/// The groups that a number is parted into, at most.
const GROUPS_MAX: usize = 5;

/// The numbers that stand by themselves in a text, those in a row that one blank or hyphen parts.
fn rows(text: &str) -> Vec<Vec<String>> {
    let narrow: String = text.chars().map(narrow).collect();
    let others = |letter: char| !(letter.is_ascii_alphanumeric() || matches!(letter, ' ' | '-'));
    let mut rows = vec![Vec::new()];
    for group in narrow.split(others).flat_map(|run| {
        let groups = run.split([' ', '-']);
        // What follows is another row.
        groups.chain([""])
    }) {
        match (
            group.starts_with(|letter: char| letter.is_ascii_digit()),
            rows.last_mut(),
        ) {
            (true, Some(row)) => row.push(group.to_ascii_uppercase()),
            _ => rows.push(Vec::new()),
        }
    }
    rows
}

/// A full-width letter or digit as the narrow one.
fn narrow(letter: char) -> char {
    match u32::from(letter) {
        wide @ 0xff01..=0xff5e => char::from_u32(wide - 0xfee0).unwrap_or(letter),
        _ => letter,
    }
}

fn digits(number: &str) -> Option<Vec<u32>> {
    number.chars().map(|digit| digit.to_digit(10)).collect()
}

fn is_identity_number(number: &str) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];
    let (Some(body), Some(check)) = (number.get(..17), number.get(17..)) else {
        return false;
    };
    let Some(body) = digits(body) else {
        return false;
    };
    let part = |from: usize, to: usize| {
        let digits = body.get(from..to).unwrap_or_default();
        digits.iter().fold(0, |value, digit| value * 10 + digit)
    };
    let (year, month, day) = (part(6, 10), part(10, 12), part(12, 14));
    let dated =
        (1880..2100).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    let sum: u32 = body.iter().zip(WEIGHTS).map(|(one, by)| one * by).sum();
    let expected = CHECKS.get((sum % 11) as usize);
    let mut last = check.chars();
    dated && last.next().as_ref() == expected && last.next().is_none()
}

fn is_phone_number(number: &str) -> bool {
    let number = match number.len() {
        13 => number.strip_prefix("86").unwrap_or(number),
        _ => number,
    };
    let mut first = number.chars();
    number.len() == 11
        && digits(number).is_some()
        && first.next() == Some('1')
        && first
            .next()
            .is_some_and(|second| ('3'..='9').contains(&second))
}

fn is_bank_card(number: &str) -> bool {
    let issued = ["4", "5", "62"]
        .iter()
        .any(|begin| number.starts_with(begin));
    let Some(digits) = digits(number).filter(|digits| (16..=19).contains(&digits.len())) else {
        return false;
    };
    let doubled = |(at, digit): (usize, &u32)| match at % 2 {
        0 => *digit,
        _ => digit * 2 / 10 + digit * 2 % 10,
    };
    let sum: u32 = digits.iter().rev().enumerate().map(doubled).sum();
    issued && sum.is_multiple_of(10)
}

/// Whether a number begins with the division code of home's county, prefecture or province (GB/T 2260:
/// six digits, two for each), as the county's own numbers of devices, certificates and reports do.
fn begins_with_division(number: &str, home: NodeId) -> bool {
    const BELOW_COUNTY: u64 = 1_000_000;
    let county = home.county().code() / BELOW_COUNTY;
    let divisions = [county, county / 100 * 100, county / 10_000 * 10_000];
    divisions
        .iter()
        .any(|division| number.starts_with(&format!("{division:06}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Detector; 3] = [
        Detector::IdentityNumber,
        Detector::PhoneNumber,
        Detector::BankCard,
    ];

    fn found(text: &str) -> Vec<Detector> {
        found_at("620723101207", text)
    }

    fn found_at(home: &str, text: &str) -> Vec<Detector> {
        let home = home.parse().ok();
        let finds = |one: &Detector| Detector::first_in(&[*one], home, text).is_some();
        ALL.into_iter().filter(finds).collect()
    }

    #[test]
    fn the_countys_own_numbers_are_no_bank_cards() {
        // All have the check digit of a card.
        for own in [
            "6207232026000007",
            "6207 2320 2600 0007",
            "6207231012010012",
            "62072310120100108",
            "620723101201001002",
            "6207230000000000007",
            "6207002026000004",
            "6200002026000001",
        ] {
            assert!(is_bank_card(&own.replace(' ', "")), "{own}");
            assert_eq!(found(own), [], "{own}");
            assert_eq!(found(&format!("编号{own}，见附件")), [], "{own}");
            assert_eq!(found_at("510107001001", own), [Detector::BankCard], "{own}");
        }
        // Of every run of numbers a tenth has it.
        let run = (0..1000).map(|serial| format!("6207232026{serial:06}"));
        assert_eq!(run.filter(|own| !found(own).is_empty()).count(), 0);
    }

    #[test]
    fn residents_identity_numbers_begin_with_the_countys_code_and_are_found() {
        for number in ["620723195001010018", "62072320261101001X"] {
            let body = number.get(..17).expect("17 digits");
            let checked = (0..10)
                .map(|digit| digit.to_string())
                .chain(["X".to_owned()])
                .map(|check| format!("{body}{check}"));
            let found: Vec<String> = checked.filter(|one| !found(one).is_empty()).collect();
            assert_eq!(found.len(), 1, "{number}");
        }
    }

    #[test]
    fn numbers_of_persons_are_found_however_they_are_written() {
        use Detector::{BankCard, IdentityNumber, PhoneNumber};
        // The example of GB 11643, and numbers that nobody has.
        for (text, expected) in [
            ("身份证11010519491231002X，已核", IdentityNumber),
            ("身份证 11010519491231002x", IdentityNumber),
            ("１１０１０５１９４９１２３１００２Ｘ", IdentityNumber),
            ("110105 19491231 002X", IdentityNumber),
            ("电话13900000000转告", PhoneNumber),
            ("+86 139-0000-0000", PhoneNumber),
            ("8613900000000", PhoneNumber),
            ("卡号6222020000000000000。", BankCard),
            ("4111 1111 1111 1111", BankCard),
            // Beside another number, too.
            ("13900000000 13800000000", PhoneNumber),
            ("2026-11-27 13900000000", PhoneNumber),
            ("3-13900000000", PhoneNumber),
        ] {
            assert_eq!(found(text), [expected], "{text}");
        }
    }

    #[test]
    fn other_numbers_are_left_alone() {
        for text in [
            "110105194912310021",   // the check character is another
            "110105194913310028",   // no such month
            "62072310120713200001", // a device
            "620723101207001",      // a grid
            "620723101207",         // a division
            "12900000000",          // no mobile number
            "139000000001",         // one digit more
            "a13900000000",         // part of a word
            "0936-5521234",         // a land line
            "6222020000000000001",  // the check digit is another
            "2026-11-27 09:30",
            "1998-10-01 101", // a date and a room
            "LZ-620723101207-2026-000001",
            "",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }
}
