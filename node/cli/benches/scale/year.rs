//! The facets of so many years that a county holds, all of them invented: which they are and what they
//! say follows from their number. A year has 37,000 ledger rows of grid reports, 38,000 facets of
//! disputes and 2,300 devices, as a year of Linze does, spread over its villages and over the time.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use crdt_model::commit::CommitBody;
use crdt_model::history::History;
use crdt_model::ids::{CharterVersion, Epoch, Name, NodeId, RecordId, Seq};
use crdt_model::label::{FacetId, Grade};
use crdt_model::time::WallTime;
use crdt_model::value::{Operation, Value};
use ed25519_dalek::SigningKey;

/// Of 773 facets so many are of grid reports, so many of disputes, and the rest devices.
const REPORTS: u64 = 370;
const CASES: u64 = 380;
const ROUND: u64 = 773;
/// Facets of a year.
pub(crate) const YEAR_FACETS: u64 = 100 * ROUND;
const YEAR_MS: u64 = 365 * 24 * 3_600_000;
/// One facet in so many is of a matter that is not closed: among the latest, as time limits want it.
const OPEN_LATEST: u64 = 500;
/// Facets that are handed over at once, and how often ahead.
const AT_ONCE: u64 = 2048;
const AHEAD: usize = 4;

/// A facet with its only commit, and its grade.
pub(crate) type Made = (History, Grade);

/// Whose records they are, and until when.
#[derive(Clone)]
pub(crate) struct Authors {
    /// The villages, with their keys.
    pub(crate) villages: Vec<(NodeId, SigningKey)>,
    /// When the last facet was written.
    pub(crate) until_ms: u64,
}

pub(crate) fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

/// The number of a facet's village among all.
fn place(number: u64, villages: usize) -> usize {
    // Every village has some of each sort.
    ((number + number / ROUND) % villages as u64) as usize
}

/// Ids are spread over their whole range, as random ones are.
fn record(number: u64) -> RecordId {
    RecordId::of_digest(&number.to_be_bytes())
}

/// The id of a facet, and its grade.
pub(crate) fn facet(number: u64, home: NodeId) -> (FacetId, Grade) {
    let (facet, level) = match number % ROUND {
        sort if sort < REPORTS => ("grid.summary", "village"),
        sort if sort >= REPORTS + CASES => ("device.public", "village"),
        sort => match sort % 4 {
            0 | 1 => ("case.summary", "village"),
            2 => ("case.narrative", "county"),
            _ => ("case.parties", "county"),
        },
    };
    let facet = FacetId {
        record: record(number),
        facet: name(facet),
        home,
        addressee: home,
    };
    let grade = Grade {
        sensitivity: name("normal"),
        level: name(level),
    };
    (facet, grade)
}

/// What it says, by key.
fn fields(facet: &FacetId, number: u64, wall_ms: u64, open: bool) -> Vec<(&'static str, Value)> {
    let text = |text: String| Value::Text(text);
    let word = |word: &str| Value::Text(word.to_owned());
    let time = |after_ms: i64| Value::Integer(wall_ms as i64 + after_ms);
    match facet.facet.as_str() {
        "grid.summary" => vec![
            ("accepted-time", time(3_600_000)),
            ("case", text(record(number + 1).to_string())),
            (
                "category",
                word(["environment", "safety", "facility"][number as usize % 3]),
            ),
            ("closed-time", time(86_400_000)),
            ("code", text(format!("SL-WG-{number:08}"))),
            ("due-time", time(7 * 86_400_000)),
            ("grid", text(format!("{}{:03}", facet.home, 1 + number % 9))),
            ("merged-into", text(record(number + 2).to_string())),
            ("seen-time", time(-60_000)),
            ("sent-time", time(0)),
            ("state", word(if open { "accepted" } else { "closed" })),
        ],
        "case.summary" => vec![
            ("accepted-time", time(3_600_000)),
            ("category", word("water")),
            ("channel", word("visit")),
            ("code", text(format!("LZ-{number:08}"))),
            ("due-time", time(7 * 86_400_000)),
            ("lead", word("演示乡镇综治中心")),
            ("people-number", Value::Integer(2 + number as i64 % 9)),
            ("registered-time", time(0)),
            ("step", word(if open { "registered" } else { "archived" })),
            (
                "timeline/1",
                word("虚构：村委会上门了解情况，双方各自陈述。"),
            ),
            ("timeline/2", word("虚构：约定三日后再次调解。")),
        ],
        "case.narrative" => vec![
            ("demand", word("虚构：恢复原有水渠，赔偿一季损失。")),
            (
                "text",
                word(
                    "虚构：两户因农田灌溉先后发生争执，一方称另一方擅自改动水渠，致使下游田块缺水减产。",
                ),
            ),
        ],
        "case.parties" => vec![
            ("mediator", word("虚构：调解员甲")),
            ("party/1", text(format!("虚构：当事人{number}"))),
            ("party/2", text(format!("虚构：当事人{}", number + 1))),
        ],
        _ => vec![
            (
                "device-id",
                text(format!("620723101200132{:05}", number % 100_000)),
            ),
            ("kind", word("camera")),
            ("name", text(format!("虚构：村口{number}号"))),
            ("place-name", word("虚构：村口")),
            ("status", word("on")),
        ],
    }
}

impl Authors {
    /// The author of a facet.
    pub(crate) fn of(&self, number: u64) -> &(NodeId, SigningKey) {
        &self.villages[place(number, self.villages.len())]
    }

    fn make(&self, number: u64, all: u64, years: u64) -> Made {
        let (home, key) = self.of(number);
        let (facet, grade) = facet(number, *home);
        let age_ms = (all - number) as u128 * u128::from(years * YEAR_MS) / u128::from(all);
        let wall_ms = self.until_ms.saturating_sub(age_ms as u64);
        let open = number + all / OPEN_LATEST > all;
        let operation = |(key, value): (&str, Value)| Operation {
            key: key.to_owned(),
            value: Some(value),
            overwrites: Vec::new(),
        };
        let fields = fields(&facet, number, wall_ms, open);
        let body = CommitBody {
            facet,
            author: *home,
            epoch: Epoch(1),
            seq: Seq(1),
            start: 1,
            wall: WallTime::from_ms(wall_ms),
            charter: CharterVersion(1),
            parents: Vec::new(),
            grade: Some(grade),
            operations: fields.into_iter().map(operation).collect(),
        };
        let commit = body.sign(key).expect("a good commit");
        let actor = commit.body().actor(&node_machine::folder::public_key(key));
        let mut history = History::new(facet);
        history.insert(commit, actor).expect("it fits");
        (history, grade)
    }

    /// All facets in the order in which they were written, some thousand at a time, signed on another
    /// thread.
    pub(crate) fn all(&self, years: u64) -> Receiver<Vec<Made>> {
        let (send, made) = sync_channel(AHEAD);
        let authors = self.clone();
        thread::spawn(move || {
            let all = years * YEAR_FACETS;
            for first in (0..all).step_by(AT_ONCE as usize) {
                let some = first..all.min(first + AT_ONCE);
                let some = some
                    .map(|number| authors.make(number, all, years))
                    .collect();
                if send.send(some).is_err() {
                    return;
                }
            }
        });
        made
    }
}
