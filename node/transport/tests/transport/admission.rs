//! Who is let in, and what is turned away.

use std::collections::BTreeSet;

use crdt_model::charter::Standing;
use crdt_model::limits::{REQUEST_BYTES_MAX, RESPONSE_BYTES_MAX};
use node_transport::{
    AddressFault, Allowed, CloseReason, Command, DialFault, Event, Refusal, RequestFault,
    Transport, TransportConfig, TransportError,
};

use crate::harness::{
    Entry, Peer, TCP, county, echo, entry, id, pair, roster, secret, timings, town, village,
};
use crate::stranger::{Outcome, framed, next, send_stranger};

async fn dial_failed(peer: &mut Peer) -> DialFault {
    peer.wait("dial failed", |event| match event {
        Event::DialFailed { why, .. } => Some(why),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn another_key_at_the_address_is_said_so() {
    let members = roster(&[entry(village(), &[])]);
    let impostor = Peer::start(county(), &[TCP], &members).await;
    let members = roster(&[entry(village(), &[]), entry(town(), &[&impostor.address])]);
    let mut village_peer = Peer::start(village(), &[], &members).await;
    village_peer.send(Command::SetLinks(vec![town()])).await;
    let why = dial_failed(&mut village_peer).await;
    let DialFault::Addresses(attempts) = &why else {
        panic!("{why:?}")
    };
    let found = Transport::public_key(&secret(county())).expect("a key");
    assert_eq!(
        attempts.first().map(|tried| &tried.address),
        Some(&impostor.address)
    );
    let expected = AddressFault::WrongKey { found: Some(found) };
    assert_eq!(attempts.first().map(|tried| &tried.why), Some(&expected));
    assert!(why.to_string().contains(&found.to_string()), "{why}");
}

#[tokio::test]
async fn a_key_that_is_not_in_the_roster_is_refused_and_counted() {
    let members = roster(&[]);
    let mut town_peer = Peer::start(town(), &[TCP], &members).await;
    // The village has a roster of its own with itself in it.
    let members = roster(&[entry(village(), &[]), entry(town(), &[&town_peer.address])]);
    let mut village_peer = Peer::start(village(), &[], &members).await;
    village_peer.send(Command::SetLinks(vec![town()])).await;

    let key = Transport::public_key(&secret(village())).expect("a key");
    let refused = town_peer.wait("refused", |event| match event {
        Event::Refused { key, node, why, .. } => Some((key, node, why)),
        Event::Connected { .. } => panic!("{event:?}"),
        _ => None,
    });
    assert_eq!(refused.await, (Some(key), None, Refusal::NotInRoster));
    assert_eq!(
        village_peer.disconnected(town()).await,
        CloseReason::ClosedAtOnce
    );
    let stats = town_peer.handle.stats();
    assert!(stats.refused("not-in-roster") >= 1);
    assert_eq!(stats.lines, 0);
    assert!(stats.peers.is_empty(), "{stats:?}");
}

#[tokio::test]
async fn a_member_revoked_at_run_time_is_cut_off_and_refused_from_then_on() {
    let (mut village_peer, mut town_peer) = pair(TCP, timings()).await;
    echo(&mut village_peer, &mut town_peer, 1, "while still trusted").await;
    village_peer.request(town(), 2, "unanswered so far").await;
    let (_, unanswered, _) = town_peer.asked().await;

    let revoked = Entry {
        standing: Standing::Revoked,
        ..entry(village(), &[])
    };
    town_peer.send(Command::SetRoster(roster(&[revoked]))).await;
    town_peer.respond(unanswered, "must not get through").await;
    let why = town_peer.disconnected(village()).await;
    assert_eq!(why, CloseReason::NoLongerAdmitted(Refusal::Revoked));
    assert_eq!(village_peer.answer(2).await, Err(RequestFault::LineLost));

    // It dials again, and is refused.
    assert_eq!(
        town_peer.refused().await,
        (Some(village()), Refusal::Revoked)
    );
    let stats = town_peer.handle.stats();
    assert_eq!(stats.lines, 0);
    assert!(
        stats
            .peers
            .get(&village())
            .is_some_and(|peer| peer.refusals.contains_key("revoked"))
    );
    town_peer.request(village(), 3, "nor is it spoken to").await;
    assert_eq!(town_peer.answer(3).await, Err(RequestFault::NotConnected));
}

#[tokio::test]
async fn a_member_with_a_new_key_is_cut_off_until_it_uses_it() {
    let (mut village_peer, mut town_peer) = pair(TCP, timings()).await;
    echo(&mut village_peer, &mut town_peer, 1, "with the old key").await;
    let rekeyed = Entry {
        secret: [9; 32],
        ..entry(village(), &[])
    };
    town_peer.send(Command::SetRoster(roster(&[rekeyed]))).await;
    let why = town_peer.disconnected(village()).await;
    assert_eq!(why, CloseReason::NoLongerAdmitted(Refusal::NotInRoster));
}

#[tokio::test]
async fn a_member_that_may_not_link_is_refused() {
    let (mut village_peer, mut town_peer) = pair(TCP, timings()).await;
    let only = Allowed::Only(BTreeSet::from([county()]));
    town_peer.send(Command::SetAllowed(only)).await;
    let why = town_peer.disconnected(village()).await;
    assert_eq!(why, CloseReason::NoLongerAdmitted(Refusal::LinkNotAllowed));
    assert_eq!(
        town_peer.refused().await,
        (Some(village()), Refusal::LinkNotAllowed)
    );
    town_peer.send(Command::SetAllowed(Allowed::Members)).await;
    village_peer.disconnected(town()).await;
    town_peer.connected(village()).await;
}

#[tokio::test]
async fn an_oversized_request_is_refused_and_counted_and_honest_lines_survive() {
    let other = id("620723101202");
    let members = roster(&[entry(village(), &[]), entry(other, &[])]);
    let mut town_peer = Peer::start(town(), &[TCP], &members).await;
    let members = roster(&[
        entry(village(), &[]),
        entry(other, &[]),
        entry(town(), &[&town_peer.address]),
    ]);
    let mut village_peer = Peer::start(village(), &[], &members).await;
    village_peer.send(Command::SetLinks(vec![town()])).await;
    village_peer.connected(town()).await;

    // A member's key in a program that does not keep to the limit.
    let claimed_bytes = u32::try_from(REQUEST_BYTES_MAX).expect("it fits") + 1;
    let requests = vec![
        framed(&vec![0; REQUEST_BYTES_MAX + 1]),
        framed(b"a good one"),
    ];
    let mut stranger = send_stranger(secret(other), &town_peer.address, requests, vec![]);
    assert!(matches!(next(&mut stranger).await, Outcome::Connected));
    let mut refused = None;
    let mut good = None;
    while refused.is_none() || good.is_none() {
        town_peer
            .wait("refusal and request", |event| {
                match event {
                    Event::Refused { node, why, .. } => refused = Some((node, why)),
                    Event::Request { id, bytes, .. } => good = Some((id, bytes)),
                    _ => return None,
                }
                Some(())
            })
            .await;
    }
    assert_eq!(
        refused,
        Some((Some(other), Refusal::OversizedRequest { claimed_bytes }))
    );
    let (good, bytes) = good.expect("it arrived");
    assert_eq!(bytes, "a good one");
    assert!(matches!(next(&mut stranger).await, Outcome::Unanswered));
    town_peer.respond(good, "an answer").await;
    assert!(matches!(next(&mut stranger).await, Outcome::Answered(_)));

    echo(&mut village_peer, &mut town_peer, 1, "the honest line").await;
    let stats = town_peer.handle.stats();
    let counted = stats
        .peers
        .get(&other)
        .and_then(|peer| peer.refusals.get("oversized-request"));
    assert_eq!(counted, Some(&1));
    assert_eq!(
        stats.peers.get(&village()).map(|peer| peer.lines_up),
        Some(1)
    );
    assert_eq!(stats.lines, 2);
}

#[tokio::test]
async fn a_prefix_that_claims_gigabytes_is_refused_before_anything_arrives() {
    let members = roster(&[entry(village(), &[])]);
    let mut town_peer = Peer::start(town(), &[TCP], &members).await;
    let requests = vec![u32::MAX.to_be_bytes().to_vec()];
    let _stranger = send_stranger(secret(village()), &town_peer.address, requests, vec![]);
    let why = Refusal::OversizedRequest {
        claimed_bytes: u32::MAX,
    };
    assert_eq!(town_peer.refused().await, (Some(village()), why));
}

#[tokio::test]
async fn an_oversized_response_is_refused_and_counted() {
    let members = roster(&[entry(village(), &[])]);
    let mut town_peer = Peer::start(town(), &[TCP], &members).await;
    let answer = framed(&vec![0; RESPONSE_BYTES_MAX + 1]);
    let _stranger = send_stranger(secret(village()), &town_peer.address, vec![], answer);
    town_peer.connected(village()).await;
    town_peer.request(village(), 1, "how much?").await;
    let (node, why) = town_peer.refused().await;
    assert_eq!((node, why.code()), (Some(village()), "oversized-response"));
    assert_eq!(town_peer.answer(1).await, Err(RequestFault::Oversized));
}

#[tokio::test]
async fn faults_of_the_roster_are_said_address_by_address() {
    let members = roster(&[
        entry(village(), &[]),
        entry(
            town(),
            &["10.0.0.1:7070", "/dns4/no-such-host.invalid/tcp/7070"],
        ),
    ]);
    let mut peer = Peer::start(village(), &[], &members).await;
    peer.send(Command::Dial { node: town() }).await;
    let why = dial_failed(&mut peer).await;
    let DialFault::Addresses(attempts) = why else {
        panic!("{why:?}")
    };
    let faults: Vec<_> = attempts.into_iter().map(|tried| tried.why).collect();
    assert_eq!(
        faults,
        [AddressFault::NotAnAddress, AddressFault::NameNotFound]
    );
    for (node, fault) in [
        (county(), DialFault::NoAddress),
        (village(), DialFault::Oneself),
        (id("620723101999"), DialFault::NotAMember),
    ] {
        peer.send(Command::Dial { node }).await;
        assert_eq!(dial_failed(&mut peer).await, fault);
    }
}

#[tokio::test]
async fn a_node_does_not_start_where_it_could_not_work() {
    let start = |secret: [u8; 32], listen: &str| {
        let listen = vec![listen.to_owned()];
        let config = TransportConfig {
            node: town(),
            secret: secret.into(),
            listen,
            timings: timings(),
        };
        Transport::start(config, roster(&[])).err()
    };
    assert_eq!(start([1; 32], TCP), Some(TransportError::NotOurKey(town())));
    for wrong in ["127.0.0.1:1", "/dns4/localhost/tcp/0"] {
        let error = start(secret(town()), wrong);
        assert_eq!(error, Some(TransportError::ListenAddress(wrong.to_owned())));
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("an address").port();
    let error = start(secret(town()), &format!("/ip4/127.0.0.1/tcp/{port}"));
    assert!(
        matches!(error, Some(TransportError::Taken { .. })),
        "{error:?}"
    );
}

#[test]
fn a_node_does_not_start_where_the_keys_of_its_lines_would_be_written_to_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("keys");
    let output = std::process::Command::new(std::env::current_exe().expect("a path"))
        .args([
            "--exact",
            "exchange::a_request_without_a_line_fails_at_once",
        ])
        .env("SSLKEYLOGFILE", &file)
        .output()
        .expect("it runs");
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("KeyLog"), "{said}");
    assert!(!file.exists());
}
