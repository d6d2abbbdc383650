//! Who takes part in a story, by which charters, and what people write there.
//!
//! The one place to give the stories another charter: [`found`] makes the county, [`Matter`] is
//! what people write, and [`Matters::of`] names its facets.

use std::sync::Arc;

use crdt_model::engine::Identity;
use crdt_model::ids::{CharterVersion, Epoch, Name, NodeId};
use crdt_model::kind::Kinds;
use crdt_model::label::{FacetId, Grade, Label};

use super::Options;
use crate::charters::generated::Family;
use crate::charters::{Edition, Permissions, Shelf};
use crate::places::Places;
use crate::run::FAMILIES;
use crate::secrecy::Canary;
use crate::truth::Truth;
use crate::world::World;

/// Which charters a county has in a story.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Charters {
    /// One, from beginning to end.
    Usual,
    /// Another, which trusts the village of the story no more.
    Revoking,
    /// Another, which is wrong, and one that takes it back.
    WrongAndBack,
    /// Another, which lists the village of the story; the first do not.
    Onboarding,
}

/// What people write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Matter {
    /// What somebody saw in their grid.
    Report,
    /// A dispute that is mediated.
    Dispute,
    /// What goes down to others.
    Notice,
    /// What goes back to those who sent a notice.
    Reply,
}

/// The facets of each matter.
#[derive(Clone, Debug, Default)]
pub struct Matters {
    report: Vec<Name>,
    dispute: Vec<Name>,
    notice: Vec<Name>,
}

/// A county as it is founded.
pub(super) struct County {
    /// Who lies where.
    pub(super) places: Places,
    /// What new nodes are given.
    pub(super) founding: Vec<Edition>,
    /// What reviewers sign later, in this order.
    pub(super) later: Vec<Edition>,
    /// What people write.
    pub(super) matters: Matters,
    family: Arc<Family>,
}

impl County {
    /// Who a node is.
    pub(super) fn identity(&self, node: NodeId) -> Identity {
        Identity { node, key: self.family.key(node), epoch: Epoch(1) }
    }

    /// What a new node is given.
    pub(super) fn given(&self, editions: &[Edition]) -> Vec<(CharterVersion, Vec<u8>)> {
        let given = editions.iter();
        given.map(|edition| (edition.version, edition.bundle.clone())).collect()
    }
}

/// The village that something befalls in a story.
pub fn village_of_the_story(places: &Places) -> NodeId {
    let villages = places.villages();
    villages.get(villages.len() / 2).copied().unwrap_or_else(|| places.county())
}

/// Founds a county. All nodes run, and no line is up.
pub(super) fn found(charters: Charters, options: &Options, shelf: &Shelf) -> (County, World, Truth) {
    let places = Places::new(options.nodes);
    let family = shelf.family(options.seed % FAMILIES, places.nodes());
    let village = village_of_the_story(&places);
    let (v1, v2) = (family.v1.clone(), family.v2.clone());
    let (founding, later) = match charters {
        Charters::Usual => (vec![v1], Vec::new()),
        Charters::Revoking => (vec![v1, v2], vec![family.v3_revoking(village)]),
        Charters::WrongAndBack => (vec![v1], vec![v2, family.v3_taking_back()]),
        Charters::Onboarding => {
            let [without, still_without, with] = family.onboarding(village);
            (vec![without, still_without], vec![with])
        }
    };
    let mut truth = Truth::default();
    for edition in founding.iter().chain(&later) {
        truth.add_edition(edition.digest, edition.version, edition.table.clone());
    }
    let mut world = World::new(options.seed, Box::new(shelf.clone()));
    world.redials = true;
    let mut county = County { places, founding, later, matters: Matters::default(), family };
    let given = county.given(&county.founding);
    let newcomer = (charters == Charters::Onboarding).then_some(village);
    for node in county.places.nodes().iter().filter(|node| Some(**node) != newcomer) {
        if let Err(why) = world.add(county.identity(*node), &given) {
            world.tell(*node, why);
        }
    }
    if let (Some(state), Some(edition)) = (world.node(county.places.county()), county.founding.last())
    {
        let kinds = state.engine.charter().kinds();
        county.matters = Matters::of(kinds, &edition.table, &county.places);
    }
    (county, world, truth)
}

impl Matters {
    /// The facets of a matter.
    pub(super) fn facets(&self, matter: Matter) -> &[Name] {
        match matter {
            Matter::Report => &self.report,
            Matter::Dispute => &self.dispute,
            Matter::Notice | Matter::Reply => &self.notice,
        }
    }

    /// Drawn charters call their kinds anything: what goes up the furthest is taken for reports,
    /// what goes down the furthest for notices, and the rest for disputes.
    fn of(kinds: &Kinds, table: &Permissions, places: &Places) -> Self {
        let village = places.villages().last().copied().unwrap_or_else(|| places.county());
        let mut of_kinds: Vec<Vec<Name>> = Vec::new();
        for kind in kinds.iter() {
            of_kinds.push(kind.facets.iter().map(|facet| facet.name).collect());
        }
        let reach = |facets: &[Name], home: NodeId| {
            let declared = facets.iter().filter_map(|name| kinds.facet(*name));
            let labels = declared.filter_map(|(_, facet)| {
                let (sensitivity, level) = (facet.sensitivities.first()?, facet.levels.first()?);
                Some(label(facet.name, home, Grade { sensitivity: *sensitivity, level: *level }))
            });
            labels.map(|label| table.audience(&label).len()).sum::<usize>()
        };
        of_kinds.sort_by_key(|facets| reach(facets, places.county()));
        let notice = of_kinds.pop().unwrap_or_default();
        of_kinds.sort_by_key(|facets| reach(facets, village));
        let report = of_kinds.pop().unwrap_or_else(|| notice.clone());
        let dispute = of_kinds.pop().unwrap_or_else(|| report.clone());
        Self { report, dispute, notice }
    }
}

fn label(facet: Name, home: NodeId, grade: Grade) -> Label {
    FacetId { record: Canary::record(0, 0), facet, home, addressee: home }.label(grade)
}
