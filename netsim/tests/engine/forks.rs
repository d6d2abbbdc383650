//! Clones of a node, which sign as it does: everybody holds what all of them wrote, leaves the same
//! out of the document, and is told once.

use std::collections::BTreeSet;

use crdt_model::commit::Commit;
use crdt_model::document::Document;
use crdt_model::engine::{Alarm, InboundId, Input};
use crdt_model::history::Clock;
use crdt_model::ids::{CommitHash, Epoch, Seq};
use crdt_model::label::FacetId;
use crdt_model::limits::ANTI_ENTROPY_INTERVAL_MS;
use crdt_model::replica;
use crdt_model::wire::{Request, Response, Wanted};
use netsim::hostile::{HostilePeer, set};
use netsim::seed::Seed;
use netsim::world::World;

use crate::county::*;

const HOLDERS: [&str; 3] = [COUNTY, TOWNSHIPS[0], VILLAGES[0]];

fn up(record: u8) -> FacetId {
    facet("note.up", record, VILLAGES[0])
}

/// Brings commits of a clone of the village to a node, whatever that makes of them.
fn offer(world: &mut World, node: &str, commits: &[&Commit]) -> Option<Response> {
    let neighbour = match node == VILLAGES[0] {
        true => TOWNSHIPS[0],
        false => VILLAGES[0],
    };
    let encoded = commits.iter().map(|one| one.encoded().to_vec()).collect();
    hostile(neighbour).push(world, id(node), encoded)
}

/// The same to a node that takes them.
fn bring(world: &mut World, node: &str, commits: &[&Commit]) {
    let answer = offer(world, node, commits);
    let taken = matches!(answer, Some(Response::Pushed { refused: 0, .. }));
    assert!(taken, "{answer:?}");
}

/// What a clone writes that has never seen the facet, as long as wanted.
fn line(world: &World, facet: FacetId, commits: usize, text: &str) -> Vec<Commit> {
    let clone = hostile(VILLAGES[0]);
    let first = clone.first(world, facet, grade("one"), text);
    let mut line = vec![clone.sign(first).expect("a commit")];
    while line.len() < commits {
        let key = format!("line/{}", line.len());
        let next = clone.next(&line[line.len() - 1], &key, text);
        line.push(clone.sign(next).expect("a commit"));
    }
    line
}

/// The village writes, and a clone of it brought two other commits to the township.
fn forked() -> World {
    let mut world = world();
    let drafts = vec![draft(up(1), &[("text", "one life")])];
    write(&mut world, VILLAGES[0], drafts);
    let other = line(&world, up(1), 2, "another life");
    bring(&mut world, TOWNSHIPS[0], &other.iter().collect::<Vec<_>>());
    world
}

/// The forks that a person at a node was told of.
fn told(world: &World, node: &str) -> Vec<(FacetId, Epoch, Seq, BTreeSet<CommitHash>)> {
    let forks = alarms(world, id(node))
        .into_iter()
        .filter_map(|alarm| match alarm {
            Alarm::Equivocated {
                peer,
                facet,
                author,
                epoch,
                seq,
                commits,
            } => {
                assert!(peer.is_some());
                assert_eq!(author, id(VILLAGES[0]));
                Some((facet, epoch, seq, BTreeSet::from(commits)))
            }
            _ => None,
        });
    forks.collect()
}

fn documents(world: &World, facet: &FacetId) -> Vec<Document> {
    let held = HOLDERS.map(|node| world.document(id(node), facet));
    held.into_iter().map(|one| one.expect("held")).collect()
}

fn all_equal(world: &World, facet: &FacetId) -> Document {
    let documents = documents(world, facet);
    assert!(documents.iter().all(|one| *one == documents[0]));
    documents[0].clone()
}

#[test]
fn two_lives_of_one_epoch_freeze_it_everywhere_and_all_nodes_become_equal() {
    let mut world = forked();
    world.connect_all();
    world.run_ms(5_000);
    assert!(in_sync(&world));
    let document = all_equal(&world, &up(1));
    assert_eq!(document.fields().count(), 0);
    assert_eq!(document.frozen().len(), 3);
    for node in HOLDERS {
        let told = told(&world, node);
        assert_eq!(told.len(), 1, "at {node}");
        let (facet, epoch, seq, commits) = &told[0];
        assert_eq!((*facet, *epoch, *seq), (up(1), Epoch(1), Seq(1)));
        assert_eq!(commits.len(), 2);
    }
    assert_eq!(
        refusals(&world, VILLAGES[0], TOWNSHIPS[0], "equivocation"),
        1
    );
    assert_eq!(
        refusals(&world, TOWNSHIPS[0], VILLAGES[0], "equivocation"),
        1
    );
}

#[test]
fn a_fork_is_no_refusal_and_holds_up_nothing() {
    let mut world = world();
    let clone = hostile(VILLAGES[0]);
    let [one, other] = ["one", "other"].map(|text| line(&world, up(1), 1, text).remove(0));
    bring(&mut world, TOWNSHIPS[0], &[&one, &other]);
    assert_eq!(told(&world, TOWNSHIPS[0]).len(), 1);
    let third = clone.first(&world, up(1), grade("one"), "a third");
    let third = clone.sign(third).expect("a commit");
    bring(&mut world, TOWNSHIPS[0], &[&third, &one]);
    assert_eq!(told(&world, TOWNSHIPS[0]).len(), 1, "told once");
    assert_eq!(
        refusals(&world, TOWNSHIPS[0], VILLAGES[0], "equivocation"),
        1
    );
    let township = world.node(id(TOWNSHIPS[0])).expect("a node");
    assert_eq!(township.engine.quarantine().entries().count(), 0);
}

#[test]
fn nodes_that_hold_the_same_fork_have_nothing_more_to_say() {
    let mut world = forked();
    world.connect_all();
    world.run_ms(5_000);
    world.frames.clear();
    world.run_ms(120_000);
    assert!(world.frames.is_empty(), "{} frames", world.frames.len());
    // What comes then goes on as ever, though the forked part goes along.
    let drafts = vec![draft(up(1), &[("step", "by the county")])];
    write(&mut world, COUNTY, drafts);
    world.run_ms(1_000);
    assert!(in_sync(&world));
    let document = all_equal(&world, &up(1));
    assert!(document.settled("step").is_some());
    assert!(world.frames.len() < 12, "{} frames", world.frames.len());
}

#[test]
fn a_fork_wider_than_a_frame_is_exchanged_whole() {
    let text = "x".repeat(8_000);
    for known in [false, true] {
        let mut world = world();
        let one = line(&world, up(1), 60, &text);
        let other = line(&world, up(1), 60, &text.replace('x', "y"));
        for (part, rest) in [(&one, VILLAGES[0]), (&other, TOWNSHIPS[0])] {
            for commits in part.chunks(5) {
                bring(&mut world, rest, &commits.iter().collect::<Vec<_>>());
            }
        }
        if known {
            // The village knows of the fork, and of nothing else that the township has.
            bring(&mut world, VILLAGES[0], &[&other[0]]);
        }
        world.connect_all();
        world.run_ms(20_000);
        assert!(in_sync(&world), "known: {known}");
        assert_eq!(all_equal(&world, &up(1)).frozen().len(), 120);
    }
}

#[test]
fn many_forks_are_found_one_after_the_other() {
    let mut world = world();
    for record in 1..=100 {
        let drafts = vec![draft(up(record), &[("text", "one life")])];
        write(&mut world, VILLAGES[0], drafts);
        let other = line(&world, up(record), 1, "another life");
        bring(&mut world, TOWNSHIPS[0], &[&other[0]]);
    }
    world.connect_all();
    world.run_ms(60_000);
    assert!(in_sync(&world));
    assert_eq!(told(&world, COUNTY).len(), 100);
}

#[test]
fn what_forks_a_life_is_given_to_nobody_before_it_is_durable() {
    let mut world = world();
    let [one, other] = ["one", "other"].map(|text| line(&world, up(1), 1, text).remove(0));
    bring(&mut world, TOWNSHIPS[0], &[&one]);
    let charter = HostilePeer::mark_of(&world, id(TOWNSHIPS[0])).expect("a mark");
    let push = Request::Push {
        charter,
        unfinished: false,
        commits: vec![other.encoded().to_vec()],
    };
    let arrives = Input::Request {
        peer: id(VILLAGES[0]),
        id: InboundId(u64::MAX),
        bytes: push.encode(),
    };
    world.input(id(TOWNSHIPS[0]), arrives);
    let wanted = Wanted {
        facet: up(1),
        have: Clock::new(),
        from: 0,
    };
    let fetch = Request::Fetch {
        charter,
        facets: vec![wanted],
    };
    let given = |world: &mut World| {
        let county = hostile(COUNTY);
        let answer = county.ask(world, id(TOWNSHIPS[0]), &fetch);
        let Some(Response::Fetched(found)) = answer else {
            panic!("{answer:?}");
        };
        found[0].commits.clone()
    };
    assert_eq!(given(&mut world), [one.encoded()]);
    world.run_ms(100);
    assert_eq!(given(&mut world), [one.encoded(), other.encoded()]);
}

/// A clone that now and then continues what it wrote itself, and now and then what the village did.
fn clone_writes(world: &World, chance: &mut Seed, written: &[Commit], text: &str) -> Commit {
    let clone: HostilePeer = hostile(VILLAGES[0]);
    let body = match written.len() {
        0 => clone.first(world, up(1), grade("one"), text),
        _ if chance.percent(10) => clone.first(world, up(1), grade("one"), text),
        _ => {
            let last = chance.pick(written).expect("one");
            let mut body = clone.next(last, "step", text);
            if chance.percent(50) {
                body.operations = vec![set(&format!("line/{text}"), text)];
            }
            body
        }
    };
    clone.sign(body).expect("a commit")
}

#[test]
fn whatever_clones_write_wherever_it_is_brought_all_nodes_become_equal() {
    for seed in 0..60 {
        let (mut world, mut chance) = (seeded(seed), Seed::new(seed));
        let mut written: Vec<Commit> = Vec::new();
        for step in 0..30 {
            match chance.below(10) {
                0..3 => {
                    let commit = clone_writes(&world, &mut chance, &written, &step.to_string());
                    let node = *chance.pick(&HOLDERS).expect("one");
                    written.push(commit);
                    // Where some of it is missing it is refused, and comes another time.
                    offer(&mut world, node, &written.iter().collect::<Vec<_>>());
                }
                3..6 => {
                    let node = id(chance.pick(&HOLDERS).expect("one"));
                    let drafts = vec![draft(up(1), &[("text", &format!("{seed} {step}"))])];
                    let outcome = world.write(node, drafts);
                    assert!(outcome.is_ok(), "seed {seed}: {outcome:?}");
                }
                6 => {
                    let (one, other) = (chance.pick(&HOLDERS), chance.pick(&HOLDERS));
                    let ends = (id(one.expect("one")), id(other.expect("one")));
                    world.cut(ends.0, ends.1);
                }
                7 => world.connect_all(),
                8 => {
                    let node = id(chance.pick(&HOLDERS).expect("one"));
                    crash(&mut world, node);
                }
                _ => world.run_ms(1 + chance.below(300) as u64),
            }
        }
        world.connect_all();
        // Nobody tells a node what its clone brought: the next comparison finds it.
        let ms = ANTI_ENTROPY_INTERVAL_MS + 60_000;
        world.run_ms(ms);
        assert!(in_sync(&world), "seed {seed}");
        if !world.holders(&up(1)).is_empty() {
            let document = all_equal(&world, &up(1));
            let village = world.node(id(VILLAGES[0])).expect("a node");
            let history = replica::history(&village.store, &up(1)).expect("a history");
            let frozen = history.commits().filter(|(one, _)| history.is_frozen(one));
            let operations = frozen.map(|(one, _)| one.body().operations.len());
            assert_eq!(
                document.frozen().len(),
                operations.sum::<usize>(),
                "seed {seed}"
            );
        }
    }
}
