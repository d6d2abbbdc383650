//! Who may hold, write and grade what, as a table that no rule was read for: what the charter's
//! rules come to is held against it.

use std::collections::{BTreeMap, BTreeSet};

use crdt_model::charter::Standing;
use crdt_model::ids::{Name, NodeId};
use crdt_model::label::{Grade, Label};

/// How a node stands to a label. One of the first seven holds for every node; the last three say
/// more about labels that are meant for another node than home, and never hold for home.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Relation {
    /// It is home.
    Home,
    /// It is the township that home is a village of.
    Parent,
    /// It is the county, and home is not.
    County,
    /// It and home are villages of one township.
    Sibling,
    /// It lies below home.
    Below,
    /// It is a township that has nothing to do with home.
    OtherTownship,
    /// It is a village of a township that has nothing to do with home.
    OtherVillage,
    /// It is the addressee.
    Addressee,
    /// It is the township that the addressee is a village of.
    AboveAddressee,
    /// It lies below the addressee.
    BelowAddressee,
}

impl Relation {
    /// All relations.
    pub const ALL: [Self; 10] = [
        Self::Home,
        Self::Parent,
        Self::County,
        Self::Sibling,
        Self::Below,
        Self::OtherTownship,
        Self::OtherVillage,
        Self::Addressee,
        Self::AboveAddressee,
        Self::BelowAddressee,
    ];

    /// Every relation in which a node stands to a label, by the digits of the codes alone.
    pub fn of(label: &Label, node: NodeId) -> Vec<Self> {
        if node == label.home {
            return vec![Self::Home];
        }
        let (home, addressee, at) = (digits(label.home), digits(label.addressee), digits(node));
        let to_home = match (home, at) {
            ((0, _), _) => Self::Below,
            (_, (0, _)) => Self::County,
            ((township, 0), (other, _)) if township == other => Self::Below,
            ((township, _), (other, 0)) if township == other => Self::Parent,
            ((township, _), (other, _)) if township == other => Self::Sibling,
            (_, (_, 0)) => Self::OtherTownship,
            _ => Self::OtherVillage,
        };
        let to_addressee = match (addressee, at) {
            _ if label.addressee == label.home => None,
            _ if label.addressee == node => Some(Self::Addressee),
            ((0, _), _) => Some(Self::BelowAddressee),
            ((township, 0), (other, _)) if township == other => Some(Self::BelowAddressee),
            ((township, _), (other, 0)) if township == other => Some(Self::AboveAddressee),
            _ => None,
        };
        std::iter::once(to_home).chain(to_addressee).collect()
    }
}

/// The township's and the village's three digits of a code; zeros where it has none.
fn digits(node: NodeId) -> (u64, u64) {
    (node.code() / 1000 % 1000, node.code() % 1000)
}

/// The three answers about one node and one label.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Rights {
    /// Whether the node may hold it.
    pub flow: bool,
    /// Whether it may write it.
    pub author: bool,
    /// Whether it may take it from or to this grade.
    pub regrade: bool,
}

impl Rights {
    /// All three.
    pub const ALL: Self = Self {
        flow: true,
        author: true,
        regrade: true,
    };

    /// None of them.
    pub const NONE: Self = Self {
        flow: false,
        author: false,
        regrade: false,
    };

    fn or(self, other: Self) -> Self {
        Self {
            flow: self.flow || other.flow,
            author: self.author || other.author,
            regrade: self.regrade || other.regrade,
        }
    }
}

/// Where the answers for listed nodes come from.
#[derive(Clone, Debug)]
enum Answers {
    /// A row for every facet, grade and relation.
    Table(Table),
    /// Written out by hand.
    Written(fn(&Label, NodeId) -> Rights),
}

/// A row for every facet, grade and relation. Where a node stands in several relations, what one of
/// them allows is allowed.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub(super) rows: BTreeMap<(Name, Grade, Relation), Rights>,
    /// Facets that can be meant for another node than home.
    pub(super) addressed: BTreeSet<Name>,
    /// Nodes that have no right to a facet that is not their own, whatever the rows say.
    pub(super) barred: BTreeSet<(Name, NodeId)>,
}

impl Table {
    fn rights(&self, label: &Label, node: NodeId) -> Rights {
        let elsewhere = label.addressee != label.home;
        let barred = node != label.home && self.barred.contains(&(label.facet, node));
        if elsewhere && !self.addressed.contains(&label.facet) || barred {
            return Rights::NONE;
        }
        Relation::of(label, node)
            .into_iter()
            .filter_map(|relation| self.rows.get(&(label.facet, label.grade, relation)))
            .fold(Rights::NONE, |all, one| all.or(*one))
    }
}

/// Who may hold, write and grade what under one charter.
#[derive(Clone, Debug)]
pub struct Permissions {
    nodes: BTreeMap<NodeId, Standing>,
    answers: Answers,
}

impl Permissions {
    pub(super) fn of_table(nodes: BTreeMap<NodeId, Standing>, table: Table) -> Self {
        let answers = Answers::Table(table);
        Self { nodes, answers }
    }

    pub(super) fn written(
        nodes: BTreeMap<NodeId, Standing>,
        rights: fn(&Label, NodeId) -> Rights,
    ) -> Self {
        let answers = Answers::Written(rights);
        Self { nodes, answers }
    }

    /// The three answers. Unknown and revoked nodes have no rights, and nobody has any to a label
    /// of unknown nodes.
    pub fn rights(&self, label: &Label, node: NodeId) -> Rights {
        let listed = |node| self.nodes.contains_key(&node);
        let active = self.nodes.get(&node) == Some(&Standing::Active);
        if !active || !listed(label.home) || !listed(label.addressee) {
            return Rights::NONE;
        }
        match &self.answers {
            Answers::Table(table) => table.rights(label, node),
            Answers::Written(rights) => rights(label, node),
        }
    }

    /// Whether a node may hold facets with a label.
    pub fn holds(&self, label: &Label, node: NodeId) -> bool {
        self.rights(label, node).flow
    }

    /// Whether a node may write them.
    pub fn authors(&self, label: &Label, node: NodeId) -> bool {
        self.rights(label, node).author
    }

    /// Whether a node may take a facet from or to this label.
    pub fn regrades(&self, label: &Label, node: NodeId) -> bool {
        self.rights(label, node).regrade
    }

    /// The nodes that may hold facets with a label.
    pub fn audience(&self, label: &Label) -> BTreeSet<NodeId> {
        let nodes = self.nodes.keys().copied();
        nodes.filter(|node| self.holds(label, *node)).collect()
    }

    /// The nodes of the roster that are trusted.
    pub fn active(&self) -> impl Iterator<Item = NodeId> {
        let active = self.nodes.iter();
        active.filter_map(|(node, standing)| (*standing == Standing::Active).then_some(*node))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(code: &str) -> NodeId {
        code.parse().expect("a code")
    }

    fn relations(home: &str, addressee: &str, at: &str) -> Vec<Relation> {
        let name = |text: &str| Name::new(text).expect("a name");
        let grade = Grade {
            sensitivity: name("normal"),
            level: name("village"),
        };
        let label = Label {
            facet: name("case.summary"),
            home: node(home),
            addressee: node(addressee),
            grade,
        };
        Relation::of(&label, node(at))
    }

    const COUNTY: &str = "620723000000";
    const TOWN: &str = "620723101000";
    const VILLAGE: &str = "620723101201";
    const OTHER_TOWN: &str = "620723102000";
    const OTHER_VILLAGE: &str = "620723102201";

    #[test]
    fn every_node_stands_to_home_in_one_way() {
        for (home, at, relation) in [
            (VILLAGE, VILLAGE, Relation::Home),
            (VILLAGE, TOWN, Relation::Parent),
            (VILLAGE, COUNTY, Relation::County),
            (TOWN, COUNTY, Relation::County),
            (VILLAGE, "620723101202", Relation::Sibling),
            (TOWN, VILLAGE, Relation::Below),
            (COUNTY, TOWN, Relation::Below),
            (COUNTY, VILLAGE, Relation::Below),
            (VILLAGE, OTHER_TOWN, Relation::OtherTownship),
            (TOWN, OTHER_TOWN, Relation::OtherTownship),
            (VILLAGE, OTHER_VILLAGE, Relation::OtherVillage),
            (TOWN, OTHER_VILLAGE, Relation::OtherVillage),
        ] {
            assert_eq!(relations(home, home, at), [relation], "{home} {at}");
        }
    }

    #[test]
    fn an_addressee_adds_relations_to_all_but_home() {
        use Relation::{AboveAddressee, Addressee, Below, BelowAddressee, Home, OtherTownship};
        use Relation::{OtherVillage, Parent, Sibling};
        for (home, addressee, at, found) in [
            (
                VILLAGE,
                OTHER_VILLAGE,
                OTHER_VILLAGE,
                vec![OtherVillage, Addressee],
            ),
            (
                VILLAGE,
                OTHER_VILLAGE,
                OTHER_TOWN,
                vec![OtherTownship, AboveAddressee],
            ),
            (VILLAGE, OTHER_VILLAGE, TOWN, vec![Parent]),
            (VILLAGE, "620723101202", TOWN, vec![Parent, AboveAddressee]),
            (VILLAGE, TOWN, TOWN, vec![Parent, Addressee]),
            (VILLAGE, TOWN, "620723101202", vec![Sibling, BelowAddressee]),
            (
                COUNTY,
                OTHER_TOWN,
                OTHER_VILLAGE,
                vec![Below, BelowAddressee],
            ),
            (
                VILLAGE,
                COUNTY,
                OTHER_VILLAGE,
                vec![OtherVillage, BelowAddressee],
            ),
            (VILLAGE, TOWN, VILLAGE, vec![Home]),
        ] {
            assert_eq!(
                relations(home, addressee, at),
                found,
                "{home} {addressee} {at}"
            );
        }
    }
}
