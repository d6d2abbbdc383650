//! Identifiers. Each is a type of its own over a fixed-size array or integer, so that no two can be
//! mixed up.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::limits::NAME_BYTES_MAX;

/// What is wrong with the text of an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not a 12-digit statistical division code.
    #[error("`{0}` is not a node code: 12 digits are needed, such as 620723101201")]
    Node(String),
    /// Not hexadecimal of the right length.
    #[error("`{text}` is not {bytes} bytes in hexadecimal")]
    Hex {
        /// The text as given.
        text: String,
        /// How many bytes it should stand for.
        bytes: usize,
    },
    /// A name with characters, or of a length, that names may not have.
    #[error("`{0}` is not a name: 1 to 31 of a-z, 0-9, `.`, `-`, starting with a letter")]
    Name(String),
}

/// Declares a fixed-size byte id that is shown in hexadecimal.
macro_rules! hex_id {
    ($(#[$doc:meta])* $name:ident, $bytes:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $bytes]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                let mut bytes = [0u8; $bytes];
                match hex::decode_to_slice(text, &mut bytes) {
                    Ok(()) => Ok(Self(bytes)),
                    Err(_) => Err(IdError::Hex { text: text.to_owned(), bytes: $bytes }),
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

hex_id!(
    /// A record: one grid report, case, device or notice. Random.
    RecordId,
    16
);
hex_id!(
    /// A commit's name: SHA-256 of its encoded bytes, signature included.
    CommitHash,
    32
);
hex_id!(
    /// SHA-256 of a charter's manifest.
    CharterDigest,
    32
);
hex_id!(
    /// The root of the tree over the digests of all charters up to one.
    RootHash,
    32
);
hex_id!(
    /// The Automerge actor of one author, in one epoch, on one facet.
    ActorId,
    16
);
hex_id!(
    /// A node's ed25519 public key.
    PublicKey,
    32
);

hex_id!(
    /// One start of a node's program: drawn anew at every start, so two machines that run with one
    /// key have different ones.
    Boot,
    8
);

impl CommitHash {
    /// The name of these encoded bytes.
    pub fn of(encoded: &[u8]) -> Self {
        Self(Sha256::digest(encoded).into())
    }
}

impl RecordId {
    /// The record that these bytes stand for: the first 16 bytes of their SHA-256, so that whoever
    /// makes it meets the same one. They begin with a domain of their own.
    pub fn of_digest(of: &[u8]) -> Self {
        let digest: [u8; 32] = Sha256::digest(of).into();
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        Self(id)
    }
}

/// Declares a counter-like id over `u64`.
macro_rules! counter_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

counter_id!(
    /// A charter's version: 1, 2, 3 …
    CharterVersion
);
counter_id!(
    /// Distinguishes the lives of one node's key: a node restored from a backup, or cloned, draws a
    /// new one at random, so that it can never reuse a sequence number of its former life.
    Epoch
);
counter_id!(
    /// Position of a commit among its author's commits on one facet in one epoch: 1, 2, 3 …
    Seq
);

/// A node of the mesh, named by its 12-digit statistical division code.
///
/// Source: 统计用区划代码, National Bureau of Statistics; 6 digits county, 3 township, 3 village.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u64);

impl NodeId {
    /// The number of digits in a node's code.
    pub const DIGITS: usize = 12;
    const END: u64 = 1_000_000_000_000;

    /// The node with this code as a number, if it has at most 12 digits.
    pub fn from_code(code: u64) -> Option<Self> {
        (100_000_000_000..Self::END)
            .contains(&code)
            .then_some(Self(code))
    }

    /// The code as a number.
    pub fn code(self) -> u64 {
        self.0
    }

    /// The code of the township this node is in or is, by prefix; `None` for a county.
    pub fn township(self) -> Option<Self> {
        let township = self.0 / 1000 * 1000;
        (!township.is_multiple_of(1_000_000)).then_some(Self(township))
    }

    /// The code of the county this node is in or is, by prefix.
    pub fn county(self) -> Self {
        Self(self.0 / 1_000_000 * 1_000_000)
    }

    /// The parent by prefix: a village's township, a township's county, `None` for a county.
    pub fn parent(self) -> Option<Self> {
        if self == self.county() {
            None
        } else if Some(self) == self.township() {
            Some(self.county())
        } else {
            self.township().or(Some(self.county()))
        }
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:012}", self.0)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeId({self})")
    }
}

impl FromStr for NodeId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = || IdError::Node(text.chars().take(40).collect());
        if text.len() != Self::DIGITS || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong());
        }
        let code = text.parse().map_err(|_| wrong())?;
        Self::from_code(code).ok_or_else(wrong)
    }
}

impl Serialize for NodeId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for NodeId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// A short name that a charter declares: a kind, facet, field, vocabulary, sensitivity, level or
/// role. Held inline, so that labels and facet ids are `Copy`.
///
/// 1 to 31 bytes of `a`–`z`, `0`–`9`, `.` and `-`, starting with a letter. Ordered as its text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    // Padded with zeros, which sort before every allowed byte: the derived order is that of the text.
    bytes: [u8; NAME_BYTES_MAX],
    length: u8,
}

impl Name {
    /// The name with this text, if names may have it.
    pub fn new(text: &str) -> Result<Self, IdError> {
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-');
        let good = text.len() <= NAME_BYTES_MAX
            && text.bytes().all(allowed)
            && text
                .bytes()
                .next()
                .is_some_and(|byte| byte.is_ascii_lowercase());
        if !good {
            return Err(IdError::Name(text.chars().take(40).collect()));
        }
        let mut bytes = [0; NAME_BYTES_MAX];
        bytes
            .iter_mut()
            .zip(text.bytes())
            .for_each(|(to, from)| *to = from);
        let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
        Ok(Self { bytes, length })
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..usize::from(self.length)).unwrap_or(&[]);
        std::str::from_utf8(bytes).unwrap_or("")
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{self}`")
    }
}

impl FromStr for Name {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::new(text)
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(text: &str) -> NodeId {
        text.parse().expect("a node code")
    }

    #[test]
    fn parents_follow_the_code() {
        let village = node("620723101201");
        assert_eq!(village.parent(), Some(node("620723101000")));
        assert_eq!(village.township(), Some(node("620723101000")));
        assert_eq!(node("620723101000").parent(), Some(node("620723000000")));
        assert_eq!(node("620723000000").parent(), None);
        assert_eq!(node("620723000000").township(), None);
        assert_eq!(village.county(), node("620723000000"));
    }

    #[test]
    fn wrong_codes_are_refused_with_the_form_that_is_needed() {
        for text in [
            "",
            "62072310120",
            "62072310120a",
            "6207231012011",
            "020723101201",
        ] {
            assert!(text.parse::<NodeId>().is_err(), "{text}");
        }
    }

    #[test]
    fn names_keep_to_their_alphabet_and_order_as_text() {
        for text in [
            "",
            "Case",
            "case_summary",
            "9a",
            "-a",
            &"a".repeat(32),
            "例",
        ] {
            assert!(Name::new(text).is_err(), "{text}");
        }
        let mut names = ["case.summary", "case", "device.public", "case-x"]
            .map(|text| Name::new(text).expect("a name"));
        names.sort();
        assert_eq!(
            names.map(|name| name.to_string()),
            ["case", "case-x", "case.summary", "device.public"]
        );
    }

    #[test]
    fn hexadecimal_round_trips_and_refuses_the_rest() {
        let id: RecordId = "000102030405060708090a0b0c0d0e0f".parse().expect("hex");
        assert_eq!(id.to_string(), "000102030405060708090a0b0c0d0e0f");
        assert!(
            "zz0102030405060708090a0b0c0d0e0f"
                .parse::<RecordId>()
                .is_err()
        );
        let capital: RecordId = "000102030405060708090A0b0C0d0E0F".parse().expect("hex");
        assert_eq!(capital, id);
        assert!("00".parse::<RecordId>().is_err());
        assert!(format!("{id}0").parse::<RecordId>().is_err());
        assert!(format!("{id}00").parse::<RecordId>().is_err());
        assert!(format!("{id}\n").parse::<RecordId>().is_err());
        assert!("\u{e9}".repeat(16).parse::<RecordId>().is_err());
        assert!(
            "+00102030405060708090a0b0c0d0e0f"
                .parse::<RecordId>()
                .is_err()
        );
    }
}
