//! The canonical byte form that commits, messages and stored entries share: each value has exactly
//! one encoding, and decoding refuses every other.
//!
//! ```text
//! u8, u64 be    fixed width, big endian
//! varint        LEB128, at most 10 bytes, no superfluous zero groups
//! signed        zigzag, then varint
//! bytes         varint length, then the bytes
//! name          u8 length (1–31), then the text
//! node          5 bytes, big endian: the 12-digit code as a number
//! ```

use crate::ids::{Name, NodeId};

/// Why bytes are not a canonical encoding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The input ended early.
    #[error("ends in the middle of {0}")]
    Truncated(&'static str),
    /// Bytes follow where the value has ended.
    #[error("{0} bytes too many at the end")]
    TrailingBytes(usize),
    /// A value has an encoding that is not the one it should have.
    #[error("{0} is not in its canonical form")]
    NotCanonical(&'static str),
    /// A count or length is over its limit.
    #[error("{what}: {count}, where at most {count_max} are allowed")]
    TooMany {
        /// What was counted.
        what: &'static str,
        /// As given.
        count: u64,
        /// As allowed.
        count_max: usize,
    },
    /// A value that this version does not know.
    #[error("{0} has a value that is not known")]
    Unknown(&'static str),
}

/// Writes canonical encodings.
#[derive(Default, Debug)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty one, with room for so many bytes.
    pub fn with_room(bytes: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(bytes),
        }
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// How much was written, in bytes.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// One byte.
    pub fn u8(&mut self, value: u8) -> &mut Self {
        self.bytes.push(value);
        self
    }

    /// Eight bytes, big endian.
    pub fn u64_be(&mut self, value: u64) -> &mut Self {
        self.raw(&value.to_be_bytes())
    }

    /// A whole number in as few bytes as it needs.
    pub fn varint(&mut self, mut value: u64) -> &mut Self {
        while value >= 0x80 {
            self.bytes.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.u8(value as u8)
    }

    /// A length or count.
    pub fn count(&mut self, value: usize) -> &mut Self {
        self.varint(value as u64)
    }

    /// A signed whole number, zigzag.
    pub fn signed(&mut self, value: i64) -> &mut Self {
        self.varint(((value << 1) ^ (value >> 63)) as u64)
    }

    /// Bytes as they are, for fixed-size values.
    pub fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// Bytes after their length.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.count(bytes.len()).raw(bytes)
    }

    /// A name after its length.
    pub fn name(&mut self, name: Name) -> &mut Self {
        let text = name.as_str().as_bytes();
        self.u8(text.len() as u8).raw(text)
    }

    /// A node's code in five bytes.
    pub fn node(&mut self, node: NodeId) -> &mut Self {
        let code = node.code().to_be_bytes();
        self.raw(code.get(3..).unwrap_or(&[]))
    }
}

/// Reads canonical encodings, refusing everything else. Never allocates more than its input.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Checks that everything was read.
    pub fn finish(self) -> Result<(), DecodeError> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(DecodeError::TrailingBytes(left)),
        }
    }

    /// How many bytes are left.
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// A slice of exactly this many bytes.
    pub fn slice(&mut self, length: usize, what: &'static str) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(DecodeError::Truncated(what))?;
        self.rest = rest;
        Ok(taken)
    }

    /// Bytes of a fixed size.
    pub fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], DecodeError> {
        let slice = self.slice(N, what)?;
        slice.try_into().map_err(|_| DecodeError::Truncated(what))
    }

    /// One byte.
    pub fn u8(&mut self, what: &'static str) -> Result<u8, DecodeError> {
        Ok(u8::from_be_bytes(self.array(what)?))
    }

    /// Eight bytes, big endian.
    pub fn u64_be(&mut self, what: &'static str) -> Result<u64, DecodeError> {
        Ok(u64::from_be_bytes(self.array(what)?))
    }

    /// A whole number.
    pub fn varint(&mut self, what: &'static str) -> Result<u64, DecodeError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8(what)?;
            let group = u64::from(byte & 0x7f);
            if shift == 63 && group > 1 || shift > 0 && byte == 0 {
                return Err(DecodeError::NotCanonical(what));
            }
            value |= group << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(DecodeError::NotCanonical(what))
    }

    /// A length or count within its limit.
    pub fn count(&mut self, count_max: usize, what: &'static str) -> Result<usize, DecodeError> {
        let count = self.varint(what)?;
        usize::try_from(count)
            .ok()
            .filter(|count| *count <= count_max)
            .ok_or(DecodeError::TooMany {
                what,
                count,
                count_max,
            })
    }

    /// A signed whole number.
    pub fn signed(&mut self, what: &'static str) -> Result<i64, DecodeError> {
        let value = self.varint(what)?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// Bytes after their length.
    pub fn bytes(&mut self, bytes_max: usize, what: &'static str) -> Result<&'a [u8], DecodeError> {
        let length = self.count(bytes_max, what)?;
        self.slice(length, what)
    }

    /// UTF-8 text after its length in bytes.
    pub fn text(&mut self, bytes_max: usize, what: &'static str) -> Result<&'a str, DecodeError> {
        std::str::from_utf8(self.bytes(bytes_max, what)?)
            .map_err(|_| DecodeError::NotCanonical(what))
    }

    /// A name.
    pub fn name(&mut self, what: &'static str) -> Result<Name, DecodeError> {
        let length = usize::from(self.u8(what)?);
        let text = std::str::from_utf8(self.slice(length, what)?);
        let text = text.map_err(|_| DecodeError::NotCanonical(what))?;
        Name::new(text).map_err(|_| DecodeError::NotCanonical(what))
    }

    /// A node's code.
    pub fn node(&mut self, what: &'static str) -> Result<NodeId, DecodeError> {
        let bytes: [u8; 5] = self.array(what)?;
        let code = bytes
            .iter()
            .fold(0u64, |code, byte| code << 8 | u64::from(*byte));
        NodeId::from_code(code).ok_or(DecodeError::NotCanonical(what))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_padded_varint_is_refused() {
        assert_eq!(
            Reader::new(&[0x80, 0x00]).varint("it"),
            Err(DecodeError::NotCanonical("it"))
        );
        let eleven = [0xff; 11];
        assert_eq!(
            Reader::new(&eleven).varint("it"),
            Err(DecodeError::NotCanonical("it"))
        );
    }

    #[test]
    fn a_length_beyond_the_input_is_refused_before_it_is_taken() {
        let mut writer = Writer::new();
        writer.count(1_000_000);
        let bytes = writer.into_bytes();
        assert_eq!(
            Reader::new(&bytes).bytes(2_000_000, "it"),
            Err(DecodeError::Truncated("it"))
        );
    }

    proptest! {
        #[test]
        fn numbers_round_trip(unsigned: u64, signed: i64) {
            let mut writer = Writer::new();
            writer.varint(unsigned).signed(signed);
            let bytes = writer.into_bytes();
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(reader.varint("it"), Ok(unsigned));
            prop_assert_eq!(reader.signed("it"), Ok(signed));
            prop_assert_eq!(reader.finish(), Ok(()));
        }

        #[test]
        fn what_decodes_encodes_to_the_same_bytes(bytes: Vec<u8>) {
            let mut reader = Reader::new(&bytes);
            if let Ok(value) = reader.varint("it") {
                let mut writer = Writer::new();
                writer.varint(value);
                prop_assert_eq!(writer.into_bytes(), &bytes[..bytes.len() - reader.remaining()]);
            }
        }
    }
}
