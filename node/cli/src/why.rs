//! `why`: walks the chain of causes, from what is seen to the rule, line or refusal behind it.

use crdt_model::ids::NodeId;

use super::asking::Context;
use super::help::Words;
use super::output::Answer;
use super::output::Ended;
use super::values;
use super::values::RecordNamed;
use crdt_model::text;
use crdt_model::text::Language;
use node_app::use_cases::why::{Why, WhyPeerRequest, WhyRecordRequest};

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    about: About,
}

#[derive(clap::Subcommand)]
enum About {
    Peer {
        #[arg(value_name = "CODE", value_parser = values::node)]
        peer: NodeId,
    },
    Record {
        #[arg(value_name = "RECORD", value_parser = values::record_named)]
        record: RecordNamed,
        #[arg(long, value_name = "CODE", value_parser = values::node)]
        node: NodeId,
    },
}

pub(super) fn words() -> Words {
    Words::new(text!(
        "说明原因，直到起作用的规则。",
        "Explain why, down to the deciding rule"
    ))
    .command(
        "peer",
        Words::new(text!(
            "本节点与某相邻节点之间为何传送或不传送。",
            "Why data does or does not flow between this node and a neighbour"
        ))
        .argument("peer", text!("相邻节点代码", "the neighbour's code")),
    )
    .command(
        "record",
        Words::new(text!(
            "一条记录为何到达或不到达某节点。",
            "Why a record reaches a node, or does not."
        ))
        .argument(
            "record",
            text!("记录编号或 32 位编码", "the record's code or id"),
        )
        .argument("node", text!("节点代码", "the node's code")),
    )
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Ended {
    let text = |why: &Why| why_text(why, context.output.language);
    match arguments.about {
        About::Peer { peer } => {
            let why = context.ask(WhyPeerRequest { peer })?;
            Ok(Answer::of::<WhyPeerRequest>(text(&why), &why))
        }
        About::Record { record, node } => {
            let record = context.record(record)?;
            let why = context.ask(WhyRecordRequest { record, node })?;
            Ok(Answer::of::<WhyRecordRequest>(text(&why), &why))
        }
    }
}

/// A chain of causes, numbered, each with its rules.
fn why_text(why: &Why, language: Language) -> String {
    let mut text = format!("{}\n", why.question.in_language(language));
    for (number, cause) in (1..).zip(&why.because) {
        let said = cause.text.in_language(language);
        let rules = cause.rules.join(match language {
            Language::Zh => "、",
            Language::En => ", ",
        });
        text.push_str(&match (rules.is_empty(), language) {
            (true, _) => format!("  {number}. {said}\n"),
            (false, Language::Zh) => format!("  {number}. {said}（规则 {rules}）\n"),
            (false, Language::En) => format!("  {number}. {said} (rule {rules})\n"),
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use node_app::use_cases::why::Cause;

    #[test]
    fn causes_stand_in_order_with_their_rules() {
        let cause = |text, rules: &[&str]| Cause {
            text,
            rules: rules.iter().map(ToString::to_string).collect(),
        };
        let why = Why {
            question: text!("为何没有传到？", "Why did it not arrive?"),
            because: vec![
                cause(text!("已连接", "connected"), &[]),
                cause(text!("规则禁止", "a rule forbids it"), &["parties-stay"]),
            ],
        };
        assert_eq!(
            why_text(&why, Language::Zh),
            "为何没有传到？\n  1. 已连接\n  2. 规则禁止（规则 parties-stay）\n"
        );
        assert!(why_text(&why, Language::En).contains("2. a rule forbids it (rule parties-stay)"));
    }
}
