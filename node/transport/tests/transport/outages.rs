//! Lines that break, are cut, fall silent and come back.

use std::collections::BTreeSet;
use std::time::Duration;

use node_transport::{AddressFault, CloseReason, Command, Cut, DialFault, Event, RequestFault};

use crate::harness::{Peer, TCP, county, echo, entry, pair, roster, timings, town, village};
use crate::relay::Relay;

/// A village and its town, connected through a relay.
async fn relayed(timings: node_transport::Timings) -> (Peer, Peer, Relay) {
    let members = roster(&[entry(village(), &[])]);
    let mut town_peer = Peer::start_with(town(), &[TCP], &members, timings.clone()).await;
    let relay = Relay::to(&town_peer.address).await;
    let members = roster(&[entry(village(), &[]), entry(town(), &[&relay.address])]);
    let mut village_peer = Peer::start_with(village(), &[], &members, timings).await;
    village_peer.send(Command::SetLinks(vec![town()])).await;
    village_peer.connected(town()).await;
    town_peer.connected(village()).await;
    (village_peer, town_peer, relay)
}

#[tokio::test]
async fn nothing_passes_while_the_lines_are_cut_and_healing_brings_them_back() {
    let (mut village_peer, mut town_peer, relay) = relayed(timings()).await;
    echo(&mut village_peer, &mut town_peer, 1, "before").await;

    village_peer.send(Command::SetCut(Cut::Everything)).await;
    assert_eq!(village_peer.disconnected(town()).await, CloseReason::Cut);
    let why = town_peer.disconnected(village()).await;
    assert!(!matches!(why, CloseReason::ClosedAtOnce), "{why}");
    let passed = relay.passed();
    for id in 2..10 {
        village_peer.request(town(), id, "is anybody there?").await;
        assert_eq!(
            village_peer.answer(id).await,
            Err(RequestFault::NotConnected)
        );
    }
    village_peer.send(Command::Dial { node: town() }).await;
    let refused = village_peer.wait("dial failed", |event| match event {
        Event::DialFailed { why, .. } => Some(why),
        _ => None,
    });
    assert_eq!(refused.await, DialFault::Cut);
    assert_eq!(relay.passed(), passed);

    village_peer.send(Command::SetCut(Cut::Nothing)).await;
    village_peer.connected(town()).await;
    town_peer.connected(village()).await;
    echo(&mut village_peer, &mut town_peer, 20, "after").await;
}

#[tokio::test]
async fn a_response_under_way_does_not_pass_a_cut() {
    let (village_peer, mut town_peer, relay) = relayed(timings()).await;
    village_peer
        .request(town(), 1, "a long story, please")
        .await;
    let (_, id, _) = town_peer.asked().await;
    let before = relay.passed();
    // Both commands are waiting before either is carried out.
    town_peer
        .handle
        .try_send(Command::Respond {
            id,
            bytes: vec![0; 250_000].into(),
        })
        .expect("room");
    town_peer
        .handle
        .try_send(Command::SetCut(Cut::Everything))
        .expect("room");
    assert_eq!(town_peer.disconnected(village()).await, CloseReason::Cut);
    assert!(
        relay.passed() - before < 250_000,
        "{}",
        relay.passed() - before
    );
}

#[tokio::test]
async fn a_cut_node_refuses_calls_and_other_lines_stay() {
    let (mut village_peer, mut town_peer) = pair(TCP, timings()).await;
    let members = roster(&[entry(village(), &[]), entry(town(), &[&town_peer.address])]);
    let mut county_peer = Peer::start(county(), &[], &members).await;
    county_peer.send(Command::SetLinks(vec![town()])).await;
    county_peer.connected(town()).await;
    town_peer.connected(county()).await;

    let cut = Cut::LinesTo(BTreeSet::from([village()]));
    town_peer.send(Command::SetCut(cut)).await;
    assert_eq!(town_peer.disconnected(village()).await, CloseReason::Cut);
    // The village dials again and again, and is refused.
    for _ in 0..3 {
        assert_eq!(
            town_peer.refused().await,
            (Some(village()), node_transport::Refusal::Cut)
        );
    }
    echo(&mut county_peer, &mut town_peer, 1, "not cut").await;
    town_peer.send(Command::SetCut(Cut::Nothing)).await;
    town_peer.connected(village()).await;
    echo(&mut town_peer, &mut village_peer, 2, "healed").await;
}

#[tokio::test]
async fn a_peer_that_restarts_is_dialled_until_it_is_back() {
    let (mut village_peer, town_peer) = pair(TCP, timings()).await;
    let address = town_peer.address.clone();
    town_peer.stop().await;
    village_peer.disconnected(town()).await;
    let (why, retry_in) = village_peer
        .wait("dial failed", |event| match event {
            Event::DialFailed { why, retry_in, .. } => Some((why, retry_in)),
            _ => None,
        })
        .await;
    let DialFault::Addresses(attempts) = why else {
        panic!("{why:?}")
    };
    assert_eq!(
        attempts.first().map(|tried| &tried.why),
        Some(&AddressFault::ConnectionRefused)
    );
    assert!(retry_in.is_some_and(|pause| pause <= timings().retry_last));

    let members = roster(&[entry(village(), &[])]);
    let mut town_peer = Peer::start(town(), &[&address], &members).await;
    village_peer.connected(town()).await;
    echo(&mut village_peer, &mut town_peer, 1, "welcome back").await;
}

#[tokio::test]
async fn addresses_are_tried_in_the_order_of_the_roster_until_one_works() {
    let members = roster(&[entry(village(), &[])]);
    let mut town_peer = Peer::start(town(), &[TCP], &members).await;
    let addresses = ["nonsense", "/ip4/127.0.0.1/tcp/1", &town_peer.address];
    let members = roster(&[entry(village(), &[]), entry(town(), &addresses)]);
    let mut village_peer = Peer::start(village(), &[], &members).await;
    village_peer.send(Command::SetLinks(vec![town()])).await;
    village_peer.connected(town()).await;
    echo(&mut village_peer, &mut town_peer, 1, "third time lucky").await;
}

#[tokio::test]
async fn a_line_that_falls_silent_is_noticed_and_its_requests_fail() {
    let mut alert = timings();
    alert.keep_alive = Duration::from_millis(200);
    alert.request = Duration::from_millis(400);
    let (mut village_peer, mut town_peer, relay) = relayed(alert).await;
    echo(&mut village_peer, &mut town_peer, 1, "loud and clear").await;
    // Silence of the callers alone does not end a line.
    let alive = village_peer.wait("nothing", |event| match event {
        Event::Disconnected { .. } => Some(()),
        _ => None,
    });
    assert!(
        tokio::time::timeout(Duration::from_secs(2), alive)
            .await
            .is_err()
    );
    let signs = |peer: &Peer| {
        peer.handle
            .stats()
            .peers
            .values()
            .map(|peer| peer.signs_of_life_sent)
            .sum::<u64>()
    };
    let asked = signs(&village_peer) + signs(&town_peer);
    assert!(asked >= 2, "{asked}");

    relay.pull();
    let why = village_peer.disconnected(town()).await;
    assert!(matches!(why, CloseReason::Silent { .. }), "{why}");
    let why = town_peer.disconnected(village()).await;
    assert!(matches!(why, CloseReason::Silent { .. }), "{why}");
}

#[tokio::test]
#[ignore = "takes a minute"]
async fn with_the_limits_of_the_mesh_a_dead_line_is_noticed_within_a_minute() {
    let (mut village_peer, mut town_peer, relay) =
        relayed(node_transport::Timings::default()).await;
    echo(&mut village_peer, &mut town_peer, 1, "loud and clear").await;
    let pulled = tokio::time::Instant::now();
    relay.pull();
    for peer in [&mut village_peer, &mut town_peer] {
        let noticed = async {
            while !matches!(peer.events.recv().await, Some(Event::Disconnected { .. })) {}
        };
        let minute = Duration::from_secs(60);
        tokio::time::timeout_at(pulled + minute, noticed)
            .await
            .expect("within a minute");
        println!("{} noticed after {:?}", peer.node, pulled.elapsed());
    }
}

#[tokio::test]
async fn nodes_that_dial_each_other_at_once_end_up_with_one_line() {
    let empty = roster(&[entry(village(), &[])]);
    let mut town_peer = Peer::start(town(), &[TCP], &empty).await;
    let mut village_peer = Peer::start(village(), &[TCP], &empty).await;
    let members = roster(&[
        entry(village(), &[&village_peer.address]),
        entry(town(), &[&town_peer.address]),
    ]);
    for round in 0..10 {
        for peer in [&town_peer, &village_peer] {
            peer.send(Command::SetRoster(members.clone())).await;
        }
        town_peer.send(Command::SetLinks(vec![village()])).await;
        village_peer.send(Command::SetLinks(vec![town()])).await;
        // Whatever happened on the way, a request gets through in the end, both ways.
        insist(&mut town_peer, &mut village_peer, 2 * round).await;
        insist(&mut village_peer, &mut town_peer, 2 * round + 1).await;
        assert_eq!(town_peer.handle.stats().lines, 1);
        assert_eq!(village_peer.handle.stats().lines, 1);
        for peer in [&town_peer, &village_peer] {
            peer.send(Command::SetLinks(vec![])).await;
        }
        town_peer.send(Command::HangUp { node: village() }).await;
        while village_peer.handle.stats().lines > 0 {
            village_peer.disconnected(town()).await;
        }
    }
}

/// Asks again and again until there is an answer.
async fn insist(asker: &mut Peer, answerer: &mut Peer, round: u64) {
    for attempt in 0.. {
        let id = round * 1_000_000 + attempt;
        asker.request(answerer.node, id, "hello").await;
        let answered = tokio::time::timeout(crate::harness::PATIENCE, async {
            loop {
                tokio::select! {
                    event = asker.events.recv() => match event.expect("it runs") {
                        Event::Response { id: answered, .. } if answered.0 == id => return true,
                        Event::RequestFailed { id: failed, .. } if failed.0 == id => return false,
                        _ => {}
                    },
                    event = answerer.events.recv() => {
                        if let Event::Request { id, bytes, .. } = event.expect("it runs") {
                            answerer.handle.send(Command::Respond { id, bytes }).await.expect("up");
                        }
                    }
                }
            }
        });
        if answered.await.expect("something happens") {
            return;
        }
        // A round of the event loop, so that handshakes can go on.
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_hung_up_line_is_told_to_the_other_end() {
    let (mut village_peer, mut town_peer) = pair(TCP, timings()).await;
    echo(&mut village_peer, &mut town_peer, 1, "hello").await;
    echo(&mut town_peer, &mut village_peer, 1, "hello").await;
    village_peer.send(Command::SetLinks(vec![])).await;
    village_peer.send(Command::HangUp { node: town() }).await;
    assert_eq!(
        village_peer.disconnected(town()).await,
        CloseReason::WeHungUp
    );
    assert_eq!(
        town_peer.disconnected(village()).await,
        CloseReason::TheyHungUp
    );
}
