//! The log of charters and what townships sign of it.
//!
//! The versions of one county's charter are the leaves of a Merkle tree; the root over the first n
//! of them is a [`Checkpoint`] of size n. A township that signs one says: by my clock, at this
//! moment, this is the newest charter that I know, and these are all before it. Two checkpoints of
//! one size with different roots are two histories, and whoever holds both signatures can prove it.
//!
//! * [`tree`]: the roots, as RFC 6962 §2.1 makes them.
//! * [`cosignature`]: what a township signs, as C2SP `tlog-cosignature` v1 has it.
//! * [`ledger`]: what a node holds of that, and what it proves.
//! * [`note`]: the text that people and other programs read, as C2SP `tlog-checkpoint` and
//!   `signed-note` have it.
//!
//! The log has no key of its own: that charters follow each other is what reviewers sign in each
//! manifest. Checkpoints carry the townships' signatures only.

pub mod cosignature;
pub mod ledger;
pub mod note;
pub mod tree;

use base64ct::{Base64, Encoding};

use crate::ids::{NodeId, RootHash};

pub use cosignature::Cosignature;
pub use tree::Roots;

/// A log of charters at one size: what is signed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Checkpoint {
    /// Whose charters.
    pub county: NodeId,
    /// How many versions: the number of the newest.
    pub size: u64,
    /// The root of the tree over their digests.
    pub root: RootHash,
}

impl Checkpoint {
    /// Its text: origin, size and root, one line each.
    pub fn body(&self) -> String {
        let root = Base64::encode_string(&self.root.0);
        format!("{}\n{}\n{root}\n", origin(self.county), self.size)
    }
}

/// What names the log of a county's charters.
fn origin(county: NodeId) -> String {
    format!("countymesh/{county}/charter")
}
