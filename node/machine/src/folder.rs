//! A node's own folder, and making one. Only the node's own user can look into it: see
//! [`crate::private`].
//!
//! ```text
//! node.toml      the node's code and settings
//! secret.key     the node's ed25519 secret key and its public key, 64 hex digits each; a file of an
//!                older program has the secret key alone
//! store/         everything else: commits, charters, the author epoch
//! store.damaged-1/  a store that was damaged, as it was; the newest few, until something is purged
//! readmodel/     what the store holds, for lists and searches; it can be removed at any time
//! control.sock   where programs on this machine ask; only while the node runs
//! reserve        nothing: room that is given up at a start on a full disk
//! ```

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crdt_model::ids::{NodeId, PublicKey};
use ed25519_dalek::SigningKey;
use zeroize::Zeroizing;

use crate::private;
use crdt_model::text;
use crdt_model::text::{Explain, Problem, Quoted, Text};

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

    /// Makes the folder for a new node, unless there is one already, which must be closed to others.
    pub fn prepare(&self) -> Result<(), Problem> {
        private::prepare_folder(&self.path).map_err(|problem| self.unusable(&problem))?;
        private::check(&self.path)
    }

    /// Makes the folder and a new secret key for `node`, unless there is one already. Returns the
    /// public key, which belongs into the roster.
    pub fn make_key(&self) -> Result<PublicKey, Problem> {
        if self.secret().exists() {
            return Ok(self.read_key_file()?.public());
        }
        let failed = |problem: std::io::Error| self.unusable(&problem);
        private::create_folder(&self.path).map_err(failed)?;
        let mut secret = Zeroizing::new([0u8; 32]);
        getrandom::fill(&mut *secret).map_err(|problem| self.unusable(&Quoted(problem)))?;
        let key = SigningKey::from_bytes(&secret);
        let digits = Zeroizing::new(hex::encode(secret.as_slice()));
        let public = public_key(&key).to_string();
        let text = Zeroizing::new([digits.as_str(), "\n", public.as_str(), "\n"].concat());
        let file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(self.secret());
        let written = file.and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        written.map_err(failed)?;
        Ok(public_key(&key))
    }

    /// Gives a file that cannot be used any more another name, so that a new one can be made.
    pub fn set_aside(&self, file: &Path) -> Result<(), Problem> {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let mut names = (1_u32..).map(|number| self.path.join(format!("{name}.aside-{number}")));
        match names.find(|path| !path.exists()) {
            Some(aside) if file.exists() => {
                std::fs::rename(file, aside).map_err(|problem| self.unusable(&problem))
            }
            _ => Ok(()),
        }
    }

    /// Writes the settings file, all of it or nothing.
    pub fn write_settings(&self, bytes: &[u8]) -> Result<(), Problem> {
        let draft = self.path.join("node.toml.new");
        std::fs::write(&draft, bytes)
            .and_then(|()| std::fs::rename(&draft, self.settings()))
            .map_err(|problem| self.unusable(&problem))
    }

    /// The node's secret key.
    pub fn read_secret(&self) -> Result<SigningKey, Problem> {
        Ok(self.read_key_file()?.secret)
    }

    /// The node's key file. A secret key that does not go with the public key beside it is damaged.
    pub fn read_key_file(&self) -> Result<KeyFile, Problem> {
        let bytes = std::fs::read(self.secret()).map(Zeroizing::new);
        let bytes = bytes.map_err(|problem| self.unusable(&problem))?;
        let damaged = || {
            let path = self.secret().display().to_string();
            self.key_damaged(text!(
                "密钥文件 {path} 已损坏",
                "the key file {path} is damaged"
            ))
        };
        let text = std::str::from_utf8(&bytes).map_err(|_| damaged())?;
        let mut lines = text.lines();
        let secret: Option<PublicKey> = lines.next().and_then(|line| line.trim_end().parse().ok());
        let secret = Zeroizing::new(secret.ok_or_else(damaged)?.0);
        let secret = SigningKey::from_bytes(&secret);
        let beside: Vec<&str> = lines.filter(|line| !line.trim().is_empty()).collect();
        let vouched = match beside.as_slice() {
            [] => false,
            [line] if line.trim_end() == public_key(&secret).to_string() => true,
            _ => return Err(damaged()),
        };
        Ok(KeyFile { secret, vouched })
    }

    /// What a person is told whose key file is damaged.
    pub fn key_damaged(&self, what: Text) -> Problem {
        Problem::new(
            "secret-key-damaged",
            what,
            text!(
                "从备份恢复 secret.key；没有备份时执行 mesh-node init --new-key，把新公钥交审核人写入名册并重新签署章程",
                "restore secret.key from a backup; without one run mesh-node init --new-key, and have the reviewers list the new public key and sign the charter again"
            ),
        )
    }

    fn unusable(&self, problem: &dyn Explain) -> Problem {
        let path = self.path.display();
        Problem::new(
            "folder-unusable",
            text!(
                problem; "不能使用节点目录 {path}：{problem}",
                "cannot use the node folder {path}: {problem}"
            ),
            text!(
                "检查路径、权限和磁盘空间；新节点先运行 mesh-node init",
                "check the path, its permissions and the disk; a new node begins with mesh-node init"
            ),
        )
    }
}

/// What a key file holds.
pub struct KeyFile {
    /// The secret key.
    pub secret: SigningKey,
    /// Whether the file says itself, beside it, which public key it has.
    pub vouched: bool,
}

impl KeyFile {
    /// Its public key.
    pub fn public(&self) -> PublicKey {
        public_key(&self.secret)
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
