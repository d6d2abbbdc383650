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
use crdt_model::time::WallTime;
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
    /// The time limits that run.
    pub due: Arc<Due>,
    pub(crate) reading: Result<(Place, Option<Progress>), Problem>,
    pub(crate) gate: Gate,
    pub(crate) failures: Sender<ReadModelError>,
}

/// What one question is answered from.
pub struct View<'a> {
    footing: &'a Footing,
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
    /// Answers a question. Where something has to go from the read model meanwhile, the question waits
    /// for that and begins again.
    ///
    /// # Errors
    /// It was refused, or the read model cannot be read; whoever keeps it is told.
    pub fn ask<T>(
        &self,
        mut question: impl FnMut(&View<'_>) -> Result<T, Unanswered>,
    ) -> Result<T, Problem> {
        for _ in 0..TRIES_MAX {
            let view = View {
                footing: self,
                tables: OnceCell::new(),
            };
            match question(&view) {
                Ok(answer) => return Ok(answer),
                Err(Unanswered::Refused(problem)) => return Err(*problem),
                Err(Unanswered::Failed(error)) if error.is_interrupted() => {
                    if !self.gate.0.call_off.is_called() {
                        return Err(too_long());
                    }
                }
                Err(Unanswered::Failed(error)) => {
                    // Nobody takes it where the node is ending.
                    let _ = self.failures.send(error);
                    return Err(super::reading::hindered());
                }
            }
        }
        Err(super::reading::hindered())
    }
}

impl View<'_> {
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
        let tables = place.open(self.gate.0.call_off.clone())?;
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
