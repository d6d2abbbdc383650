//! The review of a period: figures of what the node holds, as far as the role may read it.

use crdt_model::ids::Name;
use crdt_model::kind::Title;
use crdt_model::time::WallTime;
use jiff::civil::Date;

use super::due;
use super::finding::reader;
use super::heard::heard;
use super::records::role_of;
use crate::asked::protocol::Reply;
use crate::asked::report::ReportRequest;
use crate::report::period::Period;
use crate::report::{Ground, gather};
use crdt_model::text;
use crdt_model::text::{Problem, Text};
use node_machine::time::beijing_date;
use node_runtime::view::{Unanswered, View};

pub(super) fn draw_up(view: &View<'_>, request: &ReportRequest) -> Result<Reply, Unanswered> {
    let role = role_of(&view.adopted, request.role)?;
    let now = view.now;
    let today = beijing_date(now);
    let day = request.ending.unwrap_or(today);
    if day > today {
        return Err(in_future(day, today).into());
    }
    let period = Period::with(request.period, day);
    let reads = reader(view, role);
    let (limits, limits_withheld) = due::running(view, None, now, &reads)?;
    let (model, catching_up) = view.read_model()?;
    let (charter, head) = (&view.charter, view.adopted.charter().head());
    let levels: Vec<(Name, Title)> = head
        .levels
        .iter()
        .map(|one| (one.id, one.title()))
        .collect();
    let title = head.roles.iter().find(|one| one.id == role);
    let title = title.map_or_else(Text::default, |one| Text::from(&one.title()));
    let until = WallTime::from_ms(u64::try_from(period.until_ms()).unwrap_or(0));
    let report = gather(&Ground {
        model,
        catching_up,
        may_read: &reads,
        kinds: charter.kinds(),
        levels: &levels,
        measures: view.adopted.charter().measures(),
        heard: heard(view, role, until, now)?,
        roster: charter.roster(),
        charter: head.version,
        node: view.node,
        role: (role, title),
        limits: &limits,
        limits_withheld,
        period,
        now,
    })?;
    let (cadence, first) = (period.cadence.word(), period.first);
    tracing::info!(%role, cadence, %first, "a person drew up a report");
    Ok(Reply::Report(Box::new(report)))
}

fn in_future(day: Date, today: Date) -> Problem {
    Problem::new(
        "input-in-future",
        text!(
            "{day} 尚未到来，按本机时间今天是 {today}",
            "{day} has not come yet: by this node's clock it is {today}"
        ),
        text!(
            "请用 `--ending` 给出今天或更早的日期；如果本机时间不对，请先校准",
            "give --ending today or an earlier day; if the clock is wrong, set it first"
        ),
    )
}
