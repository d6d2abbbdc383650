//! The directory: grids and the posts that serve them, liaisons, and the bodies of the county's
//! centre. Posts only; nobody is named.

use crdt_model::ids::{NodeId, RecordId};

use super::counts::Counts;
use super::course::{Course, each};
use super::draw::{Draw, Moment, Purpose};
use super::names::{Fields, Names, row};
use super::villages::{Villages, nth};
use super::words::{FOUR_POSTS, INDUSTRIES, LIAISONS, RESIDENTS};

/// What separates the draws of the sorts of the directory.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(super) enum Sort {
    Grid = 1,
    GridWorker,
    StabilityWorker,
    FourPost,
    CommitteePolice,
    Liaison,
    Resident,
    Rotating,
    Brigade,
    Company,
    Squad,
    Response,
    Patrol,
    CombatUnit,
    EmergencyUnit,
    Psychology,
    FourPostTeam,
}

/// The record of one entry.
pub(super) fn record(sort: Sort, number: u64) -> RecordId {
    Draw::new(Purpose::Directory, (u64::from(sort as u8) << 32) | number).record()
}

/// The entries that are no teams.
pub(super) fn courses(
    villages: &Villages,
    names: &Names,
    from: &Counts,
    to: &Counts,
) -> Vec<(NodeId, Course)> {
    let mut all = each(
        from,
        to,
        |counts| counts.grids,
        |n| grid(villages, names, n),
    );
    all.extend(grid_posts(villages, names, from, to));
    all.extend(each(
        from,
        to,
        |counts| counts.four_posts,
        |n| four_post(villages, names, n),
    ));
    all.extend(each(
        from,
        to,
        |counts| counts.liaisons,
        |n| liaison(villages, names, n),
    ));
    all.extend(each(
        from,
        to,
        |counts| counts.resident_bodies,
        |n| (villages.county, resident(names, n)),
    ));
    all.extend(each(
        from,
        to,
        |counts| counts.rotating_bodies,
        |n| (villages.county, rotating(names, n)),
    ));
    all
}

/// The posts of grid workers, and of police officers in village committees.
fn grid_posts(
    villages: &Villages,
    names: &Names,
    from: &Counts,
    to: &Counts,
) -> Vec<(NodeId, Course)> {
    let post = |home: NodeId, kind: &str, sort, number, grid: Option<String>| {
        let mut fields = since_the_year_began().text("kind", kind);
        if let Some(grid) = grid {
            fields = fields.text("grid", grid);
        }
        (home, row(record(sort, number), names.post, fields))
    };
    let grid_worker = |number| {
        let (home, id) = grid_id(villages, number);
        post(home, "grid-worker", Sort::GridWorker, number, Some(id))
    };
    let no_communities: Vec<NodeId> = villages.nodes.iter().copied().filter(is_village).collect();
    let stability_worker = |number| {
        let home = nth(&no_communities, number).unwrap_or_else(|| villages.village(number));
        let sort = Sort::StabilityWorker;
        post(home, "stability-worker", sort, number, None)
    };
    let committee_police = |number| {
        let home = villages.village(2 * number);
        let sort = Sort::CommitteePolice;
        post(home, "committee-police", sort, number, None)
    };
    let mut all = each(from, to, |counts| counts.grids, grid_worker);
    all.extend(each(
        from,
        to,
        |counts| counts.stability_workers,
        stability_worker,
    ));
    all.extend(each(
        from,
        to,
        |counts| counts.committee_police,
        committee_police,
    ));
    all
}

/// Whether a node is a village and no community: the last three digits of its code say so
/// (classification of divisions for statistics: communities from 001, villages from 200).
fn is_village(node: &NodeId) -> bool {
    node.code() % 1_000 >= 200
}

/// The fields of what holds since the year began.
pub(super) fn since_the_year_began() -> Fields {
    Fields::default().time("valid-from", Moment::of_year(0, 0))
}

/// The village and the 15-digit id of a grid.
fn grid_id(villages: &Villages, number: u64) -> (NodeId, String) {
    let home = villages.village(number);
    let serial = 1 + number / villages.nodes.len() as u64;
    (home, format!("{home}{serial:03}"))
}

fn grid(villages: &Villages, names: &Names, number: u64) -> (NodeId, Course) {
    let (home, id) = grid_id(villages, number);
    let kind = if is_village(&home) {
        "rural"
    } else {
        "community"
    };
    let serial = 1 + number / villages.nodes.len() as u64;
    let fields = since_the_year_began()
        .text("grid", id)
        .text("name", format!("{}第{serial}网格", villages.name(home)))
        .text("kind", kind);
    (
        home,
        row(record(Sort::Grid, number), names.grid_row, fields),
    )
}

/// Judges, prosecutors, police and lawyers belong to the team of their township.
fn four_post(villages: &Villages, names: &Names, number: u64) -> (NodeId, Course) {
    let home = villages.township(number);
    let turn = usize::try_from(villages.round(number) % FOUR_POSTS.len() as u64).unwrap_or(0);
    let (kind, office) = FOUR_POSTS.get(turn).copied().unwrap_or_default();
    let fields = since_the_year_began()
        .text("kind", kind)
        .text("office", office)
        .record("team", team_of_four_posts(villages, number));
    (
        home,
        row(record(Sort::FourPost, number), names.post, fields),
    )
}

/// The team that a post of judges, prosecutors, police and lawyers belongs to.
fn team_of_four_posts(villages: &Villages, post: u64) -> RecordId {
    let township = post % (villages.townships.len() as u64).max(1);
    record(Sort::FourPostTeam, township)
}

/// Three for each centre: the county's first, then those of the townships.
fn liaison(villages: &Villages, names: &Names, number: u64) -> (NodeId, Course) {
    let channels = LIAISONS.len() as u64;
    let home = match (number / channels).checked_sub(1) {
        None => villages.county,
        Some(township) => villages.township(township),
    };
    let channel = usize::try_from(number % channels).unwrap_or(0);
    let kind = LIAISONS.get(channel).copied().unwrap_or_default();
    let fields = since_the_year_began().text("kind", kind);
    (home, row(record(Sort::Liaison, number), names.post, fields))
}

fn resident(names: &Names, number: u64) -> Course {
    let place = usize::try_from(number % RESIDENTS.len() as u64).unwrap_or(0);
    let (kind, name) = RESIDENTS.get(place).copied().unwrap_or_default();
    body(names, Sort::Resident, number, (kind, name), "resident")
}

fn rotating(names: &Names, number: u64) -> Course {
    let place = usize::try_from(number % INDUSTRIES.len() as u64).unwrap_or(0);
    let (kind, name) = INDUSTRIES.get(place).copied().unwrap_or_default();
    body(names, Sort::Rotating, number, (kind, name), "rotating")
}

fn body(names: &Names, sort: Sort, number: u64, (kind, name): (&str, &str), how: &str) -> Course {
    let fields = since_the_year_began()
        .text("kind", kind)
        .text("name", name)
        .text("residency", how);
    row(record(sort, number), names.body, fields)
}
