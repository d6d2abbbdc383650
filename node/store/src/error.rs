//! Why a store does not open, and what a person does about it.

use std::io;
use std::path::{Path, PathBuf};

use crdt_model::store::StoreError;

use crdt_model::text;
use crdt_model::text::Problem;
use node_machine::room::{DISK_FULL, disk_full};

/// Why a store could not be opened, created or accepted.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no store in the folder.
    #[error("there is no store in `{}`", .0.display())]
    Missing(PathBuf),
    /// There is a store already where a new one was to be made.
    #[error("there is a store in `{}` already", .0.display())]
    Exists(PathBuf),
    /// Another process, or this one, has the store open.
    #[error("the store in `{}` is in use", .0.display())]
    Locked(PathBuf),
    /// The store is older than, or another than, the one that was last made durable.
    #[error("the store is not the one this node last wrote: {0}")]
    RolledBack(String),
    /// The folder holds something else.
    #[error("`{}` is not a store: {problem}", .folder.display())]
    NotAStore {
        /// The folder.
        folder: PathBuf,
        /// What was found there.
        problem: String,
    },
    /// A newer version of the program wrote the store.
    #[error("the store has format {found}, and this program knows formats up to {known}")]
    Format {
        /// The format found.
        found: u32,
        /// The newest format this program reads.
        known: u32,
    },
    /// Entries were damaged or lost.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// No room is left.
    #[error("no room is left on the disk")]
    Full,
    /// The operating system or the engine failed.
    #[error("the store failed: {0}")]
    Failed(String),
}

impl From<StoreError> for OpenError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Failed(problem) => Self::Failed(problem),
            StoreError::Damaged { key, problem } if key.is_empty() => {
                Self::Damaged(format!("the engine cannot read its files: {problem}"))
            }
            StoreError::Damaged { .. } => Self::Damaged(error.to_string()),
            StoreError::RolledBack(problem) => Self::RolledBack(problem),
            StoreError::Full => Self::Full,
        }
    }
}

impl OpenError {
    /// What happened, in Chinese. What the library or the operating system says stands in brackets.
    fn in_chinese(&self) -> String {
        let shown = |folder: &Path| folder.display().to_string();
        match self {
            Self::Missing(folder) => format!("{} 中没有数据存储", shown(folder)),
            Self::Exists(folder) => format!("{} 中已有数据存储", shown(folder)),
            Self::Locked(folder) => format!("{} 中的数据存储正在使用", shown(folder)),
            Self::RolledBack(problem) => {
                format!("这不是本节点最后写入的数据存储（`{problem}`）")
            }
            Self::NotAStore { folder, problem } => {
                format!("{} 不是数据存储（`{problem}`）", shown(folder))
            }
            Self::Format { found, known } => {
                format!("数据存储的格式是 {found}，本程序只认识到 {known}")
            }
            Self::Damaged(problem) => format!("数据存储已损坏（`{problem}`）"),
            Self::Full => "磁盘已满".to_owned(),
            Self::Failed(problem) => format!("读写出错（`{problem}`）"),
        }
    }

    /// The error as people read it, with what to do next.
    pub fn problem(&self) -> Problem {
        if let Self::Full = self {
            return disk_full();
        }
        let zh = self.in_chinese();
        let what = text!("数据存储不能打开：{zh}", "the store does not open: {self}");
        let (code, next) = match self {
            Self::Missing(_) => (
                "store-missing",
                text!(
                    "新节点请先执行 mesh-node init；已有节点请检查数据盘是否已挂载",
                    "for a new node run mesh-node init first; else check that the data folder is mounted"
                ),
            ),
            Self::Exists(_) => (
                "store-exists",
                text!(
                    "请换一个空目录，或直接启动原来的节点",
                    "choose an empty folder, or run the node that is there"
                ),
            ),
            Self::Locked(_) => (
                "store-locked",
                text!(
                    "请先停止正在使用它的 mesh-node 程序",
                    "stop the mesh-node process that uses it"
                ),
            ),
            Self::RolledBack(_) => (
                "store-rolled-back",
                text!(
                    "如果目录放错，请换回原来的目录；如果确是从备份恢复的，或部分文件已丢失，请执行 mesh-node store accept",
                    "if this is the wrong folder, put the right one back; if a backup was restored, or files are lost, run mesh-node store accept"
                ),
            ),
            Self::NotAStore { .. } => (
                "store-foreign",
                text!(
                    "请换一个空目录；现有文件没有改动",
                    "choose an empty folder; nothing there was changed"
                ),
            ),
            Self::Format { .. } => (
                "store-format",
                text!(
                    "请安装写入它的版本或更新的版本",
                    "install the version that wrote it, or a newer one"
                ),
            ),
            Self::Damaged(_) => (
                "store-damaged",
                text!(
                    "请执行 mesh-node store repair：保留完好的内容，列出缺少的记录，其余由相邻节点补回；并请检查硬盘",
                    "run mesh-node store repair: it keeps what is whole and lists what is missing, and the neighbours send what they hold; have the disk checked"
                ),
            ),
            Self::Full => (
                DISK_FULL,
                text!("请先腾出磁盘空间", "make room on the disk first"),
            ),
            Self::Failed(_) => (
                "store-failed",
                text!(
                    "请检查硬盘、权限和系统日志",
                    "check the disk, the permissions and the system log"
                ),
            ),
        };
        Problem::new(code, what, next)
    }
}

/// Whether no more can be written: the disk, a quota or a limit of the process is used up.
pub(super) fn means_full(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(kind, StorageFull | QuotaExceeded | FileTooLarge)
}

/// A file operation that failed, as a store error that says on which file.
pub(super) fn at_path(path: &Path) -> impl Fn(io::Error) -> StoreError + '_ {
    move |error| match error.kind() {
        kind if means_full(kind) => StoreError::Full,
        _ => StoreError::Failed(format!("`{}`: {error}", path.display())),
    }
}
