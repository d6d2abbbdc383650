//! Digests of items, their sum, and the fingerprint of a sum.

use sha2::{Digest, Sha256};

use super::position::Position;
use crate::encoding::Writer;

const ITEM_DOMAIN: &[u8] = b"countymesh item 1\0";
const FINGERPRINT_DOMAIN: &[u8] = b"countymesh fingerprint 1\0";

/// What one facet adds to a sum: SHA-256 over domain, label, record and the digest of its heads.
///
/// It binds the position, so that the same heads elsewhere are another item; it is therefore stored
/// and summed as it is, and takes 32 bytes an item and no more.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ItemDigest([u8; 32]);

impl ItemDigest {
    /// The digest of the facet at `position` whose heads have the digest `heads`.
    pub fn of(position: &Position, heads: &[u8; 32]) -> Self {
        let Position { label, record } = position;
        let mut writer = Writer::new();
        writer.raw(ITEM_DOMAIN).name(label.facet);
        writer.node(label.home).node(label.addressee);
        writer.name(label.grade.sensitivity).name(label.grade.level);
        writer.raw(&record.0).raw(heads);
        Self(Sha256::digest(writer.into_bytes()).into())
    }

    #[cfg(test)]
    pub(super) fn of_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The part of it that travels in lists.
    pub fn short(&self) -> ShortDigest {
        ShortDigest(first_half(&self.0))
    }
}

/// The first 16 bytes of an [`ItemDigest`]: enough to see that two nodes hold other commits of one
/// facet.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ShortDigest(pub [u8; 16]);

/// A sum of item digests, each taken as a little-endian number, modulo 2^256.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Sum([u64; 4]);

impl Sum {
    fn of(digest: &ItemDigest) -> Self {
        let mut limbs = [0; 4];
        for (limb, bytes) in limbs.iter_mut().zip(digest.0.as_chunks::<8>().0) {
            *limb = u64::from_le_bytes(*bytes);
        }
        Self(limbs)
    }

    fn plus(mut self, other: &Self) -> Self {
        let mut carry = false;
        for (limb, added) in self.0.iter_mut().zip(other.0) {
            (*limb, carry) = limb.carrying_add(added, carry);
        }
        self
    }

    fn minus(mut self, other: &Self) -> Self {
        let mut borrow = false;
        for (limb, taken) in self.0.iter_mut().zip(other.0) {
            (*limb, borrow) = limb.borrowing_sub(taken, borrow);
        }
        self
    }
}

/// How many items there are, and the sum of their digests.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Total {
    count: u64,
    sum: Sum,
}

impl Total {
    /// Of no items.
    pub const ZERO: Self = Self {
        count: 0,
        sum: Sum([0; 4]),
    };

    /// Of one item.
    pub fn of(digest: &ItemDigest) -> Self {
        Self {
            count: 1,
            sum: Sum::of(digest),
        }
    }

    /// How many items.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Of these items and those, which must be others.
    #[must_use]
    pub fn plus(self, other: &Self) -> Self {
        Self {
            count: self.count.wrapping_add(other.count),
            sum: self.sum.plus(&other.sum),
        }
    }

    /// Of these items without those, which must be among them.
    #[must_use]
    pub fn minus(self, other: &Self) -> Self {
        Self {
            count: self.count.wrapping_sub(other.count),
            sum: self.sum.minus(&other.sum),
        }
    }

    /// SHA-256 over domain, count and sum: equal for equal sets of items.
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(FINGERPRINT_DOMAIN);
        hasher.update(self.count.to_be_bytes());
        for limb in self.sum.0 {
            hasher.update(limb.to_be_bytes());
        }
        hasher.finalize().into()
    }

    /// What travels in place of the items.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint {
            count: self.count,
            hash: first_half(&self.digest()),
        }
    }
}

fn first_half(digest: &[u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    half.iter_mut()
        .zip(digest)
        .for_each(|(to, from)| *to = *from);
    half
}

/// Stands for a set of items: equal for equal sets.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Fingerprint {
    /// How many items the set has. Another node's word: take it as a hint, never as a size.
    pub count: u64,
    /// The first 16 bytes of [`Total::digest`].
    pub hash: [u8; 16],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_carry_and_borrow_across_limbs() {
        let ones = Total::of(&ItemDigest([0xff; 32]));
        let mut one = [0; 32];
        one[0] = 1;
        let one = Total::of(&ItemDigest(one));
        let sum = ones.plus(&one);
        assert_eq!(sum.sum, Sum([0; 4]));
        assert_eq!(sum.count(), 2);
        assert_eq!(sum.minus(&one), ones);
        assert_ne!(sum.fingerprint(), Total::ZERO.fingerprint());
    }
}
