//! A second version of the charter, and everything that must not pass for one.

use std::path::Path;

use crdt_model::ids::CharterVersion;
use crdt_model::text::Problem;
use node_app::door::attached::Attached;
use node_app::use_cases::offer::{Adopted, OfferRequest};

use super::harness::{
    COUNTY, Mesh, NEIGHBOUR, OTHER_TOWNSHIP, TOWNSHIP, VILLAGE, copy_folder, grid_report,
};

/// A copy of the charter in force as the next version, with one more change.
pub(super) fn next_version(mesh: &Mesh, name: &str, change: impl Fn(&Path)) -> std::path::PathBuf {
    let folder = mesh.place(name);
    copy_folder(&mesh.charter(), &folder);
    edit(&folder.join("charter.toml"), "version = 1", "version = 2");
    change(&folder);
    folder
}

fn edit(path: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(path).expect("a file");
    assert!(text.contains(from), "{} has no `{from}`", path.display());
    std::fs::write(path, text.replacen(from, to, 1)).expect("a file");
}

/// Narrows one rule and widens another: ledger rows of grid reports no longer go up, their texts do.
pub(super) fn swap_grid_facets(folder: &Path) {
    let (rows, disputes) = (
        "[Facet::\"grid.summary\", Facet::\"case.summary\"",
        "[Facet::\"case.summary\"",
    );
    edit(
        &folder.join("rules/flow.cedar"),
        "[Facet::\"grid.summary\", Facet::\"case.summary\", Facet::\"device.public\",",
        "[Facet::\"grid.content\", Facet::\"case.summary\", Facet::\"device.public\",",
    );
    // Nobody may write or regrade what they may no longer hold.
    edit(&folder.join("rules/author.cedar"), rows, disputes);
    edit(&folder.join("rules/author.cedar"), rows, disputes);
    // The first version's own tests say otherwise.
    std::fs::write(folder.join("checks/cases.toml"), "").expect("a file");
    std::fs::write(folder.join("checks/invariants.toml"), "").expect("a file");
}

pub(super) fn offer(mesh: &Mesh, code: &str, folder: &Path) -> Result<Adopted, Problem> {
    let charter = Attached::of_charter(folder).expect("a charter");
    mesh.ask(code, &OfferRequest { charter })
}

fn refused(mesh: &Mesh, folder: &Path, reason: &str) {
    let problem = offer(mesh, VILLAGE, folder).expect_err(reason);
    assert!(
        problem.what.en.contains(reason),
        "`{}` lacks `{reason}`",
        problem.what.en
    );
    let status = mesh.status(VILLAGE).expect("a running node");
    assert_eq!(
        status.charter,
        CharterVersion(1),
        "nothing may have changed"
    );
}

#[test]
fn a_second_version_spreads_without_restart_and_moves_what_it_says() {
    let nodes = [COUNTY, TOWNSHIP, OTHER_TOWNSHIP, VILLAGE, NEIGHBOUR];
    let mesh = Mesh::start(&nodes);
    mesh.add(VILLAGE, grid_report("CANARYCODE", "CANARYTEXT"));
    mesh.wait_for_facets(COUNTY, "grid.summary", 1);
    assert!(mesh.store_contains(TOWNSHIP, b"CANARYCODE"));
    let second = next_version(&mesh, "second", swap_grid_facets);
    mesh.sign(&second, Some(&mesh.charter()), &["two", "three"]);
    let version = CharterVersion(2);
    assert_eq!(offer(&mesh, NEIGHBOUR, &second), Ok(Adopted { version }));
    for code in nodes {
        mesh.wait_for(code, "version 2", |status| {
            status.charter == CharterVersion(2)
        });
    }
    for code in [TOWNSHIP, COUNTY] {
        mesh.wait_for_facets(code, "grid.content", 1);
        mesh.wait_for_facets(code, "grid.summary", 0);
        assert!(mesh.store_contains(code, b"CANARYTEXT"), "at {code}");
        assert!(!mesh.store_contains(code, b"CANARYCODE"), "at {code}");
    }
    assert!(
        mesh.store_contains(VILLAGE, b"CANARYCODE"),
        "home keeps its own"
    );
}

#[test]
fn what_is_not_the_next_version_is_refused_with_its_reason() {
    let mesh = Mesh::start(&[VILLAGE]);
    let first = mesh.charter();
    let unchanged = |_: &Path| {};

    let one_signature = next_version(&mesh, "one-signature", unchanged);
    mesh.sign(&one_signature, Some(&first), &["one"]);
    refused(&mesh, &one_signature, "1 of");

    let stranger = next_version(&mesh, "stranger", |folder| {
        let public = std::fs::read_to_string(mesh.reviewer("stranger.pub")).expect("a key");
        let replaced = std::fs::read_to_string(mesh.reviewer("three.pub")).expect("a key");
        edit(&folder.join("charter.toml"), replaced.trim(), public.trim());
    });
    mesh.sign(&stranger, Some(&first), &["one", "stranger"]);
    refused(&mesh, &stranger, "1 of");

    let expired = next_version(&mesh, "expired", |folder| {
        let path = folder.join("charter.toml");
        let text = std::fs::read_to_string(&path).expect("a file");
        let dated = text.lines().map(|line| match line.split_once(" = ") {
            Some(("valid_from", _)) => "valid_from = \"2020-01-01T00:00:00Z\"".to_owned(),
            Some(("valid_until", _)) => "valid_until = \"2020-12-31T00:00:00Z\"".to_owned(),
            _ => line.to_owned(),
        });
        std::fs::write(&path, dated.collect::<Vec<_>>().join("\n")).expect("a file");
    });
    mesh.sign(&expired, Some(&first), &["one", "two"]);
    refused(&mesh, &expired, "2020");

    refused(&mesh, &first, "held already");

    let fork = mesh.place("fork");
    copy_folder(&first, &fork);
    edit(&fork.join("charter.toml"), "threshold = 2", "threshold = 3");
    mesh.sign(&fork, None, &["one", "two", "three"]);
    refused(&mesh, &fork, "version 1");

    let unknown = next_version(&mesh, "unknown", unchanged);
    mesh.sign(&unknown, Some(&first), &["one", "two"]);
    edit(
        &unknown.join("charter.toml"),
        "threshold = 2",
        "threshold = 2\nsurprise = true",
    );
    refused(&mesh, &unknown, "charter.toml");
}
