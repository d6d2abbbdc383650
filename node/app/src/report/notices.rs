//! Letters and tasks by slot: issued in the period, and where those that are open stand. A notice
//! counts once for each node or group that it is meant for.

use std::collections::{BTreeMap, BTreeSet};

use crdt_model::kind::clocks::Standing;
use crdt_model::value::Value;

use super::counting::{Counting, has, named, word};
use super::ground::Ground;
use super::laid_out::{Cell, Section, Table};
use crdt_model::text;
use node_readmodel::ReadModelError;
use node_readmodel::find::Key;
use node_readmodel::tally::By;

/// Numbers of one slot.
#[derive(Default)]
struct Slot {
    issued: u64,
    answered: u64,
    open: u64,
    open_answered: u64,
    overdue: u64,
}

/// One notice as it is meant for one addressee.
struct Notice {
    record: String,
    slot: String,
    step: Option<String>,
    issued_ms: i64,
}

pub(super) fn section(ground: &Ground<'_>) -> Result<Option<Section>, ReadModelError> {
    let content = Counting::of(ground, "notice.content")?;
    let reply = Counting::of(ground, "notice.reply")?;
    let title = text!("函件与任务", "Letters and tasks");
    let Some(mut section) = Counting::begin("notices", title, &[&content]) else {
        return Ok(None);
    };
    section.withheld |= reply.sight.withheld;
    let answered = reply.numbers(vec![By::Key(Key::Field(named("notice")))], Vec::new())?;
    let answered: BTreeSet<String> = answered
        .into_iter()
        .filter_map(|(of, _)| first(of))
        .collect();
    let slots = slots(ground, &notices(&content)?, &answered);
    let mut titles = content.words("letter");
    titles.push((
        LETTER.to_owned(),
        text!("未注明类别的函件", "letters without a class"),
    ));
    titles.extend(
        content
            .words("kind")
            .into_iter()
            .filter(|(kind, _)| kind == TASK),
    );
    let rows = titles.into_iter().filter_map(|(slot, title)| {
        let counts = slots.get(&slot)?;
        let mut row = vec![Cell::Words(title)];
        row.extend(counts.numbers().map(Cell::Number));
        Some(row)
    });
    let [this, _] = ground.period.cadence.this_and_before();
    let (zh, en) = (this.zh, this.en);
    section.tables.push(Table {
        title: text!("按函件类别和任务", "By letter, and tasks"),
        columns: vec![
            text!("类别", "slot"),
            text!("{zh}下发", "issued {en}"),
            text!("其中已回复", "of these answered"),
            text!("目前在办", "open now"),
            text!("其中已回复", "of these answered"),
            text!("其中待回复", "of these waiting"),
            text!("其中超期", "of these overdue"),
        ],
        rows: rows.collect(),
        total: false,
    });
    section.notes.push(text!(
        "发给多个单位的，每个单位计一次；有一份回复即算已回复；“在办”指已下发、尚未办结也未撤回",
        "counted once for each addressee; one reply is an answer; open is issued, neither closed \
         nor withdrawn"
    ));
    Ok(Some(section))
}

const LETTER: &str = "letter";
const TASK: &str = "task";

impl Slot {
    fn numbers(&self) -> impl Iterator<Item = u64> {
        let waiting = self.open - self.open_answered;
        let Self {
            issued,
            answered,
            open,
            open_answered,
            overdue,
        } = *self;
        [issued, answered, open, open_answered, waiting, overdue].into_iter()
    }
}

fn notices(content: &Counting<'_>) -> Result<Vec<Notice>, ReadModelError> {
    let keys = ["letter", "step", "issue-time"].map(|field| By::Key(Key::Field(named(field))));
    let [letter, step, issued] = keys;
    let by = vec![
        By::Key(Key::Record),
        By::Key(Key::Addressee),
        letter,
        step,
        issued,
    ];
    let mut notices = Vec::new();
    for kind in [LETTER, TASK] {
        let of_kind = vec![word("kind", kind), has("issue-time", true)];
        for (of, _) in content.numbers(by.clone(), of_kind)? {
            let mut of = of.into_iter();
            let mut text = || match of.next().flatten() {
                Some(Value::Text(text)) => Some(text),
                Some(Value::Integer(number)) => Some(number.to_string()),
                _ => None,
            };
            let (record, _, letter, step, issued) = (text(), text(), text(), text(), text());
            let slot = match kind {
                LETTER => letter.unwrap_or_else(|| LETTER.to_owned()),
                _ => TASK.to_owned(),
            };
            notices.push(Notice {
                record: record.unwrap_or_default(),
                slot,
                step,
                issued_ms: issued.and_then(|ms| ms.parse().ok()).unwrap_or(0),
            });
        }
    }
    Ok(notices)
}

fn slots(
    ground: &Ground<'_>,
    notices: &[Notice],
    answered: &BTreeSet<String>,
) -> BTreeMap<String, Slot> {
    let during = ground.period.from_ms()..ground.period.until_ms();
    let late = ground
        .limits
        .iter()
        .filter(|item| item.standing == Standing::Overdue);
    let late: BTreeSet<String> = late
        .filter(|item| item.facet == named("notice.content"))
        .map(|item| item.record.to_string())
        .collect();
    let mut slots: BTreeMap<String, Slot> = BTreeMap::new();
    for notice in notices {
        let slot = slots.entry(notice.slot.clone()).or_default();
        let is_answered = u64::from(answered.contains(&notice.record));
        if during.contains(&notice.issued_ms) {
            slot.issued += 1;
            slot.answered += is_answered;
        }
        if notice.step.as_deref() == Some("issued") {
            slot.open += 1;
            slot.open_answered += is_answered;
            slot.overdue += u64::from(late.contains(&notice.record));
        }
    }
    slots
}

fn first(of: Vec<Option<Value>>) -> Option<String> {
    match of.into_iter().next().flatten() {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}
