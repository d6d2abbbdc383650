//! Who takes part in a story, by which charters, and what people write there.

use std::collections::BTreeMap;

use crdt_model::ids::{CharterVersion, Name, NodeId};

use crate::charters::{Edition, Shelf};
use crate::places::Places;
use crate::stage::Stage;
use crate::truth::Truth;
use crate::world::{Verifier, World};

/// Which charters of Linze County come into force in a story.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Charters {
    /// One, from beginning to end.
    Usual,
    /// Another, which trusts the village of the story no more.
    Revoking,
    /// Another, which is wrong, and one that takes it back.
    WrongAndBack,
    /// Another, which lists the village of the story; the first does not.
    Onboarding,
}

/// What people write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Matter {
    /// What somebody saw in their grid.
    Report,
    /// A dispute that is mediated.
    Dispute,
    /// What a camera or another device is, and how it is reached.
    Device,
    /// What goes down to others.
    Notice,
    /// What goes back to those who sent a notice.
    Reply,
    /// One line of a ledger, or of a directory: nothing but this facet.
    Line(&'static str),
}

impl Matter {
    /// Its facets.
    pub fn facets(self) -> Vec<Name> {
        let names: &[&str] = match self {
            Self::Report => &["grid.summary", "grid.content", "grid.people"],
            Self::Dispute => &["case.summary", "case.narrative", "case.parties"],
            Self::Device => &["device.public", "device.access"],
            Self::Notice => &["notice.content"],
            Self::Reply => &["notice.reply"],
            Self::Line(facet) => &[facet],
        };
        names
            .iter()
            .filter_map(|name| Name::new(name).ok())
            .collect()
    }
}

/// A county as it is founded.
pub(super) struct County {
    /// Who takes part.
    pub(super) stage: Stage,
    /// What new nodes are given.
    pub(super) founding: Edition,
    /// What reviewers sign later, in this order.
    pub(super) later: Vec<Edition>,
    /// What people call each node.
    pub(super) names: BTreeMap<NodeId, String>,
}

impl County {
    /// What somebody is given who begins when all charters are out.
    pub(super) fn given(&self) -> Vec<(CharterVersion, Vec<u8>)> {
        let given = std::iter::once(&self.founding).chain(&self.later);
        given
            .map(|edition| (edition.version, edition.bundle.clone()))
            .collect()
    }
}

/// The village that something befalls in a story.
pub fn village_of_the_story(places: &Places) -> NodeId {
    let villages = places.villages();
    let middle = villages.get(villages.len() / 2).copied();
    middle.unwrap_or_else(|| places.county())
}

/// Founds a county. All nodes run, and no line is up.
pub(super) fn found(
    charters: Charters,
    seed: u64,
    stage: Stage,
    shelf: &Shelf,
) -> (County, World, Truth) {
    let village = village_of_the_story(&stage.places);
    let linze = shelf.linze(stage.places.nodes());
    let first = linze.v1.clone();
    let (founding, later) = match charters {
        Charters::Usual => (first, Vec::new()),
        Charters::Revoking => {
            let revoking = shelf.linze_revoking(&linze, &first, village);
            (first, vec![revoking])
        }
        Charters::WrongAndBack => (first, vec![linze.v2.clone(), linze.v3.clone()]),
        Charters::Onboarding => {
            let mut fewer = stage.places.nodes().to_vec();
            fewer.retain(|node| *node != village);
            let without = shelf.linze(&fewer).v1.clone();
            let with = linze.following(&without);
            (without, vec![with])
        }
    };
    let mut truth = Truth::default();
    for edition in std::iter::once(&founding).chain(&later) {
        truth.add_edition(edition);
    }
    let mut world = World::new(seed, Box::new(shelf.clone()));
    world.redials = true;
    let given = [(founding.version, founding.bundle.clone())];
    let newcomer = (charters == Charters::Onboarding).then_some(village);
    let mut nodes = stage.places.nodes().to_vec();
    nodes.retain(|node| Some(*node) != newcomer);
    for node in nodes {
        if let Err(why) = world.add(stage.identity(node), &given) {
            world.tell(node, why);
        }
    }
    let county = County {
        names: names(&linze.v1, shelf),
        stage,
        founding,
        later,
    };
    (county, world, truth)
}

/// What a charter calls its nodes.
fn names(edition: &Edition, shelf: &Shelf) -> BTreeMap<NodeId, String> {
    let store = edition.store().map_err(|why| why.to_string());
    let charters = store.and_then(|store| shelf.clone().load(&store));
    let charter = charters.ok().and_then(|mut charters| charters.pop());
    let members = charter
        .iter()
        .flat_map(|charter| charter.roster().members());
    members
        .map(|member| (member.node, member.name.clone()))
        .collect()
}
