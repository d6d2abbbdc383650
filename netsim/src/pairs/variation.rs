//! In what the two worlds of a pair differ.

use crdt_model::ids::NodeId;

use super::Pair;
use super::play::Played;
use super::scene::{Place, Scene};
use super::script::{Act, Drawing, GREETING_MS, Step, begin, change, in_order, text, write};
use crate::seed::Seed;

/// What the observer may not know.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Variation {
    /// What a hidden facet says.
    Value,
    /// How much it says.
    Length,
    /// Whether it is there.
    Existence,
    /// How often it is written.
    Edits,
    /// Who writes it.
    Author,
    /// When it is written.
    Time,
    /// What its author's clock shows.
    Clock,
    /// Whom it is meant for.
    Addressee,
    /// Whether a node runs with which the observer shares nothing.
    Presence,
    /// Whether it is written at two places at once.
    Conflict,
    /// Whether a neighbour's copy is damaged.
    Rot,
    /// Whether a neighbour refused somebody's commit.
    Trespass,
    /// Whether a neighbour had a facet to drop when the charter changed.
    Drop,
}

/// All of them.
pub const VARIATIONS: [Variation; 13] = [
    Variation::Value,
    Variation::Length,
    Variation::Existence,
    Variation::Edits,
    Variation::Author,
    Variation::Time,
    Variation::Clock,
    Variation::Addressee,
    Variation::Presence,
    Variation::Conflict,
    Variation::Rot,
    Variation::Trespass,
    Variation::Drop,
];

/// Places drawn until one will do.
const TRIES: usize = 300;
/// Milliseconds in which what a node writes comes to all who may hold it.
const SPREAD_MS: u64 = 400;

/// What differs, drawn.
struct Differs {
    place: Place,
    /// A node that takes part in nothing else.
    aside: Option<NodeId>,
    /// Another node that has to do with it.
    with: Option<NodeId>,
    /// Whom else it may be meant for.
    addressee: NodeId,
}

impl Variation {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Value => "hidden value",
            Self::Length => "hidden length",
            Self::Existence => "hidden existence",
            Self::Edits => "hidden number of edits",
            Self::Author => "hidden author",
            Self::Time => "hidden time",
            Self::Clock => "hidden author's clock",
            Self::Addressee => "hidden addressee",
            Self::Presence => "another node's presence",
            Self::Conflict => "hidden conflict",
            Self::Rot => "hidden damage",
            Self::Trespass => "hidden refusal",
            Self::Drop => "hidden facet dropped",
        }
    }

    /// A pair of this scene that differs in this; `None` where the scene has no room for it.
    pub fn pair(self, mut scene: Scene) -> Option<Pair> {
        match self {
            Self::Drop => scene.versions = scene.versions.max(2),
            // Charters come by any node, and everybody may hold them.
            Self::Presence => scene.versions = 1,
            _ => {}
        }
        let mut chance = scene.chance(self.name());
        let differs = self.differs(&scene, &mut chance)?;
        let (common, end_ms) = Drawing::draw(&scene, differs.place, differs.aside);
        let until_ms = match self {
            // What is to be dropped must be there before.
            Self::Drop => 3 * GREETING_MS,
            _ => end_ms.saturating_sub(4 * SPREAD_MS).max(GREETING_MS),
        };
        let at_ms = match chance.percent(60) && self != Self::Drop {
            true => beside(&common, differs.place.facet.home, until_ms, &mut chance),
            false => chance.between(GREETING_MS, until_ms),
        };
        let scripts = self.steps(&scene, &differs, at_ms, &mut chance);
        let words = format!(
            "{} of {} at {}, {:?}; observer {}",
            self.name(),
            differs.place.facet.record,
            differs.place.label(),
            differs.with.map(|node| node.to_string()),
            scene.observer
        );
        let scripts = scripts.map(|own| in_order(common.iter().cloned().chain(own).collect()));
        Some(Pair {
            scene,
            variation: self,
            hidden: differs.place.facet,
            scripts,
            words,
        })
    }

    /// Whether what differs reached a node that the observer has a line with.
    pub fn came_near(self, [one, other]: &[Played; 2]) -> bool {
        match self {
            Self::Value | Self::Length | Self::Author | Self::Clock => one.near,
            Self::Rot => one.counters != other.counters,
            _ => one.hidden != other.hidden,
        }
    }

    fn differs(self, scene: &Scene, chance: &mut Seed) -> Option<Differs> {
        let strangers = scene.strangers();
        let homes: Vec<_> = match self {
            // Which townships run is known to everybody: they sign the log of charters.
            Self::Presence => {
                let villages = strangers.iter().copied();
                villages
                    .filter(|node| node.township() != Some(*node))
                    .collect()
            }
            _ => scene
                .nodes
                .iter()
                .copied()
                .filter(|node| *node != scene.observer)
                .collect(),
        };
        let mut far = None;
        for _ in 0..TRIES {
            let Some(place) = scene.place(chance, 0, &homes) else {
                continue;
            };
            if !scene.hides(&place.label()) {
                continue;
            }
            let Some(differs) = self.around(scene, place, chance) else {
                continue;
            };
            if scene.is_near(&place.label()) {
                return Some(differs);
            }
            far = Some(differs);
        }
        // Better far from the observer than not at all.
        far.filter(|_| chance.percent(50))
    }

    /// What else it needs, if there is that.
    fn around(self, scene: &Scene, place: Place, chance: &mut Seed) -> Option<Differs> {
        let label = place.label();
        let others = |may: &dyn Fn(NodeId) -> bool| {
            let fits =
                |node: &NodeId| *node != place.facet.home && *node != scene.observer && may(*node);
            scene.nodes.iter().copied().filter(fits).collect::<Vec<_>>()
        };
        let near = |node: NodeId| scene.neighbours.contains(&node);
        let mut differs = Differs {
            place,
            aside: None,
            with: None,
            addressee: place.facet.addressee,
        };
        match self {
            Self::Author | Self::Conflict => {
                let writers = others(&|node| scene.may_write(&label, node));
                differs.with = Some(*chance.pick(&writers)?);
            }
            Self::Addressee => {
                let addressee = *chance.pick(&scene.nodes)?;
                let facet = crdt_model::label::FacetId {
                    addressee,
                    ..place.facet
                };
                let other = Place { facet, ..place };
                let fits = addressee != place.facet.addressee
                    && scene.may_write(&other.label(), facet.home)
                    && scene.hides(&other.label());
                differs.addressee = fits.then_some(addressee)?;
            }
            Self::Presence => differs.aside = Some(place.facet.home),
            Self::Rot => {
                let holders = others(&|node| near(node) && scene.may_hold(&label, node));
                differs.with = Some(*chance.pick(&holders)?);
            }
            Self::Trespass => {
                let linked = |node: NodeId| scene.linked(node).into_iter().any(near);
                let trespassers = others(&|node| linked(node) && !scene.may_write(&label, node));
                differs.with = Some(*chance.pick(&trespassers)?);
            }
            Self::Drop => {
                let dropped = scene.neighbours.iter().filter(|node| {
                    let last = scene.editions().last();
                    let holds = last.is_none_or(|last| last.table.holds(&label, **node));
                    scene.may_hold(&label, **node) && !holds && **node != place.facet.home
                });
                dropped.count().checked_sub(1)?;
            }
            _ => {}
        }
        Some(differs)
    }

    fn steps(
        self,
        scene: &Scene,
        differs: &Differs,
        at_ms: u64,
        chance: &mut Seed,
    ) -> [Vec<Step>; 2] {
        let length = 60 + chance.below(200);
        let longer = length + 1 + chance.below(1_500);
        let later = at_ms + SPREAD_MS + chance.between(0, 2 * SPREAD_MS);
        let hidden = Hidden {
            scene,
            differs,
            at_ms,
            later,
            length,
        };
        let home = differs.place.facet.home;
        let first = hidden.first("hidden", length);
        let mut plain = vec![first.clone()];
        for number in 0..chance.below(3) as u64 {
            plain.push(hidden.edit(later + 11 * number, home, &format!("more {number}")));
        }
        let instead = |other: Step| {
            let more = plain.iter().skip(1).cloned();
            [other].into_iter().chain(more).collect()
        };
        match self {
            Self::Value => [plain.clone(), instead(hidden.first("hidden too", length))],
            Self::Length => [plain.clone(), instead(hidden.first("hidden", longer))],
            Self::Existence | Self::Drop => [plain, Vec::new()],
            Self::Edits => {
                let edits = 1 + chance.below(6) as u64;
                let each =
                    |number| hidden.edit(later + 40 + 7 * number, home, &format!("edit {number}"));
                [plain.clone(), and(plain, (0..edits).map(each))]
            }
            Self::Time => {
                let by = chance.between(1, 900);
                [plain.clone(), shifted(plain, by)]
            }
            Self::Clock => {
                let by = chance.between(1, 48 * 3_600_000) as i64;
                [plain.clone(), with_clock(plain, by)]
            }
            Self::Rot | Self::Trespass => {
                let step = self.harm(&hidden, chance);
                [plain.clone(), and(plain, [step])]
            }
            Self::Author | Self::Addressee | Self::Presence | Self::Conflict => {
                self.others(&hidden, first)
            }
        }
    }

    /// What differs in who has to do with the facet.
    fn others(self, hidden: &Hidden<'_>, first: Step) -> [Vec<Step>; 2] {
        let (place, home, later) = (
            hidden.differs.place,
            hidden.differs.place.facet.home,
            hidden.later,
        );
        let with = hidden.differs.with.unwrap_or(home);
        let edited = vec![first.clone(), hidden.edit(later, home, "edited")];
        let other = match self {
            Self::Author => vec![first, hidden.edit(later, with, "edited")],
            Self::Addressee => {
                let facet = crdt_model::label::FacetId {
                    addressee: hidden.differs.addressee,
                    ..place.facet
                };
                let other = Place { facet, ..place };
                let said = text(hidden.scene.seed, "hidden", hidden.length);
                return [
                    vec![first],
                    vec![write(hidden.at_ms, home, begin(&other, said))],
                ];
            }
            Self::Presence => vec![Step {
                at_ms: 0,
                act: Act::Away(home),
            }],
            _ => and(edited.clone(), [hidden.edit(later, with, "otherwise")]),
        };
        [edited, other]
    }

    /// Damage to the facet, or a commit on it that is refused.
    fn harm(self, hidden: &Hidden<'_>, chance: &mut Seed) -> Step {
        let (place, scene) = (hidden.differs.place, hidden.scene);
        let with = hidden.differs.with.unwrap_or(place.facet.home);
        if self == Self::Rot {
            let act = Act::Rot { node: with, place };
            let at_ms = hidden.later + SPREAD_MS;
            return Step { at_ms, act };
        }
        let near = |node: &NodeId| scene.neighbours.contains(node);
        let peers: Vec<_> = scene.linked(with).into_iter().filter(near).collect();
        let act = Act::Trespass {
            from: with,
            to: *chance.pick(&peers).unwrap_or(&place.facet.home),
            place,
        };
        let at_ms = hidden.later;
        Step { at_ms, act }
    }
}

/// The facet that is hidden, and when it is written.
struct Hidden<'a> {
    scene: &'a Scene,
    differs: &'a Differs,
    at_ms: u64,
    later: u64,
    length: usize,
}

impl Hidden<'_> {
    fn first(&self, what: &str, length: usize) -> Step {
        let place = self.differs.place;
        let said = text(self.scene.seed, what, length);
        write(self.at_ms, place.facet.home, begin(&place, said))
    }

    fn edit(&self, at_ms: u64, node: NodeId, what: &str) -> Step {
        let said = text(self.scene.seed, what, self.length);
        write(at_ms, node, change(&self.differs.place, said))
    }
}

fn and(steps: Vec<Step>, more: impl IntoIterator<Item = Step>) -> Vec<Step> {
    steps.into_iter().chain(more).collect()
}

/// A moment close to one in which something is written or asked, so that the two get in each other's
/// way if they can.
fn beside(common: &[Step], home: NodeId, until_ms: u64, chance: &mut Seed) -> u64 {
    let busy = |step: &&Step| {
        matches!(
            step.act,
            Act::Write { .. } | Act::Probe { .. } | Act::Offer(..)
        ) && step.at_ms < until_ms
    };
    let own = |step: &&Step| matches!(step.act, Act::Write { node, .. } if node == home);
    let busy: Vec<_> = common.iter().filter(busy).collect();
    let own: Vec<_> = busy.iter().copied().filter(own).collect();
    let from = if own.is_empty() || chance.percent(30) {
        busy
    } else {
        own
    };
    let at_ms = chance.pick(&from).map_or(until_ms, |step| step.at_ms);
    (at_ms + chance.between(0, 16))
        .saturating_sub(12)
        .max(GREETING_MS)
}

fn shifted(steps: Vec<Step>, by_ms: u64) -> Vec<Step> {
    let shift = |step: Step| Step {
        at_ms: step.at_ms + by_ms,
        ..step
    };
    steps.into_iter().map(shift).collect()
}

fn with_clock(mut steps: Vec<Step>, by_ms: i64) -> Vec<Step> {
    for step in &mut steps {
        if let Act::Write { wall_ahead_ms, .. } = &mut step.act {
            *wall_ahead_ms = by_ms;
        }
    }
    steps
}
