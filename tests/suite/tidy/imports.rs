//! Which crate may use which.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::DependencyKind;

use super::{crates, root, workspace};

/// Our crates from the ground up, and which of ours each may use.
const OURS: [(&str, &[&str]); 14] = [
    ("crdt-model", &[]),
    ("policy", &["crdt-model"]),
    ("netsim", &["crdt-model", "policy"]),
    ("node-machine", &["crdt-model", "policy"]),
    ("node-store", LEAF),
    ("node-transport", LEAF),
    ("node-readmodel", LEAF),
    ("node-import", LEAF),
    ("node-runtime", RUNTIME),
    ("node-app", APP),
    ("node-doors", DOORS),
    ("node-demo", DEMO),
    ("node", CLI),
    ("countymesh-tests", EVERYTHING),
];
/// What a leaf of the node may use: no other leaf.
const LEAF: &[&str] = &["crdt-model", "policy", "node-machine"];
const RUNTIME: &[&str] = &[
    "crdt-model",
    "policy",
    "node-machine",
    "node-store",
    "node-transport",
    "node-readmodel",
    "node-import",
];
const APP: &[&str] = &[
    "crdt-model",
    "policy",
    "node-machine",
    "node-store",
    "node-transport",
    "node-readmodel",
    "node-import",
    "node-runtime",
];
/// The doors know of what is asked, and how it gets to the runtime.
const DOORS: &[&str] = &["crdt-model", "node-machine", "node-runtime", "node-app"];
const DEMO: &[&str] = &[
    "crdt-model",
    "policy",
    "node-machine",
    "node-import",
    "node-runtime",
    "node-app",
    "node-doors",
];
const CLI: &[&str] = &[
    "crdt-model",
    "policy",
    "node-machine",
    "node-store",
    "node-transport",
    "node-readmodel",
    "node-import",
    "node-runtime",
    "node-app",
    "node-doors",
    "node-demo",
];
const EVERYTHING: &[&str] = &[
    "crdt-model",
    "policy",
    "netsim",
    "node-machine",
    "node-store",
    "node-transport",
    "node-readmodel",
    "node-import",
    "node-runtime",
    "node-app",
    "node-doors",
    "node-demo",
    "node",
];

/// Crates of others that only these of ours may use.
const CONFINED: [(&str, &[&str]); 9] = [
    ("libp2p", &["node-transport"]),
    ("libp2p-connection-limits", &["node-transport"]),
    (
        "tokio",
        &[
            "node-transport",
            "node-runtime",
            "node-app",
            "node-doors",
            "node-demo",
            "node",
        ],
    ),
    ("sled", &["node-store"]),
    ("rusqlite", &["node-readmodel", "policy"]),
    ("axum", &["node-doors"]),
    ("rustls", &["node-transport"]),
    ("automerge", &["crdt-model"]),
    ("cedar-policy", &["policy"]),
];

fn dependencies() -> BTreeMap<String, BTreeSet<(String, bool)>> {
    let metadata = workspace();
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
    let metadata = workspace();
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
    for (_, folder) in crates() {
        let path = root().join(&folder).join("Cargo.toml");
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
    let folders: BTreeMap<_, _> = crates().into_iter().collect();
    for (name, used) in dependencies() {
        let folder = &folders[&name];
        for (used, for_tests) in used {
            let word = used.replace('-', "_");
            let names = |text: &str| {
                ["::", "!", ";", " as "]
                    .iter()
                    .any(|after| text.contains(&format!("{word}{after}")))
            };
            let own: Vec<_> = sources
                .iter()
                .filter(|source| source.path.starts_with(&format!("{folder}/")))
                .collect();
            let taken_in = own.iter().flat_map(|source| taken_in(source));
            let taken_in: BTreeSet<_> = taken_in.collect();
            let found = own
                .iter()
                .any(|source| (for_tests || !source.test) && names(&source.text))
                || sources
                    .iter()
                    .any(|source| taken_in.contains(&source.path) && names(&source.text));
            assert!(found, "{name} names {used} and does not use it");
        }
    }
}

/// The files of other crates that a test takes in as modules of its own.
fn taken_in(source: &super::Source) -> Vec<String> {
    let folder = root().join(&source.path);
    let folder = folder.parent().expect("a folder");
    let named = source.text.lines().filter_map(|line| {
        let path = line.trim().strip_prefix("#[path = \"")?;
        path.strip_suffix("\"]")
    });
    let from_root = |path: &str| {
        let file = folder.join(path).canonicalize().expect("a file");
        let root = root().canonicalize().expect("the root");
        let file = file.strip_prefix(root).expect("within the project");
        file.to_string_lossy().into_owned()
    };
    named.map(from_root).collect()
}
