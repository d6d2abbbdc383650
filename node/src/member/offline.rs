//! A question to a node that is not running: the same engine over the same store, without network.

use std::sync::mpsc;

use super::answers;
use super::keeper::Keeper;
use crate::control::protocol::{Reply, Request};
use crate::folder::NodeFolder;
use crate::settings::Settings;
use crate::text;
use crate::text::Problem;

/// Asks the node in this folder, which must not be running. What is written is durable when the
/// answer comes, and flows when the node runs again.
pub fn ask(folder: &NodeFolder, settings: &Settings, request: &Request) -> Result<Reply, Problem> {
    let mut keeper = Keeper::open(folder, settings.node(), settings.cache_bytes())?;
    let (tell, told) = mpsc::sync_channel(1);
    let answer = Box::new(move |reply| {
        // The receiver is a few lines below.
        let _ = tell.send(reply);
    });
    answers::answer(&mut keeper, None, request.clone(), answer)?;
    while keeper.make_durable()? {}
    told.try_recv().map_err(|_| {
        Problem::new(
            "not-running",
            text!("节点未运行，无法完成此操作", "this needs a running node"),
            text!("先启动节点：mesh-node run", "start it first: mesh-node run"),
        )
    })
}
