//! A part of Linze County whose nodes watch their time limits, as running nodes do.

use std::collections::BTreeMap;

use crdt_model::document::Document;
use crdt_model::draft::Draft;
use crdt_model::due::{Act, Due, Entry};
use crdt_model::engine::WriteRefused;
use crdt_model::ids::{CommitHash, NodeId};
use crdt_model::kind::clocks::Standing;
use crdt_model::label::{FacetId, Grade};
use crdt_model::replica;
use crdt_model::time::WallTime;
use crdt_model::value::Value;
use netsim::charters::Shelf;
use netsim::stage::Stage;
use netsim::world::{Happening, World};

pub(crate) const HOUR_MS: u64 = 3_600_000;
/// How long ago townships may have confirmed the time for a node to act on it by itself.
const CONFIRMED_WITHIN_MS: u64 = 48 * HOUR_MS;

/// See the module.
pub(crate) struct County {
    stage: Stage,
    pub(crate) world: World,
    pub(crate) county: NodeId,
    pub(crate) township: NodeId,
    pub(crate) village: NodeId,
    limits: BTreeMap<NodeId, Due>,
    records: u64,
}

/// A moment of Beijing time in 2026.
pub(crate) fn beijing(month: u64, day: u64, hour: u64) -> WallTime {
    const DAYS_BEFORE: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    const DAYS_TO_2026: u64 = 20_454;
    let days = DAYS_TO_2026 + DAYS_BEFORE[month as usize - 1] + day - 1;
    WallTime::from_ms((days * 24 + hour - 8) * HOUR_MS)
}

pub(crate) fn text(text: &str) -> Option<Value> {
    Some(Value::Text(text.to_owned()))
}

pub(crate) fn time(at: WallTime) -> Option<Value> {
    Some(Value::Integer(
        i64::try_from(at.ms).expect("a time of ours"),
    ))
}

impl County {
    /// All nodes in touch at this moment.
    pub(crate) fn at(begin: WallTime) -> Self {
        let shelf = Shelf::default();
        let stage = Stage::linze(10, &shelf);
        let mut world = World::new(7, Box::new(shelf));
        world.begin_at(begin);
        world.redials = true;
        for node in stage.places.nodes() {
            let added = world.add(stage.identity(*node), &stage.founding());
            added.expect("a node");
        }
        world.connect_all();
        let (county, townships) = (stage.places.county(), stage.places.townships());
        let (township, village) = (townships[0], stage.places.villages_of(townships[0])[0]);
        let mut all = Self {
            stage,
            world,
            county,
            township,
            village,
            limits: BTreeMap::new(),
            records: 0,
        };
        all.pass_ms(60_000);
        all
    }

    /// Brings the county a second charter, in which one text of one file is another.
    pub(crate) fn offer_with(&mut self, path: &str, from: &str, to: &str) {
        let linze = self.stage.of_linze().expect("it plays on Linze's charters");
        let edition = linze.with_text(&linze.v1, path, from, to);
        let offered = self.world.offer(self.county, &edition.bundle);
        offered.expect("it is the next version");
    }

    /// The version of the charter at a node.
    pub(crate) fn version(&self, node: NodeId) -> u64 {
        let state = self.world.node(node).expect("it runs");
        state.engine.charter().version().0
    }

    /// Takes all lines of a node down, until they are healed.
    pub(crate) fn cut_off(&mut self, node: NodeId) {
        for peer in self.stage.places.linked(node) {
            self.world.block(node, peer);
        }
    }

    /// A facet of a new record of the village.
    pub(crate) fn new_facet(&mut self, facet: &str) -> FacetId {
        self.records += 1;
        FacetId {
            record: netsim::secrecy::Canary::record(7, self.records),
            facet: facet.parse().expect("a name"),
            home: self.village,
            addressee: self.village,
        }
    }

    /// Registers a dispute in the village, with what it is about, and accepts it.
    pub(crate) fn accepted_case(&mut self) -> FacetId {
        let case = self.new_facet("case.summary");
        let now = self.world.wall();
        let summary = [
            ("category", text("water")),
            ("channel", text("grid")),
            ("step", text("registered")),
            ("registered-time", time(now)),
        ];
        let narrative = [("text", text("虚构：两户对轮灌次序有争执。"))];
        let village = self.village;
        let drafts = vec![
            draft(case, &summary),
            draft(part(case, "case.narrative"), &narrative),
        ];
        self.world.write(village, drafts).expect("registered");
        self.set(village, case, &[("step", text("accepted"))])
            .expect("accepted");
        case
    }

    /// Writes fields of a facet at a node.
    pub(crate) fn set(
        &mut self,
        node: NodeId,
        facet: FacetId,
        fields: &[(&str, Option<Value>)],
    ) -> Result<Vec<CommitHash>, WriteRefused> {
        self.world.write(node, vec![draft(facet, fields)])
    }

    /// Lets time pass, in steps of an hour; nodes act on their time limits as they do in life.
    pub(crate) fn pass_hours(&mut self, hours: u64) {
        for _ in 0..hours {
            self.pass_ms(HOUR_MS);
        }
    }

    /// Lets time pass until a moment.
    pub(crate) fn pass_until(&mut self, moment: WallTime) {
        while self.world.wall() < moment {
            let left_ms = moment.ms - self.world.wall().ms;
            self.pass_ms(left_ms.min(HOUR_MS));
        }
    }

    pub(crate) fn pass_ms(&mut self, ms: u64) {
        self.world.run_ms(ms);
        self.look();
        let nodes: Vec<NodeId> = self.world.nodes().map(|(node, _)| node).collect();
        for node in nodes {
            let Some(state) = self.world.node(node) else {
                continue;
            };
            let wall = state.engine.floored(state.wall(&self.world));
            if !state.engine.confirms(wall, CONFIRMED_WITHIN_MS) {
                continue;
            }
            let charter = state.engine.charter().clone();
            let due = self.limits.entry(node).or_default();
            let acts = due.acts(node, &*charter, wall, &state.store);
            for act in acts.expect("its store can be read") {
                let (Act::Step(draft) | Act::Letter(draft) | Act::Receipt(draft)) = act;
                // A refusal is seen in what does not follow.
                let _ = self.world.write(node, vec![draft]);
            }
        }
        self.look();
    }

    /// Keeps the time limits up with what has arrived.
    fn look(&mut self) {
        for (node, happening) in std::mem::take(&mut self.world.happenings) {
            let Happening::Changed { facet, .. } = happening else {
                continue;
            };
            if let Some(state) = self.world.node(node) {
                let held = replica::held(&state.store, &facet).expect("a facet");
                let due = self.limits.entry(node).or_default();
                match held {
                    Some(held) => due.look(&held, state.engine.charter().kinds()),
                    None => due.forget(&facet),
                }
            }
        }
    }

    /// Forgets what runs at a node and finds it again, as a node does that is started.
    pub(crate) fn start_anew(&mut self, node: NodeId) {
        let state = self.world.node(node).expect("it runs");
        let mut due = Due::default();
        let all = replica::facets_after(&state.store, None, usize::MAX);
        for (facet, _) in all.expect("its store can be read") {
            let held = replica::held(&state.store, &facet).expect("a facet");
            let held = held.expect("it is held");
            due.look(&held, state.engine.charter().kinds());
        }
        self.limits.insert(node, due);
    }

    /// The letters that a node holds.
    pub(crate) fn letters(&self, node: NodeId) -> Vec<FacetId> {
        let state = self.world.node(node).expect("it runs");
        let all = replica::facets_after(&state.store, None, usize::MAX);
        let all = all.expect("its store can be read").into_iter();
        let all = all.map(|(facet, _)| facet);
        all.filter(|facet| self.words(node, *facet, "kind") == ["letter"])
            .collect()
    }

    /// What a clock says at a node about a facet.
    pub(crate) fn clock(&self, node: NodeId, facet: FacetId, clock: &str) -> Option<Entry> {
        let entries = self.limits.get(&node)?.entries();
        let mut found = entries.filter(|(of, one)| **of == facet && one.clock.as_str() == clock);
        found.next().map(|(_, entry)| entry.clone())
    }

    /// How a clock stands at a node, by that node's own clock.
    pub(crate) fn standing(&self, node: NodeId, facet: FacetId, clock: &str) -> Option<Standing> {
        let entry = self.clock(node, facet, clock)?;
        let state = self.world.node(node)?;
        let kinds = state.engine.charter().kinds();
        let (clock, _) = crdt_model::due::clock_of(kinds, facet.facet, entry.clock)?;
        Some(clock.standing(entry.span, state.engine.floored(state.wall(&self.world))))
    }

    /// The grade of a facet of the village's, at another level.
    pub(crate) fn grade(&self, facet: FacetId, level: &str) -> Grade {
        let state = self.world.node(self.village).expect("it runs");
        let entry = replica::facet_entry(&state.store, &facet).expect("an entry");
        Grade {
            level: level.parse().expect("a name"),
            ..entry.expect("it is held").grade
        }
    }

    /// The words that a field has at a node.
    pub(crate) fn words(&self, node: NodeId, facet: FacetId, field: &str) -> Vec<String> {
        let document = self.document(node, facet).unwrap_or_default();
        let values = document.values(field).iter();
        let words = values.filter_map(|one| one.value.word());
        words.map(|word| word.to_string()).collect()
    }

    pub(crate) fn document(&self, node: NodeId, facet: FacetId) -> Option<Document> {
        self.world.document(node, &facet)
    }
}

/// Another facet of the same record.
pub(crate) fn part(of: FacetId, facet: &str) -> FacetId {
    FacetId {
        facet: facet.parse().expect("a name"),
        ..of
    }
}

pub(crate) fn draft(facet: FacetId, fields: &[(&str, Option<Value>)]) -> Draft {
    let fields = fields
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.clone()));
    Draft {
        facet,
        grade: None,
        fields: fields.collect(),
    }
}
