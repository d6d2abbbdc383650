//! What waits for a neighbour is counted, connected or not, and over restarts.

use crdt_model::engine::LinkState;
use node_app::use_cases::status::{NodeStatus, PeerLine};

use super::harness::{Mesh, TOWNSHIP, VILLAGE, comes, dispute, node};

fn township(status: &NodeStatus) -> &PeerLine {
    let mut peers = status.peers.iter();
    peers
        .find(|peer| peer.status.node == node(TOWNSHIP))
        .expect("a neighbour")
}

fn link(status: &NodeStatus) -> LinkState {
    township(status).status.link
}

fn to_send(status: &NodeStatus) -> usize {
    township(status).status.to_send
}

/// Whether so many facets wait that a person wrote. What says that the node is there, which it writes
/// by itself once a day, may wait beside them.
fn waits(status: &NodeStatus, written: usize) -> bool {
    (written..=written + 1).contains(&to_send(status))
}

#[test]
fn what_waits_is_counted_while_the_line_is_down_and_after_a_restart() {
    let mut mesh = Mesh::start(&[TOWNSHIP, VILLAGE]);
    let in_sync = |status: &NodeStatus| link(status) == LinkState::InSync && to_send(status) == 0;
    mesh.wait_for(VILLAGE, "equality", in_sync);
    let of_village = |mesh: &Mesh| mesh.status(VILLAGE).expect("a running node");
    assert!(township(&of_village(&mesh)).last_equal.is_some());
    mesh.kill(TOWNSHIP);
    mesh.wait_for(VILLAGE, "the loss of its line", |status| {
        link(status) == LinkState::Disconnected
    });
    let equal = township(&of_village(&mesh)).last_equal;
    assert!(equal.is_some());
    assert!(waits(&of_village(&mesh), 0), "nothing has changed");
    let file = mesh.node_folder(VILLAGE).waiting();
    let saved = || std::fs::read(&file).expect("what waits");
    let mut before = saved();
    for disputes in 1..=3 {
        // The narrative stays at home.
        mesh.add(VILLAGE, dispute(&format!("WAITS-{disputes}"), "invented"));
        mesh.wait_for(VILLAGE, "what waits", |status| waits(status, disputes));
        assert!(comes(|| saved() != before), "it is saved");
        before = saved();
    }
    mesh.kill(VILLAGE);
    mesh.run(VILLAGE);
    let status = of_village(&mesh);
    assert!(waits(&status, 3), "{}", to_send(&status));
    assert_eq!(township(&status).last_equal, equal, "as before the restart");
    mesh.run(TOWNSHIP);
    mesh.wait_for(VILLAGE, "equality again", in_sync);
    mesh.wait_for_facets(TOWNSHIP, "case.summary", 3);
    assert!(township(&of_village(&mesh)).last_equal > equal);
    // A line that is cut waits like one that is lost.
    mesh.cut(VILLAGE, true);
    mesh.wait_for(VILLAGE, "no line", |status| {
        link(status) == LinkState::Disconnected
    });
    mesh.add(VILLAGE, dispute("WAITS-CUT", "invented"));
    mesh.wait_for(VILLAGE, "what waits", |status| waits(status, 1));
    mesh.cut(VILLAGE, false);
    mesh.wait_for(VILLAGE, "equality once more", in_sync);
}
