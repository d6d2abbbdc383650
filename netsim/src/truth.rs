//! What is true in a world, whoever knows it: every facet, every commit, every grade a facet ever
//! had, and who may hold what under each edition of the charter by a table that Cedar never saw.

use std::collections::{BTreeMap, BTreeSet};

use crdt_model::charter::Declared;
use crdt_model::commit::Commit;
use crdt_model::history::History;
use crdt_model::ids::{CharterDigest, CharterVersion, CommitHash, NodeId, RecordId};
use crdt_model::label::{FacetId, Grade};
use crdt_model::value::Value;

use crate::charters::{Edition, Permissions};
use crate::secrecy::Needles;

/// What a node goes by: an edition of the charter, as it decides every day or in an emergency.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Rules {
    /// The digest of the edition.
    pub digest: CharterDigest,
    /// Whether its rules for emergencies count.
    pub emergency: bool,
}

/// One facet in truth.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The number by which the needles name it.
    pub number: u32,
    /// Every grade it ever had anywhere.
    pub grades: BTreeSet<Grade>,
    /// Every commit on it that was ever signed.
    pub commits: BTreeSet<CommitHash>,
}

/// What a needle belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Secret {
    /// One facet's content.
    Facet(FacetId),
    /// The name of a commit on it.
    Name(FacetId),
    /// A record's being there.
    Record(RecordId),
}

/// See the module.
#[derive(Default)]
pub struct Truth {
    tables: BTreeMap<Rules, (CharterVersion, Permissions)>,
    /// Every declaration of an emergency that a node was given.
    pub declared: Vec<Declared>,
    facets: BTreeMap<FacetId, Known>,
    records: BTreeMap<RecordId, Vec<FacetId>>,
    secrets: Vec<Secret>,
    commits: BTreeMap<CommitHash, FacetId>,
    /// Everything that a node may only see where it may hold the facet it belongs to.
    pub needles: Needles,
}

/// Bytes of a text that is worth searching for.
const NEEDLE_BYTES_MIN: usize = 24;

impl Truth {
    /// Adds an edition of the charter that nodes may adopt.
    pub fn add_edition(&mut self, edition: &Edition) {
        let (digest, version) = (edition.digest, edition.version);
        let tables = [
            (false, Some(&edition.table)),
            (true, edition.emergency.as_ref()),
        ];
        for (emergency, table) in tables {
            if let Some(table) = table {
                let rules = Rules { digest, emergency };
                self.tables.insert(rules, (version, table.clone()));
            }
        }
    }

    /// The table of one edition, for every day or for an emergency.
    pub fn table(&self, rules: &Rules) -> Option<&Permissions> {
        self.tables.get(rules).map(|(_, table)| table)
    }

    /// The tables of the editions with this number, as they are every day.
    pub fn tables_of(&self, version: CharterVersion) -> impl Iterator<Item = &Permissions> {
        let of = self.tables.iter();
        let of = of.filter(move |(rules, (found, _))| *found == version && !rules.emergency);
        of.map(|(_, (_, table))| table)
    }

    /// Learns of every commit in a history.
    pub fn learn(&mut self, history: &History) {
        for (commit, _) in history.commits() {
            self.learn_commit(commit, &history.grades_before(commit));
        }
    }

    /// Learns of one commit, which stands on these grades.
    pub fn learn_commit(&mut self, commit: &Commit, before: &[Grade]) {
        let (body, name) = (commit.body(), commit.hash());
        if self.commits.contains_key(&name) {
            return;
        }
        self.commits.insert(name, body.facet);
        if !self.facets.contains_key(&body.facet) {
            self.begin(body.facet);
        }
        let Some(known) = self.facets.get_mut(&body.facet) else {
            return;
        };
        known.commits.insert(name);
        known
            .grades
            .extend(before.iter().copied().chain(body.grade));
        self.needles.add(known.number + 1, &name.0);
        for operation in &body.operations {
            if let Some(Value::Text(text)) = &operation.value
                && text.len() >= NEEDLE_BYTES_MIN
            {
                self.needles.add(known.number, text.as_bytes());
            }
        }
    }

    fn begin(&mut self, facet: FacetId) {
        let number = self.secrets.len() as u32;
        self.secrets.push(Secret::Facet(facet));
        self.secrets.push(Secret::Name(facet));
        let known = Known {
            number,
            ..Known::default()
        };
        self.facets.insert(facet, known);
        let of_record = self.records.entry(facet.record).or_default();
        if of_record.is_empty() {
            self.secrets.push(Secret::Record(facet.record));
            self.needles.add(number + 2, &facet.record.0);
            self.needles
                .add(number + 2, facet.record.to_string().as_bytes());
        }
        of_record.push(facet);
    }

    /// Learns of a grade that concurrent ones have come to.
    pub fn learn_grade(&mut self, facet: &FacetId, grade: Grade) {
        if let Some(known) = self.facets.get_mut(facet) {
            known.grades.insert(grade);
        }
    }

    /// Whether a node may hold a facet, at one of the grades it ever had, by these rules.
    pub fn may_hold(&self, facet: &FacetId, node: NodeId, rules: &Rules) -> bool {
        let (Some(known), Some(table)) = (self.facets.get(facet), self.table(rules)) else {
            return false;
        };
        known
            .grades
            .iter()
            .any(|grade| table.holds(&facet.label(*grade), node))
    }

    /// Whether an edition up to this version takes a facet away from a node, at one of the grades
    /// it ever had. (A node that was away may go through several at once.)
    pub fn may_lose(&self, facet: &FacetId, node: NodeId, until: CharterVersion) -> bool {
        let Some(known) = self.facets.get(facet) else {
            return false;
        };
        let mut tables = self
            .tables
            .values()
            .filter(|(version, _)| *version <= until);
        let lacks = |table: &Permissions| {
            let mut grades = known.grades.iter();
            grades.any(|grade| !table.holds(&facet.label(*grade), node))
        };
        facet.home != node && tables.any(|(_, table)| lacks(table))
    }

    /// Every facet.
    pub fn facets(&self) -> impl Iterator<Item = (&FacetId, &Known)> {
        self.facets.iter()
    }

    /// One facet.
    pub fn facet(&self, facet: &FacetId) -> Option<&Known> {
        self.facets.get(facet)
    }

    /// What the needles call by this number.
    pub fn secret(&self, number: u32) -> Option<Secret> {
        self.secrets.get(number as usize).copied()
    }

    /// Whether a node may know a secret, by these rules, or because the record is its own.
    pub fn may_know(&self, secret: Secret, node: NodeId, rules: &Rules) -> bool {
        let may = |facet: &FacetId| facet.home == node || self.may_hold(facet, node, rules);
        match secret {
            Secret::Facet(facet) | Secret::Name(facet) => may(&facet),
            Secret::Record(record) => self.records.get(&record).into_iter().flatten().any(may),
        }
    }

    /// The facet that a commit belongs to.
    pub fn facet_of(&self, commit: &CommitHash) -> Option<FacetId> {
        self.commits.get(commit).copied()
    }
}
