//! The one way in to a running node.

use crdt_model::text;
use crdt_model::text::Problem;
use node_runtime::mail::{Mailbox, Work};
use tokio::sync::oneshot;

use crate::answers;
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
            request => self.mailbox.work(work(request, answer)).await,
        };
        if left.is_err() {
            return stopping();
        }
        told.await.unwrap_or_else(|_| stopping())
    }
}

fn work(request: Request, answer: Answer) -> Work {
    Work {
        needs_limits: matches!(request, Request::Due(_) | Request::Report(_)),
        run: Box::new(move |keeper, stats| answers::answer(keeper, stats, request, answer)),
    }
}

fn stopping() -> Reply {
    Reply::Problem(Problem::new(
        "stopping",
        text!(
            "节点正在停止，结果未知",
            "the node is stopping; whether it was done is not known"
        ),
        text!("重新启动后再查看", "look again after it has started"),
    ))
}
