//! One record, one code (一案一码): a short form of a record's home and id that people can read out,
//! write on paper and type. It follows from the two alone, so nobody has to hand codes out, and no two
//! nodes can give the same one.
//!
//! ```text
//! 101201-7K3M-Q2F9-C
//! ------ --------- -
//! |      |         check character, ISO/IEC 7064 MOD 37,36
//! |      the first 40 bits of the id, in Crockford's base 32
//! home's code without the county
//! ```

use std::fmt;
use std::str::FromStr;

use crate::ids::{NodeId, RecordId};

/// The alphabet of Crockford's base 32: no I, L, O or U, which are misread.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const PREFIX_BYTES: usize = 5;
const SYMBOLS: usize = 8;
const HOME_DIGITS: usize = 6;

/// The code of a record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RecordCode {
    /// Home's code without the county's six digits.
    home: u32,
    /// The first bytes of the record's id.
    prefix: [u8; PREFIX_BYTES],
}

/// Why a text is no code.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoCode {
    /// It has not the form of one.
    #[error("a code is written like 101201-7K3M-Q2F9-C")]
    Form,
    /// A character is wrong, or two have changed places.
    #[error("the check character does not fit: a character is wrong, or two have changed places")]
    Check,
}

impl RecordCode {
    /// The code of a record.
    pub fn of(home: NodeId, record: RecordId) -> Self {
        let digits = home.to_string();
        let own = digits.get(digits.len() - HOME_DIGITS..).unwrap_or_default();
        let mut prefix = [0; PREFIX_BYTES];
        prefix.copy_from_slice(&record.0[..PREFIX_BYTES]);
        Self {
            home: own.parse().unwrap_or(0),
            prefix,
        }
    }

    /// The first bytes of the ids that have this code.
    pub fn id_prefix(&self) -> &[u8] {
        &self.prefix
    }

    /// Whether it is the code of this record.
    pub fn is_of(&self, home: NodeId, record: RecordId) -> bool {
        *self == Self::of(home, record)
    }

    fn text(&self) -> String {
        let bits = self
            .prefix
            .iter()
            .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        let symbol = |at: usize| {
            let value = bits >> (5 * (SYMBOLS - 1 - at)) & 31;
            char::from(ALPHABET[value as usize])
        };
        let symbols: String = (0..SYMBOLS).map(symbol).collect();
        format!("{:06}{symbols}", self.home)
    }
}

impl fmt::Display for RecordCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text();
        let (home, id) = text.split_at(HOME_DIGITS);
        let (one, other) = id.split_at(SYMBOLS / 2);
        write!(f, "{home}-{one}-{other}-{}", check_character(&text))
    }
}

impl FromStr for RecordCode {
    type Err = NoCode;

    /// Reads a code; small letters, spaces and other places of the hyphens do not matter, nor does an
    /// O for 0, or an I or L for 1.
    fn from_str(text: &str) -> Result<Self, NoCode> {
        let read = |character: char| match character.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        let characters = text
            .chars()
            .filter(|one| !matches!(one, '-' | ' ' | '—' | '－'));
        let typed: String = characters.take(HOME_DIGITS + SYMBOLS + 2).collect();
        let last = typed.chars().next_back().ok_or(NoCode::Form)?;
        let body: String = typed
            .chars()
            .map(read)
            .take(HOME_DIGITS + SYMBOLS)
            .collect();
        if typed.chars().count() != HOME_DIGITS + SYMBOLS + 1 || !body.is_ascii() {
            return Err(NoCode::Form);
        }
        let (home, symbols) = body.split_at(HOME_DIGITS);
        let mut bits = 0_u64;
        for symbol in symbols.bytes() {
            let value = ALPHABET.iter().position(|one| *one == symbol);
            bits = bits << 5 | value.ok_or(NoCode::Form)? as u64;
        }
        let mut prefix = [0; PREFIX_BYTES];
        prefix.copy_from_slice(&bits.to_be_bytes()[8 - PREFIX_BYTES..]);
        let digits = home.bytes().all(|digit| digit.is_ascii_digit());
        let home = home.parse().ok().filter(|_| digits).ok_or(NoCode::Form)?;
        let fits = check_character(&body) == last.to_ascii_uppercase();
        fits.then_some(Self { home, prefix }).ok_or(NoCode::Check)
    }
}

/// The check character of digits and capital letters: ISO/IEC 7064, MOD 37,36.
fn check_character(text: &str) -> char {
    const CHARACTERS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut product = 36;
    for byte in text.bytes() {
        let value = CHARACTERS.iter().position(|one| *one == byte).unwrap_or(0);
        let sum = (product + value) % 36;
        product = if sum == 0 { 36 } else { sum } * 2 % 37;
    }
    char::from(CHARACTERS[(37 - product) % 36])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code() -> RecordCode {
        let home = "620723101201".parse().expect("a node");
        let id = [
            0xf3, 0x21, 0x0a, 0x9b, 0x5c, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
        ];
        RecordCode::of(home, RecordId(id))
    }

    #[test]
    fn the_check_character_is_that_of_the_standard() {
        // The example of the Global Release Identifier, A1-2425G-ABC1234002-M.
        assert_eq!(check_character("A12425GABC1234002"), 'M');
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let text = code().to_string();
        assert_eq!(text.len(), "101201-7K3M-Q2F9-C".len());
        assert!(text.starts_with("101201-"), "{text}");
        assert_eq!(text.parse(), Ok(code()));
        let typed = text.to_lowercase().replace('-', " ").replace('0', "o");
        assert_eq!(typed.parse(), Ok(code()), "{typed}");
        assert_eq!(code().id_prefix(), [0xf3, 0x21, 0x0a, 0x9b, 0x5c]);
    }

    #[test]
    fn one_wrong_character_and_two_that_changed_places_are_found() {
        let text = code().to_string().replace('-', "");
        let mut found = 0;
        for at in 0..text.len() {
            for symbol in "0123456789ABCDEFGHJKMNPQRSTVWXYZ".chars() {
                let mut typed: Vec<char> = text.chars().collect();
                typed[at] = symbol;
                let typed: String = typed.into_iter().collect();
                assert!(
                    typed == text || typed.parse::<RecordCode>().is_err(),
                    "{typed}"
                );
                found += usize::from(typed != text);
            }
            let mut typed: Vec<char> = text.chars().collect();
            if at + 1 < typed.len() && typed[at] != typed[at + 1] {
                typed.swap(at, at + 1);
                let typed: String = typed.into_iter().collect();
                assert!(typed.parse::<RecordCode>().is_err(), "{typed}");
            }
        }
        assert!(found > 400);
    }

    #[test]
    fn what_is_no_code_is_refused() {
        for text in [
            "",
            "101201",
            "101201-7K3M-Q2F9-C-1",
            "一百零一",
            "10120a-7K3M-Q2F9-C",
            "+01201-7K3M-Q2F9-C",
        ] {
            assert_eq!(text.parse::<RecordCode>(), Err(NoCode::Form), "{text}");
        }
    }
}
