//! Cutting and healing the lines of a county that another process runs: its nodes are asked
//! themselves.

use crdt_model::ids::NodeId;

use super::Wanted;
use crate::asking::unexpected;
use crate::folder::{Marker, unusable};
use crdt_model::text::{Problem, Quoted};
use node_app::asked::protocol::{Reply, Request};
use node_doors::client::Client;
use node_machine::folder::NodeFolder;

/// Restores all lines if that is wanted, then cuts those that are wanted cut.
pub(super) fn set_lines(wanted: &Wanted) -> Result<(), Problem> {
    let path = wanted.options.data.join("county.toml");
    let marker = std::fs::read_to_string(&path).map_err(|problem| unusable(&path, &problem))?;
    let marker: Marker =
        toml::from_str(&marker).map_err(|problem| unusable(&path, &Quoted(problem)))?;
    if wanted.heal {
        for node in marker.nodes {
            set(wanted, node, Vec::new())?;
        }
    }
    wanted
        .cut
        .iter()
        .try_for_each(|node| set(wanted, *node, vec![*node]))
}

fn set(wanted: &Wanted, node: NodeId, lines_to: Vec<NodeId>) -> Result<(), Problem> {
    let folder = NodeFolder::new(wanted.options.data.join("nodes").join(node.to_string()));
    let fault = |problem: std::io::Error| unusable(&folder.socket(), &problem);
    let mut client = Client::connect(&folder.socket()).map_err(fault)?;
    match client.ask(&Request::Cut { lines_to }).map_err(fault)? {
        Reply::Done => Ok(()),
        reply => Err(unexpected(node, reply)),
    }
}
