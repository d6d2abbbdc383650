//! What is drawn from a seed is a charter, allows what its table says, and is adopted or refused as
//! its story has it.

use std::collections::BTreeSet;

use crdt_model::charter::Charter;
use crdt_model::ids::{NodeId, PublicKey};
use crdt_model::label::Label;
use crdt_model::time::WallTime;
use netsim::charters::Edition;
use netsim::charters::generated::Family;
use policy::CedarCharter;
use policy::signing::adopt::{AdoptedCharter, adopt};
use policy::signing::held;
use policy::signing::refusal::AdoptionRefused;

use crate::support::{check_sound, compare, labels, node, now, small_county};

/// How many families are looked at; the seeds are 1 and those after it.
const FAMILIES: u64 = 20;

fn family(seed: u64) -> Family {
    Family::generate(seed, &small_county())
}

fn village() -> NodeId {
    node("620723101202")
}

fn soon() -> WallTime {
    WallTime::from_ms(now().ms + 60_000)
}

/// Every edition of a family, with the nodes that it lists.
fn editions(family: &Family) -> Vec<(Edition, Vec<NodeId>)> {
    let all = small_county();
    let mut without = all.clone();
    without.retain(|node| *node != village());
    let listing_all = [&family.v1, &family.v2, &family.v3, &family.v2_fork];
    let mut editions: Vec<(Edition, Vec<NodeId>)> = listing_all
        .into_iter()
        .chain([&family.v2_unsigned_enough])
        .cloned()
        .chain(family.expiring(soon()))
        .chain([family.v3_revoking(village())])
        .chain([family.v3_revoking(node("620723101000"))])
        .map(|edition| (edition, all.clone()))
        .collect();
    let nodes = [without.clone(), without, all];
    editions.extend(family.onboarding(village()).into_iter().zip(nodes));
    editions
}

fn restored(edition: &Edition) -> AdoptedCharter {
    held::restore(&edition.bundle).expect("reviewers signed it")
}

fn offered(held: &AdoptedCharter, edition: &Edition) -> Result<AdoptedCharter, AdoptionRefused> {
    adopt(held, &edition.files, now())
}

fn followed(held: &AdoptedCharter, edition: &Edition) -> AdoptedCharter {
    let adopted = offered(held, edition).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(adopted.digest(), edition.digest);
    assert_eq!(adopted.version(), edition.version);
    adopted
}

/// Compares a part of the labels of every edition, another part for each.
fn compare_families(seeds: impl Iterator<Item = u64>) {
    let mut compared = 0;
    for seed in seeds {
        for (at, (edition, nodes)) in editions(&family(seed)).iter().enumerate() {
            compared += compare(edition, nodes, seed as usize * 5 + at, 29);
        }
    }
    assert!(compared > 50_000, "{compared} answers were compared");
}

#[test]
fn drawn_charters_allow_what_their_tables_say() {
    compare_families((1..=FAMILIES).step_by(2));
}

#[test]
fn other_drawn_charters_allow_what_their_tables_say() {
    compare_families((2..=FAMILIES).step_by(2));
}

#[test]
#[ignore = "takes a minute"]
fn drawn_charters_allow_what_their_tables_say_at_every_label() {
    for seed in 1..=FAMILIES {
        for (edition, nodes) in editions(&family(seed)) {
            compare(&edition, &nodes, 0, 1);
        }
    }
}

#[test]
fn what_is_drawn_is_sound() {
    for seed in 1..=FAMILIES {
        let family = family(seed);
        for edition in [&family.v1, &family.v2, &family.v2_fork] {
            check_sound(edition, &small_county());
        }
        check_sound(&family.v3_revoking(village()), &small_county());
    }
}

/// Whether a facet of this village, for this addressee, has such an audience in any family.
fn drawn_somewhere(home: &str, addressee: &str, such: impl Fn(&BTreeSet<NodeId>) -> bool) -> bool {
    (1..=FAMILIES).any(|seed| {
        let edition = family(seed).v1;
        let charter = CedarCharter::open(&edition.files).expect("it is a charter");
        let labels = labels(&charter, &small_county());
        let wanted = |label: &&Label| {
            let for_whom = (label.home, label.addressee);
            for_whom == (node(home), node(addressee))
        };
        let mut of_village = labels.iter().filter(wanted);
        of_village.any(|label| such(&edition.table.audience(label)))
    })
}

#[test]
fn all_sorts_of_audiences_are_drawn() {
    let (county, town, home) = ("620723000000", "620723101000", "620723101201");
    let (other_town, party) = ("620723102000", "620723102201");
    let both = |nodes: &BTreeSet<NodeId>, with: &str, without: &str| {
        nodes.contains(&node(with)) && !nodes.contains(&node(without))
    };
    assert!(drawn_somewhere(home, home, |nodes| nodes.len() == 1));
    assert!(drawn_somewhere(home, home, |nodes| nodes.len() == 7));
    assert!(drawn_somewhere(home, home, |nodes| both(
        nodes, county, town
    )));
    assert!(drawn_somewhere(home, home, |nodes| both(
        nodes, town, county
    )));
    assert!(drawn_somewhere(home, party, |nodes| both(
        nodes, party, other_town
    )));
    assert!(drawn_somewhere(home, party, |nodes| both(
        nodes, other_town, party
    )));
}

#[test]
fn whatever_is_drawn_can_be_opened() {
    for seed in 100..250 {
        restored(&family(seed).v1);
    }
}

#[test]
fn one_seed_gives_one_family() {
    let (one, again, other) = (family(7), family(7), family(8));
    let both = editions(&one).into_iter().zip(editions(&again));
    for ((one, _), (again, _)) in both {
        assert_eq!(one.bundle, again.bundle);
    }
    assert_ne!(one.v1.digest, other.v1.digest);
    let mut digests: Vec<_> = editions(&one).iter().map(|(one, _)| one.digest).collect();
    digests.sort();
    digests.dedup();
    assert_eq!(
        digests.len(),
        editions(&one).len(),
        "each is another charter"
    );
    let roster = restored(&one.v1);
    for member in roster.charter().roster().members() {
        let key = PublicKey(one.key(member.node).verifying_key().to_bytes());
        assert_eq!(member.key, key);
        assert_ne!(other.key(member.node), one.key(member.node));
    }
}

#[test]
fn the_story_is_adopted_in_its_order() {
    for seed in 1..=FAMILIES {
        let family = family(seed);
        let first = restored(&family.v1);
        let second = followed(&first, &family.v2);
        followed(&second, &family.v3);
        let revoking = followed(&second, &family.v3_revoking(village()));
        assert!(revoking.charter().roster().active(village()).is_none());
        let [first, second, third] = family.onboarding(village());
        let second = followed(&restored(&first), &second);
        assert!(second.charter().roster().member(village()).is_none());
        let third = followed(&second, &third);
        assert!(third.charter().roster().active(village()).is_some());
    }
}

#[test]
fn both_camps_of_a_fork_raise_the_alarm() {
    for seed in 1..=FAMILIES {
        let family = family(seed);
        let first = restored(&family.v1);
        let (one, other) = (&family.v2, &family.v2_fork);
        for (held, offer) in [(one, other), (other, one)] {
            for held in [followed(&first, held), restored(held)] {
                let refused = offered(&held, offer).expect_err("a fork");
                assert!(refused.is_alarm(), "{refused}");
            }
        }
        let astray = followed(&first, other);
        let refused = offered(&astray, &family.v3).expect_err("it follows the other");
        assert_eq!(refused.code(), "not-successor");
    }
}

#[test]
fn what_too_few_signed_is_refused_and_raises_no_alarm() {
    for seed in 1..=FAMILIES {
        let family = family(seed);
        let first = restored(&family.v1);
        let unsigned = &family.v2_unsigned_enough;
        let refused = offered(&first, unsigned).expect_err("one signature");
        assert_eq!(refused.code(), "too-few-signatures");
        let beside = offered(&followed(&first, &family.v2), unsigned).expect_err("a fork");
        assert_eq!((beside.code(), beside.is_alarm()), ("fork", false));
        let restored = held::restore(&unsigned.bundle).expect_err("one signature");
        assert_eq!(restored.code(), "too-few-signatures");
    }
}

#[test]
fn editions_out_of_their_order_are_refused() {
    let family = family(3);
    let first = restored(&family.v1);
    let second = followed(&first, &family.v2);
    for (held, offer, code) in [
        (&first, &family.v3, "gap"),
        (&second, &family.v1, "older"),
        (&second, &family.v2, "already-held"),
    ] {
        let refused = offered(held, offer).expect_err("out of order");
        assert_eq!(refused.code(), code);
    }
}

#[test]
fn a_charter_runs_out_and_is_renewed() {
    let family = family(4);
    let [first, renewed] = family.expiring(soon());
    let late = WallTime::from_ms(soon().ms + 1);
    let found = |now| policy::signing::adopt::found(&first.files, now, None);
    assert!(found(now()).is_ok());
    assert_eq!(found(late).expect_err("it ran out").code(), "expired");
    let held = restored(&first);
    assert!(held.charter().validity().expired(late));
    let renewed = adopt(&held, &renewed.files, late).expect("it follows");
    assert!(!renewed.charter().validity().expired(late));
}
