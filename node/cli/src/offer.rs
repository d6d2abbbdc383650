//! `offer`: adopts a signed charter and passes it on.

use std::path::PathBuf;

use super::asking::Context;
use super::help::Words;
use super::output::Answer;
use super::output::Ended;
use crdt_model::text;
use node_app::door::attached::Attached;
use node_app::use_cases::offer::OfferRequest;

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
    let adopted = context.ask(OfferRequest { charter })?;
    let version = adopted.version;
    let text = text!(
        "第 {version} 版章程已生效\n",
        "version {version} of the charter is in force\n"
    );
    Ok(Answer::of::<OfferRequest>(
        context.output.say(&text),
        &adopted,
    ))
}
