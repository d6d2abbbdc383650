//! What the charter of Linze County allows, written by hand from its rules and kinds, facet by
//! facet. It is held against the charter; where they differ, one of them was changed without the
//! other.

use crdt_model::ids::NodeId;
use crdt_model::label::Label;

use super::permissions::{Relation, Rights};

const ALL_LEVELS: &[&str] = &["village", "township", "county"];
const VILLAGE: &[&str] = &["village"];
const ORDINARY: &[&str] = &["normal"];
const ORDINARY_OR_COMPLAINT: &[&str] = &["normal", "about-township"];
const ORDINARY_OR_HOME_ONLY: &[&str] = &["normal", "home-only"];

/// Every facet, whether it can be addressed, and the sensitivities and levels that it can have.
const DECLARED: [(&str, bool, &[&str], &[&str]); 26] = [
    ("grid.summary", false, ORDINARY_OR_COMPLAINT, ALL_LEVELS),
    ("grid.content", false, ORDINARY_OR_COMPLAINT, ALL_LEVELS),
    ("grid.people", false, ORDINARY_OR_COMPLAINT, ALL_LEVELS),
    ("case.summary", true, ORDINARY_OR_COMPLAINT, ALL_LEVELS),
    ("case.narrative", false, ORDINARY_OR_COMPLAINT, ALL_LEVELS),
    ("case.parties", false, ORDINARY_OR_COMPLAINT, ALL_LEVELS),
    ("device.public", false, ORDINARY_OR_HOME_ONLY, VILLAGE),
    ("device.access", false, ORDINARY_OR_HOME_ONLY, VILLAGE),
    ("notice.content", true, ORDINARY_OR_COMPLAINT, VILLAGE),
    ("notice.reply", true, ORDINARY_OR_COMPLAINT, VILLAGE),
    ("handoff.summary", false, ORDINARY_OR_COMPLAINT, VILLAGE),
    ("callout.summary", false, ORDINARY_OR_COMPLAINT, VILLAGE),
    ("review.summary", false, ORDINARY, VILLAGE),
    ("review.findings", false, ORDINARY, ALL_LEVELS),
    ("review.legal", false, ORDINARY, VILLAGE),
    ("checklist.statement", true, ORDINARY, VILLAGE),
    ("checklist.view", true, ORDINARY, VILLAGE),
    ("inspection.summary", false, ORDINARY_OR_HOME_ONLY, VILLAGE),
    ("numbers.count", false, ORDINARY, VILLAGE),
    ("directory.grid", false, ORDINARY, VILLAGE),
    ("directory.post", false, ORDINARY, VILLAGE),
    ("directory.team", false, ORDINARY, VILLAGE),
    ("directory.body", false, ORDINARY, VILLAGE),
    ("presence.beats", false, ORDINARY, VILLAGE),
    ("snapshot.figures", false, ORDINARY, VILLAGE),
    ("snapshot.records", false, ORDINARY, VILLAGE),
];

/// What one version allows.
#[derive(Clone, Copy)]
pub(super) struct Tables {
    /// Every day.
    pub(super) every_day: fn(&Label, NodeId) -> Rights,
    /// In an emergency.
    pub(super) in_emergency: fn(&Label, NodeId) -> Rights,
}

/// The first version, and every version that is like it.
pub(super) const USUAL: Tables = Tables {
    every_day: rights,
    in_emergency: |label, node| with_devices(label, node, rights(label, node)),
};

/// The version that forgot the ledger of grid reports.
pub(super) const WITHOUT_GRID_LEDGER: Tables = Tables {
    every_day: rights_without_grid_ledger,
    in_emergency: |label, node| with_devices(label, node, rights_without_grid_ledger(label, node)),
};

/// The version that shows devices to no neighbour, in an emergency to none either.
pub(super) const WITHOUT_NEIGHBOURS: Tables = Tables {
    every_day: rights_without_neighbours,
    in_emergency: |label, node| {
        let every_day = rights_without_neighbours(label, node);
        match Relation::of(label, node).contains(&Relation::Below) {
            true => with_devices(label, node, every_day),
            false => every_day,
        }
    },
};

/// In an emergency every node sees which devices there are, but for those kept at home.
fn with_devices(label: &Label, node: NodeId, every_day: Rights) -> Rights {
    let directory = label.facet.as_str() == "device.public" && declared(label);
    let ordinary = label.grade.sensitivity.as_str() == "normal";
    Rights {
        flow: every_day.flow || node != label.home && directory && ordinary,
        ..every_day
    }
}

/// The rights under the first version, and under every version that is like it.
fn rights(label: &Label, node: NodeId) -> Rights {
    let stands = Relation::of(label, node);
    if !declared(label) {
        Rights::NONE
    } else if stands.contains(&Relation::Home) {
        // Home holds, writes and grades its own, however sensitive.
        Rights::ALL
    } else {
        practice(label, &stands).unwrap_or_else(|| elsewhere(label, &stands))
    }
}

/// The rights under the version that forgot the ledger of grid reports: it stays at home.
fn rights_without_grid_ledger(label: &Label, node: NodeId) -> Rights {
    if label.facet.as_str() == "grid.summary" && node != label.home {
        Rights::NONE
    } else {
        rights(label, node)
    }
}

/// The rights under the version that shows devices to no neighbour.
fn rights_without_neighbours(label: &Label, node: NodeId) -> Rights {
    let neighbour = Relation::of(label, node).contains(&Relation::Sibling);
    if label.facet.as_str() == "device.public" && neighbour {
        Rights::NONE
    } else {
        rights(label, node)
    }
}

fn declared(label: &Label) -> bool {
    let facet = DECLARED
        .iter()
        .find(|(facet, ..)| *facet == label.facet.as_str());
    facet.is_some_and(|(_, addressed, sensitivities, levels)| {
        (*addressed || label.addressee == label.home)
            && sensitivities.contains(&label.grade.sensitivity.as_str())
            && levels.contains(&label.grade.level.as_str())
    })
}

/// The rights of a node that is not home and stands like this to the label of a report, a dispute, a
/// device or a notice.
fn elsewhere(label: &Label, stands: &[Relation]) -> Rights {
    let is = |relation| stands.contains(&relation);
    let (parent, county) = (is(Relation::Parent), is(Relation::County));
    let (addressee, on_the_way) = (is(Relation::Addressee), is(Relation::AboveAddressee));
    let level = label.grade.level.as_str();
    // Whom the matter was handed up to: the township, and the county where it went that far.
    let handed_to = parent && level != "village" || county && level == "county";
    let (flow, author, regrade) = match (label.facet.as_str(), label.grade.sensitivity.as_str()) {
        // The ledger goes up at once; those above take it up, pass it on and call it up.
        ("grid.summary", "normal") => (parent || county, parent || county, parent || county),
        // A complaint passes the township by, and only home touches its grade.
        ("grid.summary", "about-township") => (county, county, false),
        // A dispute's ledger also reaches the other party and the township of that party, who only
        // hold it.
        ("case.summary", "normal") => (
            parent || county || addressee || on_the_way,
            parent || county,
            parent || county,
        ),
        // A complaint reaches the other party only outside the township that it is about, and
        // nobody on the way.
        ("case.summary", "about-township") => {
            (county || addressee && outside(label, stands), county, false)
        }
        // Text goes to whom the matter was handed up to, who write in it; the township hands on.
        ("grid.content" | "case.narrative", "normal") => {
            (handed_to, handed_to, parent && level != "village")
        }
        // The text of a complaint is the county's at any level.
        ("grid.content" | "case.narrative", "about-township") => (county, county, false),
        // People go where text goes, but only home writes who they are.
        ("grid.people" | "case.parties", "normal") => (handed_to, false, false),
        // Who complained reaches the county only when the complaint is handed up to it.
        ("grid.people" | "case.parties", "about-township") => {
            (county && level == "county", false, false)
        }
        // The directory of devices goes up, where it is kept in order, and to the neighbours.
        ("device.public", "normal") => {
            let neighbour = is(Relation::Sibling);
            (parent || county || neighbour, parent || county, false)
        }
        // How devices are reached goes up only.
        ("device.access", "normal") => (parent || county, parent || county, false),
        // What is kept at home stays there.
        ("device.public" | "device.access", "home-only") => (false, false, false),
        // A notice for home itself is for all below it; another one goes to its addressee, to those
        // below it and to the township on the way, if the addressee is below home.
        ("notice.content", "normal") => {
            let meant = label.addressee == label.home
                || below_home(label) && (addressee || on_the_way || is(Relation::BelowAddressee));
            (is(Relation::Below) && meant, false, false)
        }
        // A notice about a township's office goes from the county to its addressee alone.
        ("notice.content", "about-township") => (addressee && is_county(label.home), false, false),
        // A reply goes up as far as its addressee: the township, or the county by way of it.
        ("notice.reply", "normal") => {
            let as_far = addressee || is(Relation::BelowAddressee);
            ((parent || county) && as_far, false, false)
        }
        // A reply about a township's office goes to the county, past the township.
        ("notice.reply", "about-township") => (county && addressee, false, false),
        _ => (false, false, false),
    };
    Rights {
        flow,
        author,
        regrade,
    }
}

/// The same for the rest of the county's practice, directories and work that is counted; nothing for
/// other labels.
fn practice(label: &Label, stands: &[Relation]) -> Option<Rights> {
    let is = |relation| stands.contains(&relation);
    let (parent, county) = (is(Relation::Parent), is(Relation::County));
    let (above, level) = (parent || county, label.grade.level.as_str());
    let (flow, author) = match (label.facet.as_str(), label.grade.sensitivity.as_str()) {
        // Directories go up, where they are kept in order, and down to everyone.
        (facet, _) if facet.starts_with("directory.") => (above || is(Relation::Below), above),
        // Who was called, or takes over what was handed off, says so.
        ("handoff.summary" | "callout.summary", "normal") => (above, above),
        ("handoff.summary" | "callout.summary", _) => (county, county),
        // A node answers for its own reviews, inspections and numbers; others only count them.
        ("review.summary" | "review.legal" | "numbers.count", _) => (above, false),
        // So it does for its being there, and for the figures that it takes.
        ("presence.beats" | "snapshot.figures", _) => (above, false),
        // Which records it counted stays with it.
        ("snapshot.records", _) => (false, false),
        ("inspection.summary", "normal") => (above, false),
        // The protection of some places is kept at home.
        ("inspection.summary", _) => (false, false),
        // Findings go to whom they were handed up to.
        ("review.findings", _) => {
            let handed_to = parent && level != "village" || county && level == "county";
            (handed_to, false)
        }
        // A statement goes up as far as its addressee.
        ("checklist.statement", _) => {
            let as_far = is(Relation::Addressee) || is(Relation::BelowAddressee);
            (above && as_far, false)
        }
        // A view of the county's goes down to its addressee, by way of the township.
        ("checklist.view", _) => {
            let as_far = is(Relation::Addressee) || is(Relation::AboveAddressee);
            (is_county(label.home) && as_far, false)
        }
        _ => return None,
    };
    Some(Rights {
        flow,
        author,
        regrade: false,
    })
}

fn is_county(node: NodeId) -> bool {
    node == node.county()
}

/// Whether a node that stands like this is outside the township that home is or is in. The county
/// has no such township.
fn outside(label: &Label, stands: &[Relation]) -> bool {
    let elsewhere = [
        Relation::County,
        Relation::OtherTownship,
        Relation::OtherVillage,
    ];
    is_county(label.home) || stands.iter().any(|relation| elsewhere.contains(relation))
}

/// Whether the addressee is below home.
fn below_home(label: &Label) -> bool {
    let home_is_its_township = label.addressee.township() == Some(label.home);
    is_county(label.home) || home_is_its_township
}
