//! `stop`: ends the running node in good order.

use serde_json::json;

use super::Ended;
use super::asking::{Context, unexpected};
use super::help::Words;
use super::output::Answer;
use crate::control::protocol::{Reply, Request};
use crate::text;

pub(super) fn words() -> Words {
    Words::new(text!("停止正在运行的节点。", "Stop the running node."))
}

pub(super) fn run(context: &Context) -> Ended {
    let (was_running, text) = match context.ask_running(&Request::Stop)? {
        Some(Reply::Done) => (true, text!("节点已停止\n", "the node has stopped\n")),
        None => (
            false,
            text!("节点原本就未运行\n", "the node was not running\n"),
        ),
        Some(reply) => return Err(unexpected(&reply)),
    };
    let json = json!({ "answer": "done", "was_running": was_running });
    Ok(Answer::done(context.output.say(&text), json))
}
