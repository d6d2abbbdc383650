//! `checkpoint`: what townships have signed of the log of charters, as a file of notes.

use super::Ended;
use super::asking::{Context, unexpected};
use super::help::Words;
use super::output::Answer;
use crdt_model::text;
use node_app::asked::protocol::{Reply, Request};

pub(super) fn words() -> Words {
    Words::new(text!(
        "输出各乡镇对章程日志的签认（C2SP 检查点文本，含证据）；用 mesh-policy checkpoint 离线核验。",
        "Print what townships have signed of the log of charters (C2SP checkpoints, evidence among them); mesh-policy checkpoint verifies it offline."
    ))
}

pub(super) fn run(context: &Context) -> Ended {
    let reply = context.ask(&Request::Checkpoint)?;
    match &reply {
        Reply::Checkpoint { notes, .. } if notes.is_empty() => {
            let nothing = text!("还没有乡镇签认\n", "no township has signed anything yet\n");
            let text = nothing.in_language(context.output.language).to_owned();
            Ok(Answer::of_reply(text, &reply))
        }
        Reply::Checkpoint { notes, .. } => Ok(Answer::of_reply(notes.clone(), &reply)),
        _ => Err(unexpected(&reply)),
    }
}
