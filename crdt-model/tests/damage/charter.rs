//! A charter for one county, one township and one village: `note.up` is for all of them,
//! `note.step` for the village, and for the township from level `two` on.

use std::collections::BTreeMap;
use std::sync::Arc;

use crdt_model::charter::{Charter, Decision, Member, Roster, Standing, Tier, Validity};
use crdt_model::ids::{CharterDigest, CharterVersion, Name, NodeId, PublicKey};
use crdt_model::kind::{Facet, Field, FieldType, Kind, Kinds, Title};
use crdt_model::label::{Grade, Label};
use crdt_model::time::WallTime;
use ed25519_dalek::SigningKey;

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
    let mut seed = [3; 32];
    seed[..8].copy_from_slice(&node.code().to_be_bytes());
    SigningKey::from_bytes(&seed)
}

fn field(text: &str, grows: bool) -> Field {
    Field {
        name: name(text),
        title: Title::default(),
        holds: FieldType::Text,
        required: false,
        grows,
        vocabulary: None,
        bytes_max: None,
        at_least: None,
        at_most: None,
    }
}

fn facet(text: &str) -> Facet {
    Facet {
        name: name(text),
        title: Title::default(),
        addressed: false,
        sensitivities: vec![name("plain")],
        levels: vec![name("one"), name("two")],
        fields: vec![field("text", false), field("line", true)],
        refuses: Vec::new(),
        steps: None,
        clocks: Vec::new(),
        once: false,
        urgent: false,
        beat_hours: None,
        letter: None,
        answered: None,
        receipts: None,
    }
}

/// See the module.
pub(crate) struct Small {
    roster: Roster,
    kinds: Kinds,
}

impl Small {
    pub(crate) fn of(nodes: &[(NodeId, Tier)]) -> Arc<dyn Charter> {
        let members = nodes.iter().map(|(node, tier)| Member {
            node: *node,
            name: node.to_string(),
            tier: *tier,
            parent: node.parent(),
            key: PublicKey(key(*node).verifying_key().to_bytes()),
            addresses: Vec::new(),
            standing: Standing::Active,
        });
        let kind = Kind {
            kind: name("note"),
            title: Title::default(),
            retention_days: 30,
            facets: vec![facet("note.up"), facet("note.step")],
            vocabularies: BTreeMap::new(),
        };
        Arc::new(Self {
            roster: Roster::new(members.collect()).expect("a roster"),
            kinds: Kinds::new([kind]),
        })
    }

    fn decide(allowed: bool) -> Arc<Decision> {
        let rules = Vec::new();
        Arc::new(Decision { allowed, rules })
    }
}

impl Charter for Small {
    fn version(&self) -> CharterVersion {
        CharterVersion(1)
    }

    fn digest(&self) -> CharterDigest {
        CharterDigest([1; 32])
    }

    fn log(&self) -> Vec<CharterDigest> {
        vec![self.digest()]
    }

    fn validity(&self) -> Validity {
        Validity {
            from: WallTime::from_ms(0),
            until: WallTime::from_ms(u64::MAX),
        }
    }

    fn accept_since(&self) -> CharterVersion {
        CharterVersion(1)
    }

    fn roster(&self) -> &Roster {
        &self.roster
    }

    fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    fn join(&self, one: Grade, other: Grade) -> Grade {
        one.max(other)
    }

    fn flow(&self, label: &Label, receiver: NodeId) -> Arc<Decision> {
        let stepped = label.grade.level == name("two") && label.home.township() == Some(receiver);
        Self::decide(label.facet == name("note.up") || receiver == label.home || stepped)
    }

    fn author(&self, label: &Label, author: NodeId) -> Arc<Decision> {
        self.flow(label, author)
    }

    fn regrade(&self, label: &Label, author: NodeId) -> Arc<Decision> {
        Self::decide(author == label.home)
    }

    fn read(&self, label: &Label, node: NodeId, _role: Name) -> Arc<Decision> {
        self.flow(label, node)
    }
}
