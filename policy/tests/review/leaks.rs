//! A leak that no rule shows by itself: two innocent rules carry a village's narrative over its
//! township into another village. `prove` finds it, and says how it comes about.

use crdt_model::charter::Charter;
use policy::deciding::question::State;
use policy::review::enumeration::Enumeration;
use policy::review::path::{Act, shortest};
use policy::review::prove::prove;

use crate::{files, open};

/// "A township calls a matter up" and "villages of a township learn from matters that it handles":
/// each sounds harmless.
const CALL_UP: &str = r#"
@id("test.township-sees-narratives")
@reason("The township sees what its villages settle.")
@reason_zh("镇里可以看到所辖各村的纠纷正文。")
permit (principal, action == Action::"flowUp", resource)
when { principal.tier == Tier::"township" && resource.facet == Facet::"case.narrative" && resource.sensitivity == Sensitivity::"normal" };

@id("test.township-calls-up")
@reason("The township may take a matter up.")
@reason_zh("镇里可以提级办理。")
permit (principal, action == Action::"regrade", resource)
when { principal.tier == Tier::"township" && resource in principal && resource.facet == Facet::"case.narrative" };

@id("test.villages-learn")
@reason("Villages learn from matters that their township handles.")
@reason_zh("各村可以借鉴镇里办理的事项。")
permit (principal, action == Action::"flowAcross", resource)
when {
  resource.facet == Facet::"case.narrative" &&
  resource.level == Level::"township" &&
  resource has township &&
  principal in resource.township
};

// What no permit"#;

#[test]
fn a_leak_of_three_hops_is_found_with_its_shortest_path() {
    let leaking = files(&[
        ("rules/guard.cedar", "// What no permit", CALL_UP),
        // Nobody else may hand a narrative up, so that the way leads over the township.
        (
            "rules/author.cedar",
            "when { principal == resource.home };\n\n@id(\"author.ledger-above\")",
            "when { principal == resource.home && !(resource.facet == Facet::\"case.narrative\" && resource.level == Level::\"township\") };\n\n@id(\"author.ledger-above\")",
        ),
        (
            "rules/author.cedar",
            "permit (principal, action == Action::\"regrade\", resource)\nwhen { principal == resource.home };",
            "permit (principal, action == Action::\"regrade\", resource)\nwhen { principal == resource.home && resource.facet != Facet::\"case.narrative\" };",
        ),
    ]);
    let charter = open(&leaking);
    let all = Enumeration::of(&charter).expect("not too many");
    let report = prove(&all);
    let broken = report
        .invariants
        .iter()
        .find(|proof| proof.name == "text-never-goes-across-or-down")
        .expect("the invariant is there");
    let sibling = broken
        .broken
        .iter()
        .filter_map(|(position, _)| all.rows().get(*position))
        .find(|row| row.example.label.home.township() != Some(row.example.label.home))
        .expect("between villages");
    let (label, node) = (sibling.example.label, sibling.example.node);
    let path = shortest(&[&all], &label, node, State::Normal).expect("a path");
    let told: Vec<String> = path.iter().map(ToString::to_string).collect();
    println!("{}", told.join("\n"));
    let township = label.home.township().expect("a village");
    assert!(matches!(path[0].act, Act::Writes { node, .. } if node == label.home));
    assert!(matches!(path[1].act, Act::Flows { from, to } if from == label.home && to == township));
    assert!(matches!(path[2].act, Act::Regrades { node, .. } if node == township));
    assert!(matches!(path[3].act, Act::Flows { from, to } if from == township && to == node));
    assert_eq!(path.len(), 4);
    assert_eq!(*path[1].rules[0], *"test.township-sees-narratives");
    assert!(
        path[2]
            .rules
            .iter()
            .any(|rule| **rule == *"test.township-calls-up")
    );
    assert_eq!(*path[3].rules[0], *"test.villages-learn");
}

#[test]
fn what_a_new_version_closes_is_open_while_nodes_go_by_the_old_one() {
    let old = open(&files(&[
        (
            "rules/flow.cedar",
            "  resource.facet == Facet::\"device.public\" &&\n  resource has township",
            "  [Facet::\"device.public\", Facet::\"grid.people\"].contains(resource.facet) &&\n  resource has township",
        ),
        (
            "rules/guard.cedar",
            "[Facet::\"grid.people\", Facet::\"case.parties\", Facet::\"device.access\"]",
            "[Facet::\"case.parties\", Facet::\"device.access\"]",
        ),
        (
            "rules/flow.cedar",
            "  principal.tier == Tier::\"township\" &&\n  [Level::\"township\", Level::\"county\"].contains(resource.level) &&",
            "  principal.tier == Tier::\"township\" &&",
        ),
    ]));
    let new = open(&files(&[(
        "charter.toml",
        "\nversion = 1",
        "\nversion = 2",
    )]));
    let (before, after) = (
        Enumeration::of(&old).expect("not too many"),
        Enumeration::of(&new).expect("not too many"),
    );
    assert!(prove(&after).findings.is_empty());
    let row = before
        .rows()
        .iter()
        .find(|row| {
            let label = row.example.label;
            row.question == policy::Question::Flow
                && label.facet == crate::name("grid.people")
                && label.home.township() != Some(label.home)
                && row.example.node.township() == label.home.township()
                && row.example.node != label.home
                && Some(row.example.node) != label.home.township()
                && before.allowed(row, State::Normal)
        })
        .expect("siblings");
    let (label, node) = (row.example.label, row.example.node);
    assert_eq!(shortest(&[&after], &label, node, State::Normal), None);
    let path = shortest(&[&before, &after], &label, node, State::Normal).expect("by the old one");
    assert!(path.iter().all(|step| step.version == old.version()));
}
