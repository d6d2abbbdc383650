//! One end of a transfer, in a process of its own: it is told what to do line by line, and answers
//! each line with one.

mod iroh;
mod ours;
mod raw;
mod samod;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, stdin, stdout};

use crate::System;
use crate::records::{self, Record};

/// Who an end is, and where everything lies.
#[derive(Args, Clone, Debug)]
pub(crate) struct Place {
    /// Of which system.
    #[arg(long)]
    pub(crate) system: System,
    /// Whether it has the records at the start.
    #[arg(long)]
    pub(crate) gives: bool,
    /// A folder that both ends see.
    #[arg(long)]
    pub(crate) folder: PathBuf,
    /// The records.
    #[arg(long)]
    pub(crate) records: PathBuf,
    /// How many of them.
    #[arg(long)]
    pub(crate) count: usize,
    /// Where the end that listens does so.
    #[arg(long)]
    pub(crate) listen: u16,
    /// Where the other end dials, so that what passes is counted.
    #[arg(long)]
    pub(crate) dial: u16,
}

impl Place {
    /// A folder for this end alone.
    fn own(&self) -> PathBuf {
        let name = if self.gives { "giver" } else { "taker" };
        self.folder.join(name)
    }

    /// What the end that listens tells the other one.
    fn note(&self) -> PathBuf {
        self.folder.join("note")
    }

    /// The records that are to be given.
    fn records(&self) -> anyhow::Result<Vec<Record>> {
        records::read(&self.records, self.count)
    }
}

/// What an end is told.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Order {
    /// Connect to the other end.
    Connect,
    /// End the connection.
    Disconnect,
    /// Change some records.
    Change,
    /// Wait for something.
    Await {
        /// What for.
        goal: Goal,
        /// Milliseconds between two looks.
        look_ms: u64,
        /// Milliseconds after which it is given up.
        within_ms: u64,
    },
    /// Say what was used so far.
    Tell,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Goal {
    /// All records are here, and durable as far as the system makes them so.
    All,
    /// Both ends know that they are equal.
    Equal,
}

/// What an end answers.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// It has done it.
    Done,
    /// How far it has come.
    Reached {
        /// Whether that is all.
        all: bool,
        /// How many records are here.
        have: usize,
    },
    /// What it has used.
    Used(Used),
}

/// What a process has used since its start.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Used {
    /// Microseconds of all its threads on a processor.
    pub(crate) cpu_us: u64,
    /// Kibibytes of memory, at most.
    pub(crate) peak_kib: u64,
    /// Bytes that it sent, where it counts them itself.
    pub(crate) sent_bytes: u64,
    /// Bytes of messages in both directions, before encryption, where it tells them.
    pub(crate) message_bytes: u64,
}

/// How far an end has come.
pub(crate) struct Progress {
    /// Records that are here.
    have: usize,
    /// Whether both ends know that they are equal.
    equal: bool,
}

/// One end of a system.
pub(crate) trait Peer: Sized {
    /// Opens its store, with the records in it if it gives, and listens if it is dialled.
    async fn start(place: &Place) -> anyhow::Result<Self>;
    /// Connects, and begins to exchange.
    async fn connect(&mut self) -> anyhow::Result<()>;
    /// Ends the connection.
    async fn disconnect(&mut self) -> anyhow::Result<()>;
    /// Changes the first records.
    async fn change(&mut self) -> anyhow::Result<()>;
    /// How far it has come.
    fn look(&mut self) -> anyhow::Result<Progress>;
    /// Bytes that it sent, where nobody else can count them.
    fn sent_bytes(&self) -> u64 {
        0
    }
    /// Bytes of messages in both directions at the last look, where it tells them.
    fn message_bytes(&self) -> u64 {
        0
    }
}

/// Runs one end until it is told nothing more.
pub(crate) async fn serve(place: &Place) -> anyhow::Result<()> {
    std::fs::create_dir_all(place.own())?;
    match place.system {
        System::Raw => follow::<raw::Raw>(place).await,
        System::Ours | System::OursPushed => follow::<ours::Ours>(place).await,
        System::IrohDocs => follow::<iroh::Iroh>(place).await,
        System::Samod => follow::<samod::Samod>(place).await,
    }
}

async fn follow<P: Peer>(place: &Place) -> anyhow::Result<()> {
    let mut peer = P::start(place).await?;
    tell(Answer::Done).await?;
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let answer = match serde_json::from_str(&line)? {
            Order::Connect => peer.connect().await.map(|()| Answer::Done),
            Order::Disconnect => peer.disconnect().await.map(|()| Answer::Done),
            Order::Change => peer.change().await.map(|()| Answer::Done),
            Order::Await {
                goal,
                look_ms,
                within_ms,
            } => reach(&mut peer, place.count, goal, look_ms, within_ms).await,
            Order::Tell => used(&peer).map(Answer::Used),
        };
        tell(answer?).await?;
    }
    // Whatever still runs in the background ends with the process.
    std::process::exit(0);
}

async fn tell(answer: Answer) -> anyhow::Result<()> {
    let mut line = serde_json::to_vec(&answer)?;
    line.push(b'\n');
    let mut out = stdout();
    out.write_all(&line).await?;
    Ok(out.flush().await?)
}

async fn reach(
    peer: &mut impl Peer,
    count: usize,
    goal: Goal,
    look_ms: u64,
    within_ms: u64,
) -> anyhow::Result<Answer> {
    let began = Instant::now();
    loop {
        tokio::time::sleep(Duration::from_millis(look_ms)).await;
        let progress = peer.look()?;
        let have = progress.have;
        let all = match goal {
            Goal::All => have >= count,
            Goal::Equal => progress.equal,
        };
        if all || began.elapsed() >= Duration::from_millis(within_ms) {
            return Ok(Answer::Reached { all, have });
        }
    }
}

/// What this process has used.
fn used(peer: &impl Peer) -> anyhow::Result<Used> {
    let cpu = cpu_time::ProcessTime::try_now()?.as_duration();
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.context("the system says how much memory was used")?;
    Ok(Used {
        cpu_us: u64::try_from(cpu.as_micros())?,
        peak_kib: peak.trim().trim_end_matches(" kB").parse()?,
        sent_bytes: peer.sent_bytes(),
        message_bytes: peer.message_bytes(),
    })
}
