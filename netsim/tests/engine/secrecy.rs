//! What reaches a node speaks of nothing that the node may not hold; and what would, is noticed.

use std::collections::BTreeMap;

use crdt_model::commit::{Commit, CommitBody};
use crdt_model::engine::Alarm;
use crdt_model::history::{Clock, HistoryError};
use crdt_model::ids::{CharterVersion, CommitHash, NodeId, Seq};
use crdt_model::judge::Fault;
use crdt_model::label::{FacetId, Grade};
use crdt_model::reconcile;
use crdt_model::store::{Batch, MemoryStore, Store};
use crdt_model::wire::{CharterMark, Found, Request, Response, Wanted};
use netsim::hostile::HostilePeer;
use netsim::secrecy::{Canary, Mention, Mentions, Needles, Permitted, judge, mentions};
use netsim::world::World;

use crate::county::*;

const SEED: u64 = 20_260_701;

/// What was written, and the rules of the open charter once more, written down as a table.
#[derive(Default)]
struct Truth {
    grades: BTreeMap<FacetId, Vec<Grade>>,
    commits: BTreeMap<CommitHash, FacetId>,
}

impl Permitted for Truth {
    fn may_hold(&self, facet: &FacetId, grade: Grade, node: NodeId) -> bool {
        let county = facet.home.county() == node;
        let township = facet.home.township() == Some(node);
        let others = match (facet.facet.as_str(), grade.level.as_str()) {
            ("note.up" | "note.late.up", _) => township || county,
            ("note.skip", _) => county,
            ("note.step", "two") => township,
            ("note.step", "xcounty") => township || county,
            _ => false,
        };
        node == facet.home || others
    }

    fn grades_of(&self, facet: &FacetId) -> Vec<Grade> {
        self.grades.get(facet).cloned().unwrap_or_default()
    }

    fn facet_of_commit(&self, commit: &CommitHash) -> Option<FacetId> {
        self.commits.get(commit).copied()
    }
}

impl Truth {
    fn may_ever_hold(&self, facet: &FacetId, node: NodeId) -> bool {
        let mut grades = self.grades.get(facet).into_iter().flatten();
        grades.any(|grade| self.may_hold(facet, *grade, node))
    }

    fn write(&mut self, world: &mut World, facet: FacetId, level: &str, text: &str) {
        let mut draft = draft(facet, &[("text", text)]);
        draft.grade = Some(grade(level));
        self.grades.entry(facet).or_default().push(grade(level));
        let written = world.write(facet.home, vec![draft]);
        for commit in written.expect("a permitted write") {
            self.commits.insert(commit, facet);
        }
    }
}

fn village_facet(kind: &str, number: u64, home: &str) -> FacetId {
    let mut facet = facet(kind, 0, home);
    facet.record = Canary::record(SEED, number);
    facet
}

/// A county in which every kind of facet was written at every village, twice over a line that was
/// cut in between; with the truth about it, and the record and text of each facet as needles.
fn lived() -> (World, Truth, Vec<FacetId>, Needles) {
    let (mut world, mut truth) = (world(), Truth::default());
    let (mut facets, mut needles) = (Vec::new(), Needles::new());
    world.connect_all();
    for _ in 0..2 {
        for (at, home) in VILLAGES.iter().enumerate() {
            for (kind, level) in [
                ("note.up", "one"),
                ("note.skip", "one"),
                ("note.home", "one"),
                ("note.step", "one"),
                ("note.step", "two"),
                ("note.step", "xcounty"),
            ] {
                let number = facets.len() as u64;
                let facet = village_facet(kind, number, home);
                let text = Canary::text(SEED, &number.to_string(), 60);
                let owner = facets.len() as u32;
                needles.add(owner, &facet.record.0);
                needles.add(owner, Canary::secret(SEED, &number.to_string()).as_bytes());
                facets.push(facet);
                truth.write(&mut world, facet, level, &text);
                if (kind, level) == ("note.step", "two") {
                    truth.write(&mut world, facet, "xcounty", &text);
                }
            }
            if at == 1 {
                let township = id(home).parent().expect("a township");
                world.cut(id(home), township);
            }
        }
        world.run_ms(3_000);
        world.connect_all();
        world.run_ms(3_000);
    }
    assert!(in_sync(&world));
    (world, truth, facets, needles)
}

fn entries(store: &dyn Store) -> Vec<(Vec<u8>, Vec<u8>)> {
    store.scan(&[], None, usize::MAX).expect("entries")
}

#[test]
fn nothing_that_reaches_a_node_mentions_what_it_may_not_hold() {
    let (world, truth, _, _) = lived();
    let mut all = Vec::new();
    for frame in &world.frames {
        let told = match frame.request {
            true => mentions::request(&frame.bytes),
            false => mentions::response(&frame.bytes),
        };
        let told = told.expect("a frame of an honest node");
        assert_eq!(judge(&told, frame.to, &truth), [], "{frame:?}");
        all.extend(told);
    }
    for (node, state) in world.nodes() {
        let mut told = mentions::disk(&state.store)
            .expect("a store of an honest node")
            .all();
        told.extend(mentions::quarantine(state.engine.quarantine()));
        told.extend(alarms(&world, node).iter().flat_map(mentions::alarm));
        let peers = state.engine.peers();
        told.extend(peers.iter().flat_map(mentions::peer_status));
        assert_eq!(judge(&told, node, &truth), [], "at {node}");
        all.extend(told);
    }
    let some = |of: fn(&Mention) -> bool| all.iter().any(of);
    assert!(some(|one| matches!(one, Mention::Commit { .. })));
    assert!(some(|one| matches!(one, Mention::Label(_))));
    assert!(some(|one| matches!(
        one,
        Mention::Facet { grade: Some(_), .. }
    )));
    assert!(some(|one| matches!(
        one,
        Mention::Facet { grade: None, .. }
    )));
}

#[test]
fn no_byte_that_reaches_a_node_is_a_secret_that_it_may_not_hold() {
    let (world, truth, facets, needles) = lived();
    let mut found = 0;
    let mut check = |node: NodeId, bytes: &[u8]| {
        for one in needles.find(bytes) {
            let facet = &facets[one.owner as usize];
            assert!(
                truth.may_ever_hold(facet, node),
                "{node}: {facet:?} as {one:?}"
            );
            found += 1;
        }
    };
    for frame in &world.frames {
        check(frame.to, &frame.bytes);
    }
    for (node, state) in world.nodes() {
        for (key, value) in entries(&state.store) {
            check(node, &key);
            check(node, &value);
        }
    }
    assert!(found > facets.len(), "{found}");
}

/// A facet that exists, that the village keeps for itself, and its one commit.
fn kept_home() -> (Truth, FacetId, Commit) {
    let facet = village_facet("note.home", 1, VILLAGES[0]);
    let author = hostile(VILLAGES[0]);
    let body = CommitBody {
        facet,
        author: author.identity.node,
        epoch: author.identity.epoch,
        seq: Seq(1),
        start: 1,
        wall: crdt_model::time::WallTime::from_ms(1),
        charter: CharterVersion(1),
        parents: Vec::new(),
        grade: Some(grade("one")),
        operations: vec![netsim::hostile::set("text", "kept")],
    };
    let commit = author.sign(body).expect("a commit");
    let truth = Truth {
        grades: BTreeMap::from([(facet, vec![grade("one")])]),
        commits: BTreeMap::from([(commit.hash(), facet)]),
    };
    (truth, facet, commit)
}

fn mark() -> CharterMark {
    HostilePeer::mark_of(&world(), id(COUNTY)).expect("a charter")
}

/// Whoever may hold it is told, and nobody else.
fn told_to_home_alone(what: &str, mentions: &[Mention], truth: &Truth) {
    assert_eq!(judge(mentions, id(VILLAGES[0]), truth), [], "{what}");
    for other in [COUNTY, TOWNSHIPS[0], VILLAGES[1]] {
        let leaks = judge(mentions, id(other), truth);
        assert!(!leaks.is_empty(), "{what} to {other}");
        assert!(
            leaks[0]
                .to_string()
                .starts_with(&format!("{other} was told of "))
        );
    }
}

#[test]
fn a_frame_that_tells_too_much_is_noticed() {
    let (truth, facet, commit) = kept_home();
    let push = Request::Push {
        charter: mark(),
        unfinished: false,
        commits: vec![commit.encoded().to_vec()],
    };
    let told = mentions::request(&push.encode()).expect("a request");
    told_to_home_alone("a push", &told, &truth);

    let have = Clock::new();
    let fetch = Request::Fetch {
        charter: mark(),
        facets: vec![Wanted {
            facet,
            have,
            from: 0,
        }],
    };
    let told = mentions::request(&fetch.encode()).expect("a request");
    told_to_home_alone("a fetch", &told, &truth);

    let life = (id(VILLAGES[0]), identity(VILLAGES[0]).epoch);
    let nothing = Found {
        have: Clock::from([(life, Seq(1))]),
        commits: Vec::new(),
        next: None,
    };
    let found = Response::Fetched(vec![nothing]).encode();
    assert_eq!(
        judge(
            &mentions::response(&found).expect("a response"),
            id(COUNTY),
            &truth
        ),
        []
    );
    let told = mentions::answer(&fetch.encode(), &found).expect("an answer");
    told_to_home_alone("a clock in answer to a fetch", &told, &truth);

    let mut index = reconcile::Index::new();
    let label = facet.label(grade("one"));
    index.insert(label, facet.record, [1; 32]);
    let all = reconcile::Request {
        questions: vec![reconcile::Question {
            span: reconcile::Span::ALL,
            fingerprint: reconcile::Total::ZERO.fingerprint(),
        }],
    };
    let shared = reconcile::Shared::new(&index, std::slice::from_ref(&label));
    let listed = reconcile::respond(&shared, &all).expect("an answer");
    let told = mentions::response(&Response::Compared(listed.encode()).encode());
    told_to_home_alone("a list", &told.expect("a response"), &truth);

    let bound = reconcile::Bound::At(reconcile::Position {
        label,
        record: crdt_model::ids::RecordId([0; 16]),
    });
    told_to_home_alone("a bound", &bound.mentions(), &truth);
}

#[test]
fn an_alarm_that_tells_too_much_is_noticed() {
    let (truth, facet, commit) = kept_home();
    let refused = |fault| Alarm::Refused {
        peer: id(VILLAGES[1]),
        commit: CommitHash([0; 32]),
        fault,
        quotable: false,
    };
    let label = Box::new(facet.label(grade("one")));
    let not_ours = refused(Fault::NotForUs {
        label,
        rules: Vec::new(),
    });
    told_to_home_alone("a label", &mentions::alarm(&not_ours), &truth);
    let other = HistoryError::MissingParent(commit.hash());
    let named = mentions::alarm(&refused(other.into()));
    told_to_home_alone("a commit's name", &named, &truth);
    let forked = |facet, commits| {
        mentions::alarm(&Alarm::Equivocated {
            peer: Some(id(VILLAGES[1])),
            facet,
            author: id(VILLAGES[0]),
            epoch: identity(VILLAGES[0]).epoch,
            seq: Seq(1),
            commits,
        })
    };
    let nobodys = CommitHash([0; 32]);
    told_to_home_alone("a forked facet", &forked(facet, [nobodys; 2]), &truth);
    let nowhere = village_facet("note.up", 2, VILLAGES[0]);
    let named = forked(nowhere, [nobodys, commit.hash()]);
    told_to_home_alone("a forked commit's name", &named, &truth);
}

#[test]
fn a_disk_that_holds_too_much_is_noticed() {
    let (world, truth, _, _) = lived();
    let village = &world.node(id(VILLAGES[0])).expect("a node").store;
    let told = mentions::disk(village).expect("a store").all();
    assert_eq!(judge(&told, id(VILLAGES[0]), &truth), []);
    for space in [b'c', b'f'] {
        let stolen = entries(village).into_iter().find(|(key, value)| {
            let told = mentions::disk_entry(key, value).expect("an entry");
            key.first() == Some(&space) && !judge(&told, id(TOWNSHIPS[0]), &truth).is_empty()
        });
        let (key, value) = stolen.expect("a facet that stays at home");
        let mut store = MemoryStore::default();
        let mut batch = Batch::default();
        batch.put(key, value);
        store.write(&batch).expect("a store");
        let told = mentions::disk(&store).expect("a store").all();
        assert!(!judge(&told, id(TOWNSHIPS[0]), &truth).is_empty());
    }
}

#[test]
fn an_entry_of_no_known_key_space_is_noticed() {
    let mut store = MemoryStore::default();
    let mut batch = Batch::default();
    batch.put(b"x and more".to_vec(), b"anything".to_vec());
    store.write(&batch).expect("a store");
    assert!(mentions::disk(&store).is_err());
}

#[test]
fn a_grade_that_a_facet_never_had_is_a_leak_and_a_facet_that_is_not_is_none() {
    let (mut truth, _, _) = kept_home();
    let step = village_facet("note.step", 2, VILLAGES[0]);
    let told = |level: &str| {
        [Mention::Facet {
            facet: step,
            grade: Some(grade(level)),
        }]
    };
    assert_eq!(judge(&told("two"), id(TOWNSHIPS[0]), &truth), []);
    truth.grades.insert(step, vec![grade("one")]);
    assert_eq!(judge(&told("two"), id(TOWNSHIPS[0]), &truth).len(), 1);
    truth.grades.insert(step, vec![grade("one"), grade("two")]);
    assert_eq!(judge(&told("two"), id(TOWNSHIPS[0]), &truth), []);
    assert_eq!(judge(&told("one"), id(TOWNSHIPS[0]), &truth).len(), 1);
    let unsaid = [Mention::Facet {
        facet: step,
        grade: None,
    }];
    assert_eq!(judge(&unsaid, id(TOWNSHIPS[0]), &truth), []);
    assert_eq!(judge(&unsaid, id(COUNTY), &truth).len(), 1);
}
