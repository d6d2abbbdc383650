//! What is due and what is stuck: time limits, clocks in doubt, conflicts that nobody has settled.

use std::collections::BTreeMap;

use crdt_model::charter::Tier;
use crdt_model::ids::{Name, NodeId};
use crdt_model::kind::clocks::Standing;

use super::ground::Ground;
use super::laid_out::{Cell, Section, Table};
use crate::due::DueItem;
use crdt_model::text;
use crdt_model::text::Text;
use node_readmodel::ReadModelError;
use node_readmodel::find::{Comparison, Condition, Key};
use node_readmodel::tally::Tally;

/// How many of those that are overdue longest are listed.
const LONGEST_MAX: usize = 20;
/// The standings that have a column, in this order.
const STANDINGS: [Standing; 4] = [
    Standing::Overdue,
    Standing::Soon,
    Standing::WrongClock,
    Standing::Running,
];

type Counts = BTreeMap<Standing, u64>;

pub(super) fn section(ground: &Ground<'_>) -> Result<Option<Section>, ReadModelError> {
    let conflicts = conflicts(ground)?;
    let left_out = left_out(ground)?;
    if ground.limits.is_empty() && conflicts.is_none() && left_out.is_none() {
        return Ok(None);
    }
    let mut tables = Vec::new();
    if !ground.limits.is_empty() {
        tables.push(by_clock(ground));
        tables.extend(by_place(ground));
        tables.extend(longest(ground));
    }
    tables.extend(conflicts);
    tables.extend(left_out);
    let mut notes = vec![text!(
        "时限按截至时刻统计；时间存疑的需人工核对，不计入超期",
        "deadlines are as of now; those in doubt wait for a person and do not count as overdue"
    )];
    if ground.limits.iter().any(|item| !item.calendar_known) {
        notes.push(text!(
            "部分时限超出章程日历载明的节假日，暂只按周末休息推算",
            "some time limits end after the holidays that the charter's calendar knows; only weekends \
             are left out there"
        ));
    }
    Ok(Some(Section {
        id: "limits".to_owned(),
        title: text!("时限与超期", "Deadlines"),
        withheld: ground.limits_withheld,
        notes,
        charts: Vec::new(),
        tables,
    }))
}

fn columns(heads: Vec<Text>) -> Vec<Text> {
    let mut columns = heads;
    columns.extend([
        text!("已超期", "overdue"),
        text!("即将到期", "due soon"),
        text!("时间存疑", "in doubt"),
        text!("未到期", "time left"),
    ]);
    columns
}

fn numbers(counts: &Counts) -> impl Iterator<Item = Cell> + '_ {
    let count = |standing: &Standing| Cell::Number(counts.get(standing).copied().unwrap_or(0));
    STANDINGS.iter().map(count)
}

fn total(ground: &Ground<'_>, mut head: Vec<Cell>) -> Vec<Cell> {
    let mut counts = Counts::new();
    for item in ground.limits {
        *counts.entry(item.standing).or_default() += 1;
    }
    head.extend(numbers(&counts));
    head
}

fn by_clock(ground: &Ground<'_>) -> Table {
    let mut counts: BTreeMap<(Name, Name), (Text, Counts)> = BTreeMap::new();
    for item in ground.limits {
        let key = (item.facet, item.clock);
        let (_, counts) = counts
            .entry(key)
            .or_insert_with(|| (Text::from(&item.title), Counts::new()));
        *counts.entry(item.standing).or_default() += 1;
    }
    let kind = |facet: Name| {
        let declared = ground.kinds.facet(facet);
        declared.map_or_else(Text::default, |(kind, _)| Text::from(&kind.title))
    };
    let mut rows: Vec<Vec<Cell>> = counts
        .into_iter()
        .map(|((facet, _), (title, counts))| {
            let mut row = vec![Cell::Words(kind(facet)), Cell::Words(title)];
            row.extend(numbers(&counts));
            row
        })
        .collect();
    let all = Cell::Words(text!("合计", "all"));
    rows.push(total(ground, vec![all, Cell::None]));
    Table {
        title: text!("各项时限", "By time limit"),
        columns: columns(vec![text!("类别", "kind"), text!("时限", "time limit")]),
        rows,
        total: true,
    }
}

/// By the place that a record belongs to; all of a village's is of one place.
fn by_place(ground: &Ground<'_>) -> Option<Table> {
    let place = |home: NodeId| match ground.tier() {
        Tier::County => Some(home.township().unwrap_or(home)),
        Tier::Township => Some(home),
        Tier::Village => None,
    };
    let mut counts: BTreeMap<NodeId, Counts> = BTreeMap::new();
    for item in ground.limits {
        let counts = counts.entry(place(item.home)?).or_default();
        *counts.entry(item.standing).or_default() += 1;
    }
    let mut rows: Vec<Vec<Cell>> = counts
        .into_iter()
        .map(|(node, counts)| {
            let name = match node == ground.node {
                true => Cell::Words(text!("本级", "itself")),
                false => Cell::Code(ground.name(node)),
            };
            let mut row = vec![Cell::Code(node.to_string()), name];
            row.extend(numbers(&counts));
            row
        })
        .collect();
    let all = Cell::Words(text!("合计", "all"));
    rows.push(total(ground, vec![all, Cell::None]));
    Some(Table {
        title: text!("各单位时限", "By place"),
        columns: columns(vec![text!("区划代码", "code"), text!("单位", "place")]),
        rows,
        total: true,
    })
}

/// Those that are overdue longest, by their codes and by nothing that anybody wrote.
fn longest(ground: &Ground<'_>) -> Option<Table> {
    let overdue = |item: &&DueItem| item.standing == Standing::Overdue && item.due.is_some();
    let mut items: Vec<&DueItem> = ground.limits.iter().filter(overdue).collect();
    items.sort_by_key(|item| (item.due, item.record, item.clock));
    items.truncate(LONGEST_MAX);
    let row = |item: &&DueItem| {
        let since = item
            .due
            .map_or(0, |due| ground.now.ms.saturating_sub(due.ms));
        vec![
            Cell::Code(item.code.clone()),
            Cell::Words(Text::from(&item.title)),
            Cell::Words(Text::from(&item.at)),
            item.due.map_or(Cell::None, Cell::Time),
            Cell::Length(since),
        ]
    };
    (!items.is_empty()).then(|| Table {
        title: text!("超期时间最长的事项", "Overdue longest"),
        columns: vec![
            text!("编号", "code"),
            text!("时限", "time limit"),
            text!("当前环节", "at"),
            text!("到期", "due"),
            text!("已超期", "overdue by"),
        ],
        rows: items.iter().map(row).collect(),
        total: false,
    })
}

fn conflicts(ground: &Ground<'_>) -> Result<Option<Table>, ReadModelError> {
    let title = text!(
        "填写不一致、待核定",
        "Entries that differ and wait for a decision"
    );
    with_some(ground, Key::Conflicts, title)
}

fn left_out(ground: &Ground<'_>) -> Result<Option<Table>, ReadModelError> {
    let title = text!(
        "有内容未计入：同一节点在两台电脑上填写",
        "Not all counts: one node wrote on two machines"
    );
    with_some(ground, Key::LeftOut, title)
}

/// The records, by facet, of which a count is not zero.
fn with_some(ground: &Ground<'_>, key: Key, title: Text) -> Result<Option<Table>, ReadModelError> {
    let mut rows = Vec::new();
    for kind in ground.kinds.iter() {
        for facet in &kind.facets {
            let some = Condition {
                key,
                is: Comparison::Above,
                value: Some(crdt_model::value::Value::Integer(0)),
            };
            let tally = Tally {
                facet: facet.name,
                by: Vec::new(),
                conditions: vec![some],
            };
            let counted = ground.model.tally(&tally, ground.may_read)?;
            let count = counted.first().map_or(0, |(_, count)| *count);
            if count > 0 {
                rows.push(vec![
                    Cell::Words(Text::from(&kind.title)),
                    Cell::Words(Text::from(&facet.title)),
                    Cell::Number(count),
                ]);
            }
        }
    }
    Ok((!rows.is_empty()).then(|| Table {
        title,
        columns: vec![
            text!("类别", "kind"),
            text!("内容", "facet"),
            text!("记录数", "records"),
        ],
        rows,
        total: false,
    }))
}
