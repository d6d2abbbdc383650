//! The ways in: the control socket, and the client that asks through it.

pub mod client;
mod seats;
pub mod server;

use crdt_model::text::Problem;
use node_app::door::Door;
use node_machine::folder::NodeFolder;
use node_machine::settings::Settings;

/// Runs the node in this folder, with its control socket, until it is told to stop: by request, by
/// signal or, with `stop_with_parent`, by the end of its standard input.
///
/// # Errors
/// It cannot start, or its store has failed.
pub fn run(
    folder: &NodeFolder,
    settings: &Settings,
    stop_with_parent: bool,
) -> Result<(), Problem> {
    let socket = folder.socket();
    node_runtime::run(folder, settings, stop_with_parent, |mailbox| {
        server::serve(&socket, Door::new(mailbox))
    })
}
