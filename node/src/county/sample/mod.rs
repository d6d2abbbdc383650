//! Invented records of one year, from a fixed seed: grid reports, disputes, devices, notices. They
//! come as the files that a user would import and the requests that a user would make.
//!
//! * [`Counts`]: how many of each; `draw`: the seed; `words`: what they say
//! * `grid`, `cases`, `devices`, `notices`: one sort each; `names`, `table`: how they are written
//! * `real`: a few files that other people made, which the county brings in

mod cases;
mod counts;
mod devices;
mod draw;
mod grid;
mod names;
mod notices;
mod real;
mod table;
mod words;

use std::collections::BTreeMap;
use std::ops::Range;

use crdt_model::charter::Tier;
use crdt_model::ids::NodeId;

pub use self::counts::Counts;
pub use self::devices::PASSWORD;

pub(in crate::county) use self::names::name;

use self::cases::Case;
use self::names::Names;
use self::table::Table;
use crate::control::protocol::Request;
use crate::county::members::Members;
use crate::text::Problem;

/// One file to be imported at a node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SampleFile {
    /// Its name.
    pub name: String,
    /// The mapping that reads it; none for a catalogue.
    pub mapping: Option<String>,
    /// The home of rows that name none, for other people's files: some of their rows are refused.
    pub home: Option<NodeId>,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// How many records it makes.
    pub records: u64,
}

impl SampleFile {
    /// A table, unless it is empty. File and mapping have one name.
    fn table(name: &str, table: Table) -> Option<Self> {
        (!table.is_empty()).then(|| Self {
            name: format!("{name}.csv"),
            mapping: Some(format!("{name}.toml")),
            home: None,
            records: table.rows(),
            bytes: table.bytes(),
        })
    }
}

/// Requests on one record, in their order.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Course {
    /// The requests.
    pub requests: Vec<Request>,
}

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

/// The villages that records are spread over: record number `n` belongs to the village whose place
/// is `n` modulo their number.
pub(crate) struct Villages<'a> {
    members: &'a Members,
    nodes: Vec<NodeId>,
    county: NodeId,
}

impl<'a> Villages<'a> {
    fn new(members: &'a Members) -> Option<Self> {
        let county = members.of_tier(Tier::County).first().copied()?;
        let nodes = members.of_tier(Tier::Village);
        (!nodes.is_empty()).then_some(Self {
            members,
            nodes,
            county,
        })
    }

    fn place(&self, village: NodeId) -> usize {
        self.nodes.binary_search(&village).unwrap_or(0)
    }

    fn name(&self, node: NodeId) -> String {
        self.members.name(node)
    }

    /// The numbers in a range that belong to a village.
    fn numbers_of(&self, village: NodeId, range: Range<u64>) -> impl Iterator<Item = u64> + use<> {
        let (place, count) = (self.place(village) as u64, self.nodes.len() as u64);
        range.filter(move |number| number % count == place)
    }

    /// The village of another township that a party of this one's disputes belongs to, if the
    /// county has another township.
    fn across(&self, village: NodeId) -> Option<NodeId> {
        let after = self
            .nodes
            .iter()
            .cycle()
            .skip(self.place(village) + self.nodes.len() / 2);
        let mut after = after.take(self.nodes.len());
        after
            .find(|other| other.township() != village.township())
            .copied()
    }
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
    for village in &villages.nodes {
        let files = &mut all.entry(*village).or_default().files;
        files.extend(grid::file(
            &villages,
            *village,
            from.grid_reports..to.grid_reports,
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
    for number in from.notices..to.notices {
        for (node, course) in notices::notice(&villages, &names, number) {
            all.entry(node).or_default().courses.push(course);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests;
