//! Style is a test: what the project has agreed on, held by the build and not by memory.

mod bans;
mod commands;
mod imports;
mod installed;
mod lengths;
mod lexer;
mod places;
mod practice;
mod reviewers_tool;
mod structure;
mod texts;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};

/// The root of the project.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the project's root")
        .to_owned()
}

/// The workspace without the crates of others.
fn workspace() -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo metadata")
}

/// The workspace with all crates of others, as they are chosen for Linux with these flags.
fn resolved(flags: &[&str]) -> Metadata {
    let linux = ["--locked", "--filter-platform", "x86_64-unknown-linux-gnu"];
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .other_options(
            linux
                .iter()
                .chain(flags)
                .map(|flag| flag.to_string())
                .collect::<Vec<_>>(),
        )
        .exec()
        .expect("cargo metadata")
}

/// Everything that a crate of ours is built from, besides its tests.
fn built_from(name: &str, metadata: &Metadata) -> BTreeSet<String> {
    let resolve = metadata.resolve.as_ref().expect("a resolution");
    let uses: BTreeMap<&PackageId, Vec<&PackageId>> = resolve
        .nodes
        .iter()
        .map(|node| {
            let linked = node.deps.iter().filter(|one| {
                one.dep_kinds
                    .iter()
                    .any(|kind| kind.kind == DependencyKind::Normal)
            });
            (&node.id, linked.map(|one| &one.pkg).collect())
        })
        .collect();
    let package = metadata
        .workspace_packages()
        .into_iter()
        .find(|package| package.name.as_str() == name);
    let mut open = vec![&package.expect("the crate").id];
    let mut found = BTreeSet::new();
    while let Some(id) = open.pop() {
        if found.insert(id) {
            open.extend(uses.get(id).into_iter().flatten());
        }
    }
    let named = |id: &PackageId| metadata[id].name.to_string();
    found.into_iter().map(named).collect()
}

/// Our crates, each with its folder from the root.
fn crates() -> Vec<(String, String)> {
    let metadata = workspace();
    let packages = metadata.packages.iter().map(|package| {
        let folder = package.manifest_path.parent().expect("a folder");
        let folder = folder
            .strip_prefix(&metadata.workspace_root)
            .expect("within the project");
        (package.name.to_string(), folder.to_string())
    });
    packages.collect()
}

/// A file of the project, by its path from the root.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
    /// Whether it is compiled for tests only.
    test: bool,
}

impl Source {
    /// The lines that are not tests: up to the test module at the end.
    fn lines_without_tests(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self
            .text
            .lines()
            .take_while(|line| line.trim_end() != "#[cfg(test)]");
        lines.enumerate().map(|(number, line)| (number + 1, line))
    }
}

/// All Rust files of the project.
pub(crate) fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    for folder in ["crdt-model", "policy", "node", "netsim", "tests"] {
        collect(&root().join(folder), &mut found);
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(found.len() > 50, "the project's files were not found");
    mark_test_modules(&mut found);
    found
}

fn collect(folder: &Path, found: &mut Vec<Source>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the project") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("UTF-8");
            let path = path.strip_prefix(root()).expect("within the project");
            let path = path.to_string_lossy().into_owned();
            let test = path
                .split('/')
                .any(|part| ["tests", "suite", "benches"].contains(&part));
            found.push(Source { path, text, test });
        }
    }
}

/// Marks the files of modules that are declared under `#[cfg(test)]`.
fn mark_test_modules(sources: &mut [Source]) {
    let mut modules = Vec::new();
    for source in sources.iter() {
        let folder = match source.path.rsplit_once('/') {
            Some((folder, "lib.rs" | "main.rs" | "mod.rs")) => folder.to_owned(),
            _ => source.path.trim_end_matches(".rs").to_owned(),
        };
        let lines: Vec<&str> = source.text.lines().collect();
        for pair in lines.windows(2) {
            let module = pair[1]
                .strip_prefix("mod ")
                .and_then(|rest| rest.strip_suffix(';'));
            if let Some(module) = module.filter(|_| pair[0] == "#[cfg(test)]") {
                modules.push(format!("{folder}/{module}"));
            }
        }
    }
    for source in sources {
        let within = |module: &String| {
            source.path == format!("{module}.rs") || source.path.starts_with(&format!("{module}/"))
        };
        source.test |= modules.iter().any(within);
    }
}
