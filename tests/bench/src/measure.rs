//! Who does what when, and how long it takes: a transfer of everything, a reconnection of equal ends,
//! and one after ten records have changed.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde::Serialize;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::System;
use crate::county::County;
use crate::peer::{Answer, Goal, Order, Used};
use crate::proxy::Proxy;
use crate::records::{self, Record};

/// Milliseconds between two looks while everything is transferred.
const LOOK_AT_ALL_MS: u64 = 5;
/// Milliseconds between two looks at what is over in a moment.
const LOOK_AT_ONCE_MS: u64 = 1;
/// Milliseconds before the only look, where it is the work between that counts.
const LOOK_AWAY_MS: u64 = 1_000;
/// Milliseconds without a byte after which nothing more is coming.
const QUIET_MS: u64 = 250;
/// How often that is waited for, at most.
const QUIET_LOOKS_MAX: usize = 40;
/// Seconds in which an end must have opened its store, with its records.
const START_TIMEOUT_S: u64 = 900;
/// Seconds beyond its own timeout in which an end must answer.
const ANSWER_TIMEOUT_S: u64 = 30;

/// What is measured, one after the other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Phase {
    /// The taker has nothing.
    Cold,
    /// Nothing has changed.
    Equal,
    /// Ten records have changed.
    Changed,
}

impl Phase {
    /// All of them, in their order.
    pub(crate) const ALL: [Self; 3] = [Self::Cold, Self::Equal, Self::Changed];
}

/// One measurement.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Sample {
    /// Of what.
    pub(crate) phase: Phase,
    /// From the order to connect to the answer that it is done.
    pub(crate) seconds: f64,
    /// Bytes that passed, both directions, with the set-up of the connection.
    pub(crate) wire_bytes: u64,
    /// The same of messages alone, before encryption; 0 where a system does not tell.
    pub(crate) message_bytes: u64,
    /// Milliseconds of both ends' threads on a processor.
    pub(crate) cpu_ms: f64,
    /// Most memory of the taker so far, in mebibytes.
    pub(crate) peak_mib: f64,
    /// Records that came, where not all came in time.
    pub(crate) only: Option<usize>,
}

/// What all measurements share.
pub(crate) struct Scene {
    folder: PathBuf,
    county: County,
    file: PathBuf,
    timeout: Duration,
    commits: Vec<usize>,
}

impl Scene {
    /// Makes county and records.
    pub(crate) fn make(folder: &Path, count: usize, timeout: Duration) -> anyhow::Result<Self> {
        let county = County::make(&folder.join("county"))?;
        let file = folder.join("records");
        let records = records::make(&county, count, &file)?;
        let length = |record: &Record| record.commit.len();
        Ok(Self {
            folder: folder.to_owned(),
            county,
            file,
            timeout,
            commits: records.iter().map(length).collect(),
        })
    }

    /// Bytes of the first commits.
    pub(crate) fn commit_bytes(&self, count: usize) -> usize {
        self.commits.iter().take(count).sum()
    }

    /// Milliseconds after which a transfer is given up.
    fn within_ms(&self) -> u64 {
        u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX)
    }

    /// Measures one system once, in processes and folders of its own.
    pub(crate) async fn run(&self, system: System, count: usize) -> anyhow::Result<Vec<Sample>> {
        let folder = tempfile::tempdir_in(&self.folder)?;
        let mut port = 0;
        if system.is_ours() {
            port = self.county.copy(&folder.path().join("county"))?.port()?;
        }
        let listen = free_port()?;
        let proxy = Proxy::start(port, listen).await?;
        let place = |gives: bool| {
            let mut command = Command::new(std::env::current_exe()?);
            command.arg("peer").args(["--system", system.name()]);
            command.arg("--folder").arg(folder.path());
            command.arg("--records").arg(&self.file);
            command.args(["--count", &count.to_string()]);
            command.args(["--listen", &listen.to_string()]);
            command.args(["--dial", &proxy.port.to_string()]);
            command.args(gives.then_some("--gives"));
            anyhow::Ok(command)
        };
        let giver = End::start(place(true)?).await?;
        let taker = End::start(place(false)?).await?;
        proxy.open();
        let dials = system != System::OursPushed;
        let mut line = Line {
            giver,
            taker,
            taker_dials: dials,
            proxy,
        };
        let samples = line.measure(self.within_ms()).await;
        let ended = line.end().await;
        let samples = samples.with_context(|| format!("{} with {count}", system.name()))?;
        ended.map(|()| samples)
    }
}

/// Both ends and what passes between them.
struct Line {
    giver: End,
    taker: End,
    taker_dials: bool,
    proxy: Proxy,
}

impl Line {
    async fn measure(&mut self, within_ms: u64) -> anyhow::Result<Vec<Sample>> {
        let looks = LOOK_AT_ALL_MS;
        let cold = self.phase(Phase::Cold, Goal::All, looks, within_ms).await?;
        if cold.only.is_some() {
            return Ok(vec![cold]);
        }
        self.taker
            .reach(Goal::Equal, LOOK_AT_ALL_MS, within_ms)
            .await?;
        let mut equal = self.again(Phase::Equal, LOOK_AT_ONCE_MS, within_ms).await?;
        // Looking costs, too: what the ends used is taken of one that nobody looked at.
        let unseen = self.again(Phase::Equal, LOOK_AWAY_MS, within_ms).await?;
        equal.cpu_ms = unseen.cpu_ms;
        self.dialler().tell(Order::Disconnect).await?;
        self.giver.tell(Order::Change).await?;
        let changed = self
            .again(Phase::Changed, LOOK_AT_ONCE_MS, within_ms)
            .await?;
        Ok(vec![cold, equal, changed])
    }

    fn dialler(&mut self) -> &mut End {
        match self.taker_dials {
            true => &mut self.taker,
            false => &mut self.giver,
        }
    }

    /// Connects anew, until both are equal.
    async fn again(
        &mut self,
        phase: Phase,
        look_ms: u64,
        within_ms: u64,
    ) -> anyhow::Result<Sample> {
        self.dialler().tell(Order::Disconnect).await?;
        self.quiet().await?;
        self.phase(phase, Goal::Equal, look_ms, within_ms).await
    }

    async fn phase(
        &mut self,
        phase: Phase,
        goal: Goal,
        look_ms: u64,
        within_ms: u64,
    ) -> anyhow::Result<Sample> {
        let before = self.used().await?;
        let began = Instant::now();
        self.dialler().tell(Order::Connect).await?;
        let (all, have) = self.taker.reach(goal, look_ms, within_ms).await?;
        let seconds = began.elapsed().as_secs_f64();
        if all {
            self.quiet().await?;
        }
        let after = self.used().await?;
        Ok(Sample {
            phase,
            seconds,
            wire_bytes: after.sent_bytes - before.sent_bytes,
            message_bytes: after.message_bytes - before.message_bytes,
            cpu_ms: (after.cpu_us - before.cpu_us) as f64 / 1_000.0,
            peak_mib: after.peak_kib as f64 / 1_024.0,
            only: (!all).then_some(have),
        })
    }

    /// What both ends have used, with the taker's memory.
    async fn used(&mut self) -> anyhow::Result<Used> {
        let (giver, taker) = (self.giver.used().await?, self.taker.used().await?);
        Ok(Used {
            cpu_us: giver.cpu_us + taker.cpu_us,
            peak_kib: taker.peak_kib,
            message_bytes: taker.message_bytes,
            sent_bytes: giver.sent_bytes + taker.sent_bytes + self.proxy.passed(),
        })
    }

    /// Waits until nothing passes any more.
    async fn quiet(&mut self) -> anyhow::Result<()> {
        let mut before = self.used().await?.sent_bytes;
        for _ in 0..QUIET_LOOKS_MAX {
            tokio::time::sleep(Duration::from_millis(QUIET_MS)).await;
            let now = self.used().await?.sent_bytes;
            if now == before {
                break;
            }
            before = now;
        }
        Ok(())
    }

    async fn end(self) -> anyhow::Result<()> {
        self.taker.end().await?;
        self.giver.end().await
    }
}

/// The process of one end.
struct End {
    child: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl End {
    async fn start(mut command: Command) -> anyhow::Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let orders = child.stdin.take().context("a pipe")?;
        let answers = BufReader::new(child.stdout.take().context("a pipe")?).lines();
        let mut end = Self {
            child,
            orders,
            answers,
        };
        end.answer(Duration::from_secs(START_TIMEOUT_S)).await?;
        Ok(end)
    }

    async fn answer(&mut self, within: Duration) -> anyhow::Result<Answer> {
        let line = tokio::time::timeout(within, self.answers.next_line()).await;
        let line = line.context("an end does not answer")??;
        Ok(serde_json::from_str(&line.context("an end has ended")?)?)
    }

    async fn ask(&mut self, order: Order, within_ms: u64) -> anyhow::Result<Answer> {
        let mut line = serde_json::to_vec(&order)?;
        line.push(b'\n');
        self.orders.write_all(&line).await?;
        let within = Duration::from_millis(within_ms) + Duration::from_secs(ANSWER_TIMEOUT_S);
        self.answer(within).await
    }

    async fn tell(&mut self, order: Order) -> anyhow::Result<()> {
        match self.ask(order, 0).await? {
            Answer::Done => Ok(()),
            other => bail!("{other:?}"),
        }
    }

    async fn reach(
        &mut self,
        goal: Goal,
        look_ms: u64,
        within_ms: u64,
    ) -> anyhow::Result<(bool, usize)> {
        let order = Order::Await {
            goal,
            look_ms,
            within_ms,
        };
        match self.ask(order, within_ms).await? {
            Answer::Reached { all, have } => Ok((all, have)),
            other => bail!("{other:?}"),
        }
    }

    async fn used(&mut self) -> anyhow::Result<Used> {
        match self.ask(Order::Tell, 0).await? {
            Answer::Used(used) => Ok(used),
            other => bail!("{other:?}"),
        }
    }

    /// Ends the process: it is told nothing more, and what is in its folder is not needed again.
    async fn end(mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }
}

fn free_port() -> anyhow::Result<u16> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    Ok(listener.local_addr()?.port())
}
