//! The nodes' processes: started, watched, started again when they fall, and never left behind.
//!
//! Every process has our end of a pipe as its standard input and stops when that closes, so that
//! none outlives this one, however it ends.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crdt_model::ids::NodeId;
use crdt_model::time::Instant;
use rustix::process::{Pid, Signal, kill_process};

use super::crew::hold;
use super::folder::{CountyFolder, unusable};
use super::stopping::Stopping;
use crdt_model::text::{Explain, Problem};
use node_machine::clock::Clock;

/// Milliseconds between two looks at the processes.
const LOOK_MS: u64 = 50;
/// Milliseconds until a process that fell is started again, the first time.
const BACK_OFF_MIN_MS: u64 = 100;
/// The same for one that keeps falling.
const BACK_OFF_MAX_MS: u64 = 5_000;
/// Milliseconds that a process must have run for its next fall to count as the first.
const STEADY_MS: u64 = 10_000;
/// Milliseconds that processes have to end in good order.
const ENDING_MS: u64 = 15_000;
/// Bytes of a log's end that are looked at.
const LOG_TAIL_BYTES: u64 = 4_096;
/// Lines of it that are shown.
const LOG_TAIL_LINES: usize = 2;

/// One node's process.
struct Slot {
    node: NodeId,
    child: Option<Child>,
    started: Instant,
    start_at: Instant,
    back_off_ms: u64,
    falls: u32,
}

/// What the watching thread and everybody else share.
struct Shared {
    program: PathBuf,
    folder: Arc<CountyFolder>,
    clock: Clock,
    slots: Mutex<BTreeMap<NodeId, Slot>>,
    restarts: AtomicU64,
    ended: Stopping,
    stopping: AtomicBool,
}

/// All processes of a county. They end when this is dropped.
pub(super) struct Processes {
    shared: Arc<Shared>,
    watcher: Option<std::thread::JoinHandle<()>>,
}

impl Processes {
    /// Starts a process for each node.
    pub(super) fn start(
        program: PathBuf,
        folder: &Arc<CountyFolder>,
        nodes: &[NodeId],
    ) -> Result<Self, Problem> {
        let clock = Clock::start();
        let now = clock.now().instant;
        let shared = Arc::new(Shared {
            program,
            folder: Arc::clone(folder),
            clock,
            slots: Mutex::default(),
            restarts: AtomicU64::new(0),
            ended: Stopping::default(),
            stopping: AtomicBool::new(false),
        });
        for node in nodes {
            let slot = Slot {
                node: *node,
                child: Some(shared.spawn(*node)?),
                started: now,
                start_at: now,
                back_off_ms: BACK_OFF_MIN_MS,
                falls: 0,
            };
            hold(&shared.slots).insert(*node, slot);
        }
        let watched = Arc::clone(&shared);
        let watcher = std::thread::spawn(move || watched.watch());
        Ok(Self {
            shared,
            watcher: Some(watcher),
        })
    }

    /// How often a process was started again.
    pub(super) fn restarts(&self) -> u64 {
        self.shared.restarts.load(Ordering::Relaxed)
    }

    /// How often a node's process has ended since the county was started.
    pub(super) fn falls(&self, node: NodeId) -> u32 {
        hold(&self.shared.slots)
            .get(&node)
            .map_or(0, |slot| slot.falls)
    }

    /// Kills a node's process at once, as a power cut would. It is started again.
    pub(super) fn kill(&self, node: NodeId) -> Result<(), Problem> {
        let mut slots = hold(&self.shared.slots);
        let child = slots.get_mut(&node).and_then(|slot| slot.child.as_mut());
        let killed = child.map_or(Ok(()), Child::kill);
        killed.map_err(|problem| unusable(self.shared.folder.node(node).path(), &problem))
    }

    /// The end of what a node has logged.
    pub(super) fn log_tail(&self, node: NodeId) -> String {
        self.shared.log_tail(node).unwrap_or_default()
    }

    /// Ends all processes in good order, and those that do not end otherwise.
    pub(super) fn stop(&mut self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        self.shared.ended.say();
        if let Some(watcher) = self.watcher.take() {
            // It only ends by panicking if there is a bug, which has been reported.
            let _ = watcher.join();
        }
        let mut slots = hold(&self.shared.slots);
        for slot in slots.values_mut() {
            slot.ask_to_end();
        }
        let patience = Stopping::default();
        let until = self.shared.clock.now().instant.after_ms(ENDING_MS);
        while slots.values_mut().any(|slot| slot.runs()) && self.shared.clock.now().instant < until
        {
            patience.wait_ms(LOOK_MS);
        }
        for slot in slots.values_mut() {
            slot.end();
        }
        slots.clear();
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Slot {
    fn runs(&mut self) -> bool {
        self.child
            .as_mut()
            .is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Closes its standard input and sends it the signal to end.
    fn ask_to_end(&mut self) {
        if !self.runs() {
            return;
        }
        if let Some(child) = &mut self.child {
            drop(child.stdin.take());
            // It may have ended this very moment.
            let _ = kill_process(Pid::from_child(child), Signal::TERM);
        }
    }

    fn end(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Both fail only if it has ended.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Shared {
    fn spawn(&self, node: NodeId) -> Result<Child, Problem> {
        let path = self.folder.log(node);
        let fault = |problem: &dyn Explain| unusable(&path, problem);
        let log = OpenOptions::new().create(true).append(true).open(&path);
        let log = log.map_err(|problem| fault(&problem))?;
        let errors = log.try_clone().map_err(|problem| fault(&problem))?;
        let mut command = Command::new(&self.program);
        // What is set for one node in the environment would hold for all of them.
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("COUNTYMESH_") {
                command.env_remove(variable);
            }
        }
        command
            .arg("run")
            .arg("--data")
            .arg(self.folder.node(node).path())
            .arg("--stop-with-parent")
            .stdin(Stdio::piped())
            .stdout(log)
            .stderr(errors)
            // Ctrl-C is for this process, which then ends the others in good order.
            .process_group(0);
        command
            .spawn()
            .map_err(|problem| unusable(&self.program, &problem))
    }

    fn watch(&self) {
        while !self.ended.wait_ms(LOOK_MS) {
            let now = self.clock.now().instant;
            for slot in hold(&self.slots).values_mut() {
                self.look_at(slot, now);
            }
        }
    }

    fn look_at(&self, slot: &mut Slot, now: Instant) {
        if self.stopping.load(Ordering::Relaxed) || slot.runs() {
            return;
        }
        if slot.child.take().is_some() {
            slot.falls += 1;
            let steady = now.since_ms(slot.started) >= STEADY_MS;
            slot.back_off_ms = match steady {
                true => BACK_OFF_MIN_MS,
                false => (slot.back_off_ms * 2).min(BACK_OFF_MAX_MS),
            };
            slot.start_at = now.after_ms(slot.back_off_ms);
        }
        if now < slot.start_at {
            return;
        }
        // What keeps a process from being started may pass; whoever waits for the node says so.
        if let Ok(child) = self.spawn(slot.node) {
            slot.child = Some(child);
            slot.started = now;
            self.restarts.fetch_add(1, Ordering::Relaxed);
        } else {
            slot.start_at = now.after_ms(BACK_OFF_MAX_MS);
        }
    }

    fn log_tail(&self, node: NodeId) -> std::io::Result<String> {
        let mut log = std::fs::File::open(self.folder.log(node))?;
        let length = log.metadata()?.len();
        log.seek(SeekFrom::Start(length.saturating_sub(LOG_TAIL_BYTES)))?;
        let mut tail = Vec::new();
        log.read_to_end(&mut tail)?;
        let tail = String::from_utf8_lossy(&tail);
        let mut lines: Vec<&str> = tail.lines().rev().take(LOG_TAIL_LINES).collect();
        lines.reverse();
        Ok(lines.join(" "))
    }
}
