//! Whoever is not a member, or no longer one.

use std::sync::Arc;

use crdt_model::charter::{Charter, Roster};
use crdt_model::engine::LinkState;
use crdt_model::ids::CharterVersion;
use node_app::use_cases::offer::Adopted;
use node_app::use_cases::status::NodeStatus;
use node_transport::{Command, Timings, Transport, TransportConfig};

use super::charters::{next_version, offer};
use super::harness::{Mesh, NEIGHBOUR, TOWNSHIP, VILLAGE, node};

#[test]
fn a_key_that_no_roster_lists_is_turned_away_and_counted() {
    let mesh = Mesh::start(&[TOWNSHIP]);
    let files = policy::CharterFiles::read(&mesh.charter()).expect("the charter");
    let charter = policy::CedarCharter::open(&files).expect("a valid charter");
    let secret = [7; 32];
    let mut members = charter.roster().members().to_vec();
    for member in members
        .iter_mut()
        .filter(|member| member.node == node(NEIGHBOUR))
    {
        member.key = Transport::public_key(&secret).expect("a key");
    }
    let pretended = Arc::new(Roster::new(members).expect("a roster"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        let config = TransportConfig {
            node: node(NEIGHBOUR),
            secret: secret.into(),
            listen: Vec::new(),
            timings: Timings::default(),
        };
        let (handle, mut events) = Transport::start(config, pretended).expect("a transport");
        handle
            .send(Command::SetLinks(vec![node(TOWNSHIP)]))
            .await
            .expect("a running transport");
        loop {
            events.recv().await.expect("an event");
            let status = mesh.status(TOWNSHIP).expect("a running node");
            if status.refused.contains_key("not-in-roster") {
                return;
            }
        }
    });
}

#[test]
fn a_revoked_node_loses_its_line_and_its_calls_are_counted() {
    let mesh = Mesh::start(&[TOWNSHIP, VILLAGE, NEIGHBOUR]);
    let link = |code: &'static str| {
        move |status: &NodeStatus| {
            status
                .peers
                .iter()
                .any(|peer| peer.status.node == node(code) && peer.status.link == LinkState::InSync)
        }
    };
    mesh.wait_for(TOWNSHIP, "a line to the village", link(VILLAGE));
    mesh.wait_for(TOWNSHIP, "a line to its neighbour", link(NEIGHBOUR));
    let second = next_version(&mesh, "second", |folder| {
        let path = folder.join("roster.toml");
        let roster = std::fs::read_to_string(&path).expect("the roster");
        let code = format!("code = \"{NEIGHBOUR}\"\n");
        let revoked = roster.replace(&code, &format!("{code}state = \"revoked\"\n"));
        assert_ne!(revoked, roster);
        std::fs::write(path, revoked).expect("the roster");
    });
    mesh.sign(&second, Some(&mesh.charter()), &["one", "three"]);
    let version = CharterVersion(2);
    assert_eq!(offer(&mesh, VILLAGE, &second), Ok(Adopted { version }));
    mesh.wait_for(TOWNSHIP, "no line to the revoked node", |status| {
        status.charter == CharterVersion(2)
            && !status
                .peers
                .iter()
                .any(|peer| peer.status.node == node(NEIGHBOUR))
            && status.refused.contains_key("revoked")
    });
    mesh.wait_for(TOWNSHIP, "the line to the village still", link(VILLAGE));
}
