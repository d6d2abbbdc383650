//! A node as `mesh-node run` runs it, looked at from outside.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crdt_model::ids::NodeId;
use crdt_model::text::Problem;
use node_app::door::caller::{Caller, WayIn};
use node_app::door::use_case::UseCase;
use node_app::use_cases::due::DueRequest;
use node_app::use_cases::read_model::ReadModelRequest;
use node_app::use_cases::status::StatusRequest;
use node_app::use_cases::stop::StopRequest;
use node_doors::client::Client;

use crate::county::{County, county, township, village};
use crate::measure::{now, resident_kib};

/// Between two looks at a node.
const LOOK: Duration = Duration::from_millis(5);
/// Ticks of a second in which processes' work is counted (`getconf CLK_TCK`).
const TICKS: f64 = 100.0;

#[expect(
    clippy::disallowed_methods,
    reason = "a node's process says nothing by itself"
)]
fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// What a start came to.
#[derive(Default)]
pub(crate) struct Started {
    pub(crate) ready_ms: f64,
    pub(crate) ready_cpu_ms: f64,
    pub(crate) ready_rss_mib: f64,
    /// Until its read model and its time limits have caught up.
    pub(crate) settled_ms: f64,
    pub(crate) settled_cpu_ms: f64,
    pub(crate) settled_rss_mib: f64,
    pub(crate) hwm_mib: f64,
    pub(crate) read_model_bytes: f64,
}

/// A running node.
struct Running {
    child: Child,
    client: Client,
}

impl Running {
    /// Starts a node and waits until it answers.
    fn start(of: &County, node: NodeId) -> Self {
        let folder = of.node(node);
        let child = Command::new(env!("CARGO_BIN_EXE_mesh-node"))
            .arg("run")
            .arg("--data")
            .arg(folder.path())
            .arg("--stop-with-parent")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("a process");
        let client = loop {
            if let Ok(mut client) = Client::connect(&folder.socket())
                && ask(&mut client, &StatusRequest {}).is_ok()
            {
                break client;
            }
            pause(LOOK);
        };
        Self { child, client }
    }

    fn ask<U: UseCase>(&mut self, asked: &U) -> Result<U::Answer, Problem> {
        ask(&mut self.client, asked).expect("an answer")
    }

    fn has_read_model(&mut self) -> bool {
        let status = self.ask(&ReadModelRequest { rebuild: false });
        status.expect("its status").catching_up.is_none()
    }

    /// Milliseconds of work so far.
    fn worked_ms(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        let stat = stat.expect("Linux");
        let (_, after_name) = stat.rsplit_once(')').expect("a name");
        let parts: Vec<&str> = after_name.split_whitespace().collect();
        let ticks = |part: &str| part.parse::<f64>().expect("a number");
        (ticks(parts[11]) + ticks(parts[12])) * 1e3 / TICKS
    }

    fn resident_mib(&self) -> [f64; 3] {
        resident_kib(&self.child.id().to_string()).map(|kib| kib as f64 / 1024.0)
    }

    fn stop(mut self) {
        let _ = ask(&mut self.client, &StopRequest {});
        self.child.wait().expect("it ends");
    }
}

/// Asks a node in the first role.
fn ask<U: UseCase>(client: &mut Client, asked: &U) -> std::io::Result<Result<U::Answer, Problem>> {
    client.ask(&Caller::at(WayIn::Socket), asked)
}

/// Starts the county's node; with `settle` it waits until it has caught up.
pub(crate) fn start(of: &County, settle: bool) -> Started {
    let began = now();
    let mut running = Running::start(of, county());
    let since_ms = |()| began.elapsed().as_secs_f64() * 1e3;
    let mut started = Started {
        ready_ms: since_ms(()),
        ready_cpu_ms: running.worked_ms(),
        ready_rss_mib: running.resident_mib()[0],
        ..Started::default()
    };
    if settle {
        while !running.has_read_model() {
            pause(LOOK);
        }
        // It is answered when all time limits have been found.
        let due = DueRequest {
            home: None,
            all: false,
            limit: 1,
        };
        running.ask(&due).expect("a list");
        started.settled_ms = since_ms(());
        started.settled_cpu_ms = running.worked_ms();
    }
    [started.settled_rss_mib, started.hwm_mib, _] = running.resident_mib();
    let files = ["", "-wal"].map(|suffix| {
        let file = of
            .node(county())
            .read_model()
            .join(format!("readmodel.sqlite{suffix}"));
        std::fs::metadata(file).map_or(0, |file| file.len())
    });
    started.read_model_bytes = files.iter().sum::<u64>() as f64;
    running.stop();
    started
}

/// What a village takes that has nothing to do: MiB in memory, those of its own, and the share of a
/// processor.
pub(crate) fn idle(of: &County, seconds: u64) -> [f64; 3] {
    let mut nodes: Vec<Running> = [county(), township(), village()]
        .into_iter()
        .map(|node| Running::start(of, node))
        .collect();
    let quiet = Duration::from_secs(10);
    for node in &mut nodes {
        while !node.has_read_model() {
            pause(LOOK);
        }
    }
    pause(quiet);
    let village = &nodes[2];
    let (began, before_ms) = (now(), village.worked_ms());
    pause(Duration::from_secs(seconds));
    let share = (village.worked_ms() - before_ms) / 1e3 / began.elapsed().as_secs_f64();
    let [resident_mib, _, own_mib] = village.resident_mib();
    nodes.into_iter().for_each(Running::stop);
    [resident_mib, own_mib, share]
}
