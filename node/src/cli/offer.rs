//! `offer`: adopts a signed charter and passes it on.

use std::path::{Path, PathBuf};

use super::Ended;
use super::asking::{Context, unexpected};
use super::help::Words;
use super::output::Answer;
use crate::control::protocol::{Reply, Request};
use crate::text;
use crate::text::Problem;

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(super) fn words() -> Words {
    Words::new(text!(
        "采纳一个已签署的新版章程，并传给相邻节点。",
        "Adopt the next version of a signed charter, and pass it on to the neighbours."
    ))
    .argument("folder", text!("章程目录", "the charter's folder"))
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Ended {
    let reply = context.ask(&Request::Offer {
        folder: absolute(&arguments.folder)?,
    })?;
    let Reply::Adopted { version } = &reply else {
        return Err(unexpected(&reply));
    };
    let text = text!(
        "第 {version} 版章程已生效\n",
        "version {version} of the charter is in force\n"
    );
    Ok(Answer::of_reply(context.output.say(&text), &reply))
}

/// A path that means the same to the node, which may have been started elsewhere.
pub(super) fn absolute(path: &Path) -> Result<PathBuf, Problem> {
    std::path::absolute(path).map_err(|error| {
        let path = path.display();
        Problem::new(
            "input-path",
            text!(
                "路径 {path} 不可用：{error}",
                "the path {path} cannot be used: {error}"
            ),
            text!("核对路径", "check the path"),
        )
    })
}
