//! The program, run in a folder of its own, and a stand-in for a running node.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crdt_model::text::Problem;
use node_app::door::caller::{Caller, WayIn};
use node_app::door::line::{Envelope, answer_line};
use node_app::door::use_case::UseCase;
use node_app::requests::Request;

/// A folder for a node that goes away with the test.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    /// A new one; nothing is in it.
    pub(crate) fn new() -> Self {
        node_machine::private::new_files_only();
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// A new one with the settings of a village.
    pub(crate) fn of_a_village() -> Self {
        let folder = Self::new();
        folder.write("node.toml", "node = \"620723101201\"\n");
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, content).expect("written");
        path
    }

    /// The program in this folder, in English, with nothing of this process's environment that it
    /// listens to.
    pub(crate) fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mesh-node"));
        for variable in ["LISTEN", "CACHE_MIB", "LOG", "LANG"] {
            command.env_remove(format!("COUNTYMESH_{variable}"));
        }
        command
            .env_remove("LC_ALL")
            .env_remove("LC_MESSAGES")
            .env("LANG", "en_GB.UTF-8");
        command
            .env("COUNTYMESH_DATA", self.path())
            .current_dir(self.path())
            .args(arguments);
        command
    }

    /// Runs the program, and says how it ended, with both outputs.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.program(arguments).output().expect("it runs").into()
    }

    /// Stands in for a running node: gives one answer, as to this request, and hands back what was
    /// asked.
    pub(crate) fn node_answers<U: UseCase>(
        &self,
        answer: Result<U::Answer, Problem>,
    ) -> std::thread::JoinHandle<Envelope<Request>> {
        let listener = UnixListener::bind(self.path().join("control.sock")).expect("a socket");
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("somebody asks");
            let mut line = String::new();
            let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
            reader.read_line(&mut line).expect("a line");
            let answer = answer_line::<U>(&answer).expect("JSON");
            stream.write_all(&answer).expect("it is still there");
            serde_json::from_str(&line).expect("a request")
        })
    }
}

/// What the program sends to ask this, in the first role.
pub(crate) fn asking(asked: impl Into<Request>) -> Envelope<Request> {
    Envelope::of(&Caller::at(WayIn::Socket), asked.into(), true)
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Self {
            code: output.status.code(),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }
}

impl Ended {
    /// The one object on stdout.
    pub(crate) fn object(&self) -> serde_json::Value {
        assert_eq!(self.out.lines().count(), 1, "one object: {self:?}");
        serde_json::from_str(&self.out).expect("JSON")
    }
}
