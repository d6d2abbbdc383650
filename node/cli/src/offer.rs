//! `offer`: adopts a signed charter and passes it on.

use std::path::PathBuf;

use super::Ended;
use super::asking::{Context, unexpected};
use super::help::Words;
use super::output::Answer;
use crdt_model::text;
use node_app::asked::attached::Attached;
use node_app::asked::protocol::{Reply, Request};

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(super) fn words() -> Words {
    Words::new(text!(
        "启用一份已签署的新版章程，并传给相邻节点。",
        "Adopt a signed new version of the charter, and pass it on."
    ))
    .argument("folder", text!("章程目录", "the charter's folder"))
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Ended {
    let charter = Attached::of_charter(&arguments.folder)?;
    let reply = context.ask(&Request::Offer { charter })?;
    let Reply::Adopted { version } = &reply else {
        return Err(unexpected(&reply));
    };
    let text = text!(
        "第 {version} 版章程已生效\n",
        "version {version} of the charter is in force\n"
    );
    Ok(Answer::of_reply(context.output.say(&text), &reply))
}
