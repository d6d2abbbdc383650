//! A charter whose every answer a claim can set.

use std::collections::BTreeMap;
use std::sync::Arc;

use crdt_model::charter::{Charter, Decision, Member, Roster, Standing, Tier, Validity};
use crdt_model::ids::{CharterDigest, CharterVersion, Name, NodeId, PublicKey};
use crdt_model::kind::{Facet, Field, FieldType, Kind, Kinds, Title};
use crdt_model::label::{Grade, Label};
use crdt_model::time::WallTime;
use ed25519_dalek::SigningKey;

pub(crate) const COUNTY: u64 = 620_723_000_000;
pub(crate) const TOWNSHIP: u64 = 620_723_101_000;
pub(crate) const VILLAGE: u64 = 620_723_101_201;
/// In no roster.
pub(crate) const STRANGER: u64 = 620_723_101_209;

type Rule = fn(&Label, NodeId) -> bool;

/// See the module.
#[derive(Clone)]
pub(crate) struct Stated {
    pub(crate) version: u64,
    pub(crate) accept_since: u64,
    pub(crate) revoked: Option<u64>,
    /// The key that each member has.
    pub(crate) key_of: fn(u64) -> SigningKey,
    pub(crate) author: Rule,
    pub(crate) regrade: Rule,
    pub(crate) roster: Option<Roster>,
    pub(crate) kinds: Kinds,
}

pub(crate) fn id(code: u64) -> NodeId {
    NodeId::from_code(code).expect("a node code")
}

pub(crate) fn key(code: u64) -> SigningKey {
    let mut seed = [9; 32];
    seed[..8].copy_from_slice(&code.to_be_bytes());
    SigningKey::from_bytes(&seed)
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

fn field(text: &str, required: bool) -> Field {
    Field {
        name: name(text),
        title: Title::default(),
        holds: FieldType::Text,
        required,
        grows: false,
        vocabulary: None,
        bytes_max: None,
        at_least: None,
        at_most: None,
    }
}

fn kinds() -> Kinds {
    let facet = Facet {
        name: name("note.up"),
        title: Title::default(),
        addressed: false,
        sensitivities: vec![name("plain")],
        levels: vec![name("one"), name("two"), name("three")],
        fields: vec![field("text", true), field("more", false)],
        refuses: Vec::new(),
        steps: None,
        clocks: Vec::new(),
        once: false,
        urgent: false,
        beat_hours: None,
        letter: None,
        answered: None,
        receipts: None,
    };
    Kinds::new([Kind {
        kind: name("note"),
        title: Title::default(),
        retention_days: 30,
        facets: vec![facet],
        vocabularies: BTreeMap::new(),
    }])
}

impl Stated {
    /// A version that allows everything.
    pub(crate) fn version(version: u64) -> Self {
        Self {
            version,
            accept_since: 1,
            revoked: None,
            key_of: key,
            author: |_, _| true,
            regrade: |_, _| true,
            roster: None,
            kinds: kinds(),
        }
    }

    /// As a node holds it.
    pub(crate) fn held(mut self) -> Arc<dyn Charter> {
        let tiers = [
            (COUNTY, Tier::County),
            (TOWNSHIP, Tier::Township),
            (VILLAGE, Tier::Village),
        ];
        let members = tiers.map(|(code, tier)| Member {
            node: id(code),
            name: code.to_string(),
            tier,
            parent: id(code).parent(),
            key: PublicKey((self.key_of)(code).verifying_key().to_bytes()),
            addresses: Vec::new(),
            standing: match self.revoked == Some(code) {
                true => Standing::Revoked,
                false => Standing::Active,
            },
        });
        self.roster = Some(Roster::new(members.to_vec()).expect("a roster"));
        Arc::new(self)
    }

    fn decide(&self, allowed: bool, rule: &str) -> Arc<Decision> {
        let rules = match allowed {
            true => Vec::new(),
            false => vec![format!("{rule}-{}", self.version).into()],
        };
        Arc::new(Decision { allowed, rules })
    }
}

impl Charter for Stated {
    fn version(&self) -> CharterVersion {
        CharterVersion(self.version)
    }

    fn digest(&self) -> CharterDigest {
        CharterDigest([self.version as u8; 32])
    }

    fn log(&self) -> Vec<CharterDigest> {
        let versions = 1..=self.version as u8;
        versions
            .map(|version| CharterDigest([version; 32]))
            .collect()
    }

    fn validity(&self) -> Validity {
        Validity {
            from: WallTime::from_ms(0),
            until: WallTime::from_ms(u64::MAX),
        }
    }

    fn accept_since(&self) -> CharterVersion {
        CharterVersion(self.accept_since)
    }

    fn roster(&self) -> &Roster {
        self.roster.as_ref().expect("a charter that is held")
    }

    fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    fn join(&self, one: Grade, other: Grade) -> Grade {
        let rank = |grade: &Grade| {
            ["one", "two", "three"]
                .map(name)
                .iter()
                .position(|level| *level == grade.level)
        };
        std::cmp::max_by_key(one, other, rank)
    }

    fn flow(&self, _: &Label, _: NodeId) -> Arc<Decision> {
        self.decide(true, "flow")
    }

    fn author(&self, label: &Label, author: NodeId) -> Arc<Decision> {
        self.decide((self.author)(label, author), "author")
    }

    fn regrade(&self, label: &Label, author: NodeId) -> Arc<Decision> {
        self.decide((self.regrade)(label, author), "regrade")
    }

    fn read(&self, _: &Label, _: NodeId, _: Name) -> Arc<Decision> {
        self.decide(true, "read")
    }
}
