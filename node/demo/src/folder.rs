//! Where everything of a demonstration county lies, and what marks its folder as one.
//!
//! ```text
//! county.toml       marks the folder; what the county was made of, and whether that was finished
//! county.lock       held while somebody runs it
//! charter/          the signed charter, version 1
//! reviewers/        the keys of three demonstration reviewers
//! nodes/CODE/       the folder of each node, with its log
//! samples/          the sample files, by node, and the mappings they are read with
//! loaded.toml       how much of the sample has been loaded
//! ```

use std::io::Write;
use std::path::{Path, PathBuf};

use crdt_model::ids::NodeId;
use serde::{Deserialize, Serialize};

use crdt_model::text;
use crdt_model::text::{Explain, Problem, Quoted};
use node_machine::folder::NodeFolder;
use node_machine::private;

/// Bytes of a Unix socket's path, at most: `sun_path` of Linux, without its final zero.
const SOCKET_PATH_BYTES_MAX: usize = 107;

/// Everything that a county puts into its folder; nothing else is ever removed from it.
const OURS: [&str; 5] = ["charter", "reviewers", "nodes", "samples", "loaded.toml"];

/// What a county was made of.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Marker {
    /// Always `mesh-node county`.
    pub(super) made_by: String,
    /// Whether setting it up was finished.
    pub(super) complete: bool,
    /// Its nodes.
    pub(super) nodes: Vec<NodeId>,
}

/// How much of the sample has been loaded.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Loaded {
    /// The scale it was loaded at.
    pub(super) scale: f64,
}

/// A county's folder, locked for as long as this lives.
#[derive(Debug)]
pub struct CountyFolder {
    path: PathBuf,
    _lock: std::fs::File,
}

impl CountyFolder {
    /// Opens the folder, or makes it if there is none. A folder that holds anything and is not a
    /// county's is refused.
    ///
    /// # Errors
    /// What is wrong with the folder, or that somebody else runs this county.
    pub fn open(path: &Path) -> Result<Self, Problem> {
        let path = std::path::absolute(path).map_err(|problem| unusable(path, &problem))?;
        let fault = |problem: &dyn Explain| unusable(&path, problem);
        private::prepare_folder(&path).map_err(|problem| fault(&problem))?;
        let mut entries = std::fs::read_dir(&path).map_err(|problem| fault(&problem))?;
        if entries.next().is_some() && !path.join("county.toml").is_file() {
            return Err(not_ours(&path));
        }
        private::check(&path)?;
        let longest = path.join("nodes/620723000000/control.sock");
        if longest.as_os_str().len() > SOCKET_PATH_BYTES_MAX {
            return Err(too_long(&path));
        }
        let lock = std::fs::File::create(path.join("county.lock"));
        let lock = lock.map_err(|problem| fault(&problem))?;
        let locked = rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive);
        locked.map_err(|_| in_use(&path))?;
        let folder = Self { path, _lock: lock };
        if folder.marker()?.is_none() {
            let marker = Marker {
                made_by: MADE_BY.to_owned(),
                complete: false,
                nodes: Vec::new(),
            };
            folder.write_marker(&marker)?;
        }
        Ok(folder)
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The signed charter.
    pub fn charter(&self) -> PathBuf {
        self.path.join("charter")
    }

    /// The reviewers' keys.
    pub fn reviewers(&self) -> PathBuf {
        self.path.join("reviewers")
    }

    /// The folder of one node.
    pub fn node(&self, node: NodeId) -> NodeFolder {
        NodeFolder::new(self.path.join("nodes").join(node.to_string()))
    }

    /// The log of one node.
    pub fn log(&self, node: NodeId) -> PathBuf {
        self.node(node).path().join("log")
    }

    /// The sample files of one node.
    pub fn samples(&self, node: NodeId) -> PathBuf {
        self.path.join("samples").join(node.to_string())
    }

    /// The mappings of the sample files.
    pub fn mappings(&self) -> PathBuf {
        self.path.join("samples").join("mappings")
    }

    /// Removes everything that a county puts into its folder, and nothing else.
    pub(super) fn clear(&self) -> Result<(), Problem> {
        for name in OURS {
            let path = self.path.join(name);
            let removed = match path.symlink_metadata() {
                Ok(metadata) if metadata.is_dir() => std::fs::remove_dir_all(&path),
                Ok(_) => std::fs::remove_file(&path),
                Err(problem) if problem.kind() == std::io::ErrorKind::NotFound => Ok(()),
                Err(problem) => Err(problem),
            };
            removed.map_err(|problem| unusable(&path, &problem))?;
        }
        Ok(())
    }

    pub(super) fn marker(&self) -> Result<Option<Marker>, Problem> {
        let marker: Option<Marker> = self.read_toml("county.toml")?;
        match marker {
            Some(marker) if marker.made_by != MADE_BY => Err(not_ours(&self.path)),
            marker => Ok(marker),
        }
    }

    pub(super) fn write_marker(&self, marker: &Marker) -> Result<(), Problem> {
        self.write_toml("county.toml", marker)
    }

    pub(super) fn loaded(&self) -> Result<Option<Loaded>, Problem> {
        self.read_toml("loaded.toml")
    }

    pub(super) fn write_loaded(&self, loaded: &Loaded) -> Result<(), Problem> {
        self.write_toml("loaded.toml", loaded)
    }

    fn read_toml<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Problem> {
        let path = self.path.join(name);
        match std::fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text)
                .map(Some)
                .map_err(|problem| unusable(&path, &Quoted(problem))),
            Err(problem) if problem.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(problem) => Err(unusable(&path, &problem)),
        }
    }

    fn write_toml<T: Serialize>(&self, name: &str, content: &T) -> Result<(), Problem> {
        let path = self.path.join(name);
        let text = toml::to_string(content).map_err(|problem| unusable(&path, &Quoted(problem)))?;
        write_whole(&path, text.as_bytes())
    }
}

/// What the marker says.
const MADE_BY: &str = "mesh-node county";

/// Writes a file whole or not at all, with the folders it needs.
pub(super) fn write_whole(path: &Path, content: &[u8]) -> Result<(), Problem> {
    let fault = |problem: std::io::Error| unusable(path, &problem);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(fault)?;
    }
    let beside = path.with_extension("new");
    let mut file = std::fs::File::create(&beside).map_err(fault)?;
    file.write_all(content)
        .and_then(|()| file.sync_all())
        .map_err(fault)?;
    std::fs::rename(&beside, path).map_err(fault)
}

/// What a person is told where a county's folder cannot be used.
pub fn unusable(path: &Path, problem: &dyn Explain) -> Problem {
    let path = path.display();
    Problem::new(
        "county-folder",
        text!(problem; "不能使用 {path}：{problem}", "cannot use {path}: {problem}"),
        text!(
            "检查路径、权限和磁盘空间",
            "check the path, its permissions and the disk"
        ),
    )
}

fn not_ours(path: &Path) -> Problem {
    let path = path.display();
    Problem::new(
        "county-not-ours",
        text!(
            "目录 {path} 不是演示县的目录，里面已有别的内容，未作改动",
            "{path} holds something and is no demonstration county's folder; nothing was changed"
        ),
        text!(
            "用 --data 另选一个空目录",
            "choose an empty folder with --data"
        ),
    )
}

fn too_long(path: &Path) -> Problem {
    let path = path.display();
    Problem::new(
        "county-path-too-long",
        text!(
            "目录路径太长，放不下控制套接字：{path}",
            "the folder's path is too long for control sockets: {path}"
        ),
        text!(
            "用 --data 另选一个路径较短的目录",
            "choose a folder with a shorter path with --data"
        ),
    )
}

fn in_use(path: &Path) -> Problem {
    let path = path.display();
    Problem::new(
        "county-in-use",
        text!(
            "演示县 {path} 正在运行",
            "the county in {path} is running already"
        ),
        text!(
            "先停止它，或用 --data 另选一个目录",
            "stop it first, or choose another folder with --data"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_other_things_in_it_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("letter.txt"), "dear").expect("written");
        let refused = CountyFolder::open(folder.path()).expect_err("not ours");
        assert_eq!(refused.code, "county-not-ours");
        assert_eq!(std::fs::read_dir(folder.path()).expect("there").count(), 1);
    }

    #[test]
    fn one_county_is_run_once_at_a_time() {
        private::new_files_only();
        let folder = tempfile::tempdir().expect("a folder");
        let first = CountyFolder::open(folder.path()).expect("opens");
        assert_eq!(
            CountyFolder::open(folder.path()).expect_err("locked").code,
            "county-in-use"
        );
        drop(first);
        CountyFolder::open(folder.path()).expect("opens again");
    }

    #[test]
    fn clearing_removes_what_is_ours_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let county = CountyFolder::open(folder.path()).expect("opens");
        write_whole(&county.charter().join("charter.toml"), b"").expect("written");
        write_whole(&folder.path().join("letter.txt"), b"dear").expect("written");
        county.clear().expect("cleared");
        assert!(!county.charter().exists());
        assert!(folder.path().join("letter.txt").exists());
    }
}
