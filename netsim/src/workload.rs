//! What people write: invented records of every kind that the charter in force has, at nodes that
//! may write them. Every text is a canary.

use std::collections::BTreeMap;

use crdt_model::draft::Draft;
use crdt_model::ids::{Name, NodeId};
use crdt_model::kind::steps::Steps;
use crdt_model::kind::{Facet, Field, FieldType, Kinds};
use crdt_model::label::{FacetId, Grade};
use crdt_model::replica;
use crdt_model::value::Value;

use crate::secrecy::Canary;
use crate::seed::Seed;
use crate::world::World;
use crate::world::node::Node;

/// Facets that are written again, at most: the latest ones.
const REMEMBERED: usize = 400;
/// Records in a hundred of the highest sensitivity: complaints about a township, devices kept at home.
const DELICATE_PERCENT: usize = 3;
/// Nodes and facets tried before a step is let go.
const TRIES: usize = 12;

/// See the module.
pub struct Workload {
    seed: u64,
    chance: Seed,
    texts: u64,
    records: u64,
    facets: Vec<FacetId>,
}

/// What one write is to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Intent {
    /// A new record.
    New,
    /// A change of a record that a node holds.
    Change,
    /// A record handed up, or marked.
    Regrade,
}

impl Workload {
    /// The work of one seed.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            chance: Seed::split(seed, "work", &[]),
            texts: 0,
            records: 0,
            facets: Vec::new(),
        }
    }

    /// Facets that have been written, the latest last.
    pub fn facets(&self) -> &[FacetId] {
        &self.facets
    }

    /// Something that one of these nodes may write; `None` if nothing was found.
    pub fn next(&mut self, world: &World, nodes: &[NodeId]) -> Option<(NodeId, Draft)> {
        let intent = match self.chance.below(100) {
            0..40 => Intent::New,
            40..85 => Intent::Change,
            _ => Intent::Regrade,
        };
        self.draw(world, nodes, intent)
    }

    /// Something of one sort.
    pub fn draw(
        &mut self,
        world: &World,
        nodes: &[NodeId],
        intent: Intent,
    ) -> Option<(NodeId, Draft)> {
        for _ in 0..TRIES {
            let node = *self.chance.pick(nodes)?;
            let Some(state) = world.node(node) else {
                continue;
            };
            let drawn = match intent {
                Intent::New => self.fresh(state, node),
                Intent::Change | Intent::Regrade if self.facets.is_empty() => {
                    self.fresh(state, node)
                }
                Intent::Change => self.change(state, node),
                Intent::Regrade => self.regrade(state, node),
            };
            if let Some(draft) = drawn {
                return Some((node, draft));
            }
        }
        None
    }

    /// A new record at home, of any facet that home may begin.
    pub fn fresh(&mut self, state: &Node, node: NodeId) -> Option<Draft> {
        let charter = state.engine.charter();
        let facets: Vec<_> = charter
            .kinds()
            .iter()
            .flat_map(|kind| &kind.facets)
            .collect();
        let declared = *self.chance.pick(&facets)?;
        self.records += 1;
        let addressee = match declared.addressed && self.chance.percent(60) {
            true => self.chance.pick(charter.roster().members())?.node,
            false => node,
        };
        let facet = FacetId {
            record: Canary::record(self.seed, self.records),
            facet: declared.name,
            home: node,
            addressee,
        };
        let grade = Grade {
            sensitivity: *self.first_mostly(&declared.sensitivities)?,
            level: *self.first_mostly(&declared.levels)?,
        };
        if !charter.author(&facet.label(grade), node).allowed {
            return None;
        }
        self.remember(facet);
        let fields = self.fields(charter.kinds(), declared);
        Some(Draft {
            facet,
            grade: Some(grade),
            fields,
        })
    }

    /// A new record at home of these facets, as far as home may begin them at the lowest level: one
    /// draft for each.
    pub fn record(
        &mut self,
        state: &Node,
        node: NodeId,
        facets: &[Name],
        addressee: NodeId,
    ) -> Vec<Draft> {
        let charter = state.engine.charter();
        let kinds = charter.kinds();
        self.records += 1;
        let record = Canary::record(self.seed, self.records);
        let delicate = self.chance.percent(DELICATE_PERCENT);
        let mut drafts = Vec::new();
        for (_, declared) in facets.iter().filter_map(|name| kinds.facet(*name)) {
            let words = &declared.sensitivities;
            let sensitivity = if delicate {
                words.last()
            } else {
                words.first()
            };
            let (Some(sensitivity), Some(level)) = (sensitivity, declared.levels.first()) else {
                continue;
            };
            let grade = Grade {
                sensitivity: *sensitivity,
                level: *level,
            };
            let facet = FacetId {
                record,
                facet: declared.name,
                home: node,
                addressee: if declared.addressed { addressee } else { node },
            };
            if charter.author(&facet.label(grade), node).allowed {
                self.remember(facet);
                let fields = self.fields(kinds, declared);
                drafts.push(Draft {
                    facet,
                    grade: Some(grade),
                    fields,
                });
            }
        }
        drafts
    }

    /// Something more on a record of a node's own, or of one below it, that it holds.
    pub fn amend(&mut self, state: &Node, node: NodeId) -> Option<Draft> {
        let near = |home: NodeId| home == node || home.parent() == Some(node);
        let facets = self.facets.iter().filter(|facet| near(facet.home));
        let facets: Vec<_> = facets.copied().collect();
        (0..TRIES).find_map(|_| {
            let facet = *self.chance.pick(&facets)?;
            self.change_of(state, node, facet)
        })
    }

    /// A record of a node's own, all its facets handed up by one level.
    pub fn hand_up(&mut self, state: &Node, node: NodeId) -> Vec<Draft> {
        let own: Vec<_> = self
            .facets
            .iter()
            .filter(|facet| facet.home == node)
            .collect();
        let Some(record) = self.chance.pick(&own).map(|facet| facet.record) else {
            return Vec::new();
        };
        let of_record = own.into_iter().filter(|facet| facet.record == record);
        of_record
            .filter_map(|facet| handed_up(state, node, *facet))
            .collect()
    }

    fn remember(&mut self, facet: FacetId) {
        if self.facets.len() >= REMEMBERED {
            self.facets.remove(0);
        }
        self.facets.push(facet);
    }

    /// Every field that a new facet must have, and one more.
    fn fields(&mut self, kinds: &Kinds, declared: &Facet) -> BTreeMap<String, Option<Value>> {
        let mut fields = BTreeMap::new();
        for field in declared.fields.iter().filter(|field| field.required) {
            fields.insert(
                field.name.as_str().to_owned(),
                Some(self.value(kinds, declared, field)),
            );
        }
        if let Some((key, value)) = self.field(kinds, declared) {
            fields.insert(key, Some(value));
        }
        fields
    }

    fn first_mostly<'a>(&mut self, words: &'a [Name]) -> Option<&'a Name> {
        match self.chance.percent(70) {
            true => words.first(),
            false => self.chance.pick(words),
        }
    }

    fn held(&mut self, state: &Node) -> Option<(FacetId, Grade)> {
        let facet = *self.chance.pick(&self.facets)?;
        let entry = replica::facet_entry(&state.store, &facet).ok()??;
        Some((facet, entry.grade))
    }

    fn change(&mut self, state: &Node, node: NodeId) -> Option<Draft> {
        let (facet, _) = self.held(state)?;
        self.change_of(state, node, facet)
    }

    fn change_of(&mut self, state: &Node, node: NodeId, facet: FacetId) -> Option<Draft> {
        let grade = replica::facet_entry(&state.store, &facet).ok()??.grade;
        let charter = state.engine.charter();
        if !charter.author(&facet.label(grade), node).allowed {
            return None;
        }
        let (_, declared) = charter.kinds().facet(facet.facet)?;
        let (key, value) = self.field(charter.kinds(), declared)?;
        let steps = declared.steps.as_ref();
        let fields = match steps.filter(|steps| steps.field.as_str() == key) {
            Some(steps) => self.step(state, node, &facet, declared, steps)?,
            None => [(key, Some(value))].into(),
        };
        Some(Draft {
            facet,
            grade: None,
            fields,
        })
    }

    /// A step from where the facet is, with what it needs.
    fn step(
        &mut self,
        state: &Node,
        node: NodeId,
        facet: &FacetId,
        declared: &Facet,
        steps: &Steps,
    ) -> Option<BTreeMap<String, Option<Value>>> {
        let charter = state.engine.charter();
        let tier = charter.roster().member(node)?.tier;
        let document = replica::document(&state.store, facet).ok()?;
        let here = steps.here(&document);
        let ways: Vec<_> = here
            .iter()
            .flat_map(|from| steps.next(*from, tier))
            .collect();
        let taken = *self.chance.pick(&ways)?;
        let to = Value::Text(taken.to.as_str().to_owned());
        let mut fields = BTreeMap::from([(steps.field.as_str().to_owned(), Some(to))]);
        for needed in &taken.needs {
            let field = declared.field(needed.as_str())?;
            let value = self.value(charter.kinds(), declared, field);
            fields.insert(needed.as_str().to_owned(), Some(value));
        }
        Some(fields)
    }

    /// Another grade for a facet that was just given one, by somebody who has not heard of it.
    pub fn regrade_too(
        &mut self,
        world: &World,
        nodes: &[NodeId],
        facet: FacetId,
    ) -> Option<(NodeId, Draft)> {
        (0..TRIES).find_map(|_| {
            let node = *self.chance.pick(nodes)?;
            let state = world.node(node)?;
            let grade = replica::facet_entry(&state.store, &facet).ok()??.grade;
            Some((node, self.regrade_of(state, node, facet, grade)?))
        })
    }

    fn regrade(&mut self, state: &Node, node: NodeId) -> Option<Draft> {
        let (facet, grade) = self.held(state)?;
        self.regrade_of(state, node, facet, grade)
    }

    fn regrade_of(
        &mut self,
        state: &Node,
        node: NodeId,
        facet: FacetId,
        grade: Grade,
    ) -> Option<Draft> {
        let charter = state.engine.charter();
        let (_, declared) = charter.kinds().facet(facet.facet)?;
        let next = Grade {
            level: *self.chance.pick(&declared.levels)?,
            ..grade
        };
        let label = facet.label(grade);
        let may = charter.author(&label, node).allowed
            && charter.regrade(&label, node).allowed
            && charter.regrade(&facet.label(next), node).allowed;
        // A level is only ever raised: what falls back is refused by the engine.
        let raised = next != grade && charter.join(grade, next) == next;
        if !may || !raised {
            return None;
        }
        let fields = BTreeMap::new();
        Some(Draft {
            facet,
            grade: Some(next),
            fields,
        })
    }

    fn field(&mut self, kinds: &Kinds, declared: &Facet) -> Option<(String, Value)> {
        let field = self.chance.pick(&declared.fields)?;
        let value = self.value(kinds, declared, field);
        let key = match field.grows {
            true => format!("{}/{}", field.name, self.texts),
            false => field.name.as_str().to_owned(),
        };
        Some((key, value))
    }

    /// A value that the field takes.
    fn value(&mut self, kinds: &Kinds, declared: &Facet, field: &Field) -> Value {
        self.texts += 1;
        let number = |chance: &mut Seed| {
            let (low, high) = (field.at_least.unwrap_or(0), field.at_most.unwrap_or(1000));
            low + chance.below((high - low).max(0) as usize + 1) as i64
        };
        match field.holds {
            FieldType::Text => {
                let longest = field.bytes_max.unwrap_or(400).min(400);
                let what = format!("text {}", self.texts);
                let length = 40.max(40 + self.chance.below(longest.saturating_sub(39)));
                let mut text = Canary::text(self.seed, &what, length);
                text.truncate(longest);
                Value::Text(text)
            }
            FieldType::Integer => Value::Integer(number(&mut self.chance)),
            FieldType::Boolean => Value::Boolean(self.chance.percent(50)),
            FieldType::Time => {
                Value::Integer(1_782_864_000_000 + self.chance.below(1 << 40) as i64)
            }
            FieldType::Vocabulary => {
                let steps = declared.steps.as_ref();
                let begins = steps.filter(|steps| steps.field == field.name);
                match begins.and_then(|steps| self.chance.pick(&steps.begin)) {
                    Some(word) => Value::Text(word.as_str().to_owned()),
                    None => Value::Text(self.word(kinds, declared, field)),
                }
            }
            FieldType::Area => Value::Text("620723101201".to_owned()),
            FieldType::Record => {
                Value::Text(Canary::record(self.seed, self.chance.bits() >> 1).to_string())
            }
        }
    }

    fn word(&mut self, kinds: &Kinds, declared: &Facet, field: &Field) -> String {
        let kind = kinds.facet(declared.name).map(|(kind, _)| kind);
        let vocabulary = field.vocabulary.unwrap_or(field.name);
        let words = kind.and_then(|kind| kind.vocabularies.get(&vocabulary));
        let word = words.and_then(|words| self.chance.pick(words));
        word.map(|word| word.id.as_str().to_owned())
            .unwrap_or_default()
    }
}

/// A facet with the next level, where its home holds it and may hand it up.
fn handed_up(state: &Node, node: NodeId, facet: FacetId) -> Option<Draft> {
    let grade = replica::facet_entry(&state.store, &facet).ok()??.grade;
    let charter = state.engine.charter();
    let (_, declared) = charter.kinds().facet(facet.facet)?;
    let mut levels = declared.levels.iter();
    levels.find(|level| **level == grade.level)?;
    let next = Grade {
        level: *levels.next()?,
        ..grade
    };
    let (before, after) = (facet.label(grade), facet.label(next));
    let may = charter.author(&before, node).allowed
        && charter.regrade(&before, node).allowed
        && charter.regrade(&after, node).allowed;
    may.then(|| Draft {
        facet,
        grade: Some(next),
        fields: BTreeMap::new(),
    })
}
