//! What flows down, and the replies that flow up: the county writes to everybody, to one township
//! or to one village, a township to its villages.

use crdt_model::ids::{NodeId, RecordId};

use super::course::{Course, Write};
use super::draw::{Draw, Purpose};
use super::names::{Fields, Names};
use super::villages::Villages;
use super::words::{INVENTED, NOTICES};
use node_app::use_cases::record_add::AddRequest;

/// Villages that reply to a notice to many, at most.
const REPLIES_MAX: usize = 5;
/// Hours until a notice is to have been dealt with.
const DUE_H: u64 = 72;

/// One invented notice.
struct Notice {
    record: RecordId,
    issuer: NodeId,
    addressee: NodeId,
    repliers: Vec<NodeId>,
    number: u64,
}

/// The notice of this number and its replies: who writes what.
pub(super) fn notice(villages: &Villages, names: &Names, number: u64) -> Vec<(NodeId, Course)> {
    let Some(notice) = invent(villages, number) else {
        return Vec::new();
    };
    let mut courses = vec![(
        notice.issuer,
        Course {
            requests: vec![notice.issue(names)],
        },
    )];
    for replier in &notice.repliers {
        courses.push((
            *replier,
            Course {
                requests: vec![notice.reply(names, *replier)],
            },
        ));
    }
    courses
}

/// The record of the notice of this number.
pub(super) fn record(number: u64) -> RecordId {
    Draw::new(Purpose::Notice, number).record()
}

fn invent(villages: &Villages, number: u64) -> Option<Notice> {
    let mut draw = Draw::new(Purpose::Notice, number);
    let record = draw.record();
    let county = villages.county;
    let village = *villages
        .nodes
        .get(usize::try_from(draw.below(villages.nodes.len() as u64)).ok()?)?;
    let township = village.township()?;
    let of_township = villages
        .nodes
        .iter()
        .filter(|node| node.township() == Some(township));
    let of_township: Vec<NodeId> = of_township.copied().take(REPLIES_MAX).collect();
    let (issuer, addressee, repliers) = match number % 10 {
        0 => {
            let every = (villages.nodes.len() / REPLIES_MAX).max(1);
            let some = villages.nodes.iter().step_by(every).take(REPLIES_MAX);
            (county, county, some.copied().collect())
        }
        1..=3 => (county, township, vec![township]),
        4..=6 => (county, village, vec![village]),
        _ => (township, township, of_township),
    };
    Some(Notice {
        record,
        issuer,
        addressee,
        repliers,
        number,
    })
}

impl Notice {
    fn issue(&self, names: &Names) -> Write {
        let mut draw = Draw::new(Purpose::Notice, (1 << 32) | self.number);
        let (kind, title, text) = draw.pick(&NOTICES);
        let issued = draw.moment();
        let mut fields = Fields::default()
            .text("kind", kind)
            .text("title", format!("{title}（{}）", self.number))
            .text("text", format!("{INVENTED}{text}"))
            .number("issue-time", issued.0)
            .number("due-time", issued.after_h(DUE_H).0);
        if kind == "letter" {
            let letters = ["letter-1", "letter-1", "letter-1", "letter-2", "letter-3"];
            fields = fields.text("letter", draw.pick(&letters));
        }
        if kind == "letter" || kind == "task" {
            // Most of a year's matters are done with.
            let step = draw.pick(&["closed", "closed", "closed", "closed", "issued"]);
            fields = fields.text("step", step);
        }
        if kind == "warning" {
            fields = fields
                .text("severity", draw.pick(&["blue", "yellow", "orange"]))
                .number("valid-until", issued.after_h(DUE_H).0);
        }
        let content = fields.create(names.notice_content, Some(self.addressee));
        Write::Add(AddRequest {
            record: Some(self.record),
            home: None,
            facets: vec![content],
        })
    }

    fn reply(&self, names: &Names, replier: NodeId) -> Write {
        let mut draw = Draw::new(
            Purpose::Reply,
            (replier.code() % 1_000_000) << 16 | self.number,
        );
        let record = draw.record();
        let fields = Fields::default()
            .text("notice", self.record.to_string())
            .text("state", draw.pick(&["received", "read", "done"]))
            .number("time", draw.moment().0)
            .text("text", format!("{INVENTED}已收悉并安排办理。"));
        let reply = fields.create(names.notice_reply, Some(self.issuer));
        Write::Add(AddRequest {
            record: Some(record),
            home: None,
            facets: vec![reply],
        })
    }
}
