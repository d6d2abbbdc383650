//! Asking the node: through its control socket if it runs, else by opening it; and what it means where
//! that fails. Between the two lies a moment in which another process has the store and nobody answers
//! yet: a start, a stop or another command is at work. That is waited for.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use crdt_model::ids::{Name, RecordId};
use crdt_model::text;
use crdt_model::text::{Language, Problem, Text};
use crdt_model::time::Instant;
use node_app::door::caller::{Caller, WayIn};
use node_app::door::use_case::UseCase;
use node_app::offline::Offline;
use node_app::use_cases::record_locate::LocateRequest;
use node_doors::client::{Client, Wants};
use node_machine::clock::Clock;
use node_machine::folder::NodeFolder;
use node_machine::settings::{Environment, Flags, Origin, Setting, Settings};

use super::mended::mended_text;
use super::output::Output;
use super::signals::Interrupted;
use super::telling::Telling;
use super::values::RecordNamed;

/// Milliseconds between two looks.
const LOOK_MS: u64 = 50;
/// Milliseconds after which a person is told.
const SAY_AFTER_MS: u64 = 1_000;

/// The node, as far as it can be asked.
pub(super) enum Reached {
    /// It runs; people are told how far it has come where it takes long.
    Running(Client, Output),
    /// It does not, and is open now.
    Opened(Box<Offline>),
}

impl Reached {
    /// Asks it, as somebody in a role.
    pub(super) fn ask<U: UseCase>(
        &mut self,
        role: Option<Name>,
        reason: Option<String>,
        asked: U,
    ) -> Result<U::Answer, Problem> {
        let by = |way_in| Caller {
            role,
            reason,
            ..Caller::at(way_in)
        };
        match self {
            Self::Running(client, output) => {
                let answer = ask_telling(client, &by(WayIn::Socket), &asked, *output);
                answer.map_err(|error| no_answer(&error))?
            }
            Self::Opened(node) => node.ask(by(WayIn::Folder), asked),
        }
    }
}

/// Asks a running node, and tells people how far it has come where that takes long. Ctrl-C has it end
/// early; the answer then says what has come of it.
pub(super) fn ask_telling<U: UseCase>(
    client: &mut Client,
    caller: &Caller,
    asked: &U,
    output: Output,
) -> std::io::Result<Result<U::Answer, Problem>> {
    let interrupted = U::ENDS_EARLY.then(Interrupted::listen).flatten();
    let mut told = Telling::new(output);
    client.ask_watching(caller, asked, |meanwhile| {
        told.tell(meanwhile);
        match interrupted.as_ref().is_some_and(Interrupted::is_set) {
            true => Wants::End,
            false => Wants::Answer,
        }
    })
}

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
    pub(super) fn ask<U: UseCase>(&self, asked: U) -> Result<U::Answer, Problem> {
        self.ask_as(None, None, asked)
    }

    /// The same, as somebody in a role; the first that the charter lists if none is given.
    pub(super) fn ask_as<U: UseCase>(
        &self,
        role: Option<Name>,
        reason: Option<String>,
        asked: U,
    ) -> Result<U::Answer, Problem> {
        self.reach()?.ask(role, reason, asked)
    }

    /// The id of a record that somebody named.
    pub(super) fn record(&self, named: RecordNamed) -> Result<RecordId, Problem> {
        let code = match named {
            RecordNamed::Id(id) => return Ok(id),
            RecordNamed::Code(code) => code.to_string(),
        };
        let located = self.ask(LocateRequest { code: code.clone() })?;
        match located.records.as_slice() {
            [only] => Ok(*only),
            several => Err(several_with(&code, several)),
        }
    }

    /// Asks the node if it runs.
    pub(super) fn ask_running<U: UseCase>(&self, asked: U) -> Result<Option<U::Answer>, Problem> {
        let Some(client) = self.running()? else {
            return Ok(None);
        };
        let mut node = Reached::Running(client, self.output);
        node.ask(None, None, asked).map(Some)
    }

    /// The node, running or not.
    pub(super) fn reach(&self) -> Result<Reached, Problem> {
        let mut patience = self.patience();
        loop {
            if let Some(client) = self.connect()? {
                return Ok(Reached::Running(client, self.output));
            }
            match self.open_once() {
                Err(problem) if is_locked(&problem) && patience.again(self) => {}
                opened => {
                    let opened = opened.map(|node| Reached::Opened(Box::new(node)));
                    return opened.map_err(|problem| self.explained(problem));
                }
            }
        }
    }

    /// A connection to the node if it runs; none if no process has its store.
    pub(super) fn running(&self) -> Result<Option<Client>, Problem> {
        let mut patience = self.patience();
        loop {
            if let Some(client) = self.connect()? {
                return Ok(Some(client));
            }
            if !self.store_is_in_use() {
                return Ok(None);
            }
            if !patience.again(self) {
                return Err(self.deaf());
            }
        }
    }

    /// Runs the node, once no other command has its store.
    pub(super) fn when_unlocked(
        &self,
        mut run: impl FnMut() -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        let mut patience = self.patience();
        loop {
            match run() {
                Err(problem)
                    if is_locked(&problem) && self.connect()?.is_none() && patience.again(self) => {
                }
                ended => return ended.map_err(|problem| self.explained(problem)),
            }
        }
    }

    /// Waits until no process has the store any more.
    pub(super) fn until_released(&self) -> Result<(), Problem> {
        let mut patience = self.patience();
        while self.store_is_in_use() {
            if !patience.again(self) {
                return Err(self.deaf());
            }
        }
        Ok(())
    }

    fn open_once(&self) -> Result<Offline, Problem> {
        let settings = self.settings(Flags::default())?;
        let node = Offline::open(&self.folder(), &settings)?;
        if let Some(mended) = node.mended() {
            self.output.progress(&mended_text(mended));
        }
        Ok(node)
    }

    fn store_is_in_use(&self) -> bool {
        node_store::is_in_use(&self.folder().store())
    }

    fn patience(&self) -> Patience {
        let clock = Clock::start();
        Patience {
            started: clock.now().instant,
            clock,
            wait_ms: self.wait_s * 1_000,
            said: false,
        }
    }

    /// Some process has the store, and nobody answers.
    fn deaf(&self) -> Problem {
        let locked = Problem::new("store-locked", Text::default(), Text::default());
        self.explained(locked)
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

fn is_locked(problem: &Problem) -> bool {
    problem.code == "store-locked"
}

struct Patience {
    clock: Clock,
    started: Instant,
    wait_ms: u64,
    said: bool,
}

impl Patience {
    /// Waits a moment; false if it has been long enough.
    fn again(&mut self, context: &Context) -> bool {
        let waited_ms = self.clock.now().instant.since_ms(self.started);
        if waited_ms >= self.wait_ms {
            return false;
        }
        if waited_ms >= SAY_AFTER_MS && !std::mem::replace(&mut self.said, true) {
            context.output.progress(&text!(
                "数据存储正被另一个程序占用（节点正在启动或停止，或另一条命令正在执行），等待中……",
                "another process has the store (the node starts or stops, or a command is at work); waiting …"
            ));
        }
        std::thread::park_timeout(Duration::from_millis(LOOK_MS));
        true
    }
}
