//! `stop`: ends the running node in good order, and returns when it has let go of its store.

use std::io::Read;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde_json::json;

use super::asking::ask_telling;
use super::asking::{Context, no_answer};
use super::help::Words;
use super::output::Answer;
use super::output::Ended;
use crdt_model::text;
use crdt_model::text::Problem;
use node_app::door::caller::{Caller, WayIn};
use node_app::use_cases::stop::StopRequest;
use node_machine::settings::Flags;

/// Seconds that a node may take to end: to make durable what it has taken, and to close its lines.
const STOP_TIMEOUT_S: u64 = 60;

pub(super) fn words() -> Words {
    Words::new(text!(
        "停止正在运行的节点，待其完全退出后返回。",
        "Stop the running node, and return when it has ended."
    ))
}

pub(super) fn run(context: &Context) -> Ended {
    let was_running = stop(context)?;
    let text = match was_running {
        true => text!("节点已停止\n", "the node has stopped\n"),
        false => text!("节点原本就未运行\n", "the node was not running\n"),
    };
    let json = json!({ "answer": "done", "was_running": was_running });
    Ok(Answer::done(context.output.say(&text), json))
}

/// Stops the node; false if it was not running.
fn stop(context: &Context) -> Result<bool, Problem> {
    let Some(mut client) = context.running()? else {
        // Where no node is, nobody can say that it does not run.
        context.settings(Flags::default())?;
        return Ok(false);
    };
    // A second line on which nothing is asked: the node closes it when its store is closed.
    let until_it_ends = || {
        let line = UnixStream::connect(context.folder().socket())?;
        line.set_read_timeout(Some(Duration::from_secs(STOP_TIMEOUT_S)))?;
        Ok(line)
    };
    let mut line: UnixStream = until_it_ends().map_err(|error| no_answer(&error))?;
    let caller = Caller::at(WayIn::Socket);
    match ask_telling(&mut client, &caller, &StopRequest {}, context.output) {
        Ok(Err(problem)) if problem.code != "stopping" => return Err(problem),
        // The node may end before its answer is through: whether it ended is what counts.
        Ok(_) | Err(_) => {}
    }
    let ended = line.read(&mut [0]).map_err(|error| no_answer(&error))?;
    debug_assert_eq!(ended, 0, "nothing was asked, so nothing is answered");
    // A line may end for another reason, so that only the store says whether the node has ended.
    context.until_released()?;
    Ok(true)
}
