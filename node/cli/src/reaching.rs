//! Reaching the node: through its control socket if it runs, else by opening it. Between the two lies
//! a moment in which another process has the store and nobody answers yet: a start, a stop or another
//! command is at work. That is waited for.

use std::time::Duration;

use crdt_model::time::Instant;

use super::asking::{Context, no_answer, refusal_is_a_problem};
use super::output::Output;
use super::store::mended_text;
use crdt_model::text;
use crdt_model::text::{Problem, Text};
use node_app::asked::protocol::{Reply, Request};
use node_app::offline::Offline;
use node_doors::client::Client;
use node_machine::clock::Clock;
use node_machine::settings::Flags;

/// Seconds that a command waits for a store which another process has open, if nothing is said.
pub(super) const WAIT_S: u64 = 30;
/// The same, at most.
pub(super) const WAIT_S_MAX: u64 = 3_600;
/// Milliseconds between two looks.
const LOOK_MS: u64 = 50;
/// Milliseconds after which a person is told.
const SAY_AFTER_MS: u64 = 1_000;

/// The node, as far as it can be asked.
pub(super) enum Reached {
    /// It runs; people are told where it takes long.
    Running(Client, Output),
    /// It does not, and is open now.
    Opened(Box<Offline>),
}

impl Reached {
    /// Asks it.
    pub(super) fn ask(&mut self, request: &Request) -> Result<Reply, Problem> {
        let reply = match self {
            Self::Running(client, output) => ask_telling(client, request, *output)?,
            Self::Opened(node) => node.ask(request)?,
        };
        refusal_is_a_problem(reply)
    }
}

/// Asks a running node, and says so where its answer takes long.
pub(super) fn ask_telling(
    client: &mut Client,
    request: &Request,
    output: Output,
) -> Result<Reply, Problem> {
    let reply = client.ask_telling(request, |seconds| {
        output.progress(&text!(
            "等待节点应答，已 {seconds} 秒",
            "waiting for the node's answer for {seconds} s"
        ));
    });
    reply.map_err(|error| no_answer(&error))
}

impl Context {
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
