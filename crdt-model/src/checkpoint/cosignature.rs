//! What a township signs: the checkpoint that it knows, and when.
//!
//! ```text
//! signed    "cosignature/v1\ntime " seconds "\n" checkpoint            (ed25519)
//! on the    node cosigner, varint seconds, varint size, 32 B root, 64 B signature
//! wire
//! ```
//!
//! Source: C2SP `tlog-cosignature` v1, Ed25519 signed message.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use super::Checkpoint;
use crate::encoding::{DecodeError, Reader, Writer};
use crate::ids::{NodeId, PublicKey, RootHash};
use crate::time::WallTime;

/// Bytes of a signature.
const SIGNATURE_BYTES: usize = 64;
/// What C2SP numbers a timestamped ed25519 cosignature with.
const SIGNATURE_TYPE: u8 = 4;

/// A township's signature over a checkpoint, with the time by its clock.
///
/// Ordered by time first: of two by one township the greater is the newer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Cosignature {
    /// When, in seconds since 1970.
    pub time_s: u64,
    /// How many charter versions.
    pub size: u64,
    /// The root over them.
    pub root: RootHash,
    /// Who signed.
    pub cosigner: NodeId,
    /// The signature.
    pub signature: [u8; SIGNATURE_BYTES],
}

impl Cosignature {
    /// Signs a checkpoint in a township's name.
    pub fn sign(checkpoint: &Checkpoint, cosigner: NodeId, time_s: u64, key: &SigningKey) -> Self {
        let signature = key.sign(message(checkpoint, time_s).as_bytes());
        Self {
            time_s,
            size: checkpoint.size,
            root: checkpoint.root,
            cosigner,
            signature: signature.to_bytes(),
        }
    }

    /// What was signed. The county is the cosigner's own.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            county: self.cosigner.county(),
            size: self.size,
            root: self.root,
        }
    }

    /// When it was made, by the cosigner's clock.
    pub fn time(&self) -> WallTime {
        WallTime::from_ms(self.time_s.saturating_mul(1000))
    }

    /// Whether `key` made it, by the strict check that all implementations agree on.
    pub fn signed_by(&self, key: &PublicKey) -> bool {
        let Ok(key) = VerifyingKey::from_bytes(&key.0) else {
            return false;
        };
        let message = message(&self.checkpoint(), self.time_s);
        let signature = Signature::from_bytes(&self.signature);
        key.verify_strict(message.as_bytes(), &signature).is_ok()
    }

    /// Whether this and another say different things of one size: together they are evidence that
    /// two histories of the charter are about.
    pub fn contradicts(&self, other: &Self) -> bool {
        self.size == other.size && self.root != other.root
    }

    pub(crate) fn put(&self, writer: &mut Writer) {
        writer.node(self.cosigner).varint(self.time_s);
        writer.varint(self.size).raw(&self.root.0);
        writer.raw(&self.signature);
    }

    pub(crate) fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let cosigner = reader.node("cosigner")?;
        let time_s = reader.varint("time")?;
        if time_s > i64::MAX as u64 {
            return Err(DecodeError::NotCanonical("time"));
        }
        let size = reader.varint("size")?;
        if size == 0 {
            return Err(DecodeError::NotCanonical("size"));
        }
        Ok(Self {
            time_s,
            size,
            root: RootHash(reader.array("root")?),
            cosigner,
            signature: reader.array("signature")?,
        })
    }

    /// The bytes that it travels and is kept as.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        self.put(&mut writer);
        writer.into_bytes()
    }

    /// Reads what [`Self::encode`] wrote. The signature is not looked at.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let cosignature = Self::take(&mut reader)?;
        reader.finish()?;
        Ok(cosignature)
    }
}

fn message(checkpoint: &Checkpoint, time_s: u64) -> String {
    format!("cosignature/v1\ntime {time_s}\n{}", checkpoint.body())
}

/// The name that a township signs under.
pub fn key_name(cosigner: NodeId) -> String {
    format!("{cosigner}.countymesh")
}

/// The first bytes of the hash of a name and its key, by which a note says which key signed.
pub fn key_id(name: &str, key: &PublicKey) -> [u8; 4] {
    let mut hasher = Sha256::new();
    hasher.update(name.as_bytes());
    hasher.update([b'\n', SIGNATURE_TYPE]);
    hasher.update(key.0);
    let [one, two, three, four, ..]: [u8; 32] = hasher.finalize().into();
    [one, two, three, four]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed() -> (Cosignature, PublicKey) {
        let key = SigningKey::from_bytes(&[7; 32]);
        let cosigner: NodeId = "620723101000".parse().expect("a code");
        let checkpoint = Checkpoint {
            county: cosigner.county(),
            size: 3,
            root: RootHash([9; 32]),
        };
        let cosignature = Cosignature::sign(&checkpoint, cosigner, 1_793_491_200, &key);
        (cosignature, PublicKey(key.verifying_key().to_bytes()))
    }

    #[test]
    fn what_is_signed_is_what_c2sp_says() {
        let (cosignature, _) = signed();
        let message = message(&cosignature.checkpoint(), cosignature.time_s);
        assert_eq!(
            message,
            "cosignature/v1\ntime 1793491200\ncountymesh/620723000000/charter\n3\n\
             CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=\n"
        );
    }

    #[test]
    fn a_signature_counts_for_exactly_what_was_signed() {
        let (good, key) = signed();
        assert!(good.signed_by(&key));
        assert_eq!(Cosignature::decode(&good.encode()), Ok(good));
        let other: NodeId = "620724101000".parse().expect("a code");
        let changed = [
            Cosignature {
                time_s: good.time_s + 1,
                ..good
            },
            Cosignature { size: 4, ..good },
            Cosignature {
                root: RootHash([8; 32]),
                ..good
            },
            Cosignature {
                cosigner: other,
                ..good
            },
            Cosignature {
                signature: [0; 64],
                ..good
            },
        ];
        for changed in changed {
            assert!(!changed.signed_by(&key), "{changed:?}");
        }
        assert!(!good.signed_by(&PublicKey([3; 32])));
    }

    /// The example in C2SP `tlog-cosignature`: the name, the key id and the layout are those.
    #[test]
    fn the_key_id_hashes_name_type_and_key() {
        let (_, key) = signed();
        let mut bytes = b"620723101000.countymesh\n\x04".to_vec();
        bytes.extend_from_slice(&key.0);
        let expected: [u8; 32] = Sha256::digest(&bytes).into();
        assert_eq!(key_id("620723101000.countymesh", &key)[..], expected[..4]);
    }

    #[test]
    fn sizes_and_times_that_cannot_be_are_refused() {
        let (good, _) = signed();
        for wrong in [
            Cosignature { size: 0, ..good },
            Cosignature {
                time_s: u64::MAX,
                ..good
            },
        ] {
            assert!(Cosignature::decode(&wrong.encode()).is_err());
        }
    }
}
