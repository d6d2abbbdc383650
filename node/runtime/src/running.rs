//! A node with its network: the transport and the doors on one thread, engine and store on another,
//! bounded channels between them. What arrives while the disk is busy goes together in the next round:
//! that is the group commit.

use std::sync::Arc;
use std::time::Duration;

use crdt_model::charter::Roster;
use crdt_model::engine::Input;
use crdt_model::judge::Ahead;
use rustix::process::{Resource, getrlimit};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use zeroize::Zeroizing;

use super::keeper::{BULK_WAIT_MS, Keeper};
use super::mail::{MAIL_MAX, Mailbox, Post, Work};
use super::reading::Followed;
use super::view::Standing;
use super::{ahead, identity, warnings};
use crdt_model::text;
use crdt_model::text::{Explain, Problem, Quoted};
use node_machine::clock::Clock;
use node_machine::folder::NodeFolder;
use node_machine::room::DISK_FULL;
use node_machine::settings::Settings;
use node_transport::{Command, Event, Handle, Transport, TransportConfig, TransportError};

/// Events and requests taken in one round, at most, before the disk is made to follow.
const ROUND_EVENTS_MAX: usize = 256;
/// Files that a node must be able to have open at a time: its store, its read model, and some lines.
const DESCRIPTORS_MIN: u64 = 32;

/// Milliseconds of bulk work in one round, at most.
const BULK_MS: u64 = 50;
/// Milliseconds without anything to do after which the read model is brought up.
const QUIET_MS: u64 = 10;
/// Milliseconds after which the read model is tried again that another program holds.
const HINDERED_WAIT_MS: u64 = 500;

/// Runs the node until it is told to stop, by request, by signal or, with `stop_with_parent`, by
/// the end of its standard input. `open_doors` lets in whoever asks; what it returns is dropped when
/// the node has ended.
pub fn run<Doors>(
    folder: &NodeFolder,
    settings: &Settings,
    stop_with_parent: bool,
    open_doors: impl Fn(Mailbox) -> std::io::Result<Doors>,
) -> Result<(), Problem> {
    enough_descriptors()?;
    let mut disk_was_full = false;
    loop {
        let (opened, ended) = run_once(
            folder,
            settings,
            stop_with_parent,
            disk_was_full,
            &open_doors,
        );
        match ended {
            // The store takes no further call; opened again, it can be read.
            Err(problem) if opened && problem.code == DISK_FULL => {
                tracing::warn!(
                    "a write found no room on the disk; the store is opened again for reading"
                );
                disk_was_full = true;
            }
            ended => return ended,
        }
    }
}

/// With fewer files open at a time the node would run and answer nobody.
fn enough_descriptors() -> Result<(), Problem> {
    match getrlimit(Resource::Nofile).current {
        Some(limit) if limit < DESCRIPTORS_MIN => Err(Problem::new(
            "too-few-descriptors",
            text!(
                "本程序最多只能打开 {limit} 个文件，至少需要 {DESCRIPTORS_MIN} 个",
                "this program may have {limit} files open, and needs {DESCRIPTORS_MIN} at least"
            ),
            text!(
                "用 `ulimit -n 1024` 提高上限后重新启动；作为系统服务运行的，设置 `LimitNOFILE`",
                "raise the limit with ulimit -n 1024 and start again; of a system's service set LimitNOFILE"
            ),
        )),
        _ => Ok(()),
    }
}

/// Runs it until it ends, and says whether it could be opened.
fn run_once<Doors>(
    folder: &NodeFolder,
    settings: &Settings,
    stop_with_parent: bool,
    disk_was_full: bool,
    open_doors: &impl Fn(Mailbox) -> std::io::Result<Doors>,
) -> (bool, Result<(), Problem>) {
    let mut opened = false;
    let ended = serve(
        folder,
        settings,
        stop_with_parent,
        disk_was_full,
        open_doors,
        &mut opened,
    );
    (opened, ended)
}

fn serve<Doors>(
    folder: &NodeFolder,
    settings: &Settings,
    stop_with_parent: bool,
    disk_was_full: bool,
    open_doors: &impl Fn(Mailbox) -> std::io::Result<Doors>,
    opened: &mut bool,
) -> Result<(), Problem> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|problem| cannot_start(&problem))?;
    runtime.block_on(async {
        let engine = EngineThread::start(folder.clone(), settings, disk_was_full)?;
        let Ok(Began {
            roster,
            reads_ahead,
            clock,
            standing,
        }) = engine.opened.await
        else {
            // It could not open the node, and says why.
            return told(engine.ended).await;
        };
        *opened = true;
        let config = TransportConfig {
            node: settings.node(),
            secret: Zeroizing::new(folder.read_secret()?.to_bytes()),
            listen: settings.listen().to_vec(),
            timings: node_transport::Timings::default(),
        };
        let (handle, events) =
            Transport::start(config, roster).map_err(|problem| cannot_listen(&problem))?;
        let (mailbox, post) = Mailbox::new(clock, standing);
        let doors = open_doors(mailbox.clone()).map_err(|problem| cannot_start(&problem))?;
        watch_for_the_end(mailbox, stop_with_parent);
        // If it has ended already, it says why.
        let _ = engine.lines.send(Lines {
            handle,
            events: ahead::reads(events, reads_ahead),
            post,
        });
        let ended = told(engine.ended).await;
        drop(doors);
        ended
    })
}

/// What connects the engine with everybody else.
struct Lines {
    handle: Handle,
    events: mpsc::Receiver<Event>,
    post: Post,
}

/// The thread of engine and store. It opens them itself: memory that opening takes and gives back
/// can only be used again on the same thread.
struct EngineThread {
    /// Once the node is open.
    opened: oneshot::Receiver<Began>,
    /// What it waits for then.
    lines: oneshot::Sender<Lines>,
    ended: oneshot::Receiver<Result<(), Problem>>,
}

/// What other threads need of a node that was opened.
struct Began {
    /// Who is a member.
    roster: Arc<Roster>,
    /// Reads commits ahead.
    reads_ahead: Ahead,
    clock: Clock,
    standing: Standing,
}

impl EngineThread {
    fn start(
        folder: NodeFolder,
        settings: &Settings,
        disk_was_full: bool,
    ) -> Result<Self, Problem> {
        let settings = settings.clone();
        let (tell_opened, opened) = oneshot::channel();
        let (connect, lines) = oneshot::channel();
        let (tell, ended) = oneshot::channel();
        let run = move || {
            let mut keeper = Keeper::open_after(&folder, &settings, disk_was_full)?;
            identity::keep_settings(&folder, &mut keeper.store)?;
            warnings::log(&keeper);
            // Whoever waits for this goes away only where the node cannot start, and says why.
            let _ = tell_opened.send(Began {
                roster: Arc::new(keeper.roster()),
                reads_ahead: keeper.engine.ahead().clone(),
                clock: keeper.clock,
                standing: keeper.standing.clone(),
            });
            match lines.blocking_recv() {
                Ok(lines) => run_rounds(keeper, lines),
                Err(_) => Ok(()),
            }
        };
        let thread = std::thread::Builder::new().name("engine".to_owned());
        // The receiver only goes away with the process.
        let thread = thread.spawn(move || _ = tell.send(run()));
        thread.map_err(|problem| cannot_start(&problem))?;
        Ok(Self {
            opened,
            lines: connect,
            ended,
        })
    }
}

/// What the engine's thread ended with.
async fn told(ended: oneshot::Receiver<Result<(), Problem>>) -> Result<(), Problem> {
    ended
        .await
        .unwrap_or_else(|_| Err(cannot_start(&Quoted("the engine's thread ended early"))))
}

fn run_rounds(keeper: Keeper, lines: Lines) -> Result<(), Problem> {
    let Lines {
        handle,
        events,
        post,
    } = lines;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let rounds = Rounds {
        keeper,
        handle,
        events,
        post,
        put_off: Vec::new(),
    };
    runtime
        .map_err(|problem| cannot_start(&problem))?
        .block_on(rounds.run())
}

/// The engine's thread.
struct Rounds {
    keeper: Keeper,
    handle: Handle,
    events: mpsc::Receiver<Event>,
    post: Post,
    /// Work that waits until all time limits have been found: after a start that takes a while, and
    /// peers are served meanwhile.
    put_off: Vec<Work>,
}

/// What a round begins with.
enum Next {
    Event(Event),
    Mail(Work),
    Bulk(Work),
    Time,
    End,
}

impl Rounds {
    async fn run(mut self) -> Result<(), Problem> {
        self.keeper.lay_lines();
        loop {
            if !self.keeper.disk_may_wait() {
                while self.keeper.make_durable()? {}
            }
            self.keeper.publish();
            self.keeper.follow_links();
            self.send_commands().await?;
            let mut next = match self.next_before_following().await {
                Some(next) => next,
                None => {
                    let followed = self.keeper.follow()?;
                    self.do_put_off()?;
                    self.next(followed).await
                }
            };
            let begun = self.keeper.clock.now().instant;
            let mut only_bulk = true;
            for _ in 0..ROUND_EVENTS_MAX {
                only_bulk &= matches!(next, Next::Bulk(_));
                match next {
                    Next::Event(event) => self.event(event)?,
                    Next::Mail(work) if self.has_to_wait(&work) => self.put_off.push(work),
                    Next::Mail(work) => self.work(work)?,
                    Next::Bulk(work) => self.bulk_work(work)?,
                    Next::Time => {
                        self.keeper.input(Input::Tick)?;
                        self.keeper.watch_limits()?;
                        self.keeper.watch_beats()?;
                        self.keeper.summaries.write_due();
                    }
                    Next::End => return Ok(()),
                }
                if let Some(ended) = self.keeper.ending.take() {
                    return self.stop(ended).await;
                }
                // Bulk work shares a turn of the disk, and keeps nobody else from it.
                let passed_ms = self.keeper.clock.now().instant.since_ms(begun);
                next = match self.ready(only_bulk && passed_ms < BULK_MS) {
                    Some(ready) => ready,
                    None => break,
                };
            }
        }
    }

    fn has_to_wait(&self, work: &Work) -> bool {
        let room = self.put_off.len() < MAIL_MAX;
        work.needs_limits && room && self.keeper.limits.is_behind()
    }

    fn do_put_off(&mut self) -> Result<(), Problem> {
        match self.keeper.limits.is_behind() {
            true => Ok(()),
            false => {
                let mut put_off = std::mem::take(&mut self.put_off).into_iter();
                put_off.try_for_each(|work| self.work(work))
            }
        }
    }

    fn bulk_work(&mut self, work: Work) -> Result<(), Problem> {
        self.keeper.in_bulk = true;
        let done = self.work(work);
        self.keeper.in_bulk = false;
        done
    }

    fn work(&mut self, work: Work) -> Result<(), Problem> {
        let stats = self.handle.stats();
        (work.run)(&mut self.keeper, Some(&stats))
    }

    fn event(&mut self, event: Event) -> Result<(), Problem> {
        match self.keeper.network.input(event) {
            Some(input) => self.keeper.input(input),
            None => Ok(()),
        }
    }

    /// What comes before it has been quiet for a moment, as long as the read model may wait for that:
    /// peers that give much wait for this node, and whoever asks the read model has it brought up first.
    async fn next_before_following(&mut self) -> Option<Next> {
        if !self.put_off.is_empty() || !self.keeper.reading.may_wait() {
            return None;
        }
        self.next_within(QUIET_MS).await
    }

    /// The next event or request, if one comes within this time.
    async fn next_within(&mut self, wait_ms: u64) -> Option<Next> {
        tokio::select! {
            event = self.events.recv() => Some(event.map_or(Next::End, Next::Event)),
            mail = self.post.mail.recv() => Some(mail.map_or(Next::End, Next::Mail)),
            Some(work) = self.post.bulk.recv() => Some(Next::Bulk(work)),
            () = tokio::time::sleep(Duration::from_millis(wait_ms)) => None,
        }
    }

    async fn next(&mut self, followed: Followed) -> Next {
        let timeout = self.keeper.next_timeout();
        let wait_ms = timeout.since_ms(self.keeper.clock.now().instant).max(1);
        let wait_ms = match followed {
            Followed::All if self.keeper.disk_may_wait() => wait_ms.min(BULK_WAIT_MS),
            Followed::All => wait_ms,
            Followed::Some | Followed::Damaged(_) => 0,
            Followed::Hindered => wait_ms.min(HINDERED_WAIT_MS),
        };
        self.next_within(wait_ms).await.unwrap_or(Next::Time)
    }

    /// What waits already; bulk work only where `bulk` says so.
    fn ready(&mut self, bulk: bool) -> Option<Next> {
        if let Ok(event) = self.events.try_recv() {
            return Some(Next::Event(event));
        }
        if let Ok(mail) = self.post.mail.try_recv() {
            return Some(Next::Mail(mail));
        }
        match bulk {
            true => self.post.bulk.try_recv().ok().map(Next::Bulk),
            false => None,
        }
    }

    /// Hands the transport its commands; takes events meanwhile, so that neither waits for the
    /// other.
    async fn send_commands(&mut self) -> Result<(), Problem> {
        while let Some(command) = self.keeper.commands.pop_front() {
            let handle = self.handle.clone();
            let mut sending = std::pin::pin!(handle.send(command));
            loop {
                tokio::select! {
                    sent = &mut sending => {
                        sent.map_err(|ended| cannot_start(&Quoted(ended)))?;
                        break;
                    }
                    event = self.events.recv() => match event {
                        Some(event) => self.event(event)?,
                        None => return Ok(()),
                    }
                }
            }
        }
        Ok(())
    }

    async fn stop(mut self, stopped: Box<dyn FnOnce() + Send>) -> Result<(), Problem> {
        while self.keeper.make_durable()? {}
        self.keeper.follow_links();
        self.send_commands().await?;
        // It may have ended already, which is what is wanted.
        let _ = self.handle.send(Command::Stop).await;
        // Everything is durable. Whoever asked hears it while the lines are being closed.
        stopped();
        while self.events.recv().await.is_some() {}
        self.keeper.summaries.write_due();
        tracing::info!("stopped");
        Ok(())
    }
}

/// Turns signals, and the end of standard input where that is wanted, into a request to stop.
fn watch_for_the_end(mailbox: Mailbox, stop_with_parent: bool) {
    if stop_with_parent {
        let mailbox = mailbox.clone();
        // A thread, because a read from standard input cannot be called off.
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
            mailbox.stop_blocking();
        });
    }
    tokio::spawn(async move {
        // The terminal or the session that it was started from may go away.
        let signals = [
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::hangup(),
        ];
        let [Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)] = signals.map(signal) else {
            return;
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
        mailbox.stop().await;
    });
}

/// Why the transport did not start; a port that somebody else has is named.
fn cannot_listen(problem: &TransportError) -> Problem {
    let TransportError::Taken { address, port } = problem else {
        return cannot_start(&Quoted(problem));
    };
    Problem::new(
        "port-taken",
        text!(
            "端口 {port} 已被本机另一个程序占用，不能监听 {address}",
            "another program of this machine has port {port}: cannot listen on {address}"
        ),
        text!(
            "每个节点须用自己的端口：停止占用它的程序（可用 `ss -lntup` 查看），或在 `node.toml` \
             的 `listen` 中换一个端口，并请审核人更新名册",
            "each node needs a port of its own: stop the program that has it (ss -lntup shows which), or choose another port as `listen` in node.toml and have the roster changed"
        ),
    )
}

fn cannot_start(problem: &dyn Explain) -> Problem {
    Problem::new(
        "cannot-run",
        text!(problem; "节点不能运行：{problem}", "the node cannot run: {problem}"),
        text!(
            "排除上述原因后重新启动；监听地址可用 mesh-node config 查看",
            "deal with that and start it again; mesh-node config shows where it listens"
        ),
    )
}
