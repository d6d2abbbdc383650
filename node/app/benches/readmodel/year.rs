//! A year of the county, all of it invented: reports, cases and devices, in the order in which they
//! came.

use crdt_model::commit::Commit;
use crdt_model::history::History;
use crdt_model::ids::{ActorId, NodeId, RecordId};
use crdt_model::label::FacetId;
use crdt_model::replica;
use crdt_model::store::{Batch, Store};
use crdt_model::value::Value;
use node_store::SledStore;

use crate::harness::{commit, name, node, normal, text};

pub(crate) const REPORTS: u32 = 37_000;
pub(crate) const CASES: u32 = 3_800;
pub(crate) const DEVICES: u32 = 2_300;
pub(crate) const YEAR_MS: u64 = 365 * 24 * 3_600_000;
pub(crate) const BEGIN_MS: u64 = 1_767_200_000_000;

/// Words that texts are put together from.
const WORDS: [&str; 24] = [
    "水渠",
    "路灯",
    "井盖",
    "田埂",
    "林带",
    "泵房",
    "村口",
    "巷道",
    "堵塞",
    "破损",
    "松动",
    "积水",
    "已联系",
    "电工",
    "水管所",
    "村委会",
    "尽快",
    "处理",
    "现场",
    "查看",
    "夜间",
    "出行",
    "不便",
    "请求",
];

/// Numbers in no order, the same every time.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % bound
    }

    fn sentence(&mut self, words: u64) -> String {
        let word = |_| WORDS[self.below(WORDS.len() as u64) as usize];
        (0..words).map(word).collect::<Vec<_>>().join("")
    }

    fn record(&mut self) -> RecordId {
        let mut id = [0; 16];
        id.iter_mut().for_each(|byte| *byte = self.below(256) as u8);
        RecordId(id)
    }

    fn village(&mut self) -> NodeId {
        let (town, village) = (101 + self.below(7), 201 + self.below(11));
        node(&format!("620723{town:03}{village:03}"))
    }
}

/// A facet that is to be written, and when.
struct Wanted {
    facet: &'static str,
    fields: Vec<(&'static str, Value)>,
}

fn report(number: u32, wall_ms: u64, draw: &mut Draw) -> Vec<Wanted> {
    let category = ["safety", "environment", "dispute"][draw.below(3) as usize];
    let state = ["reported", "accepted", "closed"][draw.below(3) as usize];
    let ms = wall_ms as i64;
    let row = vec![
        ("code", text(&format!("WG-{number:06}"))),
        ("category", text(category)),
        ("grid", text(&format!("62072310120100{}", draw.below(9)))),
        ("state", text(state)),
        ("seen-time", Value::Integer(ms - 60_000)),
        ("sent-time", Value::Integer(ms)),
        ("due-time", Value::Integer(ms + 86_400_000)),
    ];
    let words = 8 + draw.below(24);
    let content = vec![
        ("text", text(&draw.sentence(words))),
        ("place", text(&draw.sentence(2))),
    ];
    vec![
        Wanted {
            facet: "grid.summary",
            fields: row,
        },
        Wanted {
            facet: "grid.content",
            fields: content,
        },
    ]
}

fn case(number: u32, wall_ms: u64, draw: &mut Draw) -> Vec<Wanted> {
    let step = ["accepted", "level-1", "level-2", "closed"][draw.below(4) as usize];
    let row = vec![
        ("code", text(&format!("LZ-2026-{number:06}"))),
        ("category", text("water")),
        ("channel", text("visit")),
        ("step", text(step)),
        ("registered-time", Value::Integer(wall_ms as i64)),
        ("people-number", Value::Integer(draw.below(9) as i64)),
        ("timeline/1", text(&draw.sentence(4))),
        ("timeline/2", text(&draw.sentence(4))),
    ];
    let words = 60 + draw.below(100);
    let story = vec![("text", text(&draw.sentence(words)))];
    vec![
        Wanted {
            facet: "case.summary",
            fields: row,
        },
        Wanted {
            facet: "case.narrative",
            fields: story,
        },
    ]
}

fn device(number: u32, draw: &mut Draw) -> Vec<Wanted> {
    let row = vec![
        ("device-id", text(&format!("620723101200132{number:05}"))),
        ("name", text(&format!("{}{number}号", draw.sentence(2)))),
        ("kind", text("camera")),
        ("status", text("on")),
    ];
    vec![Wanted {
        facet: "device.public",
        fields: row,
    }]
}

/// Writes all of it to a store.
pub(crate) fn fill(store: &mut SledStore) -> Vec<(Commit, ActorId)> {
    let mut draw = Draw(7);
    let mut commits = Vec::new();
    let total = REPORTS + CASES + DEVICES;
    let mut batch = Batch::default();
    for number in 0..total {
        let wall_ms = BEGIN_MS + YEAR_MS / u64::from(total) * u64::from(number);
        // The three sorts are mixed as a year mixes them.
        let wanted = match number % 431 {
            0..370 => report(number, wall_ms, &mut draw),
            370..408 => case(number, wall_ms, &mut draw),
            _ => device(number, &mut draw),
        };
        let (record, home) = (draw.record(), draw.village());
        for one in wanted {
            let facet = FacetId {
                record,
                facet: name(one.facet),
                home,
                addressee: home,
            };
            let mut history = History::new(facet);
            let fields: Vec<_> = one
                .fields
                .into_iter()
                .map(|(key, value)| (key, Some(value)))
                .collect();
            let made = commit(
                &history,
                &home.to_string(),
                wall_ms,
                Some(normal()),
                &fields,
            );
            commits.push(made.clone());
            history.insert(made.0, made.1).expect("a good commit");
            replica::put_commits(&mut batch, &history, 0, normal());
        }
        if number % 256 == 255 || number + 1 == total {
            store.write(&std::mem::take(&mut batch)).expect("a store");
            store.sync().expect("a disk");
        }
    }
    commits
}
