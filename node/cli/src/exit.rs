//! How a command ends, for scripts.

use std::process::ExitCode;

use crdt_model::text;
use crdt_model::text::{Problem, Text};

/// How a command ends. The numbers are part of the interface: see [`crate`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Exit {
    /// It was done.
    Done = 0,
    /// The node refused it, or there is no such thing.
    Refused = 1,
    /// The command line is wrong, or a value or file given with it.
    Usage = 2,
    /// The node's folder, settings or key cannot be used.
    Folder = 3,
    /// The store cannot be used.
    Store = 4,
    /// The answer is no: not in sync, not readable. Only where a script asks with `--exit-code`.
    No = 5,
    /// A county in which not everything arrived in time, or not exactly what was to.
    NotConverged = 6,
    /// A county in which a node holds, or somebody wrote, what plain Cedar denies.
    Violations = 7,
    /// An import of which rows were refused, some or all.
    RowsRefused = 8,
    /// An import that was ended early by Ctrl-C: some of it is written, and the rest is not.
    EndedEarly = 9,
    /// An error of this program.
    Internal = 70,
}

impl Exit {
    /// All of them, with what they mean.
    pub(super) fn all() -> [(Self, Text); 11] {
        [
            (Self::Done, text!("已完成", "done")),
            (
                Self::Refused,
                text!(
                    "没有执行：不允许，或没有这个记录",
                    "refused, or there is no such thing"
                ),
            ),
            (
                Self::Usage,
                text!(
                    "命令用法或所给文件有误",
                    "the command line, or a file given with it, is wrong"
                ),
            ),
            (
                Self::Folder,
                text!(
                    "节点目录、设置或密钥有问题",
                    "the node's folder, settings or key cannot be used"
                ),
            ),
            (
                Self::Store,
                text!("数据存储有问题", "the store cannot be used"),
            ),
            (
                Self::No,
                text!(
                    "结果为“否”：未同步，或无权查看（仅 --exit-code 时）",
                    "the answer is no: not in sync, or not readable by this role (with \
                     --exit-code only)"
                ),
            ),
            (
                Self::NotConverged,
                text!(
                    "`county`：没有在时限内同步到应有状态",
                    "county: not everything arrived in time"
                ),
            ),
            (
                Self::Violations,
                text!(
                    "`county`：存在违反规则的数据",
                    "county: data was found that breaks the rules"
                ),
            ),
            (
                Self::RowsRefused,
                text!(
                    "`import`：有内容不能导入，部分或全部（见 JSON 的 `refused`）",
                    "import: rows are refused, some or all (`refused` in the JSON says which)"
                ),
            ),
            (
                Self::EndedEarly,
                text!(
                    "`import`：按 `Ctrl-C` 提前停止，已导入一部分；再次导入同一文件可接着导",
                    "import: ended early by Ctrl-C, with some of it written (importing again goes on)"
                ),
            ),
            (
                Self::Internal,
                text!("程序出错", "an error of this program"),
            ),
        ]
    }

    /// How a command ends that met this problem.
    pub(super) fn of(problem: &Problem) -> Self {
        const BY_CODE: [(&str, Exit); 14] = [
            ("county-not-converged", Exit::NotConverged),
            ("county-stopped", Exit::Refused),
            ("county-", Exit::Folder),
            ("usage", Exit::Usage),
            ("input-", Exit::Usage),
            ("folder-", Exit::Folder),
            ("secret-", Exit::Folder),
            ("settings-", Exit::Folder),
            ("control-", Exit::Folder),
            ("store-", Exit::Store),
            ("replica-", Exit::Store),
            ("disk-", Exit::Store),
            ("no-charter", Exit::Store),
            ("internal", Exit::Internal),
        ];
        let known = BY_CODE
            .into_iter()
            .find(|(start, _)| problem.code.starts_with(start));
        known.map_or(Self::Refused, |(_, exit)| exit)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_end_as_their_code_says() {
        let exits = [
            "store-locked",
            "settings-missing",
            "secret-key-damaged",
            "usage",
            "no-such-record",
        ]
        .map(|code| Exit::of(&Problem::new(code, Text::default(), Text::default())) as u8);
        assert_eq!(exits, [4, 3, 3, 2, 1]);
    }
}
