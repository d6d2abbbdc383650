//! `cut` and `heal`: cuts lines and restores them, for demonstrations and tests.

use crdt_model::ids::NodeId;

use super::asking::{Context, not_running};
use super::help::Words;
use super::output::Answer;
use super::output::Ended;
use super::values;
use crdt_model::text;
use crdt_model::text::Text;
use node_app::use_cases::cut::CutRequest;

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[arg(value_name = "CODE", value_parser = values::node, required = true)]
    lines_to: Vec<NodeId>,
}

pub(super) fn words() -> Words {
    Words::new(text!(
        "切断本节点到这些节点的线路（演示和测试用）；写本节点代码则切断全部线路。",
        "Cut this node's lines to these nodes, for demonstrations and tests; its own code stands for \
         all of its lines."
    ))
    .argument("lines_to", text!("节点代码", "codes of nodes"))
}

pub(super) fn heal_words() -> Words {
    Words::new(text!(
        "恢复全部人为切断的线路。",
        "Restore all lines that were cut."
    ))
}

pub(super) fn run(arguments: Arguments, context: &Context) -> Ended {
    let codes: Vec<String> = arguments.lines_to.iter().map(ToString::to_string).collect();
    let (zh, en) = (codes.join("、"), codes.join(", "));
    let text = text!("已切断：{zh}\n", "cut: {en}\n");
    set(arguments.lines_to, &text, context)
}

pub(super) fn heal(context: &Context) -> Ended {
    set(
        Vec::new(),
        &text!("线路已全部恢复\n", "all lines are restored\n"),
        context,
    )
}

fn set(lines_to: Vec<NodeId>, text: &Text, context: &Context) -> Ended {
    match context.ask_running(CutRequest { lines_to })? {
        Some(done) => Ok(Answer::of::<CutRequest>(context.output.say(text), &done)),
        None => Err(not_running()),
    }
}
