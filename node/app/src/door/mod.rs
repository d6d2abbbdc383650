//! The one way in to a running node.

use crdt_model::text;
use crdt_model::text::Problem;
use node_runtime::mail::{Mailbox, Work};
use tokio::sync::oneshot;

use crate::answers::{self, Running};
use crate::asked::protocol::{Reply, Request};

/// Takes the answer to one request.
pub type Answer = Box<dyn FnOnce(Reply) + Send>;

/// The door of a running node.
#[derive(Clone)]
pub struct Door {
    mailbox: Mailbox,
}

impl Door {
    /// The door of the node with this mailbox.
    pub fn new(mailbox: Mailbox) -> Self {
        Self { mailbox }
    }

    /// Asks, and waits for the answer.
    pub async fn ask(&self, request: Request) -> Reply {
        let (tell, told) = oneshot::channel();
        let answer: Answer = Box::new(move |reply| {
            // Nobody listens any more if the program went away.
            let _ = tell.send(reply);
        });
        let left = match request {
            Request::Stop => self.mailbox.stop(move || answer(Reply::Done)).await,
            request => self.mailbox.work(self.work(request, answer)).await,
        };
        if left.is_err() {
            return Reply::Problem(stopping());
        }
        told.await.unwrap_or_else(|_| Reply::Problem(stopping()))
    }

    fn work(&self, request: Request, answer: Answer) -> Work {
        let mailbox = self.mailbox.clone();
        Work {
            needs_limits: answers::needs_limits(&request),
            run: Box::new(move |keeper, stats| {
                let running = stats.map(|stats| Running {
                    stats,
                    mailbox: &mailbox,
                });
                answers::answer(keeper, running.as_ref(), request, answer)
            }),
        }
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
