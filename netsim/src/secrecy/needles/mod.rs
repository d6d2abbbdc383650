//! Finding secrets in bytes: in frames, on disks, in logs, in answers.
//!
//! A secret is looked for as it is, in hexadecimal of either case, and in base64 of either alphabet
//! at each of its three alignments, without the characters that depend on what stands beside it;
//! and in all these ways for the first 16 bytes of its SHA-256, so that the whole hash is found
//! too. Each is one pattern of at least 16 bytes that nobody can guess: what is found is there.
//!
//! One pass looks at every window of eight bytes. A Bloom filter of two bits a pattern, an eighth
//! full at most, lets about one window in 64 pass by chance; those are looked up among the
//! patterns' first eight bytes, and only patterns that begin so are compared.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

/// Bytes that a secret has at least.
pub const SECRET_BYTES_MIN: usize = 16;

/// Bits of the filter for each pattern at least, and in all at the start.
const FILTER_BITS_EACH: usize = 16;
const FILTER_BITS_LOG_MIN: u32 = 20;
/// An odd number without pattern: 2^64 over the golden ratio.
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
const WINDOW: usize = 8;

/// How a secret was written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Form {
    /// As it is.
    Raw,
    /// In hexadecimal with small letters, or without letters.
    Hex,
    /// In hexadecimal with capital letters.
    HexCapital,
    /// In base64, with `+` and `/` where it needs them.
    Base64,
    /// In base64 with `-` or `_`.
    Base64Url,
}

/// A secret that was found.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Found {
    /// Where it begins.
    pub at: usize,
    /// Whose it is.
    pub owner: u32,
    /// Whether it is not the secret but its SHA-256.
    pub hashed: bool,
    /// How it is written.
    pub form: Form,
}

/// Secrets to be found. What is added is found from then on.
#[derive(Debug)]
pub struct Needles {
    /// One bit for each value of a mixed window.
    filter: Vec<u64>,
    filter_bits_log: u32,
    /// The first bytes of each pattern, with the number of the pattern.
    windows: BTreeSet<(u64, u32)>,
    patterns: Vec<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    bytes: Box<[u8]>,
    owner: u32,
    hashed: bool,
    form: Form,
}

impl Default for Needles {
    fn default() -> Self {
        Self {
            filter: empty_filter(FILTER_BITS_LOG_MIN),
            filter_bits_log: FILTER_BITS_LOG_MIN,
            windows: BTreeSet::new(),
            patterns: Vec::new(),
        }
    }
}

impl Needles {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a secret of at least [`SECRET_BYTES_MIN`] bytes that nobody can guess. Adding it again
    /// for the same owner changes nothing.
    pub fn add(&mut self, owner: u32, secret: &[u8]) {
        assert!(
            secret.len() >= SECRET_BYTES_MIN,
            "{} bytes are no secret",
            secret.len()
        );
        if self.knows(owner, secret) {
            return;
        }
        let digest = Sha256::digest(secret);
        let half = digest.get(..SECRET_BYTES_MIN).unwrap_or(&[]);
        for (content, hashed) in [(secret, false), (half, true)] {
            for (form, bytes) in forms(content) {
                self.add_pattern(Pattern {
                    bytes: bytes.into_boxed_slice(),
                    owner,
                    hashed,
                    form,
                });
            }
        }
    }

    /// How many patterns are looked for.
    pub fn patterns(&self) -> usize {
        self.patterns.len()
    }

    /// Everything that is found, in the order of where it begins.
    pub fn find(&self, haystack: &[u8]) -> Vec<Found> {
        let mut found = Vec::new();
        let mut window = 0;
        for (index, byte) in haystack.iter().enumerate() {
            window = window << 8 | u64::from(*byte);
            if self.may_begin(window) && index + 1 >= WINDOW {
                self.compare(window, haystack, index + 1 - WINDOW, &mut found);
            }
        }
        found
    }

    fn compare(&self, window: u64, haystack: &[u8], at: usize, found: &mut Vec<Found>) {
        let rest = haystack.get(at..).unwrap_or(&[]);
        let here = found.len();
        for pattern in self.beginning_with(window) {
            if rest.starts_with(&pattern.bytes) {
                found.push(Found {
                    at,
                    owner: pattern.owner,
                    hashed: pattern.hashed,
                    form: pattern.form,
                });
            }
        }
        if let Some(here) = found.get_mut(here..) {
            here.sort_unstable();
        }
    }

    fn beginning_with(&self, window: u64) -> impl Iterator<Item = &Pattern> {
        self.windows
            .range((window, 0)..=(window, u32::MAX))
            .filter_map(|(_, number)| self.patterns.get(*number as usize))
    }

    fn knows(&self, owner: u32, secret: &[u8]) -> bool {
        self.beginning_with(first_window(secret)).any(|pattern| {
            let same = *pattern.bytes == *secret && pattern.owner == owner;
            same && !pattern.hashed && pattern.form == Form::Raw
        })
    }

    fn add_pattern(&mut self, pattern: Pattern) {
        let window = first_window(&pattern.bytes);
        let number = u32::try_from(self.patterns.len()).unwrap_or(u32::MAX);
        self.patterns.push(pattern);
        self.windows.insert((window, number));
        if self.patterns.len() * FILTER_BITS_EACH > 1 << self.filter_bits_log {
            self.filter_bits_log += 1;
            self.filter = empty_filter(self.filter_bits_log);
            let windows = self.windows.iter().map(|(window, _)| *window);
            windows
                .flat_map(|window| bits_of(window, self.filter_bits_log))
                .for_each(|bit| set_bit(&mut self.filter, bit));
        } else {
            for bit in bits_of(window, self.filter_bits_log) {
                set_bit(&mut self.filter, bit);
            }
        }
    }

    #[inline]
    fn may_begin(&self, window: u64) -> bool {
        bits_of(window, self.filter_bits_log).iter().all(|bit| {
            let word = self.filter.get((bit >> 6) as usize);
            word.is_some_and(|word| word >> (bit & 63) & 1 == 1)
        })
    }
}

fn empty_filter(bits_log: u32) -> Vec<u64> {
    vec![0; 1 << (bits_log - 6)]
}

fn set_bit(filter: &mut [u64], bit: u64) {
    if let Some(word) = filter.get_mut((bit >> 6) as usize) {
        *word |= 1 << (bit & 63);
    }
}

/// The two bits of a filter that stand for a window.
#[inline]
fn bits_of(window: u64, bits_log: u32) -> [u64; 2] {
    let mixed = (window ^ (window >> 32)).wrapping_mul(MIX);
    let again = (mixed ^ (mixed >> 29)).wrapping_mul(MIX);
    [mixed >> (64 - bits_log), again >> (64 - bits_log)]
}

fn first_window(bytes: &[u8]) -> u64 {
    let first = bytes.iter().take(WINDOW);
    first.fold(0, |window, byte| window << 8 | u64::from(*byte))
}

/// All ways to write a secret, each way once.
fn forms(secret: &[u8]) -> Vec<(Form, Vec<u8>)> {
    let hex = hex::encode(secret);
    let capital = hex.to_uppercase();
    let mut forms = vec![(Form::Raw, secret.to_vec())];
    if capital != hex {
        forms.push((Form::HexCapital, capital.into_bytes()));
    }
    forms.push((Form::Hex, hex.into_bytes()));
    // The secret may begin at any of three bytes of a group of four characters: of the character
    // that it shares with what stands before it, its first 0, 4 or 2 bits belong to it.
    for shared in [0, 4, 2] {
        let standard = base64(secret, shared, *b"+/");
        let url = base64(secret, shared, *b"-_");
        if url != standard {
            forms.push((Form::Base64Url, url));
        }
        forms.push((Form::Base64, standard));
    }
    forms
}

/// The characters that the bits from `skipped` on are written as, as far as they fill characters.
fn base64(secret: &[u8], skipped: usize, last_two: [u8; 2]) -> Vec<u8> {
    let bits = secret.len() * 8;
    let bit = |at: usize| {
        let byte = secret.get(at / 8).copied().unwrap_or_default();
        byte >> (7 - at % 8) & 1
    };
    (skipped..=bits - 6)
        .step_by(6)
        .map(|at| (at..at + 6).fold(0, |value, at| value << 1 | bit(at)))
        .map(|value| match value {
            0..=25 => b'A' + value,
            26..=51 => b'a' + (value - 26),
            52..=61 => b'0' + (value - 52),
            62 => last_two[0],
            _ => last_two[1],
        })
        .collect()
}

#[cfg(test)]
mod tests;
