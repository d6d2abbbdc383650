//! What must hold, whatever happens: one file for each promise. A checker looks at the world as it
//! goes along, and once more when all faults are over.

mod adoption;
mod authority;
mod bounded;
mod conflicts;
mod convergence;
mod durability;
mod emergencies;
mod excused;
mod ladder;
mod lives;
mod log;
mod secrecy;
mod steady;
mod together;

pub use convergence::unsettled;
pub use together::{Checkers, Shown};

use std::collections::BTreeSet;
use std::fmt;

use crdt_model::ids::NodeId;
use crdt_model::label::FacetId;

use crate::truth::{Secret, Truth};
use crate::world::{Frame, Happening, World};

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which checker found it.
    pub checker: &'static str,
    /// Virtual time, in milliseconds.
    pub at_ms: u64,
    /// Where.
    pub node: NodeId,
    /// What.
    pub what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            checker,
            at_ms,
            node,
            what,
        } = self;
        write!(f, "{checker}: at {at_ms} ms, {node}: {what}")
    }
}

impl Broken {
    /// Whether it is about coming to an end, and not about safety.
    pub fn is_liveness(&self) -> bool {
        self.checker == convergence::NAME
    }
}

/// What a checker is shown.
pub struct Scene<'a> {
    /// The world now.
    pub world: &'a World,
    /// What is true.
    pub truth: &'a Truth,
    /// The frames since the last look.
    pub frames: &'a [Frame],
    /// What happened since the last look.
    pub happenings: &'a [(NodeId, Happening)],
    /// Nodes that keep to no rule: nothing is promised of them, and they must learn nothing.
    pub hostile: &'a BTreeSet<NodeId>,
    /// What hostile nodes have handed to whom, allowed or not.
    pub handed: &'a BTreeSet<(NodeId, FacetId)>,
    /// Whether reviewers signed two charters with one number.
    pub forked: bool,
}

impl Scene<'_> {
    fn broken(&self, checker: &'static str, node: NodeId, what: impl Into<String>) -> Broken {
        let at_ms = self.world.now_ms();
        Broken {
            checker,
            at_ms,
            node,
            what: what.into(),
        }
    }

    /// Whether a hostile node has handed a node a commit on this facet.
    fn was_handed(&self, node: NodeId, facet: &FacetId) -> bool {
        self.handed.contains(&(node, *facet))
    }

    /// Whether a node knows of a facet or record from a hostile node, whatever is in it.
    fn was_told_by_hostile(&self, node: NodeId, secret: Secret) -> bool {
        match secret {
            Secret::Facet(_) => false,
            Secret::Name(facet) => self.was_handed(node, &facet),
            Secret::Record(record) => {
                let mut handed = self.handed.iter();
                handed.any(|(to, facet)| *to == node && facet.record == record)
            }
        }
    }

    /// The running nodes that keep to the rules.
    fn honest(&self) -> impl Iterator<Item = (NodeId, &crate::world::node::Node)> {
        let honest = |(node, _): &(NodeId, _)| !self.hostile.contains(node);
        self.world.nodes().filter(honest)
    }
}

/// One promise.
pub trait Checker {
    /// Looks at what happened since the last look.
    fn look(&mut self, scene: &Scene<'_>, broken: &mut Vec<Broken>);
    /// Looks once more when all faults are over and time to heal has passed.
    fn at_end(&mut self, _scene: &Scene<'_>, _broken: &mut Vec<Broken>) {}
}

/// All of them.
pub fn all() -> Vec<Box<dyn Checker>> {
    vec![
        Box::new(adoption::Adoption::default()),
        Box::new(authority::Authority::default()),
        Box::new(bounded::Bounded),
        Box::new(conflicts::Conflicts),
        Box::new(convergence::Convergence),
        Box::new(durability::Durability::default()),
        Box::new(emergencies::Emergencies::default()),
        Box::new(ladder::Ladder::default()),
        Box::new(lives::Lives::default()),
        Box::new(log::Log::default()),
        Box::new(secrecy::Typed::default()),
        Box::new(secrecy::Bytes),
    ]
}
