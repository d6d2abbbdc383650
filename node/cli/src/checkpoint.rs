//! `checkpoint`: what townships have signed of the log of charters, as a file of notes.

use super::asking::Context;
use super::help::Words;
use super::output::Answer;
use super::output::Ended;
use crdt_model::text;
use node_app::use_cases::checkpoint::CheckpointRequest;

pub(super) fn words() -> Words {
    Words::new(text!(
        "输出各乡镇对章程日志的签认（C2SP 检查点文本，含证据）；用 mesh-policy checkpoint 离线核验。",
        "Print what townships have signed of the log of charters (C2SP checkpoints, evidence among them); mesh-policy checkpoint verifies it offline."
    ))
}

pub(super) fn run(context: &Context) -> Ended {
    let checkpoint = context.ask(CheckpointRequest {})?;
    let text = match checkpoint.notes.is_empty() {
        true => context.output.say(&text!(
            "还没有乡镇签认\n",
            "no township has signed anything yet\n"
        )),
        false => checkpoint.notes.clone(),
    };
    Ok(Answer::of::<CheckpointRequest>(text, &checkpoint))
}
