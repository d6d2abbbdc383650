//! A few nodes of the county as processes, asked through their control sockets.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crdt_model::ids::{CommitHash, Name, NodeId, RecordId};
use crdt_model::text::Problem;
use crdt_model::value::Value;
use node_app::door::caller::{Caller, WayIn};
use node_app::door::use_case::UseCase;
use node_app::drafts::{ChangedFacet, NewFacet};
use node_app::use_cases::cut::CutRequest;
use node_app::use_cases::record_add::AddRequest;
use node_app::use_cases::record_set::SetRequest;
use node_app::use_cases::status::{NodeStatus, StatusRequest};
use node_app::use_cases::stop::{Done, StopRequest};
use node_doors::client::Client;
use node_machine::folder::{Founding, NodeFolder};
use node_runtime::founding;
use policy::signing::board::signature_path;
use policy::signing::key_files::read_private_key;
use policy::signing::manifest::{MANIFEST_PATH, SIGNATURES_FOLDER};
use policy::signing::sshsig::{self, SshKey};
use tempfile::TempDir;

/// The county node.
pub(super) const COUNTY: &str = "620723000000";
/// Two townships, and two villages of the first.
pub(super) const TOWNSHIP: &str = "620723101000";
/// Another township.
pub(super) const OTHER_TOWNSHIP: &str = "620723102000";
/// A village of the first township.
pub(super) const VILLAGE: &str = "620723101201";
/// Its neighbour.
pub(super) const NEIGHBOUR: &str = "620723101202";

/// Milliseconds between two looks at a node that is on its way.
const LOOK_MS: u64 = 50;
/// Milliseconds after which what was waited for counts as not coming.
const PATIENCE_MS: u64 = 60_000;

/// The nodes that run, and everything they were made of.
pub(super) struct Mesh {
    folder: TempDir,
    running: BTreeMap<NodeId, Child>,
}

pub(super) fn node(code: &str) -> NodeId {
    code.parse().expect("a node code")
}

pub(super) fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

pub(super) fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

impl Mesh {
    /// Makes keys for all 84 nodes, signs the charter, and starts these.
    pub(super) fn start(codes: &[&str]) -> Self {
        node_machine::private::new_files_only();
        let mut mesh = Self {
            folder: TempDir::new().expect("a folder"),
            running: BTreeMap::new(),
        };
        mesh.make_charter(codes);
        for code in codes {
            let founding = Founding {
                node: node(code),
                charter: mesh.charter(),
                digest: None,
            };
            founding::found(&mesh.node_folder(code), &founding).expect("a founded node");
            mesh.run(code);
        }
        mesh
    }

    /// The folder of the charter in force at the start.
    pub(super) fn charter(&self) -> PathBuf {
        self.folder.path().join("charter")
    }

    /// A folder of its own for something a test makes.
    pub(super) fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The private key file of a reviewer.
    pub(super) fn reviewer(&self, name: &str) -> PathBuf {
        self.folder.path().join("reviewers").join(name)
    }

    pub(super) fn node_folder(&self, code: &str) -> NodeFolder {
        NodeFolder::new(self.folder.path().join(code))
    }

    fn make_charter(&self, codes: &[&str]) {
        let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/linze/charter");
        copy_folder(&template, &self.charter());
        let path = self.charter().join("roster.toml");
        let roster = std::fs::read_to_string(&path).expect("the roster");
        let mut filled = String::new();
        for line in roster.lines() {
            filled.push_str(line);
            filled.push('\n');
            if let Some(code) = line
                .strip_prefix("code = \"")
                .and_then(|rest| rest.strip_suffix('"'))
            {
                filled.push_str(&self.make_node(code, codes.contains(&code)));
            }
        }
        std::fs::write(path, filled).expect("the roster");
        let path = self.charter().join("charter.toml");
        let head = std::fs::read_to_string(&path).expect("the charter");
        // Where few townships run, fewer must confirm the charter.
        let townships = codes
            .iter()
            .filter(|code| code.ends_with("000") && **code != COUNTY);
        let asked = "[freshness]\ncosigners = 4\nfresh_hours = 168\nnarrow_hours = 720\n";
        assert!(head.contains(asked), "the template asks for four");
        let mut head = match townships.count() {
            0 => head.replace(asked, ""),
            few => head.replace("cosigners = 4", &format!("cosigners = {}", few.min(4))),
        };
        for reviewer in ["one", "two", "three", "stranger"] {
            let folder = self.folder.path().join("reviewers");
            std::fs::create_dir_all(&folder).expect("a folder");
            let pair =
                policy::signing::key_files::make_key_pair(name(reviewer), &folder).expect("a key");
            if reviewer != "stranger" {
                head.push_str(&format!(
                    "\n[[reviewer]]\nname = \"{reviewer}\"\nkey = \"{}\"\n",
                    pair.line
                ));
            }
        }
        std::fs::write(path, head).expect("the charter");
        self.sign(&self.charter(), None, &["one", "two"]);
    }

    /// A node's key and, if it is to run and to be dialled, its address; as lines of the roster.
    fn make_node(&self, code: &str, runs: bool) -> String {
        let folder = self.node_folder(code);
        let key = folder.make_key().expect("a key");
        let mut lines = format!("key = \"{key}\"\n");
        let mut listen = String::new();
        if runs && code.ends_with("000") {
            let port = free_port();
            listen = format!("\"/ip4/127.0.0.1/tcp/{port}\"");
            lines.push_str(&format!("addresses = [{listen}]\n"));
        }
        let settings = format!("node = \"{code}\"\nlisten = [{listen}]\n");
        std::fs::write(folder.settings(), settings).expect("the settings");
        lines
    }

    /// Writes the manifest of a charter folder and has reviewers sign it. That it is fit to be signed is
    /// not looked at once more for each of them.
    pub(super) fn sign(&self, charter: &Path, previous: Option<&Path>, reviewers: &[&str]) {
        policy::signing::sign::write_manifest(charter, previous).expect("a manifest");
        let manifest = std::fs::read(charter.join(MANIFEST_PATH)).expect("a manifest");
        std::fs::create_dir_all(charter.join(SIGNATURES_FOLDER)).expect("a folder");
        for reviewer in reviewers {
            let key = read_private_key(&self.reviewer(reviewer)).expect("a key");
            let signature = sshsig::sign(&key, &manifest).expect("a signature");
            let path = signature_path(reviewer, &SshKey::from(&key));
            std::fs::write(charter.join(path), signature).expect("a signature");
        }
    }

    /// Starts a node's process, and waits until it answers.
    pub(super) fn run(&mut self, code: &str) {
        let child = spawn(&self.node_folder(code));
        self.running.insert(node(code), child);
        self.wait_for(code, "its socket", |_| true);
    }

    /// Starts a node's process in a shell that first sets limits, and waits until it answers.
    pub(super) fn run_limited(&mut self, code: &str, limits: &str) {
        let folder = self.node_folder(code);
        let log = std::fs::File::create(folder.path().join("log")).expect("a log");
        let child = Command::new("sh")
            .args(["-c", &format!("{limits}; exec \"$0\" \"$@\"")])
            .arg(program())
            .args(["--lang", "en", "run", "--stop-with-parent", "--data"])
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("a process");
        self.running.insert(node(code), child);
        self.wait_for(code, "its socket", |_| true);
    }

    /// The process of a node.
    pub(super) fn process(&mut self, code: &str) -> &mut Child {
        self.running.get_mut(&node(code)).expect("a running node")
    }

    /// What a node has logged.
    pub(super) fn log(&self, code: &str) -> String {
        let log = self.node_folder(code).path().join("log");
        String::from_utf8_lossy(&std::fs::read(log).unwrap_or_default()).into_owned()
    }

    /// Ends a node's process as a power cut would.
    pub(super) fn kill(&mut self, code: &str) {
        let mut child = self.running.remove(&node(code)).expect("a running node");
        child.kill().expect("a signal");
        child.wait().expect("its end");
        // A socket that nobody serves must not look like a node.
        let _ = std::fs::remove_file(self.node_folder(code).socket());
    }

    /// Stops a node's process in order.
    pub(super) fn stop(&mut self, code: &str) {
        let socket = self.node_folder(code).socket();
        let mut client = Client::connect(&socket).expect("a running node");
        // The process may be gone before its answer is written.
        match client.ask(&first_role(), &StopRequest {}) {
            Ok(answer) => assert_eq!(answer, Ok(Done {})),
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof),
        }
        let mut child = self.running.remove(&node(code)).expect("a running node");
        child.wait().expect("its end");
    }

    /// Asks a node in the first role.
    pub(super) fn ask<U: UseCase>(&self, code: &str, asked: &U) -> Result<U::Answer, Problem> {
        ask(&self.node_folder(code), asked)
    }

    /// Asks a node in this role, with a reason.
    pub(super) fn ask_as<U: UseCase>(
        &self,
        code: &str,
        role: &str,
        asked: &U,
    ) -> Result<U::Answer, Problem> {
        let caller = Caller {
            role: Some(name(role)),
            reason: Some("a test".to_owned()),
            ..first_role()
        };
        ask_by(&caller, &self.node_folder(code), asked)
    }

    pub(super) fn status(&self, code: &str) -> Option<NodeStatus> {
        status(&self.node_folder(code))
    }

    /// Looks at a node until what is waited for has come.
    pub(super) fn wait_for(&self, code: &str, what: &str, come: impl Fn(&NodeStatus) -> bool) {
        if comes(|| self.status(code).is_some_and(|status| come(&status))) {
            return;
        }
        let log = std::fs::read_to_string(self.node_folder(code).path().join("log"));
        panic!(
            "{code} never had {what}: {:?}\n{}",
            self.status(code),
            log.unwrap_or_default()
        );
    }

    /// Waits until a node has this many facets of this name.
    pub(super) fn wait_for_facets(&self, code: &str, facet: &str, count: u64) {
        self.wait_for(code, &format!("{count} of {facet}"), |status| {
            status
                .facets_by_name
                .get(&name(facet))
                .copied()
                .unwrap_or(0)
                == count
        });
    }

    pub(super) fn add(&self, code: &str, facets: Vec<NewFacet>) -> RecordId {
        self.ask(code, &adding(facets)).expect("written").record
    }

    pub(super) fn set(
        &self,
        code: &str,
        record: RecordId,
        key: &str,
        value: &str,
    ) -> Vec<CommitHash> {
        let written = self.ask(code, &setting(record, key, value));
        written.expect("written").commits
    }

    /// Cuts or heals all lines of a node.
    pub(super) fn cut(&self, code: &str, cut: bool) {
        let lines_to = if cut { vec![node(code)] } else { Vec::new() };
        assert_eq!(self.ask(code, &CutRequest { lines_to }), Ok(Done {}));
    }

    /// Whether these bytes are in any file of a node's store.
    pub(super) fn store_contains(&self, code: &str, bytes: &[u8]) -> bool {
        contains(&self.node_folder(code).store(), bytes)
    }

    /// Whether these bytes are in any file of a node's read model.
    pub(super) fn read_model_contains(&self, code: &str, bytes: &[u8]) -> bool {
        contains(&self.node_folder(code).read_model(), bytes)
    }
}

/// Starts the process of the node in a folder.
pub(super) fn spawn(folder: &NodeFolder) -> Child {
    let log = std::fs::File::create(folder.path().join("log")).expect("a log");
    let data = folder.path().display().to_string();
    Command::new(program())
        .args(["--data", &data, "run", "--stop-with-parent"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("a process")
}

/// The node's own user, in the first role.
pub(super) fn first_role() -> Caller {
    Caller::at(WayIn::Socket)
}

/// Asks the node that runs in a folder, in the first role.
pub(super) fn ask<U: UseCase>(folder: &NodeFolder, asked: &U) -> Result<U::Answer, Problem> {
    ask_by(&first_role(), folder, asked)
}

fn ask_by<U: UseCase>(
    caller: &Caller,
    folder: &NodeFolder,
    asked: &U,
) -> Result<U::Answer, Problem> {
    let mut client = Client::connect(&folder.socket()).expect("a running node");
    client.ask(caller, asked).expect("an answer")
}

/// How the node that runs in a folder stands; `None` while it does not answer.
pub(super) fn status(folder: &NodeFolder) -> Option<NodeStatus> {
    let mut client = Client::connect(&folder.socket()).ok()?;
    let answer = client.ask(&first_role(), &StatusRequest {}).ok()?;
    Some(answer.expect("a status"))
}

/// The request that writes a new record.
pub(super) fn adding(facets: Vec<NewFacet>) -> AddRequest {
    AddRequest {
        record: None,
        home: None,
        facets,
    }
}

/// The request that sets one field, named as `facet.field`.
pub(super) fn setting(record: RecordId, key: &str, value: &str) -> SetRequest {
    let (facet, field) = key.rsplit_once('.').expect("facet.field");
    let change = ChangedFacet {
        facet: name(facet),
        sensitivity: None,
        level: None,
        fields: BTreeMap::from([(field.to_owned(), Some(text(value)))]),
        seen: None,
    };
    SetRequest {
        record,
        facets: vec![change],
    }
}

impl Drop for Mesh {
    fn drop(&mut self) {
        for child in self.running.values_mut() {
            // Closing its standard input ends it; a signal makes sure.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A dispute as a village registers it.
pub(super) fn dispute(code: &str, narrative: &str) -> Vec<NewFacet> {
    let summary = [
        ("code", text(code)),
        ("category", text("land")),
        ("channel", text("visit")),
        ("step", text("registered")),
        ("registered-time", Value::Integer(1_790_000_000_000)),
    ];
    vec![
        facet("case.summary", &summary),
        facet("case.narrative", &[("text", text(narrative))]),
    ]
}

/// A grid report as a village sends it.
pub(super) fn grid_report(code: &str, content: &str) -> Vec<NewFacet> {
    let summary = [
        ("code", text(code)),
        ("category", text("environment")),
        ("grid", text("620723101201001")),
        ("state", text("reported")),
        ("sent-time", Value::Integer(1_790_000_000_000)),
    ];
    vec![
        facet("grid.summary", &summary),
        facet("grid.content", &[("text", text(content))]),
    ]
}

/// A camera as a village lists it.
pub(super) fn device(title: &str) -> Vec<NewFacet> {
    let fields = [
        ("device-id", text("62072310100000000001")),
        ("name", text(title)),
        ("kind", text("camera")),
    ];
    vec![facet("device.public", &fields)]
}

/// A facet with these fields, meant for home.
pub(super) fn facet(facet: &str, fields: &[(&str, Value)]) -> NewFacet {
    let fields = fields
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.clone()));
    NewFacet {
        facet: name(facet),
        addressee: None,
        sensitivity: None,
        level: None,
        fields: fields.collect(),
    }
}

/// The program under test, built beside this one.
pub(super) fn program() -> PathBuf {
    let here = std::env::current_exe().expect("this program");
    let folder = here
        .parent()
        .and_then(Path::parent)
        .expect("the target folder");
    let program = folder.join("mesh-node");
    assert!(
        program.exists(),
        "run all tests of the workspace: {} is missing",
        program.display()
    );
    program
}

pub(super) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its address").port()
}

/// Looks until something has come; `false` if it does not.
pub(super) fn comes(has_come: impl Fn() -> bool) -> bool {
    (0..PATIENCE_MS / LOOK_MS).any(|_| {
        let come = has_come();
        if !come {
            std::thread::park_timeout(Duration::from_millis(LOOK_MS));
        }
        come
    })
}

pub(super) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

fn contains(folder: &Path, bytes: &[u8]) -> bool {
    std::fs::read_dir(folder).expect("a folder").any(|entry| {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            return contains(&path, bytes);
        }
        let content = std::fs::read(&path).unwrap_or_default();
        content.windows(bytes.len()).any(|window| window == bytes)
    })
}
