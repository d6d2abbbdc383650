//! The same over QUIC.

use node_transport::{CloseReason, Command, Cut, RequestFault};

use crate::harness::{Peer, QUIC, TCP, echo, entry, pair, roster, timings, town, village};

#[tokio::test]
async fn a_pair_over_quic_exchanges_is_cut_and_heals() {
    let (mut village_peer, mut town_peer) = pair(QUIC, timings()).await;
    echo(&mut village_peer, &mut town_peer, 1, "from the village").await;
    echo(&mut town_peer, &mut village_peer, 1, "from the town").await;
    let stats = village_peer.handle.stats();
    let address = stats
        .peers
        .get(&town())
        .and_then(|peer| peer.address.clone());
    assert!(address.is_some_and(|address| address.ends_with("/quic-v1")));

    village_peer.request(town(), 2, "unanswered").await;
    town_peer.asked().await;
    town_peer.send(Command::SetCut(Cut::Everything)).await;
    assert_eq!(town_peer.disconnected(village()).await, CloseReason::Cut);
    assert_eq!(village_peer.answer(2).await, Err(RequestFault::LineLost));
    village_peer.disconnected(town()).await;
    town_peer.send(Command::SetCut(Cut::Nothing)).await;
    village_peer.connected(town()).await;
    town_peer.connected(village()).await;
    echo(&mut village_peer, &mut town_peer, 3, "healed").await;
}

#[tokio::test]
async fn a_stranger_over_quic_is_refused() {
    let mut town_peer = Peer::start(town(), &[QUIC], &roster(&[])).await;
    let members = roster(&[entry(village(), &[]), entry(town(), &[&town_peer.address])]);
    let mut village_peer = Peer::start(village(), &[], &members).await;
    village_peer.send(Command::SetLinks(vec![town()])).await;
    assert_eq!(town_peer.refused().await.1.code(), "not-in-roster");
    assert_eq!(
        village_peer.disconnected(town()).await,
        CloseReason::ClosedAtOnce
    );
}

#[tokio::test]
async fn one_node_serves_tcp_and_quic_side_by_side() {
    let members = roster(&[entry(village(), &[])]);
    // The address reported last is that of QUIC.
    let mut town_peer = Peer::start(town(), &[TCP, QUIC], &members).await;
    let members = roster(&[entry(village(), &[]), entry(town(), &[&town_peer.address])]);
    let mut village_peer = Peer::start(village(), &[QUIC], &members).await;
    village_peer.send(Command::SetLinks(vec![town()])).await;
    village_peer.connected(town()).await;
    echo(&mut village_peer, &mut town_peer, 1, "hello").await;
}
