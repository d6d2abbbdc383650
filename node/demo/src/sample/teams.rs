//! Teams with the number of their members: the watch and its tree, what stands ready, the
//! psychological service, and the teams of judges, prosecutors, police and lawyers.

use crdt_model::ids::{Name, NodeId, RecordId};

use super::counts::{Counts, company_of};
use super::course::{Course, each};
use super::directory::{Sort, record, since_the_year_began};
use super::names::{Names, row};
use super::villages::Villages;

/// Members of a squad.
const SQUAD: u64 = 5;
/// Members of the county's emergency response, and of one township's.
const RESPONSE: [u64; 2] = [100, 50];
/// Members of the standing patrol.
const PATROL: u64 = 15;
/// Members of a smallest emergency unit.
const EMERGENCY_UNIT: u64 = 5;
/// Members of a team of the psychological service; three in ten have one less.
const PSYCHOLOGY: u64 = 50;

/// One team that is to be written.
struct Team {
    sort: Sort,
    number: u64,
    kind: &'static str,
    name: String,
    part_of: Option<RecordId>,
    members: Option<u64>,
}

impl Team {
    fn course(self, team: Name) -> Course {
        let mut fields = since_the_year_began()
            .text("kind", self.kind)
            .text("name", self.name);
        if let Some(above) = self.part_of {
            fields = fields.record("part-of", above);
        }
        if let Some(members) = self.members {
            fields = fields.number("members-number", i64::try_from(members).unwrap_or(0));
        }
        row(record(self.sort, self.number), team, fields)
    }
}

/// All teams.
pub(super) fn courses(
    villages: &Villages,
    names: &Names,
    from: &Counts,
    to: &Counts,
) -> Vec<(NodeId, Course)> {
    let made = |of: fn(&Counts) -> u64, team: &dyn Fn(u64) -> (NodeId, Team)| {
        each(from, to, of, |number| {
            let (home, team) = team(number);
            (home, team.course(names.team))
        })
    };
    let mut all = made(|counts| counts.brigades, &|n| brigade(villages, n));
    all.extend(made(|counts| counts.companies, &|n| company(villages, n)));
    all.extend(made(|counts| counts.squads, &|n| squad(villages, n)));
    all.extend(made(|counts| counts.response_teams, &|n| {
        response(villages, n)
    }));
    all.extend(made(|counts| counts.patrols, &|n| patrol(villages, n)));
    all.extend(made(|counts| counts.combat_units, &|n| {
        combat_unit(villages, n)
    }));
    all.extend(made(|counts| counts.emergency_units, &|n| {
        emergency_unit(villages, n)
    }));
    all.extend(made(|counts| counts.psychology_teams, &|n| {
        psychology(villages, n)
    }));
    all.extend(made(|counts| counts.four_post_teams, &|n| {
        four_posts(villages, n)
    }));
    all
}

/// Where a township stands among the townships.
fn place(villages: &Villages, township: Option<NodeId>) -> u64 {
    let places = villages.townships.iter().zip(0..);
    let mut places = places.filter(|(one, _)| Some(**one) == township);
    places.next().map_or(0, |(_, place)| place)
}

/// One for each township; what is more stands at the county.
fn brigade(villages: &Villages, number: u64) -> (NodeId, Team) {
    let home = match number < villages.townships.len() as u64 {
        true => villages.township(number),
        false => villages.county,
    };
    let team = Team {
        sort: Sort::Brigade,
        number,
        kind: "brigade",
        name: format!("{}治安联防大队{}", villages.name(home), number + 1),
        part_of: None,
        members: None,
    };
    (home, team)
}

fn company(villages: &Villages, number: u64) -> (NodeId, Team) {
    let home = villages.village(number);
    let brigade = place(villages, home.township());
    let team = Team {
        sort: Sort::Company,
        number,
        kind: "company",
        name: format!("{}治安联防中队", villages.name(home)),
        part_of: Some(record(Sort::Brigade, brigade)),
        members: None,
    };
    (home, team)
}

fn squad(villages: &Villages, number: u64) -> (NodeId, Team) {
    let company = company_of(number);
    let home = villages.village(company);
    let team = Team {
        sort: Sort::Squad,
        number,
        kind: "squad",
        name: format!("{}治安联防第{}小队", villages.name(home), number + 1),
        part_of: Some(record(Sort::Company, company)),
        members: Some(SQUAD),
    };
    (home, team)
}

fn response(villages: &Villages, number: u64) -> (NodeId, Team) {
    let [county, township] = RESPONSE;
    let (home, members) = match number.checked_sub(1) {
        None => (villages.county, county),
        Some(place) => (villages.township(place), township),
    };
    let team = Team {
        sort: Sort::Response,
        number,
        kind: "response",
        name: format!("{}应急处突队伍", villages.name(home)),
        part_of: None,
        members: Some(members),
    };
    (home, team)
}

fn patrol(villages: &Villages, number: u64) -> (NodeId, Team) {
    let members = Some(PATROL);
    at_county(
        villages,
        Sort::Patrol,
        number,
        ("patrol", "示例警务站专职巡防队"),
        members,
    )
}

fn combat_unit(villages: &Villages, number: u64) -> (NodeId, Team) {
    at_county(
        villages,
        Sort::CombatUnit,
        number,
        ("combat-unit", "最小作战单元"),
        None,
    )
}

fn emergency_unit(villages: &Villages, number: u64) -> (NodeId, Team) {
    let members = Some(EMERGENCY_UNIT);
    at_county(
        villages,
        Sort::EmergencyUnit,
        number,
        ("emergency-unit", "最小应急单元"),
        members,
    )
}

fn psychology(villages: &Villages, number: u64) -> (NodeId, Team) {
    let members = PSYCHOLOGY - u64::from(number % 10 >= 7);
    let named = ("psychology", "社会心理服务队伍");
    at_county(villages, Sort::Psychology, number, named, Some(members))
}

fn four_posts(villages: &Villages, number: u64) -> (NodeId, Team) {
    let home = villages.township(number);
    let team = Team {
        sort: Sort::FourPostTeam,
        number,
        kind: "four-posts",
        name: format!("{}三官一师工作团队", villages.name(home)),
        part_of: None,
        members: None,
    };
    (home, team)
}

fn at_county(
    villages: &Villages,
    sort: Sort,
    number: u64,
    (kind, name): (&'static str, &str),
    members: Option<u64>,
) -> (NodeId, Team) {
    let team = Team {
        sort,
        number,
        kind,
        name: format!("{name}{}", number + 1),
        part_of: None,
        members,
    };
    (villages.county, team)
}
