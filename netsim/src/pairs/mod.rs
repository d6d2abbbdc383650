//! Non-interference, by comparing: the same seed twice, in two worlds that differ in nothing but
//! something that one node, the observer, may not know. What the observer sees must be the same, to
//! the byte and to the millisecond. This judges what looking cannot: a fingerprint, a count, an
//! order or a moment that depends on what it must not.
//!
//! * [`scene`]: who takes part, by which charters, and what is hidden from the observer, by the
//!   tables that Cedar never saw.
//! * [`script`]: what happens in both worlds.
//! * [`variation`]: what happens in one of them, or otherwise in each.
//! * [`play`]: lets it happen, and [`observation`] writes down what the observer sees.
//! * [`permitted`]: the differences that are permitted, each with its reason.
//! * [`batch`]: many seeds.

pub mod batch;
pub mod observation;
pub mod permitted;
pub mod play;
pub mod scene;
pub mod script;
pub mod variation;

use crdt_model::label::FacetId;

use crate::charters::Shelf;
use observation::{Difference, first_difference};
use permitted::Case;
use play::Played;
use scene::Scene;
use script::Step;
use variation::{VARIATIONS, Variation};

/// Scenes drawn until one has room for the variation that is due.
const TRIES: u64 = 40;

/// Two worlds that differ in one thing.
pub struct Pair {
    /// Who takes part, and who observes.
    pub scene: Scene,
    /// The facet that is hidden, in the first of the two.
    pub hidden: FacetId,
    /// In what they differ.
    pub variation: Variation,
    /// What happens in the one and in the other.
    pub scripts: [Vec<Step>; 2],
    /// In words, what differs.
    pub words: String,
}

/// How a pair went.
pub struct Outcome {
    /// Its seed.
    pub seed: u64,
    /// In what the two differed.
    pub variation: Variation,
    /// That, in words.
    pub words: String,
    /// Things the observer saw in the first world.
    pub seen: usize,
    /// Whether the hidden thing came to a node that the observer has a line with.
    pub near: bool,
    /// The first difference, if there was one.
    pub difference: Option<Difference>,
    /// Which entry of the list permits it.
    pub permitted: Option<&'static str>,
    /// What took effect in both worlds.
    pub counters: crate::counters::Counters,
}

impl Pair {
    /// The pair of a seed. The variation goes by the seed; where the scene has no room for it, other
    /// observers are drawn, and then another variation is taken.
    pub fn draw(seed: u64, nodes: usize, shelf: &Shelf) -> Result<Self, String> {
        let due = (seed % VARIATIONS.len() as u64) as usize;
        for turn in 0..VARIATIONS.len() {
            let variation = VARIATIONS[(due + turn) % VARIATIONS.len()];
            for attempt in 0..TRIES {
                let scene = Scene::draw(seed, attempt, nodes, shelf)?;
                if let Some(pair) = variation.pair(scene) {
                    return Ok(pair);
                }
            }
        }
        Err("no scene has room for any variation".to_owned())
    }

    /// Plays both worlds.
    pub fn play(&self, shelf: &Shelf) -> Result<[Played; 2], String> {
        let [one, other] = &self.scripts;
        let play = |script| play::play(&self.scene, &self.hidden, script, shelf);
        Ok([play(one)?, play(other)?])
    }

    /// Plays both worlds and compares what the observer saw.
    pub fn run(&self, shelf: &Shelf) -> Result<Outcome, String> {
        let played = self.play(shelf)?;
        let [one, other] = &played;
        let difference = first_difference(&one.entries, &other.entries);
        let permitted = difference.as_ref().and_then(|difference| {
            let case = Case {
                pair: self,
                one,
                other,
                difference,
            };
            permitted::permits(&case)
        });
        let mut counters = one.counters.clone();
        counters.merge(&other.counters);
        Ok(Outcome {
            seed: self.scene.seed,
            variation: self.variation,
            words: self.words.clone(),
            seen: one.entries.len(),
            near: self.variation.came_near(&played),
            difference,
            permitted: permitted.map(|entry| entry.id),
            counters,
        })
    }
}
