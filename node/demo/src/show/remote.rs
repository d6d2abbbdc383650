//! Cutting and healing the lines of a county that another process runs: its nodes are asked
//! themselves.

use crdt_model::ids::NodeId;

use super::wanted::Wanted;
use crate::asking::of_node;
use crate::folder::{Marker, unusable};
use crdt_model::text::{Problem, Quoted};
use node_app::door::caller::{Caller, WayIn};
use node_app::use_cases::cut::CutRequest;
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
    let caller = Caller::at(WayIn::Socket);
    let cut = client
        .ask(&caller, &CutRequest { lines_to })
        .map_err(fault)?;
    cut.map(drop).map_err(|problem| of_node(node, problem))
}
