//! What a use case works on: the node, from the engine's thread.

use crdt_model::text::Problem;
use node_runtime::keeper::Keeper;
use node_runtime::mail::Mailbox;
use node_runtime::view::Footing;
use node_transport::Stats;

use super::caller::Caller;
use super::task::Task;

/// The node that is asked.
pub struct Node<'a> {
    /// Engine and store.
    pub keeper: &'a mut Keeper,
    /// Who asks.
    pub caller: Caller,
    /// The request.
    pub task: Task,
    /// What the node has only while it runs.
    pub running: Option<Running<'a>>,
}

/// What a node has only while it runs.
pub struct Running<'a> {
    /// What the transport counts.
    pub stats: &'a Stats,
    /// Where more work for the engine's thread is left.
    pub mailbox: Mailbox,
}

impl Node<'_> {
    /// How things stand now, for what is done on other threads; the read model is brought up first.
    ///
    /// # Errors
    /// The store has failed.
    pub fn footing(&mut self) -> Result<Footing, Problem> {
        let all_of_it = self.running.is_none();
        self.keeper.prepare_read_model(all_of_it)?;
        Ok(self.keeper.footing())
    }
}

/// Does something on a thread of its own.
pub fn on_a_thread(name: &str, work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().name(name.to_owned());
    if let Err(error) = thread.spawn(work) {
        // Whoever asked is told that there was no answer.
        tracing::warn!(%error, "a thread could not be started, and a request is not answered");
    }
}
