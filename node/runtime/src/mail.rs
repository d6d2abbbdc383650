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

/// Pieces of bulk work that may wait.
const BULK_MAX: usize = 2;

/// Where mail for the engine's thread is left. Bulk work is done while nothing else waits.
#[derive(Clone)]
pub struct Mailbox {
    mail: mpsc::Sender<Mail>,
    bulk: mpsc::Sender<Work>,
}

/// What was left for the engine's thread.
pub(crate) struct Post {
    pub(crate) mail: mpsc::Receiver<Mail>,
    pub(crate) bulk: mpsc::Receiver<Work>,
}

/// The node is ending and takes no more mail.
#[derive(Debug)]
pub struct Ended;

impl Mailbox {
    pub(crate) fn new() -> (Self, Post) {
        let (leave_mail, mail) = mpsc::channel(MAIL_MAX);
        let (leave_bulk, bulk) = mpsc::channel(BULK_MAX);
        let mailbox = Self {
            mail: leave_mail,
            bulk: leave_bulk,
        };
        (mailbox, Post { mail, bulk })
    }

    /// Leaves work, once there is room.
    ///
    /// # Errors
    /// The node is ending; the work is dropped.
    pub async fn work(&self, work: Work) -> Result<(), Ended> {
        self.mail.send(Mail::Work(work)).await.map_err(|_| Ended)
    }

    /// The same from a thread that may wait; at a node that is ending the work is dropped.
    pub fn work_blocking(&self, work: Work) {
        // Whoever waits for the work is told that it was dropped.
        let _ = self.mail.blocking_send(Mail::Work(work));
    }

    /// Leaves work that nothing else is to wait for, from a thread that may wait; at a node that is
    /// ending it is dropped.
    pub fn bulk_blocking(&self, work: Work) {
        // Whoever waits for the work is told that it was dropped.
        let _ = self.bulk.blocking_send(work);
    }

    /// Has the node end; `stopped` is called once everything is durable.
    ///
    /// # Errors
    /// It is ending already.
    pub async fn stop(&self, stopped: impl FnOnce() + Send + 'static) -> Result<(), Ended> {
        let stop = Mail::Stop(Box::new(stopped));
        self.mail.send(stop).await.map_err(|_| Ended)
    }

    /// The same from a thread that may wait.
    pub(crate) fn stop_blocking(&self) {
        // It may be ending already.
        let _ = self.mail.blocking_send(Mail::Stop(Box::new(|| {})));
    }
}
