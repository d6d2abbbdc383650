//! Invented records of one year, from a fixed seed. They come as the files that a user would import
//! and the requests that a user would make.
//!
//! * [`Counts`]: how many of each; `draw`: the seed; `words`: what they say; `villages`: whose they are
//! * [`SampleFile`], [`Course`]: the files and requests; `names`, `table`: how they are written
//! * `grid`, `cases`, `devices`, `notices`, `directory`, `teams`, `handoffs`, `callouts`, `reviews`,
//!   `checklists`, `protection`: one sort each; `handoff_schedule`: which hand-off became which dispute
//! * `real`: a few files that other people made, which the county brings in

mod callouts;
mod cases;
mod checklists;
mod counts;
mod course;
mod devices;
mod directory;
mod draw;
mod file;
mod grid;
mod handoff_schedule;
mod handoffs;
mod names;
mod notices;
mod protection;
mod real;
mod reviews;
mod table;
mod teams;
mod villages;
mod words;

use std::collections::BTreeMap;

use crdt_model::ids::NodeId;

pub use self::counts::Counts;
pub use self::course::{Course, Write};
pub use self::devices::PASSWORD;
pub use self::file::SampleFile;

pub(crate) use self::names::name;

use self::cases::Case;
use self::names::Names;
use self::table::Table;
use self::villages::Villages;
use crate::members::Members;
use crdt_model::text::Problem;

/// What one node brings in.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct NodeSample {
    /// The files it imports.
    pub files: Vec<SampleFile>,
    /// What it does with its own records after that.
    pub courses: Vec<Course>,
    /// What it does with the records of others, once it holds them.
    pub above: Vec<Course>,
}

/// What the county's practice adds to reports, disputes, devices and notices.
fn practice(
    villages: &Villages,
    names: &Names,
    from: &Counts,
    to: &Counts,
) -> Vec<(NodeId, Course)> {
    let mut all = directory::courses(villages, names, from, to);
    all.extend(teams::courses(villages, names, from, to));
    all.extend(handoffs::courses(villages, names, from, to));
    all.extend(callouts::courses(villages, names, from, to));
    all.extend(reviews::courses(villages, names, from, to));
    all.extend(checklists::courses(villages, names, from, to));
    all.extend(protection::courses(villages, names, from, to));
    all.extend(devices::courses(villages, names, from, to));
    all
}

/// The records from one count up to another, by the node that brings them in.
///
/// # Errors
/// An error of this program.
pub fn sample(
    members: &Members,
    from: &Counts,
    to: &Counts,
) -> Result<BTreeMap<NodeId, NodeSample>, Problem> {
    let names = Names::new()?;
    let mut all: BTreeMap<NodeId, NodeSample> = BTreeMap::new();
    let Some(villages) = Villages::new(members) else {
        return Ok(all);
    };
    let grids = Counts::whole(villages.nodes.len()).grids;
    for village in &villages.nodes {
        let files = &mut all.entry(*village).or_default().files;
        files.extend(grid::file(
            &villages,
            *village,
            from.grid_reports..to.grid_reports,
            grids,
        ));
        files.extend(devices::files(&villages, *village, from, to));
        let mut table = Table::new(cases::HEADER);
        for number in villages.numbers_of(*village, from.cases..to.cases) {
            let case = Case::new(&villages, &names, *village, number);
            if case.addressee.is_none() {
                case.register(&villages, &mut table);
            }
            all.entry(*village)
                .or_default()
                .courses
                .push(case.at_home(&names));
            if let Some((above, course)) = case.above(&names) {
                all.entry(above).or_default().above.push(course);
            }
        }
        all.entry(*village)
            .or_default()
            .files
            .extend(SampleFile::table("cases", table));
    }
    if *from == Counts::default() {
        let files = &mut all.entry(villages.county).or_default().files;
        files.extend(real::files(villages.county));
    }
    let notices =
        (from.notices..to.notices).flat_map(|number| notices::notice(&villages, &names, number));
    for (node, course) in notices.chain(practice(&villages, &names, from, to)) {
        all.entry(node).or_default().courses.push(course);
    }
    Ok(all)
}

#[cfg(test)]
mod tests;
