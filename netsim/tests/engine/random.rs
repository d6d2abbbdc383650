//! The county under random writes, cuts, heals, crashes and a change of charter: at the end every
//! node holds exactly what the charter lets it hold of what was acknowledged, and nobody ever got
//! a byte of anything else.

use std::collections::BTreeMap;

use crdt_model::charter::Charter;
use crdt_model::draft::Draft;
use crdt_model::engine::{Input, LinkState, Ticket};
use crdt_model::ids::{CharterVersion, CommitHash, NodeId, RecordId};
use crdt_model::label::FacetId;
use crdt_model::replica;
use crdt_model::store::Store;
use netsim::open_charter::OpenCharter;
use netsim::seed::Seed;
use netsim::world::World;

use crate::county::*;

/// Seeds that are tried; the variable `NETSIM_SEEDS` may ask for more.
const SEEDS: u64 = 120;
const STEPS: usize = 60;
const KINDS: [&str; 5] = [
    "note.up",
    "note.late.up",
    "note.step",
    "note.skip",
    "note.home",
];
/// Begins every text; then follow 32 digits of the record and one of the facet's kind.
const CANARY: &[u8] = b"CANARY:";

struct Run {
    seed: u64,
    chance: Seed,
    world: World,
    facets: Vec<FacetId>,
    acknowledged: Vec<(FacetId, CommitHash)>,
    texts: u64,
}

fn versions() -> Vec<OpenCharter> {
    vec![
        open_charter(1, &["note.late.up"], &[]),
        open_charter(2, &["note.skip"], &[]),
    ]
}

impl Run {
    fn new(seed: u64) -> Self {
        let world = world_of(versions());
        let (facets, acknowledged) = (Vec::new(), Vec::new());
        Self {
            seed,
            chance: Seed::new(seed),
            world,
            facets,
            acknowledged,
            texts: 0,
        }
    }

    fn pick(&mut self, from: &[&str]) -> NodeId {
        id(from[self.chance.below(from.len())])
    }

    fn node(&mut self) -> NodeId {
        let codes: Vec<_> = codes().collect();
        self.pick(&codes)
    }

    fn text(&mut self, facet: &FacetId) -> String {
        self.texts += 1;
        let kind = KINDS
            .iter()
            .position(|kind| name(kind) == facet.facet)
            .expect("a kind");
        format!("CANARY:{}{kind} {}", facet.record, self.texts)
    }

    /// A new facet at a village, or a change of one that some node holds.
    fn draft(&mut self) -> (NodeId, Draft) {
        if self.facets.is_empty() || self.chance.percent(40) {
            let home = self.pick(&VILLAGES);
            let kind = KINDS[self.chance.below(KINDS.len())];
            let mut record = [0; 16];
            record[..8].copy_from_slice(&self.chance.bits().to_be_bytes());
            let facet = FacetId {
                record: RecordId(record),
                ..facet(kind, 0, &home.to_string())
            };
            self.facets.push(facet);
            let text = self.text(&facet);
            return (home, draft(facet, &[("text", &text)]));
        }
        let facet = self.facets[self.chance.below(self.facets.len())];
        let holders: Vec<_> = self.world.holders(&facet).into_iter().collect();
        let may_write = |node: &NodeId| {
            let state = self.world.node(*node).expect("a node");
            let entry = replica::facet_entry(&state.store, &facet)
                .expect("a store")
                .expect("held");
            state
                .engine
                .charter()
                .author(&facet.label(entry.grade), *node)
                .allowed
        };
        let writers: Vec<_> = holders.into_iter().filter(may_write).collect();
        let writer = *self.chance.pick(&writers).unwrap_or(&facet.home);
        let text = self.text(&facet);
        let mut change = match self.chance.below(3) {
            0 => draft(facet, &[("text", &text)]),
            _ => draft(facet, &[(&format!("line/{}", self.texts), &text)]),
        };
        if matches!(facet.facet.as_str(), "note.skip" | "note.home") {
            change = draft(facet, &[("text", &text)]);
        }
        if writer == facet.home && facet.facet == name("note.step") && self.chance.percent(40) {
            let held =
                replica::facet_entry(&self.world.node(writer).expect("a node").store, &facet);
            let level = held
                .expect("a store")
                .map(|entry| entry.grade.level.as_str().to_owned());
            let next = if level.as_deref() == Some("one") {
                "two"
            } else {
                "xcounty"
            };
            // A facet that its home lost in a crash begins anew.
            change.grade = Some(grade(if level.is_none() { "one" } else { next }));
        }
        if writer == facet.home && !self.world.holders(&facet).contains(&writer) {
            let text = self.text(&facet);
            change = draft(facet, &[("text", &text)]);
        }
        (writer, change)
    }

    fn write(&mut self, wait: bool) {
        let (node, draft) = self.draft();
        let facet = draft.facet;
        if !wait {
            let ticket = Ticket(1_000_000 + self.texts);
            self.world
                .input(
                    node,
                    Input::Write {
                        ticket,
                        drafts: vec![draft],
                    },
                )
                .expect("a store");
            return;
        }
        let outcome = self.world.write(node, vec![draft]).expect("a store");
        let commits = outcome.unwrap_or_else(|why| panic!("seed {}: {node}: {why}", self.seed));
        self.acknowledged
            .extend(commits.into_iter().map(|commit| (facet, commit)));
    }

    fn step(&mut self) {
        match self.chance.below(100) {
            0..45 => self.write(true),
            45..60 => self.write(false),
            60..68 => {
                let (one, other) = (self.node(), self.node());
                self.world.cut(one, other).expect("cut");
            }
            68..72 => {
                let node = self.node();
                self.world.cut_all(node).expect("cut");
            }
            72..80 => self.world.connect_all().expect("lines"),
            80..86 => {
                let node = self.node();
                let unsynced = self.world.node(node).expect("a node").store.unsynced();
                let kept = self.chance.below(unsynced + 1);
                self.world.crash(node, kept).expect("a store");
            }
            _ => {
                let ms = 1 + self.chance.below(300) as u64;
                self.world.run_ms(ms).expect("time");
            }
        }
    }

    fn adopt(&mut self) {
        let node = self.node();
        let charter = std::sync::Arc::new(versions()[1].clone());
        let adopted = Input::CharterAdopted {
            charter,
            bundle: bundle_of(2),
        };
        self.world.input(node, adopted).expect("a store");
    }

    fn whole(mut self) -> u64 {
        let adopted_at = STEPS / 3 + self.chance.below(STEPS / 3);
        for step in 0..STEPS {
            if step == adopted_at {
                self.adopt();
            }
            self.step();
        }
        // A crash may have lost the adoption before it was durable.
        self.adopt();
        self.world.connect_all().expect("lines");
        let healed_at = self.world.now_ms();
        // What nobody waited for becomes durable and is announced.
        self.world.run_ms(100).expect("time");
        while !self.settled() && self.world.now_ms() < healed_at + 60_000 {
            self.world.run_ms(500).expect("time");
        }
        let apart = self.apart();
        assert!(
            self.settled(),
            "seed {}: not in sync after a minute: {apart:#?}",
            self.seed
        );
        self.check_facets();
        self.check_secrecy();
        self.world.log_hash()
    }

    fn settled(&self) -> bool {
        let two = CharterVersion(2);
        let adopted = self
            .world
            .nodes()
            .all(|(_, node)| node.engine.charter().version() == two);
        adopted && in_sync(&self.world)
    }

    /// The links that are not in sync, and what was refused on them.
    fn apart(&self) -> Vec<String> {
        let mut apart = Vec::new();
        for (node, state) in self.world.nodes() {
            for peer in state.engine.peers() {
                if peer.link != LinkState::InSync {
                    let version = state.engine.charter().version();
                    let (at, link, refused) = (peer.node, peer.link, peer.refused);
                    apart.push(format!("{node} ({version}) to {at}: {link:?} {refused:?}"));
                }
            }
            for one in state.engine.quarantine().entries() {
                apart.push(format!("{node} refused {:?}: {}", one.peer, one.reason));
            }
        }
        apart
    }

    fn check_facets(&self) {
        let (seed, charter) = (self.seed, &versions()[1]);
        let mut acknowledged: BTreeMap<FacetId, Vec<CommitHash>> = BTreeMap::new();
        for (facet, commit) in &self.acknowledged {
            acknowledged.entry(*facet).or_default().push(*commit);
        }
        for facet in &self.facets {
            let home = self.world.node(facet.home).expect("a node");
            let entry = replica::facet_entry(&home.store, facet).expect("a store");
            let Some(entry) = entry else {
                assert!(
                    !acknowledged.contains_key(facet),
                    "seed {seed}: {facet:?} is lost"
                );
                continue;
            };
            let label = facet.label(entry.grade);
            let audience: std::collections::BTreeSet<_> = codes()
                .map(id)
                .filter(|node| charter.flow(&label, *node).allowed)
                .collect();
            assert_eq!(
                self.world.holders(facet),
                audience,
                "seed {seed}: {facet:?}"
            );
            let document = self.world.document(facet.home, facet);
            for node in &audience {
                assert_eq!(
                    self.world.document(*node, facet),
                    document,
                    "seed {seed}: at {node}"
                );
                let store = &self.world.node(*node).expect("a node").store;
                let history = replica::history(store, facet).expect("a history");
                for commit in acknowledged.get(facet).into_iter().flatten() {
                    assert!(
                        history.contains(commit),
                        "seed {seed}: {commit} is lost at {node}"
                    );
                }
            }
        }
    }

    /// Nodes that might ever hold a facet: by the highest grade it came to, under either charter.
    fn ever_allowed(&self, facet: &FacetId, node: NodeId) -> bool {
        let home = self.world.node(facet.home).expect("a node");
        let entry = replica::facet_entry(&home.store, facet).expect("a store");
        let grade = entry.map_or(grade("one"), |entry| entry.grade);
        versions()
            .iter()
            .any(|charter| charter.flow(&facet.label(grade), node).allowed)
    }

    fn check_secrecy(&self) {
        let by_canary: BTreeMap<Vec<u8>, &FacetId> = self
            .facets
            .iter()
            .map(|facet| {
                let kind = KINDS.iter().position(|kind| name(kind) == facet.facet);
                (
                    format!("{}{}", facet.record, kind.expect("a kind")).into_bytes(),
                    facet,
                )
            })
            .collect();
        let named = |bytes: &[u8]| {
            let mut found = Vec::new();
            for at in 0..bytes.len().saturating_sub(CANARY.len() + 33) {
                if bytes[at..].starts_with(CANARY) {
                    let from = at + CANARY.len();
                    found.push(by_canary[&bytes[from..from + 33]]);
                }
            }
            found
        };
        for frame in &self.world.frames {
            for facet in named(&frame.bytes) {
                let allowed = self.ever_allowed(facet, frame.to);
                assert!(
                    allowed,
                    "seed {}: {facet:?} went to {}",
                    self.seed, frame.to
                );
            }
        }
        for (node, state) in self.world.nodes() {
            for (_, value) in state
                .store
                .durable()
                .scan(&[], None, usize::MAX)
                .expect("entries")
            {
                for facet in named(&value) {
                    let holds = self.world.holders(facet).contains(&node);
                    assert!(holds, "seed {}: {facet:?} lies at {node}", self.seed);
                }
            }
        }
    }
}

#[test]
fn whatever_happens_every_node_ends_up_with_exactly_what_it_may_hold() {
    let seeds = std::env::var("NETSIM_SEEDS")
        .ok()
        .and_then(|seeds| seeds.parse().ok());
    for seed in 0..seeds.unwrap_or(SEEDS) {
        let _ = Run::new(seed).whole();
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in [1, 2, 3] {
        assert_eq!(
            Run::new(seed).whole(),
            Run::new(seed).whole(),
            "seed {seed}"
        );
    }
    assert_ne!(Run::new(4).whole(), Run::new(5).whole());
}
