//! The Merkle tree over the digests of all charters, the oldest first.
//!
//! ```text
//! leaf  SHA-256(0x00 ‖ digest)
//! node  SHA-256(0x01 ‖ left ‖ right); the left side is the largest power of two below the size
//! ```
//!
//! Source: RFC 6962 §2.1.

use sha2::{Digest, Sha256};

use crate::ids::{CharterDigest, RootHash};

/// The roots of one log at all its sizes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Roots {
    /// At size 1, 2, 3 …
    roots: Vec<RootHash>,
}

impl Roots {
    /// The roots of a log whose leaves are these digests.
    pub fn of(log: &[CharterDigest]) -> Self {
        Self::over(log.iter().map(|digest| digest.0))
    }

    fn over<T: AsRef<[u8]>>(leaves: impl Iterator<Item = T>) -> Self {
        // The whole subtrees that the tree so far consists of, the largest first, with their sizes.
        let mut whole: Vec<(u64, [u8; 32])> = Vec::new();
        let mut roots = Vec::new();
        for leaf in leaves {
            let mut last = (1, hash(0, leaf.as_ref(), &[]));
            while let Some((size, left)) = whole.pop_if(|(size, _)| *size == last.0) {
                last = (2 * size, hash(1, &left, &last.1));
            }
            whole.push(last);
            let joined = whole.iter().rev().map(|(_, root)| *root);
            let root = joined.reduce(|right, left| hash(1, &left, &right));
            roots.extend(root.map(RootHash));
        }
        Self { roots }
    }

    /// The root at a size; none for 0 and beyond the log.
    pub fn at(&self, size: u64) -> Option<RootHash> {
        let index = usize::try_from(size.checked_sub(1)?).ok()?;
        self.roots.get(index).copied()
    }

    /// How many versions the log has.
    pub fn size(&self) -> u64 {
        self.roots.len() as u64
    }
}

fn hash(prefix: u8, left: &[u8], right: &[u8]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update([prefix]);
    hasher.update(left);
    hasher.update(right);
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The leaves that implementations of RFC 6962 are tested with, and the roots at each size.
    const LEAVES: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    const ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    #[test]
    fn the_roots_are_those_of_rfc_6962() {
        let roots = Roots::over(LEAVES.iter());
        assert_eq!(roots.size(), 8);
        for (size, expected) in (1..).zip(ROOTS) {
            let root = roots.at(size).expect("within the log");
            assert_eq!(root.to_string(), expected, "at size {size}");
        }
        assert_eq!((roots.at(0), roots.at(9)), (None, None));
    }

    /// As RFC 6962 §2.1 words it.
    fn by_definition(leaves: &[CharterDigest]) -> [u8; 32] {
        match leaves {
            [] => Sha256::digest([]).into(),
            [leaf] => hash(0, &leaf.0, &[]),
            more => {
                let half = (more.len() - 1).ilog2();
                let (left, right) = more.split_at(1 << half);
                hash(1, &by_definition(left), &by_definition(right))
            }
        }
    }

    #[test]
    fn the_roots_of_any_log_are_those_of_the_definition() {
        let log: Vec<_> = (0..70).map(|byte| CharterDigest([byte; 32])).collect();
        let roots = Roots::of(&log);
        for size in 1..=log.len() {
            let expected = RootHash(by_definition(&log[..size]));
            assert_eq!(roots.at(size as u64), Some(expected), "at size {size}");
        }
    }
}
