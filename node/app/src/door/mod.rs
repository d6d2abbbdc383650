//! The one way in to a node, whatever the door: who asks is looked at here, the deadline is set here,
//! and here it is written to the log.
//!
//! * [`use_case`]: what can be asked, in general. [`node`]: what a use case works on.
//! * [`caller`]: who asks. [`task`]: how far it has come, and whether it is called off.
//! * [`mod@line`]: how requests and answers are written as lines of JSON. [`attached`]: files that go with
//!   them.

pub mod attached;
pub mod caller;
mod latest;
pub mod line;
pub mod node;
pub mod task;
pub mod use_case;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use crdt_model::text;
use crdt_model::text::Problem;
use node_runtime::keeper::Keeper;
use node_runtime::mail::{Mailbox, Run, Work};
use node_runtime::view::Footing;
use node_transport::Stats;
use tokio::sync::oneshot;
use tokio::time::Instant;

use caller::Caller;
use latest::Latest;
use node::{Node, Running, on_a_thread};
use task::Task;
use use_case::{Does, Question, Respond, Source, UseCase};

/// Minutes between two lines of the log that count polls.
const POLLS_LOGGED_MIN: u64 = 60;

/// The door of a running node.
#[derive(Clone)]
pub struct Door {
    mailbox: Mailbox,
    latest: Latest,
    polls: Polls,
}

impl Door {
    /// The door of the node with this mailbox.
    pub fn new(mailbox: Mailbox) -> Self {
        Self {
            mailbox,
            latest: Latest::default(),
            polls: Polls::default(),
        }
    }

    /// Asks, and waits for the answer. `task` is what whoever waits watches and calls off.
    ///
    /// # Errors
    /// Why it was not done.
    pub async fn ask<U: UseCase>(
        &self,
        caller: Caller,
        asked: U,
        task: Task,
    ) -> Result<U::Answer, Problem> {
        if U::POLLED {
            self.polls.count(Instant::now());
        }
        let entry = Entry::of(&caller, &asked);
        let answer = match caller.authorise(U::NEEDS) {
            Ok(()) => self.answer_or_latest(caller, asked, task).await,
            Err(problem) => Err(problem),
        };
        entry.write(&answer);
        answer
    }

    async fn answer_or_latest<U: UseCase>(
        &self,
        caller: Caller,
        asked: U,
        task: Task,
    ) -> Result<U::Answer, Problem> {
        let answer = self.answer(caller, asked, task);
        let Some(patience_ms) = U::PATIENCE_MS else {
            return answer.await;
        };
        let acknowledged = self.mailbox.acknowledged();
        if let Some(fresh) = self.latest.fresh::<U>(Instant::now(), acknowledged) {
            return Ok(fresh);
        }
        let mut answer = std::pin::pin!(answer);
        let patience = Duration::from_millis(patience_ms);
        if let Ok(answer) = tokio::time::timeout(patience, &mut answer).await {
            return answer;
        }
        let acknowledged = self.mailbox.acknowledged();
        match self.latest.answer::<U>(Instant::now(), acknowledged) {
            Some(latest) => Ok(latest),
            None => answer.await,
        }
    }

    async fn answer<U: UseCase>(
        &self,
        caller: Caller,
        asked: U,
        task: Task,
    ) -> Result<U::Answer, Problem> {
        let (tell, mut told) = oneshot::channel();
        let (latest, mailbox) = (self.latest.clone(), self.mailbox.clone());
        let begun = Arc::new(OnceLock::new());
        let began = Arc::clone(&begun);
        let respond: Respond<U::Answer> = Box::new(move |answer| {
            let now = Instant::now();
            match (U::PATIENCE_MS, &answer, began.get()) {
                (Some(_), Ok(answer), Some(begun)) => {
                    latest.keep::<U>(answer, *begun, now, mailbox.acknowledged());
                }
                // What was done on the engine's thread may show in what others ask.
                (None, _, Some(_)) => latest.forget(),
                _ => {}
            }
            // Nobody listens any more if the program that asked went away.
            let _ = tell.send(answer);
        });
        let footing = |source| match U::NEEDS_LIMITS {
            true => None,
            false => self.mailbox.footing(source == Source::ReadModel),
        };
        match asked.begin() {
            Does::Question(source, question) => {
                let asking = Asking {
                    caller,
                    task: task.clone(),
                    question,
                    respond,
                };
                match footing(source) {
                    Some(footing) => asking.on_a_thread(footing),
                    None => {
                        self.leave(U::NEEDS_LIMITS, question_work(source, asking))
                            .await?
                    }
                }
            }
            Does::Work(work) => {
                let (mailbox, task) = (self.mailbox.clone(), task.clone());
                let run = move |keeper: &mut Keeper, stats: Option<&Stats>| {
                    begun.get_or_init(Instant::now);
                    let running = stats.map(|stats| Running { stats, mailbox });
                    let node = Node {
                        keeper,
                        caller,
                        task,
                        running,
                    };
                    work(node, respond)
                };
                self.leave(U::NEEDS_LIMITS, Box::new(run)).await?;
            }
        }
        if let Some(seconds) = U::DEADLINE_S {
            match tokio::time::timeout(Duration::from_secs(seconds), &mut told).await {
                Ok(told) => return told.unwrap_or_else(|_| Err(stopping())),
                // It ends soon, and says so itself.
                Err(_) => task.call_off(),
            }
        }
        told.await.unwrap_or_else(|_| Err(stopping()))
    }

    async fn leave(&self, needs_limits: bool, run: Box<Run>) -> Result<(), Problem> {
        let left = self.mailbox.work(Work { needs_limits, run }).await;
        left.map_err(|_| stopping())
    }
}

/// A question, and who waits for its answer.
struct Asking<T> {
    caller: Caller,
    task: Task,
    question: Box<Question<T>>,
    respond: Respond<T>,
}

impl<T: Send + 'static> Asking<T> {
    fn answer(mut self, footing: &Footing) {
        let answer = footing.ask(self.task.called_off(), |view| {
            (self.question)(view, &self.caller)
        });
        (self.respond)(answer);
    }

    fn on_a_thread(self, footing: Footing) {
        on_a_thread("question", move || self.answer(&footing));
    }
}

/// What the engine's thread does for a question: it brings up what that is answered from.
fn question_work<T: Send + 'static>(source: Source, asking: Asking<T>) -> Box<Run> {
    Box::new(move |keeper, _| {
        if source == Source::ReadModel {
            keeper.prepare_read_model(false)?;
        }
        asking.on_a_thread(keeper.footing());
        Ok(())
    })
}

/// Asks a node that does not run. What is to be written has to be made durable before the answer comes.
///
/// # Errors
/// The store has failed.
pub(crate) fn ask_at_rest<U: UseCase>(
    keeper: &mut Keeper,
    caller: Caller,
    asked: U,
    respond: Respond<U::Answer>,
) -> Result<(), Problem> {
    let entry = Entry::of(&caller, &asked);
    if let Err(problem) = caller.authorise(U::NEEDS) {
        respond(Err(problem));
        return Ok(());
    }
    if U::NEEDS_LIMITS {
        keeper.find_limits();
    }
    let respond: Respond<U::Answer> = Box::new(move |answer| {
        entry.write(&answer);
        respond(answer);
    });
    let task = Task::default();
    match asked.begin() {
        Does::Question(source, question) => {
            if source == Source::ReadModel {
                keeper.prepare_read_model(true)?;
            }
            let asking = Asking {
                caller,
                task,
                question,
                respond,
            };
            asking.answer(&keeper.footing());
            Ok(())
        }
        Does::Work(work) => {
            let node = Node {
                keeper,
                caller,
                task,
                running: None,
            };
            work(node, respond)
        }
    }
}

/// How often something was asked that programs ask again and again. The log has one line a while for
/// all of it.
#[derive(Clone, Default)]
struct Polls(Arc<Mutex<Counted>>);

#[derive(Default)]
struct Counted {
    since: Option<Instant>,
    polls: u64,
}

impl Polls {
    fn count(&self, now: Instant) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counted.polls += 1;
        let since = *counted.since.get_or_insert(now);
        let minutes = now.duration_since(since).as_secs() / 60;
        if minutes >= POLLS_LOGGED_MIN {
            let polls = std::mem::take(&mut counted.polls);
            counted.since = Some(now);
            tracing::info!(polls, minutes, "the node was asked how it stands");
        }
    }
}

/// What is written of one request. The chain of entries that nobody can take one out of is still to
/// come; this is its place.
struct Entry {
    name: &'static str,
    polled: bool,
    caller: Caller,
    about: String,
}

impl Entry {
    fn of<U: UseCase>(caller: &Caller, asked: &U) -> Self {
        Self {
            name: U::NAME,
            polled: U::POLLED,
            caller: caller.clone(),
            about: match U::POLLED {
                true => String::new(),
                false => asked.about(),
            },
        }
    }

    fn write<T>(self, answer: &Result<T, Problem>) {
        let ended = answer
            .as_ref()
            .map_or_else(|why| why.code.as_str(), |_| "done");
        if self.polled {
            return;
        }
        let Self {
            name,
            caller,
            about,
            ..
        } = self;
        let (way_in, user) = (caller.way_in_word(), caller.user);
        let role = caller.role.map(|role| role.to_string()).unwrap_or_default();
        let reason = caller.reason.unwrap_or_default();
        tracing::info!(
            ask = name,
            way_in,
            user,
            role,
            reason,
            about,
            ended,
            "asked"
        );
    }
}

/// The node ends before it can say what became of something.
pub(crate) fn stopping() -> Problem {
    Problem::new(
        "stopping",
        text!(
            "节点正在停止，结果未知",
            "the node is stopping; whether it was done is not known"
        ),
        text!("重新启动后再查看", "look again after it has started"),
    )
}
