//! A charter without Cedar: facets named `*.up` flow to every node above home, facets named
//! `*.skip` to the county and not to the township, facets named `*.step` to the township from level
//! `two` on and to the county at level `xcounty`, all others stay home. Home writes, and whoever is
//! above writes what it holds of `*.up` and `*.step`; only home regrades. For tests of the engine
//! alone.

use std::sync::Arc;

use crdt_model::charter::{Charter, Decision, Freshness, Roster, Standing, Tier, Validity};
use crdt_model::ids::{CharterDigest, CharterVersion, Name, NodeId};
use crdt_model::kind::Kinds;
use crdt_model::label::{Grade, Label};
use crdt_model::store::Store;
use crdt_model::time::WallTime;

use crate::world::Verifier;

/// See the module.
#[derive(Clone)]
pub struct OpenCharter {
    /// Its version.
    pub version: CharterVersion,
    /// Its nodes.
    pub roster: Roster,
    /// Its kinds.
    pub kinds: Kinds,
    /// Facets that flow nowhere under this version.
    pub held_back: Vec<Name>,
    /// The first moment at which it holds.
    pub from: WallTime,
    /// The last moment at which it holds.
    pub until: WallTime,
    /// The oldest version whose commits count.
    pub accept_since: CharterVersion,
    /// How old the townships' signatures on the log may be.
    pub freshness: Option<Freshness>,
    /// What makes it another charter than one of the same version.
    pub salt: u8,
}

impl OpenCharter {
    fn decide(allowed: bool, rule: &str) -> Arc<Decision> {
        let rules = if allowed {
            vec![rule.into()]
        } else {
            Vec::new()
        };
        Arc::new(Decision { allowed, rules })
    }

    fn active(&self, node: NodeId) -> bool {
        self.roster
            .member(node)
            .is_some_and(|member| member.standing == Standing::Active)
    }
}

impl Charter for OpenCharter {
    fn version(&self) -> CharterVersion {
        self.version
    }

    fn digest(&self) -> CharterDigest {
        let mut digest = [0; 32];
        let content = self.version.0.to_be_bytes().into_iter().chain([self.salt]);
        digest
            .iter_mut()
            .zip(content)
            .for_each(|(to, from)| *to = from);
        CharterDigest(digest)
    }

    /// Those before it are the plain ones.
    fn log(&self) -> Vec<CharterDigest> {
        let plain = |version| {
            let (version, salt) = (CharterVersion(version), 0);
            let one = Self {
                version,
                salt,
                ..self.clone()
            };
            one.digest()
        };
        let earlier = (1..self.version.0).map(plain);
        earlier.chain([self.digest()]).collect()
    }

    fn validity(&self) -> Validity {
        Validity {
            from: self.from,
            until: self.until,
        }
    }

    fn freshness(&self) -> Option<Freshness> {
        self.freshness
    }

    fn accept_since(&self) -> CharterVersion {
        self.accept_since
    }

    fn roster(&self) -> &Roster {
        &self.roster
    }

    fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    fn join(&self, one: Grade, other: Grade) -> Grade {
        Grade {
            sensitivity: one.sensitivity.max(other.sensitivity),
            level: one.level.max(other.level),
        }
    }

    fn flow(&self, label: &Label, receiver: NodeId) -> Arc<Decision> {
        let facet = label.facet.as_str();
        let township = Some(receiver) == label.home.township();
        let above = receiver == label.home.county() || township;
        let county = self
            .roster
            .member(receiver)
            .is_some_and(|found| found.tier == Tier::County);
        let level = label.grade.level.as_str();
        let stepped = township && level >= "two" || county && level >= "xcounty";
        let flows = facet.ends_with(".up") && above
            || facet.ends_with(".skip") && county
            || facet.ends_with(".step") && stepped;
        let allowed = receiver == label.home || flows && !self.held_back.contains(&label.facet);
        Self::decide(allowed && self.active(receiver), "open")
    }

    fn author(&self, label: &Label, author: NodeId) -> Arc<Decision> {
        let facet = label.facet.as_str();
        let above = facet.ends_with(".up") || facet.ends_with(".step");
        let allowed = author == label.home || above && self.flow(label, author).allowed;
        Self::decide(self.active(author) && allowed, "open")
    }

    fn regrade(&self, label: &Label, author: NodeId) -> Arc<Decision> {
        Self::decide(self.active(author) && author == label.home, "open")
    }

    fn read(&self, label: &Label, node: NodeId, _role: Name) -> Arc<Decision> {
        self.flow(label, node)
    }
}

/// Adopts the editions that it knows, each named in its bundle as `version N`.
pub struct OpenVerifier {
    /// The editions.
    pub editions: Vec<OpenCharter>,
}

impl OpenVerifier {
    /// The bundle that stands for a version.
    pub fn bundle(version: u64) -> Vec<u8> {
        format!("version {version}").into_bytes()
    }

    fn named(&self, bundle: &[u8]) -> Option<Arc<dyn Charter>> {
        let named = |one: &&OpenCharter| bundle == Self::bundle(one.version.0);
        let found = self.editions.iter().find(named)?;
        Some(Arc::new(found.clone()))
    }
}

impl Verifier for OpenVerifier {
    fn load(&mut self, store: &dyn Store) -> Result<Vec<Arc<dyn Charter>>, String> {
        let entries = store
            .scan(b"k", None, usize::MAX)
            .map_err(|why| why.to_string())?;
        Ok(entries
            .iter()
            .filter_map(|(_, bundle)| self.named(bundle))
            .collect())
    }

    fn next(
        &mut self,
        _current: &dyn Charter,
        bundle: &[u8],
        _wall: WallTime,
    ) -> Result<Arc<dyn Charter>, String> {
        self.named(bundle)
            .ok_or_else(|| "an unknown charter".to_owned())
    }

    fn before(
        &mut self,
        _successor: &dyn Charter,
        bundle: &[u8],
    ) -> Result<Arc<dyn Charter>, String> {
        self.named(bundle)
            .ok_or_else(|| "an unknown charter".to_owned())
    }
}
