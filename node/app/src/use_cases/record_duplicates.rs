//! `record duplicates`: which grid reports may be one? Those of one home and category, sent within some
//! days, in like words. They are proposed to a person, and nothing is done.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crdt_model::code::RecordCode;
use crdt_model::ids::{Name, NodeId, RecordId};
use crdt_model::kind::Title;
use crdt_model::replica;
use crdt_model::text::Problem;
use crdt_model::value::Value;
use node_readmodel::access::MayRead;
use node_readmodel::alike::{Shape, Shapes};
use node_readmodel::find::{Comparison, Condition, Find, FoundRow, Key};
use node_runtime::view::{Unanswered, View};
use serde::{Deserialize, Serialize};

use crate::door::caller::{Caller, Capability};
use crate::door::line::PAGE_ENTRIES_MAX;
use crate::door::use_case::{Does, Source, UseCase};
use crate::readable::reader;
use crate::refusals::unreadable;
use crate::report::named;

/// How alike the words of two reports are at least.
const ALIKE_PERCENT_MIN: u8 = 50;
/// Pairs that are proposed at a time.
const PAIRS_MAX: usize = 200;
const DAY_MS: u64 = 86_400_000;

/// Which reports are held against each other.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DuplicatesRequest {
    /// Those sent within so many days.
    pub days: u16,
}

/// Reports that may be one. Only proposed: nothing is merged by itself.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Duplicates {
    /// How many reports were looked at.
    pub looked_at: u64,
    /// Whether there are older ones that were not.
    pub more: bool,
    /// Pairs, the likest first.
    pub pairs: Vec<Pair>,
    /// Whether the read model is still catching up.
    pub catching_up: bool,
}

/// Two reports of one home and category whose words are alike.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Pair {
    /// The node that they belong to.
    pub home: NodeId,
    /// What people call their category.
    pub category: Title,
    /// The earlier one.
    pub first: Sent,
    /// The later one.
    pub second: Sent,
    /// How alike their words are, in percent.
    pub alike_percent: u8,
}

/// One report.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Sent {
    /// The record.
    pub record: RecordId,
    /// Its code.
    pub code: String,
    /// When it was sent, in milliseconds since 1970-01-01T00:00:00Z.
    pub sent_ms: i64,
}

impl UseCase for DuplicatesRequest {
    const NEEDS: Capability = Capability::Person;
    type Answer = Duplicates;

    fn begin(self) -> Does<Duplicates> {
        Does::question(Source::ReadModel, move |view, caller| {
            propose(view, caller, &self)
        })
    }
}

/// One report with its words.
struct Told {
    sent: Sent,
    shape: Shape,
}

fn propose(
    view: &View<'_>,
    caller: &Caller,
    wanted: &DuplicatesRequest,
) -> Result<Duplicates, Unanswered> {
    let role = caller.role_in(&view.adopted)?;
    let now = view.now;
    let from_ms = now.ms.saturating_sub(u64::from(wanted.days) * DAY_MS);
    let (model, catching_up) = view.read_model()?;
    let reads = reader(view, role);
    let from = Value::Integer(i64::try_from(from_ms).unwrap_or(i64::MAX));
    let recent = Find {
        facet: named("grid.summary"),
        conditions: vec![
            is("sent-time", Comparison::AtLeast, from),
            is(
                "state",
                Comparison::NotEqual,
                Value::Text("merged".to_owned()),
            ),
        ],
        sort: Some((Key::Field(named("sent-time")), true)),
        offset: 0,
        limit: PAGE_ENTRIES_MAX,
    };
    let page = model.find(&recent, &reads)?;
    let mut pairs = Vec::new();
    for ((home, category), rows) in groups(&page.rows) {
        let told = with_words(view, &rows, &reads)?;
        let Some(category) = title_of(view, category) else {
            continue;
        };
        pairs.extend(alike(&told).map(|(first, second, alike_percent)| Pair {
            home,
            category: category.clone(),
            first: first.sent.clone(),
            second: second.sent.clone(),
            alike_percent,
        }));
    }
    pairs.sort_by_key(|pair| (Reverse(pair.alike_percent), pair.home, pair.first.sent_ms));
    pairs.truncate(PAIRS_MAX);
    Ok(Duplicates {
        looked_at: page.rows.len() as u64,
        more: page.total > page.rows.len() as u64,
        pairs,
        catching_up: catching_up.is_some(),
    })
}

fn is(field: &str, is: Comparison, value: Value) -> Condition {
    Condition {
        key: Key::Field(named(field)),
        is,
        value: Some(value),
    }
}

/// Reports by home and category, the earliest first, where there are several.
fn groups(rows: &[FoundRow]) -> BTreeMap<(NodeId, Name), Vec<&FoundRow>> {
    let mut groups: BTreeMap<_, Vec<&FoundRow>> = BTreeMap::new();
    for row in rows.iter().rev() {
        let category = row.fields.get(&named("category")).and_then(Value::word);
        if let Some(category) = category {
            groups.entry((row.home, category)).or_default().push(row);
        }
    }
    groups.retain(|_, rows| rows.len() > 1);
    groups
}

/// These reports with their words, as far as those may be read. They are taken from the replica, which
/// finds a record by its id.
fn with_words(
    view: &View<'_>,
    rows: &[&FoundRow],
    may_read: MayRead<'_>,
) -> Result<Vec<Told>, Problem> {
    let mut shapes = Shapes::default();
    let mut told = Vec::new();
    for row in rows {
        let facets = replica::facets_of(&view.store, row.record);
        let facets = facets.map_err(|error| unreadable(&error))?;
        let content = facets.iter().find(|(facet, entry)| {
            facet.facet == named("grid.content")
                && facet.home == row.home
                && may_read(&facet.label(entry.grade))
        });
        let Some((content, _)) = content else {
            continue;
        };
        let document = replica::document(&view.store, content);
        let document = document.map_err(|error| unreadable(&error))?;
        let text = document.values("text").last().map(|written| &written.value);
        if let Some(Value::Text(text)) = text {
            told.push(Told {
                sent: sent(row.home, row.record, row),
                shape: shapes.of(text),
            });
        }
    }
    Ok(told)
}

fn sent(home: NodeId, record: RecordId, row: &FoundRow) -> Sent {
    let sent_ms = match row.fields.get(&named("sent-time")) {
        Some(Value::Integer(ms)) => *ms,
        _ => 0,
    };
    Sent {
        record,
        code: RecordCode::of(home, record).to_string(),
        sent_ms,
    }
}

fn alike(told: &[Told]) -> impl Iterator<Item = (&Told, &Told, u8)> {
    let firsts = told.iter().enumerate();
    let pairs =
        firsts.flat_map(|(at, first)| told.iter().skip(at + 1).map(move |two| (first, two)));
    let alike =
        pairs.map(|(first, second)| (first, second, first.shape.alike_percent(&second.shape)));
    alike.filter(|(_, _, percent)| *percent >= ALIKE_PERCENT_MIN)
}

fn title_of(view: &View<'_>, category: Name) -> Option<Title> {
    let kinds = view.charter.kinds();
    let (kind, facet) = kinds.facet(named("grid.summary"))?;
    facet.field("category")?.word(kind, category)
}
