//! The county that the claims are tried in: one county, two townships, four villages.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crdt_model::charter::{Charter, Member, Roster, Standing, Tier};
use crdt_model::draft::Draft;
use crdt_model::engine::{Alarm, Identity, LinkState};
use crdt_model::ids::{Boot, CharterVersion, Epoch, Name, NodeId, PublicKey, RecordId};
use crdt_model::kind::{Kind, Kinds};
use crdt_model::label::{FacetId, Grade};
use crdt_model::time::WallTime;
use crdt_model::value::Value;
use ed25519_dalek::SigningKey;
use netsim::disk::PowerCut;
use netsim::hostile::HostilePeer;
use netsim::open_charter::{OpenCharter, OpenVerifier};
use netsim::world::{Happening, World};

const KIND: &str = r#"{
  "kind": "note", "title": {"zh": "便条", "en": "Note"}, "retention_days": 30,
  "facet": [
    {"name": "note.up", "title": {"zh": "", "en": ""}, "sensitivities": ["plain"], "levels": ["one"],
     "field": [
       {"name": "text", "title": {"zh": "", "en": ""}, "type": "text", "required": true},
       {"name": "step", "title": {"zh": "", "en": ""}, "type": "text"},
       {"name": "line", "title": {"zh": "", "en": ""}, "type": "text", "grows": true}]},
    {"name": "note.alert.up", "title": {"zh": "", "en": ""}, "sensitivities": ["plain"], "levels": ["one"],
     "urgent": true, "field": [{"name": "text", "title": {"zh": "", "en": ""}, "type": "text"}]},
    {"name": "note.late.up", "title": {"zh": "", "en": ""}, "sensitivities": ["plain"], "levels": ["one"],
     "field": [
       {"name": "text", "title": {"zh": "", "en": ""}, "type": "text"},
       {"name": "line", "title": {"zh": "", "en": ""}, "type": "text", "grows": true}]},
    {"name": "note.step", "title": {"zh": "", "en": ""}, "sensitivities": ["plain"],
     "levels": ["one", "two", "xcounty"],
     "field": [
       {"name": "text", "title": {"zh": "", "en": ""}, "type": "text"},
       {"name": "line", "title": {"zh": "", "en": ""}, "type": "text", "grows": true}]},
    {"name": "note.skip", "title": {"zh": "", "en": ""}, "sensitivities": ["plain"], "levels": ["one"],
     "field": [{"name": "text", "title": {"zh": "", "en": ""}, "type": "text"}]},
    {"name": "note.home", "title": {"zh": "", "en": ""}, "sensitivities": ["plain"], "levels": ["one"],
     "field": [{"name": "text", "title": {"zh": "", "en": ""}, "type": "text"}]}]
}"#;

pub(crate) const COUNTY: &str = "620723000000";
pub(crate) const TOWNSHIPS: [&str; 2] = ["620723101000", "620723102000"];
pub(crate) const VILLAGES: [&str; 4] = [
    "620723101201",
    "620723101202",
    "620723102201",
    "620723102202",
];

pub(crate) fn codes() -> impl Iterator<Item = &'static str> {
    [COUNTY].into_iter().chain(TOWNSHIPS).chain(VILLAGES)
}

pub(crate) fn id(code: &str) -> NodeId {
    code.parse().expect("a node code")
}

pub(crate) fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

pub(crate) fn grade(level: &str) -> Grade {
    Grade {
        sensitivity: name("plain"),
        level: name(level),
    }
}

pub(crate) fn key(node: NodeId) -> SigningKey {
    let mut seed = [7; 32];
    seed[..8].copy_from_slice(&node.code().to_be_bytes());
    SigningKey::from_bytes(&seed)
}

pub(crate) fn identity(code: &str) -> Identity {
    Identity {
        node: id(code),
        key: key(id(code)),
        epoch: Epoch(1),
        boot: Boot([0; 8]),
    }
}

pub(crate) fn hostile(code: &str) -> HostilePeer {
    HostilePeer {
        identity: identity(code),
    }
}

/// A charter version that holds these facets back, and in which these nodes are revoked.
pub(crate) fn open_charter(version: u64, held_back: &[&str], revoked: &[&str]) -> OpenCharter {
    let members = codes().map(|code| {
        let node = id(code);
        let tier = match node.parent() {
            None => Tier::County,
            Some(parent) if parent.parent().is_none() => Tier::Township,
            Some(_) => Tier::Village,
        };
        let standing = if revoked.contains(&code) {
            Standing::Revoked
        } else {
            Standing::Active
        };
        Member {
            node,
            name: code.to_owned(),
            tier,
            parent: node.parent(),
            key: PublicKey(key(node).verifying_key().to_bytes()),
            addresses: Vec::new(),
            standing,
        }
    });
    let kind: Kind = serde_json::from_str(KIND).expect("a kind");
    OpenCharter {
        version: CharterVersion(version),
        roster: Roster::new(members.collect()).expect("a roster"),
        kinds: Kinds::new([kind]),
        held_back: held_back.iter().map(|text| name(text)).collect(),
        from: WallTime::from_ms(0),
        until: WallTime::from_ms(u64::MAX),
        accept_since: CharterVersion(1),
        freshness: None,
        salt: 0,
    }
}

pub(crate) fn charter(version: u64, held_back: &[&str]) -> Arc<dyn Charter> {
    Arc::new(open_charter(version, held_back, &[]))
}

/// A county in which these versions, from 1 on, are adopted when they are offered as `version N`.
pub(crate) fn world_of(editions: Vec<OpenCharter>) -> World {
    seeded_world_of(7, editions)
}

fn seeded_world_of(seed: u64, editions: Vec<OpenCharter>) -> World {
    let mut world = World::new(seed, Box::new(OpenVerifier { editions }));
    for code in codes() {
        let founding = [(CharterVersion(1), bundle_of(1))];
        world.add(identity(code), &founding).expect("a node");
    }
    world
}

/// Cuts a node's power, and starts it again from what was synced and perhaps more.
pub(crate) fn crash(world: &mut World, node: NodeId) {
    let how = PowerCut {
        lost: true,
        ..PowerCut::default()
    };
    world.power_cut(node, &how);
    world.start(node).expect("it starts");
}

/// What a person at a node was told.
pub(crate) fn alarms(world: &World, node: NodeId) -> Vec<Alarm> {
    let told = world.happenings.iter().filter(|(at, _)| *at == node);
    let alarms = told.filter_map(|(_, happening)| match happening {
        Happening::Alarm(alarm) => Some(alarm.clone()),
        _ => None,
    });
    alarms.collect()
}

pub(crate) fn bundle_of(version: u64) -> Vec<u8> {
    OpenVerifier::bundle(version)
}

pub(crate) fn world() -> World {
    seeded(7)
}

/// A world whose crashes are drawn from this seed.
pub(crate) fn seeded(seed: u64) -> World {
    let editions = vec![
        open_charter(1, &[], &[]),
        open_charter(2, &["note.up"], &[]),
    ];
    seeded_world_of(seed, editions)
}

pub(crate) fn facet(facet: &str, record: u8, home: &str) -> FacetId {
    let home = id(home);
    FacetId {
        record: RecordId([record; 16]),
        facet: name(facet),
        home,
        addressee: home,
    }
}

pub(crate) fn draft(facet: FacetId, fields: &[(&str, &str)]) -> Draft {
    let value = |text: &str| Some(Value::Text(text.to_owned()));
    let fields = fields
        .iter()
        .map(|(key, text)| ((*key).to_owned(), value(text)));
    Draft {
        facet,
        grade: None,
        fields: fields.collect::<BTreeMap<_, _>>(),
    }
}

pub(crate) fn write(world: &mut World, node: &str, drafts: Vec<Draft>) {
    world.write(id(node), drafts).expect("a permitted write");
}

/// Whether no node has stopped, as one does whose store fails.
pub(crate) fn all_run(world: &World) -> bool {
    world.off().next().is_none()
}

pub(crate) fn in_sync(world: &World) -> bool {
    all_run(world)
        && world.nodes().all(|(_, node)| {
            node.engine
                .peers()
                .iter()
                .all(|peer| peer.link == LinkState::InSync)
        })
}

pub(crate) fn ids(codes: &[&str]) -> BTreeSet<NodeId> {
    codes.iter().map(|code| id(code)).collect()
}

/// How often a node has refused something of a peer for this reason.
pub(crate) fn refusals(world: &World, node: &str, peer: &str, code: &str) -> u64 {
    let node = world.node(id(node)).expect("a node");
    let status = node.engine.peer_status(id(peer)).expect("a link");
    status.refused.get(code).copied().unwrap_or(0)
}
