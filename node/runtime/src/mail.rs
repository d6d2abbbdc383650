//! What the engine's thread is asked to do, by whoever has a door: work on the node, or its end.

use crdt_model::text::Problem;
use node_transport::Stats;
use tokio::sync::mpsc;

use super::keeper::Keeper;

/// Pieces of mail that may wait.
pub(crate) const MAIL_MAX: usize = 64;

/// Work for the engine's thread.
pub struct Work {
    /// Whether it has to wait until all time limits have been found.
    pub needs_limits: bool,
    /// The work. The statistics are the transport's, if the node runs.
    ///
    /// Its error means that the store has failed, and ends the node.
    pub run: Box<Run>,
}

/// What is run on the engine's thread.
type Run = dyn FnOnce(&mut Keeper, Option<&Stats>) -> Result<(), Problem> + Send;

/// One piece of mail.
pub(crate) enum Mail {
    Work(Work),
    /// Close everything in good order and end; the function is called once everything is durable.
    Stop(Box<dyn FnOnce() + Send>),
}

/// Where mail for the engine's thread is left.
#[derive(Clone)]
pub struct Mailbox(mpsc::Sender<Mail>);

/// The node is ending and takes no more mail.
#[derive(Debug)]
pub struct Ended;

impl Mailbox {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Mail>) {
        let (leave, take) = mpsc::channel(MAIL_MAX);
        (Self(leave), take)
    }

    /// Leaves work, once there is room.
    ///
    /// # Errors
    /// The node is ending; the work is dropped.
    pub async fn work(&self, work: Work) -> Result<(), Ended> {
        self.0.send(Mail::Work(work)).await.map_err(|_| Ended)
    }

    /// Has the node end; `stopped` is called once everything is durable.
    ///
    /// # Errors
    /// It is ending already.
    pub async fn stop(&self, stopped: impl FnOnce() + Send + 'static) -> Result<(), Ended> {
        let stop = Mail::Stop(Box::new(stopped));
        self.0.send(stop).await.map_err(|_| Ended)
    }

    /// The same from a thread that may wait.
    pub(crate) fn stop_blocking(&self) {
        // It may be ending already.
        let _ = self.0.blocking_send(Mail::Stop(Box::new(|| {})));
    }
}
