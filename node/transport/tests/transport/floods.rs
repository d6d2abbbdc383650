//! Connections of strangers that prove nothing.

use std::collections::BTreeMap;

use futures::StreamExt;
use libp2p::identity::Keypair;
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::dummy;
use libp2p::{Multiaddr, SwarmBuilder};
use node_transport::{AddressFault, Command, DialFault, Event, Refusal};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream, UdpSocket};

use crate::harness::{Peer, QUIC, TCP, echo, entry, roster, town, village};

fn port(address: &str, after: &str) -> u16 {
    let (_, rest) = address.split_once(after).expect("a port");
    let port = rest.split('/').next().and_then(|port| port.parse().ok());
    port.expect("a port")
}

async fn turned_away(peer: &mut Peer, wanted: Refusal) -> (u64, BTreeMap<String, u64>) {
    peer.wait("turned away", |event| match event {
        Event::TurnedAway { why, count, from } if why == wanted => Some((count, from)),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn a_connection_that_says_nothing_ends_soon_and_is_counted_with_its_address() {
    let mut town_peer = Peer::start(town(), &[TCP], &roster(&[])).await;
    let port = port(&town_peer.address, "/tcp/");
    let mut silent = TcpStream::connect(("127.0.0.1", port))
        .await
        .expect("a line");
    let (count, from) = turned_away(&mut town_peer, Refusal::Silent).await;
    assert_eq!((count, from.get("127.0.0.1")), (1, Some(&1)));
    assert_eq!(silent.read(&mut [0]).await.expect("its end"), 0);
    assert_eq!(town_peer.handle.stats().refused("silent"), 1);
}

#[tokio::test]
async fn who_closes_before_the_handshake_is_not_called_another_service() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let address = format!("/ip4/127.0.0.1/tcp/{}", address.port());
    let members = roster(&[entry(village(), &[]), entry(town(), &[&address])]);
    let mut peer = Peer::start(village(), &[], &members).await;
    // With what it was told unread, and with nothing unread.
    for read in [0, 64] {
        peer.send(Command::Dial { node: town() }).await;
        let (mut socket, _) = listener.accept().await.expect("a connection");
        let _ = socket.read(&mut vec![0; read]).await;
        drop(socket);
        let why = peer.wait("dial failed", |event| match event {
            Event::DialFailed { why, .. } => Some(why),
            _ => None,
        });
        let DialFault::Addresses(attempts) = why.await else {
            panic!("it was dialled")
        };
        let why = attempts.first().map(|tried| &tried.why);
        assert_eq!(why, Some(&AddressFault::ClosedEarly), "{read}");
    }
}

#[tokio::test]
async fn handshakes_over_quic_that_never_end_keep_nobody_out() {
    let members = roster(&[entry(village(), &[])]);
    let mut town_peer = Peer::start(town(), &[QUIC], &members).await;
    let at = port(&town_peer.address, "/udp/");
    // A way on which nothing comes back.
    let relay = UdpSocket::bind(("127.0.0.1", 0)).await.expect("a port");
    let onwards = UdpSocket::bind(("127.0.0.1", 0)).await.expect("a port");
    let through = relay.local_addr().expect("an address").port();
    tokio::spawn(async move {
        let mut packet = vec![0; 2_048];
        while let Ok(bytes) = relay.recv(&mut packet).await {
            let _ = onwards.send_to(&packet[..bytes], ("127.0.0.1", at)).await;
        }
    });
    let pair = Keypair::ed25519_from_bytes([3; 32]).expect("a key");
    let stranger = SwarmBuilder::with_existing_identity(pair)
        .with_tokio()
        .with_quic()
        .with_behaviour(|_| dummy::Behaviour)
        .expect("it is infallible");
    let mut stranger = stranger.build();
    let address: Multiaddr = format!("/ip4/127.0.0.1/udp/{through}/quic-v1")
        .parse()
        .expect("an address");
    for _ in 0..200 {
        let dial = DialOpts::unknown_peer_id().address(address.clone()).build();
        stranger.dial(dial).expect("it dials");
    }
    tokio::spawn(async move {
        loop {
            stranger.select_next_some().await;
        }
    });
    let (count, from) = turned_away(&mut town_peer, Refusal::TooManyConnections).await;
    assert!(
        count > 0 && from.contains_key("127.0.0.1"),
        "{count}, {from:?}"
    );

    let members = roster(&[entry(village(), &[]), entry(town(), &[&town_peer.address])]);
    let mut village_peer = Peer::start(village(), &[], &members).await;
    village_peer.send(Command::SetLinks(vec![town()])).await;
    village_peer.connected(town()).await;
    town_peer.connected(village()).await;
    echo(&mut village_peer, &mut town_peer, 1, "through it all").await;
}
