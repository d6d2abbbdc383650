//! A charter without Cedar: facets named `*.up` flow to every node above home, facets named
//! `*.skip` to the county and not to the township, all others stay home. For tests of the engine
//! alone.

use std::sync::Arc;

use crdt_model::charter::{Charter, Decision, Roster, Standing, Tier, Validity};
use crdt_model::ids::{CharterDigest, CharterVersion, Name, NodeId};
use crdt_model::kind::Kinds;
use crdt_model::label::{Grade, Label};
use crdt_model::time::WallTime;

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
}

impl OpenCharter {
    fn decide(allowed: bool, rule: &str) -> Arc<Decision> {
        let rules = if allowed { vec![rule.into()] } else { Vec::new() };
        Arc::new(Decision { allowed, rules })
    }

    fn active(&self, node: NodeId) -> bool {
        self.roster.member(node).is_some_and(|member| member.standing == Standing::Active)
    }
}

impl Charter for OpenCharter {
    fn version(&self) -> CharterVersion {
        self.version
    }

    fn digest(&self) -> CharterDigest {
        let mut digest = [0; 32];
        digest.iter_mut().zip(self.version.0.to_be_bytes()).for_each(|(to, from)| *to = from);
        CharterDigest(digest)
    }

    fn validity(&self) -> Validity {
        Validity { from: WallTime::from_ms(0), until: WallTime::from_ms(u64::MAX) }
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
        Grade {
            sensitivity: one.sensitivity.max(other.sensitivity),
            level: one.level.max(other.level),
        }
    }

    fn flow(&self, label: &Label, receiver: NodeId) -> Arc<Decision> {
        let facet = label.facet.as_str();
        let above = receiver == label.home.county() || Some(receiver) == label.home.township();
        let county = self.roster.member(receiver).is_some_and(|found| found.tier == Tier::County);
        let flows = facet.ends_with(".up") && above || facet.ends_with(".skip") && county;
        let allowed = receiver == label.home || flows && !self.held_back.contains(&label.facet);
        Self::decide(allowed && self.active(receiver), "open")
    }

    fn author(&self, label: &Label, author: NodeId) -> Arc<Decision> {
        let above = Some(author) == label.home.township() && label.facet.as_str().ends_with(".up");
        Self::decide(self.active(author) && (author == label.home || above), "open")
    }

    fn regrade(&self, label: &Label, author: NodeId) -> Arc<Decision> {
        self.author(label, author)
    }

    fn read(&self, label: &Label, node: NodeId, _role: Name) -> Arc<Decision> {
        self.flow(label, node)
    }
}
