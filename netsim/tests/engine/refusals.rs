//! What a peer may not do is refused, counted with the reason, and changes nothing.

use crdt_model::commit::{Commit, CommitBody};
use crdt_model::engine::Input;
use crdt_model::ids::{ActorId, CharterVersion, CommitHash, Epoch, Seq};
use crdt_model::limits::REQUEST_BYTES_MAX;
use crdt_model::store::Store;
use crdt_model::value::OperationId;
use crdt_model::wire::{CharterMark, Request, Response};
use netsim::hostile::{HostilePeer, set};
use netsim::world::World;

use crate::county::*;

const PEER: &str = VILLAGES[0];
const NODE: &str = TOWNSHIPS[0];

fn stored(world: &World, node: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    let store = &world.node(id(node)).expect("a node").store;
    let entries = store.scan(&[], None, usize::MAX).expect("entries");
    // What was refused is kept apart, and is not part of the replica.
    entries
        .into_iter()
        .filter(|(key, _)| key.first() != Some(&b'q'))
        .collect()
}

/// The township refuses this push for this reason, counts it, shows it, and applies none of it.
fn refused(world: &mut World, peer: &HostilePeer, commits: &[&Commit], code: &str) {
    let before = stored(world, NODE);
    let from = peer.identity.node.to_string();
    let counted = refusals(world, NODE, &from, code);
    let encoded = commits
        .iter()
        .map(|commit| commit.encoded().to_vec())
        .collect();
    let answer = peer.push(world, id(NODE), encoded);
    let Some(Response::Pushed { refused, .. }) = answer else {
        panic!("{code}: {answer:?}");
    };
    assert_eq!(refused, commits.len(), "{code}");
    assert_eq!(
        refusals(world, NODE, &from, code),
        counted + commits.len() as u64,
        "{code}"
    );
    let shown = world.node(id(NODE)).expect("a node").engine.quarantine();
    for commit in commits {
        let named = |one: &&crdt_model::quarantine::Refused| one.hash == commit.hash();
        let entry = shown.entries().find(named).expect("shown");
        assert_eq!((entry.code, entry.peer), (code, Some(peer.identity.node)));
        assert!(!entry.reason.is_empty());
    }
    assert_eq!(stored(world, NODE), before, "{code}");
}

/// A world in which the township holds one commit of the village, which is returned.
fn with_one() -> (World, HostilePeer, Commit) {
    let mut world = world();
    let peer = hostile(PEER);
    let up = facet("note.up", 1, PEER);
    let first = peer
        .sign(peer.first(&world, up, grade("one"), "first"))
        .expect("a commit");
    let answer = peer.push(&mut world, id(NODE), vec![first.encoded().to_vec()]);
    assert_eq!(
        answer.map(|answer| matches!(answer, Response::Pushed { refused: 0, .. })),
        Some(true)
    );
    (world, peer, first)
}

/// The peer's next commit, changed.
fn bent(peer: &HostilePeer, first: &Commit, bend: impl FnOnce(&mut CommitBody)) -> Commit {
    let mut body = peer.next(first, "step", "second");
    bend(&mut body);
    peer.sign(body).expect("a well-formed commit")
}

#[test]
fn a_commit_signed_by_the_wrong_node_is_refused() {
    let (mut world, peer, first) = with_one();
    let forged = bent(&peer, &first, |body| body.author = id(NODE));
    refused(&mut world, &peer, &[&forged], "wrong-signature");
}

#[test]
fn a_commit_on_another_villages_record_is_refused() {
    let (mut world, peer, _) = with_one();
    let theirs = facet("note.up", 9, VILLAGES[1]);
    let commit = peer
        .sign(peer.first(&world, theirs, grade("one"), "mine now"))
        .expect("a commit");
    refused(&mut world, &peer, &[&commit], "may-not-author");
}

#[test]
fn a_replayed_commit_is_counted_and_changes_nothing() {
    let (mut world, peer, first) = with_one();
    let before = stored(&world, NODE);
    peer.push(&mut world, id(NODE), vec![first.encoded().to_vec()]);
    assert_eq!(refusals(&world, NODE, PEER, "replayed"), 1);
    assert_eq!(stored(&world, NODE), before);
}

#[test]
fn a_gap_is_refused_and_what_fills_it_lets_it_pass() {
    let (mut world, peer, first) = with_one();
    let second = bent(&peer, &first, |_| {});
    let third = peer
        .sign(peer.next(&second, "line/1", "third"))
        .expect("a commit");
    refused(&mut world, &peer, &[&third], "missing-parent");
    let commits = vec![second.encoded().to_vec(), third.encoded().to_vec()];
    let answer = peer.push(&mut world, id(NODE), commits);
    assert!(
        matches!(answer, Some(Response::Pushed { refused: 0, .. })),
        "{answer:?}"
    );
    let shown = world.node(id(NODE)).expect("a node").engine.quarantine();
    assert_eq!(
        shown.entries().count(),
        0,
        "what has come to pass is refused no more"
    );
}

#[test]
fn what_does_not_fit_its_history_is_refused() {
    let (mut world, peer, first) = with_one();
    let counter = bent(&peer, &first, |body| body.start += 1);
    refused(&mut world, &peer, &[&counter], "history-refused");
    let parent = bent(&peer, &first, |body| {
        body.parents.push(CommitHash([255; 32]));
    });
    refused(&mut world, &peer, &[&parent], "missing-parent");
    let orphan = bent(&peer, &first, |body| {
        body.parents.clear();
        body.start = 1;
        body.grade = Some(grade("one"));
    });
    refused(&mut world, &peer, &[&orphan], "seq-gap");
    let overwrites = bent(&peer, &first, |body| {
        body.operations[0].overwrites.push(OperationId {
            counter: 1,
            actor: ActorId([9; 16]),
        });
    });
    refused(&mut world, &peer, &[&overwrites], "history-refused");
    let other_key = bent(&peer, &first, |body| {
        let actor = first.body().actor(&crdt_model::ids::PublicKey(
            peer.identity.key.verifying_key().to_bytes(),
        ));
        body.operations[0]
            .overwrites
            .push(OperationId { counter: 1, actor });
    });
    refused(&mut world, &peer, &[&other_key], "history-refused");
}

#[test]
fn content_that_the_kinds_do_not_allow_is_refused() {
    let (mut world, peer, first) = with_one();
    let unknown = bent(&peer, &first, |body| {
        body.operations = vec![set("no-such", "x")]
    });
    refused(&mut world, &peer, &[&unknown], "kind-refused");
    let control = bent(&peer, &first, |body| {
        body.operations = vec![set("step", "\u{7}")]
    });
    refused(&mut world, &peer, &[&control], "kind-refused");
    let unmarked = facet("note.up", 2, PEER);
    let mut body = peer.first(&world, unmarked, grade("one"), "x");
    body.operations = vec![set("step", "without the text that is required")];
    let lacking = peer.sign(body).expect("a commit");
    refused(&mut world, &peer, &[&lacking], "kind-refused");
}

#[test]
fn commits_under_an_unknown_or_too_old_charter_version_are_refused() {
    let mut second = open_charter(2, &[], &[]);
    second.accept_since = CharterVersion(2);
    let mut world = world_of(vec![open_charter(1, &[], &[]), second.clone()]);
    let peer = hostile(PEER);
    let up = facet("note.up", 1, PEER);
    let mut body = peer.first(&world, up, grade("one"), "x");
    body.charter = CharterVersion(7);
    let unknown = peer.sign(body).expect("a commit");
    refused(&mut world, &peer, &[&unknown], "charter-unknown");
    let charter = std::sync::Arc::new(second);
    let adopted = Input::CharterAdopted {
        charter,
        bundle: bundle_of(2),
    };
    world.input(id(NODE), adopted);
    world.run_ms(100);
    let mut body = peer.first(&world, up, grade("one"), "x");
    body.charter = CharterVersion(1);
    let old = peer.sign(body).expect("a commit");
    refused(&mut world, &peer, &[&old], "charter-too-old");
}

#[test]
fn a_facet_that_the_sender_or_the_receiver_may_not_hold_is_refused_and_not_kept() {
    let mut world = world();
    let peer = hostile(PEER);
    let skip = facet("note.skip", 1, PEER);
    let commit = peer
        .sign(peer.first(&world, skip, grade("one"), "CANARYWORD"))
        .expect("a commit");
    refused(&mut world, &peer, &[&commit], "not-for-us");
    let entry = world
        .node(id(NODE))
        .expect("a node")
        .engine
        .quarantine()
        .entries()
        .next();
    assert_eq!(entry.expect("shown").encoded, None);
    // A village that holds nothing of another village brings one of its commits to the county.
    let other = hostile(VILLAGES[1]);
    let commit = peer
        .sign(peer.first(&world, skip, grade("one"), "CANARYWORD"))
        .expect("a commit");
    let answer = other.push(&mut world, id(COUNTY), vec![commit.encoded().to_vec()]);
    assert!(matches!(answer, Some(Response::Pushed { refused: 1, .. })));
    assert_eq!(refusals(&world, COUNTY, VILLAGES[1], "not-for-sender"), 1);
    assert!(world.holders(&skip).is_empty());
}

#[test]
fn no_refused_bytes_are_kept_of_what_the_node_may_not_hold_whatever_the_reason() {
    let mut world = world();
    let peer = hostile(PEER);
    let skip = facet("note.skip", 1, PEER);
    let mut gap = peer.first(&world, skip, grade("one"), "CANARYWORD");
    (gap.seq, gap.start) = (Seq(2), 2);
    let gap = peer.sign(gap).expect("a commit");
    let mut bad = peer.first(&world, skip, grade("one"), "x");
    bad.operations = vec![set("CANARYWORD", "CANARYWORD")];
    let bad = peer.sign(bad).expect("a commit");
    refused(&mut world, &peer, &[&gap], "seq-gap");
    refused(&mut world, &peer, &[&bad], "kind-refused");
    world.run_ms(100);
    let node = world.node(id(NODE)).expect("a node");
    for entry in node.engine.quarantine().entries() {
        assert_eq!(entry.encoded, None, "{}", entry.code);
    }
    let entries = node.store.scan(&[], None, usize::MAX).expect("entries");
    let found = entries
        .iter()
        .any(|(_, value)| value.windows(10).any(|one| one == b"CANARYWORD"));
    assert!(!found);
}

#[test]
fn nobody_regrades_a_facet_by_beginning_it_anew() {
    let mut world = world();
    world.connect_all();
    let step = facet("note.step", 1, PEER);
    write(
        &mut world,
        PEER,
        vec![draft(step, &[("text", "not handed up")])],
    );
    world.run_ms(500);
    world.cut(id(PEER), id(NODE));
    // The township may write at level two, and knows the record from another facet.
    let township = hostile(NODE);
    let grab = township.first(&world, step, grade("two"), "give it to me");
    let grab = township.sign(grab).expect("a commit");
    township
        .push(&mut world, id(PEER), vec![grab.encoded().to_vec()])
        .expect("an answer");
    world.connect(id(PEER), id(NODE));
    world.run_ms(2_000);
    assert_eq!(world.holders(&step), ids(&[PEER]));
    assert_eq!(refusals(&world, PEER, NODE, "may-not-regrade"), 1);
}

#[test]
fn a_peer_that_is_no_neighbour_or_not_in_the_roster_learns_nothing() {
    let (mut world, _, first) = with_one();
    let before = stored(&world, NODE);
    for code in [VILLAGES[2], "620799101201"] {
        let stranger = hostile(code);
        for request in [
            Request::Charter {
                version: CharterVersion(1),
                offset: 0,
            },
            Request::Push {
                charter: HostilePeer::mark_of(&world, id(NODE)).expect("a mark"),
                unfinished: false,
                commits: vec![first.encoded().to_vec()],
            },
        ] {
            let answer = stranger.ask(&mut world, id(NODE), &request);
            assert_eq!(answer, Some(Response::Refused), "{code}");
        }
        let node = world.node(id(NODE)).expect("a node");
        let counted = node
            .engine
            .quarantine()
            .counts()
            .any(|(peer, code_of, count)| {
                (peer, code_of, count) == (Some(stranger.identity.node), "not-a-neighbour", 2)
            });
        assert!(counted, "{code}");
    }
    assert_eq!(stored(&world, NODE), before);
}

#[test]
fn a_revoked_peer_is_refused_and_what_it_wrote_before_stays() {
    let revoking = open_charter(2, &[], &[PEER]);
    let mut world = world_of(vec![open_charter(1, &[], &[]), revoking.clone()]);
    world.connect_all();
    let up = facet("note.up", 1, PEER);
    write(&mut world, PEER, vec![draft(up, &[("text", "before")])]);
    world.run_ms(1_000);
    let charter = std::sync::Arc::new(revoking);
    let adopted = Input::CharterAdopted {
        charter,
        bundle: bundle_of(2),
    };
    world.input(id(COUNTY), adopted);
    world.run_ms(3_000);
    assert_eq!(world.holders(&up), ids(&[COUNTY, NODE, PEER]));
    let peer = hostile(PEER);
    let answer = peer.greet(&mut world, id(NODE), [0; 32]);
    assert_eq!(answer, Some(Response::Refused));
    // Nor does anybody take its commits from a third node.
    let late = peer.first(&world, facet("note.up", 2, PEER), grade("one"), "after");
    let late = peer
        .sign(CommitBody {
            charter: CharterVersion(1),
            ..late
        })
        .expect("a commit");
    refused(&mut world, &hostile(COUNTY), &[&late], "author-revoked");
}

#[test]
fn malformed_and_oversized_frames_are_refused_and_counted() {
    let (mut world, peer, first) = with_one();
    let before = stored(&world, NODE);
    let charter = HostilePeer::mark_of(&world, id(NODE)).expect("a mark");
    let honest = Request::Push {
        charter,
        unfinished: false,
        commits: vec![first.encoded().to_vec()],
    }
    .encode();
    let mut frames = vec![Vec::new(), vec![9], vec![0; REQUEST_BYTES_MAX + 1]];
    frames.push(honest[..honest.len() - 1].to_vec());
    frames.push([honest, vec![0]].concat());
    for (number, frame) in frames.iter().enumerate() {
        let answer = peer.ask_raw(&mut world, id(NODE), frame);
        assert_eq!(answer, Some(Response::Refused.encode()), "frame {number}");
    }
    let refused = refusals(&world, NODE, PEER, "malformed-frame");
    assert_eq!(refused, frames.len() as u64);
    let garbage = peer.push(&mut world, id(NODE), vec![vec![1; 300]]);
    assert!(matches!(garbage, Some(Response::Pushed { refused: 1, .. })));
    assert_eq!(refusals(&world, NODE, PEER, "not-a-commit"), 1);
    assert_eq!(stored(&world, NODE), before);
}

#[test]
fn a_peer_under_another_charter_gets_no_content_and_gives_none() {
    let (mut world, peer, first) = with_one();
    let charter = CharterMark {
        version: CharterVersion(1),
        digest: crdt_model::ids::CharterDigest([3; 32]),
        emergency: false,
    };
    let wanted = crdt_model::wire::Wanted {
        facet: first.body().facet,
        have: crdt_model::history::Clock::new(),
        from: 0,
    };
    let before = stored(&world, NODE);
    for request in [
        Request::Compare {
            charter,
            questions: Vec::new(),
        },
        Request::Fetch {
            charter,
            facets: vec![wanted],
        },
        Request::Push {
            charter,
            unfinished: false,
            commits: vec![first.encoded().to_vec()],
        },
    ] {
        let answer = peer.ask(&mut world, id(NODE), &request);
        assert!(
            matches!(answer, Some(Response::OtherCharter(_))),
            "{answer:?}"
        );
    }
    assert_eq!(stored(&world, NODE), before);
}

#[test]
fn a_fetch_of_what_the_peer_may_not_hold_reads_like_a_fetch_of_nothing() {
    let mut world = world();
    world.connect_all();
    let skip = facet("note.skip", 1, VILLAGES[1]);
    write(
        &mut world,
        VILLAGES[1],
        vec![draft(skip, &[("text", "for the county")])],
    );
    world.run_ms(1_000);
    let peer = hostile(PEER);
    let charter = HostilePeer::mark_of(&world, id(COUNTY)).expect("a mark");
    let ask = |facet| {
        let have = crdt_model::history::Clock::new();
        let facets = vec![crdt_model::wire::Wanted {
            facet,
            have,
            from: 0,
        }];
        Request::Fetch { charter, facets }.encode()
    };
    let there = peer.ask_raw(&mut world, id(COUNTY), &ask(skip));
    let nowhere = ask(facet("note.skip", 77, VILLAGES[1]));
    let nowhere = peer.ask_raw(&mut world, id(COUNTY), &nowhere);
    assert!(there.is_some());
    assert_eq!(there, nowhere);
}

#[test]
fn too_many_requests_are_answered_busy_and_soon_answered_again() {
    let (mut world, peer, _) = with_one();
    let request = Request::Charter {
        version: CharterVersion(1),
        offset: 0,
    }
    .encode();
    let busy = Response::Busy.encode();
    let mut answers = Vec::new();
    for _ in 0..600 {
        let answer = peer.ask_raw(&mut world, id(NODE), &request);
        answers.push(answer == Some(busy.clone()));
    }
    assert!(answers.iter().any(|busy| *busy));
    assert!(refusals(&world, NODE, PEER, "too-many-requests") > 0);
    world.run_ms(1_000);
    let answer = peer.ask_raw(&mut world, id(NODE), &request);
    assert_ne!(answer, Some(busy));
}

#[test]
fn another_key_for_a_known_author_and_epoch_does_not_count() {
    let (mut world, peer, first) = with_one();
    let mut thief = hostile(VILLAGES[1]);
    thief.identity.epoch = Epoch(1);
    let stolen = thief
        .sign(peer.next(&first, "step", "by another key"))
        .expect("a commit");
    refused(&mut world, &peer, &[&stolen], "wrong-signature");
}

#[test]
fn the_refusal_of_one_commit_holds_up_no_other() {
    let (mut world, peer, first) = with_one();
    let bad = bent(&peer, &first, |body| body.start += 7);
    let good = peer.first(&world, facet("note.up", 5, PEER), grade("one"), "good");
    let good = peer.sign(good).expect("a commit");
    let commits = vec![bad.encoded().to_vec(), good.encoded().to_vec()];
    let answer = peer.push(&mut world, id(NODE), commits);
    assert!(matches!(answer, Some(Response::Pushed { refused: 1, .. })));
    assert_eq!(world.holders(&good.body().facet), ids(&[NODE]));
}
