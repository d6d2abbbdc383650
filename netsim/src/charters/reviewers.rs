//! The three reviewers of simulated counties, of whom two must sign, and the keys of nodes. All of
//! them come from the seed: nobody else may trust them.

use crdt_model::charter::Validity;
use crdt_model::ids::{CharterVersion, NodeId};
use crdt_model::time::WallTime;
use ed25519_dalek::SigningKey;
use policy::CharterFiles;
use policy::reading::schema;
use policy::signing::board::signature_path;
use policy::signing::bundle;
use policy::signing::emergency::{Declaration, Signed};
use policy::signing::manifest::{MANIFEST_PATH, Manifest, Sha256Sum};
use policy::signing::sign;
use policy::signing::sshsig::{self, EMERGENCY_NAMESPACE, SshKey};

use super::Edition;
use super::permissions::Permissions;
use crate::seed::Seed;

/// What reviewers are called.
const NAMES: [&str; 3] = ["reviewer-a", "reviewer-b", "reviewer-c"];
/// 2026-01-01T00:00:00Z and 2030-12-31T00:00:00Z, between which charters hold.
pub(super) const IN_FORCE: Validity = Validity {
    from: WallTime {
        ms: 1_782_432_000_000,
    },
    until: WallTime {
        ms: 1_924_905_600_000,
    },
};

/// The reviewers of one county.
#[derive(Clone, Debug)]
pub(super) struct Reviewers {
    keys: Vec<(&'static str, SigningKey)>,
}

/// Which charter is signed, and what the manifest says of it.
pub(super) struct Sealed<'a> {
    pub(super) county: NodeId,
    pub(super) version: CharterVersion,
    pub(super) follows: Option<&'a Edition>,
    pub(super) validity: Validity,
    /// Positions of the reviewers who sign.
    pub(super) signers: &'a [usize],
}

impl Reviewers {
    /// The reviewers of a seed.
    pub(super) fn of(seed: u64) -> Self {
        let mut stream = Seed::new(seed ^ 0x7265_7669_6577_6572);
        let keys = NAMES.map(|name| (name, key_from(&mut stream)));
        Self { keys: keys.into() }
    }

    /// Names, and keys as one line of OpenSSH each.
    pub(super) fn listed(&self) -> Vec<(String, String)> {
        let line = |key: &SigningKey| SshKey::from(key).to_openssh().unwrap_or_default();
        let listed = self.keys.iter();
        listed
            .map(|(name, key)| ((*name).to_owned(), line(key)))
            .collect()
    }

    /// Adds schema, manifest and signatures to the files of a charter.
    ///
    /// The manifest's digest of all decisions is zeros: no node asks for it, and making it costs
    /// more than all the rest.
    pub(super) fn seal(
        &self,
        mut files: CharterFiles,
        sealed: &Sealed<'_>,
        table: Permissions,
        emergency: Option<Permissions>,
    ) -> Result<Edition, sign::SignError> {
        let schema = sign::schema_of(&files)?;
        files
            .files
            .insert(schema::FILE.to_owned(), schema.into_bytes());
        let manifest = Manifest {
            county: sealed.county,
            version: sealed.version,
            earlier: sealed.follows.map_or(Vec::new(), Edition::newest_first),
            validity: sealed.validity,
            decisions: Sha256Sum([0; 32]),
            files: Manifest::list(&files)?,
        };
        let text = manifest.encode()?;
        for (name, key) in sealed.signers.iter().filter_map(|at| self.keys.get(*at)) {
            let path = signature_path(name, &SshKey::from(key));
            let signature = sshsig::sign(key, text.as_bytes())?;
            files.files.insert(path, signature.into_bytes());
        }
        files
            .files
            .insert(MANIFEST_PATH.to_owned(), text.into_bytes());
        Ok(Edition {
            bundle: bundle::encode(&files)?,
            files,
            version: sealed.version,
            digest: manifest.digest()?,
            table,
            emergency,
            reviewers: self.clone(),
        })
    }

    /// A declaration of an emergency under an edition.
    pub(super) fn declare(
        &self,
        edition: &Edition,
        number: u32,
        holds: Validity,
        signers: &[usize],
    ) -> Vec<u8> {
        // Every edition has a manifest: it was sealed.
        let Ok(manifest) = Manifest::of(&edition.files) else {
            return Vec::new();
        };
        let declaration = Declaration {
            county: manifest.county,
            charter: edition.digest,
            number,
            holds,
            reason: "暴雨红色预警（模拟）".to_owned(),
        };
        let text = declaration.encode().unwrap_or_default().into_bytes();
        let keys = signers.iter().filter_map(|at| self.keys.get(*at));
        let signed = keys.map(|(_, key)| sshsig::sign_for(key, EMERGENCY_NAMESPACE, &text));
        let mut signatures: Vec<_> = signed.flatten().map(String::into_bytes).collect();
        signatures.sort();
        Signed { text, signatures }.encoded()
    }
}

/// The key of a node under a seed.
pub(super) fn node_key(seed: u64, node: NodeId) -> SigningKey {
    // A code has 40 bits: each gives another start to the stream.
    key_from(&mut Seed::new(seed ^ node.code().rotate_left(24)))
}

fn key_from(stream: &mut Seed) -> SigningKey {
    let mut bytes = [0; 32];
    for part in bytes.chunks_exact_mut(8) {
        part.copy_from_slice(&stream.bits().to_be_bytes());
    }
    SigningKey::from_bytes(&bytes)
}
