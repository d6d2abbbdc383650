//! What lines cost. Not a check but a measurement: run by hand with
//! `cargo test -p node --release --test transport -- --ignored --nocapture eight_lines`.

use std::process::Command as Process;

use node_transport::Command;

use crate::harness::{Peer, QUIC, TCP, entry, id, roster};

const ADDRESSES: &str = "TRANSPORT_TEST_ADDRESSES";
const NODES: u64 = 8;

fn hub() -> crdt_model::ids::NodeId {
    id("620723101299")
}

fn spoke(index: u64) -> crdt_model::ids::NodeId {
    id(&format!("6207231012{:02}", index + 1))
}

fn entries(addresses: &[String]) -> Vec<crate::harness::Entry> {
    let spokes = (0..NODES).map(|index| {
        let address = usize::try_from(index)
            .ok()
            .and_then(|index| addresses.get(index));
        entry(
            spoke(index),
            &address.map(String::as_str).into_iter().collect::<Vec<_>>(),
        )
    });
    spokes.chain([entry(hub(), &[])]).collect()
}

#[tokio::test]
#[ignore = "a measurement"]
async fn eight_lines_cost() {
    for listen in [TCP, QUIC] {
        let members = roster(&entries(&[]));
        let mut peers = Vec::new();
        for index in 0..NODES {
            peers.push(Peer::start(spoke(index), &[listen], &members).await);
        }
        let addresses: Vec<_> = peers.iter().map(|peer| peer.address.clone()).collect();
        let child = Process::new(std::env::current_exe().expect("a path"))
            .args([
                "--ignored",
                "--exact",
                "--nocapture",
                "memory::a_process_of_its_own",
            ])
            .env(ADDRESSES, addresses.join(" "))
            .stdout(std::process::Stdio::piped())
            .spawn()
            .expect("it starts");
        for peer in &mut peers {
            let (_, inbound, bytes) = peer.asked().await;
            peer.respond(inbound, bytes).await;
        }
        let output = tokio::task::spawn_blocking(|| child.wait_with_output()).await;
        let output = output.expect("no panic").expect("it ends");
        println!("{listen}:\n{}", String::from_utf8_lossy(&output.stdout));
    }
}

#[tokio::test]
#[ignore = "a measurement: its other process"]
async fn a_process_of_its_own() {
    let Ok(addresses) = std::env::var(ADDRESSES) else {
        return;
    };
    let addresses: Vec<_> = addresses.split(' ').map(ToOwned::to_owned).collect();
    let members = roster(&entries(&addresses));
    report("before the transport");
    let quic = addresses.iter().any(|address| address.ends_with("quic-v1"));
    let listen = if quic { QUIC } else { TCP };
    let mut peer = Peer::start(hub(), &[listen], &members).await;
    report("listening, no lines");
    for index in 0..NODES {
        peer.send(Command::Dial { node: spoke(index) }).await;
        peer.connected(spoke(index)).await;
    }
    report("eight lines");
    for index in 0..NODES {
        peer.request(spoke(index), index, vec![0; 60_000]).await;
        peer.answer(index).await.expect("an answer");
    }
    report("after 60 kB each way on each");
}

fn report(when: &str) {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| -> u64 {
        let line = text
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap_or_default();
        line.split_whitespace()
            .nth(1)
            .and_then(|number| number.parse().ok())
            .unwrap_or_default()
    };
    let rollup = read("/proc/self/smaps_rollup");
    let status = read("/proc/self/status");
    println!(
        "{when}: RSS {} kB, private {} kB, anonymous {} kB, threads {}",
        field(&rollup, "Rss:"),
        field(&rollup, "Private_Clean:") + field(&rollup, "Private_Dirty:"),
        field(&rollup, "Anonymous:"),
        field(&status, "Threads:"),
    );
}
