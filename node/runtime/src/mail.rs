//! What the engine's thread is asked to do, by whoever has a door: work on the node, and be it to end.

use crdt_model::text::Problem;
use node_transport::Stats;
use tokio::sync::mpsc;

use super::keeper::Keeper;
use super::view::{Footing, Standing};
use node_machine::clock::Clock;

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
pub type Run = dyn FnOnce(&mut Keeper, Option<&Stats>) -> Result<(), Problem> + Send;

/// Pieces of bulk work that may wait.
const BULK_MAX: usize = 2;

/// Where mail for the engine's thread is left. Bulk work is done while nothing else waits.
#[derive(Clone)]
pub struct Mailbox {
    mail: mpsc::Sender<Work>,
    bulk: mpsc::Sender<Work>,
    clock: Clock,
    standing: Standing,
}

/// What was left for the engine's thread.
pub(crate) struct Post {
    pub(crate) mail: mpsc::Receiver<Work>,
    pub(crate) bulk: mpsc::Receiver<Work>,
}

/// The node is ending and takes no more mail.
#[derive(Debug)]
pub struct Ended;

impl Mailbox {
    pub(crate) fn new(clock: Clock, standing: Standing) -> (Self, Post) {
        let (leave_mail, mail) = mpsc::channel(MAIL_MAX);
        let (leave_bulk, bulk) = mpsc::channel(BULK_MAX);
        let mailbox = Self {
            mail: leave_mail,
            bulk: leave_bulk,
            clock,
            standing,
        };
        (mailbox, Post { mail, bulk })
    }

    /// What questions are answered from that need not wait for the engine's thread: see [`Standing`].
    pub fn footing(&self, read_model: bool) -> Option<Footing> {
        self.standing.footing(&self.clock, read_model)
    }

    /// How often something was acknowledged that answers have to show from then on.
    pub fn acknowledged(&self) -> u64 {
        self.standing.acknowledged()
    }

    /// Leaves work, once there is room.
    ///
    /// # Errors
    /// The node is ending; the work is dropped.
    pub async fn work(&self, work: Work) -> Result<(), Ended> {
        self.mail.send(work).await.map_err(|_| Ended)
    }

    /// The same from a thread that may wait; at a node that is ending the work is dropped.
    pub fn work_blocking(&self, work: Work) {
        // Whoever waits for the work is told that it was dropped.
        let _ = self.mail.blocking_send(work);
    }

    /// Leaves work that nothing else is to wait for, from a thread that may wait; at a node that is
    /// ending it is dropped.
    pub fn bulk_blocking(&self, work: Work) {
        // Whoever waits for the work is told that it was dropped.
        let _ = self.bulk.blocking_send(work);
    }

    /// Has the node end in good order. It may be ending already.
    pub(crate) async fn stop(&self) {
        let _ = self.mail.send(Work::stop()).await;
    }

    /// The same from a thread that may wait.
    pub(crate) fn stop_blocking(&self) {
        let _ = self.mail.blocking_send(Work::stop());
    }
}

impl Work {
    fn stop() -> Self {
        Self {
            needs_limits: false,
            run: Box::new(|keeper, _| {
                keeper.end(|| {});
                Ok(())
            }),
        }
    }
}
