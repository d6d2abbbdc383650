//! A node as `mesh-node run` runs it.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crdt_model::ids::NodeId;
use node_machine::folder::{Founding, NodeFolder};
use node_runtime::founding;
use serde_json::{Value, json};

/// Between two looks at a node.
const LOOK: Duration = Duration::from_millis(20);
/// The same where it is the time until something comes that is measured.
const LOOK_CLOSELY: Duration = Duration::from_micros(300);

pub(crate) struct Running {
    child: Child,
    socket: PathBuf,
}

/// Runs a command at a node, and says what it printed if it failed.
pub(crate) fn command(program: &Path, at: &NodeFolder, arguments: &[&str]) {
    let done = Command::new(program)
        .args(["--lang", "en", "--data"])
        .arg(at.path())
        .args(arguments)
        .output()
        .expect("a process");
    let told = String::from_utf8_lossy(&done.stderr);
    assert!(
        done.status.success(),
        "{arguments:?}: {} {told}",
        done.status
    );
}

/// Founds a node anew with a charter.
pub(crate) fn found(folder: &NodeFolder, charter: &Path) {
    let code = folder.path().file_name().and_then(|code| code.to_str());
    let founded = Founding {
        node: code.and_then(|code| code.parse().ok()).expect("a code"),
        charter: charter.to_owned(),
        digest: None,
    };
    founding::found(folder, &founded).expect("a node");
}

impl Running {
    pub(crate) fn start(program: &Path, of: &NodeFolder) -> Self {
        let log = std::fs::File::create(of.path().join("log")).expect("a log");
        let child = Command::new(program)
            .arg("--data")
            .arg(of.path())
            .args(["run", "--stop-with-parent"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("a process");
        let running = Self {
            child,
            socket: of.socket(),
        };
        while running.try_ask(&json!({"ask": "status"})).is_none() {
            std::thread::sleep(LOOK);
        }
        running
    }

    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    fn try_ask(&self, question: &Value) -> Option<Value> {
        let mut line = BufReader::new(UnixStream::connect(&self.socket).ok()?);
        writeln!(line.get_mut(), "{question}").ok()?;
        let mut answer = String::new();
        line.read_line(&mut answer).ok()?;
        serde_json::from_str(&answer).ok()
    }

    fn ask(&self, question: &Value) -> Value {
        self.try_ask(question).expect("an answer")
    }

    /// Waits until its read model and its time limits have caught up.
    pub(crate) fn settle(&self) {
        while !self.ask(&json!({"ask": "read-model"}))["catching_up"].is_null() {
            std::thread::sleep(LOOK);
        }
        self.ask(&json!({"ask": "due", "limit": 1}));
    }

    fn status(&self) -> Value {
        self.ask(&json!({"ask": "status"}))
    }

    pub(crate) fn facets(&self, name: &str) -> u64 {
        self.status()["facets_by_name"][name].as_u64().unwrap_or(0)
    }

    /// How many facets of nodes at or below this one it would give to that node.
    pub(crate) fn facets_within(&self, node: NodeId) -> u64 {
        let peers = self.status()["peers"].clone();
        let peers = peers.as_array().cloned().unwrap_or_default();
        let code = node.to_string();
        let peer = peers.iter().find(|peer| peer["node"] == code.as_str());
        peer.and_then(|peer| peer["have"].as_u64()).unwrap_or(0)
    }

    pub(crate) fn wait_for_facets(&self, facets: u64) {
        while self.status()["facets"].as_u64().unwrap_or(0) < facets {
            std::thread::sleep(LOOK);
        }
    }

    pub(crate) fn wait_for_sync(&self) {
        let in_sync = |status: &Value| {
            let peers = status["peers"].as_array().cloned().unwrap_or_default();
            peers.iter().any(|peer| peer["link"] == "in-sync")
        };
        while !in_sync(&self.status()) {
            std::thread::sleep(LOOK);
        }
    }

    /// Has a notice written that is meant for a node, and gives its record.
    pub(crate) fn notice(&self, to: NodeId, number: usize) -> String {
        let fields = json!({
            "kind": "warning", "severity": "orange", "title": format!("示例预警（{number}）"),
            "text": "（虚构）示例内容", "issue-time": 1_790_000_000_000_i64,
            "valid-until": 1_990_000_000_000_i64,
        });
        let facet = json!({"facet": "notice.content", "addressee": to, "fields": fields});
        let written = self.ask(&json!({"ask": "add", "facets": [facet]}));
        let record = written["record"].as_str();
        record.unwrap_or_else(|| panic!("{written}")).to_owned()
    }

    pub(crate) fn wait_for_record(&self, record: &str) {
        let mut line = BufReader::new(UnixStream::connect(&self.socket).expect("a node"));
        let question = json!({"ask": "show", "record": record});
        loop {
            writeln!(line.get_mut(), "{question}").expect("a node");
            let mut answer = String::new();
            line.read_line(&mut answer).expect("an answer");
            if answer.starts_with(r#"{"answer":"record""#) {
                return;
            }
            std::thread::sleep(LOOK_CLOSELY);
        }
    }

    pub(crate) fn most_memory_mib(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("Linux");
        let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = most.and_then(|most| most.trim().trim_end_matches(" kB").parse::<f64>().ok());
        kib.expect("Linux") / 1024.0
    }

    pub(crate) fn stop(mut self) {
        drop(self.child.stdin.take());
        self.child.wait().expect("it ends");
    }
}
