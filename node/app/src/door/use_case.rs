//! What can be asked, in general. [`crate::requests`] lists all use cases.

use crdt_model::text::Problem;
use serde::Serialize;
use serde::de::DeserializeOwned;

use node_runtime::view::{Unanswered, View};

use super::attached::Attached;
use super::caller::{Caller, Capability};
use super::node::Node;

/// Takes the answer to one request, once.
pub type Respond<T> = Box<dyn FnOnce(Result<T, Problem>) + Send>;
/// What answers a question.
pub(super) type Question<T> = dyn FnMut(&View<'_>, &Caller) -> Result<T, Unanswered> + Send;
type Work<T> = dyn FnOnce(Node<'_>, Respond<T>) -> Result<(), Problem> + Send;

/// How something is done that gives an answer.
pub enum Does<T> {
    /// It is answered from a view, on a thread of its own: nobody waits for it but who asked.
    Question(Source, Box<Question<T>>),
    /// It is done on the engine's thread, and answered now or when what it wants written is durable. Its
    /// error means that the store has failed; every other problem is an answer.
    Work(Box<Work<T>>),
}

impl<T> Does<T> {
    /// A question.
    pub fn question(
        source: Source,
        question: impl FnMut(&View<'_>, &Caller) -> Result<T, Unanswered> + Send + 'static,
    ) -> Self {
        Self::Question(source, Box::new(question))
    }

    /// Work for the engine's thread.
    pub fn work(
        work: impl FnOnce(Node<'_>, Respond<T>) -> Result<(), Problem> + Send + 'static,
    ) -> Self {
        Self::Work(Box::new(work))
    }
}

/// What a question is answered from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The replica and the charter.
    Replica,
    /// The read model, too, with what was written here until now.
    ReadModel,
}

/// Seconds that a question may take.
pub const QUESTION_S: u64 = 60;
/// Seconds that a question may take which counts through all that the node holds.
pub const LONG_QUESTION_S: u64 = 600;

/// What a use case is called. From the list of all.
pub trait Named {
    /// Tag in JSON, and word in the log.
    const NAME: &'static str;
    /// What its answer is called in JSON.
    const ANSWER: &'static str;
}

/// One thing that can be asked of a node. A file in [`crate::use_cases`] says all of it: what is asked,
/// what is answered, who may ask, and how it is done.
pub trait UseCase: Named + Serialize + Clone + Send + 'static {
    /// What somebody must be allowed to do to ask it.
    const NEEDS: Capability;
    /// Seconds after which it is called off; none where it must come to its own end.
    const DEADLINE_S: Option<u64> = Some(QUESTION_S);
    /// Milliseconds after which the latest answer is given again where the engine's thread does not come
    /// to it; none where only a new answer will do.
    const PATIENCE_MS: Option<u64> = None;
    /// Whether it waits after a start until all time limits have been found.
    const NEEDS_LIMITS: bool = false;
    /// Whether it can be ended early with some of it done, which the answer then says.
    const ENDS_EARLY: bool = false;
    /// Whether programs ask it again and again; the log counts it then, and does not list it.
    const POLLED: bool = false;

    /// What is answered where it is not refused.
    type Answer: Serialize + DeserializeOwned + Clone + Send + 'static;

    /// How it is done.
    fn begin(self) -> Does<Self::Answer>;

    /// Has an answer that is given again say how old it is.
    fn grow_old(_answer: &mut Self::Answer, _age_ms: u64) {}

    /// What the log says that it is about: names and numbers, and nothing that somebody wrote.
    fn about(&self) -> String {
        String::new()
    }

    /// The files that go with it, in the order of their bytes.
    fn attached(&self) -> Vec<&Attached> {
        Vec::new()
    }

    /// The same, to be filled.
    fn attached_mut(&mut self) -> Vec<&mut Attached> {
        Vec::new()
    }
}
