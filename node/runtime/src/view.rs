//! What questions are answered from, on threads of their own: what is held and what the rules say, as
//! they stood when the question was asked.

use std::cell::OnceCell;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crdt_model::charter::Charter;
use crdt_model::due::Due;
use crdt_model::ids::NodeId;
use crdt_model::text;
use crdt_model::text::Problem;
use crdt_model::time::{Now, WallTime};
use node_machine::clock::Clock;
use node_readmodel::{CallOff, Place, Progress, ReadModelError, Tables};
use node_store::SledReader;
use policy::signing::adopt::AdoptedCharter;

/// Questions that read the read model at a time.
const QUESTIONS_MAX: usize = 4;
/// Times that a question begins again because it was called off.
const TRIES_MAX: usize = 4;

/// Why a question has no answer.
pub enum Unanswered {
    /// It was not a good one, or this is not the moment.
    Refused(Box<Problem>),
    /// The read model could not be read.
    Failed(ReadModelError),
}

impl From<Problem> for Unanswered {
    fn from(problem: Problem) -> Self {
        Self::Refused(Box::new(problem))
    }
}

impl From<ReadModelError> for Unanswered {
    fn from(error: ReadModelError) -> Self {
        Self::Failed(error)
    }
}

/// How things stood when a question was asked.
#[derive(Clone)]
pub struct Footing {
    /// The node.
    pub node: NodeId,
    /// The charter in force.
    pub charter: Arc<dyn Charter>,
    /// What decides now: in an emergency the rules for that.
    pub rules: Arc<dyn Charter>,
    /// The charter in force, as it was signed.
    pub adopted: AdoptedCharter,
    /// The time, never behind what townships have confirmed.
    pub now: WallTime,
    /// The replica. It goes on changing.
    pub store: SledReader,
    /// The time limits that run; none where nobody has looked whether all are known.
    pub due: Option<Arc<Due>>,
    pub(crate) reading: Result<(Place, Option<Progress>), Problem>,
    /// Whether the read model has all that a question may expect of it.
    pub(crate) brought_up: bool,
    pub(crate) gate: Gate,
    pub(crate) failures: Sender<ReadModelError>,
}

/// How things stood at the end of the engine's last turn: questions are answered from it without waiting
/// for the next one, whatever that is busy with.
#[derive(Clone, Default)]
pub struct Standing(Arc<Mutex<Last>>);

#[derive(Default)]
struct Last {
    footing: Option<Footing>,
    acknowledged: u64,
}

impl Standing {
    /// How things stand; none where something was acknowledged since that a question must see. With
    /// `read_model`, none either where that has to be brought up first.
    pub fn footing(&self, clock: &Clock, read_model: bool) -> Option<Footing> {
        let footing = self.last().footing.clone()?;
        let now = clock.now();
        if read_model && !footing.may_read(now) {
            return None;
        }
        Some(Footing {
            now: footing.now.max(now.wall),
            ..footing
        })
    }

    /// How often something was acknowledged that answers have to show from then on.
    pub fn acknowledged(&self) -> u64 {
        self.last().acknowledged
    }

    pub(crate) fn set(&self, footing: Footing) {
        self.last().footing = Some(footing);
    }

    /// Nobody is answered from what was, for something is about to be acknowledged.
    pub(crate) fn clear(&self) {
        let mut last = self.last();
        last.footing = None;
        last.acknowledged += 1;
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one question is answered from.
pub struct View<'a> {
    footing: &'a Footing,
    call_off: &'a CallOff,
    // The connection is closed before the question counts as ended.
    tables: OnceCell<(Tables, Inside)>,
}

impl std::ops::Deref for View<'_> {
    type Target = Footing;
    fn deref(&self) -> &Footing {
        self.footing
    }
}

impl Footing {
    /// Whether questions may be answered from the read model as it is.
    fn may_read(&self, now: Now) -> bool {
        let place = self.reading.as_ref().ok();
        self.brought_up && place.is_some_and(|(place, _)| place.is_whole(now))
    }

    /// Answers a question, which ends early where it is called off. Where something has to go from the
    /// read model meanwhile, the question waits for that and begins again.
    ///
    /// # Errors
    /// It was refused or called off, or the read model cannot be read; whoever keeps it is told.
    pub fn ask<T>(
        &self,
        call_off: &CallOff,
        mut question: impl FnMut(&View<'_>) -> Result<T, Unanswered>,
    ) -> Result<T, Problem> {
        for _ in 0..TRIES_MAX {
            let view = View {
                footing: self,
                call_off,
                tables: OnceCell::new(),
            };
            match question(&view) {
                Ok(answer) => return Ok(answer),
                Err(Unanswered::Refused(problem)) => return Err(*problem),
                Err(Unanswered::Failed(error)) if error.is_interrupted() => {
                    if call_off.is_called() || !self.gate.0.call_off.is_called() {
                        return Err(too_long());
                    }
                }
                Err(Unanswered::Failed(error)) => {
                    // Nobody takes it where the node is ending.
                    let _ = self.failures.send(error);
                    return Err(hindered());
                }
            }
        }
        Err(hindered())
    }
}

impl View<'_> {
    /// Whether nobody waits for the answer any more. Asked by what works through much outside the read
    /// model.
    ///
    /// # Errors
    /// It is called off.
    pub fn go_on(&self) -> Result<(), Problem> {
        match self.call_off.is_called() {
            true => Err(too_long()),
            false => Ok(()),
        }
    }

    /// The read model, with how far it has caught up if it is not done.
    ///
    /// # Errors
    /// It cannot be used now.
    pub fn read_model(&self) -> Result<(&Tables, Option<Progress>), Unanswered> {
        let (place, catching_up) = self.reading.clone()?;
        if let Some((tables, _)) = self.tables.get() {
            return Ok((tables, catching_up));
        }
        let inside = self.gate.enter();
        let tables = place.open(&[self.gate.0.call_off.clone(), self.call_off.clone()])?;
        let (tables, _) = self.tables.get_or_init(|| (tables, inside));
        Ok((tables, catching_up))
    }
}

fn too_long() -> Problem {
    Problem::new(
        "too-long",
        text!(
            "这个查询要算的太多，已停止",
            "this question takes too much work, and was ended"
        ),
        text!("请缩小范围后再查", "ask for less at a time"),
    )
}

pub(crate) fn hindered() -> Problem {
    Problem::new(
        "read-model-busy",
        text!(
            "查询库正被占用或正在重建，暂时不能查询",
            "the read model is in use by another program or is being rebuilt"
        ),
        text!(
            "稍后重试；持续如此时，检查是否有其他程序占用查询库文件",
            "try again in a moment; if it stays so, look for a program that holds its file"
        ),
    )
}

/// Lets questions in, except while something has to go from the read model.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    call_off: CallOff,
}

#[derive(Default)]
struct State {
    closed: bool,
    inside: usize,
}

/// A question that reads the read model.
struct Inside(Arc<Shared>);

/// No question reads the read model.
pub(crate) struct Closed(Arc<Shared>);

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing can panic while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_while(&self, wait: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let state = self.changed.wait_while(self.state(), |state| wait(state));
        state.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gate {
    fn enter(&self) -> Inside {
        let full = |state: &State| state.closed || state.inside >= QUESTIONS_MAX;
        self.0.wait_while(full).inside += 1;
        Inside(Arc::clone(&self.0))
    }

    /// Calls off the questions that run, waits until they have ended, and lets in no other while the
    /// result is held: what goes then is seen by nobody any more.
    pub(crate) fn close(&self) -> Closed {
        self.0.state().closed = true;
        self.0.call_off.call();
        drop(self.0.wait_while(|state| state.inside > 0));
        self.0.call_off.clear();
        Closed(Arc::clone(&self.0))
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.state().inside -= 1;
        self.0.changed.notify_all();
    }
}

impl Drop for Closed {
    fn drop(&mut self) {
        self.0.state().closed = false;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn what_runs_is_called_off_before_something_goes_and_nobody_comes_in_meanwhile() {
        let gate = Gate::default();
        let inside = gate.enter();
        let (tell, told) = mpsc::channel();
        let purge = {
            let (gate, tell) = (gate.clone(), tell.clone());
            std::thread::spawn(move || {
                let closed = gate.close();
                tell.send("closed").expect("a listener");
                closed
            })
        };
        while !gate.0.call_off.is_called() {
            std::thread::yield_now();
        }
        tell.send("called off").expect("a listener");
        drop(inside);
        let closed = purge.join().expect("it ends");
        let next = {
            let gate = gate.clone();
            std::thread::spawn(move || {
                let inside = gate.enter();
                tell.send("inside").expect("a listener");
                inside
            })
        };
        assert!(
            !gate.0.call_off.is_called(),
            "the next one is not called off"
        );
        drop(closed);
        drop(next.join().expect("it comes in"));
        assert_eq!(
            told.iter().collect::<Vec<_>>(),
            ["called off", "closed", "inside"]
        );
    }
}
