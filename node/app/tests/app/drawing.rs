//! Drawing up a report of November 2026 from a read model.

use crdt_model::charter::{Member, Roster, Standing, Tier};
use crdt_model::ids::{CharterVersion, PublicKey};
use crdt_model::kind::clocks::{Basis, Standing as Stands};
use crdt_model::kind::{Kinds, Title};
use crdt_model::label::Label;
use crdt_model::text::Text;
use crdt_model::time::WallTime;
use node_app::due::DueItem;
use node_app::report::period::{Cadence, Period};
use node_app::report::{Ground, Report, gather};
use node_readmodel::ReadModel;
use policy::reading::measures::Measure;

use crate::harness::{TOWNSHIP, VILLAGE, name, node, record};

const DAY_MS: i64 = 86_400_000;
pub(crate) const OTHER_VILLAGE: &str = "620723101202";
pub(crate) const COUNTY: &str = "620723000000";

pub(crate) fn november() -> Period {
    Period::with(Cadence::Month, "2026-11-27".parse().expect("a day"))
}

/// So many days after November began, at noon.
pub(crate) fn on(day: i64) -> i64 {
    november().from_ms() + day * DAY_MS + DAY_MS / 2
}

fn roster() -> Roster {
    let member = |(at, (code, name, tier)): (usize, (&str, &str, Tier))| Member {
        node: node(code),
        name: name.to_owned(),
        tier,
        parent: node(code).parent(),
        key: PublicKey([at as u8 + 1; 32]),
        addresses: Vec::new(),
        standing: Standing::Active,
    };
    let members = [
        (COUNTY, "示例县", Tier::County),
        (TOWNSHIP, "示例镇", Tier::Township),
        (VILLAGE, "甲村 <i>", Tier::Village),
        (OTHER_VILLAGE, "乙村", Tier::Village),
    ];
    Roster::new(members.into_iter().enumerate().map(member).collect()).expect("a roster")
}

fn overdue() -> DueItem {
    DueItem {
        record: record(10),
        code: "101201-0A0A-0A0A-0".to_owned(),
        facet: name("case.summary"),
        home: node(VILLAGE),
        clock: name("level-1"),
        title: Title {
            zh: "网格员调解时限".to_owned(),
            en: "Mediation by the grid worker".to_owned(),
        },
        at: Title::default(),
        standing: Stands::Overdue,
        since: None,
        due: Some(WallTime::from_ms(on(4) as u64)),
        basis: Basis::Step,
        author: node(VILLAGE),
        calendar_known: true,
        settled: true,
        then: None,
        taker: None,
        letter: None,
    }
}

pub(crate) fn drawn_up(
    model: &ReadModel,
    kinds: &Kinds,
    at: &str,
    may_read: &dyn Fn(&Label) -> bool,
    period: Period,
) -> Report {
    drawn_up_with(&[], model, kinds, at, may_read, period)
}

/// With measures that the charter has.
pub(crate) fn drawn_up_with(
    measures: &[Measure],
    model: &ReadModel,
    kinds: &Kinds,
    at: &str,
    may_read: &dyn Fn(&Label) -> bool,
    period: Period,
) -> Report {
    let levels = ["village", "township", "county"].map(|level| {
        let (zh, en) = (level.to_owned(), level.to_owned());
        (name(level), Title { zh, en })
    });
    let ground = Ground {
        model,
        catching_up: None,
        may_read,
        kinds,
        levels: &levels,
        measures,
        heard: None,
        roster: &roster(),
        charter: CharterVersion(1),
        node: node(at),
        role: (name("leader"), Text::default()),
        limits: &[overdue()],
        limits_withheld: false,
        period,
        now: WallTime::from_ms(on(30) as u64),
    };
    gather(&ground).expect("a report")
}
