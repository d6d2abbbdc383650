//! Where nodes listen and where they are dialled: by the roster, or by this machine's settings.

use crdt_model::engine::LinkState;
use node_app::use_cases::status::NodeStatus;

use super::harness::{Mesh, TOWNSHIP, VILLAGE, free_port, node};

fn warned(status: &NodeStatus, of: &str) -> bool {
    status
        .warnings
        .iter()
        .any(|warning| warning.what.en.contains(of))
}

#[test]
fn a_township_that_moved_is_reached_by_the_settings_of_its_village_without_a_new_charter() {
    let mut mesh = Mesh::start(&[TOWNSHIP, VILLAGE]);
    let in_sync = |status: &NodeStatus| {
        let mut peers = status.peers.iter();
        peers.any(|one| one.status.node == node(TOWNSHIP) && one.status.link == LinkState::InSync)
    };
    mesh.wait_for(VILLAGE, "a line to its township", in_sync);
    mesh.kill(TOWNSHIP);
    mesh.kill(VILLAGE);
    let moved = format!("/ip4/127.0.0.1/tcp/{}", free_port());
    let settings = format!("node = \"{TOWNSHIP}\"\nlisten = [\"{moved}\"]\n");
    std::fs::write(mesh.node_folder(TOWNSHIP).settings(), settings).expect("settings");
    let settings = format!("node = \"{VILLAGE}\"\n[addresses]\n\"{TOWNSHIP}\" = \"{moved}\"\n");
    std::fs::write(mesh.node_folder(VILLAGE).settings(), settings).expect("settings");
    mesh.run(TOWNSHIP);
    mesh.run(VILLAGE);
    mesh.wait_for(VILLAGE, "a line to where its township is now", in_sync);
    let status = mesh.status(VILLAGE).expect("it runs");
    assert!(warned(&status, &moved), "{:?}", status.warnings);

    // A node that the roster lists at an address, and that listens nowhere, says so.
    mesh.kill(TOWNSHIP);
    let settings = format!("node = \"{TOWNSHIP}\"\nlisten = []\n");
    std::fs::write(mesh.node_folder(TOWNSHIP).settings(), settings).expect("settings");
    mesh.run(TOWNSHIP);
    let status = mesh.status(TOWNSHIP).expect("it runs");
    assert!(
        warned(&status, "nobody can reach it"),
        "{:?}",
        status.warnings
    );
}
