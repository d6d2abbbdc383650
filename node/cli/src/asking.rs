//! Asking the node, and what it means where that fails. See `reaching` for how it is reached.

use std::io::ErrorKind;
use std::path::PathBuf;

use super::output::Output;
use super::reaching::ask_telling;
use super::values::RecordNamed;
use crdt_model::ids::RecordId;

use crdt_model::text;
use crdt_model::text::{Language, Problem, Text};
use node_app::asked::protocol::{Reply, Request};
use node_doors::client::Client;
use node_machine::folder::NodeFolder;
use node_machine::settings::{Environment, Flags, Origin, Setting, Settings};

/// What every command is given.
#[derive(Clone, Debug)]
pub(super) struct Context {
    /// How to answer.
    pub(super) output: Output,
    /// The node's folder, and who said so.
    pub(super) data: Setting<PathBuf>,
    /// The environment.
    pub(super) environment: Environment,
    /// What `--lang` said.
    pub(super) lang: Option<Language>,
    /// Seconds that may be waited for a store which another process has open.
    pub(super) wait_s: u64,
}

impl Context {
    /// The node's folder.
    pub(super) fn folder(&self) -> NodeFolder {
        NodeFolder::new(&self.data.value)
    }

    /// The node's settings, with what the command's own flags set.
    pub(super) fn settings(&self, flags: Flags) -> Result<Settings, Problem> {
        let flags = Flags {
            lang: self.lang,
            ..flags
        };
        let loaded = Settings::load(&self.folder(), &self.environment, &flags);
        loaded.map_err(|problem| self.settings_damaged(problem))
    }

    /// A node that has run before can have the settings back that it ran with.
    fn settings_damaged(&self, problem: Problem) -> Problem {
        let about_the_file = problem.what.en.contains("node.toml");
        if !about_the_file || !self.folder().store().exists() {
            return problem;
        }
        let Text { zh, en } = &problem.next;
        let next = text!(
            "{zh}；该节点运行过：执行 mesh-node init --new-settings 可恢复上次运行时的设置",
            "{en}; this node has run before: mesh-node init --new-settings puts back the settings that it last ran with"
        );
        Problem::new(&problem.code, problem.what, next)
    }

    /// Asks the node, running or not.
    pub(super) fn ask(&self, request: &Request) -> Result<Reply, Problem> {
        self.reach()?.ask(request)
    }

    /// The id of a record that somebody named.
    pub(super) fn record(&self, named: RecordNamed) -> Result<RecordId, Problem> {
        let code = match named {
            RecordNamed::Id(id) => return Ok(id),
            RecordNamed::Code(code) => code.to_string(),
        };
        let reply = self.ask(&Request::Locate { code: code.clone() })?;
        match &reply {
            Reply::Located { records } => match records.as_slice() {
                [only] => Ok(*only),
                _ => Err(several_with(&code, records)),
            },
            _ => Err(unexpected(&reply)),
        }
    }

    /// Asks the node if it runs.
    pub(super) fn ask_running(&self, request: &Request) -> Result<Option<Reply>, Problem> {
        let Some(mut client) = self.running()? else {
            return Ok(None);
        };
        let reply = ask_telling(&mut client, request, self.output)?;
        refusal_is_a_problem(reply).map(Some)
    }

    /// A connection to the node, if it runs. A socket that nobody answers at was left behind.
    pub(super) fn connect(&self) -> Result<Option<Client>, Problem> {
        let socket = self.folder().socket();
        let error = match Client::connect(&socket) {
            Ok(client) => return Ok(Some(client)),
            Err(error) => error,
        };
        match error.kind() {
            // The last is a path that is too long for a socket: no node can serve it.
            ErrorKind::NotFound | ErrorKind::ConnectionRefused | ErrorKind::InvalidInput => {
                Ok(None)
            }
            _ => {
                let path = socket.display();
                Err(Problem::new(
                    "control-unusable",
                    text!(
                        error; "连不上控制套接字 {path}：{error}",
                        "cannot connect to {path}: {error}"
                    ),
                    text!(
                        "以运行节点的用户身份执行，并检查目录权限",
                        "run this as the user that runs the node, and check the folder's permissions"
                    ),
                ))
            }
        }
    }

    /// What problems with opening a node mean to whoever typed a command.
    pub(super) fn explained(&self, problem: Problem) -> Problem {
        let folder = self.data.value.display();
        match problem.code.as_str() {
            "folder-unusable" if !self.folder().secret().exists() => Problem::new(
                "secret-missing",
                text!(
                    "{folder} 中没有密钥文件 secret.key",
                    "there is no key file secret.key in {folder}"
                ),
                text!(
                    "新节点执行 mesh-node init；已有节点从备份恢复该文件，没有备份时执行 mesh-node init --new-key，把新公钥交审核人写入名册",
                    "for a new node run mesh-node init; for an existing one restore the file from a backup, or without one run mesh-node init --new-key and give the reviewers the new public key"
                ),
            ),
            "store-locked" if matches!(self.connect(), Ok(Some(_))) => Problem::new(
                "store-locked",
                text!(
                    "节点 {folder} 已在运行",
                    "the node in {folder} is already running"
                ),
                text!(
                    "用 mesh-node status 查看；要重新启动，先执行 mesh-node stop",
                    "see mesh-node status; to restart it, run mesh-node stop first"
                ),
            ),
            "store-locked" => Problem::new(
                "store-locked",
                text!(
                    "节点 {folder} 的数据存储正在使用，但控制套接字没有应答",
                    "the store of the node in {folder} is in use, but its control socket does not \
                     answer"
                ),
                text!(
                    "节点可能正在启动或停止，或另一条命令正在执行：稍后重试；持续如此时查找占用它的 mesh-node 进程",
                    "the node may be starting or stopping, or another command may be running: try \
                     again later; if this goes on, look for the mesh-node process that uses the \
                     store"
                ),
            ),
            "store-missing" => Problem::new(
                "store-missing",
                text!(
                    "{folder} 中的节点还没有章程，不能运行",
                    "the node in {folder} has no charter yet and cannot run"
                ),
                text!(
                    "执行 mesh-node init --charter 目录；若节点曾经运行，检查数据盘是否已挂载",
                    "run mesh-node init --charter FOLDER; if the node ran before, check that its disk \
                     is mounted"
                ),
            ),
            _ => problem,
        }
    }
}

/// Where the node's folder is, and who said so.
pub(super) fn data_folder(flag: Option<PathBuf>, environment: &Environment) -> Setting<PathBuf> {
    match (flag, environment.data()) {
        (Some(value), _) => Setting {
            value,
            origin: Origin::Flag { flag: "--data" },
        },
        (None, Some(value)) => Setting {
            value,
            origin: Origin::Environment {
                variable: "COUNTYMESH_DATA",
            },
        },
        (None, None) => Setting {
            value: PathBuf::from("node-data"),
            origin: Origin::Default,
        },
    }
}

/// A problem for a question that only a running node can answer.
pub(super) fn not_running() -> Problem {
    Problem::new(
        "not-running",
        text!("节点未运行", "the node is not running"),
        text!("先启动节点：mesh-node run", "start it first: mesh-node run"),
    )
}

/// A problem for an answer that does not fit the question.
pub(super) fn unexpected(reply: &Reply) -> Problem {
    let answer = serde_json::to_value(reply).unwrap_or_default();
    let answer = answer
        .get("answer")
        .and_then(|word| word.as_str())
        .unwrap_or("?")
        .to_owned();
    Problem::new(
        "internal-answer",
        text!(
            "节点的应答与请求不符（{answer}）",
            "the answer does not fit the question ({answer})"
        ),
        text!(
            "请使用与节点同一版本的程序",
            "check that the command and the node have the same version"
        ),
    )
}

pub(super) fn refusal_is_a_problem(reply: Reply) -> Result<Reply, Problem> {
    match reply {
        Reply::Problem(problem) => Err(problem),
        reply => Ok(reply),
    }
}

/// A problem for an answer that did not come.
pub(super) fn no_answer(error: &std::io::Error) -> Problem {
    Problem::new(
        "no-answer",
        text!(error; "节点没有应答：{error}", "the node did not answer: {error}"),
        text!(
            "节点可能已停止；用 mesh-node status 查看，要保存内容的命令，请先核对是否已完成再重试",
            "it may have stopped: see mesh-node status, and check whether it was done before trying \
             again"
        ),
    )
}

fn several_with(code: &str, records: &[RecordId]) -> Problem {
    let ids: Vec<_> = records.iter().map(ToString::to_string).collect();
    let ids = ids.join(" ");
    Problem::new(
        "several-records",
        text!(
            "有多条记录的编号都是 {code}：{ids}",
            "several records have the code {code}: {ids}"
        ),
        text!("改用其中一条的 32 位编码", "use the id of one of them"),
    )
}
