//! Requests and responses.

use std::time::Duration;

use crdt_model::limits::{PEER_REQUESTS_IN_FLIGHT_MAX, REQUEST_BYTES_MAX, RESPONSE_BYTES_MAX};
use node_transport::{Command, Event, Refusal, RequestFault, Timings};

use crate::harness::{
    Peer, TCP, echo, entry, pair, roster, secret, timings, town, unequal_pair, village,
};
use crate::stranger::{Outcome, framed, next, send_stranger};

#[tokio::test]
async fn two_members_exchange_request_and_response_both_ways() {
    let (mut village_peer, mut town_peer) = pair(TCP, timings()).await;
    echo(&mut village_peer, &mut town_peer, 1, "from the village").await;
    echo(&mut town_peer, &mut village_peer, 1, "from the town").await;

    let stats = village_peer.handle.stats();
    let peer = stats.peers.get(&town()).expect("it is counted");
    assert!(peer.connected);
    assert_eq!((stats.lines, peer.lines_up), (1, 1));
    assert_eq!((peer.requests_sent, peer.responses_received), (1, 1));
    assert_eq!((peer.requests_received, peer.responses_sent), (1, 1));
    assert_eq!((peer.bytes_sent, peer.bytes_received), (16 + 13, 16 + 13));
}

#[tokio::test]
async fn the_largest_frames_pass_and_larger_ones_are_not_sent() {
    let (mut village_peer, mut town_peer) = pair(TCP, timings()).await;
    village_peer
        .request(town(), 1, vec![1; REQUEST_BYTES_MAX])
        .await;
    let (_, id, bytes) = town_peer.asked().await;
    assert_eq!(bytes.len(), REQUEST_BYTES_MAX);
    town_peer.respond(id, vec![2; RESPONSE_BYTES_MAX]).await;
    assert_eq!(
        village_peer.answer(1).await.expect("an answer").len(),
        RESPONSE_BYTES_MAX
    );

    village_peer
        .request(town(), 2, vec![1; REQUEST_BYTES_MAX + 1])
        .await;
    assert_eq!(village_peer.answer(2).await, Err(RequestFault::BadLength));
    village_peer.request(town(), 3, vec![]).await;
    assert_eq!(village_peer.answer(3).await, Err(RequestFault::BadLength));

    village_peer.request(town(), 4, vec![1]).await;
    let (_, id, _) = town_peer.asked().await;
    town_peer.respond(id, vec![2; RESPONSE_BYTES_MAX + 1]).await;
    assert_eq!(village_peer.answer(4).await, Err(RequestFault::Unanswered));
}

#[tokio::test]
async fn a_request_without_a_line_fails_at_once() {
    let members = roster(&[entry(village(), &[])]);
    let mut peer = Peer::start(village(), &[], &members).await;
    peer.request(town(), 1, "anybody?").await;
    assert_eq!(peer.answer(1).await, Err(RequestFault::NotConnected));
}

#[tokio::test]
async fn no_more_requests_are_sent_than_may_wait() {
    let (mut village_peer, mut town_peer) = pair(TCP, timings()).await;
    let allowed = u64::try_from(PEER_REQUESTS_IN_FLIGHT_MAX).expect("it fits");
    for id in 0..=allowed {
        village_peer.request(town(), id, "please").await;
    }
    assert_eq!(
        village_peer.answer(allowed).await,
        Err(RequestFault::TooMany)
    );
    for _ in 0..allowed {
        let (_, id, _) = town_peer.asked().await;
        town_peer.respond(id, "here").await;
    }
    // Answered in whatever order.
    for _ in 0..allowed {
        let answered = village_peer.wait("response", |event| match event {
            Event::Response { bytes, .. } => Some(bytes),
            _ => None,
        });
        assert_eq!(answered.await, "here");
    }
    echo(
        &mut village_peer,
        &mut town_peer,
        99,
        "and there is room again",
    )
    .await;
}

#[tokio::test]
async fn a_flood_of_requests_is_bounded_and_counted() {
    let members = roster(&[entry(village(), &[])]);
    let mut town_peer = Peer::start(town(), &[TCP], &members).await;
    let flood = vec![framed(b"me first"); 100];
    let mut stranger = send_stranger(secret(village()), &town_peer.address, flood, vec![]);
    assert!(matches!(next(&mut stranger).await, Outcome::Connected));

    // Nothing is answered until every other request has been turned away.
    let mut asked = Vec::new();
    let mut unanswered = 0;
    while unanswered < 100 - PEER_REQUESTS_IN_FLIGHT_MAX {
        assert!(matches!(next(&mut stranger).await, Outcome::Unanswered));
        unanswered += 1;
    }
    for _ in 0..PEER_REQUESTS_IN_FLIGHT_MAX {
        asked.push(town_peer.asked().await.1);
    }
    for id in asked {
        town_peer.respond(id, "here").await;
    }
    for _ in 0..PEER_REQUESTS_IN_FLIGHT_MAX {
        let outcome = next(&mut stranger).await;
        assert!(matches!(outcome, Outcome::Answered(bytes) if bytes == framed(b"here")));
    }
    let stats = town_peer.handle.stats();
    let peer = stats.peers.get(&village()).expect("it is counted");
    assert_eq!(peer.requests_received, 4);
    assert!(
        stats.refused(Refusal::TooManyRequests.code()) > 0,
        "{stats:?}"
    );
}

fn impatient() -> Timings {
    Timings {
        request: Duration::from_millis(200),
        ..timings()
    }
}

#[tokio::test]
async fn a_response_that_the_asker_no_longer_waits_for_is_dropped() {
    let (mut village_peer, mut town_peer) = unequal_pair(TCP, impatient(), timings()).await;
    village_peer.request(town(), 1, "quickly").await;
    let (_, late, _) = town_peer.asked().await;
    assert_eq!(village_peer.answer(1).await, Err(RequestFault::TimedOut));
    town_peer.respond(late, "sorry").await;

    // The next request gets its own answer, and nothing else arrives before it.
    village_peer.request(town(), 2, "again").await;
    let (_, id, _) = town_peer.asked().await;
    town_peer.respond(id, "in time").await;
    let first = village_peer.wait("anything of a request", |event| match event {
        Event::Response { id, bytes, .. } => Some((id.0, bytes)),
        Event::RequestFailed { .. } => panic!("{event:?}"),
        _ => None,
    });
    assert_eq!(first.await, (2, "in time".into()));
}

#[tokio::test]
async fn a_response_that_comes_after_this_node_s_own_patience_is_dropped_and_counted() {
    let (mut village_peer, mut town_peer) = unequal_pair(TCP, timings(), impatient()).await;
    village_peer.request(town(), 1, "quickly").await;
    let (_, late, _) = town_peer.asked().await;
    assert_eq!(village_peer.answer(1).await, Err(RequestFault::Unanswered));
    town_peer.respond(late, "sorry").await;
    echo(&mut village_peer, &mut town_peer, 2, "next").await;
    assert_eq!(town_peer.handle.stats().late_responses, 1);
}

#[tokio::test]
async fn requests_under_way_fail_before_the_line_is_reported_down() {
    let (mut village_peer, mut town_peer) = pair(TCP, timings()).await;
    village_peer.request(town(), 1, "hello").await;
    town_peer.asked().await;
    town_peer.send(Command::HangUp { node: village() }).await;
    let first = village_peer.wait("failure or disconnect", |event| match event {
        Event::RequestFailed { id, why, .. } => Some((id.0, why)),
        Event::Disconnected { .. } => panic!("reported in the wrong order"),
        _ => None,
    });
    assert_eq!(first.await, (1, RequestFault::LineLost));
    village_peer.disconnected(town()).await;
}
