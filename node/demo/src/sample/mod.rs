//! Invented records of one year, from a fixed seed. They come as the files that a user would import
//! and the requests that a user would make.
//!
//! * [`Counts`]: how many of each; `draw`: the seed; `words`: what they say
//! * `grid`, `cases`, `devices`, `notices`, `directory`, `teams`, `handoffs`, `callouts`, `reviews`,
//!   `checklists`, `protection`: one sort each; `names`, `table`: how they are written
//! * `real`: a few files that other people made, which the county brings in

mod callouts;
mod cases;
mod checklists;
mod counts;
mod devices;
mod directory;
mod draw;
mod grid;
mod handoffs;
mod names;
mod notices;
mod protection;
mod real;
mod reviews;
mod table;
mod teams;
mod words;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use crdt_model::charter::Tier;
use crdt_model::ids::NodeId;

pub use self::counts::Counts;
pub use self::devices::PASSWORD;

pub(crate) use self::names::name;

use self::cases::Case;
use self::names::Names;
use self::table::Table;
use crate::members::Members;
use crate::template::MAPPINGS;
use crdt_model::text::Problem;
use node_app::asked::protocol::Request;
use node_import::{Held, Import, Mapping, Placement, Preview, Rules, SourceFile};

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

    /// What importing it would do at a node with these rules that holds this.
    ///
    /// # Errors
    /// It cannot be read at all.
    pub fn preview(&self, rules: &dyn Rules, held: &dyn Held) -> Result<Preview, Problem> {
        let mapping = match self.mapping_text() {
            Some((name, text)) => Mapping::parse(name, &text, rules.kinds())?,
            None => Mapping::of_catalogues(rules.kinds())?,
        };
        let import = Import {
            mapping: &mapping,
            placement: &Placement::of_the_county()?,
            rules,
            held,
            fallback_home: self.home,
        };
        let file = SourceFile {
            name: self.name.clone(),
            bytes: self.bytes.clone(),
        };
        node_import::preview(&import, &[file])
    }

    /// The mapping that it names, which the program brings along.
    fn mapping_text(&self) -> Option<(&'static str, Cow<'static, str>)> {
        let wanted = self.mapping.as_ref()?;
        let (name, text) = MAPPINGS.iter().find(|(name, _)| name == wanted)?;
        Some((name, String::from_utf8_lossy(text)))
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
    townships: Vec<NodeId>,
    county: NodeId,
}

impl<'a> Villages<'a> {
    fn new(members: &'a Members) -> Option<Self> {
        let county = members.of_tier(Tier::County).first().copied()?;
        let nodes = members.of_tier(Tier::Village);
        let townships = members.of_tier(Tier::Township);
        (!nodes.is_empty()).then_some(Self {
            members,
            nodes,
            townships,
            county,
        })
    }

    /// The village that a record of this number belongs to.
    fn village(&self, number: u64) -> NodeId {
        nth(&self.nodes, number).unwrap_or(self.county)
    }

    /// The township that a record of this number belongs to.
    fn township(&self, number: u64) -> NodeId {
        nth(&self.townships, number).unwrap_or(self.county)
    }

    /// How many times the townships have been gone through before this number.
    fn round(&self, number: u64) -> u64 {
        number / (self.townships.len() as u64).max(1)
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

/// The one of these that a number falls on, as they are gone through again and again.
fn nth(nodes: &[NodeId], number: u64) -> Option<NodeId> {
    let place = number.checked_rem(nodes.len() as u64)?;
    nodes.get(usize::try_from(place).ok()?).copied()
}

/// Records of one sort, each made from its number, with the node that makes it.
fn each(
    from: &Counts,
    to: &Counts,
    of: fn(&Counts) -> u64,
    make: impl Fn(u64) -> (NodeId, Course),
) -> Vec<(NodeId, Course)> {
    (of(from)..of(to)).map(make).collect()
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
