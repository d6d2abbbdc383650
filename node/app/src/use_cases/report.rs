//! `report`: the review of a period, in figures of what the node holds, as far as the role may read it.

use crdt_model::ids::Name;
use crdt_model::kind::Title;
use crdt_model::text;
use crdt_model::text::{Problem, Text};
use crdt_model::time::WallTime;
use jiff::civil::Date;
use node_machine::time::beijing_date;
use node_runtime::view::{Unanswered, View};
use serde::{Deserialize, Serialize};

use crate::door::caller::{Caller, Capability};
use crate::door::use_case::{Does, LONG_QUESTION_S, Source, UseCase};
use crate::due::running;
use crate::heard::heard;
use crate::readable::reader;
use crate::report::period::{Cadence, Period};
use crate::report::{Ground, Report, gather};

/// The review of a period.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportRequest {
    /// How long the period is.
    pub period: Cadence,
    /// A day in it, by the calendar of Beijing; today if none is given.
    #[serde(default)]
    pub ending: Option<Date>,
}

impl UseCase for ReportRequest {
    const NEEDS: Capability = Capability::Person;
    const DEADLINE_S: Option<u64> = Some(LONG_QUESTION_S);
    const NEEDS_LIMITS: bool = true;
    type Answer = Report;

    fn begin(self) -> Does<Report> {
        Does::question(Source::ReadModel, move |view, caller| {
            draw_up(view, caller, &self)
        })
    }

    fn about(&self) -> String {
        let ending = self.ending.map(|day| day.to_string());
        format!("{} {}", self.period.word(), ending.unwrap_or_default())
    }
}

fn draw_up(
    view: &View<'_>,
    caller: &Caller,
    request: &ReportRequest,
) -> Result<Report, Unanswered> {
    let role = caller.role_in(&view.adopted)?;
    let now = view.now;
    let today = beijing_date(now);
    let day = request.ending.unwrap_or(today);
    if day > today {
        return Err(in_future(day, today).into());
    }
    let period = Period::with(request.period, day);
    let reads = reader(view, role);
    let (limits, limits_withheld) = running(view, None, now, &reads)?;
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
    Ok(report)
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
