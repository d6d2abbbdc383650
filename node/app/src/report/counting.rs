//! One table from a facet: rows along an axis, and a number in each column.

use std::collections::{BTreeMap, BTreeSet};

use crdt_model::charter::Tier;
use crdt_model::ids::{Name, NodeId};
use crdt_model::time::WallTime;
use crdt_model::value::Value;

use super::ground::Ground;
use super::laid_out::{Cell, Chart, Section, Table};
use super::period::Period;
use crdt_model::text;
use crdt_model::text::Text;
use node_machine::time::beijing_date;
use node_readmodel::ReadModelError;
use node_readmodel::find::{Comparison, Condition, Key};
use node_readmodel::measure::too_small;
use node_readmodel::tally::{By, Counted, Sight, Tally};

const DAY_MS: i64 = 86_400_000;

/// What the rows of a table are.
#[derive(Clone, Copy)]
pub(super) enum Axis {
    /// The words of a field's vocabulary, in the charter's order.
    Words(&'static str),
    /// The handling levels.
    Level,
    /// The townships, or a township's villages, in the order of their codes.
    Place,
}

/// One facet as it is counted.
pub(super) struct Counting<'a> {
    ground: &'a Ground<'a>,
    facet: Name,
    /// What of it the role may read.
    pub(super) sight: Sight,
}

/// A column: what it is called, and what must hold.
pub(super) type Column = (Text, Vec<Condition>);

impl<'a> Counting<'a> {
    pub(super) fn of(ground: &'a Ground<'a>, facet: &str) -> Result<Self, ReadModelError> {
        // A name that the program writes is one.
        let facet = named(facet);
        let sight = match ground.kinds.facet(facet) {
            Some(_) => ground.model.sight(facet, ground.may_read)?,
            None => Sight::default(),
        };
        Ok(Self {
            ground,
            facet,
            sight,
        })
    }

    /// Where there is nothing that the role may read of all these, the section is not there.
    pub(super) fn begin(id: &str, title: Text, of: &[&Self]) -> Option<Section> {
        let some = of.iter().any(|one| one.sight.some);
        some.then(|| Section {
            id: id.to_owned(),
            title,
            withheld: of.iter().any(|one| one.sight.withheld),
            notes: Vec::new(),
            charts: Vec::new(),
            tables: Vec::new(),
        })
    }

    /// What people call its kind.
    pub(super) fn kind(&self) -> Text {
        let declared = self.ground.kinds.facet(self.facet);
        declared.map_or_else(Text::default, |(kind, _)| Text::from(&kind.title))
    }

    /// What people call a field.
    pub(super) fn field(&self, field: &str) -> Text {
        let declared = self.ground.kinds.facet(self.facet);
        let field = declared.and_then(|(_, facet)| facet.field(field));
        field.map_or_else(Text::default, |field| Text::from(&field.title))
    }

    /// The words of a field, with what people call them.
    pub(super) fn words(&self, field: &str) -> Vec<(String, Text)> {
        let Some((kind, facet)) = self.ground.kinds.facet(self.facet) else {
            return Vec::new();
        };
        let words = facet
            .field(field)
            .map_or(&[][..], |field| field.words(kind));
        let words = words.iter();
        words
            .map(|word| {
                let (zh, en) = (word.zh.clone(), word.en.clone());
                (word.id.to_string(), Text { zh, en })
            })
            .collect()
    }

    pub(super) fn numbers(
        &self,
        by: Vec<By>,
        conditions: Vec<Condition>,
    ) -> Result<Vec<Counted>, ReadModelError> {
        let tally = Tally {
            facet: self.facet,
            by,
            conditions,
        };
        self.ground.model.tally(&tally, self.ground.may_read)
    }

    pub(super) fn number(&self, conditions: Vec<Condition>) -> Result<u64, ReadModelError> {
        let counted = self.numbers(Vec::new(), conditions)?;
        Ok(counted.first().map_or(0, |(_, count)| *count))
    }

    /// A table; `None` where there is nothing to tell rows apart by, or nothing that may be read.
    pub(super) fn table(
        &self,
        title: Text,
        axis: Axis,
        columns: Vec<Column>,
    ) -> Result<Option<Table>, ReadModelError> {
        let Some(by) = self.by(axis).filter(|_| self.sight.some) else {
            return Ok(None);
        };
        let mut counts: Vec<BTreeMap<Option<String>, u64>> = Vec::new();
        let mut totals = Vec::new();
        for (_, conditions) in &columns {
            let counted = self.numbers(vec![by], conditions.clone())?;
            let counted = counted.into_iter().map(|(of, count)| (text_of(of), count));
            counts.push(counted.collect());
            totals.push(self.number(conditions.clone())?);
        }
        let found: BTreeSet<Option<String>> = counts
            .iter()
            .flat_map(|column| column.keys().cloned())
            .collect();
        let wide = matches!(axis, Axis::Place);
        let heads = self.heads(axis, &found);
        let columns_of_numbers = counts.iter().map(|column| {
            let number =
                |keys: &[Option<String>]| keys.iter().filter_map(|key| column.get(key)).sum();
            let numbers = heads.iter().map(|(keys, _)| number(keys)).collect();
            self.told(axis, numbers)
        });
        let columns_of_numbers: Vec<Vec<Cell>> = columns_of_numbers.collect();
        let mut rows = Vec::new();
        for (at, (_, mut row)) in heads.into_iter().enumerate() {
            let numbers = columns_of_numbers.iter();
            row.extend(numbers.filter_map(|column| column.get(at).cloned()));
            rows.push(row);
        }
        let mut last = vec![Cell::Words(text!("合计", "all"))];
        last.extend(wide.then_some(Cell::None));
        last.extend(
            totals
                .into_iter()
                .flat_map(|total| self.told(axis, vec![total])),
        );
        rows.push(last);
        let mut heads = self.axis_title(axis);
        heads.extend(columns.into_iter().map(|(title, _)| title));
        Ok(Some(Table {
            title,
            columns: heads,
            rows,
            total: true,
        }))
    }

    /// The numbers of a column, but for those that the charter's measures would not tell either.
    fn told(&self, axis: Axis, numbers: Vec<u64>) -> Vec<Cell> {
        let small = match axis {
            Axis::Words(field) => self.ground.small(self.facet, named(field)),
            Axis::Level | Axis::Place => 0,
        };
        let signed = |number: &u64| i64::try_from(*number).unwrap_or(i64::MAX);
        let hide = too_small(&numbers.iter().map(signed).collect::<Vec<_>>(), small);
        let cells = numbers.into_iter().enumerate();
        cells
            .map(|(at, number)| match hide.contains(&at) {
                true => Cell::Hidden,
                false => Cell::Number(number),
            })
            .collect()
    }

    fn by(&self, axis: Axis) -> Option<By> {
        match (axis, self.ground.tier()) {
            (Axis::Words(field), _) => Some(By::Key(Key::Field(named(field)))),
            (Axis::Level, _) => Some(By::Key(Key::Level)),
            (Axis::Place, Tier::County) => Some(By::Township),
            (Axis::Place, Tier::Township) => Some(By::Key(Key::Home)),
            // All is of one place.
            (Axis::Place, Tier::Village) => None,
        }
    }

    fn axis_title(&self, axis: Axis) -> Vec<Text> {
        match axis {
            Axis::Words(field) => vec![self.field(field)],
            Axis::Level => vec![text!("办理层级", "handling level")],
            Axis::Place => vec![text!("区划代码", "code"), text!("单位", "place")],
        }
    }

    /// The values that each row is of, and how it begins.
    fn heads(
        &self,
        axis: Axis,
        found: &BTreeSet<Option<String>>,
    ) -> Vec<(Vec<Option<String>>, Vec<Cell>)> {
        if matches!(axis, Axis::Place) {
            return self.places(found);
        }
        let words = match axis {
            Axis::Words(field) => self.words(field),
            _ => {
                let levels = self.ground.levels.iter();
                levels
                    .map(|(level, title)| (level.to_string(), Text::from(title)))
                    .collect()
            }
        };
        let known: BTreeSet<Option<String>> =
            words.iter().map(|(word, _)| Some(word.clone())).collect();
        let mut heads = Vec::new();
        for (word, title) in words {
            let key = Some(word);
            if found.contains(&key) {
                heads.push((vec![key], vec![Cell::Words(title)]));
            }
        }
        if found.contains(&None) {
            heads.push((vec![None], vec![Cell::Words(text!("未填写", "not said"))]));
        }
        let others: Vec<_> = found
            .difference(&known)
            .filter(|key| key.is_some())
            .cloned()
            .collect();
        if !others.is_empty() {
            // What it says was not written under this charter, and may be anything.
            let title = text!("章程中没有的选项", "options that the charter does not have");
            heads.push((others, vec![Cell::Words(title)]));
        }
        heads
    }

    /// Every place that the charter lists or something is from, by its code.
    fn places(&self, found: &BTreeSet<Option<String>>) -> Vec<(Vec<Option<String>>, Vec<Cell>)> {
        let (ground, node) = (self.ground, self.ground.node);
        let below = ground.roster.members().iter();
        let below = below
            .filter(|one| one.parent == Some(node) && ground.roster.active(one.node).is_some());
        let mut places: BTreeSet<String> = below.map(|one| one.node.to_string()).collect();
        places.extend(found.iter().flatten().cloned());
        let name = |code: &str| {
            let node: Option<NodeId> = code.parse().ok();
            let own = |node: NodeId| match node == self.ground.node {
                true => text!("本级", "itself"),
                false => {
                    let name = self.ground.name(node);
                    text!("{name}", "{name}")
                }
            };
            Cell::Words(node.map_or_else(Text::default, own))
        };
        places
            .into_iter()
            .map(|code| {
                let head = vec![Cell::Code(code.clone()), name(&code)];
                (vec![Some(code)], head)
            })
            .collect()
    }

    /// Bars over the parts of the period, by a field that says when; none of a day.
    pub(super) fn chart(&self, title: Text, field: &str) -> Result<Option<Chart>, ReadModelError> {
        let parts = self.ground.period.parts();
        if parts.is_empty() || !self.sight.some {
            return Ok(None);
        }
        let during = within(field, &self.ground.period);
        let days = self.numbers(vec![By::Day(named(field))], during)?;
        let mut bars: Vec<(String, u64)> = parts
            .iter()
            .map(|day| (day.strftime("%m-%d").to_string(), 0))
            .collect();
        for (of, count) in days {
            let Some(Some(Value::Integer(day))) = of.first() else {
                continue;
            };
            // Midnight of that day in UTC is on the same day in Beijing.
            let ms = u64::try_from(day.saturating_mul(DAY_MS)).unwrap_or(0);
            let day = beijing_date(WallTime::from_ms(ms));
            let at = parts.partition_point(|part| *part <= day);
            if let Some(bar) = at.checked_sub(1).and_then(|at| bars.get_mut(at)) {
                bar.1 += count;
            }
        }
        Ok(Some(Chart { title, bars }))
    }
}

/// A field has a value within a period.
pub(super) fn within(field: &str, period: &Period) -> Vec<Condition> {
    vec![
        is(field, Comparison::AtLeast, Value::Integer(period.from_ms())),
        is(field, Comparison::Below, Value::Integer(period.until_ms())),
    ]
}

/// The two columns of a period and the one before.
pub(super) fn compared(field: &str, period: &Period) -> Vec<Column> {
    let [this, before] = period.cadence.this_and_before();
    vec![
        (this, within(field, period)),
        (before, within(field, &period.before())),
    ]
}

pub(super) fn is(field: &str, is: Comparison, value: Value) -> Condition {
    Condition {
        key: Key::Field(named(field)),
        is,
        value: Some(value),
    }
}

pub(super) fn word(field: &str, word: &str) -> Condition {
    is(field, Comparison::Equal, Value::Text(word.to_owned()))
}

/// The field has a value, or has none.
pub(super) fn has(field: &str, has: bool) -> Condition {
    Condition {
        key: Key::Field(named(field)),
        is: if has {
            Comparison::NotEqual
        } else {
            Comparison::Equal
        },
        value: None,
    }
}

/// All of these together.
pub(super) fn all(parts: impl IntoIterator<Item = Vec<Condition>>) -> Vec<Condition> {
    parts.into_iter().flatten().collect()
}

/// A name that stands in this program.
pub(crate) fn named(name: &str) -> Name {
    // The tests go through all of them.
    name.parse()
        .expect("a name is well formed where it is written")
}

/// "…（按…）".
pub(super) fn by(what: &Text, axis: &Text) -> Text {
    let Text { zh, en } = what;
    let Text {
        zh: by_zh,
        en: by_en,
    } = axis;
    let by_en = by_en.to_lowercase();
    text!("{zh}（按{by_zh}）", "{en}, by {by_en}")
}

fn text_of(of: Vec<Option<Value>>) -> Option<String> {
    match of.into_iter().next().flatten() {
        Some(Value::Text(text)) => Some(text),
        Some(Value::Integer(number)) => Some(number.to_string()),
        Some(Value::Boolean(value)) => Some(value.to_string()),
        None => None,
    }
}
