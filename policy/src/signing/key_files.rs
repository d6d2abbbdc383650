//! Reviewers' key files, in OpenSSH's form: making a pair, and reading the private half to sign.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use crdt_model::ids::Name;
use crdt_model::text;
use crdt_model::text::{Explain, Text};
use ed25519_dalek::SigningKey;
use ssh_key::private::{Ed25519Keypair, Ed25519PrivateKey, KeypairData};
use ssh_key::public::Ed25519PublicKey;
use ssh_key::{LineEnding, PrivateKey};
use zeroize::Zeroizing;

use crate::signing::sshsig::{NAMESPACE, SshKey, of_ssh_key};

/// Bytes of a private key file.
const PRIVATE_KEY_BYTES_MAX: u64 = 16 * 1024;

/// Why a key file could not be made or read.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.text().en)]
pub enum KeyFileError {
    /// The operating system refused.
    File {
        /// The file.
        path: PathBuf,
        /// What it said.
        problem: std::io::Error,
    },
    /// There is a key already.
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Others can read it.
    Open {
        /// The file.
        path: PathBuf,
    },
    /// Not a private key in OpenSSH's form.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: Text,
    },
    /// It is protected by a passphrase, which this program never asks for.
    Encrypted {
        /// The file.
        path: PathBuf,
    },
    /// A key that this program cannot sign with.
    Algorithm {
        /// The file.
        path: PathBuf,
        /// The kind, as OpenSSH names it.
        algorithm: String,
    },
    /// The operating system has no randomness to give.
    Randomness(String),
}

impl Explain for KeyFileError {
    fn text(&self) -> Text {
        match self {
            Self::File { path, problem } => {
                let path = path.display();
                text!(
                    problem;
                    "密钥文件 `{path}` 不能用：{problem}",
                    "cannot use key file `{path}`: {problem}"
                )
            }
            Self::Exists { path } => text!(
                "`{path}` 已经存在，不会覆盖；请换一个姓名或目录",
                "`{path}` exists and is not overwritten; choose another name or folder",
                path = path.display()
            ),
            Self::Open { path } => text!(
                "其他人也能读取 `{path}`；请对它执行 `chmod 600`",
                "`{path}` can be read by others; run `chmod 600` on it",
                path = path.display()
            ),
            Self::Unreadable { path, problem } => {
                let path = path.display();
                text!(
                    problem;
                    "`{path}` 不是 OpenSSH 私钥（{problem}）；请给出不带 `.pub` 的那个文件",
                    "`{path}` is not an OpenSSH private key ({problem}); give the file without `.pub`"
                )
            }
            Self::Encrypted { path } => text!(
                "`{path}` 有口令；请用 `ssh-keygen -Y sign -n {NAMESPACE} -f {path} < \
                 DIR/manifest > my.sig` 签名，再用 `mesh-policy sign DIR --signature my.sig` 加入",
                "`{path}` has a passphrase; sign with `ssh-keygen -Y sign -n {NAMESPACE} -f {path} < \
                 DIR/manifest > my.sig`, then add it with `mesh-policy sign DIR --signature my.sig`",
                path = path.display()
            ),
            Self::Algorithm { path, algorithm } => text!(
                "`{path}` 是 `{algorithm}` 密钥，需要 `ed25519`；安全密钥请用 \
                 `ssh-keygen -Y sign -n {NAMESPACE} -f {path} < DIR/manifest > my.sig` 签名，再用 \
                 `mesh-policy sign DIR --signature my.sig` 加入",
                "`{path}` is a `{algorithm}` key; ed25519 is needed, or for a security key sign with \
                 `ssh-keygen -Y sign -n {NAMESPACE} -f {path} < DIR/manifest > my.sig`, then add it \
                 with `mesh-policy sign DIR --signature my.sig`",
                path = path.display()
            ),
            Self::Randomness(problem) => Text {
                zh: "操作系统没有给出随机数".to_owned(),
                en: format!("the operating system gives no randomness: {problem}"),
            },
        }
    }
}

/// A key pair that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPairFiles {
    /// The private half, mode 0600.
    pub private: PathBuf,
    /// The public half.
    pub public: PathBuf,
    /// The public key.
    pub key: SshKey,
    /// The line to list in `charter.toml`: `ssh-ed25519 AAAA… name`.
    pub line: String,
}

/// Makes an ed25519 key pair `folder/name` and `folder/name.pub`, without passphrase. Nothing that
/// exists is overwritten.
pub fn make_key_pair(name: Name, folder: &Path) -> Result<KeyPairFiles, KeyFileError> {
    let private = folder.join(name.as_str());
    let public = folder.join(format!("{name}.pub"));
    if let Some(path) = [&private, &public].into_iter().find(|path| path.exists()) {
        return Err(KeyFileError::Exists { path: path.clone() });
    }
    std::fs::create_dir_all(folder).map_err(|problem| KeyFileError::File {
        path: folder.to_owned(),
        problem,
    })?;
    let mut seed = Zeroizing::new([0u8; 32]);
    getrandom::fill(seed.as_mut())
        .map_err(|problem| KeyFileError::Randomness(problem.to_string()))?;
    let signing = SigningKey::from_bytes(&seed);
    let unreadable = |problem: ssh_key::Error| KeyFileError::Unreadable {
        path: private.clone(),
        problem: of_ssh_key(&problem),
    };
    let pair = Ed25519Keypair {
        public: Ed25519PublicKey(signing.verifying_key().to_bytes()),
        private: Ed25519PrivateKey::from_bytes(&seed),
    };
    let pair = PrivateKey::new(KeypairData::Ed25519(pair), name.as_str()).map_err(unreadable)?;
    let text = pair.to_openssh(LineEnding::LF).map_err(unreadable)?;
    let line = pair.public_key().to_openssh().map_err(unreadable)?;
    write_new(&private, text.as_bytes(), 0o600)?;
    write_new(&public, format!("{line}\n").as_bytes(), 0o644)?;
    Ok(KeyPairFiles {
        private,
        public,
        key: SshKey::from(&signing),
        line,
    })
}

/// Reads a private ed25519 key that has no passphrase.
pub fn read_private_key(path: &Path) -> Result<SigningKey, KeyFileError> {
    let fault = |problem| KeyFileError::File {
        path: path.to_owned(),
        problem,
    };
    let metadata = std::fs::metadata(path).map_err(fault)?;
    if metadata.len() > PRIVATE_KEY_BYTES_MAX {
        let problem = text!(
            "超过 {PRIVATE_KEY_BYTES_MAX} 字节",
            "longer than {PRIVATE_KEY_BYTES_MAX} bytes"
        );
        return Err(KeyFileError::Unreadable {
            path: path.to_owned(),
            problem,
        });
    }
    let text = Zeroizing::new(std::fs::read(path).map_err(fault)?);
    let key =
        PrivateKey::from_openssh(text.as_slice()).map_err(|problem| KeyFileError::Unreadable {
            path: path.to_owned(),
            problem: of_ssh_key(&problem),
        })?;
    if open_to_others(&metadata) {
        return Err(KeyFileError::Open {
            path: path.to_owned(),
        });
    }
    let signing = match key.key_data() {
        KeypairData::Ed25519(pair) => SigningKey::from_bytes(pair.private.as_ref()),
        KeypairData::Encrypted(_) => {
            return Err(KeyFileError::Encrypted {
                path: path.to_owned(),
            });
        }
        _ => {
            let algorithm = key.algorithm().to_string();
            return Err(KeyFileError::Algorithm {
                path: path.to_owned(),
                algorithm,
            });
        }
    };
    let listed = key.public_key().key_data().ed25519().map(|key| key.0);
    if listed != Some(signing.verifying_key().to_bytes()) {
        let problem = text!("公钥与私钥不成对", "its two halves are not a pair");
        return Err(KeyFileError::Unreadable {
            path: path.to_owned(),
            problem,
        });
    }
    Ok(signing)
}

#[cfg(unix)]
fn open_to_others(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn open_to_others(_: &std::fs::Metadata) -> bool {
    false
}

#[cfg_attr(
    not(unix),
    expect(unused_variables, reason = "only Unix has file modes")
)]
fn write_new(path: &Path, content: &[u8], mode: u32) -> Result<(), KeyFileError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    options
        .open(path)
        .and_then(|mut file| file.write_all(content).and_then(|()| file.sync_all()))
        .map_err(|problem| KeyFileError::File {
            path: path.to_owned(),
            problem,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).expect("a name")
    }

    #[test]
    fn a_made_pair_reads_back_and_is_never_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        let made = make_key_pair(name("li-na"), folder.path()).expect("a pair");
        let read = read_private_key(&made.private).expect("reads");
        assert_eq!(SshKey::from(&read), made.key);
        let public = std::fs::read_to_string(&made.public).expect("reads");
        assert_eq!(SshKey::parse(&public), Ok(made.key));
        assert!(made.line.ends_with(" li-na"), "{}", made.line);
        assert!(matches!(
            make_key_pair(name("li-na"), folder.path()),
            Err(KeyFileError::Exists { .. })
        ));
    }

    #[cfg(unix)]
    #[test]
    fn the_private_half_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let made = make_key_pair(name("li"), folder.path()).expect("a pair");
        let mode = |path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&made.private), 0o600);
        let open = std::fs::Permissions::from_mode(0o640);
        std::fs::set_permissions(&made.private, open).expect("chmod");
        assert!(matches!(
            read_private_key(&made.private),
            Err(KeyFileError::Open { .. })
        ));
    }

    #[test]
    fn the_public_half_and_nonsense_are_refused_with_what_to_give() {
        let folder = tempfile::tempdir().expect("a folder");
        let made = make_key_pair(name("li"), folder.path()).expect("a pair");
        let refused = read_private_key(&made.public).expect_err("a public key");
        assert!(refused.to_string().contains("without `.pub`"), "{refused}");
        assert!(matches!(
            read_private_key(&folder.path().join("none")),
            Err(KeyFileError::File { .. })
        ));
    }
}
