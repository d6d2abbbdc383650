//! A node's own folder, and making one.
//!
//! ```text
//! node.toml      the node's code and settings
//! secret.key     the node's ed25519 secret key, 64 hex digits, readable by its owner only
//! store/         everything else: commits, charters, the author epoch
//! readmodel/     what the store holds, for lists and searches; it can be removed at any time
//! control.sock   where programs on this machine ask; only while the node runs
//! ```

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crdt_model::ids::{NodeId, PublicKey};
use ed25519_dalek::SigningKey;
use zeroize::{Zeroize, Zeroizing};

use crate::text;
use crate::text::Problem;

/// A node's own folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeFolder {
    path: PathBuf,
}

impl NodeFolder {
    /// The folder at this path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The settings file.
    pub fn settings(&self) -> PathBuf {
        self.path.join("node.toml")
    }

    /// The secret key file.
    pub fn secret(&self) -> PathBuf {
        self.path.join("secret.key")
    }

    /// The store's folder.
    pub fn store(&self) -> PathBuf {
        self.path.join("store")
    }

    /// The read model's folder.
    pub fn read_model(&self) -> PathBuf {
        self.path.join("readmodel")
    }

    /// What waits for each neighbour.
    pub fn waiting(&self) -> PathBuf {
        self.path.join("waiting")
    }

    /// The control socket.
    pub fn socket(&self) -> PathBuf {
        self.path.join("control.sock")
    }

    /// Makes the folder and a new secret key for `node`, unless there is one already. Returns the
    /// public key, which belongs into the roster.
    pub fn make_key(&self) -> Result<PublicKey, Problem> {
        if self.secret().exists() {
            return Ok(public_key(&self.read_secret()?));
        }
        let failed = |problem: std::io::Error| self.unusable(&problem.to_string());
        std::fs::create_dir_all(&self.path).map_err(failed)?;
        let mut secret = Zeroizing::new([0u8; 32]);
        getrandom::fill(&mut *secret).map_err(|problem| self.unusable(&problem.to_string()))?;
        let key = SigningKey::from_bytes(&secret);
        let mut digits: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        digits.push('\n');
        let file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(self.secret());
        let written = file.and_then(|mut file| {
            file.write_all(digits.as_bytes())?;
            file.sync_all()
        });
        digits.zeroize();
        written.map_err(failed)?;
        Ok(public_key(&key))
    }

    /// The node's secret key.
    pub fn read_secret(&self) -> Result<SigningKey, Problem> {
        let text = std::fs::read_to_string(self.secret()).map(Zeroizing::new);
        let text = text.map_err(|problem| self.unusable(&problem.to_string()))?;
        let bytes: Option<PublicKey> = text.trim_end().parse().ok();
        let bytes = bytes.ok_or_else(|| {
            let path = self.secret().display().to_string();
            Problem::new(
                "secret-key-damaged",
                text!("密钥文件 {path} 已损坏", "the key file {path} is damaged"),
                text!(
                    "从备份恢复该文件；没有备份时，生成新密钥并请审核人换发名册",
                    "restore it from a backup, or make a new key and have the reviewers change the roster"
                ),
            )
        })?;
        let secret = Zeroizing::new(bytes.0);
        Ok(SigningKey::from_bytes(&secret))
    }

    fn unusable(&self, problem: &str) -> Problem {
        let path = self.path.display();
        Problem::new(
            "folder-unusable",
            text!(
                "无法使用节点目录 {path}：{problem}",
                "cannot use the node folder {path}: {problem}"
            ),
            text!(
                "检查路径、权限和磁盘空间；新节点先运行 mesh-node init",
                "check the path, its permissions and the disk; a new node begins with mesh-node init"
            ),
        )
    }
}

/// The public key of a secret one.
pub fn public_key(key: &SigningKey) -> PublicKey {
    PublicKey(key.verifying_key().to_bytes())
}

/// What a new node is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Founding {
    /// The node.
    pub node: NodeId,
    /// The folder with the signed charter.
    pub charter: PathBuf,
    /// The digest that the charter must have, where the person knows it from somewhere else.
    pub digest: Option<crdt_model::ids::CharterDigest>,
}
