//! Which crate may use which.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

use super::root;

/// Our crates, and which of ours each may use.
const OURS: [(&str, &[&str]); 5] = [
    ("crdt-model", &[]),
    ("policy", &["crdt-model"]),
    ("netsim", &["crdt-model", "policy"]),
    ("node", &["crdt-model", "policy"]),
    (
        "countymesh-tests",
        &["crdt-model", "policy", "netsim", "node"],
    ),
];

/// Crates of others that only these of ours may use.
const CONFINED: [(&str, &[&str]); 9] = [
    ("libp2p", &["node"]),
    ("libp2p-connection-limits", &["node"]),
    ("tokio", &["node"]),
    ("sled", &["node"]),
    ("rusqlite", &["node", "policy"]),
    ("axum", &["node"]),
    ("rustls", &["node"]),
    ("automerge", &["crdt-model"]),
    ("cedar-policy", &["policy"]),
];

fn dependencies() -> BTreeMap<String, BTreeSet<(String, bool)>> {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo metadata");
    let of = |package: &cargo_metadata::Package| {
        let used = package.dependencies.iter();
        used.map(|one| (one.name.clone(), one.kind == DependencyKind::Development))
            .collect()
    };
    metadata
        .packages
        .iter()
        .map(|package| (package.name.to_string(), of(package)))
        .collect()
}

#[test]
fn our_crates_import_each_other_in_one_direction() {
    let dependencies = dependencies();
    let known: BTreeSet<_> = OURS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(dependencies.keys().cloned().collect::<BTreeSet<_>>(), known);
    for (name, allowed) in OURS {
        for (used, _) in &dependencies[name] {
            let ours = known.contains(used);
            assert!(
                !ours || allowed.contains(&used.as_str()),
                "{name} must not use {used}"
            );
        }
    }
}

#[test]
fn heavy_crates_stay_where_they_belong() {
    for (name, used) in dependencies() {
        for (used, for_tests) in used {
            let home = CONFINED.iter().find(|(confined, _)| *confined == used);
            let allowed = for_tests || home.is_none_or(|(_, homes)| homes.contains(&name.as_str()));
            assert!(allowed, "{name} must not use {used}");
        }
    }
}

#[test]
fn nothing_but_the_simulators_proof_can_plant_bugs() {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo metadata");
    let mut switches = BTreeSet::new();
    for package in &metadata.packages {
        for (feature, turns_on) in &package.features {
            if feature == "planted-bugs" || turns_on.iter().any(|on| on.contains("planted")) {
                switches.insert((package.name.to_string(), feature.clone()));
            }
        }
        for dependency in &package.dependencies {
            let asks = dependency
                .features
                .iter()
                .any(|one| one.contains("planted"));
            assert!(!asks, "{} asks {} for it", package.name, dependency.name);
        }
    }
    let expected =
        ["crdt-model", "netsim"].map(|name| (name.to_owned(), "planted-bugs".to_owned()));
    assert_eq!(switches, BTreeSet::from(expected));
}

#[test]
fn versions_stand_in_the_workspace_table_alone() {
    for folder in ["crdt-model", "policy", "node", "netsim", "tests"] {
        let path = root().join(folder).join("Cargo.toml");
        let text = std::fs::read_to_string(path).expect("a manifest");
        let from = text.find("dependencies]").expect("dependencies");
        for line in text[from..].lines().filter(|line| line.contains('=')) {
            let shared = line.contains("workspace = true") || line.starts_with('[');
            let target = ["name", "path", "test", "harness", "required-features"];
            let other = target.iter().any(|key| line.trim_start().starts_with(key));
            assert!(shared || other, "{folder}/Cargo.toml: `{line}`");
        }
    }
}

#[test]
fn every_dependency_is_used() {
    let sources = super::sources();
    for (name, used) in dependencies() {
        let folder = if name == "countymesh-tests" {
            "tests"
        } else {
            &name
        };
        for (used, for_tests) in used {
            let word = used.replace('-', "_");
            let names = |text: &str| {
                ["::", "!", ";", " as "]
                    .iter()
                    .any(|after| text.contains(&format!("{word}{after}")))
            };
            let found = sources
                .iter()
                .filter(|source| source.path.starts_with(&format!("{folder}/")))
                .any(|source| (for_tests || !source.test) && names(&source.text));
            assert!(found, "{name} names {used} and does not use it");
        }
    }
}
