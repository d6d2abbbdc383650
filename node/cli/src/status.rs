//! `status`: how the node stands with each neighbour, and what it withholds from them.

use crdt_model::engine::LinkState;

use super::asking::Context;
use super::exit::Exit;
use super::help::Words;
use super::output::Answer;
use super::output::Ended;
use super::status_text::status_text;
use crdt_model::text;
use node_app::use_cases::status::{NodeStatus, StatusRequest};

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[arg(long)]
    exit_code: bool,
}

pub(super) fn words() -> Words {
    Words::new(text!(
        "显示节点状况：与每个相邻节点是否连接、是否一致，拒收了什么，不发送什么、依据哪条规则。",
        "Show how the node stands: with each neighbour connected or not, in sync or behind, what was \
         refused, and what is withheld by which rule."
    ))
    .argument(
        "exit_code",
        text!("与全部相邻节点一致时退出码为 0，否则为 5", "end with 0 if in sync with every neighbour, else with 5"),
    )
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Ended {
    let status = context.ask(StatusRequest {})?;
    let text = status_text(&status, context.output.language);
    let answer = Answer::of::<StatusRequest>(text, &status);
    let exit = if arguments.exit_code && !in_sync(&status) {
        Exit::No
    } else {
        Exit::Done
    };
    Ok(Answer { exit, ..answer })
}

/// Whether the node runs and is equal with every neighbour.
fn in_sync(status: &NodeStatus) -> bool {
    let equal = |link| link == LinkState::InSync;
    status.running && status.peers.iter().all(|peer| equal(peer.status.link))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status_text::tests::a_township;

    #[test]
    fn a_node_is_in_sync_when_it_runs_and_equals_every_neighbour() {
        let mut status = a_township();
        assert!(!in_sync(&status), "one neighbour is away");
        status
            .peers
            .retain(|peer| peer.status.link == LinkState::InSync);
        assert!(in_sync(&status));
        status.running = false;
        assert!(!in_sync(&status));
    }
}
