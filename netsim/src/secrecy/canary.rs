//! Secrets worth looking for: values that nobody can guess, made from a seed, so that a run can be
//! repeated.

use crdt_model::ids::RecordId;
use sha2::{Digest, Sha256};

const DOMAIN: &[u8] = b"countymesh canary 1\0";

/// Makes secrets.
pub struct Canary;

impl Canary {
    /// Bytes of the shortest text.
    pub const TEXT_BYTES_MIN: usize = 40;

    /// What every text of `what` under this seed begins with, whatever its length, and repeats as
    /// often as has room: 32 hexadecimal digits. To be given to [`super::needles::Needles::add`].
    pub fn secret(seed: u64, what: &str) -> String {
        hex::encode(hash(seed, b"text", what.as_bytes()))
    }

    /// A text of exactly this many bytes. Whatever is cut out of it that is long enough holds
    /// [`Self::secret`].
    pub fn text(seed: u64, what: &str, length: usize) -> String {
        assert!(length >= Self::TEXT_BYTES_MIN, "{length} bytes are too few");
        let word = format!("{} {what}. ", Self::secret(seed, what));
        let mut text = String::with_capacity(length);
        for letter in word.chars().cycle() {
            if text.len() + letter.len_utf8() > length {
                break;
            }
            text.push(letter);
        }
        // The last letter may be one that no longer fits.
        text.extend(std::iter::repeat_n('.', length - text.len()));
        text
    }

    /// A record's id.
    pub fn record(seed: u64, number: u64) -> RecordId {
        RecordId(hash(seed, b"record", &number.to_be_bytes()))
    }
}

fn hash(seed: u64, purpose: &[u8], what: &[u8]) -> [u8; 16] {
    let mut hasher = Sha256::new();
    for part in [DOMAIN, &seed.to_be_bytes(), purpose, b"\0", what] {
        hasher.update(part);
    }
    let digest: [u8; 32] = hasher.finalize().into();
    std::array::from_fn(|at| digest.get(at).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_its_length_and_begins_with_its_secret() {
        for (what, length) in [
            ("a case", 40),
            ("村民诉求", 41),
            ("村民诉求", 1000),
            ("", 40),
        ] {
            let text = Canary::text(7, what, length);
            assert_eq!(text.len(), length);
            assert!(text.starts_with(&Canary::secret(7, what)), "{text}");
            assert!(!text.chars().any(char::is_control));
        }
    }

    #[test]
    fn seeds_and_names_tell_secrets_apart_and_repeat_them() {
        assert_eq!(Canary::secret(1, "a"), Canary::secret(1, "a"));
        assert_ne!(Canary::secret(1, "a"), Canary::secret(2, "a"));
        assert_ne!(Canary::secret(1, "a"), Canary::secret(1, "b"));
        assert_eq!(Canary::record(1, 2), Canary::record(1, 2));
        assert_ne!(Canary::record(1, 2), Canary::record(1, 3));
        assert_ne!(Canary::record(1, 2), Canary::record(2, 2));
    }

    #[test]
    fn whatever_is_cut_out_of_a_long_text_holds_its_secret() {
        let text = Canary::text(3, "a long one", 4096);
        let secret = Canary::secret(3, "a long one");
        let part = 2 * (secret.len() + "a long one".len() + 3);
        for at in 0..text.len() - part {
            assert!(text[at..at + part].contains(&secret), "{at}");
        }
    }
}
