//! SSH signatures over a charter's manifest, as `ssh-keygen -Y sign -n charter@countymesh` makes
//! them.
//!
//! Envelopes and keys are read by `ssh-key`; what was signed is checked by `ed25519-dalek`, with
//! `verify_strict`. Keys are ed25519, or ed25519 on a security key (`sk-ssh-ed25519@openssh.com`),
//! which must have been touched. Hashes are SHA-512, which `ssh-keygen` takes, and SHA-256.
//!
//! Sources: OpenSSH `PROTOCOL.sshsig`, `PROTOCOL.u2f`, `PROTOCOL.key`.

use std::fmt;

use crdt_model::ids::PublicKey;
use crdt_model::text;
use crdt_model::text::{Explain, Text};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};
use ssh_key::public::{Ed25519PublicKey, KeyData};
use ssh_key::{Algorithm, HashAlg, LineEnding, SshSig};

/// The namespace of charter signatures: a signature made for anything else is not one.
pub const NAMESPACE: &str = "charter@countymesh";
/// The namespace of signatures that declare an emergency: one over a charter is none of these, and
/// the other way round.
pub const EMERGENCY_NAMESPACE: &str = "emergency@countymesh";
/// Bytes of one signature file.
pub const SIGNATURE_BYTES_MAX: usize = 4096;
/// Bytes of one public key in OpenSSH's form.
pub const KEY_TEXT_BYTES_MAX: usize = 1024;

/// A reviewer's public key.
#[derive(Clone, PartialEq, Eq)]
pub struct SshKey(KeyData);

/// Why a text is not a reviewer's public key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text().en)]
pub enum SshKeyError {
    /// Not a public key in OpenSSH's form.
    Unreadable {
        /// What is wrong.
        problem: Text,
    },
    /// A key of another kind.
    Algorithm {
        /// The kind, as OpenSSH names it.
        algorithm: String,
    },
    /// A point that is no key, or one under which anything verifies.
    Weak,
}

impl Explain for SshKeyError {
    fn text(&self) -> Text {
        match self {
            Self::Unreadable { problem } => text!(
                problem;
                "不是 OpenSSH 公钥（{problem}）；公钥是 `.pub` 文件中的那一行，如 `ssh-ed25519 AAAAC3… name`",
                "not an OpenSSH public key ({problem}); it is the one line of the `.pub` file, such as \
                 `ssh-ed25519 AAAAC3… name`"
            ),
            Self::Algorithm { algorithm } => text!(
                "`{algorithm}` 密钥不能签署章程；请用 `mesh-policy keys`、`ssh-keygen -t ed25519` \
                 或 `ssh-keygen -t ed25519-sk` 生成",
                "a `{algorithm}` key cannot sign charters; make one with `mesh-policy keys`, \
                 `ssh-keygen -t ed25519` or `ssh-keygen -t ed25519-sk`"
            ),
            Self::Weak => text!(
                "这把 `ed25519` 密钥不能用：内容不对或强度不足；请重新生成",
                "not a usable ed25519 key: its point is invalid or weak; make another key"
            ),
        }
    }
}

/// Why a signature proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text().en)]
pub enum SshSigError {
    /// Not an SSH signature.
    Unreadable {
        /// What is wrong.
        problem: Text,
    },
    /// The key in it is none that may sign.
    Key(#[from] SshKeyError),
    /// Made for another purpose.
    Namespace {
        /// The namespace it was made for.
        namespace: String,
        /// The one that is needed.
        needed: &'static str,
    },
    /// Made with another key than the one asked about.
    OtherKey {
        /// Fingerprint of the key that made it.
        found: String,
        /// Fingerprint of the key that should have.
        needed: String,
    },
    /// It carries a field that no version of the format defines.
    Reserved,
    /// A security key signed without being touched.
    NotTouched,
    /// The signature is not one over these bytes.
    Mismatch,
}

impl Explain for SshSigError {
    fn text(&self) -> Text {
        match self {
            Self::Unreadable { problem } => text!(
                problem;
                "不是 SSH 签名（{problem}）；请用 `mesh-policy sign` 签名，或用 `ssh-keygen -Y \
                 sign -n {NAMESPACE} -f 密钥 < 目录/manifest`",
                "not an SSH signature ({problem}); make it with `mesh-policy sign` or \
                 `ssh-keygen -Y sign -n {NAMESPACE} -f KEY < DIR/manifest`"
            ),
            Self::Key(problem) => problem.text(),
            Self::Namespace { namespace, needed } => text!(
                "签名的用途是 `{namespace}`，应为 `{needed}`；请用 \
                 `ssh-keygen -Y sign -n {needed} -f KEY` 重新签名",
                "made for `{namespace}` and not for `{needed}`; sign again with \
                 `ssh-keygen -Y sign -n {needed} -f KEY`"
            ),
            Self::OtherKey { found, needed } => text!(
                "签名所用的密钥是 `{found}`，列出的是 `{needed}`；请用列出的密钥签名",
                "made with the key {found}, where {needed} is listed; sign with the listed key"
            ),
            Self::Reserved => text!(
                "签名中有章程签名不该有的保留字段；请重新签名",
                "carries a reserved field, which no charter signature has; sign again"
            ),
            Self::NotTouched => text!(
                "签名时没有触碰安全密钥；请去掉 `no-touch-required` 重新签名",
                "the security key was not touched; sign again without `no-touch-required`"
            ),
            Self::Mismatch => text!(
                "签名与文件清单不符：签的是另一份，或签名后有改动；请审核人看过文件清单后重新签名",
                "does not match the manifest: it was made over another one, or was changed; have the \
                 reviewer look at the manifest and sign again"
            ),
        }
    }
}

/// What the library says that reads keys and signatures, with its kind in Chinese.
pub(crate) fn of_ssh_key(problem: &ssh_key::Error) -> Text {
    let zh = match problem {
        ssh_key::Error::AlgorithmUnknown | ssh_key::Error::AlgorithmUnsupported { .. } => {
            "密钥种类不能识别"
        }
        ssh_key::Error::Version { .. } => "格式版本不能识别",
        ssh_key::Error::TrailingData { .. } => "末尾有多余内容",
        ssh_key::Error::Encrypted => "有口令",
        _ => "内容读不懂",
    };
    Text {
        zh: zh.to_owned(),
        en: problem.to_string(),
    }
}

impl SshKey {
    /// Reads a public key in OpenSSH's form: `ssh-ed25519 AAAA… comment`.
    pub fn parse(text: &str) -> Result<Self, SshKeyError> {
        if text.len() > KEY_TEXT_BYTES_MAX {
            let problem = text!(
                "超过 {KEY_TEXT_BYTES_MAX} 字节",
                "longer than {KEY_TEXT_BYTES_MAX} bytes"
            );
            return Err(SshKeyError::Unreadable { problem });
        }
        let key =
            ssh_key::PublicKey::from_openssh(text).map_err(|problem| SshKeyError::Unreadable {
                problem: of_ssh_key(&problem),
            })?;
        Self::checked(key.key_data().clone())
    }

    fn checked(data: KeyData) -> Result<Self, SshKeyError> {
        if !matches!(data, KeyData::Ed25519(_) | KeyData::SkEd25519(_)) {
            return Err(SshKeyError::Algorithm {
                algorithm: data.algorithm().to_string(),
            });
        }
        let key = Self(data);
        match VerifyingKey::from_bytes(&key.point().0) {
            Ok(point) if !point.is_weak() => Ok(key),
            _ => Err(SshKeyError::Weak),
        }
    }

    /// The ed25519 key: what makes two reviewers' keys the same one.
    pub fn point(&self) -> PublicKey {
        match &self.0 {
            KeyData::Ed25519(key) => PublicKey(key.0),
            KeyData::SkEd25519(key) => PublicKey(key.public_key().0),
            // INVARIANT: `checked` lets no other kind in; zeros are a weak key that verifies nothing.
            _ => PublicKey([0; 32]),
        }
    }

    /// Its fingerprint as OpenSSH shows it, `SHA256:…`.
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint(HashAlg::Sha256).to_string()
    }

    /// The key in OpenSSH's form, without a comment.
    pub fn to_openssh(&self) -> Result<String, SshKeyError> {
        ssh_key::PublicKey::from(self.0.clone())
            .to_openssh()
            .map_err(|problem| SshKeyError::Unreadable {
                problem: of_ssh_key(&problem),
            })
    }
}

impl From<&SigningKey> for SshKey {
    fn from(key: &SigningKey) -> Self {
        Self(KeyData::Ed25519(Ed25519PublicKey(
            key.verifying_key().to_bytes(),
        )))
    }
}

impl fmt::Debug for SshKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SshKey({})", self.fingerprint())
    }
}

/// A detached signature, read but not yet believed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DetachedSignature {
    key: SshKey,
    envelope: SshSig,
}

impl DetachedSignature {
    /// Reads a signature over a charter, which begins with `-----BEGIN SSH SIGNATURE-----`. One made
    /// for another namespace is refused here.
    pub fn parse(text: &[u8]) -> Result<Self, SshSigError> {
        Self::parse_for(text, NAMESPACE)
    }

    /// Reads a signature made for this namespace.
    pub fn parse_for(text: &[u8], needed: &'static str) -> Result<Self, SshSigError> {
        let unreadable = |problem: Text| SshSigError::Unreadable { problem };
        if text.len() > SIGNATURE_BYTES_MAX {
            return Err(unreadable(text!(
                "超过 {SIGNATURE_BYTES_MAX} 字节",
                "longer than {SIGNATURE_BYTES_MAX} bytes"
            )));
        }
        let envelope =
            SshSig::from_pem(text).map_err(|problem| unreadable(of_ssh_key(&problem)))?;
        // `ssh-key` lets some wrong lengths pass; what does not encode to itself is refused.
        let again = envelope
            .to_pem(LineEnding::LF)
            .map_err(|problem| unreadable(of_ssh_key(&problem)))?;
        let dense = |text: &[u8]| {
            text.split(u8::is_ascii_whitespace)
                .collect::<Vec<_>>()
                .concat()
        };
        if dense(again.as_bytes()) != dense(text) {
            return Err(unreadable(text!(
                "写法不合规定",
                "not in its one canonical form"
            )));
        }
        if envelope.version() != SshSig::VERSION {
            return Err(unreadable(text!(
                "格式版本 {}",
                "version {} of the format",
                envelope.version()
            )));
        }
        if envelope.namespace() != needed {
            let namespace = envelope.namespace().chars().take(64).collect::<String>();
            return Err(SshSigError::Namespace {
                namespace: namespace.escape_debug().to_string(),
                needed,
            });
        }
        if !envelope.reserved().is_empty() {
            return Err(SshSigError::Reserved);
        }
        let key = SshKey::checked(envelope.public_key().clone())?;
        if envelope.algorithm() != key.0.algorithm() {
            return Err(unreadable(text!(
                "签名与密钥的种类不符",
                "its signature is not of its key's kind"
            )));
        }
        Ok(Self { key, envelope })
    }

    /// The key that it says made it.
    pub fn key(&self) -> &SshKey {
        &self.key
    }

    /// Checks that `key` made this signature over `message`.
    pub fn verify(&self, key: &SshKey, message: &[u8]) -> Result<(), SshSigError> {
        if self.key != *key {
            return Err(SshSigError::OtherKey {
                found: self.key.fingerprint(),
                needed: key.fingerprint(),
            });
        }
        let (namespace, hash) = (self.envelope.namespace(), self.envelope.hash_alg());
        let signed = SshSig::signed_data(namespace, hash, message).map_err(|problem| {
            SshSigError::Unreadable {
                problem: of_ssh_key(&problem),
            }
        })?;
        let bytes = self.envelope.signature_bytes();
        let (signature, signed) = match &key.0 {
            KeyData::SkEd25519(key) => signed_by_security_key(key.application(), bytes, &signed)?,
            _ => (bytes, signed),
        };
        let signature = Signature::from_slice(signature).map_err(|_| SshSigError::Mismatch)?;
        VerifyingKey::from_bytes(&key.point().0)
            .map_err(|_| SshKeyError::Weak)?
            .verify_strict(&signed, &signature)
            .map_err(|_| SshSigError::Mismatch)
    }
}

/// Takes a security key's signature apart and builds what such a key signs: the hash of the
/// application, flags, counter, and the hash of the message (`PROTOCOL.u2f`).
fn signed_by_security_key<'a>(
    application: &str,
    bytes: &'a [u8],
    message: &[u8],
) -> Result<(&'a [u8], Vec<u8>), SshSigError> {
    const USER_PRESENT: u8 = 1;
    let (signature, trailer) = bytes
        .split_at_checked(Signature::BYTE_SIZE)
        .ok_or(SshSigError::Mismatch)?;
    let flags = trailer.first().ok_or(SshSigError::Mismatch)?;
    if flags & USER_PRESENT == 0 {
        return Err(SshSigError::NotTouched);
    }
    let mut signed = Sha256::digest(application.as_bytes()).to_vec();
    signed.extend_from_slice(trailer);
    signed.extend_from_slice(&Sha256::digest(message));
    Ok((signature, signed))
}

/// Signs `message` for [`NAMESPACE`], with SHA-512 as `ssh-keygen` does. The result is the text of
/// a signature file.
pub fn sign(key: &SigningKey, message: &[u8]) -> Result<String, SshSigError> {
    sign_for(key, NAMESPACE, message)
}

/// The same for another namespace.
pub fn sign_for(
    key: &SigningKey,
    namespace: &'static str,
    message: &[u8],
) -> Result<String, SshSigError> {
    let unreadable = |problem: ssh_key::Error| SshSigError::Unreadable {
        problem: of_ssh_key(&problem),
    };
    let hash = HashAlg::Sha512;
    let signed = SshSig::signed_data(namespace, hash, message).map_err(unreadable)?;
    let signature = key.sign(&signed).to_bytes().to_vec();
    let signature = ssh_key::Signature::new(Algorithm::Ed25519, signature).map_err(unreadable)?;
    SshSig::new(SshKey::from(key).0, namespace, hash, signature)
        .and_then(|envelope| envelope.to_pem(LineEnding::LF))
        .map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ssh_key::public::SkEd25519;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    /// An envelope around any signature, as only a forger or another tool would make it.
    fn envelope(
        key: KeyData,
        namespace: &str,
        hash: HashAlg,
        signature: ssh_key::Signature,
    ) -> String {
        SshSig::new(key, namespace, hash, signature)
            .and_then(|envelope| envelope.to_pem(LineEnding::LF))
            .expect("an envelope")
    }

    fn ed25519_signature(key: &SigningKey, namespace: &str, hash: HashAlg) -> ssh_key::Signature {
        let signed = SshSig::signed_data(namespace, hash, b"manifest").expect("encodes");
        let signature = key.sign(&signed).to_bytes().to_vec();
        ssh_key::Signature::new(Algorithm::Ed25519, signature).expect("64 bytes")
    }

    #[test]
    fn what_was_signed_verifies_under_its_key_and_nothing_else_does() {
        let text = sign(&key(1), b"manifest").expect("signs");
        let signature = DetachedSignature::parse(text.as_bytes()).expect("reads");
        let (own, other) = (SshKey::from(&key(1)), SshKey::from(&key(2)));
        assert_eq!(signature.key(), &own);
        assert_eq!(signature.verify(&own, b"manifest"), Ok(()));
        assert_eq!(
            signature.verify(&own, b"manifesto"),
            Err(SshSigError::Mismatch)
        );
        assert!(matches!(
            signature.verify(&other, b"manifest"),
            Err(SshSigError::OtherKey { .. })
        ));
    }

    #[test]
    fn sha256_is_accepted_and_another_namespace_is_not() {
        let own = SshKey::from(&key(1));
        let hash = HashAlg::Sha256;
        let signature = ed25519_signature(&key(1), NAMESPACE, hash);
        let text = envelope(own.0.clone(), NAMESPACE, hash, signature);
        let read = DetachedSignature::parse(text.as_bytes()).expect("reads");
        assert_eq!(read.verify(&own, b"manifest"), Ok(()));

        let signature = ed25519_signature(&key(1), "git", hash);
        let text = envelope(own.0.clone(), "git", hash, signature.clone());
        let wrong = Err(SshSigError::Namespace {
            needed: NAMESPACE,
            namespace: "git".to_owned(),
        });
        assert_eq!(DetachedSignature::parse(text.as_bytes()), wrong);

        let text = envelope(own.0.clone(), NAMESPACE, hash, signature);
        let relabelled = DetachedSignature::parse(text.as_bytes()).expect("reads");
        assert_eq!(
            relabelled.verify(&own, b"manifest"),
            Err(SshSigError::Mismatch)
        );
    }

    #[test]
    fn a_security_key_counts_when_it_was_touched() {
        let sk = SkEd25519::new(Ed25519PublicKey(key(3).verifying_key().to_bytes()), "ssh:");
        let data = KeyData::SkEd25519(sk);
        let own = SshKey::checked(data.clone()).expect("a key");
        let message =
            SshSig::signed_data(NAMESPACE, HashAlg::Sha512, b"manifest").expect("encodes");
        for (flags, result) in [(1, Ok(())), (5, Ok(())), (0, Err(SshSigError::NotTouched))] {
            let trailer = [flags, 0, 0, 0, 9];
            let mut signed = Sha256::digest(b"ssh:").to_vec();
            signed.extend_from_slice(&trailer);
            signed.extend_from_slice(&Sha256::digest(&message));
            let mut bytes = key(3).sign(&signed).to_bytes().to_vec();
            bytes.extend_from_slice(&trailer);
            let signature = ssh_key::Signature::new(Algorithm::SkEd25519, bytes).expect("69 bytes");
            let text = envelope(data.clone(), NAMESPACE, HashAlg::Sha512, signature);
            let read = DetachedSignature::parse(text.as_bytes()).expect("reads");
            assert_eq!(read.verify(&own, b"manifest"), result, "flags {flags}");
        }
    }

    #[test]
    fn other_kinds_of_keys_and_weak_keys_are_refused_with_a_reason() {
        let rsa = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAAwEAAQ==";
        assert!(SshKey::parse(rsa).is_err());
        assert!(matches!(
            SshKey::parse("not a key"),
            Err(SshKeyError::Unreadable { .. })
        ));
        assert!(matches!(
            SshKey::parse(&"a".repeat(9999)),
            Err(SshKeyError::Unreadable { .. })
        ));
        let zero = ssh_key::PublicKey::from(KeyData::Ed25519(Ed25519PublicKey([0; 32])));
        assert_eq!(
            SshKey::parse(&zero.to_openssh().expect("encodes")),
            Err(SshKeyError::Weak)
        );
    }

    #[test]
    fn damaged_signature_files_are_refused_without_panic() {
        let text = sign(&key(1), b"manifest").expect("signs");
        let own = SshKey::from(&key(1));
        for at in 0..text.trim_end().len() {
            let cut = text.as_bytes().get(..at).expect("within");
            assert!(DetachedSignature::parse(cut).is_err(), "cut at {at}");
            let mut flipped = text.clone().into_bytes();
            if let Some(byte) = flipped.get_mut(at) {
                *byte ^= 1;
            }
            let verified = DetachedSignature::parse(&flipped)
                .and_then(|signature| signature.verify(&own, b"manifest"));
            let harmless = text.as_bytes().get(at) == Some(&b'\n');
            assert!(verified.is_err() || harmless, "flip at {at}");
        }
    }
}
