//! How a node stands to a label: the words that invariants are written in.

use crdt_model::ids::NodeId;
use crdt_model::kind::Title;
use crdt_model::label::Label;
use serde::{Deserialize, Serialize};

use crate::deciding::question::is_above;

/// How a node stands to a label. The first seven part all nodes among them; the last three say
/// more about nodes of labels that are meant for somebody else than home.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// It is home.
    Home,
    /// It is the township of home, which is a village.
    OwnTownship,
    /// It is the county, and home is not.
    County,
    /// It is another village of home's township, and home is a village.
    Sibling,
    /// It is below home.
    Below,
    /// It is a township that home is neither in, nor is, nor is above.
    OtherTownship,
    /// It is a village that home is not, is not above, and shares no township with.
    OtherVillage,
    /// It is the addressee.
    Addressee,
    /// It is the township of the addressee, which is a village.
    AddresseeTownship,
    /// It is below the addressee.
    BelowAddressee,
}

impl Relation {
    /// How a node can stand to home: exactly one of these.
    pub const TO_HOME: [Self; 7] = [
        Self::Home,
        Self::OwnTownship,
        Self::County,
        Self::Sibling,
        Self::Below,
        Self::OtherTownship,
        Self::OtherVillage,
    ];

    /// How it can stand to an addressee that is not home: at most one of these.
    pub const TO_ADDRESSEE: [Self; 3] = [
        Self::Addressee,
        Self::AddresseeTownship,
        Self::BelowAddressee,
    ];

    /// What people call it.
    pub fn title(self) -> Title {
        let (zh, en) = match self {
            Self::Home => ("本节点", "home"),
            Self::OwnTownship => ("本镇", "own township"),
            Self::County => ("县", "county"),
            Self::Sibling => ("同镇他村", "other village of the township"),
            Self::Below => ("下属节点", "below home"),
            Self::OtherTownship => ("外镇", "other township"),
            Self::OtherVillage => ("外镇他村", "village elsewhere"),
            Self::Addressee => ("收件单位", "addressee"),
            Self::AddresseeTownship => ("收件单位所在镇", "addressee's township"),
            Self::BelowAddressee => ("收件单位下属", "below the addressee"),
        };
        Title {
            zh: zh.to_owned(),
            en: en.to_owned(),
        }
    }

    /// Whether `node` stands like this to `label`.
    pub fn holds(self, label: &Label, node: NodeId) -> bool {
        let Label {
            home, addressee, ..
        } = *label;
        let meant_for_another = addressee != home;
        match self {
            Self::Home | Self::OwnTownship | Self::County | Self::Sibling => {
                self == place(home, node)
            }
            Self::Below | Self::OtherTownship | Self::OtherVillage => self == place(home, node),
            Self::Addressee => meant_for_another && node == addressee,
            Self::AddresseeTownship => {
                meant_for_another && node != addressee && addressee.township() == Some(node)
            }
            Self::BelowAddressee => meant_for_another && is_above(addressee, node),
        }
    }
}

/// The one of the first seven relations in which a node stands to home.
fn place(home: NodeId, node: NodeId) -> Relation {
    let is_township = Some(node) == node.township();
    if node == home {
        Relation::Home
    } else if is_above(home, node) {
        Relation::Below
    } else if node == node.county() {
        Relation::County
    } else if is_township && is_above(node, home) {
        Relation::OwnTownship
    } else if is_township {
        Relation::OtherTownship
    } else if node.township() == home.township() {
        Relation::Sibling
    } else {
        Relation::OtherVillage
    }
}

#[cfg(test)]
mod tests {
    use crdt_model::label::Grade;

    use super::*;

    fn node(text: &str) -> NodeId {
        text.parse().expect("a code")
    }

    fn label(home: &str, addressee: &str) -> Label {
        let name = |text: &str| text.parse().expect("a name");
        Label {
            facet: name("case.summary"),
            home: node(home),
            addressee: node(addressee),
            grade: Grade {
                sensitivity: name("normal"),
                level: name("village"),
            },
        }
    }

    #[test]
    fn every_node_stands_to_home_in_one_way() {
        let village = "620723101201";
        for (home, other, relation) in [
            (village, village, Relation::Home),
            (village, "620723101000", Relation::OwnTownship),
            (village, "620723000000", Relation::County),
            (village, "620723101202", Relation::Sibling),
            (village, "620723102000", Relation::OtherTownship),
            (village, "620723102201", Relation::OtherVillage),
            ("620723101000", village, Relation::Below),
            ("620723101000", "620723102201", Relation::OtherVillage),
            ("620723000000", village, Relation::Below),
        ] {
            let label = label(home, home);
            assert!(relation.holds(&label, node(other)), "{home} {other}");
        }
    }

    #[test]
    fn to_a_label_for_somebody_else_a_node_may_stand_in_several_ways() {
        use Relation::*;
        let (county, town, village) = ("620723000000", "620723101000", "620723101201");
        let (far_town, far) = ("620723102000", "620723102201");
        for (home, addressee, other, relations) in [
            (village, far, far, &[OtherVillage, Addressee][..]),
            (village, far, far_town, &[OtherTownship, AddresseeTownship]),
            (village, far, town, &[OwnTownship]),
            (village, far, village, &[Home]),
            (village, far, county, &[County]),
            (village, far_town, far_town, &[OtherTownship, Addressee]),
            (village, far_town, far, &[OtherVillage, BelowAddressee]),
            (village, town, town, &[OwnTownship, Addressee]),
            (village, county, county, &[County, Addressee]),
            (village, county, far, &[OtherVillage, BelowAddressee]),
            (county, town, village, &[Below, BelowAddressee]),
            (county, village, village, &[Below, Addressee]),
            (county, village, town, &[Below, AddresseeTownship]),
            (town, town, village, &[Below]),
            (village, village, town, &[OwnTownship]),
        ] {
            let label = label(home, addressee);
            let all = [
                Home,
                OwnTownship,
                County,
                Sibling,
                Below,
                OtherTownship,
                OtherVillage,
                Addressee,
                AddresseeTownship,
                BelowAddressee,
            ];
            let holding: Vec<_> = all
                .into_iter()
                .filter(|relation| relation.holds(&label, node(other)))
                .collect();
            assert_eq!(holding, relations, "{home} for {addressee}, {other}");
        }
    }

    #[test]
    fn addressees_count_only_where_they_are_not_home() {
        let label_for_other = label("620723101201", "620723102201");
        assert!(Relation::Addressee.holds(&label_for_other, node("620723102201")));
        assert!(Relation::AddresseeTownship.holds(&label_for_other, node("620723102000")));
        assert!(!Relation::AddresseeTownship.holds(&label_for_other, node("620723101000")));
        let for_nobody_else = label("620723101201", "620723101201");
        assert!(!Relation::Addressee.holds(&for_nobody_else, node("620723101201")));
        let for_township = label("620723000000", "620723102000");
        assert!(Relation::BelowAddressee.holds(&for_township, node("620723102201")));
    }
}
